/* row: a register's state as bytes, the same on disk and between peers.
 *
 *   u8 flags   16 ballot   [16 origin, if it differs]   [lineage]   value
 *
 *   lineage: u8 count, 16 x count origins, 16 base
 *
 * A tombstone has no value. */
#pragma once

#include "bytes.h"
#include "version.h"

enum {
    LINEAGE_MAX = 8,        /* register protocol, section 3 */
    ROW_SIZE_MAX = 4 << 20, /* an item of 400 KB takes less, however it is made; and a page of rows
                               with one of these at its end stays below a frame's limit */
};

/* The last origins without a gap: what this state certainly descends from. */
struct lineage {
    uint8_t count;
    struct version origins[LINEAGE_MAX]; /* newest first */
    struct version base;                 /* lowest ballot it reaches down to */
};

struct row {
    struct version ballot; /* of its newest round; orders rows */
    struct version origin; /* first version its operation's value had: its identity */
    bool tombstone;
    struct lineage lineage; /* count 0 for a plain write, which starts a new one */
    struct slice value;     /* encoded item; empty for a tombstone; borrowed */
};

/* Appends the row. */
void row_encode(struct writer *writer, const struct row *row);
/* Borrows from `bytes`. False if malformed or above ROW_SIZE_MAX; the value is not looked into. */
bool must_check row_decode(struct slice bytes, struct row *row);
/* The ballot alone, without decoding the rest; VERSION_NONE if the bytes are too short. */
struct version row_ballot(struct slice bytes);
