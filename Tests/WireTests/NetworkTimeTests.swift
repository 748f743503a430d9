import Testing
import Wire

@Suite struct NetworkTimeTests {
    @Test func `time advances and differs by durations`() {
        let later = NetworkTime.zero.advanced(by: .milliseconds(1500))
        #expect(later.nanoseconds == 1_500_000_000)
        #expect(NetworkTime.zero.duration(to: later) == .milliseconds(1500))
        #expect(later.duration(to: .zero) == .milliseconds(-1500))
        #expect(NetworkTime.zero < later)
    }

    @Test func `the ends of the scale are reached and not passed`() {
        #expect(NetworkTime.distantFuture.advanced(by: .seconds(1)) == .distantFuture)
        #expect(NetworkTime.zero.advanced(by: .seconds(Int64.max)) == .distantFuture)
        #expect(Duration.seconds(Int64.min).wholeNanoseconds == .min)
    }

    @Test func `durations convert to plain numbers`() {
        #expect(Duration.milliseconds(2500).seconds == 2.5)
        #expect(Duration.microseconds(1999).wholeMilliseconds == 1)
        #expect(Duration.nanoseconds(-5).wholeNanoseconds == -5)
    }
}
