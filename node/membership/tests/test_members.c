/* The table of members: names bound to ids, and who can be reached. */
#include <string.h>

#include "members.h"
#include "test_main.h"

static struct membership members;

static void setup(void)
{
    static struct member_config configs[3];
    for (size_t i = 0; i < 3; i++) {
        static const char *const names[] = {"a", "b", "c"};
        static const char *const addresses[] = {"h:1", "h:2", "h:3"};
        configs[i] =
            (struct member_config){(char *)(uintptr_t)names[i], (char *)(uintptr_t)addresses[i],
                                   (char *)(uintptr_t) "", 100};
    }
    struct cluster_config cluster = {(char *)(uintptr_t) "test", 8, configs, 3};
    struct peer_identity self = {1 << 16, "a", 2, 5};
    members_init(&members, &cluster, "a", &self);
}

START_TEST(a_name_is_bound_to_one_id)
{
    setup();
    struct slice b = SLICE_LITERAL("b"), c = SLICE_LITERAL("c");
    ck_assert(!members_bind(&members, SLICE_LITERAL("d"), 2 << 16));
    ck_assert(!members_bind(&members, b, NODE_ID_NONE));
    ck_assert(!members_bind(&members, b, (2 << 16) + 1));
    ck_assert(!members_bind(&members, b, 1 << 16));
    ck_assert(members_bind(&members, b, 2 << 16));
    ck_assert(members_bind(&members, b, 2 << 16));
    ck_assert(!members_bind(&members, b, 3 << 16));
    ck_assert(!members_bind(&members, c, 2 << 16));
    ck_assert(members_bind(&members, c, 3 << 16));
    ck_assert_uint_eq(members_index(&members, 3 << 16), 2);
    ck_assert_uint_eq(members_index(&members, NODE_ID_NONE), MEMBERS_MAX);
    ck_assert_ptr_null(membership_find(&members, 9 << 16));
    members_deinit(&members);
}
END_TEST

static void meet(void)
{
    setup();
    ck_assert(members_bind(&members, SLICE_LITERAL("b"), 2 << 16));
    members_set_linked(&members, 1, true);
    ck_assert_msg(!members_usable(&members, 1), "nobody knows which of its shards to ask");
    members_set_shards(&members, 1, 4);
}

START_TEST(usable_means_linked_and_not_thought_ill_of)
{
    meet();
    for (int linked = 0; linked < 2; linked++) {
        for (int status = MEMBER_UNKNOWN; status <= MEMBER_LEFT; status++) {
            members_set_linked(&members, 1, linked);
            members_set_status(&members, 1, (enum member_status)status, 1);
            bool well = status == MEMBER_UNKNOWN || status == MEMBER_ALIVE;
            ck_assert_int_eq(members_usable(&members, 1), linked && well);
        }
    }
    ck_assert(members_usable(&members, 0));
    members_deinit(&members);
}
END_TEST

START_TEST(an_address_names_the_life_that_is_meant)
{
    meet();
    members_set_status(&members, 1, MEMBER_ALIVE, (UINT64_C(7) << INCARNATION_START_SHIFT) + 3);
    struct address address = members_address(&members, 1, 2);
    ck_assert_uint_eq(address.node, 2 << 16);
    ck_assert_uint_eq(address.shard, 2);
    ck_assert_uint_eq(address.life, 7);
    members_deinit(&members);
}
END_TEST

START_TEST(silence_ends_with_the_next_answer_or_after_a_while)
{
    meet();
    members.now_us = 1000;
    members_heard(&members, 2 << 16, 100);
    members_unanswered(&members, 1, 99);
    ck_assert_msg(members_usable(&members, 1), "it was heard after the question");
    members_unanswered(&members, 1, 101);
    ck_assert(!members_usable(&members, 1));
    members_heard(&members, 2 << 16, 200);
    ck_assert(members_usable(&members, 1));
    members_unanswered(&members, 1, 300);
    members.now_us += MEMBER_SILENCE_US - 1;
    ck_assert(!members_usable(&members, 1));
    members.now_us++;
    ck_assert(members_usable(&members, 1));
    members_unanswered(&members, 0, 5000);
    ck_assert_msg(members_usable(&members, 0), "a node is never silent to itself");
    members_heard(&members, 77 << 16, 300);
    members_deinit(&members);
}
END_TEST

TEST_MAIN("members", a_name_is_bound_to_one_id, usable_means_linked_and_not_thought_ill_of,
          an_address_names_the_life_that_is_meant,
          silence_ends_with_the_next_answer_or_after_a_while)
