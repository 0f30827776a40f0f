// Texts that differ only in the integers that they compare with, count with or list.
#include <string.h>
#include <strings.h>

#include "CPGQuery.h"

// A byte that is none of these may begin a string, a quoted name, a parameter or a comment: such a text has no shape.
enum { Foreign, Space, Letter, Digit, Sign, Opening, Closing, Comma, End, Mark };

static const unsigned char kinds[256] = {
    [' '] = Space, ['\t'] = Space, ['\n'] = Space, ['\r'] = Space,
    ['a' ... 'z'] = Letter, ['A' ... 'Z'] = Letter, ['_'] = Letter, ['0' ... '9'] = Digit,
    ['='] = Sign, ['<'] = Sign, ['>'] = Sign, ['+'] = Sign, ['-'] = Sign, ['*'] = Sign, ['%'] = Sign,
    ['('] = Opening, [')'] = Closing, [','] = Comma, [';'] = End,
    ['.'] = Mark, [':'] = Mark, ['['] = Mark, [']'] = Mark, ['!'] = Mark, ['~'] = Mark, ['|'] = Mark,
};

enum { DigitLimit = 9 };    // of more it may be no integer of four bytes, which the grammar knows as another token

static bool isWord(const char *sql, int64_t bytes, const char *word) {
    return (int64_t)strlen(word) == bytes && strncasecmp(sql, word, (size_t)bytes) == 0;
}

static int64_t wordEnd(const char *sql, int64_t bytes, int64_t at) {
    while (at < bytes && (kinds[(unsigned char)sql[at]] == Letter || kinds[(unsigned char)sql[at]] == Digit)) at++;
    return at;
}

// SET, CREATE and the like read integers: only statements in which they are constants and nothing else.
static bool isOfRows(const char *sql, int64_t bytes) {
    return isWord(sql, bytes, "select") || isWord(sql, bytes, "insert") || isWord(sql, bytes, "update") ||
           isWord(sql, bytes, "delete");
}

static bool isOnlySpace(const char *sql, int64_t bytes, int64_t at) {
    for (; at < bytes; at++)
        if (kinds[(unsigned char)sql[at]] != Space) return false;
    return true;
}

// An integer at `at` up to `end` that nothing is attached to.
static bool isAlone(const char *sql, int64_t bytes, int64_t at, int64_t end) {
    if (end - at > DigitLimit) return false;
    if (end == bytes) return true;
    switch (kinds[(unsigned char)sql[end]]) {
        case Space: case Closing: case Comma: case End: return true;
        default: return false;
    }
}

typedef struct {
    int32_t depth;          // of brackets
    int32_t list;           // the depth of the list of IN or VALUES whose elements come; 0: none
    bool isOfValues;        // it is one of VALUES, which may be followed by another
    bool beginsList;        // an opening bracket that comes now begins one
    bool beginsRow;         // one of VALUES
    bool endedRow;          // such a one has just ended
    bool isConstant;        // an integer that comes now is a constant
} Place;

static void takeWord(Place *place, const char *word, int64_t bytes) {
    place->beginsRow = isWord(word, bytes, "values");
    place->beginsList = place->beginsRow || isWord(word, bytes, "in");
    place->endedRow = place->isConstant = false;
}

static void open(Place *place) {
    place->depth++;
    if (place->beginsList) {
        place->list = place->depth;
        place->isOfValues = place->beginsRow;
    }
    place->isConstant = place->beginsList;
    place->beginsList = place->endedRow = false;
}

static void close(Place *place) {
    place->endedRow = place->list == place->depth && place->list > 0 && place->isOfValues;
    if (place->list == place->depth) place->list = 0;
    place->depth--;
    place->beginsList = place->isConstant = false;
}

int64_t sqltext_shape(const char *sql, int64_t bytes, char *shape) {
    Place place = {0};
    int64_t length = 0, at = 0;
    bool isFirst = true, isReplaced = false;
    while (at < bytes) {
        int64_t end = at + 1;
        unsigned char kind = kinds[(unsigned char)sql[at]];
        switch (kind) {
            case Foreign: return -1;
            case Space: break;
            case Letter:
                end = wordEnd(sql, bytes, at);
                if (isFirst && !isOfRows(sql + at, end - at)) return -1;
                isFirst = false;
                takeWord(&place, sql + at, end - at);
                break;
            case Digit: {
                end = at;
                while (end < bytes && kinds[(unsigned char)sql[end]] == Digit) end++;
                bool isConstant = place.isConstant && isAlone(sql, bytes, at, end);
                place.isConstant = place.beginsList = place.endedRow = false;
                if (!isConstant) break;
                shape[length++] = '1';
                isReplaced = true;
                at = end;
                continue;
            }
            case Sign:
                // A comment.
                if (sql[at] == '-' && end < bytes && sql[end] == '-') return -1;
                place.isConstant = true;
                place.beginsList = place.endedRow = false;
                break;
            case Opening: open(&place); break;
            case Closing: close(&place); break;
            case Comma:
                place.beginsList = place.beginsRow = place.endedRow;
                place.isConstant = place.list > 0 && place.list == place.depth;
                place.endedRow = false;
                break;
            case End:
                // What follows is another statement.
                if (!isOnlySpace(sql, bytes, end)) return -1;
                break;
            default: place.isConstant = place.beginsList = place.endedRow = false;
        }
        if (isFirst && kind != Space) return -1;
        memcpy(shape + length, sql + at, (size_t)(end - at));
        length += end - at;
        at = end;
    }
    return isReplaced ? length : -1;
}
