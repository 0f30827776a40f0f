import SQLText
import Testing

@Suite struct WordSearchTests {
    private let search = WordSearch(["prepare", "present", "u&", "ab"])

    private func finds(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return search.isIn(bytes.span)
    }

    @Test func `A word is found at the beginning, in the middle and at the end, in either case`() {
        for text in [
            "prepare", "x PREPARE y", "unprepared", "Present", "x u&", "U&\"x\"", "ab", "aab", "pprepare",
            "é ab",
        ] {
            #expect(finds(text), "\(text)")
        }
    }

    @Test func `Words that begin alike are told apart, and one that is cut off is none`() {
        for text in [
            "", "p", "pr", "prepar", "presen", "pre-pare", "prep are", "u", "u &", "a b", "PRESENÉ",
            "pr\u{0}epare",
        ] {
            #expect(!finds(text), "\(text)")
        }
    }
}
