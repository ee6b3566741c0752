/*
 * Loaded before the C library (LD_PRELOAD): operations on files below CHAOS_PATH fail, or write less than they are given.
 * These are writes, syncs and renames, also of open files; open, read, link, unlink, truncate and close never fail here: for them there
 * is test/support/failing-files.ts, in Node's own calls.
 * CHAOS_MODE: eio, enospc, short. CHAOS_FIRST, CHAOS_LAST: which of these operations, counted from 1; short: every one.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static long done;

static int is_below(const char *path)
{
    const char *prefix = getenv("CHAOS_PATH");
    return prefix != NULL && strncmp(path, prefix, strlen(prefix)) == 0;
}

static int is_ours(int fd)
{
    char name[64], path[4096];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    const ssize_t length = readlink(name, path, sizeof path - 1);
    if (length <= 0)
        return 0;
    path[length] = 0;
    return is_below(path);
}

static int is_short(void)
{
    const char *mode = getenv("CHAOS_MODE");
    return mode != NULL && strcmp(mode, "short") == 0;
}

/* Counts an operation; true with errno set if it has to fail. */
static int fails(void)
{
    const char *mode = getenv("CHAOS_MODE"), *first = getenv("CHAOS_FIRST"), *last = getenv("CHAOS_LAST");
    if (mode == NULL || first == NULL || last == NULL || is_short())
        return 0;
    const long number = __atomic_add_fetch(&done, 1, __ATOMIC_SEQ_CST);
    if (number < atol(first) || number > atol(last))
        return 0;
    errno = strcmp(mode, "enospc") == 0 ? ENOSPC : EIO;
    return 1;
}

static size_t part(size_t count)
{
    return is_short() && count > 1 ? count / 2 : count;
}

ssize_t write(int fd, const void *bytes, size_t count)
{
    if (is_ours(fd)) {
        if (fails())
            return -1;
        count = part(count);
    }
    return syscall(SYS_write, fd, bytes, count);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at)
{
    if (is_ours(fd)) {
        if (fails())
            return -1;
        count = part(count);
    }
    return syscall(SYS_pwrite64, fd, bytes, count, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at)
{
    return pwrite64(fd, bytes, count, at);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    if (is_ours(fd)) {
        if (fails())
            return -1;
        if (is_short() && count > 0)
            return syscall(SYS_write, fd, parts[0].iov_base, part(parts[0].iov_len));
    }
    return syscall(SYS_writev, fd, parts, count);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at)
{
    if (is_ours(fd) && fails())
        return -1;
    if (is_ours(fd) && is_short() && count > 0)
        return syscall(SYS_pwrite64, fd, parts[0].iov_base, part(parts[0].iov_len), at);
    return syscall(SYS_pwritev, fd, parts, count, at, 0);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at)
{
    return pwritev64(fd, parts, count, at);
}

int fsync(int fd)
{
    if (is_ours(fd) && fails())
        return -1;
    return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    if (is_ours(fd) && fails())
        return -1;
    return (int)syscall(SYS_fdatasync, fd);
}

int rename(const char *from, const char *to)
{
    if (is_below(to) && fails())
        return -1;
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}
