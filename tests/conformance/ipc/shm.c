/* System V shared memory: attaching, counts, removal while attached. See shmget(2), shmop(2), shmctl(2). */
#include "show.h"
#include <sys/ipc.h>
#include <sys/shm.h>

static int segment;

static void state(const char *what) {
  struct shmid_ds ds;
  if (shmctl(segment, IPC_STAT, &ds) < 0) {
    printf("%s: %s\n", what, error_name(errno));
    return;
  }
  printf("%s: %lu bytes, %lu attached, mode %o, key %x, creator %s, last %s, attach %s, detach %s\n", what, ds.shm_segsz, ds.shm_nattch, ds.shm_perm.mode,
         ds.shm_perm.__key, ds.shm_cpid == getpid() ? "self" : "other", ds.shm_lpid == getpid() ? "self" : ds.shm_lpid ? "other" : "none",
         ds.shm_atime ? "yes" : "no", ds.shm_dtime ? "yes" : "no");
}

/* The lines of /proc/self/maps that belong to segments. */
static void maps(const char *what) {
  char line[512], mode[8], name[256];
  FILE *file = fopen("/proc/self/maps", "r");
  while (fgets(line, sizeof line, file)) {
    unsigned long from, to, offset, inode;
    char device[16];
    name[0] = 0;
    if (sscanf(line, "%lx-%lx %7s %lx %15s %lu %255[^\n]", &from, &to, mode, &offset, device, &inode, name) < 7 || !strstr(name, "SYSV")) continue;
    printf("%s: %lu pages %s offset %lx inode %s %s\n", what, (to - from) / 4096, mode, offset, inode == (unsigned)segment ? "is the id" : "?", name);
  }
  fclose(file);
}

static void fault(volatile char *at, int write) {
  IN_CHILD(write ? "write" : "read", {
    if (write) *at = 1;
    else printf("%d\n", *at);
  });
}

int main(int argc, char **argv) {
  if (argc > 1) {
    segment = shmget(0x5555, 0, 0);
    state(argv[1]);
    return 0;
  }
  SHOW(shmget(0x5555, 8192, 0600));
  SHOW(shmget(0x5555, 0, IPC_CREAT | 0600));
  OK(segment = shmget(0x5555, 5000, IPC_CREAT | 0640));
  SHOW(shmget(0x5555, 5000, IPC_CREAT | IPC_EXCL | 0600));
  IS(shmget(0x5555, 4000, 0) == segment);
  SHOW(shmget(0x5555, 5001, 0));
  state("new");
  char *a = shmat(segment, NULL, 0);
  char *b = shmat(segment, NULL, SHM_RDONLY);
  IS(a != (void *)-1 && b != (void *)-1 && a != b);
  strcpy(a + 4090, "across");
  printf("%s\n", b + 4090);
  state("two");
  maps("two");
  fault(b, 1);
  fault(a + 8191, 0);
  IN_CHILD("fork inherits", {
    state("in the child");
    strcpy(a, "from the child");
    SHOW(shmdt(b));
    state("child detached one");
  });
  printf("%s\n", b);
  state("after the child");
  IN_CHILD("exec detaches", {
    execl("/proc/self/exe", "shm", "again", NULL);
    _exit(1);
  });
  SHOW(mprotect(b, 4096, PROT_READ | PROT_WRITE));
  SHOW(mprotect(a, 4096, PROT_READ));
  state("split");
  maps("split");
  SHOW(shmdt(a + 1));
  SHOW(shmdt(a + 4096));
  SHOW(shmdt(a));
  SHOW(shmdt(a));
  state("a is gone");
  SHOW(munmap(b, 4096));
  state("half of b is gone");
  SHOW(shmdt(b));
  state("b is gone");

  /* Addresses. */
  char *place = mmap(NULL, 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  IS(shmat(segment, place, 0) == (void *)-1 && errno == EINVAL);
  IS(shmat(segment, place + 1, 0) == (void *)-1 && errno == EINVAL);
  IS(shmat(segment, NULL, SHM_REMAP) == (void *)-1 && errno == EINVAL);
  IS(shmat(segment, place, SHM_REMAP) == place);
  munmap(place + 16384, 8192);
  IS(shmat(segment, place + 16384 + 5, SHM_RND) == place + 16384);
  SHOW(shmdt(place + 16384));
  SHOW(shmdt(place));
  IS(shmat(segment + 1, NULL, 0) == (void *)-1 && errno == EINVAL);
  IS(shmat(-1, NULL, 0) == (void *)-1 && errno == EINVAL);

  /* Commands. */
  struct shmid_ds ds;
  shmctl(segment, IPC_STAT, &ds);
  ds.shm_perm.mode = 0604;
  SHOW(shmctl(segment, IPC_SET, &ds));
  SHOW(shmctl(segment, SHM_LOCK, NULL));
  state("locked");
  SHOW(shmctl(segment, SHM_UNLOCK, NULL));
  state("unlocked");
  SHOW(shmctl(segment, 99, &ds));
  SHOW(shmctl(segment, IPC_STAT, (void *)1));
  IS(shmctl(segment & 32767, SHM_STAT, &ds) == segment);
  struct shminfo info;
  IS(shmctl(0, IPC_INFO, (void *)&info) >= 0);
  printf("info %lx %lu %lu %lu %lx\n", info.shmmax, info.shmmin, info.shmmni, info.shmseg, info.shmall);
  struct shm_info use;
  IS(shmctl(0, SHM_INFO, (void *)&use) >= 0);
  printf("segments %d pages %lu resident %lu\n", use.used_ids, use.shm_tot, use.shm_rss);
  IN_CHILD("without rights", {
    if (setgid(100) || setuid(1000)) _exit(1);
    SHOW(shmget(0x5555, 100, 0600));
    IS(shmat(segment, NULL, 0) == (void *)-1 && errno == EACCES);
    IS(shmat(segment, NULL, SHM_RDONLY) != (void *)-1);
    SHOW(shmctl(segment, IPC_RMID, NULL));
    SHOW(shmctl(segment, SHM_LOCK, NULL));
  });

  /* Removal while attached. */
  a = shmat(segment, NULL, 0);
  strcpy(a, "kept");
  SHOW(shmctl(segment, IPC_RMID, NULL));
  state("removed");
  SHOW(shmget(0x5555, 100, 0600));
  b = shmat(segment, NULL, 0);
  IS(b != (void *)-1);
  printf("%s\n", b);
  maps("removed");
  SHOW(shmdt(a));
  state("one left");
  SHOW(shmdt(b));
  state("none left");
  SHOW(shmctl(segment, IPC_RMID, NULL));

  /* A process that ends detaches. */
  segment = shmget(IPC_PRIVATE, 4096, 0600);
  IN_CHILD("ends", { shmat(segment, NULL, 0); });
  state("after the end");
  shmctl(segment, IPC_RMID, NULL);
  return 0;
}
