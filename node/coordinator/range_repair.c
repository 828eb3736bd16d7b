#include "range_repair.h"

#include <stdlib.h>
#include <string.h>

#include "index_key.h"
#include "planted.h"
#include "probe.h"

enum {
    REPAIRS_AT_ONCE = 256,   /* a page may hold thousands of rows: no replica's queue is filled */
    SETTLEMENTS_AT_ONCE = 16 /* each is a contest with rounds of its own */
};

enum key_state { KEY_WAITING, KEY_REPAIRING, KEY_STUCK, KEY_SETTLING, KEY_STANDS };

struct key_repair {
    struct slot slot;
    struct range_key *key;
};

/* One key whose newest row some home node lacks. */
struct range_key {
    struct list_link link; /* repair->stuck */
    struct range_repair *repair;
    enum key_state state;
    struct slice place; /* the key of the walk; of the pages, as is the row */
    struct slice key;   /* the item's */
    struct slice row;
    struct writer item_key; /* holds `key` if the place is another one */
    bool decided;           /* the row is known to be */
    home_mask holders;      /* home nodes known to hold the row */
    size_t out;             /* repairs not answered yet */
    struct settlement settlement;
    bool settled; /* by the settlement, whose row counts */
    size_t repairs_count;
    struct key_repair repairs[];
};

LIST_FUNCTIONS(range_keys, struct range_key, link)

void range_repair_init(struct range_repair *repair, struct task *task, const struct homes *homes,
                       uint8_t n, bool index, void (*on_settled)(struct range_repair *repair))
{
    *repair = (struct range_repair){
        .task = task, .homes = homes, .n = n, .index = index, .on_settled = on_settled};
    range_keys_init(&repair->stuck);
}

void range_repair_deinit(struct range_repair *repair)
{
    ensure(repair->settling == 0);
    for (size_t i = 0; i < repair->count; i++) {
        buffer_unref(repair->keys[i]->settlement.row);
        writer_deinit(&repair->keys[i]->item_key);
        free(repair->keys[i]);
    }
    free(repair->keys);
}

static bool on_majority(const struct range_key *key)
{
    return homes_majority(key->repair->homes, key->holders);
}

/* The key of the item whose row stands at the place. Places were checked as the pages came. */
static struct slice item_of(struct range_key *key)
{
    writer_init(&key->item_key, 0);
    if (!key->repair->index)
        return key->place;
    struct index_key entry;
    bool decoded = index_key_decode(key->place, &entry);
    ensure(decoded);
    item_key_encode(&key->item_key, &entry.item);
    return writer_slice(&key->item_key);
}

/* Pages came by slots in another order than that of the home nodes. */
static home_mask holders_of(const struct range_lacking *lacking, const struct slot *asked)
{
    home_mask mask = 0;
    for (unsigned page = 0; page < HOMES_MAX; page++) {
        if ((lacking->holders >> page & 1) != 0)
            mask |= home_bit(asked[page].home);
    }
    return mask;
}

static struct range_key *key_new(struct range_repair *repair, const struct range_lacking *lacking,
                                 size_t count, const struct slot *asked)
{
    struct range_key *key = calloc(1, sizeof(*key) + count * sizeof(key->repairs[0]));
    ensure(key != NULL);
    key->repair = repair;
    key->state = KEY_WAITING;
    key->place = lacking->key;
    key->key = item_of(key);
    key->row = lacking->row;
    key->holders = holders_of(lacking, asked);
    /* A replica that takes a decided row may hold another one above it, accepted. Of one key its page
     * has told that; of an index entry it has not, if that row's own entry lies outside. */
    key->decided =
        (!repair->index || PLANTED(INDEX_REPAIR_DECIDED)) && (lacking->applied || on_majority(key));
    key->repairs_count = count;
    for (size_t i = 0; i < count; i++) {
        key->repairs[i].key = key;
        key->repairs[i].slot.task = repair->task;
        key->repairs[i].slot.member = asked[lacking[i].page].member;
        key->repairs[i].slot.home = asked[lacking[i].page].home;
    }
    return key;
}

/* How many entries from the first on are of its key. */
static size_t lacking_same(const struct range_lacking *lacking, size_t count)
{
    size_t same = 1;
    while (same < count && slice_equal(lacking[same].key, lacking[0].key))
        same++;
    return same;
}

void range_repair_add(struct range_repair *repair, const struct range_merge *merge,
                      const struct slot *asked)
{
    for (size_t i = 0; i < merge->lacking_count;) {
        size_t count = lacking_same(&merge->lacking[i], merge->lacking_count - i);
        if (repair->count == repair->capacity) {
            repair->capacity = repair->capacity == 0 ? 16 : 2 * repair->capacity;
            repair->keys = realloc(repair->keys, repair->capacity * sizeof(struct range_key *));
            ensure(repair->keys != NULL);
        }
        struct range_key *key = key_new(repair, &merge->lacking[i], count, asked);
        repair->keys[repair->count++] = key;
        repair->missing += !on_majority(key);
        i += count;
    }
}

