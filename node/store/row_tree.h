/* row_tree: sorted rows as a persistent treap (Seidel and Aragon, 1996). A change copies only the
 * path to what it touches and only where somebody else holds it, so a copy of the root is a
 * snapshot that costs nothing.
 *
 * A tree is a pointer to its root; NULL is the empty one. Each function that changes a tree takes
 * the caller's reference and gives one to the result. Priorities come from the keys' hashes, so
 * equal contents have equal shape and runs repeat. */
#pragma once

#include "bytes.h"

struct row {
    uint32_t references;  /* parents and roots that hold it */
    uint64_t priority;    /* at or above that of both children */
    uint64_t bytes;       /* of keys and values in this subtree */
    struct row *left;     /* smaller keys; NULL: none */
    struct row *right;    /* larger keys; NULL: none */
    struct buffer *key;   /* shared with the row's copies */
    struct buffer *value; /* shared with readers */
};

/* Sees one row; returns false to stop the walk. */
typedef bool (*row_visit)(void *context, const struct row *row);

struct row *row_tree_ref(struct row *tree);
/* Gives one reference back; NULL is allowed. */
void row_tree_unref(struct row *tree);
/* Adds or replaces a row. Takes the reference to `value`. */
struct row *row_tree_put(struct row *tree, struct slice key, struct buffer *value);
struct row *row_tree_delete(struct row *tree, struct slice key);
/* The row's value, borrowed from the tree; NULL: absent. */
struct buffer *row_tree_find(const struct row *tree, struct slice key);
/* Shows the rows of [from, to) to `visit` in order, or backwards; an empty `to` is the end. */
void row_tree_walk(const struct row *tree, struct slice from, struct slice to, bool reverse,
                   row_visit visit, void *context);
/* Bytes of all keys and values. */
uint64_t row_tree_bytes(const struct row *tree);
