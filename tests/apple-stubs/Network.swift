// swift-format-ignore-file
// As much of Apple's Network as this repository uses, so that its Apple-only files can be type-checked
// where there is no Xcode. Signatures as in Apple's documentation; no behaviour.
import Dispatch

// https://developer.apple.com/documentation/network/nwpath
public struct NWPath: Sendable {
    public enum Status: Sendable {
        case satisfied
        case unsatisfied
        case requiresConnection
    }
    public let status: Status
}

// https://developer.apple.com/documentation/network/nwpathmonitor
public final class NWPathMonitor {
    public init() {}
    public var pathUpdateHandler: (@Sendable (NWPath) -> Void)? { get { nil } set {} }
    public func start(queue: DispatchQueue) {}
    public func cancel() {}
}
