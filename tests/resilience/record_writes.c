/* Records, in order, everything that a program does to the files below RECORD_ROOT, and its answers on sockets.
 *
 * Loaded with LD_PRELOAD by tests/resilience/power.py, which plays the record back up to any moment and drops what no
 * fsync had brought to the disk by then.  One event is one write(2) with O_APPEND, so threads and processes mix whole.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

struct event { uint32_t kind, names; uint64_t inode, offset, size; };

static int record = -1;
static char root[PATH_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ((__typeof__(&name))real(#name))
static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) static void begin(void) {
  const char *log = getenv("RECORD_LOG"), *below = getenv("RECORD_ROOT");
  if (!log || !below) return;
  snprintf(root, sizeof root, "%s/", below);
  record = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

static void note(char kind, uint64_t inode, uint64_t offset, const void *data, uint64_t size, const char *names, size_t length) {
  struct event event = {(uint32_t)kind, (uint32_t)length, inode, offset, data ? size : 0};
  if (!data) event.offset = offset;
  struct iovec parts[3] = {{&event, sizeof event}, {(void *)names, length}, {(void *)data, data ? size : 0}};
  syscall(SYS_writev, record, parts, 3);
}

/* The absolute path, "" when it is not below the root.  `directory` is AT_FDCWD or a folder's descriptor. */
static int absolute(int directory, const char *path, char *out) {
  char base[PATH_MAX] = "";
  if (record < 0 || !path) return 0;
  if (path[0] == '/') snprintf(out, PATH_MAX, "%s", path);
  else {
    char link[64];
    if (directory == AT_FDCWD) { if (!getcwd(base, sizeof base)) return 0; }
    else {
      snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
      ssize_t length = readlink(link, base, sizeof base - 1);
      if (length < 0) return 0;
      base[length] = 0;
    }
    snprintf(out, PATH_MAX, "%s/%s", base, path);
  }
  return strncmp(out, root, strlen(root)) == 0;
}

static int of_descriptor(int fd, char *out) {
  char link[64];
  if (record < 0) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, out, PATH_MAX - 1);
  if (length < 0) return 0;
  out[length] = 0;
  return strncmp(out, root, strlen(root)) == 0 || strncmp(out, root, strlen(root) - 1) == 0;
}

/* A regular file below the root: its inode, else 0.  -shm is memory that SQLite makes anew. */
static uint64_t followed(int fd) {
  struct stat found;
  char path[PATH_MAX];
  int saved = errno;
  uint64_t inode = 0;
  if (record >= 0 && fstat(fd, &found) == 0 && S_ISREG(found.st_mode) && of_descriptor(fd, path)) {
    size_t length = strlen(path);
    if (length < 4 || strcmp(path + length - 4, "-shm")) inode = found.st_ino;
  }
  errno = saved;
  return inode;
}

static int opened(int fd, int directory, const char *path, int flags) {
  char full[PATH_MAX];
  struct stat found;
  if (fd >= 0 && (flags & (O_CREAT | O_TRUNC)) && absolute(directory, path, full) && fstat(fd, &found) == 0 && S_ISREG(found.st_mode)) {
    pthread_mutex_lock(&lock);
    note('o', found.st_ino, 0, NULL, 0, full, strlen(full));
    if (flags & O_TRUNC) note('t', found.st_ino, 0, NULL, 0, "", 0);
    pthread_mutex_unlock(&lock);
  }
  return fd;
}

#define MODE(flags) mode_t mode = 0; if ((flags) & (O_CREAT | __O_TMPFILE)) { va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more); }
int open(const char *path, int flags, ...) { MODE(flags) return opened(REAL(open)(path, flags, mode), AT_FDCWD, path, flags); }
int open64(const char *path, int flags, ...) { MODE(flags) return opened(REAL(open64)(path, flags, mode), AT_FDCWD, path, flags); }
int openat(int at, const char *path, int flags, ...) { MODE(flags) return opened(REAL(openat)(at, path, flags, mode), at, path, flags); }
int openat64(int at, const char *path, int flags, ...) { MODE(flags) return opened(REAL(openat64)(at, path, flags, mode), at, path, flags); }

static void answered(int fd, const void *data, size_t size) {
  struct stat found;
  int saved = errno;
  if (record >= 0 && size >= 12 && !memcmp(data, "HTTP/1.1 ", 9) && fstat(fd, &found) == 0 && S_ISSOCK(found.st_mode)) {
    pthread_mutex_lock(&lock);
    note('a', 0, 0, data, 12, "", 0);
    pthread_mutex_unlock(&lock);
  }
  errno = saved;
}

