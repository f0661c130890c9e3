/* shmget(2) with SHM_HUGETLB while there are no huge pages: who may ask, and for which sizes. */
#include "show.h"
#include <grp.h>
#include <sys/ipc.h>
#include <sys/shm.h>

#define HUGE(log) ((log) << 26)

static void ask(const char *who, size_t size, int flags) {
  int id = shmget(IPC_PRIVATE, size, 0600 | SHM_HUGETLB | flags);
  if (id < 0) printf("%s, %zu bytes, flags %x: %s\n", who, size, flags, error_name(errno));
  else {
    printf("%s, %zu bytes, flags %x: made\n", who, size, flags);
    shmctl(id, IPC_RMID, NULL);
  }
}

static void as(const char *who, int uid, int gid, long limit) {
  fflush(stdout);
  if (fork() == 0) {
    struct rlimit lock = {limit, limit};
    setrlimit(RLIMIT_MEMLOCK, &lock);
    setgroups(0, NULL);
    setresgid(gid, gid, gid);
    setresuid(uid, uid, uid);
    ask(who, 4096, 0);
    ask(who, 4 << 20, 0);
    ask(who, 4 << 20, HUGE(21));
    ask(who, 64 << 20, HUGE(25));
    ask(who, 65536, HUGE(16));
    ask(who, 4096, HUGE(12));
    ask(who, 4096, HUGE(20));
    ask(who, 0, 0);
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
}

int main(void) {
  as("superuser", 0, 0, 0);
  as("somebody, no limit", 1000, 1000, -1);
  as("somebody, 3 MiB", 1000, 1000, 3 << 20);
  as("somebody, nothing", 1000, 1000, 0);
  as("somebody of group 0, nothing", 1000, 0, 0);
  return 0;
}
