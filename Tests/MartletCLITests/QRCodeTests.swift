import Testing

@testable import MartletCLI

@Suite struct QRCodeTests {
    @Test func `a small matrix is drawn with its quiet zone, light modules as blocks`() throws {
        // Dark modules: a diagonal of three.
        let matrix = try #require(
            QRMatrix(size: 3, modules: [true, false, false, false, true, false, false, false, true]))
        #expect(
            QRCode(matrix: matrix).lines(.drawn) == [
                "███████",
                "██▄▀███",
                "████▄██",
                "███████",
            ])
    }

    @Test func `explicit colours surround every line and are given back`() throws {
        let matrix = try #require(QRMatrix("http://192.168.1.20:4040/#abcdefghijkmnpqr.AAECAwQFBgcICQoLDA0ODw"))
        let code = QRCode(matrix: matrix)
        let plain = code.lines(.drawn)
        for (line, drawn) in zip(code.lines(.explicit), plain) {
            #expect(line == "\u{1B}[38;5;231;48;5;16m" + drawn + "\u{1B}[39;49m")
        }
        #expect(plain.allSatisfy { $0.count == code.columns })
        #expect(plain.count == code.rowCount)
    }

    @Test func `the code of a link fits a terminal of 80 times 24`() throws {
        let matrix = try #require(QRMatrix("http://192.168.100.200:4040/#abcdefghijkmnpqr.AAECAwQFBgcICQoLDA0ODw"))
        // Version 4: 33 modules.
        #expect(matrix.size == 33)
        #expect(QRCode(matrix: matrix).rowCount == 19)
    }

    @Test func `a real code has its three finder patterns`() throws {
        let matrix = try #require(QRMatrix("martlet"))
        let last = matrix.size - 7
        for (row, column) in [(0, 0), (0, last), (last, 0)] {
            for step in 0..<7 {
                #expect(matrix.isDark(row: row, column: column + step))
                #expect(matrix.isDark(row: row + step, column: column))
            }
            #expect(!matrix.isDark(row: row + 1, column: column + 1))
            #expect(matrix.isDark(row: row + 3, column: column + 3))
        }
        #expect(!matrix.isDark(row: -1, column: 0) && !matrix.isDark(row: 0, column: matrix.size))
    }

    @Test func `what no code can hold gives none`() {
        #expect(QRMatrix("") == nil)
        #expect(QRMatrix("a\0b") == nil)
        #expect(QRMatrix(String(repeating: "x", count: 3000)) == nil)
        #expect(QRMatrix(size: 2, modules: [true]) == nil)
    }
}
