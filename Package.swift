// swift-tools-version: 6.0
// The core is written in Rust. Apps link it from an XCFramework: a release's, which SwiftPM fetches, or
// in a checkout the one that scripts/build-xcframework put there. For a host that is not an iPhone, link
// the library that cargo built from outside, and say so with TRUEBADGE_CORE=host where Xcode is
// (scripts/test does):
//   swift build -Xlinker -L"$DIR" -Xlinker -rpath -Xlinker "$DIR"
import PackageDescription

let sources = "uniffi-bindings/swift/Sources"
let hosts: [Platform] = [.linux, .macOS]

// Written by scripts/release.
let release: (url: String, checksum: String)? = nil

let core: Target =
    if let release {
        .binaryTarget(name: "TrueBadgeCoreRust", url: release.url, checksum: release.checksum)
    } else {
        .binaryTarget(
            name: "TrueBadgeCoreRust", path: "uniffi-bindings/swift/TrueBadgeCoreRust.xcframework")
    }

#if os(macOS)
    let usual = "xcframework"
#else
    let usual = "host"
#endif
let linksXCFramework = Context.environment["TRUEBADGE_CORE", default: usual] == "xcframework"

let package = Package(
    name: "truebadge",
    defaultLocalization: "en",
    platforms: [.iOS(.v16), .macOS(.v14)],
    products: [
        .library(name: "TrueBadge", targets: ["TrueBadge"]),
        .library(name: "TrueBadgeUI", targets: ["TrueBadgeUI"]),
    ],
    targets: [
        // The C interface of the core, and the Swift over it: generated, never edited.
        .target(
            name: "TrueBadgeCoreFFI",
            dependencies: linksXCFramework
                ? [.target(name: "TrueBadgeCoreRust", condition: .when(platforms: [.iOS]))] : [],
            path: "\(sources)/TrueBadgeCoreFFI",
            linkerSettings: [
                .linkedLibrary("truebadge_ffi", .when(platforms: hosts)),
                .linkedFramework("CoreFoundation", .when(platforms: [.iOS])),
                .linkedFramework("Security", .when(platforms: [.iOS])),
            ]
        ),
        .target(
            name: "TrueBadgeCore",
            dependencies: ["TrueBadgeCoreFFI"],
            path: "\(sources)/TrueBadgeCore"
        ),
        // What apps import.
        .target(
            name: "TrueBadge",
            dependencies: ["TrueBadgeCore"],
            path: "\(sources)/TrueBadge",
            resources: [.copy("PrivacyInfo.xcprivacy"), .process("Resources")]
        ),
        // Views that apps can drop in (iOS 17), and the models behind them.
        .target(
            name: "TrueBadgeUI",
            dependencies: ["TrueBadge"],
            path: "\(sources)/TrueBadgeUI",
            resources: [.process("Resources")]
        ),
        // The models of our own app, here so that they are tested without Xcode. No product: apps
        // that add the package do not build it.
        .target(name: "AppModel", dependencies: ["TrueBadge"], path: "ios-app/App/Model"),
        .testTarget(
            name: "TrueBadgeTests",
            dependencies: ["TrueBadge", "TrueBadgeUI", "AppModel"],
            path: "uniffi-bindings/swift/Tests/TrueBadgeTests"
        ),
    ],
    swiftLanguageModes: [.v6]
)

if linksXCFramework {
    package.targets.append(core)
}
