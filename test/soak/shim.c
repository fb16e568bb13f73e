// Preloaded into a process, fails some write calls on the files whose path begins with SHIM_PATH:
// from the SHIM_N-th call of the kind SHIM_CALL (write, sync, truncate, any) on, once or for good (SHIM_STICKY=1), with errno SHIM_ERRNO.
// Counting begins when the file SHIM_ARM exists; as soon as SHIM_CLEAR exists every call works again. Each failure adds a line to SHIM_LOG.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long calls;

static const char *setting(const char *name) {
  const char *value = getenv(name);
  return value == NULL ? "" : value;
}

static int is_watched(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  const char *prefix = setting("SHIM_PATH");
  return *prefix != 0 && strncmp(path, prefix, strlen(prefix)) == 0;
}

static void tell(const char *kind, long number) {
  char line[96];
  int length = snprintf(line, sizeof line, "%s %ld\n", kind, number);
  int fd = open(setting("SHIM_LOG"), O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (fd < 0) return;
  ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
  real(fd, line, length);
  close(fd);
}

// Nonzero, with errno set, when this call is to fail.
static int strikes(const char *kind, int fd) {
  const char *wanted = setting("SHIM_CALL");
  if (strcmp(wanted, "any") != 0 && strcmp(wanted, kind) != 0) return 0;
  if (!is_watched(fd)) return 0;
  if (access(setting("SHIM_ARM"), F_OK) != 0 || access(setting("SHIM_CLEAR"), F_OK) == 0) return 0;
  long number = atomic_fetch_add(&calls, 1) + 1, first = atol(setting("SHIM_N"));
  if (number != first && !(number > first && *setting("SHIM_STICKY") == '1')) return 0;
  tell(kind, number);
  errno = atoi(setting("SHIM_ERRNO"));
  return 1;
}

#define FAILING(type, name, kind, parameters, arguments)                    \
  type name parameters {                                                    \
    static type (*real) parameters;                                         \
    if (strikes(kind, fd)) return -1;                                       \
    if (real == NULL) real = (type(*) parameters)dlsym(RTLD_NEXT, #name);   \
    return real arguments;                                                  \
  }

FAILING(ssize_t, write, "write", (int fd, const void *data, size_t size), (fd, data, size))
FAILING(ssize_t, pwrite, "write", (int fd, const void *data, size_t size, off_t at), (fd, data, size, at))
FAILING(ssize_t, pwrite64, "write", (int fd, const void *data, size_t size, off64_t at), (fd, data, size, at))
FAILING(int, fsync, "sync", (int fd), (fd))
FAILING(int, fdatasync, "sync", (int fd), (fd))
FAILING(int, ftruncate, "truncate", (int fd, off_t size), (fd, size))
FAILING(int, ftruncate64, "truncate", (int fd, off64_t size), (fd, size))
