#pragma once
#include <stddef.h>
#include <stdint.h>

/* CRC32c (RFC 9260 appendix A) of length bytes, as SCTP wants it in its header: little-endian in memory. Uses the
 * processor's instruction where there is one. */
uint32_t martlet_crc32c(const uint8_t *bytes, size_t length);

/* The wall clock of the process that C libraries see through gettimeofday(), which cplatform.c defines in place of the
 * C library's. usrsctp takes round-trip samples and timer ages from it. By default it is the real clock. */
void martlet_virtual_clock_start(int64_t nanoseconds);
void martlet_virtual_clock_set(int64_t nanoseconds);
void martlet_virtual_clock_stop(void);

/* Like memcpy, in blocks small enough that the C library never takes its `rep movsb` path, which is ten times slower
 * when source and destination lie 16 bytes apart modulo 4096 (see Docs/Decisions). */
void martlet_copy(void *destination, const void *source, size_t length);

/* Tells malloc to keep freed memory for reuse instead of returning it after every message. For programs, at start. */
void martlet_tune_malloc(void);
