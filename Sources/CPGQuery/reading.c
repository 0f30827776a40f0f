// From a text to facts.
#include <string.h>

#include "walk.h"

#include "pg_query.h"
#include "utils/memutils.h"

// libpg_query's internal header (pg_query/pg_query_internal.h) includes the server's from its own place.
typedef struct {
    List *tree;
    char *stderr_buffer;
    PgQueryError *error;
} RawParse;
extern RawParse pg_query_raw_parse(const char *input);
extern uint64_t pg_query_fingerprint_node(const void *node);
extern void pg_query_free_error(PgQueryError *error);
extern MemoryContext pg_query_enter_memory_context(void);
extern void pg_query_exit_memory_context(MemoryContext context);
extern __thread bool standard_conforming_strings;

// Every statement of every session is looked through.
static const bool isOperatorCharacter[256] = {
    ['~'] = true, ['!'] = true, ['@'] = true, ['#'] = true, ['^'] = true, ['&'] = true, ['|'] = true,
    ['`'] = true, ['?'] = true, ['+'] = true, ['-'] = true, ['*'] = true, ['/'] = true, ['%'] = true,
    ['<'] = true, ['>'] = true, ['='] = true,
};

// What the library says of itself, not what its node headers were taken from.
int32_t sqltext_grammar(void) { return PG_VERSION_NUM; }

SQLRuns sqltext_runs(const char *sql, int64_t bytes) {
    SQLRuns runs = {.isTooLong = false, .squares = 0};
    int64_t at = 0;
    while (at < bytes) {
        if (!isOperatorCharacter[(unsigned char)sql[at]]) {
            at++;
            continue;
        }
        int64_t start = at;
        bool isBanner = true;
        for (; at < bytes && isOperatorCharacter[(unsigned char)sql[at]]; at++) {
            if (sql[at] != sql[start] || sql[at] == '+') isBanner = false;
            if (at - start >= SQLOperatorRunLimit && !isBanner) {
                runs.isTooLong = true;
                return runs;
            }
        }
        if (!isBanner) runs.squares += (uint64_t)((at - start) * (at - start));
    }
    return runs;
}

bool sqltext_are_equal(const void *one, const void *other, size_t bytes) { return memcmp(one, other, bytes) == 0; }

static SQLReading failed(SQLReadingStatus status, PgQueryError *error, MemoryContext memory) {
    SQLReading reading = {.status = status, .facts = NULL, .memory = memory};
    if (error != NULL) {
        reading.position = error->cursorpos;
        reading.message = pstrdup(error->message);
        pg_query_free_error(error);
    }
    return reading;
}

// The library looks 100 nodes deep, each of which it feeds once more to all above it. Never before the walk: it is what
// bounds the tree.
static bool isCheap(const Walk *w, size_t bytes) {
    uint64_t depth = w->deepest < 100 ? w->deepest : 100;
    return bytes <= SQLFingerprintBytes && w->nodes * depth <= SQLFingerprintWork;
}

static RawParse parsed(const char *sql, bool conforming) {
    standard_conforming_strings = conforming;
    RawParse parse = pg_query_raw_parse(sql);
    standard_conforming_strings = true;
    free(parse.stderr_buffer);
    return parse;
}

SQLReading sqltext_read(const char *sql, bool conforming, bool fingerprint) {
    MemoryContext memory = pg_query_enter_memory_context();
    RawParse parse = parsed(sql, conforming);
    if (parse.error != NULL && strstr(parse.error->message, "syntax error") != NULL &&
        (strstr(sql, "--") != NULL || strstr(sql, "/*") != NULL)) {
        char *bare = pstrdup(sql);
        if (blankComments(bare, conforming)) {
            pg_query_free_error(parse.error);
            parse = parsed(bare, conforming);
        }
    }
    if (parse.error != NULL) {
        // The grammar's stack has 10,000 places.
        bool tooDeep = strstr(parse.error->message, "memory exhausted") != NULL;
        return failed(
            tooDeep ? SQLReadingStatusTooComplex : SQLReadingStatusSyntaxError, parse.error, memory);
    }
    Walk walk = {.room = 64};
    walk.facts = palloc(walk.room * sizeof(SQLFact));
    ListCell *cell;
    foreach (cell, parse.tree) {
        RawStmt *raw = lfirst(cell);
        int length = raw->stmt_len > 0 ? raw->stmt_len : (int)strlen(sql) - raw->stmt_location;
        walkStatement(&walk, raw->stmt, raw->stmt_location < 0 ? 0 : raw->stmt_location, length);
    }
    if (walk.tooComplex) return failed(SQLReadingStatusTooComplex, NULL, memory);
    dropRepeatedNames(&walk);
    SQLReading reading = {
        .status = SQLReadingStatusRead, .count = walk.count, .facts = walk.facts, .memory = memory};
    if (fingerprint && isCheap(&walk, strlen(sql))) {
        reading.hasFingerprint = true;
        reading.fingerprint = pg_query_fingerprint_node(parse.tree);
    }
    return reading;
}

void sqltext_end(SQLReading *reading) {
    if (reading->memory != NULL) pg_query_exit_memory_context(reading->memory);
    reading->memory = NULL;
}
