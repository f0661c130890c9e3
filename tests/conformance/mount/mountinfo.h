/* The mounts below a place as /proc/self/mountinfo shows them, with ids counted from the first that is met. */
#include "show.h"
#include <sys/mount.h>
#include <sys/sysmacros.h>

static int known_ids[3][256], known_count[3];

/* The number of an id: 'a' for the first of its kind. Kinds: mounts, groups, devices. */
static const char *letter(int kind, int id) {
  static char text[8][8];
  static int turn;
  int i = 0;
  while (i < known_count[kind] && known_ids[kind][i] != id) i++;
  if (i == known_count[kind]) known_ids[kind][known_count[kind]++] = id;
  char *out = text[turn++ & 7];
  snprintf(out, 8, i < 26 ? "%c" : "%c%d", 'a' + i % 26, i / 26);
  return out;
}

static void show_fields(char *fields) {
  for (char *field = strtok(fields, " "); field; field = strtok(NULL, " ")) {
    char name[64];
    int id;
    if (sscanf(field, "%63[^:]:%d", name, &id) == 2) printf(" %s:%s", name, letter(1, id));
    else printf(" %s", field);
  }
}

/* Print the lines whose mount point begins with `want`; parents outside of these are shown as "-". */
static void info_from(const char *file, const char *want) {
  char lines[128][1024];
  int ids[128], count = 0;
  FILE *f = fopen(file, "r");
  if (!f) {
    printf("%s: %s\n", file, error_name(errno));
    return;
  }
  char line[4096];
  while (count < 128 && fgets(line, sizeof line, f)) {
    char point[256];
    int id;
    if (sscanf(line, "%d %*d %*s %*s %255s", &id, point) == 2 && !strncmp(point, want, strlen(want))) {
      ids[count] = id;
      snprintf(lines[count++], 1024, "%.1023s", line);
    }
  }
  fclose(f);
  printf("[%s]\n", want);
  known_count[0] = 0; /* freed ids are given again */
  for (int i = 0; i < count; i++) {
    int parent;
    char root[256], point[256], options[256], rest[1024];
    sscanf(lines[i], "%*d %d %*s %255s %255s %255s %1023[^\n]", &parent, root, point, options, rest);
    char *dash = strstr(rest, "- ");
    char fields[512];
    snprintf(fields, sizeof fields, "%.*s", (int)(dash - rest), rest);
    int inside = 0;
    for (int j = 0; j < count; j++) inside |= ids[j] == parent;
    printf("  %s on %s", letter(0, ids[i]), inside ? letter(0, parent) : "-");
    printf(" %s %s %s", root, point + strlen(want), options);
    show_fields(fields);
    char type[64] = "", source[64] = "";
    sscanf(dash, "- %63s %63s", type, source);
    printf(" %s %s\n", type, source);
  }
}

static __attribute__((unused)) void info(const char *want) { info_from("/proc/self/mountinfo", want); }

/* The mount's file system is empty but for what the tests make: say whether a file is there. */
static __attribute__((unused)) void has(const char *path) { printf("%s %s\n", path, access(path, F_OK) == 0 ? "is there" : error_name(errno)); }

/* A mount namespace of our own in which only what we mount at /tmp counts. */
static void begin(void) {
  unshare(CLONE_NEWNS);
  mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
  mount("base", "/tmp", "tmpfs", 0, NULL);
  chdir("/tmp");
}
