/* document_path: where in an item a value stands: `a.b[1]`. */
#pragma once

#include "arena.h"
#include "bytes.h"

enum { PATH_ELEMENTS_MAX = 32 /* as deep as values nest */ };

/* One step into a document. */
struct path_element {
    struct slice name; /* of an attribute or a map's member; unused for an index */
    bool is_index;
    uint32_t index; /* into a list */
};

/* `elements[0]` names an attribute of the item. */
struct document_path {
    struct path_element *elements;
    size_t count; /* at least 1 */
};

enum path_clash {
    PATHS_APART,
    PATHS_OVERLAP, /* one is the other, or leads to it */
    PATHS_CONFLICT /* they take one value for a list and for a map */
};

/* The path of an attribute, in the arena; borrows the name. */
struct document_path document_path_of(struct arena *arena, struct slice attribute);
/* A total order in which a path stands before those that lead on from it, and of any paths that
 * clash some two clash that are neighbours: <0, 0, >0. */
int document_path_compare(const struct document_path *a, const struct document_path *b);
enum path_clash document_path_clash(const struct document_path *a, const struct document_path *b);
/* The encoded value in an encoded item; false, and `value` empty, if there is none. */
bool document_path_find(const struct document_path *path, struct slice item, struct slice *value);
