/* Changes of the ring as operators word them: which step they become, and when there is none. */
#include "ring_change.h"

#include <stdlib.h>

#include "test_main.h"

enum { A, B, C, BORN, NEW = BORN };

enum outcome_of_make { STEP, MADE_BEFORE, REFUSED };

static struct ring_state ring;
static struct ring_change change;

static char *text(const char *literal)
{
    return (char *)(uintptr_t)literal;
}

static char *owned(const char *literal)
{
    return literal == NULL ? NULL : slice_to_string(slice_of_string(literal));
}

static void setup(void)
{
    struct member_config members[BORN] = {
        [A] = {text("a"), text("127.0.0.1:7000"), text("x"), 100},
        [B] = {text("b"), text("127.0.0.2:7000"), text("y"), 200},
        [C] = {text("c"), text("127.0.0.3:7000"), text(""), 50},
    };
    struct cluster_config cluster = {text("test"), 16, members, BORN};
    ring_init(&ring, &cluster);
}

static void done(struct ring_proposal *proposal, const char *problem)
{
    (void)proposal;
    (void)problem;
    abort();
}

/* The change of a member that is there. */
static void word(enum ring_change_kind kind, const char *member, const char *zone, uint32_t weight)
{
    ring_change_init(&change, kind, done);
    change.config.name = owned(member);
    change.config.zone = owned(zone);
    change.config.weight = weight;
}

static void word_join(const char *name, const char *address, node_id id, const char *replaces)
{
    word(RING_CHANGE_JOIN, name, "z", 70);
    change.config.address = owned(address);
    change.id = id;
    change.replaces = owned(replaces);
}

/* Takes the change. Its step, if there is one, must be what the ring thinks possible. */
static void expect(const char *what, enum outcome_of_make expected, bool possible)
{
    struct ring_step step;
    const char *problem = change.proposal.make(&change.proposal, &ring, &step);
    enum outcome_of_make outcome = problem == NULL                      ? STEP
                                   : problem == ring_change_made_before ? MADE_BEFORE
                                                                        : REFUSED;
    ck_assert_msg(outcome == expected, "%s: %s", what, problem == NULL ? "a step" : problem);
    if (outcome == STEP) {
        uint64_t epoch = ring.epoch;
        problem = ring_apply(&ring, &step);
        ck_assert_msg((problem == NULL) == possible, "%s: %s", what,
                      problem == NULL ? "possible" : problem);
        ck_assert_uint_eq(ring.epoch, epoch + possible);
        ring_check(&ring);
    }
    ring_change_deinit(&change);
}

static void expect_member(unsigned number, const char *name, const char *address, const char *zone,
                          uint32_t weight, enum ring_member_state state)
{
    const struct ring_member *member = &ring.members[number];
    ck_assert_uint_lt(number, ring.members_count);
    ck_assert_str_eq(member->config.name, name);
    ck_assert_str_eq(member->config.address, address);
    ck_assert_str_eq(member->config.zone, zone);
    ck_assert_uint_eq(member->config.weight, weight);
    ck_assert_int_eq(member->state, state);
}

