import PGWire

/// A capture as something to do again: what its executors send, and what was answered to them, in the order of the
/// capture over all of its connections.
///
/// Logins are told by their parameters alone, for their bytes cannot be repeated; and a CancelRequest by whose statement
/// it cancels.
package struct PlayedCapture: Equatable, Sendable {
    package enum Action: Equatable, Sendable {
        case login([StartupMessage.Parameter])
        case send(tag: UInt8, body: [UInt8])
        case expect(PlayedAnswer)
        /// Cancels what this connection runs.
        case cancel(connection: Int)
    }

    package struct Step: Equatable, Sendable {
        package let connection: Int
        package let action: Action

        package init(connection: Int, action: Action) {
            self.connection = connection
            self.action = action
        }
    }

    /// Why a connection cannot be played again.
    package enum Obstacle: String, Equatable, Sendable {
        case foreignCancel = "a cancel request for a session that was not captured"
        case noLogin = "no login that ended well"
        case notWhole = "not all of it was captured or can be decoded"
    }

    package private(set) var steps: [Step] = []
    /// The connections without steps, by their numbers.
    package private(set) var obstacles: [Int: Obstacle] = [:]

    package init(_ replay: CaptureReplay) {
        let events = replay.events()
        var owners: [[UInt8]: Int] = [:]
        var whole: [Int: [CaptureEvent]] = [:]
        for event in events {
            whole[event.connection, default: []].append(event)
            if case .message(let message) = event.content, message.tag == BackendTag.backendKeyData.rawValue {
                owners[message.body] = event.connection
            }
        }
        for connection in replay.connections {
            obstacles[connection.number] = Self.obstacle(whole[connection.number] ?? [], owners)
        }
        var loggedIn: Set<Int> = []
        for event in events where obstacles[event.connection] == nil {
            guard case .message(let message) = event.content,
                let action = Self.action(
                    message, event.side, owners, isLoggedIn: loggedIn.contains(event.connection))
            else { continue }
            if message.tag == BackendTag.readyForQuery.rawValue, event.side == .backend,
                loggedIn.insert(event.connection).inserted
            {
                continue
            }
            steps.append(Step(connection: event.connection, action: action))
        }
    }

    private static func obstacle(_ events: [CaptureEvent], _ owners: [[UInt8]: Int]) -> Obstacle? {
        var isLoggedIn = false
        for event in events {
            switch event.content {
            case .note(.closed), .note(.reset): continue
            case .note(.passed), .note(.frame), .note(.incomplete): return .notWhole
            case .message(let message):
                if event.side == .frontend, message.tag == nil, let key = cancelled(message.body) {
                    return owners[key] == nil ? .foreignCancel : nil
                }
                if event.side == .backend, message.tag == BackendTag.readyForQuery.rawValue {
                    isLoggedIn = true
                }
            }
        }
        return isLoggedIn ? nil : .noLogin
    }

    private static func action(
        _ message: CaptureEvent.Message, _ side: TraceLine.Side, _ owners: [[UInt8]: Int], isLoggedIn: Bool
    ) -> Action? {
        switch side {
        case .frontend:
            guard let tag = message.tag else { return opening(message.body, owners) }
            return tag == FrontendTag.password.rawValue ? nil : .send(tag: tag, body: message.body)
        case .backend:
            guard let tag = message.tag, let answer = PlayedAnswer(tag: tag, body: message.body.span),
                answer.isReadyForQuery || isLoggedIn && !answer.isNoise
            else { return nil }
            return .expect(answer)
        }
    }

    private static func opening(_ packet: [UInt8], _ owners: [[UInt8]: Int]) -> Action? {
        if let key = cancelled(packet) { return owners[key].map { .cancel(connection: $0) } }
        guard case .startupMessage(let message)? = try? StartupRequest.decode(packet.span) else { return nil }
        return .login(message.parameters)
    }

    /// What a CancelRequest says of the session: the body of that session's BackendKeyData.
    private static func cancelled(_ packet: [UInt8]) -> [UInt8]? {
        guard case .cancelRequest? = try? StartupRequest.decode(packet.span) else { return nil }
        return Array(packet.dropFirst(4))
    }
}
