// A stub of a PostgreSQL server for the load run: it lets everybody in over plaintext, answers the gateway's attestation
// query and its probes as a primary would, and every other statement with one row "1". One thread, epoll.
//
//   load_upstream PORT CLUSTER_NAME
//
// A startup for the database "statistics" is answered with one line of JSON and the end of the connection.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 65536, ROOM = 4096, BATCH = 512 };

// What a connection's statement is; a Parse's is kept until its Execute.
enum Kind { OTHER, ATTESTATION, PROBE };

struct Connection {
    int is_open, started, is_counted, length, ignored;
    enum Kind parsed;
    unsigned char *bytes;
};

static struct Connection connections[MOST];
static const char *cluster;
static long now_open, most_open, accepted, sessions, statements, probes, cancels, terminated, cut;

static unsigned char out[65536];
static int out_length, frame_start;

static void put(const void *bytes, int count) {
    if (out_length + count > (int)sizeof out) abort();
    memcpy(out + out_length, bytes, count);
    out_length += count;
}
static void put16(int value) { uint16_t v = htons(value); put(&v, 2); }
static void put32(int64_t value) { uint32_t v = htonl((uint32_t)value); put(&v, 4); }
static void text(const char *value) { put(value, strlen(value) + 1); }
static void begin(char tag) { put(&tag, 1); frame_start = out_length; put32(0); }
static void end(void) {
    uint32_t length = htonl(out_length - frame_start);
    memcpy(out + frame_start, &length, 4);
}

static void status(const char *name, const char *value) { begin('S'); text(name); text(value); end(); }
static void ready(void) { begin('Z'); put("I", 1); end(); }

static void describe(int columns) {
    begin('T');
    put16(columns);
    for (int at = 0; at < columns; at++) {
        text("column");
        put32(0); put16(0); put32(25); put16(-1); put32(-1); put16(0);
    }
    end();
}

static void row(const char **values, int columns) {
    begin('D');
    put16(columns);
    for (int at = 0; at < columns; at++) {
        if (!values[at]) { put32(-1); continue; }
        put32(strlen(values[at]));
        put(values[at], strlen(values[at]));
    }
    end();
}

static int columns_of(enum Kind kind) { return kind == PROBE ? 19 : kind == ATTESTATION ? 5 : 1; }

static void rows_of(enum Kind kind, int pid) {
    char process[16], clock[32], used[16];
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(process, sizeof process, "%d", pid);
    snprintf(clock, sizeof clock, "%lld.%06ld", (long long)now.tv_sec, now.tv_nsec / 1000);
    snprintf(used, sizeof used, "%ld", now_open);
    if (kind == PROBE) {
        const char *values[19] = {"f", "7300000000000000001", "1", "0", "000000010000000000000003", "0/3000060", NULL,
            NULL, clock, NULL, NULL, NULL, NULL, cluster, "150018", "off", process, "1000000", used};
        row(values, 19);
        probes++;
    } else if (kind == ATTESTATION) {
        const char *values[5] = {"f", "7300000000000000001", cluster, process, clock};
        row(values, 5);
    } else {
        const char *values[1] = {"1"};
        row(values, 1);
        statements++;
    }
    begin('C'); text("SELECT 1"); end();
}

static enum Kind kind_of(const char *sql) {
    if (strstr(sql, "pg_walfile_name")) return PROBE;
    return strstr(sql, "pg_control_system") ? ATTESTATION : OTHER;
}

static void welcome(int descriptor) {
    begin('R'); put32(0); end();
    status("server_version", "15.18"); status("server_encoding", "UTF8"); status("client_encoding", "UTF8");
    status("DateStyle", "ISO, MDY"); status("IntervalStyle", "postgres"); status("TimeZone", "UTC");
    status("integer_datetimes", "on"); status("standard_conforming_strings", "on"); status("is_superuser", "off");
    status("in_hot_standby", "off"); status("default_transaction_read_only", "off");
    begin('K'); put32(descriptor + 1000); put32(random()); end();
    ready();
}

static const char *value_of(const unsigned char *body, int length, const char *name) {
    for (int at = 4; at < length && body[at];) {
        const char *key = (const char *)body + at, *value = key + strlen(key) + 1;
        if (!strcmp(key, name)) return value;
        at = (const unsigned char *)value - body + strlen(value) + 1;
    }
    return "";
}

