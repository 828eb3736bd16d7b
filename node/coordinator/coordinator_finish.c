/* Finishes what others left: rows accepted by this replica whose commit does not come, and repairs
 * that a promise stopped. Promises never expire, so somebody has to settle such a register by a
 * round, or it would stay as it is until its next write. The first home node that can be reached
 * waits least, so that the others find nothing left to do. */
#include <stdlib.h>

#include "buggify.h"
#include "probe.h"
#include "task.h"

enum {
    TICK_US = 250000,
    PATIENCE_US = 2000000, /* a commit usually follows within milliseconds */
    PATIENCE_STEP_US = 3000000
};

struct finish {
    struct settlement settlement;
    struct coordinator *coordinator;
    struct buffer *key;
    struct buffer *row;
};

static void on_settled(struct settlement *settlement)
{
    struct finish *finish = container_of(settlement, struct finish, settlement);
    struct coordinator *coordinator = finish->coordinator;
    coordinator->finishing--;
    if (settlement->outcome == OUTCOME_OK) {
        PROBE("register left undecided was settled");
        coordinator->stats.settled++;
        undecided_settled(&coordinator->replica->undecided, buffer_slice(finish->key));
    }
    buffer_unref(settlement->row);
    buffer_unref(finish->key);
    buffer_unref(finish->row);
    free(finish);
}

/* Place among the home nodes that can be reached; their number if this node is none of them. */
static size_t rank_of(const struct coordinator *coordinator, uint32_t partition, uint8_t n)
{
    struct homes homes;
    membership_homes(coordinator->members, partition, n, &homes);
    size_t rank = 0;
    for (unsigned i = 0; i < homes.count && homes.members[i] != coordinator->members->self; i++)
        rank += members_usable(coordinator->members, homes.members[i]);
    return rank;
}

static void finish_key(struct coordinator *coordinator, const struct undecided_key *noted,
                       uint8_t n)
{
    struct finish *finish = calloc(1, sizeof(*finish));
    ensure(finish != NULL);
    uint64_t now_us = coordinator->outbox->now.monotonic_us;
    finish->coordinator = coordinator;
    finish->key = buffer_from(noted->key);
    finish->settlement.done = on_settled;
    finish->settlement.key = buffer_slice(finish->key);
    finish->settlement.n = n;
    finish->settlement.hear_all = true;
    if (noted->row != NULL) {
        PROBE("a hint is settled with its row");
        finish->row = buffer_ref(noted->row);
        finish->settlement.hint = buffer_slice(finish->row);
    }
    finish->settlement.deadline_us = now_us + 2 * coordinator->config.attempt_timeout_us;
    coordinator->finishing++;
    settle_begin(coordinator, &finish->settlement);
}

static struct item_key decoded(const struct undecided_key *noted)
{
    struct item_key key;
    bool good = item_key_decode(noted->key, &key);
    ensure(good);
    return key;
}

/* True if the key's turn has come, and the table's N is known. */
static bool due(const struct coordinator *coordinator, const struct undecided_key *noted,
                uint8_t *n)
{
    struct item_key key = decoded(noted);
    *n = replica_table_replicas(coordinator->replica, key.table_id);
    if (*n == 0)
        return false;
    if (BUGGIFY("an undecided register is settled out of turn"))
        return true;
    uint64_t patience_us =
        PATIENCE_US + PATIENCE_STEP_US * (uint64_t)rank_of(coordinator, key.partition, *n);
    return coordinator->outbox->now.monotonic_us >= noted->since_us + patience_us;
}

/* Keys that were looked at go to the end of the list. */
static void finish_due(struct coordinator *coordinator)
{
    struct undecided *undecided = &coordinator->replica->undecided;
    uint64_t now_us = coordinator->outbox->now.monotonic_us;
    for (size_t left = undecided->keys.count; left > 0; left--) {
        struct undecided_key *noted = undecided_keys_first(&undecided->keys);
        uint8_t n;
        if (coordinator->finishing >= FINISH_AT_ONCE_MAX || noted->since_us + PATIENCE_US > now_us)
            return;
        if (replica_table_dropped(coordinator->replica, decoded(noted).table_id)) {
            undecided_remove(undecided, noted->key);
        } else if (due(coordinator, noted, &n)) {
            finish_key(coordinator, noted, n);
            undecided_touch(undecided, noted, now_us);
        } else {
            undecided_touch(undecided, noted, noted->since_us);
        }
    }
}

static void on_tick(struct timer *timer, uint64_t now_us)
{
    struct coordinator *coordinator = container_of(timer, struct coordinator, finish_timer);
    if (coordinator->replica->undecided.load_failed) {
        PROBE("undecided registers could not be loaded");
        undecided_load(&coordinator->replica->undecided);
    }
    finish_due(coordinator);
    timers_arm(coordinator->timers, timer, now_us + TICK_US);
}

void finish_start(struct coordinator *coordinator)
{
    timer_init(&coordinator->finish_timer, on_tick);
    undecided_load(&coordinator->replica->undecided);
    timers_arm(coordinator->timers, &coordinator->finish_timer,
               coordinator->outbox->now.monotonic_us + TICK_US);
}

void finish_deinit(struct coordinator *coordinator)
{
    timers_disarm(coordinator->timers, &coordinator->finish_timer);
}
