// The relay with io_uring: one receive for each socket that goes on by itself, into buffers that the kernel picks; all
// sends of a turn submitted by the call that waits for the next one.
#define _GNU_SOURCE
#include "floor.h"
#include "ring.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    FILES = 2048,
    LOG_FILE = 0,
    LISTENER_FILE = 1,
    FIRST_FILE = 2,
    // Of each direction: were they of both, queries that wait could hold all that the answers need. All sessions share
    // them; a gateway would need a share for each, so that no stopped reader holds them all.
    BUFFERS = 64,
    // A bit more than a piece, so that the buffers' beginnings do not all fall into the same lines of the cache.
    STRIDE = PIECE + 320,
    // Pieces that go out at once, and those for which a receive is stopped.
    VECTOR = 32,
    STOP = 16,
};

// What a completion is of, in the low bits of its user data; the rest points to what it is about.
enum kind { NOTHING, ACCEPT, SYNC, RECEIVE, SEND, KINDS = 8 };

struct session;

struct end {
    struct session *session;
    int socket;
    unsigned file;
    // A receive is there that goes on; it has been told to stop.
    bool is_armed, is_stopping;
};

struct piece {
    uint16_t buffer;
    unsigned length;
};

// One direction: what was received at one end and has not gone out at the other.
struct way {
    struct session *session;
    // Its group of buffers.
    enum direction { QUERIES, ANSWERS } direction;
    struct end *from, *to;
    struct piece queue[BUFFERS];
    unsigned first, count;
    // Pieces in the send that is under way, and bytes of the first one that went before.
    unsigned sending;
    size_t gone;
    // The socket took no more: the kernel waits until it does.
    bool is_patient;
    bool ended;
    struct way *next_sent;
    struct iovec vector[VECTOR];
    struct msghdr message;
};

struct session {
    struct end client, upstream;
    struct way queries, answers;
    // The log's last line of this session.
    uint64_t line;
    bool in_turn, is_held, is_ending;
    struct session *next_in_turn, *next_held;
};

struct relay {
    const struct setup *setup;
    struct ring ring;
    char *bytes;
    unsigned free_buffers[GROUPS];
    unsigned free_files[FILES], free_file_count;
    struct session *turn, *held;
    struct way *sent;
    uint64_t durable, syncing;
    // Something is left to do that no completion will tell of.
    bool is_hurried;
};

static uint64_t about(const void *subject, enum kind kind) { return (uint64_t)(uintptr_t)subject | kind; }

static char *bytes_of(struct relay *relay, enum direction direction, uint16_t buffer) {
    return relay->bytes + ((size_t)direction * BUFFERS + buffer) * STRIDE;
}

static void give_back(struct relay *relay, enum direction direction, uint16_t buffer) {
    ring_give_buffer(&relay->ring, direction, buffer, bytes_of(relay, direction, buffer), PIECE);
    relay->free_buffers[direction]++;
}

static void join_turn(struct relay *relay, struct session *session) {
    if (session->in_turn) return;
    session->in_turn = true;
    session->next_in_turn = relay->turn;
    relay->turn = session;
}

// Takes bytes that went out from the queue.
static void consume(struct relay *relay, struct way *way, size_t bytes) {
    while (way->count > 0 && bytes > 0) {
        struct piece *piece = &way->queue[way->first];
        size_t left = piece->length - way->gone;
        if (bytes < left) {
            way->gone += bytes;
            return;
        }
        bytes -= left;
        give_back(relay, way->direction, piece->buffer);
        way->gone = 0;
        way->first = (way->first + 1) % BUFFERS;
        way->count--;
    }
}

// When what is being sent has gone there is still something to do.
static bool has_more(const struct way *way) {
    return way->count > way->sending || way->ended || !way->from->is_armed;
}

