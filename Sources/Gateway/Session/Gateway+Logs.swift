import Audit
import GatewayConfiguration

/// The folder of a region's log, and whose region it is.
package struct RegionFolder: Sendable, Hashable {
    package var region: String
    package var jurisdiction: String
    package var folder: String
    /// The gateway itself runs in this region.
    package var isOwn: Bool

    package init(region: String, jurisdiction: String, folder: String, isOwn: Bool) {
        self.region = region
        self.jurisdiction = jurisdiction
        self.folder = folder
        self.isOwn = isOwn
    }
}

extension Gateway {
    /// The logs that this gateway writes, its own region's first.
    package var regionFolders: [RegionFolder] {
        let configuration = configuration
        let folders = configuration.regions.filter { context.logs[$0.name] != nil }.map { region in
            RegionFolder(
                region: region.name, jurisdiction: region.jurisdiction, folder: region.audit,
                isOwn: region.name == configuration.region)
        }
        return folders.filter(\.isOwn) + folders.filter { !$0.isOwn }
    }
}
