/* statmount, listmount, statx by mount id. */
#include "mountinfo.h"

struct request { uint32_t size, spare; uint64_t mnt_id, param, mnt_ns_id; };
struct stat_mount {
  uint32_t size, mnt_opts;
  uint64_t mask;
  uint32_t sb_dev_major, sb_dev_minor;
  uint64_t sb_magic;
  uint32_t sb_flags, fs_type;
  uint64_t mnt_id, mnt_parent_id;
  uint32_t mnt_id_old, mnt_parent_id_old;
  uint64_t mnt_attr, mnt_propagation, mnt_peer_group, mnt_master, propagate_from;
  uint32_t mnt_root, mnt_point;
  uint64_t mnt_ns_id, spare[49];
  char str[2048];
};
#define SYS_STATMOUNT 457
#define SYS_LISTMOUNT 458

static uint64_t id_of(const char *path, unsigned mask) {
  struct statx stx;
  memset(&stx, 0, sizeof stx);
  if (statx(AT_FDCWD, path, 0, mask, &stx)) return 0;
  return stx.stx_mask & mask ? stx.stx_mnt_id : 0;
}
#define OLD 0x1000
#define UNIQUE 0x4000

static long stat_mount(uint64_t id, uint64_t mask, void *out, size_t size, unsigned flags) {
  struct request request = {32, 0, id, mask, 0};
  memset(out, 0x55, size);
  return syscall(SYS_STATMOUNT, &request, out, size, flags);
}

static void describe(const char *path) {
  static struct stat_mount s;
  uint64_t id = id_of(path, UNIQUE);
  long result = stat_mount(id, 0xff, &s, sizeof s, 0);
  if (result) {
    printf("%s: %s\n", path, error_name(errno));
    return;
  }
  printf("%s: %ld mask %lx magic %lx flags %x attr %lx propagation %lx\n", path, result, (long)s.mask, (long)s.sb_magic, s.sb_flags, (long)s.mnt_attr, (long)s.mnt_propagation);
  printf("  ids %d %d parent %d group %s master %s from %s\n", s.mnt_id == id, s.mnt_id_old == id_of(path, OLD), s.mnt_parent_id == id_of("/tmp", UNIQUE),
         s.mnt_peer_group ? letter(1, s.mnt_peer_group) : "-", s.mnt_master ? letter(1, s.mnt_master) : "-", s.propagate_from ? letter(1, s.propagate_from) : "-");
  printf("  type %s root %s point %s opts %s size %u ns %d\n", s.str + s.fs_type, s.str + s.mnt_root, s.str + s.mnt_point,
         s.mask & 0x80 ? s.str + s.mnt_opts : "-", s.size, s.mnt_ns_id != 0);
}

static void list(const char *path, uint64_t last, size_t limit, unsigned flags) {
  uint64_t ids[256];
  struct request request = {32, 0, path ? id_of(path, UNIQUE) : -1, last, 0};
  long count = syscall(SYS_LISTMOUNT, &request, ids, limit, flags);
  printf("list %s %d: ", path ? path : "the root", flags);
  if (count < 0) printf("%s", error_name(errno));
  for (long i = 0; i < count; i++) {
    const char *names[] = {"/tmp", "/tmp/a", "/tmp/a/x", "/tmp/b", "/tmp/c d"};
    for (int j = 0; j < 5; j++) if (ids[i] == id_of(names[j], UNIQUE)) printf(" %s", names[j]);
  }
  printf("\n");
}

