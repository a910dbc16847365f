// swift-format-ignore-file
// https://developer.apple.com/documentation/avfoundation/avcapturedevice/requestaccess(for:completionhandler:)
import Foundation

public struct AVMediaType: Hashable, Sendable { public static let video = AVMediaType() }
open class AVCaptureDevice: NSObject {
    open class func requestAccess(for mediaType: AVMediaType) async -> Bool { false }
}
