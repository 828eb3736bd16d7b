/* item_build: values and items as trees in an arena, on their way to the encoding of item.h.
 *
 * Members come in any order; value_node_finish() sorts them by links in the nodes and finds what no
 * encoding may hold. An encoded value can stand in a tree as it is, and is opened one level at a
 * time where it must change. */
#pragma once

#include "arena.h"
#include "item.h"

/* Made by the functions below; fields are for reading. Bytes and names are borrowed and must live
 * as long as the arena. */
struct value_node {
    enum value_type type;
    bool encoded;             /* `bytes` is the whole encoded value, and there are no members */
    struct slice name;        /* in a map */
    struct slice bytes;       /* payload of S, N, B, BOOL or of a set's member */
    struct value_node *first; /* members, in the order they were added */
    struct value_node *last;  /* newest member */
    struct value_node *next;  /* next member of the same container, in that order */
    struct value_node *previous;
    struct value_node **opened; /* all members, while they are as they were encoded; else NULL */
    struct value_node *lowest;  /* members, in the order they are encoded: set by finish */
    struct value_node *higher;  /* next member in that order: set by finish */
    size_t count;               /* members */
    size_t body_size;           /* bytes of count and members: set by finish */
};

/* A string, number or binary; `bytes` as value_bytes() has them. */
struct value_node *value_node_scalar(struct arena *arena, enum value_type type, struct slice bytes);
struct value_node *value_node_bool(struct arena *arena, bool value);
struct value_node *value_node_null(struct arena *arena);
/* An empty list, map or set. */
struct value_node *value_node_container(struct arena *arena, enum value_type type);
/* `value` is valid. */
struct value_node *value_node_encoded(struct arena *arena, struct slice value);
/* An opened map of the item's attributes. `item` is valid, or empty for an item without any. */
struct value_node *value_node_of_item(struct arena *arena, struct slice item);

/* Adds a node, which is in no container yet, at the end of a list that is not encoded. */
void value_node_append(struct value_node *list, struct value_node *member);
/* The same for a map. Names may repeat: finish reports it. */
void value_node_put(struct value_node *map, struct slice name, struct value_node *member);
/* Adds a member with this payload to a set that is not encoded. Members may repeat as well. */
void value_node_add(struct arena *arena, struct value_node *set, struct slice member);

/* Turns an encoded container into one with members, themselves encoded; does nothing on others. */
void value_node_open(struct arena *arena, struct value_node *node);
/* The member of an opened map, or NULL. */
struct value_node *value_node_find(const struct value_node *map, struct slice name);
/* The member of an opened list, or NULL. */
struct value_node *value_node_at(const struct value_node *list, uint64_t index);
/* The member of an opened set, or NULL. */
struct value_node *value_node_member(const struct value_node *set, struct slice bytes);
/* Takes `member` out of the container it is in. */
void value_node_remove(struct value_node *container, struct value_node *member);
/* Puts `fresh`, which is in no container, in the place of `member`, under its name. */
void value_node_replace(struct value_node *container, struct value_node *member,
                        struct value_node *fresh);

enum value_problem {
    VALUE_FINE,
    VALUE_DUPLICATE_NAME,   /* culprit: the second of two map entries with one name */
    VALUE_DUPLICATE_MEMBER, /* culprit: the set */
    VALUE_EMPTY_SET,        /* culprit: the set */
    VALUE_TOO_DEEP          /* culprit: a list or map below VALUE_NESTING_MAX others */
};

/* Prepares a value for writing; must be called again after a change. `culprit` is NULL unless a
 * problem is returned. */
enum value_problem must_check value_node_finish(struct value_node *value,
                                                const struct value_node **culprit);
/* The same for a map that is to be written as an item, and so is no level of nesting. */
enum value_problem must_check value_node_finish_item(struct value_node *map,
                                                     const struct value_node **culprit);
/* Both need a finished tree. */
void writer_put_value(struct writer *writer, const struct value_node *value);
void writer_put_item(struct writer *writer, const struct value_node *map);
