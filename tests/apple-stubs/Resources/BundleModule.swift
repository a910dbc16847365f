// swift-format-ignore-file
// What SwiftPM and Xcode generate for a target with resources:
// https://developer.apple.com/documentation/xcode/bundling-resources-with-a-swift-package
import Foundation
extension Bundle { static var module: Bundle { .main } }
