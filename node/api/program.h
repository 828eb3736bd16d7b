/* program: the condition and the update of a write, as bytes, for the primary of the item to run
 * (evaluator.h). program_build.h makes the bytes.
 *
 *   program    u8 version 1, u8 flags (1: a condition, 2: an update, 4: keys), the values, the
 *              condition as a node, the update, the keys, and nothing else
 *   values     varint count, sized values, encoded as in item.h; nodes refer to them by position,
 *              so that none is sent twice
 *   update     sized item, with what an item begins with that was not there; varint count, actions
 *              ordered by their paths (document_path_compare), no two of which clash
 *   keys       varint count, for each u8 type (enum value_type: S, N or B), sized name: attributes
 *              that the item updated has, if at all, as keys of an index may be
 *   action     u8 section (enum update_section), path, and unless it is REMOVE a node, which
 *              must be a value unless it is SET
 *   node       u8 kind (enum expression_kind), then
 *                PATH      a path
 *                VALUE     varint position
 *                FUNCTION  u8 function (enum expression_function), varint count, operands as nodes
 *                others    varint count, operands as nodes
 *   path       varint count, elements: u8 0, sized name; or u8 1, varint index */
#pragma once

#include "arena.h"
#include "expression.h"
#include "table_schema.h"

enum {
    PROGRAM_VERSION = 1,
    PROGRAM_HAS_CONDITION = 1, /* flags */
    PROGRAM_HAS_UPDATE = 2,
    PROGRAM_HAS_KEYS = 4, /* only with an update */
    PROGRAM_FLAGS = 7,
    /* Values, nodes, actions and steps of paths. Two expressions have some thousands. What came before
     * expressions may name as much as an item holds: an Expected and AttributeUpdates of
     * ITEM_SIZE_MAX each, with three to a byte of the one and one to a byte of the other. */
    PROGRAM_NODES_MAX = 4 * 400 * 1024,
    /* Around any node: each node with operands is an operator of its expression. */
    PROGRAM_DEPTH_MAX = EXPRESSION_OPERATORS_MAX
};

struct program {
    struct expression *condition; /* NULL: none */
    bool updates;
    struct slice initial; /* encoded item; what is updated if there is no item */
    struct update_expression update;
    struct index_attribute keys[LOCAL_INDEXES_MAX];
    size_t keys_count;
};

/* Into the arena; borrows from `bytes`. Checks everything: the bytes may come from anywhere. A
 * program that decodes can be run. */
bool must_check program_decode(struct arena *arena, struct slice bytes, struct program *program);
