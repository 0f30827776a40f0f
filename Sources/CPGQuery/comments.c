// Comments out of the parser's way. libpg_query's lexer hands comments on as tokens, so that where PostgreSQL looks one
// token ahead (NOT IN, NULLS FIRST, WITH TIME ZONE, UESCAPE, a string that goes on in the next line) a comment in between
// is a syntax error there and none on the server. Blanks in a comment's place read the same on both.
#include <string.h>

#include "walk.h"

// How a literal is read (scan.l's states).
typedef enum { Plain, Escapes } Literal;

typedef struct {
    char *text;
    size_t at;
    bool conforming;
    bool found;
} Blanking;

static bool startsName(unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

static bool isDigit(unsigned char c) { return c >= '0' && c <= '9'; }
static bool continuesName(unsigned char c) { return startsName(c) || isDigit(c) || c == '$'; }
static bool isLineEnd(char c) { return c == '\n' || c == '\r'; }
static bool isSpace(char c) { return c == ' ' || c == '\t' || c == '\f' || isLineEnd(c); }

static bool isNext(const Blanking *b, char first, char second) {
    return b->text[b->at] == first && b->text[b->at + 1] == second;
}

static void lineComment(Blanking *b) {
    while (b->text[b->at] != 0 && !isLineEnd(b->text[b->at])) b->text[b->at++] = ' ';
    b->found = true;
}

// To behind it; false where it does not end.
static bool skipComment(Blanking *b) {
    int depth = 0;
    do {
        if (b->text[b->at] == 0) return false;
        if (isNext(b, '/', '*')) {
            depth++;
            b->at += 2;
        } else if (isNext(b, '*', '/')) {
            depth--;
            b->at += 2;
        } else {
            b->at++;
        }
    } while (depth > 0);
    return true;
}

// One that does not end is left as it is: it is an error. Its line ends go, too.
static void blockComment(Blanking *b) {
    size_t start = b->at;
    if (!skipComment(b)) return;
    memset(b->text + start, ' ', b->at - start);
    b->found = true;
}

// From an opening quote to behind the last one: a literal goes on, as the same kind, behind white space with a line's end.
static void literal(Blanking *b, Literal kind) {
    while (true) {
        b->at++;
        while (b->text[b->at] != '\'') {
            if (b->text[b->at] == 0) return;
            if (kind == Escapes && b->text[b->at] == '\\' && b->text[b->at + 1] != 0) b->at++;
            b->at++;
        }
        b->at++;
        // Two quotes are one.
        if (b->text[b->at] == '\'') continue;
        bool hasLineEnd = false;
        while (isSpace(b->text[b->at]) || isNext(b, '-', '-')) {
            if (isLineEnd(b->text[b->at])) hasLineEnd = true;
            if (b->text[b->at] == '-') lineComment(b);
            else b->at++;
        }
        // It stays: behind blanks alone the next literal would be taken for more of this one.
        if (isNext(b, '/', '*')) {
            skipComment(b);
            return;
        }
        if (!hasLineEnd || b->text[b->at] != '\'') return;
    }
}

static void identifier(Blanking *b) {
    do b->at++;
    while (b->text[b->at] != 0 && b->text[b->at] != '"');
    if (b->text[b->at] != 0) b->at++;
}

static void word(Blanking *b) {
    size_t start = b->at;
    while (continuesName(b->text[b->at])) b->at++;
    char first = b->text[start];
    if (b->at - start != 1) return;
    if (b->text[b->at] == '\'') {
        Literal plain = b->conforming ? Plain : Escapes;
        // B and X have no escapes; N is a plain one.
        if (first == 'e' || first == 'E') literal(b, Escapes);
        else if (first == 'b' || first == 'B' || first == 'x' || first == 'X') literal(b, Plain);
        else literal(b, plain);
    } else if ((first == 'u' || first == 'U') && b->text[b->at] == '&') {
        if (b->text[b->at + 1] == '\'') {
            b->at++;
            literal(b, Plain);
        }
    }
}

// $1, or a text between $tag$ and $tag$.
static void dollar(Blanking *b) {
    size_t start = b->at++;
    if (isDigit(b->text[b->at])) {
        while (isDigit(b->text[b->at])) b->at++;
        return;
    }
    size_t end = b->at;
    if (startsName(b->text[end]))
        while (startsName(b->text[end]) || isDigit(b->text[end])) end++;
    if (b->text[end] != '$') return;
    size_t length = end + 1 - start;
    for (const char *from = b->text + end + 1; (from = strchr(from, '$')) != NULL; from++) {
        if (strncmp(from, b->text + start, length) != 0) continue;
        b->at = from - b->text + length;
        return;
    }
    b->at = end + strlen(b->text + end);
}

bool blankComments(char *text, bool conforming) {
    Blanking b = {.text = text, .conforming = conforming};
    while (text[b.at] != 0) {
        unsigned char c = text[b.at];
        if (isNext(&b, '-', '-')) lineComment(&b);
        else if (isNext(&b, '/', '*')) blockComment(&b);
        else if (c == '\'') literal(&b, conforming ? Plain : Escapes);
        else if (c == '"') identifier(&b);
        else if (c == '$') dollar(&b);
        else if (startsName(c)) word(&b);
        else b.at++;
    }
    return b.found;
}
