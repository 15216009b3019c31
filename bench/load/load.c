/* A load client: opens WebSockets and event streams, publishes over HTTP, counts what arrives.
 *
 * One thread reads all connections with epoll, others publish. A message carries the time at which
 * it was published as T=NANOSECONDS; of the machine's monotonic clock; a delivery is such a text
 * found in what a connection reads. One JSON object with the figures goes to standard output.
 * Its options are told by client.py, which builds and runs it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>
#ifdef TLS
#include <openssl/ssl.h>
#else
typedef void SSL;
#endif

#define SECOND 1000000000ull
#define PER_ADDRESS 5000 /* Connections from one loopback address. */
#define READ (1 << 20)
#define HANDSHAKE 8192
#define STAMP 22 /* Bytes of T=, 19 digits and a semicolon. */
#define FINE 1000000 /* Microseconds up to which latencies are kept exactly. */
#define COARSE 60000 /* Milliseconds up to which the rest is. */

typedef struct {
  char *handshake; /* What has come so far; NULL once the connection is open. */
  uint64_t began;
  SSL *tls; /* NULL without TLS. */
  int fd, index, length, kept;
  char tail[STAMP];
} Connection;

typedef struct {
  uint32_t fine[FINE], coarse[COARSE];
  uint64_t count;
} Histogram;

static int count = 1000, port, size = 200, publishers = 1, existing, window = 64;
static double rate = 100, seconds = 3, settle = 1;
static long expected;
static char mode = 'w', *wspath = "/", *ssepath = "/", *pubpath = "/pub", *drive, *pids = "";
static char *first = "", *ready = "", *before_body = "", *after_body = "", **tokens;

static Connection *connections;
static Histogram latency, opening;
static int epoll, limit, next_index, in_flight, opened, failed, closed;
static char *buffer, complaint[160];
static long delivered;
static volatile long published;
static volatile int stop;
static int recording = 1;
static uint64_t last;

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * SECOND + t.tv_nsec;
}

static void die(const char *what) {
  perror(what);
  exit(1);
}

static void record(Histogram *h, uint64_t ns) {
  uint64_t us = ns / 1000;
  if (us < FINE)
    h->fine[us]++;
  else
    h->coarse[us / 1000 < COARSE ? us / 1000 : COARSE - 1]++;
  h->count++;
}

/* Microseconds. */
static uint64_t quantile(const Histogram *h, double q) {
  uint64_t wanted = (uint64_t)(h->count * q), seen = 0;
  if (!h->count) return 0;
  for (int i = 0; i < FINE; i++)
    if ((seen += h->fine[i]) > wanted) return i;
  for (int i = 0; i < COARSE; i++)
    if ((seen += h->coarse[i]) > wanted) return i * 1000ull;
  return COARSE * 1000ull;
}

static double in_kernel; /* CPU seconds of the server's processes in the kernel, as of usage(). */

/* CPU seconds, user and system, and resident bytes of the server's processes. */
static double usage(double *resident) {
  double total = 0;
  char list[256];
  *resident = in_kernel = 0;
  snprintf(list, sizeof list, "%s", pids);
  for (char *pid = strtok(list, ","); pid; pid = strtok(0, ",")) {
    char path[64], line[1024];
    long user, system, pages;
    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    FILE *file = fopen(path, "r");
    if (!file) die(path);
    if (fgets(line, sizeof line, file) && strrchr(line, ')') &&
        sscanf(strrchr(line, ')') + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld",
               &user, &system) == 2) {
      total += (user + system) / (double)sysconf(_SC_CLK_TCK);
      in_kernel += system / (double)sysconf(_SC_CLK_TCK);
    }
    fclose(file);
    snprintf(path, sizeof path, "/proc/%s/statm", pid);
    if (!(file = fopen(path, "r"))) die(path);
    if (fscanf(file, "%*d %ld", &pages) == 1) *resident += pages * (double)sysconf(_SC_PAGESIZE);
    fclose(file);
  }
  return total;
}

/* As read and write, through TLS where there is some. */
#ifdef TLS
static SSL *secured(int s) {
  static SSL_CTX *context;
  if (!context) context = SSL_CTX_new(TLS_client_method());
  SSL *tls = SSL_new(context);
  SSL_set_fd(tls, s);
  if (SSL_connect(tls) != 1) die("SSL_connect");
  return tls;
}

static int get(SSL *tls, int s, char *data, int length) {
  if (!tls) return read(s, data, length);
  int n = SSL_read(tls, data, length);
  if (n > 0) return n;
  if (SSL_get_error(tls, n) != SSL_ERROR_WANT_READ) return 0;
  errno = EAGAIN;
  return -1;
}

