import Testing
import Transport

struct DescriptorLimitTests {
    @Test(
        "an eighth of the descriptors, at most 64, is kept for what is no connection",
        arguments: [(64, 55), (1_024, 959), (65_536, 65_471), (.max, .max - 65)])
    func kept(limit: Int, last: Int) {
        #expect(DescriptorLimit.leavesRoom(last, limit: limit))
        #expect(!DescriptorLimit.leavesRoom(last + 1, limit: limit))
    }

    @Test("a descriptor of this process leaves room")
    func now() {
        #expect(DescriptorLimit.leavesRoom(0 as Int32))
        #expect(!DescriptorLimit.leavesRoom(Int32.max))
    }
}
