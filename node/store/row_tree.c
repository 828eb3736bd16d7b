#include "row_tree.h"

#include <stdlib.h>

#include "hash.h"

/* Which side a row goes to that has the very key a tree is split at. */
enum split_side { SPLIT_EQUAL_RIGHT, SPLIT_EQUAL_LEFT };

static struct row *row_new(struct slice key, struct buffer *value);
static void row_update(struct row *row);
static struct row *row_own(struct row *row);
static void tree_split(struct row *tree, struct slice key, enum split_side side, struct row **left,
                       struct row **right);
static struct row *tree_join(struct row *left, struct row *right);
static bool tree_walk(const struct row *tree, struct slice from, struct slice to, bool reverse,
                      row_visit visit, void *context);

struct row *row_tree_ref(struct row *tree)
{
    if (tree != NULL)
        tree->references++;
    return tree;
}

void row_tree_unref(struct row *tree)
{
    if (tree == NULL || --tree->references > 0)
        return;
    row_tree_unref(tree->left);
    row_tree_unref(tree->right);
    buffer_unref(tree->key);
    buffer_unref(tree->value);
    free(tree);
}

struct row *row_tree_put(struct row *tree, struct slice key, struct buffer *value)
{
    struct row *below, *same, *above, *rest;
    tree_split(tree, key, SPLIT_EQUAL_RIGHT, &below, &rest);
    tree_split(rest, key, SPLIT_EQUAL_LEFT, &same, &above);
    row_tree_unref(same);
    return tree_join(tree_join(below, row_new(key, value)), above);
}

struct row *row_tree_delete(struct row *tree, struct slice key)
{
    struct row *below, *same, *above, *rest;
    tree_split(tree, key, SPLIT_EQUAL_RIGHT, &below, &rest);
    tree_split(rest, key, SPLIT_EQUAL_LEFT, &same, &above);
    row_tree_unref(same);
    return tree_join(below, above);
}

struct buffer *row_tree_find(const struct row *tree, struct slice key)
{
    while (tree != NULL) {
        int order = slice_compare(key, buffer_slice(tree->key));
        if (order == 0)
            return tree->value;
        tree = order < 0 ? tree->left : tree->right;
    }
    return NULL;
}

void row_tree_walk(const struct row *tree, struct slice from, struct slice to, bool reverse,
                   row_visit visit, void *context)
{
    tree_walk(tree, from, to, reverse, visit, context);
}

uint64_t row_tree_bytes(const struct row *tree)
{
    return tree == NULL ? 0 : tree->bytes;
}

static struct row *row_new(struct slice key, struct buffer *value)
{
    struct row *row = calloc(1, sizeof(*row));
    ensure(row != NULL);
    row->references = 1;
    row->priority = hash64(key);
    row->key = buffer_from(key);
    row->value = value;
    row_update(row);
    return row;
}

static void row_update(struct row *row)
{
    row->bytes =
        row->key->size + row->value->size + row_tree_bytes(row->left) + row_tree_bytes(row->right);
}

/* The row itself if nobody else holds it, else a copy; takes the caller's reference to it. */
static struct row *row_own(struct row *row)
{
    if (row->references == 1)
        return row;
    struct row *copy = malloc(sizeof(*copy));
    ensure(copy != NULL);
    *copy = *row;
    copy->references = 1;
    row_tree_ref(copy->left);
    row_tree_ref(copy->right);
    buffer_ref(copy->key);
    buffer_ref(copy->value);
    row_tree_unref(row);
    return copy;
}

static void tree_split(struct row *tree, struct slice key, enum split_side side, struct row **left,
                       struct row **right)
{
    *left = NULL;
    *right = NULL;
    if (tree == NULL)
        return;
    int order = slice_compare(buffer_slice(tree->key), key);
    tree = row_own(tree);
    if (order < 0 || (order == 0 && side == SPLIT_EQUAL_LEFT)) {
        struct row *inner = tree->right;
        tree_split(inner, key, side, &tree->right, right);
        *left = tree;
    } else {
        struct row *inner = tree->left;
        tree_split(inner, key, side, left, &tree->left);
        *right = tree;
    }
    row_update(tree);
}

/* All keys of `left` are below those of `right`. */
static struct row *tree_join(struct row *left, struct row *right)
{
    if (left == NULL || right == NULL)
        return left == NULL ? right : left;
    struct row *top;
    if (left->priority >= right->priority) {
        top = row_own(left);
        top->right = tree_join(top->right, right);
    } else {
        top = row_own(right);
        top->left = tree_join(left, top->left);
    }
    row_update(top);
    return top;
}

/* False once `visit` has stopped the walk. */
static bool tree_walk(const struct row *tree, struct slice from, struct slice to, bool reverse,
                      row_visit visit, void *context)
{
    if (tree == NULL)
        return true;
    struct slice key = buffer_slice(tree->key);
    bool above_start = slice_compare(key, from) >= 0;
    bool below_end = to.size == 0 || slice_compare(key, to) < 0;
    const struct row *first = reverse ? tree->right : tree->left;
    const struct row *last = reverse ? tree->left : tree->right;
    if ((reverse ? below_end : above_start) && !tree_walk(first, from, to, reverse, visit, context))
        return false;
    if (above_start && below_end && !visit(context, tree))
        return false;
    if (!(reverse ? above_start : below_end))
        return true;
    return tree_walk(last, from, to, reverse, visit, context);
}
