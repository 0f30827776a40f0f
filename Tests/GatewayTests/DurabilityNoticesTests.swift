import Gateway
import Testing

@Suite struct DurabilityNoticesTests {
    @Test("A worker that wants is woken once; one that does not, or waits for another region, is not")
    func wanting() {
        let notices = DurabilityNotices(workers: 3, regions: ["eu", "us"])
        #expect(notices.takeWanting(region: "eu") == [])
        notices.flag(worker: 0, region: "eu").want()
        notices.flag(worker: 2, region: "eu").want()
        notices.flag(worker: 1, region: "us").want()
        #expect(notices.takeWanting(region: "eu") == [0, 2])
        #expect(notices.takeWanting(region: "eu") == [])
        #expect(notices.takeWanting(region: "us") == [1])
    }

    @Test("Wanting twice is one wake-up, and wanting again after it another")
    func again() {
        let notices = DurabilityNotices(workers: 1, regions: ["eu"])
        let flag = notices.flag(worker: 0, region: "eu")
        flag.want()
        flag.want()
        #expect(notices.takeWanting(region: "eu") == [0])
        flag.want()
        #expect(notices.takeWanting(region: "eu") == [0])
    }

    @Test("A region or worker that there is not wakes nobody")
    func unknown() {
        let notices = DurabilityNotices(workers: 1, regions: ["eu"])
        notices.flag(worker: 0, region: "nowhere").want()
        notices.flag(worker: 1, region: "eu").want()
        #expect(notices.takeWanting(region: "nowhere") == [])
        #expect(notices.takeWanting(region: "eu") == [])
    }
}
