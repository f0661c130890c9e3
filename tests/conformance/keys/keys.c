/* Keys and keyrings. See keyrings(7), add_key(2), keyctl(2), request_key(2). */
#include "show.h"

static long add(const char *type, const char *description, const void *payload, size_t length, int ring) {
  return syscall(SYS_add_key, type, description, payload, length, ring);
}
static long request(const char *type, const char *description, const char *callout, int ring) {
  return syscall(SYS_request_key, type, description, callout, ring);
}
static long ctl(int operation, unsigned long a, unsigned long b, unsigned long c, unsigned long d) {
  return syscall(SYS_keyctl, operation, a, b, c, d);
}
enum { ID, JOIN, UPDATE, REVOKE, CHOWN, SETPERM, DESCRIBE, CLEAR, LINK, UNLINK, SEARCH, READ, TIMEOUT = 15, PARENT = 18, INVALIDATE = 21, MOVE = 30 };
enum { THREAD = -1, PROCESS = -2, SESSION = -3, USERS = -4, USER_SESSION = -5, GROUPS = -6 };

static void describe(long key) {
  char text[256] = "";
  errno = 0;
  long n = ctl(DESCRIBE, key, (long)text, sizeof text, 0);
  if (n < 0) printf("describe: %s\n", error_name(errno));
  else printf("describe: %ld %s\n", n, text);
}

static void show_payload(long key) {
  char text[64] = "";
  errno = 0;
  long n = ctl(READ, key, (long)text, sizeof text, 0);
  if (n < 0) printf("read: %s\n", error_name(errno));
  else printf("read: %ld %s\n", n, text);
}

static long count(long ring) {
  int serials[64];
  long n = ctl(READ, ring, (long)serials, sizeof serials, 0);
  return n < 0 ? -errno : n / 4;
}

