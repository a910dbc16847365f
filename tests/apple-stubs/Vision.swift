// swift-format-ignore-file
// As much of Apple's Vision as the app uses; no behaviour.
import Foundation

// https://developer.apple.com/documentation/vision/vnbarcodesymbology
public struct VNBarcodeSymbology: RawRepresentable, Hashable, Sendable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public static let qr = VNBarcodeSymbology(rawValue: "VNBarcodeSymbologyQR")
}
