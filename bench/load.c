/* load: many clients of one server in one process, and the times of their deliveries.
 *
 *     load PORT PATH CLIENTS [sse] [silent=N] [window=N] [ping=MS]
 *
 * The clients are WebSockets (or event streams) on loopback. At most WINDOW of them connect at a time. They answer pings,
 * and search each message for @NS@, the nanoseconds of CLOCK_MONOTONIC at its publication, and for "cursor":"…", which
 * they store. N of them are silent: they read nothing after the answer to their request. With ping=MS each sends a ping
 * every MS milliseconds, even before the previous pong, and times the pong; the program also times its own wake-ups.
 *
 * It prints a line of JSON when all are connected, and one for each command on its input:
 *
 *     expect N SECONDS    wait for N messages over all clients since the last answer, at most SECONDS
 *     leave               close all connections
 *     return N SECONDS    open them again, all at once, each with its cursor as ?after=, then as `expect`;
 *                         a rejected client retries every second
 *
 * Times are milliseconds. `last` is the time until the last client had a message. The program ends with its input.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

enum { CURSOR = 48, READ = 256 * 1024, LARGEST = 16 * 1024 * 1024, MOMENTS = 8192, EVENTS = 512 };
enum { CLIENTS_PER_ADDRESS = 25000, OPENING_SECONDS = 120 };

/* epoll data of descriptors that are no clients. */
static const unsigned long long INPUT = -1, TIMER = -2;

enum state { CLOSED, REJECTED, CONNECTING, ASKED, OPEN, SILENT };

struct client {
    int fd;
    enum state state;
    char cursor[CURSOR];
    char *rest; /* the received part of an incomplete message */
    size_t kept;
};

/* One message, and the time at which its last client had it. */
struct moment {
    long long published, last;
};

/* A growing list of times in microseconds. */
struct times {
    unsigned *of;
    size_t count, room;
};

static struct client *clients;
static int port, count, sse, silent, window = 128, ping_ms;
static int queue, started, opening, opened, coming_back;
static const char *path;
static struct sockaddr_in server;
static char buffer[LARGEST + READ];

static struct moment moments[MOMENTS];
static int moment_count;
static struct times latencies, pings, wakes;
static long long deliveries, bytes, lost, retries; /* since the last answer; lost: since the start */
static long long goal = -1, deadline, began, all_open;

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* Exits with a reason, which must need no escaping in JSON. */
static void fail(const char *what, const char *why) {
    printf("{\"error\": \"%s%s%s\"}\n", what, *why ? ": " : "", why);
    exit(1);
}

static void add(struct times *times, long long nanoseconds) {
    if (times->count == times->room) {
        times->room = times->room ? 2 * times->room : 4096;
        if (!(times->of = realloc(times->of, times->room * sizeof *times->of))) fail("out of memory", "");
    }
    times->of[times->count++] = nanoseconds > 0 ? (unsigned)(nanoseconds / 1000) : 0;
}

static int ascending(const void *a, const void *b) {
    unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
    return x < y ? -1 : x > y;
}

/* Prints the quantiles of times in milliseconds, and clears them. */
static void print_times(const char *name, struct times *times) {
    qsort(times->of, times->count, sizeof *times->of, ascending);
    size_t top = times->count ? times->count - 1 : 0;
    const double shares[] = {0.5, 0.99, 1};
    const char *names[] = {"p50", "p99", "max"};
    for (int i = 0; i < 3; i++)
        printf(", \"%s_%s\": %.3f", name, names[i], times->count ? times->of[(size_t)(top * shares[i])] / 1e3 : 0.0);
    times->count = 0;
}

static void answer(void) {
    static struct times last;
    for (int i = 0; i < moment_count; i++) add(&last, moments[i].last - moments[i].published);
    printf("{\"seconds\": %.6f, \"connected\": %.6f", (now() - began) / 1e9,
           all_open > began ? (all_open - began) / 1e9 : 0.0);
    printf(", \"deliveries\": %lld, \"bytes\": %lld", deliveries, bytes);
    printf(", \"lost\": %lld, \"retries\": %lld, \"open\": %d", lost, retries, opened);
    print_times("each", &latencies);
    print_times("last", &last);
    print_times("ping", &pings);
    print_times("wake", &wakes);
    puts("}");
    fflush(stdout);
    moment_count = 0;
    deliveries = bytes = retries = 0;
    goal = -1;
}

