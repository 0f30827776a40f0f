// PostgreSQL's own lexer, for the places of constants and comments.
//
// The server's headers are not included here: they declare as plain variables what the library has one of a thread.
#define _GNU_SOURCE
#include <ctype.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "CPGQuery.h"

// parser/scanner.h: what the lexer hands out beside a token's number.
typedef union {
    int ival;
    char *str;
    const char *keyword;
} TokenValue;

// core_yy_extra_type, of which only the first member is used, in the room of one with the library's additions.
typedef struct {
    char *scanbuf;
    void *rest[63];
} ScannerExtra;

extern void *scanner_init(
    const char *text, void *extra, const void *keywords, const uint16_t *keywordTokens);
extern void scanner_finish(void *scanner);
extern int core_yylex(TokenValue *value, int *location, void *scanner);
extern const char ScanKeywords[];
extern const uint16_t ScanKeywordTokens[];
extern __thread sigjmp_buf *PG_exception_stack;
extern __thread bool standard_conforming_strings;
extern __thread bool escape_string_warning;
extern void FlushErrorState(void);
extern void *pg_query_enter_memory_context(void);
extern void pg_query_exit_memory_context(void *context);
extern void *palloc(size_t bytes);
extern void *repalloc(void *memory, size_t bytes);

// gram.y's first tokens, whose numbers pl_gram.y repeats, and the library's two for comments.
enum {
    TokenName = 258, TokenUnicodeName, TokenFloat, TokenString, TokenUnicodeString, TokenBits, TokenHexBits,
    TokenOperator, TokenInteger, TokenParameter,
    TokenLineComment = 275, TokenComment = 276,
};

typedef struct {
    SQLToken *tokens;
    uint32_t count;
    uint32_t room;
    int32_t end;
    ScannerExtra extra;
} Lexing;

static SQLTokenKind kindOf(int token) {
    switch (token) {
        case TokenName: return SQLTokenKindName;
        case TokenUnicodeName: return SQLTokenKindUnicodeName;
        case TokenString: return SQLTokenKindString;
        case TokenUnicodeString: return SQLTokenKindUnicodeString;
        case TokenBits: case TokenHexBits: return SQLTokenKindBits;
        case TokenFloat: case TokenInteger: return SQLTokenKindNumber;
        case TokenParameter: return SQLTokenKindParameter;
        case TokenLineComment: case TokenComment: return SQLTokenKindComment;
        default: return SQLTokenKindOther;
    }
}

static void add(Lexing *lexing, int token, int location, const TokenValue *value) {
    if (lexing->count == lexing->room) {
        lexing->room *= 4;
        lexing->tokens = repalloc(lexing->tokens, lexing->room * sizeof(SQLToken));
    }
    SQLToken *t = &lexing->tokens[lexing->count++];
    // The lexer leaves a NUL behind the token until it is asked for the next.
    *t = (SQLToken){
        .kind = kindOf(token), .start = location, .length = (int32_t)strlen(lexing->extra.scanbuf + location)};
    switch (t->kind) {
        case SQLTokenKindName: case SQLTokenKindUnicodeName: case SQLTokenKindString:
        case SQLTokenKindUnicodeString:
            t->value = value->str;
            t->valueLength = (int32_t)strlen(value->str);
            break;
        case SQLTokenKindParameter: t->number = value->ival; break;
        case SQLTokenKindBits: case SQLTokenKindNumber: case SQLTokenKindComment: case SQLTokenKindOther: break;
    }
    lexing->end = location + t->length;
}

typedef void (*Taker)(void *into, int token, int location, const TokenValue *value);

static void takeToken(void *into, int token, int location, const TokenValue *value) { add(into, token, location, value); }

// Whether the lexer took all of it.
static bool lex(const char *sql, bool conforming, ScannerExtra *extra, Taker take, void *into) {
    bool warns = escape_string_warning;
    sigjmp_buf *outer = PG_exception_stack;
    sigjmp_buf caught;
    volatile bool isWhole = false;
    standard_conforming_strings = conforming;
    escape_string_warning = false;
    if (sigsetjmp(caught, 0) == 0) {
        PG_exception_stack = &caught;
        void *scanner = scanner_init(sql, extra, ScanKeywords, ScanKeywordTokens);
        TokenValue value;
        int location, token;
        while ((token = core_yylex(&value, &location, scanner)) != 0) take(into, token, location, &value);
        scanner_finish(scanner);
        isWhole = true;
    } else {
        FlushErrorState();
    }
    PG_exception_stack = outer;
    standard_conforming_strings = true;
    escape_string_warning = warns;
    return isWhole;
}