START_TEST(a_change_of_a_member)
{
    static const struct {
        const char *what;
        enum ring_change_kind kind;
        const char *member;
        const char *zone;
        uint32_t weight;
        enum outcome_of_make outcome;
        bool possible;
    } cases[] = {
        {"weight", RING_CHANGE_WEIGHT, "b", NULL, 300, STEP, true},
        {"weight of nobody", RING_CHANGE_WEIGHT, "d", NULL, 300, REFUSED, false},
        {"weight of no name", RING_CHANGE_WEIGHT, "", NULL, 300, REFUSED, false},
        {"weight as it is", RING_CHANGE_WEIGHT, "b", NULL, 200, MADE_BEFORE, false},
        {"no weight", RING_CHANGE_WEIGHT, "b", NULL, 0, STEP, false},
        {"too much weight", RING_CHANGE_WEIGHT, "b", NULL, UINT32_MAX, STEP, false},
        {"zone", RING_CHANGE_ZONE, "b", "z", 0, STEP, true},
        {"no zone", RING_CHANGE_ZONE, "b", "", 0, STEP, true},
        {"zone of nobody", RING_CHANGE_ZONE, "d", "z", 0, REFUSED, false},
        {"zone as it is", RING_CHANGE_ZONE, "b", "y", 0, MADE_BEFORE, false},
        {"no zone as it is", RING_CHANGE_ZONE, "c", "", 0, MADE_BEFORE, false},
        {"leaving", RING_CHANGE_DECOMMISSION, "b", NULL, 0, STEP, true},
        {"leaving of nobody", RING_CHANGE_DECOMMISSION, "d", NULL, 0, REFUSED, false},
        {"nothing to cancel", RING_CHANGE_CANCEL, NULL, NULL, 0, STEP, false},
    };
    for (size_t i = 0; i < array_size(cases); i++) {
        setup();
        word(cases[i].kind, cases[i].member, cases[i].zone, cases[i].weight);
        expect(cases[i].what, cases[i].outcome, cases[i].possible);
        ring_deinit(&ring);
    }
}
END_TEST

START_TEST(one_attribute_leaves_the_others_alone)
{
    setup();
    word(RING_CHANGE_WEIGHT, "b", NULL, 300);
    expect("weight", STEP, true);
    expect_member(B, "b", "127.0.0.2:7000", "y", 300, RING_NORMAL);
    word(RING_CHANGE_ZONE, "b", "z", 0);
    expect("zone", STEP, true);
    expect_member(B, "b", "127.0.0.2:7000", "z", 300, RING_NORMAL);
    word(RING_CHANGE_ZONE, "b", "z", 0);
    expect("the same again", MADE_BEFORE, false);
    expect_member(A, "a", "127.0.0.1:7000", "x", 100, RING_NORMAL);
    expect_member(C, "c", "127.0.0.3:7000", "", 50, RING_NORMAL);
    ring_deinit(&ring);
}
END_TEST

START_TEST(a_member_leaves_once_and_comes_back_if_it_is_cancelled)
{
    setup();
    word(RING_CHANGE_DECOMMISSION, "b", NULL, 0);
    expect("leaving", STEP, true);
    expect_member(B, "b", "127.0.0.2:7000", "y", 200, RING_LEAVING);
    ck_assert_uint_eq(ring.members[B].heir, RING_NOBODY);
    word(RING_CHANGE_DECOMMISSION, "b", NULL, 0);
    expect("leaving twice", MADE_BEFORE, false);
    word(RING_CHANGE_CANCEL, NULL, NULL, 0);
    expect("cancelling", STEP, true);
    expect_member(B, "b", "127.0.0.2:7000", "y", 200, RING_NORMAL);
    word(RING_CHANGE_DECOMMISSION, "b", NULL, 0);
    expect("leaving after all", STEP, true);
    ring_deinit(&ring);
}
END_TEST

START_TEST(the_last_member_stays)
{
    setup();
    word(RING_CHANGE_DECOMMISSION, "a", NULL, 0);
    expect("one of three", STEP, true);
    word(RING_CHANGE_DECOMMISSION, "b", NULL, 0);
    expect("one of two", STEP, true);
    word(RING_CHANGE_DECOMMISSION, "c", NULL, 0);
    expect("the last", STEP, false);
    ring_deinit(&ring);
}
END_TEST

START_TEST(a_node_joins_once)
{
    setup();
    word_join("d", "127.0.0.4:7000", 4 << 16, NULL);
    expect("joining", STEP, true);
    expect_member(NEW, "d", "127.0.0.4:7000", "z", 70, RING_JOINING);
    ck_assert_uint_eq(ring.members[NEW].id, 4 << 16);
    word_join("d", "127.0.0.4:7000", 4 << 16, NULL);
    expect("the same again", MADE_BEFORE, false);
    word_join("d", "127.0.0.4:7000", 4 << 16, "b");
    expect("the same again, in other places", MADE_BEFORE, false);
    word_join("d", "127.0.0.5:7000", 5 << 16, NULL);
    expect("another of its name", STEP, false);
    word_join("e", "127.0.0.4:7000", 5 << 16, NULL);
    expect("another at its address", STEP, false);
    word_join("e", "nowhere", 5 << 16, NULL);
    expect("one at no address", STEP, false);
    word_join("e", "127.0.0.5:7000", NODE_ID_NONE, NULL);
    expect("one without an id", STEP, false);
    ck_assert_uint_eq(ring.members_count, BORN + 1);
    ring_deinit(&ring);
}
END_TEST