/* ---- input of connections ---- */

static void arrived(long long published, long long at) {
    deliveries++;
    add(&latencies, at - published);
    int i = moment_count - 1;
    while (i >= 0 && moments[i].published != published) i--;
    if (i < 0) {
        if (moment_count == MOMENTS) return;
        i = moment_count++;
        moments[i].published = published;
    }
    moments[i].last = at;
}

/* Scans one message. Its cursor is near the beginning. */
static void message(struct client *client, char *text, size_t size, long long at) {
    char *end = text + size;
    bytes += size;
    int hello = 0;
    char *found = memmem(text, size < 128 ? size : 128, "\"cursor\":", 9);
    if (found) {
        hello = memmem(text, found - text, "\"hello\"", 7) != NULL;
        char *from = memchr(found + 9, '"', end - found - 9);
        char *to = from ? memchr(from + 1, '"', end - from - 1) : NULL;
        /* The events up to hello's cursor have not arrived yet: it counts only for a client without a cursor. */
        if (to && to - from - 1 < CURSOR && !(hello && *client->cursor)) {
            memcpy(client->cursor, from + 1, to - from - 1);
            client->cursor[to - from - 1] = 0;
        }
    }
    for (char *mark = text; mark < end && (mark = memchr(mark, '@', end - mark)); mark++) {
        long long stamp = 0;
        char *digit = mark + 1;
        for (; digit < end && digit - mark < 20 && *digit >= '0' && *digit <= '9'; digit++)
            stamp = stamp * 10 + *digit - '0';
        if (digit < end && *digit == '@' && digit > mark + 1) {
            arrived(stamp, at);
            return;
        }
    }
}

static void gone(struct client *client) {
    if (client->state == OPEN || client->state == SILENT) opened--;
    if (client->state == CONNECTING || client->state == ASKED) opening--;
    close(client->fd);
    free(client->rest);
    client->rest = NULL;
    client->kept = 0;
    client->state = CLOSED;
}

/* A server may reject clients of a storm with a 503; any other rejection is an error. */
static void reject_client(struct client *client, const char *what, const char *why) {
    if (!coming_back) fail(what, why);
    gone(client);
    client->state = REJECTED;
    retries++;
}

