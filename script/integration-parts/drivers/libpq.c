/* libpq itself: pipeline mode with several Syncs and a failing statement in the middle, binary values, function calls,
 * single-row mode, COPY both ways and COPYs that fail, another encoding, several statements in one Query, cancel. */

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <libpq/libpq-fs.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static PGconn *db;
static char heard[256];

static void report(const char *step, const char *outcome, const char *format, ...) {
    char text[4096];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    for (char *at = text; *at; at++)
        if (*at == '\n') *at = ' ';
    printf("%s\t%s\t%s\n", step, outcome, text);
    fflush(stdout);
}

static PGresult *wanted(const char *step, PGresult *result, ExecStatusType status) {
    if (PQresultStatus(result) == status) return result;
    report(step, "failed", "%s instead of %s: %s", PQresStatus(PQresultStatus(result)), PQresStatus(status),
           PQresultErrorMessage(result));
    exit(1);
}

static char *one(const char *step, const char *sql) {
    PGresult *result = wanted(step, PQexec(db, sql), PGRES_TUPLES_OK);
    char *value = strdup(PQgetvalue(result, 0, 0));
    PQclear(result);
    return value;
}

static void run(const char *step, const char *sql) { PQclear(wanted(step, PQexec(db, sql), PGRES_COMMAND_OK)); }

static void parameters(void) {
    uint32_t forty = htonl(40), two = htonl(2);
    const char *values[] = {(char *)&forty, (char *)&two, "Grüße, 世界", NULL};
    int lengths[] = {4, 4, 0, 0}, formats[] = {1, 1, 0, 0};
    PGresult *result = wanted("parameters", PQexecParams(db, "SELECT $1::int + $2::int, $3::text, $4::text", 4, NULL,
                                                         values, lengths, formats, 1), PGRES_TUPLES_OK);
    uint32_t sum;
    memcpy(&sum, PQgetvalue(result, 0, 0), 4);
    report("parameters", "ok", "%d %s %s", ntohl(sum), PQgetvalue(result, 0, 1), PQgetisnull(result, 0, 2) ? "null" : "?");
    PQclear(result);
}

static void prepared(void) {
    int total = 0;
    PQclear(wanted("prepared", PQprepare(db, "twice", "SELECT $1::int * 2", 0, NULL), PGRES_COMMAND_OK));
    PQclear(wanted("prepared", PQdescribePrepared(db, "twice"), PGRES_COMMAND_OK));
    for (int i = 1; i <= 20; i++) {
        char text[12];
        const char *values[] = {text};
        snprintf(text, sizeof text, "%d", i);
        PGresult *result = wanted("prepared", PQexecPrepared(db, "twice", 1, values, NULL, NULL, 0), PGRES_TUPLES_OK);
        total += atoi(PQgetvalue(result, 0, 0));
        PQclear(result);
    }
    report("prepared", "ok", "%d", total);
}

static void next(ExecStatusType status) {
    PQclear(wanted("batch", PQgetResult(db), status));
    if (status != PGRES_PIPELINE_SYNC && PQgetResult(db) != NULL) report("batch", "failed", "one result too many");
}

/* Five groups of 20 INSERTs, a Sync behind each; a sixth group whose second statement fails, the rest is passed over. */
static void batch(void) {
    run("batch", "CREATE TEMPORARY TABLE items (id int, label text)");
    PQenterPipelineMode(db);
    for (int i = 0; i < 100; i++) {
        char number[12], label[24];
        const char *values[] = {number, label};
        snprintf(number, sizeof number, "%d", i);
        snprintf(label, sizeof label, "item %d", i);
        PQsendQueryParams(db, "INSERT INTO items VALUES ($1, $2)", 2, NULL, values, NULL, NULL, 0);
        if (i % 20 == 19) PQpipelineSync(db);
        if (i % 50 == 7) PQsendFlushRequest(db);
    }
    const char *zero[] = {"0"};
    PQsendPrepare(db, "third", "INSERT INTO items VALUES ($1, 'gone')", 0, NULL);
    PQsendQueryParams(db, "SELECT 1 / $1::int", 1, NULL, zero, NULL, NULL, 0);
    PQsendQueryPrepared(db, "third", 1, zero, NULL, NULL, 0);
    PQsendQueryParams(db, "INSERT INTO items VALUES (1, 'gone too')", 0, NULL, NULL, NULL, NULL, 0);
    PQpipelineSync(db);
    for (int i = 0; i < 100; i++) {
        next(PGRES_COMMAND_OK);
        if (i % 20 == 19) next(PGRES_PIPELINE_SYNC);
    }
    next(PGRES_COMMAND_OK);
    next(PGRES_FATAL_ERROR);
    next(PGRES_PIPELINE_ABORTED);
    next(PGRES_PIPELINE_ABORTED);
    next(PGRES_PIPELINE_SYNC);
    if (!PQexitPipelineMode(db)) report("batch", "failed", "%s", PQerrorMessage(db));
    report("batch", "ok", "%s", one("batch", "SELECT count(*) FROM items"));
}

