#include "cplatform.h"

#include <string.h>
#include <sys/time.h>
#include <time.h>

#if defined(__linux__) && defined(__GLIBC__)
#include <malloc.h>
#endif
#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__aarch64__)
#include <arm_acle.h>
#endif

/* Portable fallback: the reflected polynomial 0x82F63B78, one byte a step. */
static uint32_t crc32c_portable(uint32_t crc, const uint8_t *bytes, size_t length) {
    static uint32_t table[256];
    static _Atomic int ready;
    if (!ready) {
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t value = i;
            for (int bit = 0; bit < 8; bit++) value = value & 1 ? value >> 1 ^ 0x82F63B78u : value >> 1;
            table[i] = value;
        }
        ready = 1;
    }
    while (length--) crc = table[(crc ^ *bytes++) & 255] ^ crc >> 8;
    return crc;
}

#if defined(__x86_64__)
/* The crc32 instruction has a latency of three cycles and a throughput of one: three lanes keep it busy. The lanes are
 * joined by shifting a remainder over LANE zero bytes with tables. */
enum { LANE = 336 };
static uint32_t over_one_lane[4][256], over_two_lanes[4][256];

__attribute__((target("sse4.2"))) static uint32_t crc32c_lane(uint32_t crc, const uint8_t *bytes, size_t length) {
    uint64_t value = crc;
    for (; length >= 8; bytes += 8, length -= 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        value = _mm_crc32_u64(value, word);
    }
    while (length--) value = _mm_crc32_u8((uint32_t)value, *bytes++);
    return (uint32_t)value;
}

__attribute__((target("sse4.2"))) static void make_lane_tables(void) {
    static const uint8_t zeros[2 * LANE];
    for (int byte = 0; byte < 4; byte++)
        for (uint32_t i = 0; i < 256; i++) {
            over_one_lane[byte][i] = crc32c_lane(i << 8 * byte, zeros, LANE);
            over_two_lanes[byte][i] = crc32c_lane(i << 8 * byte, zeros, 2 * LANE);
        }
}

static inline uint32_t shift(uint32_t table[4][256], uint32_t crc) {
    return table[0][crc & 255] ^ table[1][crc >> 8 & 255] ^ table[2][crc >> 16 & 255] ^ table[3][crc >> 24];
}

__attribute__((target("sse4.2"))) static uint32_t crc32c_lanes(uint32_t crc, const uint8_t *bytes, size_t length) {
    while (length >= 3 * LANE) {
        uint64_t a = crc, b = 0, c = 0;
        for (int i = 0; i < LANE; i += 8) {
            uint64_t x, y, z;
            memcpy(&x, bytes + i, 8);
            memcpy(&y, bytes + LANE + i, 8);
            memcpy(&z, bytes + 2 * LANE + i, 8);
            a = _mm_crc32_u64(a, x);
            b = _mm_crc32_u64(b, y);
            c = _mm_crc32_u64(c, z);
        }
        crc = shift(over_two_lanes, (uint32_t)a) ^ shift(over_one_lane, (uint32_t)b) ^ (uint32_t)c;
        bytes += 3 * LANE;
        length -= 3 * LANE;
    }
    return crc32c_lane(crc, bytes, length);
}

static int has_crc_instruction;
__attribute__((constructor)) static void find_crc_instruction(void) {
    __builtin_cpu_init();
    if (__builtin_cpu_supports("sse4.2")) {
        make_lane_tables();
        has_crc_instruction = 1;
    }
}
#endif

uint32_t martlet_crc32c(const uint8_t *bytes, size_t length) {
#if defined(__x86_64__)
    if (has_crc_instruction) return ~crc32c_lanes(0xFFFFFFFFu, bytes, length);
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
    uint32_t crc = 0xFFFFFFFFu;
    for (; length >= 8; bytes += 8, length -= 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        crc = __crc32cd(crc, word);
    }
    while (length--) crc = __crc32cb(crc, *bytes++);
    return ~crc;
#endif
    return ~crc32c_portable(0xFFFFFFFFu, bytes, length);
}

static _Atomic int clock_is_virtual;
static _Atomic int64_t virtual_nanoseconds;

void martlet_virtual_clock_start(int64_t nanoseconds) {
    virtual_nanoseconds = nanoseconds;
    clock_is_virtual = 1;
}

void martlet_virtual_clock_set(int64_t nanoseconds) { virtual_nanoseconds = nanoseconds; }

void martlet_virtual_clock_stop(void) { clock_is_virtual = 0; }

#if defined(__linux__)
int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    (void)zone;
    if (clock_is_virtual) {
        /* Away from zero: a library may take a zero time for "never". */
        int64_t now = virtual_nanoseconds + 1000000000LL * 1000000;
        time->tv_sec = now / 1000000000;
        time->tv_usec = now % 1000000000 / 1000;
        return 0;
    }
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    time->tv_sec = now.tv_sec;
    time->tv_usec = now.tv_nsec / 1000;
    return 0;
}
#endif

void martlet_copy(void *destination, const void *source, size_t length) {
    uint8_t *to = destination;
    const uint8_t *from = source;
    for (; length > 1024; to += 1024, from += 1024, length -= 1024) memcpy(to, from, 1024);
    memcpy(to, from, length);
}

void martlet_tune_malloc(void) {
#if defined(__linux__) && defined(__GLIBC__)
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TOP_PAD, 4 << 20);
    mallopt(M_ARENA_MAX, 2);
#endif
}
