/* acceptor: the rules that guard one register on one replica (docs/protocol.md), as
 * pure functions of its durable state. Every path that moves undecided data goes through them:
 * writes, hints, repair.
 *
 * What must hold: nothing undecided is taken below a promise or below what is held. What is known
 * decided is applied whatever was promised: whoever holds a majority's promises has seen it. */
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
    VERDICT_BUSY = 8,            /* a queue is full */
    VERDICT_FAILED = 9,          /* the disk could not be read */
    VERDICT_OK = 10,             /* reads: answered */
    VERDICT_REFUSED_SHARD = 11,  /* the partition belongs to another shard of this node */
    VERDICT_RECOVERING = 12,     /* it may have lost its memory: no vote yet */
    VERDICT_REFUSED_SCHEMA = 13, /* the table has indexes, and is not known here yet */
    VERDICT_LAST = VERDICT_REFUSED_SCHEMA
};

const char *verdict_name(enum verdict verdict);
/* A copy that got this answer need not be sent again: the row is held, or something newer is, or its
 * table is gone. */
bool verdict_ends_copy(enum verdict verdict);

/* Durable state of one register. */
struct acceptor {
    bool has_item;
    struct row item;         /* applied: what reads see */
    struct slice item_bytes; /* the same, as peers exchange it */
    bool has_accepted;
    struct row accepted;     /* a conditional write's value not yet known decided; above the item */
    struct version promised; /* VERSION_NONE: nothing */
    struct version floor;    /* a promise for every key of the partition, absent ones too;
                                VERSION_NONE until tombstones are purged */
};

/* Highest ballot of item and accepted; VERSION_NONE if neither is there. */
struct version acceptor_top(const struct acceptor *acceptor);
/* max(promised, floor): nothing undecided below it is taken. */
struct version acceptor_bar(const struct acceptor *acceptor);

/* The promises family's row: promised, and accepted if any. */
void promise_encode(struct writer *writer, struct version promised, const struct row *accepted);
/* The same, of a row's bytes (empty: none), into VERSION_SIZE + accepted.size bytes. */
void promise_write(uint8_t *at, struct version promised, struct slice accepted);
bool must_check promise_decode(struct slice stored, struct acceptor *acceptor);

/* Which row takes a place. */
enum successor {
    SUCCESSOR_SAME,     /* stays as it is */
    SUCCESSOR_NONE,     /* `accepted` only: dropped */
    SUCCESSOR_OFFERED,  /* the row offered */
    SUCCESSOR_ACCEPTED, /* `item` only: what was accepted */
};

/* What to answer, and the state to make durable before that. */
struct acceptance {
    enum verdict verdict;   /* VERDICT_TOOK, or why not */
    struct version highest; /* refused: what stands in the way */
    bool changed;           /* the state after differs: */
    enum successor item;
    enum successor accepted;
    struct version promised; /* VERSION_NONE if it was at or below what is held then */
};

/* PREPARE: from now on nothing undecided below `ballot` is taken. (TOOK: promised.) */
struct acceptance acceptor_prepare(const struct acceptor *acceptor, struct version ballot);
/* ACCEPT: the row becomes `accepted`. `next` is promised along with it; what was accepted under
 * `committed` is applied first (both may be VERSION_NONE). */
struct acceptance acceptor_accept(const struct acceptor *acceptor, const struct row *offered,
                                  struct version next, struct version committed);
/* PLAIN: the row is taken into the item's place. */
struct acceptance acceptor_plain(const struct acceptor *acceptor, const struct row *offered);
/* COMMIT of a row that is known decided. */
struct acceptance acceptor_commit(const struct acceptor *acceptor, const struct row *decided);
/* COMMIT of what was accepted under `ballot`. REFUSED_ITEM if that is not what is accepted here. */
struct acceptance acceptor_commit_accepted(const struct acceptor *acceptor, struct version ballot);
/* REPAIR: a later copy of a row, under the rule that fits: commit if it is known decided, accept if
 * it was proposed, else plain. */
struct acceptance acceptor_repair(const struct acceptor *acceptor, const struct row *offered,
                                  bool decided);