static void copy(void) {
    run("copy in", "CREATE TEMPORARY TABLE copied (id int, label text)");
    PQclear(wanted("copy in", PQexecParams(db, "COPY copied FROM STDIN", 0, NULL, NULL, NULL, NULL, 0), PGRES_COPY_IN));
    for (int i = 1; i <= 1000; i++) {
        char line[64];
        PQputCopyData(db, line, snprintf(line, sizeof line, "%d\tcopied %d\n", i, i));
    }
    PQputCopyEnd(db, NULL);
    PQclear(wanted("copy in", PQgetResult(db), PGRES_COMMAND_OK));
    PQgetResult(db);
    report("copy in", "ok", "%s", one("copy in", "SELECT count(*) FROM copied"));

    PQclear(wanted("copy out", PQexec(db, "COPY copied TO STDOUT"), PGRES_COPY_OUT));
    int count = 0;
    for (char *line; PQgetCopyData(db, &line, 0) > 0; PQfreemem(line)) {
        char expected[64];
        snprintf(expected, sizeof expected, "%d\tcopied %d\n", count + 1, count + 1);
        count += strcmp(line, expected) == 0;
    }
    PQclear(wanted("copy out", PQgetResult(db), PGRES_COMMAND_OK));
    PQgetResult(db);
    report("copy out", "ok", "%d", count);
}

static void error(void) {
    char states[16] = "";
    const char *statements[] = {"SELECT 1 / 0", "SELECT 1"};
    run("error", "BEGIN");
    run("error", "INSERT INTO items VALUES (-1, 'gone')");
    for (int i = 0; i < 2; i++) {
        PGresult *result = PQexecParams(db, statements[i], 0, NULL, NULL, NULL, NULL, 0);
        strcat(strcat(states, PQresultErrorField(wanted("error", result, PGRES_FATAL_ERROR), PG_DIAG_SQLSTATE)), " ");
        PQclear(result);
    }
    run("error", "ROLLBACK");
    report("error", "ok", "%s%s", states, one("error", "SELECT count(*) FROM items"));
}

static void *cancel_later(void *cancel) {
    char problem[256];
    usleep(500000);
    if (!PQcancel(cancel, problem, sizeof problem)) report("cancel", "failed", "%s", problem);
    return NULL;
}

static void cancel(void) {
    PGcancel *key = PQgetCancel(db);
    pthread_t thread;
    pthread_create(&thread, NULL, cancel_later, key);
    PGresult *result = wanted("cancel", PQexec(db, "SELECT pg_sleep(30)"), PGRES_FATAL_ERROR);
    pthread_join(thread, NULL);
    report("cancel", "ok", "%s %s", PQresultErrorField(result, PG_DIAG_SQLSTATE), one("cancel", "SELECT 1"));
    PQclear(result);
    PQfreeCancel(key);
}

static void large(void) {
    char *long_value = malloc(1500001);
    memset(long_value, 'y', 1500000);
    long_value[1500000] = 0;
    const char *values[] = {long_value};
    PGresult *result = wanted("large", PQexecParams(db, "SELECT length($1::text)", 1, NULL, values, NULL, NULL, 0),
                              PGRES_TUPLES_OK);
    report("large", "ok", "%s %zu", PQgetvalue(result, 0, 0), strlen(one("large", "SELECT repeat('x', 3000000)")));
    PQclear(result);
    free(long_value);
}

static void many(void) {
    long count = 0, total = 0;
    PQsendQueryParams(db, "SELECT i, 'row ' || i FROM generate_series(1, 100000) i", 0, NULL, NULL, NULL, NULL, 0);
    PQsetSingleRowMode(db);
    for (PGresult *result; (result = PQgetResult(db)) != NULL; PQclear(result)) {
        if (PQresultStatus(result) != PGRES_SINGLE_TUPLE) continue;
        char expected[32];
        snprintf(expected, sizeof expected, "row %s", PQgetvalue(result, 0, 0));
        if (strcmp(expected, PQgetvalue(result, 0, 1)) != 0) report("many", "failed", "%s", PQgetvalue(result, 0, 1));
        count++;
        total += atol(PQgetvalue(result, 0, 0));
    }
    report("many", "ok", "%ld %ld", count, total);
}

/* Large objects are what still uses FunctionCall. */
static void function_call(void) {
    run("function call", "BEGIN");
    Oid object = lo_create(db, 424242);
    int descriptor = lo_open(db, object, INV_READ | INV_WRITE);
    char text[16] = "";
    int written = lo_write(db, descriptor, "large object", 12);
    lo_lseek(db, descriptor, 6, SEEK_SET);
    int read = lo_read(db, descriptor, text, sizeof text - 1);
    lo_close(db, descriptor);
    lo_unlink(db, object);
    run("function call", "ROLLBACK");
    report("function call", "ok", "%d %d %s", written, read, text);
}

