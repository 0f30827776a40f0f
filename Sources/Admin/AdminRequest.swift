/// A request to the admin endpoint, without the HTTP around it.
package struct AdminRequest: Sendable {
    package var method: String
    package var path: String
    /// What stands behind the path's `?`.
    package var query = ""
    package var body: [UInt8] = []
    /// It came over the admin socket.
    package var isSocket = false
    /// Of the fields of its head, nil where it has none: `Host` and so on, and `Sec-Fetch-…` (Fetch Metadata, W3C).
    package var host: String?
    package var origin: String?
    package var authorization: String?
    package var cookie: String?
    package var contentType: String?
    package var userAgent: String?
    package var fetchSite: String?
    package var fetchMode: String?
    package var fetchDestination: String?

    package init(method: String, path: String) {
        self.method = method
        self.path = path
    }

    /// A browser sent it, which does what pages of others tell it: over a forwarded socket, too.
    package var isOfBrowser: Bool {
        origin != nil || cookie != nil || fetchSite != nil || userAgent?.hasPrefix("Mozilla/") == true
    }

    /// The value of a cookie; nil where there is none of that name, or several.
    package func cookie(named name: String) -> String? {
        let found = (cookie ?? "").split(separator: ";").compactMap { pair -> Substring? in
            let trimmed = pair.drop { $0 == " " }
            guard trimmed.hasPrefix(name + "=") else { return nil }
            return trimmed.dropFirst(name.count + 1)
        }
        return found.count == 1 ? found.first.map(String.init) : nil
    }
}
