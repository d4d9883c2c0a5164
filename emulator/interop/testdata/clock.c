// Preloaded into Node (LD_PRELOAD) it lets every clock but the calendar run CLOCK_AHEAD
// seconds ahead, an environment variable that may be changed at any time.
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
  int failed = syscall(SYS_clock_gettime, clock, now);
  const char *ahead = getenv("CLOCK_AHEAD");
  if (!failed && ahead && clock == CLOCK_MONOTONIC) now->tv_sec += atol(ahead);
  return failed;
}
