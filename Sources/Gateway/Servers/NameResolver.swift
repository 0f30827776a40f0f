import Foundation
import GatewayRouting
import Synchronization
import Waiting

/// What a host name stands for, or getaddrinfo's text why not.
package typealias NameLookup = @Sendable (_ host: String) -> Result<[ResolvedAddress], NameLookupFailure>

package struct NameLookupFailure: Error, Sendable, Hashable {
    package let text: String

    package init(text: String) { self.text = text }
}

/// Resolves one server's host name within a deadline. getaddrinfo cannot be interrupted, so it runs on a thread of
/// its own; there is at most one at a time, and one that is still busy at the deadline is waited for by the next one
/// who asks (F-POL-12).
package final class NameResolver: Sendable {
    /// An answer that came after its deadline still counts for so long, else a slow resolver would never do.
    private static let lateAnswerHolds: Int64 = 5_000_000_000

    private final class Pending: Sendable {
        let answer = Mutex<(result: Result<[ResolvedAddress], NameLookupFailure>, at: Int64)?>(nil)
        let done = TimedSemaphore()
    }

    private let host: String
    private let lookup: NameLookup
    private let pending = Mutex<Pending?>(nil)

    package init(host: String, lookup: @escaping NameLookup) {
        self.host = host
        self.lookup = lookup
    }

    /// All addresses of the host, in the resolver's order; never empty.
    package func resolve(until deadline: Int64) throws(ServerFault) -> [ResolvedAddress] {
        if let literal = NameResolver.literal(host) { return [literal] }
        let current = started()
        let left = max(0, deadline - ServerClock.now())
        guard current.done.wait(.nanoseconds(left)) else {
            throw .failure(.resolutionTimeout)
        }
        pending.withLock { $0 = nil }
        guard let answer = current.answer.withLock({ $0 }) else { throw .failure(.resolutionTimeout) }
        switch answer.result {
        case .success(let addresses):
            guard !addresses.isEmpty else { throw .failure(.resolution("no address")) }
            return addresses
        case .failure(let failure):
            throw .failure(.resolution(failure.text))
        }
    }

    private func started() -> Pending {
        pending.withLock { slot in
            if let pending = slot {
                let age = pending.answer.withLock { $0.map { ServerClock.now() - $0.at } }
                if age ?? 0 < NameResolver.lateAnswerHolds { return pending }
            }
            let fresh = Pending()
            let (host, lookup) = (self.host, self.lookup)
            let thread = Thread {
                let result = lookup(host)
                fresh.answer.withLock { $0 = (result, ServerClock.now()) }
                fresh.done.signal()
            }
            thread.name = "resolve"
            thread.start()
            slot = fresh
            return fresh
        }
    }

    /// The address itself where the host is one.
    static func literal(_ host: String) -> ResolvedAddress? {
        var four = in_addr()
        if inet_pton(AF_INET, host, &four) == 1 {
            return ResolvedAddress(bytes: withUnsafeBytes(of: &four) { Array($0) }, text: host)
        }
        var six = in6_addr()
        if inet_pton(AF_INET6, host, &six) == 1 {
            return ResolvedAddress(bytes: withUnsafeBytes(of: &six) { Array($0) }, text: host)
        }
        return nil
    }

    /// getaddrinfo(3), stream sockets only.
    package static let system: NameLookup = { host in
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, &hints, &list)
        guard code == 0 else {
            return .failure(NameLookupFailure(text: String(cString: gai_strerror(code))))
        }
        defer { freeaddrinfo(list) }
        var found: [ResolvedAddress] = []
        var next = list
        // SAFETY: the list is getaddrinfo's until freeaddrinfo above; each ai_addr is of the size its family says.
        while let entry = next {
            if let address = address(of: entry.pointee), !found.contains(address) { found.append(address) }
            next = entry.pointee.ai_next
        }
        return .success(found)
    }

    private static func address(of entry: addrinfo) -> ResolvedAddress? {
        guard let socket = entry.ai_addr else { return nil }
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let code = getnameinfo(
            socket, entry.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
        guard code == 0 else { return nil }
        return literal(String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
}