// Answers a packet of the startup; false where the connection is to be closed.
static int startup(struct Connection *c, int descriptor, const unsigned char *body, int length) {
    uint32_t code;
    memcpy(&code, body, 4);
    code = ntohl(code);
    if (code == 80877103 || code == 80877104) { put("N", 1); return 1; }
    if (code == 80877102) { cancels++; return 0; }
    if (!strcmp(value_of(body, length, "database"), "statistics")) {
        char line[400];
        int count = snprintf(line, sizeof line, "{\"open\": %ld, \"most_open\": %ld, \"accepted\": %ld, \"sessions\": %ld, "
            "\"statements\": %ld, \"probes\": %ld, \"cancels\": %ld, \"terminated\": %ld, \"cut\": %ld}\n", now_open - 1,
            most_open, accepted, sessions, statements, probes, cancels, terminated, cut);
        put(line, count);
        c->is_counted = 0;
        return 0;
    }
    c->started = c->is_counted = 1;
    sessions++;
    welcome(descriptor);
    return 1;
}

static int message(struct Connection *c, int descriptor, char tag, const char *body) {
    switch (tag) {
    case 'Q': {
        enum Kind kind = kind_of(body);
        describe(columns_of(kind)); rows_of(kind, descriptor + 1000); ready();
        return 1;
    }
    case 'P': c->parsed = kind_of(body + strlen(body) + 1); begin('1'); end(); return 1;
    case 'B': begin('2'); end(); return 1;
    case 'D': describe(columns_of(c->parsed)); return 1;
    case 'E': rows_of(c->parsed, descriptor + 1000); return 1;
    case 'C': begin('3'); end(); return 1;
    case 'S': ready(); return 1;
    case 'X': terminated++; c->is_counted = 0; return 0;
    default: return 1;
    }
}

static void finish(int descriptor) {
    struct Connection *c = &connections[descriptor];
    if (c->started && c->is_counted) cut++;
    free(c->bytes);
    memset(c, 0, sizeof *c);
    now_open--;
    close(descriptor);
}

static int send_all(int descriptor) {
    // An answer has a few hundred bytes: a socket that does not take it is of a peer that does not read.
    int done = send(descriptor, out, out_length, MSG_NOSIGNAL | MSG_DONTWAIT) == out_length;
    out_length = 0;
    return done;
}

static void readable(int descriptor) {
    struct Connection *c = &connections[descriptor];
    if (!c->bytes) c->bytes = malloc(ROOM);
    int count = recv(descriptor, c->bytes + c->length, ROOM - c->length, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) { finish(descriptor); return; }
    c->length += count;
    int at = 0, alive = 1;
    while (alive) {
        int head = c->started ? 1 : 0;
        if (c->length - at < head + 4) break;
        uint32_t length;
        memcpy(&length, c->bytes + at + head, 4);
        length = ntohl(length);
        if (length < (c->started ? 4u : 8u) || length > ROOM - 2) { alive = 0; break; }
        if ((uint32_t)(c->length - at) < head + length) break;
        unsigned char *body = c->bytes + at + head + 4;
        unsigned char saved = body[length - 4];
        int is_last = at + head + (int)length >= ROOM;
        if (!is_last) body[length - 4] = 0;
        alive = c->started ? message(c, descriptor, (char)c->bytes[at], (char *)body)
                           : startup(c, descriptor, body, length - 4);
        if (!is_last) body[length - 4] = saved;
        at += head + length;
    }
    if (out_length && !send_all(descriptor)) alive = 0;
    if (!alive) { finish(descriptor); return; }
    memmove(c->bytes, c->bytes + at, c->length - at);
    c->length -= at;
    if (!c->length) { free(c->bytes); c->bytes = NULL; }
}

int main(int count, char **arguments) {
    if (count != 3) return 64;
    cluster = arguments[2];
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), yes = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(arguments[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) {
        perror("load_upstream");
        return 1;
    }
    int poll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event entry = {.events = EPOLLIN, .data.fd = listener}, events[BATCH];
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &entry);
    for (;;) {
        int ready_count = epoll_wait(poll, events, BATCH, -1);
        for (int at = 0; at < ready_count; at++) {
            if (events[at].data.fd != listener) { readable(events[at].data.fd); continue; }
            int descriptor;
            while ((descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
                if (descriptor >= MOST) { close(descriptor); continue; }
                setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
                connections[descriptor].is_open = 1;
                accepted++;
                if (++now_open > most_open) most_open = now_open;
                entry.events = EPOLLIN;
                entry.data.fd = descriptor;
                epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &entry);
            }
        }
    }
}
