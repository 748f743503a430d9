internal import CUsrsctp

/// Every setting that Martlet changes in usrsctp, in one place, with its reason. The defaults of 0.9.5.0 are made for
/// telephone signalling and cost bulk data most of its speed; figures in Docs/Decisions/SCTP-parameters.md.
package enum SCTPParameters {
    /// The largest SCTP packet, common header included: what fits 1280 bytes of IPv6 below DTLS and a TURN channel, and
    /// what both browsers use.
    package static let maximumPacketBytes = 1191

    /// Bytes that one message may have towards us; announced as `a=max-message-size` (RFC 8841 section 6).
    package static let maximumMessageBytes = 262_144

    /// Send buffer. More only deepens the queue that slow start overshoots into.
    package static let sendBufferBytes = 1024 * 1024

    /// Receive buffer, hence the largest window offered to the peer.
    package static let receiveBufferBytes = 4 * 1024 * 1024

    /// Streams in each direction. Tables are allocated eagerly: 1,024 cost about 250 kB, 65,535 about 16 MB.
    package static let streamCount: UInt16 = 1024

    /// Applied once, before the first socket: usrsctp reads these when an association is made.
    static func applyGlobally() {
        // Not used over DTLS, and each is attack surface.
        usrsctp_sysctl_set_sctp_ecn_enable(0)
        usrsctp_sysctl_set_sctp_asconf_enable(0)
        usrsctp_sysctl_set_sctp_auto_asconf(0)
        usrsctp_sysctl_set_sctp_auth_enable(0)
        usrsctp_sysctl_set_sctp_pktdrop_enable(0)
        usrsctp_sysctl_set_sctp_nrsack_enable(0)
        // A packet carries one chunk of bulk data; 512, the default, stalls at 570 kB below any buffer size.
        usrsctp_sysctl_set_sctp_max_chunks_on_queue(16 * 1024)
        // RFC 6928's initial window, as the browsers have it.
        usrsctp_sysctl_set_sctp_initial_cwnd(10)
        // Bounding bursts by the window cuts it back to what is in flight, which with delayed SACKs is nothing.
        usrsctp_sysctl_set_sctp_use_cwnd_based_maxburst(0)
        // 30, the default, aborts an association for plain slow-start overshoot.
        usrsctp_sysctl_set_sctp_max_retran_chunk(0)
        usrsctp_sysctl_set_sctp_rto_min_default(200)
        usrsctp_sysctl_set_sctp_rto_initial_default(1000)
        usrsctp_sysctl_set_sctp_rto_max_default(3000)
        usrsctp_sysctl_set_sctp_delayed_sack_time_default(20)
        usrsctp_sysctl_set_sctp_heartbeat_interval_default(10_000)
        // Death is decided by ICE consent (RFC 7675), never by retransmission counters.
        usrsctp_sysctl_set_sctp_init_rtx_max_default(64)
        usrsctp_sysctl_set_sctp_assoc_rtx_max_default(65_535)
        usrsctp_sysctl_set_sctp_path_rtx_max_default(65_535)
        // RFC 9260's own congestion control: every other module of 0.9.5.0 does worse on long paths.
        usrsctp_sysctl_set_sctp_default_cc_module(0)
    }
}