/* Sends a control frame with a zero mask. It is dropped if the socket's buffer is full. */
static void control(struct client *client, int first_byte, const char *payload, size_t size) {
    char frame[6 + 125] = {(char)first_byte, (char)(0x80 | size)};
    memcpy(frame + 6, payload, size);
    send(client->fd, frame, 6 + size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void frame(struct client *client, int first_byte, char *payload, size_t size, long long at) {
    long long sent;
    switch (first_byte & 0x0f) {
    case 0x1:
    case 0x2:
        message(client, payload, size, at);
        break;
    case 0x8:
        control(client, 0x88, payload, size < 2 ? size : 2);
        lost++;
        gone(client);
        break;
    case 0x9:
        control(client, 0x8a, payload, size <= 125 ? size : 125);
        break;
    case 0xa:
        if (size == sizeof sent) {
            memcpy(&sent, payload, sizeof sent);
            add(&pings, at - sent);
        }
    }
}

/* Takes all complete frames and returns their bytes. Servers send no fragments. */
static size_t take_frames(struct client *client, char *data, size_t size, long long at) {
    size_t done = 0;
    while (client->state == OPEN && size - done >= 2) {
        unsigned char *head = (unsigned char *)data + done;
        size_t length = head[1] & 0x7f, width = length == 126 ? 2 : length == 127 ? 8 : 0;
        if (size - done < 2 + width) break;
        if (width) length = 0;
        for (size_t i = 0; i < width; i++) length = length << 8 | head[2 + i];
        if (length > size - done - 2 - width) break;
        frame(client, head[0], data + done + 2 + width, length, at);
        done += 2 + width + length;
    }
    return done;
}

/* Takes all complete lines. Chunk sizes are on lines of their own. */
static size_t take_lines(struct client *client, char *data, size_t size, long long at) {
    char *line = data, *end;
    while ((end = memchr(line, '\n', data + size - line))) {
        if (end - line > 5 && !memcmp(line, "data:", 5)) message(client, line + 5, end - line - 5, at);
        line = end + 1;
    }
    return line - data;
}

/* Takes the answer to the request and returns its bytes, 0 if it is incomplete. */
static size_t take_head(struct client *client, char *data, size_t size) {
    char *end = memmem(data, size, "\r\n\r\n", 4);
    if (!end) return 0;
    if (memcmp(data, sse ? "HTTP/1.1 200" : "HTTP/1.1 101", 12)) {
        char line[80];
        size_t i = 0;
        for (; i < sizeof line - 1 && data[i] >= ' ' && data[i] < 127 && data[i] != '"' && data[i] != '\\'; i++)
            line[i] = data[i];
        line[i] = 0;
        reject_client(client, "it answered", line);
        return size;
    }
    opening--;
    if (++opened == count) all_open = now();
    client->state = OPEN;
    if (client - clients < silent) {
        client->state = SILENT;
        epoll_ctl(queue, EPOLL_CTL_DEL, client->fd, NULL);
    }
    return end + 4 - data;
}

static void take(struct client *client) {
    size_t size = client->kept, done = 0;
    if (size) memcpy(buffer, client->rest, size);
    ssize_t got = read(client->fd, buffer + size, READ);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
        if (client->state == ASKED) {
            reject_client(client, "it closed a connection instead of answering", "");
        } else {
            lost++;
            gone(client);
        }
        return;
    }
    long long at = now();
    size += got;
    if (client->state == ASKED) done = take_head(client, buffer, size);
    if (client->state == OPEN) done += (sse ? take_lines : take_frames)(client, buffer + done, size - done, at);
    if (client->state == CLOSED || client->state == REJECTED) return;
    client->kept = client->state == SILENT ? 0 : size - done;
    if (client->kept > LARGEST) fail("a message is too large", "");
    free(client->rest);
    client->rest = NULL;
    if (client->kept) {
        if (!(client->rest = malloc(client->kept))) fail("out of memory", "");
        memcpy(client->rest, buffer + done, client->kept);
    }
}

/* ---- connections ---- */

static void ask(struct client *client) {
    char request[1024];
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error) {
        reject_client(client, "connecting", strerror(error));
        return;
    }
    int size = snprintf(request, sizeof request, "GET %s%s%s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n%s\r\n", path,
                        *client->cursor ? "?after=" : "", client->cursor, port,
                        sse ? "Accept: text/event-stream\r\n"
                            : "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
    if (send(client->fd, request, size, MSG_NOSIGNAL) != size) {
        reject_client(client, "sending a request", strerror(errno));
        return;
    }
    client->state = ASKED;
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = client - clients};
    epoll_ctl(queue, EPOLL_CTL_MOD, client->fd, &event);
}

static void open_reader(struct client *client) {
    int one = 1, few = 4096, small = 1460;
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (client->fd < 0) fail("opening a socket", strerror(errno));
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (client - clients < silent) {
        /* The less the kernels keep for a silent client, the more its server has to. With the segments of loopback
         * that is 2.5 MB; with those of Ethernet as little as for distant clients. */
        setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &few, sizeof few);
        setsockopt(client->fd, IPPROTO_TCP, TCP_MAXSEG, &small, sizeof small);
    }
    if (count > CLIENTS_PER_ADDRESS) {
        /* An address has some 28,000 ports for connections to one server. */
        struct sockaddr_in own = {.sin_family = AF_INET};
        own.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + (client - clients) / CLIENTS_PER_ADDRESS);
        setsockopt(client->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
        if (bind(client->fd, (void *)&own, sizeof own)) fail("binding", strerror(errno));
    }
    if (connect(client->fd, (void *)&server, sizeof server) && errno != EINPROGRESS)
        fail("connecting", strerror(errno));
    client->state = CONNECTING;
    opening++;
    struct epoll_event event = {.events = EPOLLOUT, .data.u64 = client - clients};
    epoll_ctl(queue, EPOLL_CTL_ADD, client->fd, &event);
}

