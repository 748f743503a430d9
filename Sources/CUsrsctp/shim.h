#pragma once
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <usrsctp.h>

/* SCTP_RESET_STREAMS for the outgoing side of at most 64 streams (RFC 6525). Its structure ends in a flexible array,
 * which Swift cannot import. Returns 0 or an errno. */
static inline int martlet_reset_outgoing_streams(struct socket *socket, const uint16_t *streams, uint16_t count) {
    uint16_t storage[(sizeof(struct sctp_reset_streams)) / 2 + 64];
    struct sctp_reset_streams *request = (struct sctp_reset_streams *)storage;
    if (count > 64) return EINVAL;
    request->srs_assoc_id = SCTP_ALL_ASSOC;
    request->srs_flags = SCTP_STREAM_RESET_OUTGOING;
    request->srs_number_streams = count;
    memcpy(request->srs_stream_list, streams, count * sizeof *streams);
    socklen_t length = (socklen_t)(sizeof *request + count * sizeof *streams);
    return usrsctp_setsockopt(socket, IPPROTO_SCTP, SCTP_RESET_STREAMS, request, length) ? errno : 0;
}
