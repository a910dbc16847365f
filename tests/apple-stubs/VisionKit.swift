// swift-format-ignore-file
// As much of Apple's VisionKit as the app uses; signatures as in
// https://developer.apple.com/documentation/visionkit/datascannerviewcontroller; no behaviour.
import Foundation
import UIKit
import Vision

public enum RecognizedItem: Identifiable, Sendable {
    case text(RecognizedItem.Text)
    case barcode(RecognizedItem.Barcode)
    public var id: UUID { UUID() }
    public struct Text: Sendable { public let transcript: String }
    public struct Barcode: Sendable { public let payloadStringValue: String? }
}
@MainActor open class DataScannerViewController: UIViewController {
    public struct RecognizedDataType: Hashable, Sendable {
        public static func barcode(symbologies: [VNBarcodeSymbology] = []) -> RecognizedDataType { Self() }
    }
    public enum QualityLevel: Sendable { case balanced, fast, accurate }
    public init(recognizedDataTypes: Set<RecognizedDataType>, qualityLevel: QualityLevel = .balanced, recognizesMultipleItems: Bool = false, isHighFrameRateTrackingEnabled: Bool = true, isPinchToZoomEnabled: Bool = true, isGuidanceEnabled: Bool = true, isHighlightingEnabled: Bool = false) {}
    public class var isSupported: Bool { false }
    public class var isAvailable: Bool { false }
    public weak var delegate: (any DataScannerViewControllerDelegate)?
    public func startScanning() throws {}
    public func stopScanning() {}
}
@MainActor public protocol DataScannerViewControllerDelegate: AnyObject {
    func dataScanner(_ dataScanner: DataScannerViewController, didAdd addedItems: [RecognizedItem], allItems: [RecognizedItem])
}
