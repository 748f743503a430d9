/* Loaded before the C library (LD_PRELOAD): kills the process at a chosen call, and writes a log of every change of the
 * disk beneath one folder, from which a test rebuilds what a loss of power may leave.
 *
 *   MARTLET_SHIM_FOLDER   only calls on paths beneath it count
 *   MARTLET_SHIM_KILL     CALL:N or CALL:N:TEXT: SIGKILL before the N-th (from 1) of these calls, TEXT being in the path;
 *                         CALL is write, sync, create, rename, remove, read or any
 *   MARTLET_SHIM_LOG      the log (MARTLET_SHIM_BRIEF=1: without what was written); MARTLET_SHIM_GRAVES: a folder of the same file system for links to removed files
 *
 * A record: u8 kind, u8 result (0: failed), u64 inode, u64 offset, u64 length, u32 first text, u32 second text, u32 data,
 * and then these three. Records are in the order in which the calls ended; `sync` has in `offset` the number of records
 * there were when it began. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

enum kind { WRITE = 1, TRUNCATE, SYNC, SYNC_ALL, CREATE, MAKE_FOLDER, RENAME, REMOVE, READ };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *folder, *kill_call, *kill_text, *graves;
static long kill_at, calls;
static int is_brief;
static int log_file = -1;
static uint64_t records;

/* Looked up at its first use: libraries that are initialized before this one make calls, too. */
typedef long system_call(long, ...);
static system_call *find_syscall(void) {
    static system_call *found;
    if (!found) found = (system_call *)dlsym(RTLD_NEXT, "syscall");
    return found;
}
#define next_syscall (find_syscall())

__attribute__((constructor)) static void start(void) {
    folder = getenv("MARTLET_SHIM_FOLDER");
    graves = getenv("MARTLET_SHIM_GRAVES");
    is_brief = getenv("MARTLET_SHIM_BRIEF") != NULL;
    const char *log = getenv("MARTLET_SHIM_LOG");
    if (log) log_file = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    char *wanted = getenv("MARTLET_SHIM_KILL");
    if (wanted) {
        wanted = strdup(wanted);
        kill_call = strtok(wanted, ":");
        kill_at = atol(strtok(NULL, ":"));
        kill_text = strtok(NULL, "");
    }
}

/* The path of what a call is on, if it is beneath the folder. */
static int path_of(int directory, const char *name, char *path) {
    if (!folder) return 0;
    size_t length = 0;
    if (!name || name[0] != '/') {
        char link[64];
        if (directory == AT_FDCWD) {
            if (!getcwd(path, PATH_MAX)) return 0;
            length = strlen(path);
        } else {
            snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
            ssize_t count = readlink(link, path, PATH_MAX - 1);
            if (count <= 0) return 0;
            length = (size_t)count;
        }
        path[length] = 0;
    }
    if (name) snprintf(path + length, PATH_MAX - length, "%s%s", name[0] == '/' ? "" : "/", name);
    return strncmp(path, folder, strlen(folder)) == 0;
}

static void meet(const char *call, const char *path) {
    if (!kill_call || (strcmp(kill_call, call) != 0 && strcmp(kill_call, "any") != 0)) return;
    if (kill_text && !strstr(path, kill_text)) return;
    pthread_mutex_lock(&lock);
    if (++calls >= kill_at) {
        kill(getpid(), SIGKILL);
        for (;;) pause();
    }
    pthread_mutex_unlock(&lock);
}

static void put(const void *bytes, size_t length) {
    const char *next = bytes;
    while (length > 0) {
        ssize_t count = next_syscall(SYS_write, log_file, next, length);
        if (count <= 0) _exit(97);
        next += count, length -= (size_t)count;
    }
}

