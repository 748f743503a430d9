extension LabError {
    /// The message that tells the other side why the connection ends; nil where it knows, is gone, or need not know.
    var notice: LabControlMessage? {
        switch self {
        case .protocolViolation(let text): .error(code: "protocol", message: text)
        case .otherVersion: .error(code: "version", message: "This side speaks version \(LabControlMessage.version).")
        case .failed(let text), .noConnection(let text): .error(code: "internal", message: text)
        case .cancelled: .error(code: "cancelled", message: "it was stopped")
        case .badReport, .badPlan, .partnerFailed, .otherProtocol: nil
        }
    }

    /// Why the other side has ended the connection, by its own words.
    init(told code: String, _ text: String) {
        switch code {
        case "version": self = .otherVersion
        case "cancelled": self = .partnerFailed("it was stopped there")
        default: self = .partnerFailed(text.isEmpty ? code : text)
        }
    }

    /// As part of a sentence.
    package var reason: String {
        switch self {
        case .badReport(let text), .badPlan(let text), .noConnection(let text), .partnerFailed(let text),
            .protocolViolation(let text), .failed(let text):
            text
        case .otherProtocol(let name): "it speaks \(name)"
        case .otherVersion: "it speaks another version of the lab"
        case .cancelled: "it was stopped"
        }
    }
}