/* Opens clients, at most the window at a time. */
static void begin(int together) {
    window = together;
    started = opening = 0;
    all_open = 0;
    began = now();
}

static void open_more(void) {
    static long long retried;
    if (coming_back && now() - retried > 1000000000LL) {
        retried = now();
        for (int i = 0; i < started; i++)
            if (clients[i].state == REJECTED) open_reader(&clients[i]);
    }
    while (started < count && opening < window) open_reader(&clients[started++]);
}

/* ---- commands ---- */

static void obey(const char *line) {
    double seconds = 0;
    long long wanted = 0;
    if (sscanf(line, "expect %lld %lf", &wanted, &seconds) == 2) {
        began = now();
    } else if (sscanf(line, "return %lld %lf", &wanted, &seconds) == 2) {
        begin(count);
        coming_back = 1;
    } else if (!strcmp(line, "leave")) {
        for (int i = 0; i < count; i++)
            if (clients[i].state > REJECTED) gone(&clients[i]);
    } else {
        fail("unknown command", "");
    }
    goal = wanted;
    deadline = began + (long long)(seconds * 1e9);
}

/* Reads command lines, one at a time. */
static void listen_to_input(void) {
    static char line[128];
    static size_t length;
    ssize_t got = read(STDIN_FILENO, line + length, sizeof line - 1 - length);
    if (got <= 0) exit(0);
    length += got;
    line[length] = 0;
    char *end = strchr(line, '\n');
    if (!end) return;
    *end = 0;
    length = 0;
    obey(line);
}

static void ping_all(int timer) {
    static long long due;
    long long times, at = now(), pause = ping_ms * 1000000LL;
    if (read(timer, &times, sizeof times) < 0) return;
    /* The lateness of this process, which is the machine's. */
    if (due) add(&wakes, at - due);
    due = (due ? due : at) + times * pause;
    for (int i = 0; i < count; i++)
        if (clients[i].state == OPEN) control(&clients[i], 0x89, (const char *)&at, sizeof at);
}

/* Waits at most 0.1 s for events, and handles them. */
static void turn(int timer) {
    struct epoll_event events[EVENTS];
    int happened = epoll_wait(queue, events, EVENTS, 100);
    for (int i = 0; i < happened; i++) {
        unsigned long long which = events[i].data.u64;
        if (which == INPUT) listen_to_input();
        else if (which == TIMER) ping_all(timer);
        else if (clients[which].state == CONNECTING) ask(&clients[which]);
        else if (clients[which].state > REJECTED) take(&clients[which]);
    }
}

static void watch(int fd, unsigned long long name) {
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = name};
    epoll_ctl(queue, EPOLL_CTL_ADD, fd, &event);
}

static void read_arguments(int given, char **arguments) {
    if (given < 4) fail("usage: load PORT PATH CLIENTS [sse] [silent=N] [window=N] [ping=MS]", "");
    port = atoi(arguments[1]);
    path = arguments[2];
    count = atoi(arguments[3]);
    for (int i = 4; i < given; i++) {
        if (!strcmp(arguments[i], "sse")) sse = 1;
        sscanf(arguments[i], "silent=%d", &silent);
        sscanf(arguments[i], "window=%d", &window);
        sscanf(arguments[i], "ping=%d", &ping_ms);
    }
}

int main(int given, char **arguments) {
    read_arguments(given, arguments);
    if (!(clients = calloc(count, sizeof *clients))) fail("out of memory", "");
    server.sin_family = AF_INET;
    server.sin_port = htons(port);
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    queue = epoll_create1(EPOLL_CLOEXEC);
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

    begin(window);
    while (opened < count) {
        open_more();
        turn(timer);
        if (now() - began > OPENING_SECONDS * 1000000000LL) fail("not all could connect in time", "");
    }
    answer();

    watch(STDIN_FILENO, INPUT);
    watch(timer, TIMER);
    struct timespec pause = {ping_ms / 1000, ping_ms % 1000 * 1000000L};
    struct itimerspec every = {pause, pause};
    timerfd_settime(timer, 0, &every, NULL);
    while (1) {
        open_more();
        turn(timer);
        if (goal >= 0 && (deliveries >= goal || now() >= deadline)) answer();
    }
}