int main(void) {
  begin();
  mkdir("a", 0755);
  mkdir("b", 0755);
  mkdir("c d", 0755);
  mkdir("sub", 0755);
  mount("a", "a", "tmpfs", MS_NOSUID | MS_NOATIME | MS_SYNCHRONOUS, "size=1m,mode=700");
  mount(NULL, "a", NULL, MS_SHARED, NULL);
  mkdir("a/x", 0755);
  mount("x", "a/x", "tmpfs", MS_RDONLY | MS_STRICTATIME, NULL);
  mount("a", "b", NULL, MS_BIND, NULL);
  mount(NULL, "b", NULL, MS_SLAVE, NULL);
  mount("sub", "c d", NULL, MS_BIND, NULL);
  mount(NULL, "c d", NULL, MS_UNBINDABLE, NULL);
  IS(id_of("a", UNIQUE) > 1u << 31);
  IS(id_of("a", UNIQUE) < id_of("b", UNIQUE));
  IS(id_of("a", OLD) < 1u << 31);
  IS(id_of("a", OLD) != id_of("b", OLD));
  struct statx stx;
  statx(AT_FDCWD, "a", 0, OLD | UNIQUE, &stx);
  printf("mask %x attributes %lx of %lx\n", stx.stx_mask & (OLD | UNIQUE), (long)stx.stx_attributes & 0x2000, (long)stx.stx_attributes_mask & 0x2000);
  statx(AT_FDCWD, "sub", 0, 0, &stx);
  printf("mask %x attributes %lx\n", stx.stx_mask & (OLD | UNIQUE), (long)stx.stx_attributes & 0x2000);
  describe("a");
  describe("a/x");
  describe("b");
  describe("c d");
  describe("/proc");
  static struct stat_mount s;
  uint64_t a = id_of("a", UNIQUE);
  SHOW(stat_mount(a, 0, &s, sizeof s, 0));
  printf("mask %lx size %u\n", (long)s.mask, s.size);
  SHOW(stat_mount(a, 0x20, &s, sizeof s, 0));
  printf("mask %lx size %u type %s\n", (long)s.mask, s.size, s.str + s.fs_type);
  SHOW(stat_mount(a, 0x20, &s, sizeof s, 1));
  SHOW(stat_mount(a, 0x20, &s, 512, 0));
  SHOW(stat_mount(a, 0x20, &s, 517, 0));
  SHOW(stat_mount(a, 0x20, &s, 518, 0));
  SHOW(stat_mount(a, 0x3, &s, 100, 0));
  printf("size %u\n", s.size);
  SHOW(stat_mount(a + 1000000, 0x3, &s, sizeof s, 0));
  SHOW(stat_mount(id_of("a", OLD), 0x3, &s, sizeof s, 0));
  SHOW(stat_mount(0, 0x3, &s, sizeof s, 0));
  struct request request = {32, 0, a, 3, 0};
  SHOW(syscall(SYS_STATMOUNT, &request, (void *)-4096L, 512, 0));
  SHOW(syscall(SYS_STATMOUNT, (void *)-4096L, &s, 512, 0));
  request.size = 16;
  SHOW(syscall(SYS_STATMOUNT, &request, &s, 512, 0));
  request.size = 24;
  SHOW(syscall(SYS_STATMOUNT, &request, &s, 512, 0));
  request.size = 5000;
  SHOW(syscall(SYS_STATMOUNT, &request, &s, 512, 0));
  request.size = 32;
  request.spare = 1;
  SHOW(syscall(SYS_STATMOUNT, &request, &s, 512, 0));
  request.spare = 0;
  request.mnt_ns_id = 1;
  SHOW(syscall(SYS_STATMOUNT, &request, &s, 512, 0));
  list("/tmp", 0, 256, 0);
  list("/tmp", 0, 256, 1);
  list("/tmp", 0, 2, 0);
  list("/tmp", a, 256, 0);
  list("/tmp", id_of("b", UNIQUE), 256, 1);
  list("/tmp", 5, 256, 0);
  list("/tmp", 0, 256, 2);
  list("/tmp", 0, 0, 0);
  list("a", 0, 256, 0);
  list("a/x", 0, 256, 0);
  list("none", 0, 256, 0);
  list(NULL, 0, 256, 0);
  request.mnt_ns_id = 0;
  SHOW(syscall(SYS_LISTMOUNT, &request, (void *)-4096L, 256, 0));
  SHOW(syscall(SYS_LISTMOUNT, &request, &s, 2000000, 0));
  IN_CHILD("chroot",
    uint64_t outside = id_of("b", UNIQUE);
    chroot("a");
    chdir("/");
    list(NULL, 0, 256, 0);
    SHOW(stat_mount(outside, 3, &s, sizeof s, 0));
    SHOW(stat_mount(outside, 0xff, &s, sizeof s, 0));
    printf("mask %lx\n", (long)s.mask);
    SHOW(setresuid(1000, 1000, 1000));
    SHOW(stat_mount(outside, 3, &s, sizeof s, 0));
    request.mnt_id = outside;
    request.param = 0;
    SHOW(syscall(SYS_LISTMOUNT, &request, &s, 10, 0)));
  return 0;
}
