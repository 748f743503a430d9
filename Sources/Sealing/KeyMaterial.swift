internal import CSodium

/// Secret bytes in memory of their own, which is wiped when the last reference goes.
///
/// It prints as `<secret>`. What is computed from it with Swift's arrays is wiped where it ends; the compiler may still
/// leave copies in registers and on the stack, which nothing in Swift can prevent.
@safe
package final class KeyMaterial: @unchecked Sendable {
    // Sendable: nobody writes after init.
    private let storage: UnsafeMutableRawBufferPointer

    package var count: Int { unsafe storage.count }

    /// Takes the bytes over: the array is left with zeros in it.
    package init(taking bytes: inout [UInt8]) {
        unsafe storage = .allocate(byteCount: bytes.count, alignment: 16)
        unsafe storage.copyBytes(from: bytes)
        Self.wipe(&bytes)
    }

    deinit {
        unsafe sodium_memzero(storage.baseAddress, storage.count)
        unsafe storage.deallocate()
    }

    /// Lends the bytes, which the body must not keep.
    package func withBytes<Result>(_ body: ([UInt8]) throws -> Result) rethrows -> Result {
        var copy = unsafe [UInt8](storage)
        defer { Self.wipe(&copy) }
        return try body(copy)
    }

    /// Overwrites with zeros, in a way that the compiler does not leave out.
    package static func wipe(_ bytes: inout [UInt8]) {
        unsafe bytes.withUnsafeMutableBytes { unsafe sodium_memzero($0.baseAddress, $0.count) }
    }
}

extension KeyMaterial: Equatable {
    /// In constant time; different lengths are unequal.
    package static func == (left: KeyMaterial, right: KeyMaterial) -> Bool {
        guard left.count == right.count else { return false }
        return unsafe sodium_memcmp(left.storage.baseAddress!, right.storage.baseAddress!, left.count) == 0
    }
}

extension KeyMaterial: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "<secret>" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
