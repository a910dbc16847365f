#if canImport(UIKit)
    import Foundation
    // iOS only: on a Mac files are protected otherwise.
    import UIKit

    extension FileManager {
        /// Lets files be read from the first unlock after a restart on, also while the phone is locked
        /// again: pushes come then too. New files in a directory take its protection over; those that
        /// are there already (an app that protects all of its files better) are changed along.
        func protectUntilFirstUnlock(_ directory: URL) throws {
            let wanted = FileProtectionType.completeUntilFirstUserAuthentication
            let attributes = try attributesOfItem(atPath: directory.path)
            let protection = attributes[.protectionKey] as? FileProtectionType
            guard protection?.rawValue != wanted.rawValue else { return }
            let files = try contentsOfDirectory(atPath: directory.path)
            let paths = files.map { directory.appendingPathComponent($0).path }
            for path in [directory.path] + paths {
                try setAttributes([.protectionKey: wanted], ofItemAtPath: path)
            }
        }
    }
#endif
