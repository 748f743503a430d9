import JSON
import Testing

struct JSONReaderTests {
    @Test func `integers and other numbers are told apart`() throws {
        #expect(try JSONValue(parsing: "0") == .integer(0))
        #expect(try JSONValue(parsing: "-0") == .integer(0))
        #expect(try JSONValue(parsing: "2.0") == .number(2))
        #expect(try JSONValue(parsing: "1e3") == .number(1000))
        #expect(try JSONValue(parsing: "-2.5E-1") == .number(-0.25))
    }

    @Test func `integers are exact as far as 64 bits go`() throws {
        #expect(try JSONValue(parsing: "9007199254740993") == .integer(9_007_199_254_740_993))
        #expect(try JSONValue(parsing: "9223372036854775807") == .integer(.max))
        #expect(try JSONValue(parsing: "-9223372036854775808") == .integer(.min))
        #expect(try JSONValue(parsing: "9223372036854775808") == .number(0x1p63))
        #expect(try JSONValue(parsing: "99999999999999999999") == .number(1e20))
    }

    @Test func `numbers of any length and size are read`() throws {
        #expect(try JSONValue(parsing: "1e999") == .number(.infinity))
        #expect(try JSONValue(parsing: "-1e999") == .number(-.infinity))
        #expect(try JSONValue(parsing: "1e-999") == .number(0))
        #expect(try JSONValue(parsing: String(repeating: "9", count: 60_000)) == .number(.infinity))
        #expect(try JSONValue(parsing: "0." + String(repeating: "0", count: 60_000)) == .number(0))
    }

    @Test func `members stay in order`() throws {
        let object = try #require(try JSONValue(parsing: #"{"z":1,"a":{"":[]},"m":null}"#).object)
        #expect(object.names == ["z", "a", "m"])
        #expect(object["a"] == .object(["": .array([])]))
        #expect(object["b"] == nil)
    }

    @Test func `white space may stand around everything`() throws {
        let value = try JSONValue(parsing: "\r\n\t { \"a\" : [ 1 , true ] ,\n\"b\":\t{ } } ")
        #expect(value == .object(["a": .array([.integer(1), .bool(true)]), "b": .object([:])]))
    }

    @Test(arguments: [UnpairedSurrogate.refused, .replaced])
    func `escapes and surrogate pairs are decoded`(unpaired: UnpairedSurrogate) throws {
        let text = #" "\"\\\/\b\f\n\r\t\u00e4\u20AC\ud83d\ude00\uDBFF\uDFFF" "#
        let value = try JSONValue(parsing: text, unpairedSurrogates: unpaired)
        #expect(value.string == "\"\\/\u{8}\u{C}\n\r\tä€😀\u{10FFFF}")
    }

    @Test(arguments: [
        (#"\ud800"#, "\u{FFFD}"), (#"\udc00"#, "\u{FFFD}"), (#"\ud800x"#, "\u{FFFD}x"), (#"\ud800\n"#, "\u{FFFD}\n"),
        (#"\ud800\u0041"#, "\u{FFFD}A"), (#"\ud83d\ud83d\ude00"#, "\u{FFFD}😀"), (#"\ude00\ud83d"#, "\u{FFFD}\u{FFFD}"),
        (#"a\ud83dz\ude00\ud83d\u0041"#, "a\u{FFFD}z\u{FFFD}\u{FFFD}A"),
    ])
    func `an unpaired surrogate is refused or replaced, as the caller says`(escaped: String, text: String) throws {
        let string = "\"\(escaped)\""
        #expect(throws: JSONError.self) { try JSONValue(parsing: string, unpairedSurrogates: .refused) }
        #expect(try JSONValue(parsing: string, unpairedSurrogates: .replaced) == .string(text))
    }

    private static let refused = [
        "", " ", "{", "[", "\"", "nul", "tru", "truE", "nulll", "{]", "[}", "[1,]", "[,1]", "[1 2]", "{,}", "{\"a\"}",
        "{\"a\":}", "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "{'a':1}", "{1:1}", "01", "-01", "00", "-", "--1", "+1", "1.",
        ".5", "1.e1", "1e", "1e+", "1e1.5", "NaN", "Infinity", "-Infinity", "0x10", "1 2", "{}{}", "{}x", "//",
        "\"\n\"",
        "\"\u{0}\"", "\"\u{1F}\"", "\u{A0}1", "\u{FEFF}{}", "\"\\", #""\x""#, #""\U0041""#, #""\u12""#, #""\u12G4""#,
        #""\ud83d\u""#, #""\ud83d\uzzzz""#, #""\ud83d\""#, #"{"a":1,"a":2}"#, #"{"a":1,"\u0061":2}"#,
    ]

    @Test(arguments: refused, [UnpairedSurrogate.refused, .replaced])
    func `what is no JSON is refused`(text: String, unpaired: UnpairedSurrogate) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: text, unpairedSurrogates: unpaired) }
    }

    @Test(
        arguments: [
            ("", .unexpectedEnd(at: 0)), (" {\"a\":", .unexpectedEnd(at: 6)), ("1.", .unexpectedEnd(at: 2)),
            ("[1,]", .unexpectedByte(at: 3)), ("01", .unexpectedByte(at: 1)), ("\"ä\n\"", .unexpectedByte(at: 3)),
            ("nul ", .unexpectedByte(at: 3)), (#""a\x""#, .badEscape(at: 2)), (#""\ud800""#, .badEscape(at: 1)),
            (#"{"a":1,"b":2,"a":3}"#, .duplicateMember("a", at: 13)),
        ] as [(String, JSONError)])
    func `an error says what is wrong, and where`(text: String, expected: JSONError) {
        #expect(throws: expected) { try JSONValue(parsing: text) }
    }

    @Test func `a member that comes twice is refused wherever it is`() {
        #expect(throws: JSONError.duplicateMember("b", at: 21)) {
            try JSONValue(parsing: #"[0,{"a":{"b":{"b":1},"b":2}}]"#)
        }
        #expect(throws: Never.self) { try JSONValue(parsing: #"[{"a":{"a":1}},{"a":2}]"#) }
    }

    @Test(arguments: [1, 8, 16])
    func `deep nesting is refused without deep recursion`(limit: Int) throws {
        func read(_ text: String) throws(JSONError) -> JSONValue {
            try JSONValue(parsing: text, depthLimit: limit, unpairedSurrogates: .refused)
        }
        #expect(throws: JSONError.tooDeep(limit: limit)) { try read(String(repeating: "[", count: 200_000)) }
        #expect(throws: JSONError.tooDeep(limit: limit)) { try read(String(repeating: #"{"a":"#, count: 200_000)) }
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + "1" + String(repeating: "]", count: depth)
        }
        #expect(try read(nested(limit)).text == nested(limit))
        #expect(throws: JSONError.tooDeep(limit: limit)) { try read(nested(limit + 1)) }
        // What stands side by side is not deep.
        let wide = "[" + Array(repeating: limit > 1 ? "[]" : "1", count: 1000).joined(separator: ",") + "]"
        #expect(try read(wide).array?.count == 1000)
    }

    @Test func `without any depth only scalars are read`() throws {
        func read(_ text: String) throws(JSONError) -> JSONValue {
            try JSONValue(parsing: text, depthLimit: 0, unpairedSurrogates: .refused)
        }
        #expect(try read("1") == .integer(1))
        #expect(throws: JSONError.tooDeep(limit: 0)) { try read("[]") }
    }
}
