// swift-format-ignore-file
// What SwiftPM and Xcode generate for a target with resources.
import Foundation
extension Bundle { static var module: Bundle { .main } }
