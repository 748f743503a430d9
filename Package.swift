// swift-tools-version: 6.2
import PackageDescription

/// The layers that need no packages but collections: for sanitizers, where building SwiftNIO and its TLS takes minutes.
let coresOnly = Context.environment["MARTLET_CORES_ONLY"] != nil

var settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableExperimentalFeature("Lifetimes"),
]
if Context.environment["MARTLET_WARNINGS_AS_ERRORS"] != nil {
    settings.append(.treatAllWarnings(as: .error))
}
/// For targets that touch no C library: every unsafe expression is marked where it stands.
let strict = settings + [.strictMemorySafety()]

func nio(_ product: String) -> Target.Dependency { .product(name: product, package: "swift-nio") }
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let heap = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let cores: [Target] = [
    .systemLibrary(name: "COpenSSL", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CUsrsctp", providers: [.apt(["libusrsctp-dev"])]),
    .systemLibrary(name: "CSRTP", providers: [.apt(["libsrtp2-dev"])]),
    .systemLibrary(name: "CSodium", providers: [.apt(["libsodium-dev"]), .brew(["libsodium"])]),
    .target(name: "CPlatform"),
    .target(name: "CWordList"),

    .target(name: "Wire", swiftSettings: strict),
    .target(name: "JSON", swiftSettings: strict),
    .target(name: "WordList", dependencies: ["CWordList"], swiftSettings: strict),
    .target(name: "Digests", dependencies: ["COpenSSL"], swiftSettings: strict),
    .target(name: "Sealing", dependencies: ["CSodium"], swiftSettings: strict),
    .target(name: "Pairing", dependencies: ["Sealing", "Digests", "JSON", "Wire", "WordList"], swiftSettings: strict),
    .target(name: "STUN", dependencies: ["Wire"], swiftSettings: strict),
    .target(name: "ICE", dependencies: ["STUN", "Wire", deque], swiftSettings: strict),
    .target(name: "DTLS", dependencies: ["COpenSSL", "Wire"], swiftSettings: settings),
    .target(name: "SCTP", dependencies: ["CUsrsctp", "CPlatform", "Wire", deque], swiftSettings: settings),
    .target(name: "SRTP", dependencies: ["CSRTP", "Wire"], swiftSettings: settings),
    .target(name: "DataChannel", dependencies: ["Wire", deque], swiftSettings: strict),
    .target(name: "SDP", dependencies: ["Wire"], swiftSettings: strict),
    .target(name: "LinkSimulator", dependencies: ["Wire", deque], swiftSettings: strict),
    .target(
        name: "PeerSession",
        dependencies: [
            "DTLS", "SCTP", "SRTP", "DataChannel", "ICE", "SDP", "STUN", "Digests", "Wire", "CPlatform",
        ],
        swiftSettings: settings),
]

let coreTests: [Target] = [
    .target(name: "TestSupport", dependencies: ["CPlatform"], path: "Tests/TestSupport", swiftSettings: settings),
    .testTarget(name: "ArchitectureTests", swiftSettings: settings),
    .testTarget(name: "WireTests", dependencies: ["Wire"], swiftSettings: settings),
    .testTarget(name: "JSONTests", dependencies: ["JSON"], swiftSettings: settings),
    .testTarget(name: "WordListTests", dependencies: ["WordList"], swiftSettings: settings),
    .testTarget(name: "DigestsTests", dependencies: ["Digests"], swiftSettings: settings),
    .testTarget(name: "SealingTests", dependencies: ["Sealing"], swiftSettings: settings),
    .testTarget(
        name: "PairingTests", dependencies: ["Pairing", "Sealing", "Digests"], swiftSettings: settings),
    .testTarget(name: "CPlatformTests", dependencies: ["CPlatform"], swiftSettings: settings),
    .testTarget(name: "STUNTests", dependencies: ["STUN", "Digests", "Wire"], swiftSettings: settings),
    .testTarget(name: "ICETests", dependencies: ["ICE", "STUN", "Digests", "Wire"], swiftSettings: settings),
    .testTarget(
        name: "DTLSTests", dependencies: ["DTLS", "Wire", "CPlatform", "TestSupport"], swiftSettings: settings),
    .testTarget(
        name: "SCTPTests", dependencies: ["SCTP", "Wire", "CPlatform", "TestSupport"], swiftSettings: settings),
    .testTarget(name: "SRTPTests", dependencies: ["SRTP", "Wire"], swiftSettings: settings),
    .testTarget(name: "DataChannelTests", dependencies: ["DataChannel", "LinkSimulator"], swiftSettings: settings),
    .testTarget(name: "SDPTests", dependencies: ["SDP"], exclude: ["Fixtures"], swiftSettings: settings),
    .testTarget(name: "LinkSimulatorTests", dependencies: ["LinkSimulator", "Wire"], swiftSettings: settings),
    .testTarget(
        name: "PeerSessionTests",
        dependencies: [
            "PeerSession", "LinkSimulator", "TestSupport", "CPlatform", "DTLS", "DataChannel", "ICE", "SDP", "SRTP",
            "Wire",
        ], swiftSettings: settings),
]

let engine: [Target] = [
    .systemLibrary(name: "CQREncode", providers: [.apt(["libqrencode-dev"])]),
    .target(name: "CWebAssets"),
    .target(
        name: "NetworkIO",
        dependencies: [
            "Wire", "CPlatform", nio("NIOCore"), nio("NIOPosix"), nio("NIOHTTP1"), nio("NIOWebSocket"), nioSSL,
        ], swiftSettings: settings),
    .target(
        name: "Martlet",
        dependencies: ["NetworkIO", "PeerSession", "DataChannel", "DTLS", "ICE", "SDP", "Wire", deque],
        swiftSettings: settings),
    .target(
        name: "Signaling",
        dependencies: [
            "NetworkIO", "Martlet", "Pairing", "Digests", "ICE", "JSON", "SDP", "Wire", deque, heap,
        ],
        swiftSettings: strict),
    .target(
        name: "Transfer",
        dependencies: [
            "Martlet", "Digests", "JSON", "WordList", "Wire", "CPlatform", nio("NIOCore"), nio("NIOPosix"),
        ],
        swiftSettings: settings),
    .target(
        name: "Chat",
        dependencies: ["Signaling", "Transfer", "NetworkIO", "Martlet", "Digests", "JSON", "Wire", deque],
        swiftSettings: settings),
    .target(
        name: "Lab",
        dependencies: [
            "Signaling", "Transfer", "Martlet", "NetworkIO", "PeerSession", "LinkSimulator", "DTLS", "SCTP",
            "DataChannel", "ICE", "SDP", "STUN", "Digests", "JSON", "Wire", "CPlatform", deque, heap,
        ], swiftSettings: settings),
    .target(name: "Web", dependencies: ["CWebAssets"], exclude: ["Page"], swiftSettings: strict),
    .executableTarget(
        name: "MartletCLI",
        dependencies: [
            "Martlet", "Chat", "Lab", "Signaling", "Transfer", "Web", "NetworkIO", "Digests", "JSON", "Wire",
            "CQREncode", "CPlatform", argumentParser,
        ], swiftSettings: settings),
    .executableTarget(
        name: "SignalingPeer", dependencies: ["Martlet"], path: "Examples/SignalingPeer", swiftSettings: settings),
    .executableTarget(
        name: "FileToBrowser", dependencies: ["Martlet", "NetworkIO", "Signaling", "Transfer", "Web", "Wire"],
        path: "Examples/FileToBrowser", swiftSettings: settings),
    .executableTarget(
        name: "FileOverChannel", dependencies: ["Martlet", "Transfer"], path: "Examples/FileOverChannel",
        swiftSettings: settings),
    .executableTarget(name: "LabTable", dependencies: ["Lab"], path: "Examples/LabTable", swiftSettings: settings),
    .testTarget(
        name: "NetworkIOTests", dependencies: ["NetworkIO", "Wire", nio("NIOCore"), nio("NIOPosix")],
        swiftSettings: settings),
    .testTarget(
        name: "SignalingTests",
        dependencies: ["Signaling", "NetworkIO", "Martlet", "SDP", "LinkSimulator", "Wire", "TestSupport"],
        swiftSettings: settings),
    .testTarget(
        name: "TransferTests",
        dependencies: ["Transfer", "Martlet", "Digests", "CPlatform", "Wire", "TestSupport"], swiftSettings: settings),
    .testTarget(
        name: "ChatTests",
        dependencies: [
            "Chat", "Signaling", "Transfer", "NetworkIO", "Martlet", "JSON", "LinkSimulator", "Wire", "TestSupport",
        ], swiftSettings: settings),
    .testTarget(
        name: "LabTests",
        dependencies: [
            "Lab", "Signaling", "Martlet", "NetworkIO", "PeerSession", "LinkSimulator", "DTLS", "SCTP", "DataChannel",
            "ICE", "SDP", "STUN", "Digests", "JSON", "Wire", "CPlatform", "TestSupport",
        ], swiftSettings: settings),
    .testTarget(
        name: "MartletCLITests",
        dependencies: [
            "MartletCLI", "Martlet", "Chat", "Lab", "Transfer", "Signaling", "NetworkIO", "JSON", "Wire", "TestSupport",
            argumentParser,
        ], swiftSettings: settings),
    .testTarget(name: "WebTests", dependencies: ["Web"], swiftSettings: settings),
    .testTarget(name: "IntegrationTests", dependencies: ["Martlet", "TestSupport"], swiftSettings: settings),
]

let package = Package(
    name: "martlet",
    platforms: [.macOS(.v15)],
    products: coresOnly
        ? []
        : [
            .executable(name: "martlet", targets: ["MartletCLI"]),
            .library(name: "Martlet", targets: ["Martlet"]),
            .library(name: "MartletTransfer", targets: ["Transfer"]),
        ],
    dependencies: [.package(url: "https://github.com/apple/swift-collections", from: "1.6.0")]
        + (coresOnly
            ? []
            : [
                .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
                .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
                .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
            ]),
    targets: cores + coreTests + (coresOnly ? [] : engine),
    swiftLanguageModes: [.v6]
)
