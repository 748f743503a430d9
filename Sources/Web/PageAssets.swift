internal import CWebAssets

/// The page of the program: which URL paths exist, and what they answer.
package enum PageAssets {
    /// Every file, in the order of its name.
    package static let all: [PageAsset] = (0..<martlet_web_asset_count()).map(PageAsset.init(index:))

    private static let byPath = Dictionary(uniqueKeysWithValues: all.map { ($0.path, $0) })

    /// The file that a request target names, or nil if there is none (404). A query is ignored. Only exact names match,
    /// and nothing is ever read from a disk, so that no spelling of `..` leads anywhere.
    package static func asset(forPath target: some StringProtocol) -> PageAsset? {
        let path = target.prefix { $0 != "?" && $0 != "#" }
        return byPath[path == "/index.html" ? "/" : String(path)]
    }
}
