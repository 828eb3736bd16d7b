#include "ring_state.h"

#include <stdio.h>
#include <stdlib.h>

#include "prng.h"
#include "ring_step.h"
#include "test_main.h"

enum { PARTITIONS = 64, BORN = 3, RUNS = 40, STEPS = 200 };

static struct prng prng;

static struct member_config config_of(unsigned number, uint32_t weight, const char *zone)
{
    static char name[16], address[32];
    snprintf(name, sizeof(name), "n%u", number);
    snprintf(address, sizeof(address), "127.0.%u.%u:7000", number / 250, number % 250 + 1);
    return (struct member_config){name, address, (char *)(uintptr_t)zone, weight};
}

static void ring_of_birth(struct ring_state *ring)
{
    struct member_config members[BORN];
    char names[BORN][16], addresses[BORN][32];
    for (unsigned i = 0; i < BORN; i++) {
        struct member_config one = config_of(i, 100, "");
        snprintf(names[i], sizeof(names[i]), "%s", one.name);
        snprintf(addresses[i], sizeof(addresses[i]), "%s", one.address);
        members[i] = (struct member_config){names[i], addresses[i], one.zone, 100};
    }
    struct cluster_config cluster = {(char *)(uintptr_t) "test", PARTITIONS, members, BORN};
    ring_init(ring, &cluster);
}

static void expect_same(const struct ring_state *a, const struct ring_state *b)
{
    struct writer bytes[2];
    writer_init(&bytes[0], 0);
    writer_init(&bytes[1], 0);
    ring_encode(a, &bytes[0]);
    ring_encode(b, &bytes[1]);
    ck_assert(slice_equal(writer_slice(&bytes[0]), writer_slice(&bytes[1])));
    writer_deinit(&bytes[0]);
    writer_deinit(&bytes[1]);
}

START_TEST(a_ring_is_born_stable)
{
    struct ring_state ring, copy;
    struct homes homes;
    ring_of_birth(&ring);
    ring_check(&ring);
    ck_assert_uint_eq(ring.epoch, 1);
    ck_assert_uint_eq(ring.moving, 0);
    ck_assert_uint_eq(ring.meta_count, BORN);
    ring_homes(&ring, 7, 5, &homes);
    ck_assert_uint_eq(homes.n, BORN);
    ck_assert_uint_eq(homes.next_n, 0);
    ring_copy(&copy, &ring);
    expect_same(&ring, &copy);
    ring_deinit(&copy);
    ring_deinit(&ring);
}
END_TEST

/* Some partitions that are in that stage and are to move. */
static void draw_partitions(const struct ring_state *ring, enum ring_stage stage,
                            struct ring_step *step)
{
    static uint32_t partitions[PARTITIONS];
    step->partitions = partitions;
    step->partitions_count = 0;
    for (uint32_t i = 0; i < ring->partitions; i++) {
        if (ring_moves(ring, i) && ring->stages[i] == stage && prng_chance(&prng, 500000))
            partitions[step->partitions_count++] = i;
    }
}

/* Any step, possible or not. */
static struct ring_step draw_step(const struct ring_state *ring)
{
    static unsigned next = BORN;
    struct ring_step step = {.kind = (enum ring_step_kind)prng_below(&prng, RING_STEP_KINDS),
                             .member = (uint16_t)prng_below(&prng, ring->members_count + 1)};
    static const char *const zones[] = {"", "a", "b"};
    const char *zone = zones[prng_below(&prng, 3)];
    if (step.kind == RING_ADD) {
        step.config = config_of(next++ % 60000, (uint32_t)prng_between(&prng, 50, 200), zone);
        step.id = (node_id)next << 16;
        step.member = prng_chance(&prng, 700000) ? RING_NOBODY : step.member;
    } else if (step.kind == RING_SET) {
        size_t of = step.member < ring->members_count ? step.member : 0;
        step.config = ring->members[of].config;
        step.config.weight = (uint32_t)prng_between(&prng, 50, 200);
    } else if (step.kind == RING_PLAN) {
        step.group_count = (uint8_t)prng_below(&prng, 3);
        for (unsigned i = 0; i < step.group_count; i++)
            step.group[i] = (uint16_t)prng_below(&prng, ring->members_count);
        ring_plan_prepare(ring, &step);
        step.digest += prng_chance(&prng, 100000);
    } else if (step.kind == RING_META) {
        step.group[0] = step.member;
        step.group_count = 1;
    }
    if (step.kind == RING_MOVE)
        draw_partitions(ring, RING_STABLE, &step);
    if (step.kind == RING_SWITCH || step.kind == RING_BACK)
        draw_partitions(ring, RING_JOINT, &step);
    return step;
}

