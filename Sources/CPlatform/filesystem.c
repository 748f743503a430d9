#define _GNU_SOURCE
#include "filesystem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/syscall.h>
#if __has_include(<linux/openat2.h>)
#include <linux/openat2.h>
#endif
#endif

int martlet_open_beneath_portable(int directory, const char *path, int flags, unsigned mode) {
    if (path[0] == '/') {
        errno = EXDEV;
        return -1;
    }
    int parent = directory;
    for (;;) {
        size_t length = strcspn(path, "/");
        char component[256];
        if (length >= sizeof component) {
            errno = ENAMETOOLONG;
        } else if (length == 0) {
            errno = EINVAL;
        } else if (path[0] == '.' && (length == 1 || (length == 2 && path[1] == '.'))) {
            errno = EXDEV;
        } else {
            memcpy(component, path, length);
            component[length] = 0;
            int is_last = path[length] == 0;
            int opened = is_last ? openat(parent, component, flags | O_NOFOLLOW | O_CLOEXEC, mode)
                                 : openat(parent, component, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            int reason = errno;
            if (parent != directory) close(parent);
            errno = reason;
            if (is_last || opened < 0) return opened;
            parent = opened;
            path += length + 1;
            continue;
        }
        int reason = errno;
        if (parent != directory) close(parent);
        errno = reason;
        return -1;
    }
}

int martlet_open_beneath(int directory, const char *path, int flags, unsigned mode) {
#if defined(SYS_openat2) && defined(RESOLVE_BENEATH)
    struct open_how how = {
        .flags = (unsigned)(flags | O_CLOEXEC | O_NOFOLLOW),
        .mode = flags & O_CREAT ? mode : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    for (int attempt = 0; attempt < 16; attempt++) {
        int opened = (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
        if (opened >= 0) return opened;
        /* EAGAIN: something was renamed meanwhile, and the kernel could not be sure. */
        if (errno != EAGAIN) break;
    }
    /* Sandboxes answer unknown system calls with EPERM; a refusal that is meant comes again from openat(). */
    if (errno != ENOSYS && errno != EPERM && errno != EAGAIN) return -1;
#endif
    return martlet_open_beneath_portable(directory, path, flags, mode);
}

int martlet_rename_new_portable(int from_directory, const char *from, int to_directory, const char *to) {
    if (linkat(from_directory, from, to_directory, to, 0) == 0) {
        /* Both names are there now; the old one is only litter if this fails. */
        unlinkat(from_directory, from, 0);
        return 0;
    }
    if (errno != EPERM && errno != ENOTSUP && errno != EOPNOTSUPP && errno != ENOSYS && errno != EMLINK) return -1;
    /* Neither an exclusive rename nor links: look, then rename. Claiming the name with an empty file first would leave that
     * behind when we are killed in between; what remains is a race with another program of this machine. */
    struct stat status;
    if (fstatat(to_directory, to, &status, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return -1;
    }
    if (errno != ENOENT) return -1;
    return renameat(from_directory, from, to_directory, to);
}

int martlet_rename_new(int from_directory, const char *from, int to_directory, const char *to) {
#if defined(SYS_renameat2)
    enum { NO_REPLACE = 1 };
    if (syscall(SYS_renameat2, from_directory, from, to_directory, to, NO_REPLACE) == 0) return 0;
    if (errno != EINVAL && errno != ENOSYS) return -1;
#elif defined(RENAME_EXCL)
    if (renameatx_np(from_directory, from, to_directory, to, RENAME_EXCL) == 0) return 0;
    if (errno != ENOTSUP && errno != EINVAL) return -1;
#endif
    return martlet_rename_new_portable(from_directory, from, to_directory, to);
}

unsigned martlet_umask(void) {
#if defined(__linux__)
    FILE *status = fopen("/proc/self/status", "re");
    if (status) {
        char line[256];
        unsigned mask = 0;
        int found = 0;
        while (!found && fgets(line, sizeof line, status)) found = sscanf(line, "Umask: %o", &mask) == 1;
        fclose(status);
        if (found) return mask & 0777;
    }
#endif
    mode_t mask = umask(077);
    umask(mask);
    return mask & 0777;
}

void martlet_start_writeback(int file, int64_t offset, int64_t length) {
#if defined(__linux__)
    int reason = errno;
    sync_file_range(file, offset, length, SYNC_FILE_RANGE_WRITE);
    errno = reason;
#else
    (void)file, (void)offset, (void)length;
#endif
}

int martlet_set_modified(int file, int64_t seconds) {
    struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {.tv_sec = (time_t)seconds}};
    return futimens(file, times);
}

int martlet_sync_data(int file) {
#if defined(__linux__)
    return fdatasync(file);
#else
    return fsync(file);
#endif
}

int martlet_sync_filesystem(int file) {
#if defined(__linux__)
    return syncfs(file);
#else
    (void)file;
    errno = ENOSYS;
    return -1;
#endif
}

int64_t martlet_write_some(int file, const void *bytes, size_t length) {
    for (;;) {
        ssize_t count = write(file, bytes, length);
        if (count >= 0 || (errno != EINTR && errno != EAGAIN)) return count;
        /* Somebody made it non-blocking, a shell's terminal for example. */
        if (errno == EAGAIN) {
            struct pollfd wait = {.fd = file, .events = POLLOUT};
            poll(&wait, 1, 1000);
        }
    }
}
