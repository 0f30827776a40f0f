import Gateway
import Testing

@Suite struct LongLookTests {
    @Test("What has come of a message is handed out whole and once, and nothing of one that was given up")
    func pieces() {
        var look = LongLook<String>()
        look.gather([1, 2], of: 7)
        look.gather([3], of: 7)
        #expect(look.gathered(of: 7) == 3)
        #expect(look.takePieces(of: 7) == [[1, 2], [3]])
        #expect(look.gathered(of: 7) == 0)
        #expect(look.takePieces(of: 7) == [])
        // 8 is refused while it comes, and nobody says so; the next one is long too.
        look.gather([4, 5], of: 8)
        #expect(look.gathered(of: 9) == 0)
        #expect(look.takePieces(of: 9) == [])
        look.gather([6], of: 9)
        #expect(look.gathered(of: 9) == 1)
        #expect(look.takePieces(of: 9) == [[6]])
    }

    @Test("What is found in a message is of no account for another, whether it comes early, late or never")
    func found() {
        var look = LongLook<String>()
        look.begin(7)
        #expect(look.isReading(7))
        #expect(!look.isReading(8))
        // 7 is refused for its budget meanwhile; 8 is long too, and is asked about next.
        look.begin(8)
        look.end(7, "harmless")
        #expect(look.found(in: 8) == nil)
        #expect(look.found(in: 7) == nil)
        #expect(look.isReading(8))
        look.end(8, "forbidden")
        #expect(look.found(in: 8) == "forbidden")
        #expect(look.found(in: 9) == nil)
        // Nobody said that 8 is over.
        look.replace(9, "harmless")
        #expect(look.found(in: 9) == nil)
        look.replace(8, "judged anew")
        #expect(look.found(in: 8) == "judged anew")
        look.forget()
        #expect(look.found(in: 8) == nil)
        look.end(8, "late")
        #expect(look.found(in: 8) == nil)
    }
}
