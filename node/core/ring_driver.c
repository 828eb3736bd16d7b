#include "ring_driver.h"

#include <stdlib.h>
#include <string.h>

#include "planted.h"
#include "probe.h"

enum {
    TICK_US = 200000,
    MOVING_MAX = 16,          /* each waits for both majorities while it moves */
    DEAD_AFTER_US = 30000000, /* or stopped; a restart takes less */
    STEP_US = 5000000
};

static void on_tick(struct timer *timer, uint64_t now_us);
static const char *make(struct ring_proposal *proposal, const struct ring_state *ring,
                        struct ring_step *step);
static void on_done(struct ring_proposal *proposal, const char *problem);

void ring_driver_init(struct ring_driver *driver, struct ring_register *ring,
                      struct ring_proposer *proposer, struct timers *timers)
{
    *driver = (struct ring_driver){.ring = ring, .proposer = proposer, .timers = timers};
    driver->copied = calloc(ring->members->ring.partitions, sizeof(*driver->copied));
    driver->partitions = calloc(MOVING_MAX, sizeof(*driver->partitions));
    driver->dead_since_us = calloc(MEMBERS_MAX, sizeof(*driver->dead_since_us));
    ensure(driver->copied != NULL);
    ensure(driver->partitions != NULL);
    driver->drained = calloc(MEMBERS_MAX, sizeof(*driver->drained));
    ensure(driver->dead_since_us != NULL);
    ensure(driver->drained != NULL);
    timer_init(&driver->tick, on_tick);
}

void ring_driver_deinit(struct ring_driver *driver)
{
    timers_disarm(driver->timers, &driver->tick);
    free(driver->copied);
    free(driver->partitions);
    free(driver->dead_since_us);
    free(driver->drained);
}

static uint64_t now_us_of(const struct ring_driver *driver)
{
    return driver->ring->outbox->now.monotonic_us;
}

static const struct ring_state *ring_of(const struct ring_driver *driver)
{
    return &driver->ring->members->ring;
}

void ring_driver_start(struct ring_driver *driver)
{
    timers_arm(driver->timers, &driver->tick, now_us_of(driver) + TICK_US);
}

/* Correctness never rests on this. */
static bool drives(const struct ring_driver *driver)
{
    const struct ring_state *ring = ring_of(driver);
    const struct membership *members = driver->ring->members;
    for (unsigned i = 0; i < ring->meta_count; i++) {
        if (ring->meta[i] == members->self)
            return true;
        if (members_usable(members, ring->meta[i]))
            return false;
    }
    return false;
}

/* Members; and when all of them leave, those that join, once they have everything. */
static bool may_decide(const struct ring_state *ring, unsigned number)
{
    bool moved = ring->moving == 0 && !ring->unplanned;
    for (size_t i = 0; i < ring->members_count; i++)
        moved &= ring->members[i].state != RING_NORMAL;
    return ring->members[number].state == RING_NORMAL ||
           (moved && ring->members[number].state == RING_JOINING);
}

/* Who should decide: those that do, unless they leave, and more if there are. True if these are
 * others than now. */
static bool regroup(struct ring_driver *driver)
{
    const struct ring_state *ring = ring_of(driver);
    driver->group_count = 0;
    for (unsigned i = 0; i < ring->meta_count; i++) {
        if (may_decide(ring, ring->meta[i]))
            driver->group[driver->group_count++] = ring->meta[i];
    }
    for (unsigned i = 0; i < ring->members_count && driver->group_count < RING_META_MAX; i++) {
        if (may_decide(ring, i) && !ring_list_has(driver->group, driver->group_count, i))
            driver->group[driver->group_count++] = (uint16_t)i;
    }
    /* Everybody leaves, and who joins has not everything yet: it has to wait. */
    if (driver->group_count == 0)
        return false;
    return driver->group_count != ring->meta_count ||
           memcmp(driver->group, ring->meta, ring->meta_count * sizeof(*ring->meta)) != 0;
}

static bool copied(const struct ring_driver *driver, uint32_t partition)
{
    const struct ring_state *ring = ring_of(driver);
    const struct ring_copied *known = &driver->copied[partition];
    uint16_t copiers[REPLICAS_MAX];
    unsigned count = ring_copiers(ring, partition, copiers);
    home_mask wanted = (home_mask)((1u << count) - 1);
    if (PLANTED(RING_SWITCHES_EARLY))
        return true;
    return wanted == 0 ||
           (known->epoch == ring->epochs[partition] && (known->done & wanted) == wanted);
}

