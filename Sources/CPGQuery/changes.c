// What gets another name, schema or owner, or goes.
#include "walk.h"

// What gets another name or schema and is no relation: a catalogue that was read before knows it by the old one only.
void walkMoved(Walk *w, ObjectType type, Node *object) {
    if (object == NULL) return;
    switch (type) {
        case OBJECT_AGGREGATE: case OBJECT_FUNCTION: case OBJECT_PROCEDURE: case OBJECT_ROUTINE:
            if (IsA(object, ObjectWithArgs)) walkSignature(w, (ObjectWithArgs *)object, SQLFactKindFunction, 0);
            break;
        case OBJECT_OPERATOR:
            if (IsA(object, ObjectWithArgs)) walkSignature(w, (ObjectWithArgs *)object, SQLFactKindOperator, 0);
            break;
        case OBJECT_TYPE: case OBJECT_DOMAIN: case OBJECT_DOMCONSTRAINT:
            if (IsA(object, List)) nameFact(w, SQLFactKindType, (List *)object, 0, 0);
            if (IsA(object, TypeName)) walk(w, object);
            break;
        // The access method stands first.
        case OBJECT_OPCLASS:
            if (IsA(object, List) && list_length((List *)object) > 1) {
                int length = list_length((List *)object);
                SQLFact *f = fact(w, SQLFactKindType);
                f->name = stringOf(llast((List *)object));
                f->schema = length > 2 ? stringOf(list_nth((List *)object, length - 2)) : NULL;
            }
            break;
        default: break;
    }
}

// What a RENAME makes of a relation is known from then on by its new name.
void walkRename(Walk *w, RenameStmt *rename) {
    walkName(w, rename->relation, SQLRelationChanged);
    walkMoved(w, rename->renameType, rename->object);
    if (rename->renameType == OBJECT_SCHEMA && rename->subname != NULL)
        textFact(w, SQLFactKindSchema, rename->subname, 0);
    if (rename->renameType == OBJECT_ROLE && rename->subname != NULL)
        textFact(w, SQLFactKindRole, rename->subname, 0);
    if (rename->renameType == OBJECT_DATABASE && rename->subname != NULL)
        textFact(w, SQLFactKindDatabase, rename->subname, 0);
    switch (rename->renameType) {
        case OBJECT_TABLE: case OBJECT_VIEW: case OBJECT_MATVIEW: case OBJECT_SEQUENCE: case OBJECT_INDEX:
        case OBJECT_FOREIGN_TABLE: {
            SQLFact *f = fact(w, SQLFactKindRelation);
            f->name = rename->newname;
            f->flags = SQLRelationMade;
            break;
        }
        case OBJECT_TYPE: case OBJECT_DOMAIN: case OBJECT_OPCLASS: {
            SQLFact *f = fact(w, SQLFactKindType);
            f->name = rename->newname;
            f->flags = SQLRelationMade;
            break;
        }
        default: break;
    }
}

// Views and functions run with their owner's rights. CURRENT_USER and the like get no rights of another.
void walkNewOwner(Walk *w, RoleSpec *owner) {
    walkRole(w, owner);
    if (owner != NULL && owner->roletype == ROLESPEC_CSTRING) deed(w, SQLDeedOtherOwner);
}

// DROP of relations that may be temporary says which; of other objects the kind says all.
SQLStatementKind walkDrop(Walk *w, DropStmt *drop) {
    ListCell *cell;
    switch (drop->removeType) {
        case OBJECT_TABLE: case OBJECT_VIEW: case OBJECT_SEQUENCE:
            foreach (cell, drop->objects)
                if (IsA(lfirst(cell), List)) nameFact(w, SQLFactKindRelation, lfirst(cell), SQLRelationNamed, 0);
            if (drop->missing_ok) deed(w, SQLDeedIfExists);
            return SQLStatementKindDropRelation;
        default: return SQLStatementKindDrop;
    }
}
