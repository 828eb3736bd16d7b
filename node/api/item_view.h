/* item_view: an item in which many paths are looked up. Finding one in the encoding takes time by
 * what stands before it; an expression of 4 KB holds more than a thousand paths, and an item tens of
 * thousands of attributes. So after the first few look-ups each container on the way is walked once,
 * and searched from then on. */
#pragma once

#include "arena.h"
#include "document_path.h"

struct item_view {
    struct arena *arena;
    struct slice item;            /* encoded; empty: there is none */
    struct view_members *members; /* of the item; NULL: not walked yet */
    unsigned lookups;             /* so far */
};

/* Borrows from `item`; what it makes stays in the arena. */
void item_view_init(struct item_view *view, struct arena *arena, struct slice item);
/* As document_path_find(). */
bool item_view_find(struct item_view *view, const struct document_path *path, struct slice *value);