/* Home nodes that may still come to hold the row. */
static home_mask key_hoped(const struct range_key *key)
{
    home_mask hoped = key->holders;
    for (size_t i = 0; i < key->repairs_count; i++) {
        const struct slot *slot = &key->repairs[i].slot;
        hoped |= slot->state == SLOT_SENT ? home_bit(slot->home) : 0;
    }
    return hoped;
}

/* To be called after each change of what the key's repairs told. */
static void key_look(struct range_key *key)
{
    struct range_repair *repair = key->repair;
    if (key->state != KEY_REPAIRING)
        return;
    if (on_majority(key)) {
        key->state = KEY_STANDS;
        repair->missing--;
    } else if (!homes_majority(repair->homes, key_hoped(key))) {
        PROBE("a range repair was refused or lost: its register is settled");
        key->state = KEY_STUCK;
        range_keys_push(&repair->stuck, key);
    }
}

static void key_start(struct range_key *key)
{
    struct range_repair *repair = key->repair;
    key->state = on_majority(key) ? KEY_STANDS : KEY_REPAIRING;
    for (size_t i = 0; i < key->repairs_count; i++) {
        struct slot *slot = &key->repairs[i].slot;
        if (!members_usable(repair->task->coordinator->members, slot->member))
            continue;
        slot_repair(repair->task, slot, key->key, key->row, key->decided);
        key->out++;
        repair->out++;
    }
    key_look(key);
}

static void on_settlement_done(struct settlement *settlement)
{
    struct range_key *key = container_of(settlement, struct range_key, settlement);
    struct range_repair *repair = key->repair;
    ensure(key->state == KEY_SETTLING);
    repair->settling--;
    if (settlement->outcome == OUTCOME_OK) {
        key->state = KEY_STANDS;
        key->settled = true;
        repair->missing--;
        repair->moved = true;
    } else {
        PROBE("a range's register cannot be settled");
        repair->outcome = settlement->outcome;
        repair->stopped = true;
    }
    repair->on_settled(repair);
}

static void key_settle(struct range_key *key)
{
    struct range_repair *repair = key->repair;
    key->state = KEY_SETTLING;
    key->settlement = (struct settlement){.done = on_settlement_done,
                                          .key = key->key,
                                          .n = repair->n,
                                          .deadline_us = repair->task->deadline_us};
    repair->settling++;
    settle_begin(repair->task->coordinator, &key->settlement);
}

void range_repair_advance(struct range_repair *repair)
{
    while (!repair->stopped && repair->started < repair->count && repair->out < REPAIRS_AT_ONCE)
        key_start(repair->keys[repair->started++]);
    struct range_key *key;
    while (!repair->stopped && repair->settling < SETTLEMENTS_AT_ONCE &&
           (key = range_keys_pop(&repair->stuck)) != NULL)
        key_settle(key);
}

/* Nobody waits for this one any more, and a promise stops every copy of an undecided row: the
 * register has to be settled some time. */
static void note_undecided(const struct range_key *key)
{
    struct coordinator *coordinator = key->repair->task->coordinator;
    undecided_add(&coordinator->replica->undecided, key->key, false,
                  coordinator->outbox->now.monotonic_us);
}

static struct range_key *key_of(struct slot *slot)
{
    return container_of(slot, struct key_repair, slot)->key;
}

void range_repair_on_lost(struct slot *slot)
{
    struct range_key *key = key_of(slot);
    ensure(key->out > 0);
    key->out--;
    key->repair->out--;
    key_look(key);
}

void range_repair_on_answer(struct slot *slot, enum verdict verdict)
{
    struct range_key *key = key_of(slot);
    key->holders |= verdict == VERDICT_TOOK ? home_bit(slot->home) : 0;
    if (verdict == VERDICT_REFUSED_PROMISE && key->state == KEY_STANDS && !key->settled)
        note_undecided(key);
    range_repair_on_lost(slot);
}

void range_repair_expire(struct range_repair *repair, uint64_t sent_us)
{
    for (size_t i = 0; i < repair->started; i++) {
        struct range_key *key = repair->keys[i];
        for (size_t k = 0; k < key->repairs_count && key->out > 0; k++) {
            struct slot *slot = &key->repairs[k].slot;
            if (slot->state != SLOT_SENT || slot->sent_us > sent_us)
                continue;
            slot_unanswered(slot);
            slot_abandon(slot);
            range_repair_on_lost(slot);
        }
    }
}

bool range_repair_idle(const struct range_repair *repair)
{
    bool waiting = repair->started < repair->count || !range_keys_empty(&repair->stuck);
    return repair->out == 0 && repair->settling == 0 && (repair->stopped || !waiting);
}

static struct slice key_row(const struct range_key *key)
{
    if (!key->settled)
        return key->row;
    return key->settlement.row == NULL ? SLICE_EMPTY : buffer_slice(key->settlement.row);
}

struct range_settled *range_repair_settled(const struct range_repair *repair)
{
    struct range_settled *settled = calloc(repair->count + 1, sizeof(*settled));
    ensure(settled != NULL);
    ensure(repair->missing == 0);
    for (size_t i = 0; i < repair->count; i++)
        settled[i] = (struct range_settled){repair->keys[i]->place, key_row(repair->keys[i])};
    return settled;
}