static int put(SSL *tls, int s, const char *data, int length) {
  return tls ? SSL_write(tls, data, length) : write(s, data, length);
}

static int left_over(SSL *tls) { return tls && SSL_pending(tls); }
static void let_go(SSL *tls) { SSL_free(tls); }
#else
static SSL *secured(int s) {
  (void)s;
  return 0;
}

static int get(SSL *tls, int s, char *data, int length) {
  (void)tls;
  return read(s, data, length);
}

static int put(SSL *tls, int s, const char *data, int length) {
  (void)tls;
  return write(s, data, length);
}

static int left_over(SSL *tls) {
  (void)tls;
  return 0;
}

static void let_go(SSL *tls) { (void)tls; }
#endif

static int dial(int number) {
  int s = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  struct sockaddr_in from = {.sin_family = AF_INET};
  from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + number / PER_ADDRESS);
  if (s < 0) die("socket");
  /* The port is chosen by connect, so that one may serve many pairs of addresses. */
  setsockopt(s, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  if (bind(s, (void *)&from, sizeof from)) die("bind");
  setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return s;
}

static int is_sse(int index) { return mode == 's' || (mode == 'b' && index % 2); }

static int player(int index) { return mode == 'b' ? index / 2 : index; }

static void start(int index) {
  Connection *c = &connections[index];
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
  char request[4096], path[1024], authorization[1024] = "";
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  c->began = now();
  c->index = index;
  c->fd = dial(index);
  c->handshake = malloc(HANDSHAKE);
  /* Loopback connects at once unless the backlog is full; then the kernel retries, and so it counts. */
  if (connect(c->fd, (void *)&to, sizeof to)) die("connect");
  c->tls = secured(c->fd);
  fcntl(c->fd, F_SETFL, O_NONBLOCK);
  snprintf(path, sizeof path, is_sse(index) ? ssepath : wspath, player(index));
  if (tokens)
    snprintf(authorization, sizeof authorization, "Authorization: Bearer %s\r\n",
             tokens[player(index)]);
  int n = is_sse(index)
              ? snprintf(request, sizeof request,
                         "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n%s\r\n",
                         path, authorization)
              : snprintf(request, sizeof request,
                         "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
                         "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                         "Sec-WebSocket-Version: 13\r\n%s\r\n",
                         path, authorization);
  if (put(c->tls, c->fd, request, n) != n) die("write");
  epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event);
  in_flight++;
}

static void done(Connection *c) {
  free(c->handshake);
  c->handshake = 0;
  in_flight--;
}

static void fail(Connection *c) {
  if (!*complaint)
    snprintf(complaint, sizeof complaint, "%.*s", c->length, c->length ? c->handshake : "closed");
  done(c);
  failed++;
  let_go(c->tls);
  c->tls = 0;
  close(c->fd);
}

/* Counts the deliveries in what came; a stamp that is cut in two waits for the rest. */
static void scan(Connection *c, char *data, size_t length) {
  char *p = data, *end = data + length, *found;
  uint64_t t = now();
  while ((found = memmem(p, end - p, "T=", 2)) && end - found >= STAMP) {
    if (found[STAMP - 1] == ';') {
      delivered++;
      last = t;
      if (recording && (!existing || c->index < existing))
        record(&latency, t - strtoull(found + 2, 0, 10));
      p = found + STAMP;
    } else
      p = found + 2;
  }
  if (!found) found = length && end[-1] == 'T' ? end - 1 : end;
  c->kept = end - found;
  memcpy(c->tail, found, c->kept);
}

static void shake(Connection *c) {
  int room = HANDSHAKE - 1 - c->length;
  int n = room > 0 ? get(c->tls, c->fd, c->handshake + c->length, room) : 0;
  if (n <= 0) {
    if (n == 0 || errno != EAGAIN) fail(c);
    return;
  }
  c->length += n;
  c->handshake[c->length] = 0;
  char *body = strstr(c->handshake, "\r\n\r\n");
  if (!body) return;
  if (strncmp(c->handshake + 8, is_sse(c->index) ? " 200 " : " 101 ", 5)) {
    fail(c);
    return;
  }
  if (*ready && !memmem(body, c->handshake + c->length - body, ready, strlen(ready))) return;
  if (*first && !is_sse(c->index)) {
    char frame[131] = {(char)0x81, (char)(0x80 | strlen(first))};
    memcpy(frame + 6, first, strlen(first));
    if (put(c->tls, c->fd, frame, 6 + strlen(first)) < 0) die("write");
  }
  opened++;
  record(&opening, now() - c->began);
  scan(c, body + 4, c->handshake + c->length - body - 4);
  done(c);
}

