import Gateway

/// The regions with their replicas, and how far their logs are.
struct OverviewView {
    let folders: [RegionFolder]
    let replicas: [ReplicasReport.Replica]
    let snapshot: GatewaySnapshot
    let reasons: [String]

    @MarkupBuilder var body: Markup {
        readiness
        tag(.dl, .class("figures"), .label("Figures")) {
            PagePart.figure("Sessions", PagePart.number(replicas.reduce(0) { $0 + $1.sessions }))
            PagePart.figure("Connections", PagePart.number(snapshot.connections))
            PagePart.figure("Statements", PagePart.number(snapshot.statements))
            PagePart.figure("Refused logins", PagePart.number(snapshot.refusals.values.reduce(0, +)))
            PagePart.figure(
                "Refused statements", PagePart.number(snapshot.refusedStatements.values.reduce(0, +)))
            PagePart.figure("Records", PagePart.number(snapshot.logs.reduce(0) { $0 + $1.records }))
        }
        jurisdictions.map(jurisdiction)
    }

    private var readiness: Markup {
        guard !reasons.isEmpty else {
            return PagePart.notice(.good) {
                tag(.p) {
                    tag(.strong) { "Ready." }
                    " Executors can connect."
                }
            }
        }
        return PagePart.notice(.bad) {
            tag(.p) { tag(.strong) { "Not ready." } }
            tag(.ul) { reasons.map { reason in tag(.li) { reason } } }
        }
    }

    /// In the order of the regions, the gateway's own first.
    private var jurisdictions: [String] {
        folders.reduce(into: []) { if !$0.contains($1.jurisdiction) { $0.append($1.jurisdiction) } }
    }

    private func jurisdiction(_ name: String) -> Markup {
        tag(.section, .class("jurisdiction"), .label("Jurisdiction \(name)")) {
            tag(.h2) {
                tag(.span, .class("eyebrow")) { "Jurisdiction" }
                " "
                name
            }
            tag(.div, .class("regions")) {
                folders.filter { $0.jurisdiction == name }.map(region)
            }
        }
    }

    private func region(_ folder: RegionFolder) -> Markup {
        let own = replicas.filter { $0.region == folder.region }
        return tag(.section, .class("card"), .label("Region \(folder.region)")) {
            tag(.div, .class("cardhead")) {
                tag(.h3) { folder.region }
                if folder.isOwn { tag(.span, .class("badge")) { "this gateway" } }
            }
            log(of: folder.region)
            if own.isEmpty {
                tag(.p, .class("muted")) { "No replica here." }
            } else {
                table(own, of: folder.region)
            }
        }
    }

    private func log(of region: String) -> Markup {
        guard let log = snapshot.logs.first(where: { $0.region == region }) else { return .empty }
        return tag(.p, .class("log")) {
            PagePart.state(
                log.takesRecords ? "log takes records" : "log takes no records",
                log.takesRecords ? .good : .bad)
            " "
            PagePart.link(PageLink("/log", [("region", region)]), "\(PagePart.number(log.records)) records")
            if let signed = log.signed {
                tag(.span, .class("muted")) { ", signed to \(PagePart.number(signed))" }
            } else {
                tag(.span, .class("muted")) { ", not signed" }
            }
        }
    }

    private func table(_ replicas: [ReplicasReport.Replica], of region: String) -> Markup {
        tag(.div, .class("scroll")) {
            tag(.table) {
                tag(.caption, .class("unseen")) { "Replicas in \(region)" }
                PagePart.heads("Replica", "State", "Lag", "Round trip", "Sessions")
                tag(.tbody) { replicas.map(row) }
            }
        }
    }

    private func row(_ replica: ReplicasReport.Replica) -> Markup {
        let (word, mood, why) = OverviewView.state(of: replica)
        return tag(.tr) {
            tag(.th, .with(.scope, "row")) {
                replica.replica
                tag(.span, .class("sub")) { "\(replica.database), \(replica.recovery ?? replica.kind)" }
            }
            tag(.td) {
                PagePart.state(word, mood)
                if let why { tag(.span, .class("sub")) { why } }
            }
            tag(.td, .class("num")) { lag(of: replica) }
            tag(.td, .class("num")) {
                replica.roundTripUs.map { PagePart.span(microseconds: UInt64(clamping: $0)) } ?? "–"
            }
            tag(.td, .class("num")) { PagePart.number(replica.sessions) }
        }
    }

    private func lag(of replica: ReplicasReport.Replica) -> String {
        if replica.recovery == "primary" { return "–" }
        guard let seconds = replica.lagSeconds else { return "not known" }
        return seconds < 0.001 ? "none" : PagePart.span(microseconds: UInt64(min(seconds, 1e9) * 1_000_000))
    }

    /// What is to be known of a replica first, and why.
    static func state(of replica: ReplicasReport.Replica) -> (String, PagePart.Mood, String?) {
        if let quarantine = replica.quarantineReason { return ("quarantine", .bad, quarantine) }
        if replica.maintenance { return ("maintenance", .warn, nil) }
        switch replica.health {
        case "up":
            return replica.attested ? ("up", .good, nil) : ("not attested", .bad, replica.differenceReason)
        case "down": return ("down", .bad, replica.failureReason)
        default: return (replica.health, .quiet, replica.failureReason)
        }
    }
}
