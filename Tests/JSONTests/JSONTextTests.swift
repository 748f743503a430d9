import JSON
import Testing

struct JSONTextTests {
    @Test func `every kind of value is read and written back`() throws {
        let text =
            #"{"a":null,"b":[true,false],"c":-12,"d":1.5,"e":"x\"\\\n\u0001","f":{},"g":[],"h":9007199254740993}"#
        let value = try JSONValue(parsing: text)
        #expect(value.object?["c"]?.integer == -12)
        #expect(value.object?["e"]?.string == "x\"\\\n\u{1}")
        #expect(value.object?["h"]?.integer == 9_007_199_254_740_993)
        #expect(value.object?.names == ["a", "b", "c", "d", "e", "f", "g", "h"])
        #expect(value.text == text)
    }

    @Test func `strings are written with the escapes that must be`() throws {
        let controls = String(String.UnicodeScalarView((0..<0x20).compactMap { Unicode.Scalar(UInt32($0)) }))
        let string = controls + "\u{7F}/é😀\u{2028}\u{10FFFF}"
        let text = JSONValue.string(string).text
        #expect(text.hasPrefix(#""\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008\t\n\u000b\u000c\r\u000e"#))
        // Beyond the grammar: what would act on a terminal that shows the text.
        #expect(text.hasSuffix("\\u001f\\u007f/é😀\\u2028\u{10FFFF}\""))
        let deceptive = JSONValue.string("a\u{9B}b\u{202E}c\u{2069}d\u{61C}").text
        #expect(deceptive == #""a\u009bb\u202ec\u2069d\u061c""#)
        #expect(try JSONValue(parsing: text) == .string(string))
    }

    @Test func `numbers that JSON does not have become null`() {
        #expect(JSONValue.array([.number(.infinity), .number(-.infinity), .number(.nan)]).text == "[null,null,null]")
    }

    @Test(arguments: [0, -0.5, 1e300, 0x1p-1074, 0.1, 123_456_789.125, -1e20])
    func `other numbers are read back exactly`(number: Double) throws {
        #expect(try JSONValue(parsing: JSONValue.number(number).text) == .number(number))
    }

    @Test func `a value is nothing but what it is`() {
        let values: [JSONValue] = [
            .null, .bool(true), .integer(1), .number(2), .string("x"), .array([.null]), .object(["a": .null]),
        ]
        #expect(values.map(\.integer) == [nil, nil, 1, nil, nil, nil, nil])
        #expect(values.map(\.string) == [nil, nil, nil, nil, "x", nil, nil])
        #expect(values.map(\.array) == [nil, nil, nil, nil, nil, [.null], nil])
        #expect(values.map(\.object) == [nil, nil, nil, nil, nil, nil, ["a": .null]])
    }

    @Test func `a second member of a name changes nothing`() {
        var object: JSONObject = ["b": .integer(1), "a": .null]
        #expect(object.insert(.integer(2), as: "b") == false)
        #expect(object.insert(.integer(3), as: "c") == true)
        #expect(JSONValue.object(object).text == #"{"b":1,"a":null,"c":3}"#)
    }
}