/* What travels does the same elsewhere; what is refused changes nothing. */
static bool take_step(struct ring_state *ring, const struct ring_step *step)
{
    struct ring_state before, other;
    struct ring_step received;
    struct arena arena;
    struct writer bytes;
    arena_init(&arena);
    writer_init(&bytes, 0);
    ring_step_encode(step, &bytes);
    ring_copy(&before, ring);
    ring_copy(&other, ring);
    bool taken = ring_apply(ring, step) == NULL;
    bool understood = ring_step_decode(writer_slice(&bytes), &received, &arena);
    ck_assert(understood || !taken);
    if (understood)
        ck_assert((ring_apply(&other, &received) == NULL) == taken);
    ck_assert_uint_eq(ring->epoch, before.epoch + taken);
    expect_same(ring, taken ? &other : &before);
    ring_check(ring);
    ring_deinit(&before);
    ring_deinit(&other);
    writer_deinit(&bytes);
    arena_deinit(&arena);
    return taken;
}

START_TEST(any_steps_make_a_ring)
{
    unsigned taken = 0;
    for (unsigned run = 0; run < RUNS; run++) {
        struct ring_state ring;
        prng_init(&prng, run + 1);
        ring_of_birth(&ring);
        for (unsigned i = 0; i < STEPS; i++) {
            struct ring_step step = draw_step(&ring);
            if (ring.members_count < 40 || step.kind != RING_ADD)
                taken += take_step(&ring, &step);
        }
        ring_deinit(&ring);
    }
    ck_assert_uint_gt(taken, RUNS * STEPS / 10);
}
END_TEST

static void expect_taken(struct ring_state *ring, const struct ring_step *step)
{
    const char *problem = ring_apply(ring, step);
    ck_assert_msg(problem == NULL, "%s", problem);
}

START_TEST(a_joint_partition_has_two_lists)
{
    struct ring_state ring;
    struct homes homes;
    uint32_t moved = 0;
    ring_of_birth(&ring);
    struct ring_step step = {
        .kind = RING_ADD, .member = RING_NOBODY, .config = config_of(9, 100, ""), .id = 9 << 16};
    expect_taken(&ring, &step);
    step = (struct ring_step){.kind = RING_PLAN};
    ring_plan_prepare(&ring, &step);
    expect_taken(&ring, &step);
    while (ring_list_rank(ring_target(&ring, moved), 3) != 0)
        moved++;
    step = (struct ring_step){.kind = RING_MOVE, .partitions = &moved, .partitions_count = 1};
    expect_taken(&ring, &step);
    ring_homes(&ring, moved, 3, &homes);
    ck_assert_uint_eq(homes.count, 4);
    ck_assert_uint_eq(homes.epoch, ring.epoch);
    unsigned joined = homes_find(&homes, 3);
    home_mask old = homes_current(&homes);
    ck_assert(!homes_majority(&homes, home_bit(0) | home_bit(joined)));
    ck_assert(homes_majority(&homes, homes_all(&homes)));
    ck_assert(!homes_majority(&homes, (home_mask)(homes.next & ~old)));
    step.kind = RING_BACK;
    expect_taken(&ring, &step);
    ring_homes(&ring, moved, 3, &homes);
    ck_assert_uint_eq(homes.count, 3);
    ck_assert_uint_eq(homes.epoch, ring.epoch);
    ring_deinit(&ring);
}
END_TEST

START_TEST(what_is_no_ring_is_refused)
{
    struct ring_state ring, read;
    struct writer bytes;
    ring_of_birth(&ring);
    writer_init(&bytes, 0);
    ring_encode(&ring, &bytes);
    struct slice whole = writer_slice(&bytes);
    for (size_t size = 0; size < whole.size; size++)
        ck_assert(!ring_decode(slice_of(whole.data, size), &read));
    prng_init(&prng, 1);
    for (unsigned i = 0; i < 20000; i++) {
        size_t at = (size_t)prng_below(&prng, whole.size);
        uint8_t was = bytes.buffer->data[at];
        bytes.buffer->data[at] = (uint8_t)prng_next(&prng);
        if (ring_decode(writer_slice(&bytes), &read))
            ring_deinit(&read);
        bytes.buffer->data[at] = was;
    }
    writer_deinit(&bytes);
    ring_deinit(&ring);
}
END_TEST

