import Pairing
import Testing

struct CodeTests {
    @Test(arguments: [
        "7-clock-mango-crust", "  7 Clock MANGO crust\n", "7.clock_mango--crust", "7--clock - mango .. crust",
        "7-cloc-mango-crust", "7-clockk-mango-crust", "7-lcock-mango-crust", "7-clock-mangp-crust",
    ])
    func `codes are read as people type them`(text: String) throws {
        let code = try RoomCode(parsing: text)
        #expect(code.number == RoomNumber(7))
        #expect(code.text == "7-clock-mango-crust")
    }
}