// Sends what is queued. Where the socket takes all of it at once no completion comes; where it does not, one says how much
// it took, and the rest is sent patiently.
static void push(struct relay *relay, struct way *way) {
    if (way->count == 0 || way->sending > 0) return;
    way->sending = way->count < VECTOR ? way->count : VECTOR;
    for (unsigned index = 0; index < way->sending; index++) {
        const struct piece *piece = &way->queue[(way->first + index) % BUFFERS];
        size_t gone = index == 0 ? way->gone : 0;
        way->vector[index].iov_base = bytes_of(relay, way->direction, piece->buffer) + gone;
        way->vector[index].iov_len = piece->length - gone;
    }
    struct io_uring_sqe *entry = ring_next(&relay->ring);
    if (way->sending == 1) {
        entry->opcode = IORING_OP_SEND;
        entry->addr = (uintptr_t)way->vector[0].iov_base;
        entry->len = (unsigned)way->vector[0].iov_len;
    } else {
        way->message = (struct msghdr){.msg_iov = way->vector, .msg_iovlen = way->sending};
        entry->opcode = IORING_OP_SENDMSG;
        entry->addr = (uintptr_t)&way->message;
        entry->len = 1;
    }
    entry->fd = (int)way->to->file;
    entry->flags = IOSQE_FIXED_FILE;
    entry->msg_flags = MSG_NOSIGNAL | MSG_WAITALL;
    entry->user_data = about(way, SEND);
    if (!way->is_patient) {
        entry->flags |= IOSQE_CQE_SKIP_SUCCESS;
        entry->msg_flags |= MSG_DONTWAIT;
        way->next_sent = relay->sent;
        relay->sent = way;
        if (has_more(way)) relay->is_hurried = true;
    }
}

static void note_send(struct relay *relay, struct way *way, int result) {
    way->sending = 0;
    way->is_patient = !way->is_patient;
    if (result < 0 && result != -EAGAIN && result != -EINTR) {
        way->ended = true;
        while (way->count > 0) consume(relay, way, way->queue[way->first].length);
    } else if (result > 0) {
        consume(relay, way, (size_t)result);
    }
    join_turn(relay, way->session);
}

// What was sent at once and had no completion has gone.
static void settle(struct relay *relay) {
    for (struct way *way = relay->sent; way; way = way->next_sent) {
        for (; way->sending > 0; way->sending--) consume(relay, way, way->queue[way->first].length - way->gone);
        if (has_more(way)) join_turn(relay, way->session);
    }
    relay->sent = NULL;
}

static void arm(struct relay *relay, struct way *way) {
    struct end *from = way->from;
    if (from->is_armed || way->ended || way->count >= STOP) return;
    if (relay->free_buffers[way->direction] == 0) {
        // Those of this turn's sends come back when they are submitted.
        join_turn(relay, way->session);
        if (relay->sent) relay->is_hurried = true;
        return;
    }
    struct io_uring_sqe *entry = ring_next(&relay->ring);
    entry->opcode = IORING_OP_RECV;
    entry->fd = (int)from->file;
    entry->flags = IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
    entry->ioprio = IORING_RECV_MULTISHOT;
    entry->buf_group = (uint16_t)way->direction;
    entry->user_data = about(from, RECEIVE);
    from->is_armed = true;
}

// A receive goes on whether the other end takes what comes or not.
static void stop_where_too_much(struct relay *relay, struct way *way) {
    struct end *from = way->from;
    if (way->count < STOP || !from->is_armed || from->is_stopping) return;
    struct io_uring_sqe *entry = ring_next(&relay->ring);
    entry->opcode = IORING_OP_ASYNC_CANCEL;
    entry->fd = -1;
    entry->addr = about(from, RECEIVE);
    entry->user_data = about(NULL, NOTHING);
    from->is_stopping = true;
}