/* An answer is noted before it is sent: what it promises must be on the disk by then. */
#define WRITES(call, position)                                              \
  answered(fd, data, size);                                                 \
  uint64_t inode = followed(fd);                                            \
  if (!inode) return call;                                                  \
  pthread_mutex_lock(&lock);                                                \
  off_t at = position;                                                      \
  ssize_t done = call;                                                      \
  if (done > 0) note('w', inode, at, data, done, "", 0);                    \
  pthread_mutex_unlock(&lock);                                              \
  return done;

ssize_t write(int fd, const void *data, size_t size) { WRITES(REAL(write)(fd, data, size), lseek(fd, 0, SEEK_CUR)) }
ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) { WRITES(REAL(pwrite)(fd, data, size, offset), offset) }
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) { WRITES(REAL(pwrite64)(fd, data, size, offset), offset) }
ssize_t send(int fd, const void *data, size_t size, int flags) { answered(fd, data, size); return REAL(send)(fd, data, size, flags); }
ssize_t writev(int fd, const struct iovec *parts, int count) {
  if (count > 0) answered(fd, parts[0].iov_base, parts[0].iov_len);
  if (followed(fd)) abort(); /* nothing of ours does; if it ever does, this must learn it */
  return REAL(writev)(fd, parts, count);
}
ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  if (message->msg_iovlen > 0) answered(fd, message->msg_iov[0].iov_base, message->msg_iov[0].iov_len);
  return REAL(sendmsg)(fd, message, flags);
}

#define TRUNCATES(call)                                          \
  uint64_t inode = followed(fd);                                 \
  int done = call;                                               \
  if (inode && done == 0) {                                      \
    pthread_mutex_lock(&lock);                                   \
    note('t', inode, size, NULL, 0, "", 0);                      \
    pthread_mutex_unlock(&lock);                                 \
  }                                                              \
  return done;
int ftruncate(int fd, off_t size) { TRUNCATES(REAL(ftruncate)(fd, size)) }
int ftruncate64(int fd, off64_t size) { TRUNCATES(REAL(ftruncate64)(fd, size)) }

static void synced(int fd) {
  struct stat found;
  char path[PATH_MAX];
  int saved = errno;
  if (record >= 0 && fstat(fd, &found) == 0 && of_descriptor(fd, path)) {
    pthread_mutex_lock(&lock);
    note(S_ISDIR(found.st_mode) ? 'd' : 's', found.st_ino, 0, NULL, 0, path, strlen(path));
    pthread_mutex_unlock(&lock);
  }
  errno = saved;
}
int fsync(int fd) { int done = REAL(fsync)(fd); if (done == 0) synced(fd); return done; }
int fdatasync(int fd) { int done = REAL(fdatasync)(fd); if (done == 0) synced(fd); return done; }

/* `names` is one path, or two with a zero byte between. */
static int named(int done, char kind, int at, const char *path, int to_at, const char *to) {
  char names[2 * PATH_MAX + 1], second[PATH_MAX];
  int saved = errno;
  if (done == 0 && absolute(at, path, names)) {
    size_t length = strlen(names);
    if (to && absolute(to_at, to, second)) {
      strcpy(names + length + 1, second);
      length += 1 + strlen(second);
    }
    pthread_mutex_lock(&lock);
    note(kind, 0, 0, NULL, 0, names, length);
    pthread_mutex_unlock(&lock);
  }
  errno = saved;
  return done;
}
int rename(const char *a, const char *b) { return named(REAL(rename)(a, b), 'r', AT_FDCWD, a, AT_FDCWD, b); }
int renameat(int at, const char *a, int to, const char *b) { return named(REAL(renameat)(at, a, to, b), 'r', at, a, to, b); }
int link(const char *a, const char *b) { return named(REAL(link)(a, b), 'l', AT_FDCWD, a, AT_FDCWD, b); }
int linkat(int at, const char *a, int to, const char *b, int f) { return named(REAL(linkat)(at, a, to, b, f), 'l', at, a, to, b); }
int unlink(const char *a) { return named(REAL(unlink)(a), 'u', AT_FDCWD, a, 0, NULL); }
int unlinkat(int at, const char *a, int f) { return named(REAL(unlinkat)(at, a, f), 'u', at, a, 0, NULL); }
int rmdir(const char *a) { return named(REAL(rmdir)(a), 'u', AT_FDCWD, a, 0, NULL); }
int mkdir(const char *a, mode_t m) { return named(REAL(mkdir)(a, m), 'm', AT_FDCWD, a, 0, NULL); }
int mkdirat(int at, const char *a, mode_t m) { return named(REAL(mkdirat)(at, a, m), 'm', at, a, 0, NULL); }
