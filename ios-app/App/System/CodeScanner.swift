import AVFoundation
import SwiftUI
import Vision
import VisionKit

/// The camera, until it sees a QR code. Phones without a Neural Engine and the simulator have no
/// scanner: there the link is pasted.
struct CodeScanner: UIViewControllerRepresentable {
    /// Told the text of the first code that is seen.
    let found: (String) -> Void

    /// Whether this phone can scan.
    static var isSupported: Bool { DataScannerViewController.isSupported }

    /// Whether the person lets the app use the camera; iOS asks the first time.
    static func isAllowed() async -> Bool {
        await AVCaptureDevice.requestAccess(for: .video) && DataScannerViewController.isAvailable
    }

    func makeUIViewController(context: Context) -> DataScannerViewController {
        let scanner = DataScannerViewController(
            recognizedDataTypes: [.barcode(symbologies: [.qr])], isHighlightingEnabled: true)
        scanner.delegate = context.coordinator
        return scanner
    }

    func updateUIViewController(_ scanner: DataScannerViewController, context: Context) {
        // Fails where the camera was refused meanwhile: then the sheet shows no picture.
        try? scanner.startScanning()
    }

    static func dismantleUIViewController(
        _ scanner: DataScannerViewController, coordinator: Coordinator
    ) {
        scanner.stopScanning()
    }

    func makeCoordinator() -> Coordinator { Coordinator(found: found) }

    /// What the scanner tells.
    @MainActor final class Coordinator: NSObject, DataScannerViewControllerDelegate {
        private let found: (String) -> Void
        private var isDone = false

        init(found: @escaping (String) -> Void) { self.found = found }

        func dataScanner(
            _ dataScanner: DataScannerViewController, didAdd addedItems: [RecognizedItem],
            allItems: [RecognizedItem]
        ) {
            for case .barcode(let code) in addedItems where !isDone {
                guard let text = code.payloadStringValue else { continue }
                isDone = true
                found(text)
            }
        }
    }
}
