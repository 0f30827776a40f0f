// The names of WITH that are in scope. Looking one up takes the same time however many there are.
#include <string.h>

#include "walk.h"

typedef struct ScopeName {
    const char *name;   // NULL: the place is free
    uint64_t hash;
    uint32_t count;     // in how many scopes it is visible; names are never taken out
} ScopeName;

static ScopeName *placeOf(ScopeName *names, uint32_t room, const char *name, uint64_t hash) {
    uint32_t at = hash & (room - 1);
    while (names[at].name != NULL && (names[at].hash != hash || strcmp(names[at].name, name) != 0))
        at = (at + 1) & (room - 1);
    return &names[at];
}

static void grow(Walk *w) {
    uint32_t room = w->nameRoom == 0 ? 16 : w->nameRoom * 2;
    ScopeName *names = palloc0(room * sizeof(ScopeName));
    for (uint32_t at = 0; at < w->nameRoom; at++) {
        if (w->names[at].name == NULL) continue;
        *placeOf(names, room, w->names[at].name, w->names[at].hash) = w->names[at];
    }
    if (w->names != NULL) pfree(w->names);
    w->names = names;
    w->nameRoom = room;
}

void enterScope(Walk *w, const char *name) {
    if (w->nameCount * 2 >= w->nameRoom) grow(w);
    uint64_t hash = hashOfName(w, name, 0);
    ScopeName *place = placeOf(w->names, w->nameRoom, name, hash);
    if (place->name == NULL) {
        *place = (ScopeName){.name = name, .hash = hash};
        w->nameCount++;
    }
    place->count++;
}

void leaveScope(Walk *w, const char *name) {
    if (w->nameRoom == 0) return;
    ScopeName *place = placeOf(w->names, w->nameRoom, name, hashOfName(w, name, 0));
    if (place->count > 0) place->count--;
}

bool isInScope(Walk *w, const char *name) {
    if (w->nameCount == 0) return false;
    return placeOf(w->names, w->nameRoom, name, hashOfName(w, name, 0))->count > 0;
}