/* SQL that is no UTF-8: "Grüße" in LATIN1, simple and parsed. */
static void encoding(void) {
    PQsetClientEncoding(db, "LATIN1");
    char *simple = one("encoding", "SELECT octet_length('Gr\xfc\xdf" "e')");
    PGresult *result = wanted("encoding", PQexecParams(db, "SELECT 'Gr\xfc\xdf" "e'", 0, NULL, NULL, NULL, NULL, 0),
                              PGRES_TUPLES_OK);
    report("encoding", "ok", "%s %d", simple, PQgetlength(result, 0, 0));
    PQclear(result);
    PQsetClientEncoding(db, "UTF8");
}

/* A COPY that the driver gives up, begun by a simple and by an extended statement, and one that the server refuses. */
static void copy_failure(void) {
    char states[32] = "";
    for (int i = 0; i < 3; i++) {
        const char *sql = "COPY copied FROM STDIN";
        PQclear(wanted("copy failure", i == 1 ? PQexecParams(db, sql, 0, NULL, NULL, NULL, NULL, 0) : PQexec(db, sql),
                       PGRES_COPY_IN));
        PQputCopyData(db, "1\tone\n", 6);
        PQputCopyData(db, i == 2 ? "two\ttwo\n" : "2\ttwo\n", i == 2 ? 8 : 6);
        PQputCopyEnd(db, i < 2 ? "the programme gave up" : NULL);
        PGresult *result = wanted("copy failure", PQgetResult(db), PGRES_FATAL_ERROR);
        strcat(strcat(states, PQresultErrorField(result, PG_DIAG_SQLSTATE)), " ");
        PQclear(result);
        while ((result = PQgetResult(db)) != NULL) PQclear(result);
    }
    report("copy failure", "ok", "%s%s", states, one("copy failure", "SELECT count(*) FROM copied"));
}

/* Three statements in one Query, the second of which fails; an empty one; SQL's own PREPARE run by the protocol. */
static void several(void) {
    PQclear(wanted("several", PQexec(db, "SELECT 1; SELECT 1 / 0; SELECT 3"), PGRES_FATAL_ERROR));
    PQclear(wanted("several", PQexec(db, ""), PGRES_EMPTY_QUERY));
    PQclear(wanted("several", PQexec(db, " ; ; "), PGRES_EMPTY_QUERY));
    run("several", "PREPARE by_sql (int) AS SELECT $1 + 1");
    const char *values[] = {"41"};
    PGresult *result = wanted("several", PQexecPrepared(db, "by_sql", 1, values, NULL, NULL, 0), PGRES_TUPLES_OK);
    char *value = strdup(PQgetvalue(result, 0, 0));
    PQclear(result);
    run("several", "DEALLOCATE ALL");
    PQclear(wanted("several", PQexecPrepared(db, "by_sql", 1, values, NULL, NULL, 0), PGRES_FATAL_ERROR));
    PQclear(wanted("several", PQprepare(db, "broken", "SELEC 1", 0, NULL), PGRES_FATAL_ERROR));
    PQclear(wanted("several", PQdescribePrepared(db, "broken"), PGRES_FATAL_ERROR));
    run("several", "DISCARD ALL");
    report("several", "ok", "%s", value);
}

static void hear(void *unused, const PGresult *result) {
    (void)unused;
    snprintf(heard, sizeof heard, "%s", PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
}

int main(void) {
    db = PQconnectdb("sslmode=verify-full");
    if (PQstatus(db) != CONNECTION_OK) {
        report("login", "failed", "%s", PQerrorMessage(db));
        return 1;
    }
    report("login", "ok", "%s", one("login", "SELECT current_user || ' ' || current_database()"));
    report("simple", "ok", "%s", one("simple", "SELECT 6 * 7"));
    parameters();
    prepared();
    batch();
    copy();
    error();
    cancel();
    large();
    many();
    function_call();
    encoding();
    copy_failure();
    several();
    PQsetNoticeReceiver(db, hear, NULL);
    run("notice", "DO $$ BEGIN RAISE NOTICE 'hello from the server'; END $$");
    report("notice", "ok", "%s", heard);
    run("notify", "LISTEN news");
    PQclear(PQexec(db, "SELECT pg_notify('news', 'something new')"));
    PGnotify *notification = PQnotifies(db);
    report("notify", "ok", "%s %s", notification ? notification->relname : "-", notification ? notification->extra : "-");
    PQfreemem(notification);
    PQfinish(db);
    report("close", "ok", "closed");
    report("version", "ok", "%d.%d", PQlibVersion() / 10000, PQlibVersion() % 10000);
    return 0;
}
