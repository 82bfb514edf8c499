/* slowsync.so: make every fsync/fdatasync cost at least SLOWSYNC_US microseconds more.
 * Origin: the project's shared benches (bench/slowsync.c), unchanged; built when it is measured (tests/bench/disk.py).
 *
 * Why: on this VM a flush returns in ~35 us (the host absorbs it).  A cloud network disk needs 0.5-3 ms,
 * a spinning disk ~10 ms.  Preload this into a store (SQLite in Python, PostgreSQL) to see what the
 * very same code would do there.
 *   cc -O2 -shared -fPIC -o slowsync.so slowsync.c -ldl
 *   SLOWSYNC_US=2000 LD_PRELOAD=$PWD/slowsync.so python ...
 * SLOWSYNC_FAIL_AFTER=n makes the n-th and later calls fail with EIO (disk error injection).
 * SLOWSYNC_LOG=fd writes one byte per call to that descriptor (count the syncs).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int (*real_fsync)(int), (*real_fdatasync)(int);
static long us, fail_after; static int logfd = -1; static atomic_long calls;

__attribute__((constructor)) static void init(void) {
    real_fsync = dlsym(RTLD_NEXT, "fsync"); real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    const char *v;
    us = (v = getenv("SLOWSYNC_US")) ? atol(v) : 0;
    fail_after = (v = getenv("SLOWSYNC_FAIL_AFTER")) ? atol(v) : 0;
    logfd = (v = getenv("SLOWSYNC_LOG")) ? atoi(v) : -1;
}
static int slow(int (*real)(int), int fd) {
    long n = atomic_fetch_add(&calls, 1) + 1;
    if (logfd >= 0) { char c = '.'; ssize_t w = write(logfd, &c, 1); (void)w; }
    if (fail_after && n >= fail_after) { errno = EIO; return -1; }
    if (us) { struct timespec t = { us / 1000000, (us % 1000000) * 1000 }; nanosleep(&t, 0); }
    return real(fd);
}
int fsync(int fd) { return slow(real_fsync, fd); }
int fdatasync(int fd) { return slow(real_fdatasync, fd); }
