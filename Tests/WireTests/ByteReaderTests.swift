import Testing
import Wire

@Suite struct ByteReaderTests {
    @Test func `integers are read big-endian and in order`() throws {
        let bytes: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]
        var reader = ByteReader(bytes.span.bytes)
        // A reader does not escape, so the macro cannot look into it: values first.
        let (a, b) = (try reader.readUInt8(), try reader.readUInt16())
        let (c, d) = (try reader.readUInt32(), try reader.readUInt64())
        let isAtEnd = reader.isAtEnd
        #expect(a == 0x01 && b == 0x0203 && c == 0x0405_0607 && d == 0x0809_0A0B_0C0D_0E0F)
        #expect(isAtEnd)
    }

    @Test func `reading past the end throws and takes nothing`() throws {
        let bytes: [UInt8] = [1, 2, 3]
        var reader = ByteReader(bytes.span.bytes)
        var caught: ByteReaderError?
        do throws(ByteReaderError) { _ = try reader.readUInt32() } catch { caught = error }
        #expect(caught == .truncated(needed: 4, available: 3))
        let remaining = reader.remaining
        #expect(remaining == 3)
        do throws(ByteReaderError) { _ = try reader.readBytes(-1) } catch { caught = error }
        #expect(caught == .truncated(needed: -1, available: 3))
        let rest = try reader.readBytes(3)
        #expect(rest == [1, 2, 3])
    }

    @Test func `a subreader ends where its length field says`() throws {
        let bytes: [UInt8] = [9, 8, 7, 6]
        var reader = ByteReader(bytes.span.bytes)
        var part = try reader.subreader(2)
        let inside = try part.readUInt16()
        #expect(inside == 0x0908)
        var failed = false
        do throws(ByteReaderError) { _ = try part.readUInt8() } catch { failed = true }
        #expect(failed)
        failed = false
        let after = try reader.readUInt16()
        #expect(after == 0x0706)
        do throws(ByteReaderError) { _ = try reader.subreader(1) } catch { failed = true }
        #expect(failed)
    }

    @Test func `text must be UTF-8`() throws {
        let good = Array("grüß".utf8)
        var reader = ByteReader(good.span.bytes)
        let text = try reader.readText(good.count)
        #expect(text == "grüß")
        let bad: [UInt8] = [0xC3, 0x28]
        var other = ByteReader(bad.span.bytes)
        var caught: ByteReaderError?
        do throws(ByteReaderError) { _ = try other.readText(2) } catch { caught = error }
        #expect(caught == .invalidText)
    }

    @Test func `a writer's bytes read back`() throws {
        var writer = ByteWriter()
        writer.write(UInt8(7))
        writer.write(UInt16(0))
        writer.write(UInt64.max - 1)
        writer.write(text: "é")
        writer.pad(2)
        writer.patch(0xBEEF, at: 1)
        #expect(writer.bytes == [7, 0xBE, 0xEF, 255, 255, 255, 255, 255, 255, 255, 254, 0xC3, 0xA9, 0, 0])
    }
}