static bool long_dead(const struct ring_driver *driver, size_t member)
{
    uint64_t since_us = driver->dead_since_us[member];
    /* Who was replaced has nothing to come back for. */
    if (membership_at(driver->ring->members, member)->status == MEMBER_REMOVED)
        return true;
    return since_us != 0 && now_us_of(driver) - since_us >= DEAD_AFTER_US;
}

static void look_for_dead(struct ring_driver *driver)
{
    const struct membership *members = driver->ring->members;
    for (size_t i = 0; i < membership_count(members); i++) {
        enum member_status status = membership_at(members, i)->status;
        bool dead = status == MEMBER_DEAD || status == MEMBER_LEFT;
        if (!dead)
            driver->dead_since_us[i] = 0;
        else if (driver->dead_since_us[i] == 0)
            driver->dead_since_us[i] = now_us_of(driver);
    }
}

typedef bool (*partition_test)(const struct ring_driver *driver, uint32_t partition);

static bool is_copied(const struct ring_driver *driver, uint32_t partition)
{
    return ring_of(driver)->stages[partition] == RING_JOINT && copied(driver, partition);
}

/* One of those that have to copy it will not. */
static bool lacks_copier(const struct ring_driver *driver, uint32_t partition)
{
    uint16_t copiers[REPLICAS_MAX];
    bool lacks = false;
    unsigned count = ring_copiers(ring_of(driver), partition, copiers);
    for (unsigned i = 0; i < count; i++)
        lacks |= long_dead(driver, copiers[i]);
    return lacks;
}

static bool is_hopeless(const struct ring_driver *driver, uint32_t partition)
{
    return ring_of(driver)->stages[partition] == RING_JOINT && lacks_copier(driver, partition);
}

static bool is_to_move(const struct ring_driver *driver, uint32_t partition)
{
    const struct ring_state *ring = ring_of(driver);
    return ring->stages[partition] == RING_STABLE && ring_moves(ring, partition) &&
           !lacks_copier(driver, partition);
}

/* The first so many of which that holds; true if there are any. */
static bool pick(struct ring_driver *driver, partition_test test, size_t most)
{
    const struct ring_state *ring = ring_of(driver);
    driver->partitions_count = 0;
    for (uint32_t i = 0; i < ring->partitions && driver->partitions_count < most; i++) {
        if (test(driver, i))
            driver->partitions[driver->partitions_count++] = i;
    }
    return driver->partitions_count > 0;
}

/* A member that joins and is dead: it is not waited for. */
static bool lost_joiner(struct ring_driver *driver)
{
    const struct ring_state *ring = ring_of(driver);
    for (size_t i = 0; i < ring->members_count && ring_members_wanted(ring) > 1; i++) {
        if (ring->members[i].state == RING_JOINING && long_dead(driver, i)) {
            driver->member = (uint16_t)i;
            return true;
        }
    }
    return false;
}

/* Who leaves is waited for while it keeps hints: it hands them over, unless it is dead. */
static bool drained(const struct ring_driver *driver)
{
    const struct ring_state *ring = ring_of(driver);
    for (size_t i = 0; i < ring->members_count; i++) {
        const struct ring_member *member = &ring->members[i];
        if (member->state == RING_LEAVING && ring_member_present(member) &&
            driver->drained[i] != ring->epoch && !long_dead(driver, i))
            return false;
    }
    return true;
}

/* Who was passed over by the plan. */
static bool somebody_is_back(const struct ring_driver *driver)
{
    const struct ring_state *ring = ring_of(driver);
    for (size_t i = 0; i < ring->members_count; i++) {
        if (ring->members[i].away && ring_member_present(&ring->members[i]) &&
            members_usable(driver->ring->members, i))
            return true;
    }
    return false;
}