START_TEST(a_node_replaces_a_member_once)
{
    setup();
    word_join("d", "127.0.0.4:7000", 4 << 16, "b");
    expect("replacing", STEP, true);
    expect_member(NEW, "d", "127.0.0.4:7000", "z", 70, RING_JOINING);
    ck_assert_int_eq(ring.members[B].state, RING_LEAVING);
    ck_assert_uint_eq(ring.members[B].heir, NEW);
    word_join("d", "127.0.0.4:7000", 4 << 16, "b");
    expect("the same again", MADE_BEFORE, false);
    word_join("e", "127.0.0.5:7000", 5 << 16, "b");
    expect("who was replaced", REFUSED, false);
    word_join("e", "127.0.0.5:7000", 5 << 16, "nobody");
    expect("who never was", REFUSED, false);
    static const enum ring_change_kind kinds[] = {RING_CHANGE_DECOMMISSION, RING_CHANGE_WEIGHT,
                                                  RING_CHANGE_ZONE};
    for (size_t i = 0; i < array_size(kinds); i++) {
        word(kinds[i], "b", "z", 300);
        expect("a change of who was replaced", REFUSED, false);
    }
    ring_deinit(&ring);
}
END_TEST

START_TEST(a_replacement_may_take_over_the_name_and_the_address)
{
    setup();
    word_join("b", "127.0.0.2:7000", 4 << 16, "b");
    expect("replacing", STEP, true);
    expect_member(NEW, "b", "127.0.0.2:7000", "z", 70, RING_JOINING);
    word(RING_CHANGE_WEIGHT, "b", NULL, 300);
    expect("a change of the new one", STEP, true);
    expect_member(NEW, "b", "127.0.0.2:7000", "z", 300, RING_JOINING);
    ck_assert_uint_eq(ring.members[B].config.weight, 200);
    word_join("c", "127.0.0.5:7000", 5 << 16, "a");
    expect("the name of a third", STEP, false);
    ring_deinit(&ring);
}
END_TEST

START_TEST(who_was_removed_stays_out)
{
    setup();
    word_join("d", "127.0.0.4:7000", 4 << 16, NULL);
    expect("joining", STEP, true);
    word(RING_CHANGE_CANCEL, NULL, NULL, 0);
    expect("cancelling", STEP, true);
    expect_member(NEW, "d", "127.0.0.4:7000", "z", 70, RING_LEAVING);
    struct ring_step step = {.kind = RING_PLAN};
    ring_plan_prepare(&ring, &step);
    ck_assert_ptr_null(ring_apply(&ring, &step));
    step = (struct ring_step){.kind = RING_END};
    ck_assert_ptr_null(ring_apply(&ring, &step));
    ck_assert_int_eq(ring.members[NEW].state, RING_REMOVED);
    word_join("d", "127.0.0.4:7000", 4 << 16, NULL);
    expect("joining again", STEP, false);
    word(RING_CHANGE_ZONE, "d", "y", 0);
    expect("a change of who was removed", REFUSED, false);
    word_join("d", "127.0.0.4:7000", 5 << 16, NULL);
    expect("another under its name", STEP, true);
    ring_deinit(&ring);
}
END_TEST

TEST_MAIN("ring_change", a_change_of_a_member, one_attribute_leaves_the_others_alone,
          a_member_leaves_once_and_comes_back_if_it_is_cancelled, the_last_member_stays,
          a_node_joins_once, a_node_replaces_a_member_once,
          a_replacement_may_take_over_the_name_and_the_address, who_was_removed_stays_out)