int main(void) {
  char buffer[64];
  long anonymous = ctl(JOIN, 0, 0, 0, 0);
  IS(anonymous > 0);
  describe(SESSION);
  IS(ctl(ID, SESSION, 0, 0, 0) == anonymous);
  describe(USERS);
  describe(USER_SESSION);
  SHOW(ctl(ID, THREAD, 0, 0, 0));
  SHOW(ctl(ID, PROCESS, 0, 0, 0));
  SHOW(ctl(ID, GROUPS, 0, 0, 0));
  SHOW(ctl(ID, -7, 0, 0, 0));
  SHOW(ctl(ID, -99, 0, 0, 0));
  SHOW(ctl(ID, 0, 0, 0, 0));
  SHOW(ctl(ID, 1, 0, 0, 0));
  IS(ctl(ID, THREAD, 1, 0, 0) > 0);
  describe(THREAD);
  IS(ctl(ID, PROCESS, 1, 0, 0) > 0);
  describe(PROCESS);
  SHOW(ctl(99, 0, 0, 0, 0));

  /* Adding. */
  long key = add("user", "a", "secret", 6, SESSION);
  IS(key > 0);
  describe(key);
  show_payload(key);
  SHOW(ctl(READ, key, (long)buffer, 3, 0));
  SHOW(ctl(READ, key, 0, 0, 0));
  SHOW(ctl(DESCRIBE, key, (long)buffer, 2, 0));
  IS(add("user", "a", "other", 5, SESSION) == key);
  show_payload(key);
  SHOW(add("user", "b", "", 0, SESSION));
  SHOW(add("user", "", "x", 1, SESSION));
  SHOW(add("user", NULL, "x", 1, SESSION));
  SHOW(add("nothing", "b", "x", 1, SESSION));
  SHOW(add("", "b", "x", 1, SESSION));
  SHOW(add(".user", "b", "x", 1, SESSION));
  SHOW(add("a very long name of a type of keys indeed", "b", "x", 1, SESSION));
  SHOW(add("user", (char *)8, "x", 1, SESSION));
  SHOW(add("user", "b", (void *)8, 1, SESSION));
  SHOW(add("user", "b", "x", 1 << 20, SESSION));
  SHOW(add("user", "b", "x", 1, key));
  SHOW(add("user", "b", "x", 1, GROUPS));
  SHOW(add("user", "b", "x", 1, 0));
  static char big[40000];
  SHOW(add("user", "b", big, 32768, SESSION));
  IS(add("user", "big", big, 32767, SESSION) > 0);
  SHOW(add("keyring", "ring", "x", 1, SESSION));
  SHOW(add("keyring", ".ring", NULL, 0, SESSION));
  SHOW(add("logon", "nocolon", "x", 1, SESSION));
  SHOW(add("logon", ":empty", "x", 1, SESSION));
  long logon = add("logon", "service:name", "x", 1, SESSION);
  describe(logon);
  show_payload(logon);
  long ring = add("keyring", "ring", NULL, 0, SESSION);
  describe(ring);
  printf("in session %ld, in ring %ld\n", count(SESSION), count(ring));

  /* Finding. */
  IS(request("user", "a", NULL, 0) == key);
  SHOW(request("user", "none", NULL, 0));
  SHOW(request("nothing", "a", NULL, 0));
  IS(ctl(SEARCH, SESSION, (long)"user", (long)"a", 0) == key);
  SHOW(ctl(SEARCH, ring, (long)"user", (long)"a", 0));
  SHOW(ctl(SEARCH, key, (long)"user", (long)"a", 0));
  IS(ctl(SEARCH, SESSION, (long)"user", (long)"a", ring) == key);
  IS(ctl(SEARCH, ring, (long)"user", (long)"a", 0) == key);
  long deep = add("user", "deep", "x", 1, ring);
  IS(request("user", "deep", NULL, 0) == deep);
  IS(request("user", "deep", NULL, PROCESS) == deep);
  printf("in process %ld\n", count(PROCESS));

  /* Links. */
  SHOW(ctl(LINK, key, ring, 0, 0));
  SHOW(ctl(LINK, key, key, 0, 0));
  SHOW(ctl(LINK, ring, ring, 0, 0));
  SHOW(ctl(LINK, anonymous, ring, 0, 0));
  SHOW(ctl(UNLINK, logon, ring, 0, 0));
  SHOW(ctl(UNLINK, key, ring, 0, 0));
  SHOW(ctl(UNLINK, key, ring, 0, 0));
  SHOW(ctl(UNLINK, 1, ring, 0, 0));
  SHOW(ctl(MOVE, key, SESSION, ring, 0));
  SHOW(ctl(MOVE, key, SESSION, ring, 0));
  SHOW(ctl(MOVE, key, ring, SESSION, 2));
  SHOW(ctl(MOVE, key, ring, SESSION, 1));
  SHOW(ctl(CLEAR, ring, 0, 0, 0));
  printf("in ring %ld\n", count(ring));
  SHOW(ctl(CLEAR, key, 0, 0, 0));

  /* Changing. */
  SHOW(ctl(UPDATE, key, (long)"newer", 5, 0));
  show_payload(key);
  SHOW(ctl(UPDATE, ring, (long)"x", 1, 0));
  SHOW(ctl(UPDATE, key, 0, 0, 0));
  SHOW(ctl(SETPERM, key, 0xffffffff, 0, 0));
  SHOW(ctl(SETPERM, key, 0x3f010000, 0, 0));
  SHOW(ctl(CHOWN, key, -1, 5, 0));
  SHOW(ctl(CHOWN, key, 1000, -1, 0));
  describe(key);
  show_payload(key);
  SHOW(ctl(SETPERM, key, 0x20000000, 0, 0));
  show_payload(key);
  describe(key);
  SHOW(ctl(SETPERM, key, 0x3f3f3f3f, 0, 0));
  SHOW(ctl(TIMEOUT, key, 1000, 0, 0));
  show_payload(key);
  SHOW(ctl(TIMEOUT, key, 1, 0, 0));
  millis(2100);
  show_payload(key);
  SHOW(request("user", "a", NULL, 0));
  SHOW(ctl(REVOKE, logon, 0, 0, 0));
  show_payload(logon);
  describe(logon);
  SHOW(request("logon", "service:name", NULL, 0));
  SHOW(ctl(UPDATE, logon, (long)"x", 1, 0));
  SHOW(ctl(REVOKE, ring, 0, 0, 0));
  SHOW(add("user", "c", "x", 1, ring));
  long gone = add("user", "gone", "x", 1, SESSION);
  SHOW(ctl(INVALIDATE, gone, 0, 0, 0));
  SHOW(request("user", "gone", NULL, 0));

  /* Who has what. */
  long mine = add("user", "mine", "m", 1, PROCESS);
  long own = add("user", "own", "t", 1, THREAD);
  long shared = add("user", "shared", "s", 1, SESSION);
  long users = add("user", "of the user", "u", 1, USERS);
  IS(own > 0 && mine > 0 && shared > 0 && users > 0);
  IN_CHILD("child", {
    SHOW(ctl(ID, PROCESS, 0, 0, 0));
    SHOW(ctl(ID, THREAD, 0, 0, 0));
    show_payload(shared);
    SHOW(request("user", "mine", NULL, 0));
    IS(ctl(ID, SESSION, 0, 0, 0) == anonymous);
    long named = ctl(JOIN, (long)"named", 0, 0, 0);
    IS(named > 0);
    describe(SESSION);
    SHOW(request("user", "shared", NULL, 0));
    IN_CHILD("the same name", IS(ctl(JOIN, (long)"named", 0, 0, 0) != named));
    ctl(SETPERM, named, 0x3f3f0000, 0, 0);
    IN_CHILD("the same name", IS(ctl(JOIN, (long)"named", 0, 0, 0) == named));
    SHOW(ctl(JOIN, (long)".x", 0, 0, 0));
    SHOW(ctl(JOIN, 8, 0, 0, 0));
  });
  IN_CHILD("another user", {
    setuid(1000);
    describe(USERS);
    describe(USER_SESSION);
    describe(SESSION);
    show_payload(shared);
    SHOW(ctl(UPDATE, shared, (long)"x", 1, 0));
    SHOW(ctl(SETPERM, shared, 0x3f3f3f3f, 0, 0));
    SHOW(ctl(CHOWN, shared, 1000, -1, 0));
    ctl(JOIN, 0, 0, 0, 0);
    show_payload(shared);
    describe(shared);
    SHOW(ctl(LINK, shared, SESSION, 0, 0));
    long private = add("user", "private", "p", 1, SESSION);
    SHOW(ctl(CHOWN, private, 0, -1, 0));
    SHOW(ctl(CHOWN, private, -1, 0, 0));
    int added = 0;
    char name[16];
    for (;;) {
      snprintf(name, sizeof name, "key %d", added);
      if (add("user", name, "x", 1, SESSION) < 0) break;
      added++;
    }
    printf("quota: %s after more than 150: %d\n", error_name(errno), added > 150 && added <= 200);
    SHOW(ctl(CLEAR, SESSION, 0, 0, 0));
  });
  IN_CHILD("a new session", {
    ctl(JOIN, 0, 0, 0, 0);
    show_payload(shared);
    describe(shared);
    show_payload(users);
  });
  char list[4096] = "";
  int fd = open("/proc/keys", O_RDONLY);
  int used = 0;
  for (int n; (n = read(fd, list + used, sizeof list - 1 - used)) > 0;) used += n;
  static const char *const wanted[] = {"shared", "of the user"};
  for (int i = 0; i < 2; i++) {
    static char copy[sizeof list];
    memcpy(copy, list, sizeof list);
    for (char *line = strtok(copy, "\n"); line; line = strtok(NULL, "\n")) {
    char flags[16], expiry[16], type[16], text[64];
    int uses, uid, gid;
    unsigned permissions;
    sscanf(line, "%*x %15s %d %15s %x %d %d %15s %63[^\n]", flags, &uses, expiry, &permissions, &uid, &gid, type, text);
    if (!strncmp(text, wanted[i], strlen(wanted[i]))) printf("%s %s %08x %d %d %s %s\n", flags, expiry, permissions, uid, gid, type, text);
    }
  }
  SHOW(ctl(UNLINK, users, USERS, 0, 0));
  unsigned char capabilities[2] = {0};
  SHOW(ctl(31, (long)capabilities, 2, 0, 0));
  printf("invalidate %d move %d\n", (capabilities[0] & 0x20) != 0, (capabilities[0] & 0x80) != 0);
  SHOW(ctl(17, shared, (long)buffer, sizeof buffer, 0));
  SHOW(ctl(14, -1, 0, 0, 0));
  SHOW(ctl(14, 2, 0, 0, 0));
  SHOW(ctl(14, -1, 0, 0, 0));
  SHOW(ctl(14, 99, 0, 0, 0));
  SHOW(ctl(16, 0, 0, 0, 0));
  SHOW(ctl(12, shared, (long)"x", 1, 0));
  return 0;
}
