// Many PostgreSQL sessions at once for the load run: each connects, logs in with a token, runs one statement, and is then
// held open or closed. One thread, epoll.
//
//   load_client PORT DATABASE USER TOKEN_FILE CA|- hold|cycle COUNT PER_SECOND MOST_AT_LOGIN DEADLINE_SECONDS
//
// PER_SECOND and MOST_AT_LOGIN may be 0: no limit. A line of JSON says how they fared when each has logged in, been
// refused or been given up at the deadline. Held sessions then obey the standard input: "query" runs a statement on each,
// "close" ends them by Terminate; either is answered with a line of JSON.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 8192, BATCH = 256, STATES = 12, MESSAGES = 6 };

enum Stage { CONNECTING, ASKING_TLS, HANDSHAKE, LOGIN, QUERY, IDLE, GONE };

struct Session {
    int descriptor, length, answers;
    enum Stage stage;
    double begun;
    SSL *tls;
    unsigned char *bytes;
};

static struct { char state[6]; long count; } refusals[STATES];
static char messages[MESSAGES][200];
static int port, poller, is_cycle, wanted;
static long opened, logged_in, answered, closed, failed, lost, waiting, at_login, queried;
static double last_login, last_outcome, *login_times, *answer_times;
static const char *database, *user;
static char token[70000];
static SSL_CTX *context;
static struct Session *sessions;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static void gone(struct Session *s) {
    if (s->tls) SSL_free(s->tls);
    if (s->descriptor >= 0) close(s->descriptor);
    free(s->bytes);
    s->tls = NULL;
    s->bytes = NULL;
    s->descriptor = -1;
    s->stage = GONE;
}

// A session that had no answer has its outcome now; `count` is what it is counted with.
static void outcome(struct Session *s, long *count) {
    if (count) (*count)++;
    if (s->stage < QUERY) at_login--;
    if (s->stage < IDLE) { waiting--; last_outcome = now(); }
    gone(s);
}

static int put(struct Session *s, const void *bytes, int count) {
    if (s->tls) return SSL_write(s->tls, bytes, count) == count;
    return send(s->descriptor, bytes, count, MSG_NOSIGNAL) == count;
}

static int put_message(struct Session *s, char tag, const char *text) {
    static unsigned char bytes[70100];
    uint32_t length = strlen(text) + 5, order = htonl(length);
    bytes[0] = tag;
    memcpy(bytes + 1, &order, 4);
    memcpy(bytes + 5, text, length - 4);
    return put(s, bytes, length + 1);
}

static int put_startup(struct Session *s) {
    char bytes[300];
    int length = 8;
    const char *words[] = {"user", user, "database", database, "application_name", "load"};
    for (int at = 0; at < 6; at++) {
        strcpy(bytes + length, words[at]);
        length += strlen(words[at]) + 1;
    }
    bytes[length++] = 0;
    uint32_t head[2] = {htonl(length), htonl(196608)};
    memcpy(bytes, head, 8);
    s->stage = LOGIN;
    return put(s, bytes, length);
}

static void refused(struct Session *s, const char *body, int length) {
    const char *state = "?????", *text = "";
    for (int at = 0; at < length && body[at]; at += strlen(body + at) + 1) {
        if (body[at] == 'C') state = body + at + 1;
        if (body[at] == 'M') text = body + at + 1;
    }
    for (int at = 0; at < STATES; at++) {
        if (refusals[at].count && strcmp(refusals[at].state, state)) continue;
        snprintf(refusals[at].state, 6, "%s", state);
        refusals[at].count++;
        break;
    }
    for (int at = 0; at < MESSAGES; at++) {
        if (messages[at][0] && strcmp(messages[at], text)) continue;
        snprintf(messages[at], sizeof messages[at], "%s", text);
        break;
    }
    outcome(s, s->stage == IDLE ? &lost : NULL);
}

// Whether the session lives on after ReadyForQuery.
static int is_ready(struct Session *s) {
    double time = now();
    if (s->stage == LOGIN) {
        at_login--;
        login_times[logged_in++] = time - s->begun;
        last_login = time;
        s->stage = QUERY;
        return put_message(s, 'Q', "SELECT 1");
    }
    if (s->stage == IDLE) { queried += s->answers; s->answers = 0; return 1; }
    if (!s->answers) return 0;
    s->answers = 0;
    answer_times[answered++] = time - s->begun;
    waiting--;
    last_outcome = time;
    s->stage = IDLE;
    if (is_cycle) {
        // As libpq does: Terminate, and the end without waiting.
        put(s, "X\0\0\0\4", 5);
        gone(s);
    }
    return 1;
}

