/// Says why a node of the closed graph has what it has.
struct ReasonWriter {
    let graph: CatalogGraph
    /// What a node is called; those of names and operator families are called nothing and are passed over.
    let labels: [Int32: String]

    /// What is said of these their names say already.
    static let foreignTable = "is a foreign table"
    static let builtIn = "is pg_catalog."
    static let viewOfServers = "writes the server's own catalogue"

    func reasons(of node: Int32) -> [CatalogReason] {
        let reach = graph.reach[Int(node)]
        guard !reach.isEmpty else { return [] }
        return CatalogReach.each.filter { reach.contains($0) }.map { kind in
            CatalogReason(reach: kind, text: text(of: node, kind))
        }
    }

    /// "reaches the foreign table public.far through the view public.near", or what the node does itself.
    func text(of node: Int32, _ kind: CatalogReach) -> String {
        guard let source = graph.source(of: node, kind) else { return "" }
        let own = graph.own[source]?.first { $0.reach == kind }?.text ?? ""
        let name = labels[node] ?? ""
        let label = labels[source] ?? "something"
        guard label != name else { return own }
        var steps: [String] = []
        var next = graph.step(from: node, kind)
        while let step = next, step != source, steps.count <= CatalogLimits.steps {
            next = graph.step(from: step, kind)
            guard let text = labels[step], text != name, text != label, steps.last != text else { continue }
            steps.append(text)
        }
        let tells = own == ReasonWriter.foreignTable || own.hasPrefix(ReasonWriter.builtIn)
        let what = tells ? label : "\(label), which \(own)"
        guard !steps.isEmpty else { return "reaches \(what)" }
        let shown = steps.prefix(CatalogLimits.steps).joined(separator: " and ")
        let others = steps.count > CatalogLimits.steps ? " and others" : ""
        return "reaches \(what)\(tells ? "" : ",") through \(shown)\(others)"
    }
}