static void take_some(Connection *c) {
  if (c->handshake) {
    shake(c);
    return;
  }
  memcpy(buffer, c->tail, c->kept);
  int n = get(c->tls, c->fd, buffer + c->kept, READ);
  if (n > 0)
    scan(c, buffer, c->kept + n);
  else if (n == 0 || errno != EAGAIN) {
    closed++;
    epoll_ctl(epoll, EPOLL_CTL_DEL, c->fd, 0);
    let_go(c->tls);
    c->tls = 0;
    close(c->fd);
  }
}

static void take(Connection *c) {
  do take_some(c);
  while (left_over(c->tls));
}

/* One turn of the loop; how many connections had something. */
static int turn(int milliseconds) {
  struct epoll_event events[512];
  while (in_flight < window && next_index < limit) start(next_index++);
  int n = epoll_wait(epoll, events, 512, milliseconds);
  for (int i = 0; i < n; i++) take(events[i].data.ptr);
  return n;
}

static void wait_for(double duration) {
  uint64_t end = now() + (uint64_t)(duration * SECOND);
  while (now() < end) turn(5);
}

static double open_up_to(int wanted, double within) {
  uint64_t began = now(), end = began + (uint64_t)(within * SECOND);
  limit = wanted;
  while (opened + failed < wanted && now() < end) turn(5);
  return (now() - began) / (double)SECOND;
}

static int dial_publisher(void) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
  int s = dial(0);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(s, (void *)&to, sizeof to)) die("connect");
  return s;
}

/* Reads one answer: headers and so many bytes as they say. False: the server closed. */
static int answered(SSL *tls, int s) {
  char answer[4096];
  int length = 0, n, status;
  char *body = 0;
  while (!body && length < (int)sizeof answer - 1) {
    if ((n = get(tls, s, answer + length, sizeof answer - 1 - length)) <= 0) return 0;
    answer[length += n] = 0;
    body = strstr(answer, "\r\n\r\n");
  }
  if (!body || sscanf(answer, "HTTP/1.1 %d", &status) != 1 || status / 100 != 2) {
    fprintf(stderr, "publishing was answered: %.200s\n", answer);
    exit(1);
  }
  char *field = strcasestr(answer, "content-length:");
  int left = (field ? atoi(field + 15) : 0) - (int)(answer + length - body - 4);
  for (char rest[4096]; left > 0; left -= n)
    if ((n = get(tls, s, rest, left < (int)sizeof rest ? left : (int)sizeof rest)) <= 0) return 0;
  return 1;
}

static void *publish(void *unused) {
  char *text = malloc(size + 512), *request = malloc(size + 2560), path[1024];
  int s = dial_publisher();
  SSL *tls = secured(s);
  uint64_t began = now();
  double interval = rate ? SECOND / rate * publishers : 0;
  (void)unused;
  for (long k = 0; !stop; k++) {
    uint64_t due = began + (uint64_t)(k * interval), t = now();
    if (t < due) {
      struct timespec pause = {(due - t) / SECOND, (due - t) % SECOND};
      nanosleep(&pause, 0);
      if (stop) break;
    }
    int n = 0;
    if (!drive) {
      int from = n = sprintf(text, "%s", before_body);
      n += sprintf(text + n, "{\"type\":\"chat\",\"m\":\"T=%019llu;", (unsigned long long)now());
      while (n - from < size - 2) text[n++] = 'x';
      n += sprintf(text + n, "\"}%s", after_body);
    }
    snprintf(path, sizeof path, drive ? drive : pubpath,
             (int)(__sync_fetch_and_add(&published, 1) % count));
    int length = sprintf(request,
                         "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                         "Content-Length: %d\r\n\r\n%.*s",
                         path, n, n, text);
    if (put(tls, s, request, length) != length || !answered(tls, s)) {
      fprintf(stderr, "the server closed the publisher's connection\n");
      exit(1);
    }
    if (drive) break;
  }
  let_go(tls);
  close(s);
  return 0;
}

static char **read_tokens(const char *path, int wanted) {
  FILE *file = fopen(path, "r");
  char **found = calloc(wanted, sizeof *found), line[1024];
  if (!file) die(path);
  for (int i = 0; i < wanted; i++) {
    if (!fgets(line, sizeof line, file)) {
      fprintf(stderr, "%s: fewer than %d tokens\n", path, wanted);
      exit(1);
    }
    line[strcspn(line, "\n")] = 0;
    found[i] = strdup(line);
  }
  fclose(file);
  return found;
}