// Works off the frames that are whole; false where the connection is done for.
static int frames(struct Session *s) {
    int at = 0;
    while (s->stage != GONE && s->length - at >= 5) {
        uint32_t length;
        memcpy(&length, s->bytes + at + 1, 4);
        length = ntohl(length);
        if (length < 4 || length > ROOM - 1) return 0;
        if (s->length - at < (int)length + 1) break;
        char tag = (char)s->bytes[at], *body = (char *)s->bytes + at + 5;
        if (tag == 'E') { refused(s, body, length - 4); return 1; }
        if (tag == 'R' && length >= 8 && !memcmp(body, "\0\0\0\3", 4) && !put_message(s, 'p', token)) return 0;
        if (tag == 'D') s->answers = 1;
        if (tag == 'Z' && !is_ready(s)) return 0;
        at += length + 1;
    }
    if (s->stage == GONE) return 1;
    memmove(s->bytes, s->bytes + at, s->length - at);
    s->length -= at;
    if (!s->length) { free(s->bytes); s->bytes = NULL; }
    return 1;
}

static int shake(struct Session *s) {
    int result = SSL_do_handshake(s->tls), reason;
    if (result == 1) return put_startup(s);
    reason = SSL_get_error(s->tls, result);
    ERR_clear_error();
    return reason == SSL_ERROR_WANT_READ;
}

// The answer to SSLRequest: S, or an ErrorResponse in the clear.
static int start_tls(struct Session *s) {
    char answer;
    if (recv(s->descriptor, &answer, 1, MSG_PEEK) != 1) return errno == EAGAIN;
    if (answer == 'E') { s->stage = LOGIN; return 2; }
    if (answer != 'S' || recv(s->descriptor, &answer, 1, 0) != 1) return 0;
    s->tls = SSL_new(context);
    SSL_set_fd(s->tls, s->descriptor);
    SSL_set_connect_state(s->tls);
    s->stage = HANDSHAKE;
    return shake(s);
}

static int receive(struct Session *s) {
    for (;;) {
        if (!s->bytes) s->bytes = malloc(ROOM);
        int count;
        if (s->tls) {
            count = SSL_read(s->tls, s->bytes + s->length, ROOM - s->length);
            int reason = count > 0 ? 0 : SSL_get_error(s->tls, count);
            ERR_clear_error();
            if (count <= 0) return reason == SSL_ERROR_WANT_READ;
        } else {
            count = recv(s->descriptor, s->bytes + s->length, ROOM - s->length, 0);
            if (count < 0 && errno == EAGAIN) return 1;
            if (count <= 0) return 0;
        }
        s->length += count;
        if (!frames(s)) return 0;
        if (s->stage == GONE) return 1;
    }
}

static void event(struct Session *s) {
    int alive = 1;
    if (s->stage == GONE) return;
    if (s->stage == CONNECTING) {
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(s->descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error) { outcome(s, &failed); return; }
        struct epoll_event entry = {.events = EPOLLIN, .data.ptr = s};
        epoll_ctl(poller, EPOLL_CTL_MOD, s->descriptor, &entry);
        if (context) {
            s->stage = ASKING_TLS;
            alive = put(s, "\0\0\0\10\4\322\26/", 8);
        } else {
            alive = put_startup(s);
        }
    } else if (s->stage == ASKING_TLS) {
        alive = start_tls(s);
        if (alive == 2) alive = receive(s);
    } else if (s->stage == HANDSHAKE) {
        alive = shake(s);
        if (alive && s->stage == LOGIN) alive = receive(s);
    } else {
        alive = receive(s);
    }
    if (!alive) outcome(s, s->stage == IDLE ? &lost : &closed);
}

static void begin(struct Session *s) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    opened++;
    waiting++;
    at_login++;
    s->begun = now();
    s->descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->descriptor < 0 || (connect(s->descriptor, (struct sockaddr *)&address, sizeof address)
            && errno != EINPROGRESS)) {
        outcome(s, &failed);
        return;
    }
    struct epoll_event entry = {.events = EPOLLOUT, .data.ptr = s};
    epoll_ctl(poller, EPOLL_CTL_ADD, s->descriptor, &entry);
}