SQLTokens sqltext_lex(const char *sql, bool conforming) {
    void *memory = pg_query_enter_memory_context();
    Lexing *lexing = palloc(sizeof(Lexing));
    *lexing = (Lexing){.room = 64, .tokens = palloc(64 * sizeof(SQLToken))};
    bool isWhole = lex(sql, conforming, &lexing->extra, takeToken, lexing);
    return (SQLTokens){
        .tokens = lexing->tokens, .count = lexing->count, .end = lexing->end, .isWhole = isWhole, .memory = memory};
}

typedef struct {
    ScannerExtra extra;
    const char *const *words;
    uint32_t count;
    SQLWords found;
} WordSearch;

static void takeWord(void *into, int token, int location, const TokenValue *value) {
    (void)location;
    WordSearch *search = into;
    const char *word;
    switch (token) {
        case TokenUnicodeName: search->found.hidesNames = true; return;
        case TokenName: word = value->str; break;
        default:
            if (token <= TokenComment) return;
            word = value->keyword;
    }
    for (uint32_t at = 0; at < search->count; at++)
        if (strcasecmp(word, search->words[at]) == 0) search->found.found |= (uint64_t)1 << at;
}

SQLWords sqltext_words(const char *sql, bool conforming, const char *const *words, uint32_t count) {
    void *memory = pg_query_enter_memory_context();
    WordSearch *search = palloc(sizeof(WordSearch));
    *search = (WordSearch){.words = words, .count = count};
    search->found.isWhole = lex(sql, conforming, &search->extra, takeWord, search);
    SQLWords found = search->found;
    pg_query_exit_memory_context(memory);
    return found;
}

void sqltext_lex_end(SQLTokens *tokens) {
    if (tokens->memory != NULL) pg_query_exit_memory_context(tokens->memory);
    tokens->memory = NULL;
}

// `password` in any case, or the beginning of a name with Unicode escapes, from `from` on: where it begins, -1 for
// nowhere. Every statement of every session is looked through.
int64_t sqltext_find_password(const char *sql, int64_t bytes, int64_t from) {
    static const bool isLooked[256] = {['w'] = true, ['W'] = true, ['&'] = true};
    for (int64_t at = from; at < bytes; at++) {
        if (!isLooked[(unsigned char)sql[at]]) continue;
        if (sql[at] != '&') {
            if (at - 4 >= from && bytes - at >= 4 && strncasecmp(sql + at - 4, "password", 8) == 0) return at - 4;
        } else {
            if (at > from && bytes - at >= 2 && (sql[at - 1] | 0x20) == 'u' && sql[at + 1] == '"') return at - 1;
        }
    }
    return -1;
}

// Bytes before the `://` of an address that a text begins with.
static const int64_t first_address = 64;

// What ends the address of a connection in a text: blanks, controls and quotes.
static bool ends_address(char c) { return (unsigned char)c <= 0x20 || c == '\'' || c == '"'; }

// `://` of an address that may hold a password (`@` is behind it, or `?` and behind that a percent sign or `password=`), from `from` on:
// where it begins, -1 for nowhere. Every statement of every session is looked through, and every parameter that is kept.
int64_t sqltext_find_address(const char *sql, int64_t bytes, int64_t from) {
    while (from + 3 <= bytes) {
        const char *found = memmem(sql + from, (size_t)(bytes - from), "://", 3);
        if (found == NULL) return -1;
        int64_t at = found - sql;
        bool behind_query = false;
        // The one that a text begins with may have blanks in it.
        bool is_first = at <= first_address;
        for (from = at + 3; from < bytes; from++) {
            char c = sql[from];
            if (ends_address(c) && !(is_first && c == ' ')) break;
            if (c == '@' || (c == '%' && behind_query)) return at;
            if (c == '=' && behind_query && from - at > 11 && strncasecmp(sql + from - 8, "password", 8) == 0) return at;
            behind_query = behind_query || c == '?';
        }
    }
    return -1;
}
