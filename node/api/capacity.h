/* capacity: what an operation consumes (Amazon DynamoDB Developer Guide, "DynamoDB throughput
 * capacity"), counted in half units, the smallest there are. */
#pragma once

#include "arena.h"
#include "bytes.h"
#include "shape.h"

/* 4 KB begun: one unit, or half of one for an eventually consistent read. Nothing counts as one. */
uint64_t capacity_of_read(uint64_t size, bool consistent);
/* 1 KB begun: one unit. Nothing counts as one. A write has the size of the item before or after,
 * whichever is larger. */
uint64_t capacity_of_write(uint64_t size);

/* What a write does to an item's entry in an index. Sizes are those of the projected attributes. */
struct capacity_entry {
    bool before;          /* the item had one */
    bool after;           /* the item has one */
    bool moved;           /* had and has, under another key: one is deleted and one is put */
    bool changed;         /* had and has, with other attributes */
    uint64_t size_before; /* if it had one */
    uint64_t size_after;  /* if it has one */
};

/* An entry that did not change costs nothing. */
uint64_t capacity_of_entry(const struct capacity_entry *entry);

/* What one index consumed. */
struct capacity_arm {
    struct slice index;
    uint64_t halves;
    struct capacity_arm *next;
};

enum capacity_index { CAPACITY_LOCAL, CAPACITY_GLOBAL };

enum { CAPACITY_INDEX_KINDS = CAPACITY_GLOBAL + 1 };

/* What one call consumed of one table: all zero at first. */
struct capacity {
    uint64_t table;                                  /* of the table itself */
    struct capacity_arm *arms[CAPACITY_INDEX_KINDS]; /* by enum capacity_index */
};

/* Adds to what an index consumed; nothing if it is nothing. Borrows the name. */
void capacity_add(struct capacity *capacity, struct arena *arena, enum capacity_index kind,
                  struct slice index, uint64_t halves);
/* Of the table and of its local indexes, whose throughput is the table's. */
uint64_t capacity_of_table(const struct capacity *capacity);
/* Of the table and all its indexes. */
uint64_t capacity_total(const struct capacity *capacity);

/* The ReturnConsumedCapacity of the request. */
enum capacity_wanted { CAPACITY_NONE, CAPACITY_TOTAL, CAPACITY_INDEXES };
enum capacity_wanted capacity_wanted(yyjson_val *input);
/* The ConsumedCapacity object of one table. */
void capacity_put(struct writer *writer, enum capacity_wanted wanted, struct slice table,
                  const struct capacity *capacity);
/* The same as the member "ConsumedCapacity", if it is wanted. */
void capacity_put_member(struct writer *writer, enum capacity_wanted wanted, struct slice table,
                         const struct capacity *capacity);
