/* row: a register's state as bytes, the same on disk and between peers.
 *
 *   u8 flags   16 ballot   [16 origin, if it differs]   [lineage]   value
 *
 *   lineage: u8 count, 16 x count origins, 16 base
 *
 * A tombstone has no value. A lineage without origins whose base is the ballot is left out. */
#pragma once

#include "bytes.h"
#include "version.h"

enum {
    LINEAGE_MAX = 8,        /* more would grow every row of an item that is written by conditions */
    ROW_SIZE_MAX = 4 << 20, /* an item of 400 KB takes less, however it is made; and a page of rows
                               with one of these at its end stays below a frame's limit */
};

/* What this state certainly descends from: the origins of all operations between `base` and it.
 * A plain write does not look at what it replaces: it begins a new lineage, and `base` is its first
 * ballot (or, if it had to be settled, the ballot under which it was). */
struct lineage {
    uint8_t count;
    struct version origins[LINEAGE_MAX]; /* newest first */
    struct version base;                 /* VERSION_NONE: down to the first state of all */
};

struct row {
    struct version ballot; /* of its newest round; orders rows */
    struct version origin; /* first version its operation's value had: its identity */
    bool tombstone;
    bool proposed; /* by ACCEPT: once it stands in the item's place it is known decided. Otherwise a
                      plain write's first ballot, which is taken in place */
    struct lineage lineage;
    struct slice value; /* encoded item; empty for a tombstone; borrowed */
};

/* Appends the row. */
void row_encode(struct writer *writer, const struct row *row);
/* Borrows from `bytes`. False if malformed or above ROW_SIZE_MAX; the value is not looked into. */
bool must_check row_decode(struct slice bytes, struct row *row);
/* The ballot alone, without decoding the rest; VERSION_NONE if the bytes are too short. */
struct version row_ballot(struct slice bytes);
/* Whether it was proposed; false if the bytes are too short. */
bool row_proposed(struct slice bytes);
/* A plain write's row. */
struct row row_plain(struct version ballot, bool tombstone, struct slice value);
/* The row of an operation that was computed from `state` (NULL: from nothing at all) and is proposed
 * under `ballot`. */
struct row row_successor(const struct row *state, struct version ballot, bool tombstone,
                         struct slice value);
/* The operation is this state's own or stands in its lineage. */
bool row_descends_from(const struct row *state, struct version origin);
/* No operation whose first ballot was `first` took effect in this state's past, provided that
 * row_descends_from() is false: it lies above the state, or within the lineage's reach. */
bool row_certainly_without(const struct row *state, struct version first);