static void note_receive(struct relay *relay, struct end *end, const struct io_uring_cqe *completion) {
    struct session *session = end->session;
    struct way *way = end == &session->client ? &session->queries : &session->answers;
    if (!(completion->flags & IORING_CQE_F_MORE)) end->is_armed = end->is_stopping = false;
    if (completion->flags & IORING_CQE_F_BUFFER) {
        uint16_t buffer = (uint16_t)(completion->flags >> IORING_CQE_BUFFER_SHIFT);
        relay->free_buffers[way->direction]--;
        if (completion->res > 0 && !session->is_ending) {
            way->queue[(way->first + way->count++) % BUFFERS] = (struct piece){buffer, (unsigned)completion->res};
            if (way == &session->queries) session->line = log_take(relay->setup->log);
        } else {
            give_back(relay, way->direction, buffer);
        }
    }
    bool goes_on = completion->res > 0 || completion->res == -ENOBUFS || completion->res == -ECANCELED
        || completion->res == -EINTR || completion->res == -EAGAIN;
    if (!goes_on) way->ended = true;
    join_turn(relay, session);
}

static void start_accepting(struct relay *relay) {
    struct io_uring_sqe *entry = ring_next(&relay->ring);
    entry->opcode = IORING_OP_ACCEPT;
    entry->fd = LISTENER_FILE;
    entry->flags = IOSQE_FIXED_FILE;
    entry->ioprio = IORING_ACCEPT_MULTISHOT;
    entry->accept_flags = SOCK_CLOEXEC;
    entry->user_data = about(NULL, ACCEPT);
}

static void begin(struct relay *relay, struct session *session, struct end *end, int socket) {
    *end = (struct end){.session = session, .socket = socket, .file = relay->free_files[--relay->free_file_count]};
    ring_set_file(&relay->ring, end->file, socket);
}

static void note_accept(struct relay *relay, const struct io_uring_cqe *completion) {
    if (!(completion->flags & IORING_CQE_F_MORE)) start_accepting(relay);
    int client = completion->res;
    if (client < 0) return;
    int upstream = connect_upstream(relay->setup, client);
    struct session *session = upstream < 0 || relay->free_file_count < 2 ? NULL : calloc(1, sizeof *session);
    if (!session) {
        if (upstream >= 0) close(upstream);
        close(client);
        return;
    }
    session->queries.session = session->answers.session = session;
    session->answers.direction = ANSWERS;
    session->queries.from = session->answers.to = &session->client;
    session->queries.to = session->answers.from = &session->upstream;
    begin(relay, session, &session->client, client);
    begin(relay, session, &session->upstream, upstream);
    join_turn(relay, session);
}

static void end(struct relay *relay, struct end *end) {
    ring_set_file(&relay->ring, end->file, -1);
    relay->free_files[relay->free_file_count++] = end->file;
    close(end->socket);
}

// Shuts both sockets, and frees the session when nothing is under way any more.
static void finish(struct relay *relay, struct session *session) {
    struct way *ways[] = {&session->queries, &session->answers};
    if (!session->is_ending) {
        session->is_ending = true;
        shutdown(session->client.socket, SHUT_RDWR);
        shutdown(session->upstream.socket, SHUT_RDWR);
    }
    if (session->is_held || session->client.is_armed || session->upstream.is_armed) return;
    if (session->queries.sending > 0 || session->answers.sending > 0) return;
    for (unsigned index = 0; index < 2; index++)
        while (ways[index]->count > 0) consume(relay, ways[index], ways[index]->queue[ways[index]->first].length);
    end(relay, &session->client);
    end(relay, &session->upstream);
    free(session);
}

// The answer waits for the disk.
static bool hold(struct relay *relay, struct session *session) {
    struct log *log = relay->setup->log;
    if (!log || !log->holds || session->answers.count == 0 || session->line <= relay->durable) return false;
    if (!session->is_held) {
        session->is_held = true;
        session->next_held = relay->held;
        relay->held = session;
    }
    return true;
}

static bool is_over(const struct way *way) { return way->ended && way->count == 0; }

