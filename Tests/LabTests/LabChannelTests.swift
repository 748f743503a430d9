import Lab
import Testing

@Suite struct LabChannelTests {
    @Test(arguments: [
        ("ordered", "ordered, reliable"), ("unordered", "unordered, reliable"),
        ("unordered:rtx=0", "unordered, maxRetransmits 0"), ("ordered:life=100", "ordered, maxPacketLifeTime 100"),
        ("unordered:rtx=65535", "unordered, maxRetransmits 65535"),
    ]) func `options read as they are written, and have a name`(text: String, name: String) throws {
        let channel = try #require(LabChannel(parsing: text))
        #expect(channel.name == name)
        #expect(channel.shortName == text)
        #expect(channel.isReliable == !text.contains(":"))
    }

    @Test(arguments: [
        "", "orderd", "ordered:", "ordered:rtx", "ordered:rtx=", "ordered:rtx=-1", "ordered:rtx=+1",
        "ordered:rtx=65536",
        "ordered:life=1:rtx=1", "ordered:life=1,rtx=1", "unordered:lifetime=1", " ordered",
    ]) func `other options are refused`(text: String) {
        #expect(LabChannel(parsing: text) == nil)
    }
}
