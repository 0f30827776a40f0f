/// Finds the rule that decides without asking every rule. Each value of the principal's claims is looked up once among
/// all patterns that the rules have for the claim; then only those rules are asked of which a pattern fitted that must
/// fit for the rule to hold.
///
/// What it answers is what asking rule by rule answers (`Condition.holds`), which `explain` does.
struct RuleIndex: Sendable {
    private var claims: [ClaimPatterns] = []
    private var conditions: [IndexedCondition] = []
    private var databases: [NumberSet] = []
    /// By the number of a pattern: the rules to ask where it fits, ascending.
    private var asked: [[Int]] = []

    /// - Parameter rules: in the order of the file, with the databases that each is for.
    init(_ rules: [(who: Condition, databases: Set<Int>)]) {
        var interned = InternedPatterns()
        conditions = rules.map { interned.intern($0.who) }
        databases = rules.map { NumberSet($0.databases) }
        var uses = [Int](repeating: 0, count: interned.count)
        for condition in conditions {
            for pattern in condition.patterns { uses[pattern] += 1 }
        }
        asked = [[Int]](repeating: [], count: interned.count)
        for (rule, condition) in conditions.enumerated() {
            for pattern in Set(condition.necessary(uses)) { asked[pattern].append(rule) }
        }
        claims = interned.claims
    }

    /// Rules that may cover the condition (`Condition.covers`), ascending: no other does.
    func mayCover(_ condition: Condition) -> [Int] {
        var candidates = NumberSet(capacity: conditions.count)
        for (name, patterns) in condition.claims {
            guard let claim = claims.first(where: { $0.name.hasSameBytes(as: name) }) else { continue }
            for pattern in patterns {
                claim.patterns.forEachCovering(pattern) { found in
                    for rule in asked[claim.numbers[found]] { _ = candidates.insert(rule) }
                }
            }
        }
        return candidates.all
    }

    /// The number of the first rule that is for the database and holds for the principal.
    func first(for principal: Principal, database: Int) -> Int? {
        var fitting = NumberSet(capacity: asked.count)
        var candidates = NumberSet(capacity: conditions.count)
        for claim in claims {
            guard let value = principal.value(named: claim.name) else { continue }
            claim.patterns.forEachFitting(value) { found in
                let pattern = claim.numbers[found]
                guard fitting.insert(pattern) else { return }
                for rule in asked[pattern] { _ = candidates.insert(rule) }
            }
        }
        return candidates.first { rule in
            databases[rule].contains(database) && conditions[rule].holds(fitting)
        }
    }
}

/// The patterns that rules have for one claim, with the numbers that they have among those of all claims.
private struct ClaimPatterns: Sendable {
    let name: String
    var patterns = PatternIndex()
    var numbers: [Int] = []
}

/// Gives equal patterns of one claim one number.
private struct InternedPatterns {
    private(set) var claims: [ClaimPatterns] = []
    private(set) var count = 0
    private var places: [[UInt8]: Int] = [:]

    mutating func intern(_ condition: Condition) -> IndexedCondition {
        switch condition {
        case .claim(let name, let patterns): .one(patterns.map { number(name, $0) })
        case .all(let parts): .all(parts.map { intern($0) })
        case .any(let branches): .any(branches.map { intern($0) })
        }
    }

    private mutating func number(_ name: String, _ pattern: Pattern) -> Int {
        let bytes = Array(name.utf8)
        let place: Int
        if let known = places[bytes] {
            place = known
        } else {
            place = claims.count
            places[bytes] = place
            claims.append(ClaimPatterns(name: name))
        }
        let found = claims[place].patterns.insert(pattern)
        if found == claims[place].numbers.count {
            claims[place].numbers.append(count)
            count += 1
        }
        return claims[place].numbers[found]
    }
}

/// A condition over the numbers of the patterns that fit.
private indirect enum IndexedCondition: Sendable {
    /// One of these fits.
    case one([Int])
    case all([IndexedCondition])
    case any([IndexedCondition])

    /// As `Condition.holds`: `all` and `any` of nothing hold for nobody.
    func holds(_ fitting: NumberSet) -> Bool {
        switch self {
        case .one(let patterns): patterns.contains { fitting.contains($0) }
        case .all(let parts): !parts.isEmpty && parts.allSatisfy { $0.holds(fitting) }
        case .any(let branches): branches.contains { $0.holds(fitting) }
        }
    }

    var patterns: [Int] {
        switch self {
        case .one(let patterns): patterns
        case .all(let parts), .any(let parts): parts.flatMap(\.patterns)
        }
    }

    /// Patterns of which at least one fits wherever the condition holds; of several such lists the one that the fewest
    /// rules share (`uses`, by pattern): not the issuer, which every rule names.
    func necessary(_ uses: [Int]) -> [Int] {
        func cost(_ patterns: [Int]) -> Int { patterns.reduce(0) { $0 + uses[$1] } }
        switch self {
        case .one(let patterns): return patterns
        case .all(let parts):
            return parts.map { $0.necessary(uses) }.min { cost($0) < cost($1) } ?? []
        case .any(let branches): return branches.flatMap { $0.necessary(uses) }
        }
    }
}

/// Small numbers, one bit each.
private struct NumberSet: Sendable {
    private var words: [UInt64]

    init(capacity: Int) { words = [UInt64](repeating: 0, count: (capacity + 63) / 64) }

    init(_ numbers: Set<Int>) {
        self.init(capacity: (numbers.max() ?? -1) + 1)
        for number in numbers { _ = insert(number) }
    }

    func contains(_ number: Int) -> Bool {
        number / 64 < words.count && words[number / 64] & (1 << UInt64(number % 64)) != 0
    }

    /// False where it was in already.
    mutating func insert(_ number: Int) -> Bool {
        let bit: UInt64 = 1 << UInt64(number % 64)
        guard words[number / 64] & bit == 0 else { return false }
        words[number / 64] |= bit
        return true
    }

    /// Ascending.
    var all: [Int] {
        var numbers: [Int] = []
        _ = first { number in
            numbers.append(number)
            return false
        }
        return numbers
    }

    /// The lowest that meets the condition.
    func first(where condition: (Int) -> Bool) -> Int? {
        for (index, word) in words.enumerated() {
            var left = word
            while left != 0 {
                let number = index * 64 + left.trailingZeroBitCount
                if condition(number) { return number }
                left &= left - 1
            }
        }
        return nil
    }
}
