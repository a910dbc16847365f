// swift-tools-version: 6.0
// A package of its own, so that apps which add TrueBadge never see it. Link the core as the root
// manifest says; scripts/build --swift does.
import PackageDescription

let package = Package(
    name: "PhoneHost",
    platforms: [.macOS(.v14)],
    products: [.executable(name: "truebadge-phone", targets: ["truebadge-phone"])],
    dependencies: [.package(name: "truebadge", path: "../..")],
    targets: [
        .target(
            name: "PhoneHost",
            dependencies: [.product(name: "TrueBadge", package: "truebadge")]
        ),
        .executableTarget(name: "truebadge-phone", dependencies: ["PhoneHost"]),
        .testTarget(name: "PhoneHostTests", dependencies: ["PhoneHost"]),
    ],
    swiftLanguageModes: [.v6]
)
