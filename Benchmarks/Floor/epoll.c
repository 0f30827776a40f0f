// The relay with epoll, as the gateway's Transport has it: edge-triggered, each descriptor registered once for both
// directions, a short read or write remembered instead of tried again.
#define _GNU_SOURCE
#include "floor.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 256, PIECES_A_TURN = 8 };

struct session;

struct end {
    struct session *session;
    int socket;
    bool readable, writable, hung_up;
};

// One direction: what was read at one end and has not gone out at the other.
struct way {
    struct end *from, *to;
    size_t begin, end;
    bool ended;
    char bytes[PIECE];
};

struct session {
    struct end client, upstream;
    struct way queries, answers;
    // The log's last line of this session.
    uint64_t line;
    bool in_turn, is_held;
    struct session *next_in_turn, *next_held;
};

// The thread that syncs the log: one fdatasync for all that was written meanwhile.
struct syncer {
    struct log *log;
    pthread_mutex_t lock;
    pthread_cond_t wakes;
    uint64_t written;
    _Atomic uint64_t durable;
    int done;
};

struct relay {
    const struct setup *setup;
    int epoll;
    struct session *turn, *held;
    // An answer waits for a line that may not be on the disk before another sync.
    bool wants_sync;
    struct syncer syncer;
    struct epoll_event events[EVENTS];
};

static void *sync_forever(void *argument) {
    struct syncer *syncer = argument;
    uint64_t covers = 0;
    for (;;) {
        pthread_mutex_lock(&syncer->lock);
        while (syncer->written == covers) pthread_cond_wait(&syncer->wakes, &syncer->lock);
        covers = syncer->written;
        pthread_mutex_unlock(&syncer->lock);
        if (fdatasync(syncer->log->file) != 0) fail("fdatasync", errno);
        syncer->log->counts->syncs++;
        atomic_store(&syncer->durable, covers);
        if (eventfd_write(syncer->done, 1) != 0) fail("eventfd_write", errno);
    }
    return NULL;
}

static void start_syncer(struct relay *relay) {
    struct syncer *syncer = &relay->syncer;
    pthread_t thread;
    pthread_mutex_init(&syncer->lock, NULL);
    pthread_cond_init(&syncer->wakes, NULL);
    syncer->done = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (syncer->done < 0) fail("eventfd", errno);
    // Edge-triggered: each write tells, and none has to be read.
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.ptr = syncer};
    if (epoll_ctl(relay->epoll, EPOLL_CTL_ADD, syncer->done, &event) != 0) fail("epoll_ctl", errno);
    int code = pthread_create(&thread, NULL, sync_forever, syncer);
    if (code != 0) fail("pthread_create", code);
}

static void join_turn(struct relay *relay, struct session *session) {
    if (session->in_turn) return;
    session->in_turn = true;
    session->next_in_turn = relay->turn;
    relay->turn = session;
}

static void release_held(struct relay *relay) {
    for (struct session *session = relay->held; session; session = session->next_held) {
        session->is_held = false;
        join_turn(relay, session);
    }
    relay->held = NULL;
}

// As the gateway does on a fast disk: nothing else is ready.
static void sync_here(struct relay *relay) {
    struct syncer *syncer = &relay->syncer;
    uint64_t covers = syncer->log->written;
    relay->wants_sync = false;
    if (fdatasync(syncer->log->file) != 0) fail("fdatasync", errno);
    syncer->log->counts->syncs++;
    atomic_store(&syncer->durable, covers);
    release_held(relay);
}

// As the gateway does otherwise: not when a line is written, but when an answer waits for it. More share a sync so.
static void ask_for_sync(struct relay *relay) {
    struct syncer *syncer = &relay->syncer;
    if (!relay->wants_sync) return;
    relay->wants_sync = false;
    pthread_mutex_lock(&syncer->lock);
    syncer->written = syncer->log->written;
    pthread_cond_signal(&syncer->wakes);
    pthread_mutex_unlock(&syncer->lock);
}

static void watch(struct relay *relay, struct end *end, struct session *session, int socket) {
    *end = (struct end){.session = session, .socket = socket};
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = end};
    if (epoll_ctl(relay->epoll, EPOLL_CTL_ADD, socket, &event) != 0) fail("epoll_ctl", errno);
}

