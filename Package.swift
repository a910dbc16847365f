// swift-tools-version: 6.0
// For a host that is not an iPhone, link the core that cargo built from outside (scripts/swift and
// scripts/test do):
//   swift build -Xlinker -L"$DIR" -Xlinker -rpath -Xlinker "$DIR"
import PackageDescription

let sources = "uniffi-bindings/swift/Sources"
let hosts: [Platform] = [.linux, .macOS]

let package = Package(
    name: "truebadge",
    platforms: [.iOS(.v16), .macOS(.v13)],
    products: [.library(name: "TrueBadge", targets: ["TrueBadge"])],
    targets: [
        // The C interface of the core, and the Swift over it: generated, never edited.
        .target(
            name: "TrueBadgeCoreFFI",
            path: "\(sources)/TrueBadgeCoreFFI",
            linkerSettings: [.linkedLibrary("truebadge_ffi", .when(platforms: hosts))]
        ),
        .target(
            name: "TrueBadgeCore",
            dependencies: ["TrueBadgeCoreFFI"],
            path: "\(sources)/TrueBadgeCore"
        ),
        // What apps import.
        .target(name: "TrueBadge", dependencies: ["TrueBadgeCore"], path: "\(sources)/TrueBadge"),
        .testTarget(
            name: "TrueBadgeTests",
            dependencies: ["TrueBadge"],
            path: "uniffi-bindings/swift/Tests/TrueBadgeTests"
        ),
    ],
    swiftLanguageModes: [.v6]
)
