/* floor: the least cost of a fan-out. A WebSocket server that sends each message to each client and does nothing else.
 *
 *     floor PORT PUBLISHING_PORT
 *
 * Each line on the second port is a message. It answers pings, so that clients can time it. It validates no input and
 * buffers nothing for slow clients: for loopback only.
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
#include <unistd.h>

enum { DESCRIPTORS = 1 << 20, INPUT = 4 << 20, LONGEST = 65535, EVENTS = 512, BACKLOG = 4096 };

/* All requests have the key of RFC 6455's example. */
static const char accepted[] =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

static int clients[DESCRIPTORS], slot[DESCRIPTORS], count; /* slot: index of a descriptor in clients, from 1 */
static int queue;
static char input[INPUT];
static size_t kept; /* bytes of an incomplete line */

static void leave(int fd) {
    if (slot[fd]) {
        int last = clients[--count];
        clients[slot[fd] - 1] = last;
        slot[last] = slot[fd];
        slot[fd] = 0;
    }
    close(fd);
}

static void publish(const char *text, size_t size) {
    static char frame[4 + LONGEST];
    size_t head = size < 126 ? 2 : 4;
    frame[0] = (char)0x81;
    frame[1] = (char)(size < 126 ? size : 126);
    frame[2] = (char)(size >> 8);
    frame[3] = (char)size;
    memcpy(frame + head, text, size);
    for (int i = 0; i < count; i++) send(clients[i], frame, head + size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void take_lines(int fd) {
    ssize_t got = read(fd, input + kept, INPUT - kept);
    if (got <= 0) {
        if (got < 0 && errno == EAGAIN) return;
        close(fd);
        return;
    }
    char *line = input, *end, *stop = input + kept + got;
    while ((end = memchr(line, '\n', stop - line))) {
        publish(line, end - line > LONGEST ? LONGEST : end - line);
        line = end + 1;
    }
    kept = stop - line;
    memmove(input, line, kept);
}

static void receive(int fd) {
    unsigned char frame[2048];
    ssize_t got = read(fd, frame, sizeof frame);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        leave(fd);
    } else if (!slot[fd]) {
        send(fd, accepted, sizeof accepted - 1, MSG_NOSIGNAL);
        clients[count++] = fd;
        slot[fd] = count;
    } else if (got >= 6 && frame[0] == 0x89 && frame[1] <= (0x80 | 125) && got >= 6 + (frame[1] & 0x7f)) {
        int size = frame[1] & 0x7f;
        unsigned char pong[2 + 125] = {0x8a, (unsigned char)size};
        for (int i = 0; i < size; i++) pong[2 + i] = frame[6 + i] ^ frame[2 + i % 4];
        send(fd, pong, 2 + size, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}

static void watch(int fd) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(queue, EPOLL_CTL_ADD, fd, &event);
}

static int listen_on(int port) {
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (void *)&address, sizeof address) || listen(fd, BACKLOG)) {
        perror("floor");
        exit(1);
    }
    watch(fd);
    return fd;
}

int main(int given, char **arguments) {
    if (given != 3) {
        fputs("usage: floor PORT PUBLISHING_PORT\n", stderr);
        return 2;
    }
    queue = epoll_create1(0);
    int door = listen_on(atoi(arguments[1])), press = listen_on(atoi(arguments[2])), publisher = -1, one = 1;
    while (1) {
        struct epoll_event events[EVENTS];
        int happened = epoll_wait(queue, events, EVENTS, -1);
        for (int i = 0; i < happened; i++) {
            int fd = events[i].data.fd, came;
            if (fd == publisher) {
                take_lines(fd);
            } else if (fd != door && fd != press) {
                receive(fd);
            } else {
                while ((came = accept4(fd, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                    setsockopt(came, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                    if (fd == press) publisher = came;
                    watch(came);
                }
            }
        }
    }
}