static void accept_all(struct relay *relay) {
    int client;
    while ((client = accept4(relay->setup->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        int upstream = connect_upstream(relay->setup, client);
        struct session *session = upstream < 0 ? NULL : calloc(1, sizeof *session);
        if (!session) {
            if (upstream >= 0) close(upstream);
            close(client);
            continue;
        }
        session->queries.from = session->answers.to = &session->client;
        session->queries.to = session->answers.from = &session->upstream;
        watch(relay, &session->client, session, client);
        watch(relay, &session->upstream, session, upstream);
    }
}

static bool is_empty(const struct way *way) { return way->begin == way->end; }

// Reads once, where the last piece has gone.
static bool pull(struct way *way) {
    struct end *from = way->from;
    if (!from->readable || way->ended || !is_empty(way)) return false;
    ssize_t count = recv(from->socket, way->bytes, PIECE, MSG_DONTWAIT);
    if (count > 0) {
        way->begin = 0;
        way->end = (size_t)count;
        // A short read has emptied the socket, unless what follows is the end (epoll(7)).
        if (count < PIECE && !from->hung_up) from->readable = false;
        return true;
    }
    if (count < 0 && errno == EAGAIN) from->readable = false;
    else if (count == 0 || errno != EINTR) way->ended = true;
    return false;
}

static void push(struct way *way) {
    struct end *to = way->to;
    while (!is_empty(way) && to->writable) {
        size_t length = way->end - way->begin;
        ssize_t count = send(to->socket, way->bytes + way->begin, length, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count >= 0) {
            way->begin += (size_t)count;
            if ((size_t)count < length) to->writable = false;
        } else if (errno == EAGAIN) {
            to->writable = false;
        } else if (errno != EINTR) {
            way->ended = true;
            way->begin = way->end;
        }
    }
}

// The answer waits for the disk.
static bool hold(struct relay *relay, struct session *session) {
    struct log *log = relay->setup->log;
    if (!log || !log->holds || is_empty(&session->answers)) return false;
    if (session->line <= atomic_load(&relay->syncer.durable)) return false;
    relay->wants_sync = true;
    if (!session->is_held) {
        session->is_held = true;
        session->next_held = relay->held;
        relay->held = session;
    }
    return true;
}

static bool has_more(const struct way *way) { return way->from->readable && !way->ended && is_empty(way); }
static bool is_over(const struct way *way) { return way->ended && is_empty(way); }

static void forward(struct relay *relay, struct session *session) {
    struct way *answers = &session->answers;
    push(&session->queries);
    for (unsigned piece = 0; piece < PIECES_A_TURN; piece++) {
        pull(answers);
        if (hold(relay, session)) break;
        push(answers);
        if (!has_more(answers)) break;
    }
    if (session->is_held) return;
    if (is_over(&session->queries) || is_over(answers)) {
        close(session->client.socket);
        close(session->upstream.socket);
        free(session);
    } else if (has_more(&session->queries) || has_more(answers)) {
        join_turn(relay, session);
    }
}

static void note(struct relay *relay, const struct epoll_event *event) {
    if (!event->data.ptr) return accept_all(relay);
    if (event->data.ptr == &relay->syncer) return release_held(relay);
    struct end *end = event->data.ptr;
    bool failed = event->events & (EPOLLERR | EPOLLHUP);
    if (failed || event->events & (EPOLLIN | EPOLLRDHUP)) end->readable = true;
    if (failed || event->events & EPOLLOUT) end->writable = true;
    if (failed || event->events & EPOLLRDHUP) end->hung_up = true;
    join_turn(relay, end->session);
}

// What clients sent is read, its lines are written, and only then it is forwarded.
static void turn(struct relay *relay) {
    struct log *log = relay->setup->log;
    bool polls = relay->turn || (relay->wants_sync && relay->setup->syncs_itself);
    int count = epoll_wait(relay->epoll, relay->events, EVENTS, polls ? 0 : -1);
    if (count == 0 && !relay->turn && relay->wants_sync) sync_here(relay);
    if (count < 0 && errno != EINTR) fail("epoll_wait", errno);
    for (int index = 0; index < count; index++) note(relay, &relay->events[index]);
    struct session *next = relay->turn;
    for (struct session *session = next; session; session = session->next_in_turn)
        if (pull(&session->queries)) session->line = log_take(log);
    log_write(log);
    relay->turn = NULL;
    while (next) {
        struct session *session = next;
        next = session->next_in_turn;
        session->in_turn = false;
        forward(relay, session);
    }
    if (!relay->setup->syncs_itself) ask_for_sync(relay);
}

void run_epoll(const struct setup *setup) {
    struct relay *relay = calloc(1, sizeof *relay);
    if (!relay) fail("calloc", ENOMEM);
    relay->setup = setup;
    relay->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (relay->epoll < 0) fail("epoll_create1", errno);
    struct epoll_event event = {.events = EPOLLIN};
    if (epoll_ctl(relay->epoll, EPOLL_CTL_ADD, setup->listener, &event) != 0) fail("epoll_ctl", errno);
    relay->syncer.log = setup->log;
    if (setup->log && setup->log->holds && !setup->syncs_itself) start_syncer(relay);
    for (;;) turn(relay);
}
