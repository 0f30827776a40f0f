/// The startup parameter `options`: a command line for the session's server process, and so a second way to
/// set what startup parameters set. Parsed as PostgreSQL parses it (`pg_split_opts`,
/// `process_postgres_switches`), so that no spelling sets something here that is not seen (F-WIRE-10).
package struct StartupOptions: Equatable, Sendable {
    package struct Setting: Equatable, Sendable {
        /// As given, but with `_` for `-`. PostgreSQL compares without regard to case: see `foldedName`.
        package let name: [UInt8]
        package let value: [UInt8]

        package init(name: [UInt8], value: [UInt8]) {
            self.name = name
            self.value = value
        }

        package init(_ name: String, _ value: String) {
            self.init(name: Array(name.utf8), value: Array(value.utf8))
        }

        /// The name to compare with: A to Z in lower case.
        package var foldedName: [UInt8] { name.map(ASCII.lowercased) }
    }

    /// What is set, in order; a name may come twice, and the last one counts. Switches that PostgreSQL takes
    /// and does nothing with are left out.
    package let settings: [Setting]

    package init(settings: [Setting]) {
        self.settings = settings
    }

    /// What is not understood; PostgreSQL ends the connection with 42601 then.
    package struct Mistake: Error, Equatable, Sendable {
        package enum Reason: Equatable, Sendable {
            case unknownSwitch(UInt8)
            /// The switch needs an argument, and the text ends.
            case missingArgument(UInt8)
            /// `-c name` without `=value`.
            case missingValue
            /// The argument is none that the switch knows.
            case unknownArgument(UInt8)
            /// A word that belongs to no switch.
            case noSwitch
        }
        package let reason: Reason
        /// Where the word begins in the text.
        package let position: Int

        package init(reason: Reason, position: Int) {
            self.reason = reason
            self.position = position
        }
    }

    package static func parse(_ text: [UInt8]) throws(Mistake) -> StartupOptions {
        var settings: [Setting] = []
        let words = split(text)
        var stray: Word?
        var index = 0
        while index < words.count {
            let word = words[index]
            index += 1
            if word.bytes.elementsEqual("--".utf8) {
                stray = stray ?? (index < words.count ? words[index] : nil)
                break
            }
            guard word.bytes.count > 1, word.bytes[0] == 0x2d else {
                stray = stray ?? word
                continue
            }
            try parse(word, words, &index, &settings)
        }
        if let stray { throw Mistake(reason: .noSwitch, position: stray.position) }
        return StartupOptions(settings: settings)
    }

    /// The text that sets these settings, every whitespace and backslash escaped.
    package var encoded: [UInt8] {
        var text: [UInt8] = []
        for setting in settings {
            if !text.isEmpty { text.append(0x20) }
            text.append(contentsOf: "-c ".utf8)
            for byte in setting.name + [0x3d] + setting.value {
                if ASCII.isSpace(byte) || byte == 0x5c { text.append(0x5c) }
                text.append(byte)
            }
        }
        return text
    }

    struct Word {
        var bytes: [UInt8]
        var position: Int
    }

    /// `pg_split_opts`: words between whitespace; a backslash takes the next byte as it is, and one at the
    /// end is lost.
    static func split(_ text: [UInt8]) -> [Word] {
        var words: [Word] = []
        var index = 0
        while true {
            while index < text.count, ASCII.isSpace(text[index]) { index += 1 }
            guard index < text.count else { return words }
            var word = Word(bytes: [], position: index)
            var escaped = false
            while index < text.count, escaped || !ASCII.isSpace(text[index]) {
                if !escaped, text[index] == 0x5c {
                    escaped = true
                } else {
                    escaped = false
                    word.bytes.append(text[index])
                }
                index += 1
            }
            words.append(word)
        }
    }

    /// One word that begins with `-`: `getopt`'s switches, one after the other, the last of which may have an
    /// argument behind it or in the next word. `--name=value` is the switch `-` with the argument
    /// `name=value`.
    private static func parse(
        _ word: Word, _ words: [Word], _ index: inout Int, _ settings: inout [Setting]
    ) throws(Mistake) {
        var position = 1
        while position < word.bytes.count {
            let code = word.bytes[position]
            position += 1
            guard let known = Switch(rawValue: code) else {
                throw Mistake(reason: .unknownSwitch(code), position: word.position)
            }
            var argument: [UInt8] = []
            if known.takesArgument {
                if position < word.bytes.count {
                    argument = Array(word.bytes[position...])
                } else if index < words.count {
                    argument = words[index].bytes
                    index += 1
                } else {
                    throw Mistake(reason: .missingArgument(code), position: word.position)
                }
                position = word.bytes.count
            }
            do throws(Switch.Refused) {
                settings.append(contentsOf: try known.settings(argument))
            } catch {
                switch error {
                case .missingValue: throw Mistake(reason: .missingValue, position: word.position)
                case .unknownArgument: throw Mistake(reason: .unknownArgument(code), position: word.position)
                }
            }
        }
    }
}