static void note(enum kind kind, int ok, uint64_t inode, uint64_t offset, uint64_t length, const char *first,
                 const char *second, const void *data, size_t data_length) {
    if (log_file < 0) return;
    int reason = errno;
    if (is_brief) data_length = 0;
    struct __attribute__((packed)) {
        uint8_t kind, ok;
        uint64_t inode, offset, length;
        uint32_t first, second, data;
    } head = {kind, (uint8_t)ok, inode, offset, length, (uint32_t)strlen(first), (uint32_t)strlen(second),
              (uint32_t)data_length};
    pthread_mutex_lock(&lock);
    put(&head, sizeof head), put(first, head.first), put(second, head.second), put(data, data_length);
    records++;
    pthread_mutex_unlock(&lock);
    errno = reason;
}

static uint64_t inode_of(int file) {
    struct stat status;
    return fstat(file, &status) == 0 ? status.st_ino : 0;
}

static uint64_t inode_at(int directory, const char *name) {
    struct stat status;
    return fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 ? status.st_ino : 0;
}

/* Keeps what a name is about to lose, so that the loss itself can be lost. */
static void bury(int directory, const char *name) {
    char grave[PATH_MAX];
    uint64_t inode = inode_at(directory, name);
    if (!graves || !inode) return;
    int reason = errno;
    snprintf(grave, sizeof grave, "%s/%llu", graves, (unsigned long long)inode);
    linkat(directory, name, AT_FDCWD, grave, 0);
    errno = reason;
}

/* Writes */

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t offset) {
    char path[PATH_MAX];
    if (!path_of(file, NULL, path)) return next_syscall(SYS_pwrite64, file, bytes, length, offset);
    meet("write", path);
    ssize_t count = next_syscall(SYS_pwrite64, file, bytes, length, offset);
    if (count > 0) note(WRITE, 1, inode_of(file), (uint64_t)offset, (uint64_t)count, path, "", bytes, (size_t)count);
    return count;
}

ssize_t pwrite(int file, const void *bytes, size_t length, off_t offset) {
    return pwrite64(file, bytes, length, offset);
}

ssize_t write(int file, const void *bytes, size_t length) {
    char path[PATH_MAX];
    if (!path_of(file, NULL, path)) return next_syscall(SYS_write, file, bytes, length);
    meet("write", path);
    off_t offset = lseek(file, 0, SEEK_CUR);
    ssize_t count = next_syscall(SYS_write, file, bytes, length);
    if (count > 0) note(WRITE, 1, inode_of(file), (uint64_t)offset, (uint64_t)count, path, "", bytes, (size_t)count);
    return count;
}

int ftruncate64(int file, off64_t length) {
    char path[PATH_MAX];
    int is_here = path_of(file, NULL, path);
    if (is_here) meet("write", path);
    int result = (int)next_syscall(SYS_ftruncate, file, length);
    if (is_here && result == 0) note(TRUNCATE, 1, inode_of(file), 0, (uint64_t)length, path, "", "", 0);
    return result;
}

int ftruncate(int file, off_t length) { return ftruncate64(file, length); }

/* Waits for the disk */

static int synchronize(long number, enum kind kind, int file) {
    char path[PATH_MAX];
    int is_here = path_of(file, NULL, path);
    if (is_here) meet("sync", path);
    uint64_t before = records;
    int result = (int)next_syscall(number, file);
    if (is_here && result == 0) note(kind, 1, inode_of(file), before, 0, path, "", "", 0);
    return result;
}

int fsync(int file) { return synchronize(SYS_fsync, SYNC, file); }
int fdatasync(int file) { return synchronize(SYS_fdatasync, SYNC, file); }
int syncfs(int file) { return synchronize(SYS_syncfs, SYNC_ALL, file); }

/* Names */

static int open_at(long number, int directory, const char *name, int flags, long third, long fourth) {
    char path[PATH_MAX];
    int is_here = (flags & O_CREAT) && path_of(directory, name, path);
    uint64_t before = is_here ? inode_at(directory, name) : 1;
    if (is_here && !before) meet("create", path);
    int file = (int)next_syscall(number, directory, name, third, fourth);
    if (is_here && !before && file >= 0) note(CREATE, 1, inode_of(file), 0, 0, path, "", "", 0);
    return file;
}