/* As it arrives elsewhere. */
static void expect_travels(const struct ring_state *ring)
{
    struct ring_state read;
    struct writer bytes;
    writer_init(&bytes, 0);
    ring_encode(ring, &bytes);
    ck_assert(ring_decode(writer_slice(&bytes), &read));
    ck_assert_uint_eq(read.epoch, ring->epoch);
    ck_assert_uint_eq(read.planned, ring->planned);
    ck_assert_uint_eq(read.moving, ring->moving);
    ck_assert_uint_eq(read.joint, ring->joint);
    ck_assert(ring_changes(&read) == ring_changes(ring));
    writer_deinit(&bytes);
    ring_deinit(&read);
}

static void take_plan(struct ring_state *ring)
{
    struct ring_step step = {.kind = RING_PLAN};
    ring_plan_prepare(ring, &step);
    expect_taken(ring, &step);
    ck_assert_uint_eq(ring->planned, ring->moving);
    expect_travels(ring);
}

static void take_partition_steps(struct ring_state *ring, enum ring_step_kind kind,
                                 enum ring_stage stage)
{
    uint32_t partitions[PARTITIONS];
    struct ring_step step = {.kind = kind, .partitions = partitions};
    for (uint32_t i = 0; i < ring->partitions; i++) {
        if (ring_moves(ring, i) && ring->stages[i] == (uint8_t)stage)
            partitions[step.partitions_count++] = i;
    }
    expect_taken(ring, &step);
    ck_assert(ring_changes(ring));
    expect_travels(ring);
}

static void take_simple(struct ring_state *ring, enum ring_step_kind kind, uint16_t member)
{
    struct ring_step step = {.kind = kind, .member = member};
    expect_taken(ring, &step);
    expect_travels(ring);
}

START_TEST(a_ring_changes_until_all_is_done)
{
    struct ring_state ring;
    ring_of_birth(&ring);
    struct ring_step step = {
        .kind = RING_ADD, .member = RING_NOBODY, .config = config_of(9, 100, ""), .id = 9 << 16};
    ck_assert(!ring_changes(&ring));
    ck_assert_uint_eq(ring.planned, 0);
    expect_taken(&ring, &step);
    ck_assert(ring_changes(&ring));
    take_plan(&ring);
    uint32_t planned = ring.planned;
    ck_assert_uint_gt(planned, 0);
    take_partition_steps(&ring, RING_MOVE, RING_STABLE);
    take_partition_steps(&ring, RING_SWITCH, RING_JOINT);
    ck_assert_uint_eq(ring.moving, 0);
    ck_assert_uint_eq(ring.planned, planned);
    take_simple(&ring, RING_END, RING_NOBODY);
    ck_assert(!ring_changes(&ring));
    ring_deinit(&ring);
}
END_TEST

START_TEST(a_cancelled_change_is_one_until_it_ends)
{
    struct ring_state ring;
    ring_of_birth(&ring);
    take_simple(&ring, RING_LEAVE, 1);
    ck_assert(ring_changes(&ring));
    take_plan(&ring);
    take_partition_steps(&ring, RING_MOVE, RING_STABLE);
    take_simple(&ring, RING_CANCEL, RING_NOBODY);
    ck_assert(ring_changes(&ring));
    take_plan(&ring);
    ck_assert_uint_eq(ring.planned, 0);
    ck_assert(!ring_changes(&ring));
    ring_deinit(&ring);
}
END_TEST

START_TEST(a_weight_changes_the_ring_and_an_address_does_not)
{
    struct ring_state ring;
    struct ring_step step = {.kind = RING_SET, .member = 1};
    ring_of_birth(&ring);
    step.config = ring.members[1].config;
    step.config.address = (char *)(uintptr_t) "elsewhere:7000";
    expect_taken(&ring, &step);
    ck_assert(!ring_changes(&ring));
    step.config = ring.members[1].config;
    step.config.weight = 200;
    expect_taken(&ring, &step);
    ck_assert(ring_changes(&ring));
    expect_travels(&ring);
    ring_deinit(&ring);
}
END_TEST

TEST_MAIN("ring_state", a_ring_is_born_stable, any_steps_make_a_ring,
          a_joint_partition_has_two_lists, what_is_no_ring_is_refused,
          a_ring_changes_until_all_is_done, a_cancelled_change_is_one_until_it_ends,
          a_weight_changes_the_ring_and_an_address_does_not)
