extension MeasuredConnection {
    /// The partner received messages.
    ///
    /// - Returns: false when there was no such message, or it cannot have come then, or waited so long; those before it
    ///   count.
    func partnerReceived(_ arrivals: [LabArrival]) -> Bool {
        arrivals.allSatisfy { partnerReceived($0.sequence, at: $0.at, waited: $0.waited) }
    }
}