static int turn(int patience) {
    struct epoll_event events[BATCH];
    int count = epoll_wait(poller, events, BATCH, patience);
    for (int at = 0; at < count; at++) event(events[at].data.ptr);
    return count;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double part(double *times, long count, double share) {
    return count ? times[(long)((count - 1) * share)] * 1000 : 0;
}

static void report(double begun) {
    qsort(login_times, logged_in, sizeof(double), ascending);
    qsort(answer_times, answered, sizeof(double), ascending);
    printf("{\"opened\": %ld, \"logged_in\": %ld, \"answered\": %ld, \"closed_without_words\": %ld, \"not_connected\": %ld, "
        "\"hung\": %ld, \"seconds\": %.3f, \"last_login_seconds\": %.3f, \"login_ms\": [%.1f, %.1f, %.1f], "
        "\"answer_ms\": [%.1f, %.1f, %.1f], \"refused\": {", opened, logged_in, answered, closed, failed, waiting,
        last_outcome - begun, logged_in ? last_login - begun : 0, part(login_times, logged_in, 0.5),
        part(login_times, logged_in, 0.99), part(login_times, logged_in, 1), part(answer_times, answered, 0.5),
        part(answer_times, answered, 0.99), part(answer_times, answered, 1));
    for (int at = 0; at < STATES && refusals[at].count; at++)
        printf("%s\"%s\": %ld", at ? ", " : "", refusals[at].state, refusals[at].count);
    printf("}, \"hung_at\": {");
    static const char *stages[] = {"connecting", "asking_tls", "handshake", "login", "query"};
    long at_stage[IDLE] = {0};
    for (long at = 0; at < opened; at++)
        if (sessions[at].stage < IDLE) at_stage[sessions[at].stage]++;
    for (int at = 0; at < IDLE; at++) printf("%s\"%s\": %ld", at ? ", " : "", stages[at], at_stage[at]);
    printf("}, \"messages\": [");
    for (int at = 0; at < MESSAGES && messages[at][0]; at++) {
        for (char *c = messages[at]; *c; c++)
            if (*c == '"' || *c == '\\' || (unsigned char)*c < 32) *c = '\'';
        printf("%s\"%s\"", at ? ", " : "", messages[at]);
    }
    printf("]}\n");
    fflush(stdout);
}

static void open_all(double per_second, long most_at_login, double seconds) {
    double begun = now();
    last_outcome = begun;
    while ((opened < wanted || waiting) && now() - begun < seconds) {
        long due = per_second > 0 ? (long)((now() - begun) * per_second) + 1 : wanted;
        for (int few = 0; few < BATCH && opened < wanted && opened < due; few++) {
            if (most_at_login && at_login >= most_at_login) break;
            begin(&sessions[opened]);
        }
        turn(opened < wanted ? 1 : 100);
    }
    report(begun);
}

static long living(void) {
    long count = 0;
    for (long at = 0; at < opened; at++) count += sessions[at].stage == IDLE;
    return count;
}

static void query_all(double seconds) {
    double begun = now();
    long asked = living();
    queried = 0;
    for (long at = 0; at < opened; at++) {
        struct Session *s = &sessions[at];
        if (s->stage == IDLE && !put_message(s, 'Q', "SELECT 1")) outcome(s, &lost);
        if (at % 64 == 0) turn(0);
    }
    while (queried < living() && now() - begun < seconds) turn(100);
    printf("{\"asked\": %ld, \"answered\": %ld, \"lost\": %ld, \"seconds\": %.3f}\n", asked, queried, lost, now() - begun);
    fflush(stdout);
}

static void obey(double seconds) {
    char line[80];
    int input = fcntl(0, F_GETFL);
    fcntl(0, F_SETFL, input | O_NONBLOCK);
    for (;;) {
        // What the gateway says meanwhile is read: a session that it ends is counted as lost.
        while (turn(50) > 0) {}
        ssize_t count = read(0, line, sizeof line - 1);
        if (count < 0) continue;
        line[count] = 0;
        if (!strncmp(line, "query", 5)) { query_all(seconds); continue; }
        if (!count) return;
        long alive = living();
        for (long at = 0; at < opened; at++) {
            if (sessions[at].stage != IDLE) continue;
            put(&sessions[at], "X\0\0\0\4", 5);
            gone(&sessions[at]);
        }
        printf("{\"closed\": %ld, \"lost\": %ld}\n", alive, lost);
        return;
    }
}

int main(int count, char **arguments) {
    if (count != 11) return 64;
    port = atoi(arguments[1]);
    database = arguments[2];
    user = arguments[3];
    FILE *file = fopen(arguments[4], "r");
    if (!file || !fgets(token, sizeof token, file)) { perror("load_client: token"); return 1; }
    fclose(file);
    token[strcspn(token, "\n")] = 0;
    if (strcmp(arguments[5], "-")) {
        context = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
        if (SSL_CTX_load_verify_locations(context, arguments[5], NULL) != 1) return 1;
    }
    is_cycle = !strcmp(arguments[6], "cycle");
    wanted = atoi(arguments[7]);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    sessions = calloc(wanted, sizeof *sessions);
    login_times = calloc(wanted, sizeof(double));
    answer_times = calloc(wanted, sizeof(double));
    poller = epoll_create1(EPOLL_CLOEXEC);
    open_all(atof(arguments[8]), atol(arguments[9]), atof(arguments[10]));
    if (!is_cycle) obey(atof(arguments[10]));
    return 0;
}