static void options(int argc, char **argv) {
  char *path = 0;
  for (int o; (o = getopt(argc, argv, "n:m:p:w:e:b:D:E:P:T:i:o:y:z:r:d:u:l:c:x:W:")) != -1;) switch (o) {
      case 'n': count = atoi(optarg); break;
      case 'm': mode = *optarg; break;
      case 'p': port = atoi(optarg); break;
      case 'w': wspath = optarg; break;
      case 'e': ssepath = optarg; break;
      case 'b': pubpath = optarg; break;
      case 'D': drive = optarg; break;
      case 'E': expected = atol(optarg); break;
      case 'P': pids = optarg; break;
      case 'T': path = optarg; break;
      case 'i': first = optarg; break;
      case 'o': ready = optarg; break;
      case 'y': before_body = optarg; break;
      case 'z': after_body = optarg; break;
      case 'r': rate = atof(optarg); break;
      case 'd': seconds = atof(optarg); break;
      case 'u': settle = atof(optarg); break;
      case 'l': size = atoi(optarg); break;
      case 'c': publishers = atoi(optarg); break;
      case 'x': existing = atoi(optarg); break;
      case 'W': window = atoi(optarg); break;
      default: exit(2);
    }
  if (strlen(first) > 125 || size < 64 || strlen(before_body) + strlen(after_body) > 256) exit(2);
  if (path) tokens = read_tokens(path, mode == 'b' ? (count + 1) / 2 : count);
}

int main(int argc, char **argv) {
  double rss0, rss1, rss2, cpu0, cpu1, cpu2, cpu3, took, caught_up = 0;
  pthread_t threads[64];
  options(argc, argv);
  if (publishers > 64) exit(2);
  buffer = malloc(READ + STAMP);
  connections = calloc(count, sizeof *connections);
  epoll = epoll_create1(0);
  int publishing = seconds > 0 || drive;
  uint64_t began;
  cpu0 = usage(&rss0);
  if (existing) {
    /* A storm: some are connected and hear from each other while the others come. */
    open_up_to(existing, 30);
    wait_for(settle);
    for (int i = 0; i < publishers; i++) pthread_create(&threads[i], 0, publish, 0);
    wait_for(0.5);
    memset(&latency, 0, sizeof latency);
    memset(&opening, 0, sizeof opening);
    cpu0 = usage(&rss0);
  }
  began = now();
  took = open_up_to(count, 60);
  cpu1 = usage(&rss1);
  recording = !existing;
  if (!drive && expected) {
    uint64_t end = now() + 30 * SECOND;
    while (delivered < expected && now() < end) turn(5);
    caught_up = (last - began) / (double)SECOND;
  }
  cpu3 = usage(&rss1);
  wait_for(settle);
  cpu2 = usage(&rss1);
  double kernel = in_kernel;
  long before = expected && !drive ? 0 : delivered;
  if (publishing && !existing) {
    began = last = now();
    memset(&latency, 0, sizeof latency);
    for (int i = 0; i < publishers; i++) pthread_create(&threads[i], 0, publish, 0);
    if (drive) {
      uint64_t end = now() + 60 * SECOND;
      while (delivered - before < expected && now() < end) turn(5);
    } else
      wait_for(seconds);
  }
  stop = 1;
  for (int quiet = 0, turns = 0; quiet < 4 && turns < 200000; turns++) quiet = turn(50) ? 0 : quiet + 1;
  if (publishing)
    for (int i = 0; i < publishers; i++) pthread_join(threads[i], 0);
  for (int quiet = 0; quiet < 2;) quiet = turn(50) ? 0 : quiet + 1;
  double end_cpu = usage(&rss2), elapsed = last > began ? (last - began) / (double)SECOND : 0;
  for (char *p = complaint; *p; p++)
    if (*p < ' ' || *p == '"' || *p == '\\') *p = ' ';
  printf("{\"opened\":%d,\"failed\":%d,\"closed\":%d,\"complaint\":\"%s\",\"opening_seconds\":%.4f,"
         "\"opening_cpu\":%.3f,\"opening_p50_us\":%llu,\"opening_p99_us\":%llu,"
         "\"caught_up_seconds\":%.4f,\"caught_up_cpu\":%.3f,"
         "\"rss_before\":%.0f,\"rss_open\":%.0f,\"rss_after\":%.0f,"
         "\"published\":%ld,\"delivered\":%ld,\"seconds\":%.4f,\"cpu\":%.3f,\"kernel\":%.3f,"
         "\"p50_us\":%llu,\"p99_us\":%llu,\"max_us\":%llu}\n",
         opened, failed, closed, complaint, took, cpu1 - cpu0,
         (unsigned long long)quantile(&opening, .5), (unsigned long long)quantile(&opening, .99),
         caught_up, cpu3 - cpu0, rss0, rss1, rss2, published, delivered - before, elapsed,
         end_cpu - cpu2, in_kernel - kernel, (unsigned long long)quantile(&latency, .5),
         (unsigned long long)quantile(&latency, .99), (unsigned long long)quantile(&latency, 1.0 - 1e-9));
  return 0;
}
