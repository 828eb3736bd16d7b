/* Members that are away while the ring is planned gain nothing by it. */
#include <stdio.h>
#include <string.h>

#include "ring_state.h"
#include "ring_step.h"
#include "test_main.h"

enum { PARTITIONS = 64, AWAY = 2, LEAVER = 0 };

static struct ring_state ring;

static void take(const struct ring_step *step)
{
    const char *problem = ring_apply(&ring, step);
    ck_assert_msg(problem == NULL, "%s", problem);
    ring_check(&ring);
}

static void plan(uint8_t away_count)
{
    struct ring_step step = {
        .kind = RING_PLAN, .member = RING_NOBODY, .group = {AWAY}, .group_count = away_count};
    ring_plan_prepare(&ring, &step);
    take(&step);
}

/* All partitions that are to move, at once. */
static void finish(void)
{
    uint32_t partitions[PARTITIONS];
    struct ring_step step = {.member = RING_NOBODY, .partitions = partitions};
    for (uint32_t i = 0; i < PARTITIONS; i++) {
        if (ring_moves(&ring, i))
            partitions[step.partitions_count++] = i;
    }
    step.kind = RING_MOVE;
    take(&step);
    step.kind = RING_SWITCH;
    take(&step);
}

static void setup(size_t count)
{
    static char names[16][8], addresses[16][32];
    struct member_config members[16];
    for (size_t i = 0; i < count; i++) {
        snprintf(names[i], sizeof(names[i]), "n%zu", i);
        snprintf(addresses[i], sizeof(addresses[i]), "127.0.0.%zu:7000", i + 1);
        members[i] = (struct member_config){names[i], addresses[i], (char *)(uintptr_t) "", 100};
    }
    struct cluster_config cluster = {(char *)(uintptr_t) "test", PARTITIONS, members, count};
    ring_init(&ring, &cluster);
}

static void let_go(void)
{
    struct ring_step step = {.kind = RING_LEAVE, .member = LEAVER, .member_id = 7 << 16};
    take(&step);
}

static unsigned copies_of(unsigned member)
{
    unsigned copies = 0;
    for (uint32_t i = 0; i < PARTITIONS; i++) {
        uint16_t copiers[REPLICAS_MAX];
        copies += ring_list_has(copiers, ring_copiers(&ring, i, copiers), member);
    }
    return copies;
}

static unsigned places_of(unsigned member)
{
    unsigned places = 0;
    for (uint32_t i = 0; i < PARTITIONS; i++)
        places += ring_list_has(ring_target(&ring, i), REPLICAS_MAX, member);
    return places;
}

START_TEST(who_is_away_copies_nothing)
{
    for (size_t members = 5; members <= 12; members++) {
        setup(members);
        let_go();
        plan(1);
        ck_assert_uint_eq(copies_of(AWAY), 0);
        ck_assert_uint_eq(places_of(LEAVER), 0);
        finish();
        ring_deinit(&ring);
    }
}
END_TEST

START_TEST(whoever_is_back_is_planned_for)
{
    setup(5);
    let_go();
    plan(1);
    ck_assert(ring.members[AWAY].away);
    finish();
    struct ring_step step = {.kind = RING_END, .member = RING_NOBODY};
    step.kind = RING_META;
    step.group[0] = 1;
    step.group_count = 1;
    take(&step);
    step = (struct ring_step){.kind = RING_END, .member = RING_NOBODY};
    take(&step);
    ck_assert_uint_eq(places_of(AWAY), 0);
    plan(0);
    ck_assert(!ring.members[AWAY].away);
    ck_assert_uint_eq(places_of(AWAY), PARTITIONS);
    finish();
    step = (struct ring_step){.kind = RING_PLAN, .member = RING_NOBODY};
    ring_plan_prepare(&ring, &step);
    ck_assert_msg(ring_apply(&ring, &step) != NULL, "nothing has changed");
    ring_deinit(&ring);
}
END_TEST

START_TEST(a_change_waits_rather_than_leave_two_copies)
{
    setup(4);
    let_go();
    plan(1);
    ck_assert_uint_eq(places_of(AWAY), PARTITIONS);
    ck_assert_uint_eq(copies_of(AWAY), PARTITIONS);
    ring_deinit(&ring);
}
END_TEST

/* The lists with more than seven members have others to offer. */
START_TEST(a_large_cluster_keeps_its_copies)
{
    setup(12);
    unsigned before = places_of(AWAY);
    let_go();
    plan(1);
    for (uint32_t i = 0; i < PARTITIONS; i++)
        ck_assert_uint_ge(ring_list_length(ring_target(&ring, i)), 6);
    ck_assert_uint_le(places_of(AWAY), before);
    ring_deinit(&ring);
}
END_TEST

TEST_MAIN("ring_away", who_is_away_copies_nothing, whoever_is_back_is_planned_for,
          a_change_waits_rather_than_leave_two_copies, a_large_cluster_keeps_its_copies)
