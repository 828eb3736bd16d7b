/* acceptor: the rules that guard one register on one replica (register protocol, section 3), as
 * pure functions of its durable state. Every path that moves undecided data goes through them:
 * writes, hints, repair, transfer.
 *
 * What must hold: never below a promise, never below what is held. (Commits of conditional writes,
 * which promises do not stop, come with the conditional path.) */
#pragma once

#include "row.h"

/* What a replica says to a write. The numbers travel: they never change. */
enum verdict {
    VERDICT_TOOK = 1,         /* held and durable, now or before */
    VERDICT_REFUSED_ITEM = 2, /* a higher ballot is held */
    VERDICT_REFUSED_PROMISE = 3,
    VERDICT_REFUSED_EPOCH = 4, /* the sender assumed another ring */
    VERDICT_REFUSED_TABLE = 5, /* the table was dropped */
    VERDICT_REFUSED_CLOCK = 6, /* the version is too far in the future */
    VERDICT_NO_SPACE = 7,
    VERDICT_BUSY = 8,           /* a queue is full */
    VERDICT_FAILED = 9,         /* the disk could not be read */
    VERDICT_OK = 10,            /* reads: answered */
    VERDICT_REFUSED_SHARD = 11, /* the partition belongs to another shard of this node */
    VERDICT_LAST = VERDICT_REFUSED_SHARD
};

const char *verdict_name(enum verdict verdict);

/* Durable state of one register. */
struct acceptor {
    bool has_item;
    struct row item;         /* applied: what reads see */
    struct slice item_bytes; /* the same, as peers exchange it */
    bool has_accepted;
    struct row accepted;     /* a conditional write's value not yet known decided; above the item */
    struct version promised; /* VERSION_NONE: nothing */
    struct version floor;    /* a promise for every key of the partition, absent ones too */
};

/* Highest ballot of item and accepted; VERSION_NONE if neither is there. */
struct version acceptor_top(const struct acceptor *acceptor);
/* max(promised, floor): nothing undecided below it is taken. */
struct version acceptor_bar(const struct acceptor *acceptor);

/* The promises family's row: promised, and accepted if any. */
void promise_encode(struct writer *writer, struct version promised, const struct row *accepted);
bool must_check promise_decode(struct slice stored, struct acceptor *acceptor);

/* What to do with a row offered. */
struct acceptance {
    enum verdict verdict;   /* VERDICT_TOOK, or why not */
    bool apply;             /* put the row into the item's place and drop `accepted` */
    struct version highest; /* refused: what stands in the way */
};

/* PLAIN and, for rows not known decided, REPAIR: the same rule. */
struct acceptance acceptor_plain(const struct acceptor *acceptor, const struct row *offered);
