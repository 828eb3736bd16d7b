/* range_repair: brings the rows that a merge of pages found lacking to the home nodes that lack them
 * (consistent ranges; register protocol, "consistent read"). A row that fewer than a majority told
 * must be on a majority before it is shown; where a promise or something newer is in the way, its
 * register is settled, alone. The other repairs nobody waits for.
 *
 *     WAITING ─▶ REPAIRING ──enough took it──────────────────▶ STANDS
 *                    └──too few can──▶ STUCK ─▶ SETTLING ──────▶ STANDS, or `outcome` */
#pragma once

#include "range_merge.h"
#include "task.h"

struct range_key;
LIST_STRUCT(range_keys);

struct range_repair {
    struct task *task;
    const struct homes *homes;
    uint8_t n;  /* replicas that the table wants */
    bool index; /* the walk's keys are those of index entries */
    /* Something was settled, or could not be: the task should look. Called last. */
    void (*on_settled)(struct range_repair *repair);
    struct range_key **keys; /* all that were ever added, in the order of the walk */
    size_t count;
    size_t capacity;
    size_t started;          /* of them */
    struct range_keys stuck; /* wait for their settlement to begin */
    size_t missing;          /* keys that do not stand on a majority yet */
    size_t out;              /* repairs not answered yet */
    size_t settling;         /* settlements not done yet */
    bool moved;              /* something was settled: it may differ from what the pages told */
    bool stopped;            /* nothing new is begun */
    enum outcome outcome;    /* OK, or why a register could not be settled */
};

/* Borrows the task, whose slots it makes, and the home nodes. */
void range_repair_init(struct range_repair *repair, struct task *task, const struct homes *homes,
                       uint8_t n, bool index, void (*on_settled)(struct range_repair *repair));
/* No settlement may be under way. */
void range_repair_deinit(struct range_repair *repair);
/* Adds what a merge found; its slices, of the pages, must stay. `asked[i]` is the slot that page i
 * came by. Keys come after those added before, in the order of the walk. */
void range_repair_add(struct range_repair *repair, const struct range_merge *merge,
                      const struct slot *asked);
/* Begins what there is room for. */
void range_repair_advance(struct range_repair *repair);
/* A repair was answered. */
void range_repair_on_answer(struct slot *slot, enum verdict verdict);
/* It will not be. */
void range_repair_on_lost(struct slot *slot);
/* Gives up what was sent before `sent_us`. */
void range_repair_expire(struct range_repair *repair, uint64_t sent_us);
/* Nothing is out, and nothing will be begun. */
bool range_repair_idle(const struct range_repair *repair);
/* All keys added, as they stand on majorities; none may be missing. The caller frees the array and
 * does not keep it beyond deinit. */
struct range_settled *range_repair_settled(const struct range_repair *repair);
