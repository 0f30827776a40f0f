#include "walk.h"

static SQLFact spare;

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
