// The least that a gateway can cost: a relay that parses nothing, one thread, one upstream for each client, plaintext.
// script/bench --parts floor runs it with epoll and with io_uring, without a log and with one like the gateway's.
#define _GNU_SOURCE
#include "floor.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

static const char USAGE[] =
    "floor epoll|io_uring PORT UPSTREAM_PORT [LOG [hold|own]]\n"
    "  relays 127.0.0.1:PORT to 127.0.0.1:UPSTREAM_PORT\n"
    "  LOG   this file gets a line for each piece read from a client, before the piece is forwarded: one write a turn\n"
    "  hold  an answer waits until its line is on the disk\n"
    "  own   so, and with epoll the relay syncs itself, when nothing else is ready, and no thread does\n"
    "Where the kernel refuses io_uring, it says so and uses epoll.\n";

void fail(const char *call, int code) {
    fprintf(stderr, "floor: %s: %s\n", call, strerror(code));
    exit(1);
}

static void set_no_delay(int socket) {
    int on = 1;
    if (setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) fail("setsockopt", errno);
}

int connect_upstream(const struct setup *setup, int client) {
    int upstream = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (upstream < 0) fail("socket", errno);
    if (connect(upstream, (const struct sockaddr *)&setup->upstream, sizeof setup->upstream) != 0) {
        close(upstream);
        return -1;
    }
    set_no_delay(client);
    set_no_delay(upstream);
    return upstream;
}

static struct sockaddr_in address(const char *text) {
    char *end;
    long port = strtol(text, &end, 10);
    if (*end != '\0' || port < 1 || port > 65535) {
        fprintf(stderr, "floor: a port is expected, not \"%s\"\n", text);
        exit(64);
    }
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int listen_at(struct sockaddr_in address) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    if (listener < 0) fail("socket", errno);
    if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) fail("setsockopt", errno);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0) fail("bind", errno);
    if (listen(listener, BACKLOG) != 0) fail("listen", errno);
    return listener;
}

int main(int count, char **words) {
    if (count == 2 && strcmp(words[1], "--help") == 0) {
        fputs(USAGE, stdout);
        return 0;
    }
    bool uring = count > 1 && strcmp(words[1], "io_uring") == 0;
    if (count < 4 || count > 6 || (!uring && strcmp(words[1], "epoll") != 0)
        || (count == 6 && strcmp(words[5], "hold") != 0 && strcmp(words[5], "own") != 0)) {
        fputs(USAGE, stderr);
        return 64;
    }
    struct setup setup = {.listener = listen_at(address(words[2])), .upstream = address(words[3])};
    if (count > 4) setup.log = log_open(words[4], count == 6);
    setup.syncs_itself = count == 6 && strcmp(words[5], "own") == 0;
    if (uring) {
        int code = run_uring(&setup);
        fprintf(stderr, "floor: io_uring is not to be had (%s): using epoll\n", strerror(code));
    }
    run_epoll(&setup);
}
