/// Decides whether a page of another origin had a browser send a request (F-OPS-08). Ports are origins of their own, and
/// share cookies: what else answers on this host's loopback addresses is another site here.
package enum OriginCheck {
    /// Media types that a form can send to another origin without asking (HTML Standard, section 4.10.21.6).
    private static let formTypes = [
        "application/x-www-form-urlencoded", "multipart/form-data", "text/plain",
    ]

    /// Why a call is not answered; nil where nothing speaks against it.
    package static func refusal(ofCall request: AdminRequest) -> AdminPages.Answer? {
        if let origin = request.origin, !isOwn(origin, of: request) {
            return AdminAPI.failed(403, "the Origin is not this endpoint's")
        }
        if let site = request.fetchSite, site != "same-origin", site != "none" {
            return AdminAPI.failed(403, "a page of another origin asked for this (Sec-Fetch-Site)")
        }
        guard request.method == "POST", !request.body.isEmpty, request.isOfBrowser,
            let type = request.contentType.map(essence), formTypes.contains(type)
        else { return nil }
        return AdminAPI.failed(415, "the body is expected to be application/json")
    }

    /// Why a request to the page is not answered; nil where nothing speaks against it. A link on another site may lead to
    /// the page; nothing else of another site reaches it.
    package static func refusal(ofPage request: AdminRequest) -> String? {
        if let site = request.fetchSite, site != "same-origin", site != "none" {
            let isLink =
                request.method == "GET" && request.fetchMode == "navigate"
                && request.fetchDestination == "document"
            guard isLink else { return "a page of another origin asked for this (Sec-Fetch-Site)" }
        }
        guard request.method == "POST" else {
            guard let origin = request.origin, !isOwn(origin, of: request) else { return nil }
            return "the Origin is not this endpoint's"
        }
        guard let origin = request.origin else { return "the Origin is missing" }
        guard isOwn(origin, of: request) else { return "the Origin is not this endpoint's" }
        guard request.contentType.map(essence) == formTypes[0] else {
            return "the body is expected to be a form's"
        }
        return nil
    }

    private static func isOwn(_ origin: String, of request: AdminRequest) -> Bool {
        guard let host = request.host?.lowercased() else { return false }
        return origin == "http://" + host || origin == "https://" + host
    }

    /// A media type without its parameters.
    private static func essence(_ type: String) -> String {
        let name = type.prefix { $0 != ";" }
        return String(name.reversed().drop { $0 == " " }.reversed()).lowercased()
    }
}
