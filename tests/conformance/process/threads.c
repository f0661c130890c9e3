/* Threads: ids, exits, exec of the whole, signals to one and to all. See pthreads(7), exit_group(2). */
#include "show.h"

static pid_t tid_of;
static void *note_tid(void *arg) {
  (void)arg;
  tid_of = gettid();
  return (void *)11;
}

static void *exit_process(void *arg) {
  exit((int)(long)arg);
}

static void *sleep_long(void *arg) {
  (void)arg;
  sleep(100);
  return NULL;
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int counter, turns;
static void *count(void *arg) {
  for (int i = 0; i < 2000; i++) {
    pthread_mutex_lock(&mutex);
    counter++;
    pthread_mutex_unlock(&mutex);
  }
  return arg;
}
static void *ping(void *arg) {
  long me = (long)arg;
  for (int i = 0; i < 200; i++) {
    pthread_mutex_lock(&mutex);
    while (turns % 2 != me) pthread_cond_wait(&cond, &mutex);
    turns++;
    pthread_cond_broadcast(&cond);
    pthread_mutex_unlock(&mutex);
  }
  return NULL;
}

static _Thread_local int own = 5;
static void *thread_local_value(void *arg) {
  int before = own;
  own = (int)(long)arg;
  return (void *)(long)before;
}

int main(void) {
  pthread_t thread, many[20];
  void *result;
  pthread_create(&thread, NULL, note_tid, NULL);
  pthread_join(thread, &result);
  printf("result %ld\n", (long)result);
  IS(tid_of != gettid() && tid_of > 0);
  IS(getpid() == gettid());

  for (int i = 0; i < 20; i++) pthread_create(&many[i], NULL, count, NULL);
  for (int i = 0; i < 20; i++) pthread_join(many[i], NULL);
  printf("counted %d\n", counter);
  for (long i = 0; i < 2; i++) pthread_create(&many[i], NULL, ping, (void *)i);
  for (int i = 0; i < 2; i++) pthread_join(many[i], NULL);
  printf("turns %d\n", turns);

  pthread_create(&thread, NULL, thread_local_value, (void *)9L);
  pthread_join(thread, &result);
  printf("thread local %ld, mine %d\n", (long)result, own);

  IN_CHILD("exit in a thread", {
    pthread_create(&thread, NULL, exit_process, (void *)23L);
    sleep(100);
  });
  IN_CHILD("main thread ends first", {
    pthread_create(&thread, NULL, exit_process, (void *)24L);
    pthread_exit(NULL);
  });
  IN_CHILD("exit_group with sleepers", {
    for (int i = 0; i < 10; i++) pthread_create(&many[i], NULL, sleep_long, NULL);
    millis(5);
    _exit(25);
  });
  IN_CHILD("fatal signal with sleepers", {
    for (int i = 0; i < 10; i++) pthread_create(&many[i], NULL, sleep_long, NULL);
    millis(5);
    raise(SIGTERM);
  });
  /* Only the thread that forks is in the child. */
  IN_CHILD("fork of threads", {
    pthread_create(&thread, NULL, sleep_long, NULL);
    IN_CHILD("one thread", SHOW(tgkill(getpid(), getpid(), 0)));
  });
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  IS(usage.ru_nvcsw >= 0);
  return 0;
}
