#pragma once
#include <stddef.h>
#include <stdint.h>

/* File system calls that have no portable form. Each returns -1 and sets errno when it fails. */

/* Opens path beneath directory, like openat(), but no component may be a symbolic link and nothing may lead out of the
 * directory: a link fails with ELOOP (or ENOTDIR), an absolute path and ".." out of the directory with EXDEV. Linux:
 * openat2() with RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS; elsewhere, and on kernels without it,
 * one component after the other with O_NOFOLLOW. O_CLOEXEC is added. */
int martlet_open_beneath(int directory, const char *path, int flags, unsigned mode);
/* The component-wise form, wherever it runs. It refuses every "." and "..". */
int martlet_open_beneath_portable(int directory, const char *path, int flags, unsigned mode);

/* Renames from to to (each in its directory) and never replaces: EEXIST when to exists, even as a dangling link.
 * Linux: renameat2(RENAME_NOREPLACE); macOS: renameatx_np(RENAME_EXCL); where the file system does not know these, a
 * hard link and unlink; without hard links, the name is claimed by an empty file first and then replaced. */
int martlet_rename_new(int from_directory, const char *from, int to_directory, const char *to);
/* The form without a special system call, wherever it runs. */
int martlet_rename_new_portable(int from_directory, const char *from, int to_directory, const char *to);

/* The mode bits that new files of this process do not get. Where the system can tell, nothing is changed to read it. */
unsigned martlet_umask(void);

/* Asks the system to begin writing a part of a file to its disk, so that a later fsync() finds little to do. A hint:
 * does nothing where it is not known. */
void martlet_start_writeback(int file, int64_t offset, int64_t length);

/* Sets the time of last modification, in seconds since 1970, and the time of last access to now. */
int martlet_set_modified(int file, int64_t seconds);

/* Waits until a file's bytes and its size are on the disk. */
int martlet_sync_data(int file);

/* Waits until everything that was written to the file system of file is on its disk; ENOSYS where there is no such call. */
int martlet_sync_filesystem(int file);

/* Writes to a pipe, terminal or file, waiting until it takes some; returns how much it took, at least 1 of length > 0. */
int64_t martlet_write_some(int file, const void *bytes, size_t length);
