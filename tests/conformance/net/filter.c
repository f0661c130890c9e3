/* SO_ATTACH_FILTER: classic BPF programs decide what sockets receive. See socket(7), Documentation/networking/filter.rst. */
#include "net.h"
#include <linux/filter.h>
#include <linux/netlink.h>

static void attach(const char *what, int fd, struct sock_filter *code, int count) {
  struct sock_fprog program = {count, code};
  printf("attach %s: %s\n", what, setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) ? error_name(errno) : "ok");
}
#define ATTACH(what, fd, ...) attach(what, fd, (struct sock_filter[]){__VA_ARGS__}, sizeof((struct sock_filter[]){__VA_ARGS__}) / sizeof(struct sock_filter))

static void drain(int fd) {
  char bytes[256];
  ssize_t count;
  while ((count = recv(fd, bytes, sizeof bytes - 1, MSG_DONTWAIT | MSG_TRUNC)) >= 0) {
    bytes[count] = 0;
    printf("  got %zd \"%s\"\n", count, bytes);
  }
}

static void say(int fd, const char *text) { printf("send %s: %zd\n", text, send(fd, text, strlen(text), 0)); }

int main(void) {
  unshare(CLONE_NEWNET);
  set_up("lo", 1);
  int pair[2], one = 1, zero = 0;
  for (int kind = 0; kind < 3; kind++) {
    printf("-- %s\n", kind == 0 ? "udp" : kind == 1 ? "unix datagrams" : "unix packets");
    if (kind > 0) socketpair(AF_UNIX, kind == 1 ? SOCK_DGRAM : SOCK_SEQPACKET, 0, pair);
    else {
      struct sockaddr_in address = in4("127.0.0.1", 5000);
      pair[0] = socket(AF_INET, SOCK_DGRAM, 0);
      pair[1] = socket(AF_INET, SOCK_DGRAM, 0);
      bind(pair[1], (void *)&address, sizeof address);
      connect(pair[0], (void *)&address, sizeof address);
    }
    int skip = kind == 0 ? 8 : 0;
    ATTACH("by first byte", pair[1], BPF_STMT(BPF_LD | BPF_B | BPF_ABS, skip), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 'a', 0, 1), BPF_STMT(BPF_RET | BPF_K, 0xffffffff), BPF_STMT(BPF_RET | BPF_K, 0));
    say(pair[0], "apple");
    say(pair[0], "banana");
    say(pair[0], "");
    drain(pair[1]);
    ATTACH("cut", pair[1], BPF_STMT(BPF_RET | BPF_K, skip + 3));
    say(pair[0], "banana");
    drain(pair[1]);
    ATTACH("cut to nothing", pair[1], BPF_STMT(BPF_RET | BPF_K, 1));
    say(pair[0], "banana");
    drain(pair[1]);
    ATTACH("halves, an index, the length", pair[1], BPF_STMT(BPF_LDX | BPF_IMM, skip), BPF_STMT(BPF_LD | BPF_H | BPF_IND, 1), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 'b' << 8 | 'c', 0, 3),
           BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0), BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 2), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1), BPF_STMT(BPF_RET | BPF_K, 65535), BPF_STMT(BPF_RET | BPF_K, 0));
    say(pair[0], "abcd");
    say(pair[0], "abc");
    say(pair[0], "xxxx");
    drain(pair[1]);
    ATTACH("nibble", pair[1], BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, skip), BPF_STMT(BPF_MISC | BPF_TXA, 0), BPF_STMT(BPF_RET | BPF_A, 0));
    say(pair[0], "abcdefghijkl");
    drain(pair[1]);
    ATTACH("outside of it", pair[1], BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 100), BPF_STMT(BPF_RET | BPF_K, 65535));
    say(pair[0], "abcd");
    drain(pair[1]);
    SHOW(setsockopt(pair[1], SOL_SOCKET, SO_DETACH_FILTER, &zero, sizeof zero));
    SHOW(setsockopt(pair[1], SOL_SOCKET, SO_DETACH_FILTER, &zero, sizeof zero));
    say(pair[0], "banana");
    drain(pair[1]);
  }
  puts("-- bad programs");
  ATTACH("no return", pair[1], BPF_STMT(BPF_LD | BPF_IMM, 1));
  ATTACH("unknown", pair[1], BPF_STMT(0xff, 1), BPF_STMT(BPF_RET | BPF_K, 0));
  ATTACH("jump out", pair[1], BPF_JUMP(BPF_JMP | BPF_JA, 5, 0, 0), BPF_STMT(BPF_RET | BPF_K, 0));
  ATTACH("divide by 0", pair[1], BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), BPF_STMT(BPF_RET | BPF_K, 0));
  ATTACH("modulo 0", pair[1], BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 0), BPF_STMT(BPF_RET | BPF_K, 0));
  ATTACH("unwritten memory", pair[1], BPF_STMT(BPF_LD | BPF_MEM, 0), BPF_STMT(BPF_RET | BPF_A, 0));
  attach("nothing", pair[1], NULL, 0);
  attach("too much", pair[1], (void *)1, 4097);
  attach("bad address", pair[1], (void *)1, 2);
  struct sock_fprog program = {0};
  SHOW(setsockopt(pair[1], SOL_SOCKET, SO_ATTACH_FILTER, &program, 8));
  SHOW(setsockopt(pair[1], SOL_SOCKET, SO_DETACH_FILTER, &zero, 2));
  puts("-- locked");
  SHOW(setsockopt(pair[1], SOL_SOCKET, SO_LOCK_FILTER, &one, sizeof one));
  show_option("SO_LOCK_FILTER", pair[1], SOL_SOCKET, SO_LOCK_FILTER);
  SHOW(setsockopt(pair[1], SOL_SOCKET, SO_LOCK_FILTER, &zero, sizeof zero));
  SHOW(setsockopt(pair[1], SOL_SOCKET, SO_DETACH_FILTER, &zero, sizeof zero));
  ATTACH("all", pair[1], BPF_STMT(BPF_RET | BPF_K, 0xffffffff));
  puts("-- netlink");
  int listener = socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT), sender = socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT);
  struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = 2};
  bind(listener, (void *)&address, sizeof address);
  connect(sender, (void *)&address, sizeof address);
  ATTACH("by the second word", listener, BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 4), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x65666768, 1, 0), BPF_STMT(BPF_RET | BPF_K, 0), BPF_STMT(BPF_RET | BPF_K, 7));
  say(sender, "abcdefghijkl");
  say(sender, "abcdabcdabcd");
  drain(listener);
  return 0;
}