int openat64(int directory, const char *name, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, int) : 0;
    va_end(rest);
    return open_at(SYS_openat, directory, name, flags, flags, mode);
}

int openat(int directory, const char *name, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, int) : 0;
    va_end(rest);
    return open_at(SYS_openat, directory, name, flags, flags, mode);
}

int open64(const char *name, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, int) : 0;
    va_end(rest);
    return open_at(SYS_openat, AT_FDCWD, name, flags, flags, mode);
}

int open(const char *name, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, int) : 0;
    va_end(rest);
    return open_at(SYS_openat, AT_FDCWD, name, flags, flags, mode);
}

int mkdirat(int directory, const char *name, mode_t mode) {
    char path[PATH_MAX];
    int is_here = path_of(directory, name, path);
    if (is_here) meet("create", path);
    int result = (int)next_syscall(SYS_mkdirat, directory, name, mode);
    if (is_here && result == 0) note(MAKE_FOLDER, 1, inode_at(directory, name), 0, 0, path, "", "", 0);
    return result;
}

int mkdir(const char *name, mode_t mode) { return mkdirat(AT_FDCWD, name, mode); }

static int rename_at(int from_directory, const char *from, int to_directory, const char *to, long flags) {
    char path[PATH_MAX], target[PATH_MAX];
    int is_here = path_of(from_directory, from, path);
    if (is_here) {
        meet("rename", path);
        if (!(flags & 1)) bury(to_directory, to);
    }
    uint64_t inode = inode_at(from_directory, from), replaced = inode_at(to_directory, to);
    int result = (int)next_syscall(SYS_renameat2, from_directory, from, to_directory, to, flags);
    if (is_here && result == 0 && path_of(to_directory, to, target))
        note(RENAME, 1, inode, replaced, 0, path, target, "", 0);
    return result;
}

int renameat2(int from_directory, const char *from, int to_directory, const char *to, unsigned flags) {
    return rename_at(from_directory, from, to_directory, to, flags);
}

int renameat(int from_directory, const char *from, int to_directory, const char *to) {
    return rename_at(from_directory, from, to_directory, to, 0);
}

int rename(const char *from, const char *to) { return rename_at(AT_FDCWD, from, AT_FDCWD, to, 0); }

int unlinkat(int directory, const char *name, int flags) {
    char path[PATH_MAX];
    int is_here = path_of(directory, name, path);
    if (is_here) {
        meet("remove", path);
        bury(directory, name);
    }
    uint64_t inode = inode_at(directory, name);
    int result = (int)next_syscall(SYS_unlinkat, directory, name, flags);
    if (is_here && result == 0) note(REMOVE, 1, inode, 0, 0, path, "", "", 0);
    return result;
}

int unlink(const char *name) { return unlinkat(AT_FDCWD, name, 0); }

/* Reads, for kills of the sender */

ssize_t pread64(int file, void *bytes, size_t length, off64_t offset) {
    char path[PATH_MAX];
    if (path_of(file, NULL, path)) {
        meet("read", path);
        note(READ, 1, 0, (uint64_t)offset, length, path, "", "", 0);
    }
    return next_syscall(SYS_pread64, file, bytes, length, offset);
}

ssize_t pread(int file, void *bytes, size_t length, off_t offset) { return pread64(file, bytes, length, offset); }

/* What has no function of its own in every C library. */
long syscall(long number, ...) {
    long a[6];
    va_list rest;
    va_start(rest, number);
    for (int index = 0; index < 6; index++) a[index] = va_arg(rest, long);
    va_end(rest);
#if defined(SYS_openat2)
    if (number == SYS_openat2) {
        const uint64_t *how = (const uint64_t *)a[2];
        return open_at(SYS_openat2, (int)a[0], (const char *)a[1], (int)how[0], a[2], a[3]);
    }
#endif
    if (number == SYS_renameat2) return rename_at((int)a[0], (const char *)a[1], (int)a[2], (const char *)a[3], a[4]);
    return next_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
