internal import Signaling

extension Rendezvous {
    /// As a person types it: without the slash at its end.
    var address: String { pageAddress.hasSuffix("/") ? String(pageAddress.dropLast()) : pageAddress }
}