/* What has to be done next; false if nothing has. */
static bool choose(struct ring_driver *driver)
{
    const struct ring_state *ring = ring_of(driver);
    driver->member = RING_NOBODY;
    if (lost_joiner(driver))
        driver->kind = RING_LEAVE;
    else if (regroup(driver))
        driver->kind = RING_META;
    else if (ring->joint > 0 && pick(driver, is_copied, MOVING_MAX))
        driver->kind = RING_SWITCH;
    else if (ring->joint > 0 && pick(driver, is_hopeless, MOVING_MAX))
        driver->kind = RING_BACK;
    else if (ring->joint == 0 && (ring->unplanned || somebody_is_back(driver)))
        driver->kind = RING_PLAN;
    else if (!ring->unplanned && ring->joint < MOVING_MAX && ring->moving > ring->joint &&
             pick(driver, is_to_move, MOVING_MAX - ring->joint))
        driver->kind = RING_MOVE;
    else if (!ring->unplanned && ring->moving == 0 && ring_changes(ring) && drained(driver))
        driver->kind = RING_END;
    else
        return false;
    return true;
}

static bool takes_partitions(enum ring_step_kind kind)
{
    return kind == RING_MOVE || kind == RING_SWITCH || kind == RING_BACK;
}

static void note_away(const struct ring_driver *driver, struct ring_step *step)
{
    const struct ring_state *ring = ring_of(driver);
    for (size_t i = 0; i < ring->members_count && step->group_count < RING_META_MAX; i++) {
        if (ring_member_present(&ring->members[i]) && long_dead(driver, i))
            step->group[step->group_count++] = (uint16_t)i;
    }
}

/* Chosen anew: the ring may have gone on since. */
static const char *make(struct ring_proposal *proposal, const struct ring_state *ring,
                        struct ring_step *step)
{
    struct ring_driver *driver = container_of(proposal, struct ring_driver, proposal);
    if (!choose(driver))
        return "nothing is to be done";
    *step = (struct ring_step){.kind = driver->kind, .member = driver->member};
    if (takes_partitions(driver->kind)) {
        step->partitions = driver->partitions;
        step->partitions_count = driver->partitions_count;
    } else if (driver->kind == RING_PLAN) {
        note_away(driver, step);
        ring_plan_prepare(ring, step);
    } else if (driver->kind == RING_META) {
        memcpy(step->group, driver->group, sizeof(step->group));
        step->group_count = driver->group_count;
    }
    return NULL;
}

static void look(struct ring_driver *driver)
{
    look_for_dead(driver);
    if (driver->proposing || !drives(driver) || !choose(driver))
        return;
    driver->proposing = true;
    driver->proposal = (struct ring_proposal){.make = make, .done = on_done};
    driver->proposal.deadline_us = now_us_of(driver) + STEP_US;
    ring_propose(driver->proposer, &driver->proposal);
}

static void on_done(struct ring_proposal *proposal, const char *problem)
{
    struct ring_driver *driver = container_of(proposal, struct ring_driver, proposal);
    driver->proposing = false;
    if (problem == NULL)
        PROBE("a step of a change of the ring is made");
}

static void on_tick(struct timer *timer, uint64_t now_us)
{
    struct ring_driver *driver = container_of(timer, struct ring_driver, tick);
    look(driver);
    timers_arm(driver->timers, timer, now_us + TICK_US);
}

void ring_driver_on_ring(struct ring_driver *driver)
{
    look(driver);
}

static void note_copied(struct ring_driver *driver, unsigned member, uint32_t partition,
                        uint64_t epoch)
{
    const struct ring_state *ring = ring_of(driver);
    struct ring_copied *known = &driver->copied[partition];
    uint16_t copiers[REPLICAS_MAX];
    if (ring->stages[partition] != RING_JOINT || ring->epochs[partition] != epoch)
        return;
    if (known->epoch != epoch)
        *known = (struct ring_copied){.epoch = epoch};
    unsigned count = ring_copiers(ring, partition, copiers);
    for (unsigned i = 0; i < count; i++) {
        if (copiers[i] == member)
            known->done |= home_bit(i);
    }
}

bool ring_driver_on_report(struct ring_driver *driver, const struct frame *frame,
                           const Cartwheel__RingReport *report)
{
    size_t member = members_index(driver->ring->members, frame->header.from);
    if (member == MEMBERS_MAX || report->n_copied != report->n_epochs)
        return false;
    if (report->drained)
        driver->drained[member] = frame->header.epoch;
    for (size_t i = 0; i < report->n_copied; i++) {
        if (report->copied[i] >= ring_of(driver)->partitions)
            return false;
        note_copied(driver, (unsigned)member, report->copied[i], report->epochs[i]);
    }
    look(driver);
    return true;
}
