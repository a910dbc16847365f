import Foundation
import TrueBadge

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// `truebadge-phone`: the program around the phone.
public enum PhoneProgram {
    /// Runs the program with the process's arguments, and ends the process.
    public static func run() async -> Never {
        signal(SIGPIPE, SIG_IGN)
        do {
            guard let options = try Options.parse(Array(CommandLine.arguments.dropFirst())) else {
                print(Options.help)
                exit(0)
            }
            let (happenings, happens) = AsyncStream.makeStream(of: Phone.Happening.self)
            let signals = [SIGTERM, SIGINT].map { listen(for: $0) { happens.yield(.stop) } }
            let phone = try Phone(
                options: options, console: StandardOutput(json: options.json),
                say: { happens.yield($0) })
            try await phone.setUp()
            readCommands { happens.yield(.typed($0)) }
            await phone.run(happenings)
            for signal in signals { signal.cancel() }
            exit(0)
        } catch {
            let text = "truebadge-phone: \(sentence(error))\n"
            try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
            exit(2)
        }
    }

    private static func listen(
        for number: Int32, _ heard: @escaping @Sendable () -> Void
    ) -> any DispatchSourceSignal {
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler(handler: heard)
        source.resume()
        return source
    }

    /// Reads commands on a thread of its own: a read that waits for a person can't be cancelled. At
    /// the end of the input the phone keeps running.
    private static func readCommands(
        _ typed: @escaping @Sendable (Result<Command, UsageError>) -> Void
    ) {
        Thread.detachNewThread {
            var lines = CommandLines()
            var bytes = [UInt8](repeating: 0, count: 4096)
            while case let count = read(STDIN_FILENO, &bytes, bytes.count), count > 0 {
                for command in lines.receive(bytes[..<count]) { typed(command) }
            }
        }
    }
}
