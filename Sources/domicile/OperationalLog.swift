import GatewayConfiguration
import Logging
import Synchronization

/// Level and format of the operational log, for all loggers of the process, which read them at each event: so that a
/// reload holds for loggers that are there. What the command line says holds whatever the file says.
final class OperationalLog: Sendable {
    private let pinnedLevel: Logger.Level?
    private let pinnedFormat: OperationalLogSettings.Format?
    private let currentLevel: Atomic<Int>
    private let isJSON: Atomic<Bool>

    init(
        _ settings: OperationalLogSettings, level: Logger.Level? = nil,
        format: OperationalLogSettings.Format? = nil
    ) {
        pinnedLevel = level
        pinnedFormat = format
        currentLevel = Atomic(OperationalLog.number(level ?? settings.level.loggerLevel))
        isJSON = Atomic((format ?? settings.format) == .json)
    }

    var level: Logger.Level { Logger.Level.allCases[currentLevel.load(ordering: .relaxed)] }

    var format: OperationalLogSettings.Format { isJSON.load(ordering: .relaxed) ? .json : .text }

    /// What a configuration says that was read again.
    func apply(_ settings: OperationalLogSettings) {
        currentLevel.store(
            OperationalLog.number(pinnedLevel ?? settings.level.loggerLevel), ordering: .relaxed)
        isJSON.store((pinnedFormat ?? settings.format) == .json, ordering: .relaxed)
    }

    private static func number(_ level: Logger.Level) -> Int {
        Logger.Level.allCases.firstIndex(of: level) ?? 0
    }
}

extension OperationalLogSettings.Level {
    var loggerLevel: Logger.Level {
        switch self {
        case .trace: .trace
        case .debug: .debug
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        case .error: .error
        case .critical: .critical
        }
    }
}
