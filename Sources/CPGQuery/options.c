// Options: `name = value` of CREATE OPERATOR and the like, and WITH (…).
#include <string.h>

#include "walk.h"

// An option's value may name a function or a type (both are a TypeName), an operator (a list), or be an expression.
// A mention of set_config may be a call with anything.
void walkOptionName(Walk *w, List *names, int flags) {
    nameFact(w, SQLFactKindFunction, names, flags, 0);
    const char *name = list_length(names) > 0 ? stringOf(llast(names)) : NULL;
    if (name != NULL && strcmp(name, "set_config") == 0)
        fact(w, SQLFactKindSetting)->detail = SQLSettingSetConfig;
}

// Whether the value of an option of CREATE OPERATOR and the like is a function that using what is made calls.
static bool isFunctionOption(const char *option) {
    static const char *const names[] = {"function", "procedure", "restrict", "join", "canonical", "subtype_diff"};
    for (size_t at = 0; at < sizeof(names) / sizeof(*names); at++)
        if (strcmp(option, names[at]) == 0) return true;
    return false;
}

// A range's bounds are of this type and are compared by this operator class, so nothing else stands there.
static bool isTypeOption(const char *option) {
    return strcmp(option, "subtype") == 0 || strcmp(option, "subtype_opclass") == 0;
}

void walkDefinitionOptions(Walk *w, List *options) {
    ListCell *cell;
    foreach (cell, options) {
        DefElem *option = lfirst(cell);
        if (option->arg == NULL) continue;
        int flags = isFunctionOption(option->defname) ? SQLFunctionIsUsed : 0;
        if (IsA(option->arg, TypeName)) {
            walkOptionName(w, ((TypeName *)option->arg)->names, flags);
            w->isOption = !isTypeOption(option->defname);
            walk(w, option->arg);
            w->isOption = false;
        } else if (IsA(option->arg, List)) {
            nameFact(w, SQLFactKindOperator, (List *)option->arg, SQLNameIsOption, 0);
            walkOptionName(w, (List *)option->arg, flags);
        } else {
            walk(w, option->arg);
        }
    }
}

void walkOptions(Walk *w, List *options) {
    ListCell *cell;
    foreach (cell, options) {
        DefElem *option = lfirst(cell);
        if (option->arg == NULL) continue;
        switch (nodeTag(option->arg)) {
            case T_VariableSetStmt: walkSetting(w, (VariableSetStmt *)option->arg); break;
            case T_RoleSpec: walkRole(w, (RoleSpec *)option->arg); break;
            case T_TypeName:
                w->isOption = true;
                walk(w, option->arg);
                w->isOption = false;
                break;
            case T_List: walkRoles(w, (List *)option->arg); break;
            default: break;
        }
    }
}
