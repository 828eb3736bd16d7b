/* contest_batch: who waits in a contest, and the operations that are evaluated and answered
 * together. */
#pragma once

#include "proposer.h"

enum {
    BATCH_ENTRIES_MAX = 64,
    BATCH_BYTES_MAX = 1 << 20, /* of values and programs, beyond the first entry's */
    BATCH_WORK_MAX = 4 << 20,  /* bytes of items looked at: an evaluation may read all of one */
    ATTEMPTS_MAX = 4           /* evaluations of one batch, before its outcome is called unknown */
};

/* What one operation's client would be told, if this attempt is the one that counts. */
struct entry_result {
    enum outcome outcome;
    bool changes; /* it writes something */
    bool found;
    uint64_t old_size;
    uint64_t new_size;
    size_t result_size;  /* of `held`: the item before, or a message; then the item after */
    struct buffer *held; /* NULL: nothing was wanted */
};

/* A client's write, a mixed plain write, or a settlement. */
struct entry {
    struct list_link link;
    struct request *request;       /* NULL: a settlement */
    struct settlement *settlement; /* NULL: a write */
    struct version mixed;          /* a plain write's first stamp; VERSION_NONE: not mixed */
    struct row hint;               /* of a settlement that brings one: borrows from it */
    uint8_t n;
    bool batchable;
    uint64_t deadline_us;
    uint64_t joined; /* on coordinator->contest_clock */
    struct entry_result results[ATTEMPTS_MAX];
};

LIST_DEFINE(entries, struct entry, link)

/* One evaluation of the batch; its results have the same place in entry->results. Origins rise from
 * one to the next, and only the last may have none. */
struct attempt {
    struct version origin; /* VERSION_NONE: nothing was to be written */
};

struct contest_batch {
    struct coordinator *coordinator;
    struct entries entries;
    struct buffer *key; /* NULL while there are no entries */
    uint8_t n;
    size_t bytes;
    bool closed; /* nobody joins any more */
    unsigned attempts_count;
    struct attempt attempts[ATTEMPTS_MAX];
    const struct attempt *finishing; /* the state being published is this attempt's */
    struct writer value;             /* what the last evaluation made */
};

struct entry *entry_of_request(struct coordinator *coordinator, struct request *request);
struct entry *entry_of_mixed(struct coordinator *coordinator, struct request *request,
                             struct version version);
struct entry *entry_of_settlement(struct settlement *settlement);
struct slice entry_key(const struct entry *entry);
/* A plain write that a batch cannot do justice to: it wants more takers than a majority. */
bool entry_goes_alone(const struct entry *entry);
/* Answers an entry that is in no list, and of which nothing was proposed; frees it. */
void entry_answer(struct coordinator *coordinator, struct entry *entry, enum outcome outcome);

void contest_batch_init(struct contest_batch *batch, struct coordinator *coordinator);
void contest_batch_deinit(struct contest_batch *batch);
/* Moves entries over, from the first on, while they fit. At least one if the batch is empty. */
void contest_batch_fill(struct contest_batch *batch, struct entries *waiting);
/* Puts the last entries back to the front of `waiting`, if running all of them on an item of that size
 * would hold up everybody else. */
void contest_batch_trim(struct contest_batch *batch, struct entries *waiting, size_t item_size);
/* Runs every entry on the state the proposer found, as one attempt; results are stored. True if
 * something is to be written: `row` (borrows from the batch, its requests and the proposer). */
bool contest_batch_evaluate(struct contest_batch *batch, const struct proposer *proposer,
                            struct row *row);
const struct attempt *contest_batch_last_attempt(const struct contest_batch *batch);
/* Origin of the first attempt, which is the lowest; VERSION_NONE: nothing was tried yet. */
struct version contest_batch_first(const struct contest_batch *batch);
/* An attempt that writes something may have been taken somewhere. */
bool contest_batch_tried(const struct contest_batch *batch);
bool contest_batch_attempts_left(const struct contest_batch *batch);
/* All entries came before the round's first message was sent. */
bool contest_batch_is_early(const struct contest_batch *batch, const struct proposer *proposer);
/* The batch is a hint, and the state is newer: by version, the hint has lost. */
bool contest_batch_superseded(const struct contest_batch *batch, const struct row *state);
/* Rounds wait for every home node that can be reached, not only for a majority. */
bool contest_batch_hears_all(const struct contest_batch *batch);
/* Somebody wants the register settled. */
bool contest_batch_settles(const struct contest_batch *batch);
/* The attempt that the state is, or descends from; NULL if there is none. `state` may be NULL. */
const struct attempt *contest_batch_find_attempt(const struct contest_batch *batch,
                                                 const struct row *state);
/* No attempt took effect in the state's past, provided that none was found. `state` may be NULL. */
bool contest_batch_certainly_without(const struct contest_batch *batch, const struct row *state);
/* Answers all with what the attempt stored, and leaves the batch empty. The proposer's state, or
 * what it published last, is on a majority. */
void contest_batch_answer(struct contest_batch *batch, const struct proposer *proposer,
                          const struct attempt *attempt);
/* Answers all with `outcome`, but those that an attempt may have brought about with UNKNOWN; leaves
 * the batch empty. */
void contest_batch_give_up(struct contest_batch *batch, enum outcome outcome);
/* The same for those whose deadline has passed. */
void contest_batch_expire(struct contest_batch *batch, uint64_t now_us);
/* Before the first attempt: sends the plain writes on their own way. */
void contest_batch_release_plain(struct contest_batch *batch);
/* Before the first attempt: sends the writes to the next home node, if one can be reached. */
void contest_batch_hand_on(struct contest_batch *batch);
