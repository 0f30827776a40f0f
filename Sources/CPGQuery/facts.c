// Facts on their way out of a walk.
#include <string.h>
#include <sys/random.h>

#include "walk.h"

// Nobody outside can choose names that fall together.
uint64_t hashOfName(Walk *w, const char *name, uint64_t before) {
    if (w->seed == 0) {
        if (getrandom(&w->seed, sizeof(w->seed), GRND_NONBLOCK) != sizeof(w->seed)) w->seed = (uintptr_t)w;
        w->seed |= 1;
    }
    uint64_t hash = w->seed ^ before;
    for (const unsigned char *c = (const unsigned char *)name; *c != 0; c++) {
        hash = (hash ^ *c) * 0x9e3779b97f4a7c15;
        hash ^= hash >> 32;
    }
    return hash;
}

static SQLFact spare;

void countNode(Walk *w) {
    w->nodes++;
    if (++w->depth > w->deepest) w->deepest = w->depth;
}

SQLFact *fact(Walk *w, SQLFactKind kind) {
    if (w->count == w->room) {
        if (w->room >= SQLFactLimit) {
            w->tooComplex = true;
            return &spare;
        }
        w->room *= 4;
        w->facts = repalloc(w->facts, w->room * sizeof(SQLFact));
    }
    SQLFact *f = &w->facts[w->count++];
    *f = (SQLFact){.kind = kind, .location = -1};
    return f;
}

bool sqltext_is_beyond_ascii(const char *name) {
    if (name == NULL) return false;
    for (; *name != 0; name++)
        if ((unsigned char)*name >= 0x80) return true;
    return false;
}

const char *stringOf(Node *node) {
    return node != NULL && IsA(node, String) ? strVal(node) : NULL;
}

void nameFact(Walk *w, SQLFactKind kind, List *names, int flags, int detail) {
    int length = list_length(names);
    if (length == 0) return;
    const char *name = stringOf(llast(names));
    if (name == NULL) return;
    SQLFact *f = fact(w, kind);
    f->name = name;
    f->schema = length > 1 ? stringOf(list_nth(names, length - 2)) : NULL;
    f->value = length > 2 ? stringOf(list_nth(names, length - 3)) : NULL;
    f->flags = flags;
    f->detail = detail;
}

void textFact(Walk *w, SQLFactKind kind, const char *name, int detail) {
    SQLFact *f = fact(w, kind);
    f->name = name;
    f->detail = detail;
}

void deed(Walk *w, int deed) { fact(w, SQLFactKindDeed)->detail = deed; }

static bool isName(const SQLFact *f) {
    switch (f->kind) {
        case SQLFactKindRelation: case SQLFactKindFunction: case SQLFactKindAttribute: case SQLFactKindOperator:
        case SQLFactKindType:
            return f->name != NULL;
        case SQLFactKindStatement: case SQLFactKindSetting: case SQLFactKindDeed: case SQLFactKindBody:
        case SQLFactKindPrepared: case SQLFactKindSchema: case SQLFactKindRole: case SQLFactKindDatabase:
        case SQLFactKindUnknown:
            return false;
    }
    return false;
}

static bool isSame(const char *one, const char *other) {
    return one == other || (one != NULL && other != NULL && strcmp(one, other) == 0);
}

static bool isRepeated(const SQLFact *f, const SQLFact *g) {
    return f->kind == g->kind && f->flags == g->flags && f->detail == g->detail && isSame(f->name, g->name) &&
           isSame(f->schema, g->schema);
}

void dropRepeatedNames(Walk *w) {
    if (w->count < FEW_FACTS) return;
    uint32_t room = 2 * FEW_FACTS;
    while (room < 2 * w->count) room *= 2;
    // Places of facts that are kept, from 1.
    uint32_t *places = palloc0(room * sizeof(uint32_t));
    uint32_t kept = 0;
    for (uint32_t at = 0; at < w->count; at++) {
        SQLFact *f = &w->facts[at];
        if (isName(f)) {
            uint32_t place = hashOfName(w, f->name, (uint64_t)f->kind << 32 | f->detail) & (room - 1);
            while (places[place] != 0 && !isRepeated(f, &w->facts[places[place] - 1])) place = (place + 1) & (room - 1);
            if (places[place] != 0) continue;
            places[place] = kept + 1;
        }
        w->facts[kept++] = *f;
    }
    pfree(places);
    w->count = kept;
}