static void serve(struct relay *relay, struct session *session) {
    if (session->is_ending || is_over(&session->queries) || is_over(&session->answers)) return finish(relay, session);
    push(relay, &session->queries);
    if (!hold(relay, session)) push(relay, &session->answers);
    stop_where_too_much(relay, &session->queries);
    stop_where_too_much(relay, &session->answers);
    arm(relay, &session->queries);
    arm(relay, &session->answers);
}

// As the gateway does: not when a line is written, but when an answer waits for it. More share a sync so.
static void start_sync(struct relay *relay) {
    if (!relay->held || relay->syncing > 0) return;
    struct io_uring_sqe *entry = ring_next(&relay->ring);
    entry->opcode = IORING_OP_FSYNC;
    entry->fd = LOG_FILE;
    entry->flags = IOSQE_FIXED_FILE;
    entry->fsync_flags = IORING_FSYNC_DATASYNC;
    entry->user_data = about(NULL, SYNC);
    relay->syncing = relay->setup->log->written;
}

static void note_sync(struct relay *relay, int result) {
    if (result < 0) fail("fdatasync", -result);
    relay->setup->log->counts->syncs++;
    relay->durable = relay->syncing;
    relay->syncing = 0;
    for (struct session *session = relay->held; session; session = session->next_held) {
        session->is_held = false;
        join_turn(relay, session);
    }
    relay->held = NULL;
}

static void note(struct relay *relay, const struct io_uring_cqe *completion) {
    void *subject = (void *)(uintptr_t)(completion->user_data & ~(uint64_t)(KINDS - 1));
    switch ((enum kind)(completion->user_data & (KINDS - 1))) {
        case ACCEPT: return note_accept(relay, completion);
        case SYNC: return note_sync(relay, completion->res);
        case RECEIVE: return note_receive(relay, subject, completion);
        case SEND: return note_send(relay, subject, completion->res);
        case NOTHING:
        case KINDS: return;
    }
}

// What clients sent has been received; its lines are written, and only then it is forwarded, with the next turn's wait.
static void turn(struct relay *relay) {
    struct ring *ring = &relay->ring;
    ring_show_buffers(ring);
    ring_enter(ring, relay->is_hurried ? 0 : 1);
    relay->is_hurried = false;
    unsigned head = *ring->complete_head;
    unsigned tail = __atomic_load_n(ring->complete_tail, __ATOMIC_ACQUIRE);
    for (; head != tail; head++) note(relay, &ring->completions[head & ring->complete_mask]);
    __atomic_store_n(ring->complete_head, head, __ATOMIC_RELEASE);
    settle(relay);
    log_write(relay->setup->log);
    struct session *next = relay->turn;
    relay->turn = NULL;
    while (next) {
        struct session *session = next;
        next = session->next_in_turn;
        session->in_turn = false;
        serve(relay, session);
    }
    start_sync(relay);
}

int run_uring(const struct setup *setup) {
    struct relay *relay = calloc(1, sizeof *relay);
    if (!relay) fail("calloc", ENOMEM);
    relay->setup = setup;
    int code = ring_open(&relay->ring, FILES, BUFFERS);
    if (code != 0) {
        free(relay);
        return code;
    }
    size_t size = (size_t)GROUPS * BUFFERS * STRIDE;
    relay->bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
    if (relay->bytes == MAP_FAILED) fail("mmap", errno);
    for (uint16_t buffer = 0; buffer < BUFFERS; buffer++) {
        give_back(relay, QUERIES, buffer);
        give_back(relay, ANSWERS, buffer);
    }
    for (unsigned file = FILES; file-- > FIRST_FILE;) relay->free_files[relay->free_file_count++] = file;
    ring_set_file(&relay->ring, LISTENER_FILE, setup->listener);
    if (setup->log) ring_set_file(&relay->ring, LOG_FILE, setup->log->file);
    start_accepting(relay);
    for (;;) turn(relay);
}
