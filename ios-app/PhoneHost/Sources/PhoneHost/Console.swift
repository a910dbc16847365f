import Foundation

/// Where events go.
protocol Console: Sendable {
    func emit(_ event: Event)
}

/// Standard output: a line per event, as JSON or in words.
final class StandardOutput: Console {
    private let json: Bool
    private let turn = NSLock()

    init(json: Bool) { self.json = json }

    /// Prints an event. Nobody reading any more is no reason to end.
    func emit(_ event: Event) {
        turn.withLock {
            let text = Self.line(event, at: Date(), json: json)
            try? FileHandle.standardOutput.write(contentsOf: Data((text + "\n").utf8))
        }
    }

    static func line(_ event: Event, at time: Date, json: Bool) -> String {
        let milliseconds = Int64((time.timeIntervalSince1970 * 1000).rounded())
        guard json else { return "\(timeOfDay(milliseconds))  \(event.words)" }
        var object = event.json
        object["at_ms"] = milliseconds
        let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
        let data = try? JSONSerialization.data(withJSONObject: object, options: options)
        return data.map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    /// `HH:MM:SS.mmm`, UTC.
    private static func timeOfDay(_ milliseconds: Int64) -> String {
        let seconds = milliseconds / 1000
        let parts = [seconds / 3600 % 24, seconds / 60 % 60, seconds % 60]
        let text = parts.map { ($0 < 10 ? "0" : "") + String($0) }.joined(separator: ":")
        return text + "." + String(1000 + milliseconds % 1000).dropFirst()
    }
}
