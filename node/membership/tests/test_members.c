/* The table of members: names bound to ids, and who can be reached. */
#include <stdio.h>
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
    members_init(&members, &cluster);
    members_set_self(&members, &self);
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
    members_answered(&members, 2 << 16, 100);
    members_unanswered(&members, 1, 99);
    ck_assert_msg(members_usable(&members, 1), "it answered after the question");
    members_unanswered(&members, 1, 101);
    ck_assert(!members_usable(&members, 1));
    members_answered(&members, 2 << 16, 200);
    ck_assert(members_trusted(&members, 1));
    members_unanswered(&members, 1, 300);
    members.now_us += MEMBER_SILENCE_US - 1;
    ck_assert(!members_usable(&members, 1));
    members.now_us++;
    ck_assert(members_usable(&members, 1));
    ck_assert(!members_trusted(&members, 1));
    members.now_us += MEMBER_DOUBT_US - MEMBER_SILENCE_US;
    ck_assert(members_trusted(&members, 1));
    members_unanswered(&members, 0, 5000);
    ck_assert_msg(members_usable(&members, 0), "a node is never silent to itself");
    members_answered(&members, 77 << 16, 300);
    members_deinit(&members);
}
END_TEST

static size_t add(const char *name, const char *address)
{
    struct member_config config = {(char *)(uintptr_t)name, (char *)(uintptr_t)address,
                                   (char *)(uintptr_t) "z", 50};
    return members_add(&members, &config);
}

START_TEST(a_member_is_added_behind_the_others)
{
    meet();
    const struct member *b = membership_at(&members, 1);
    uint64_t version = membership_version(&members);
    char name[] = "d", address[] = "h:4";
    ck_assert_uint_eq(add(name, address), 3);
    name[0] = address[0] = 'x';
    ck_assert_uint_gt(membership_version(&members), version);
    ck_assert_uint_eq(membership_count(&members), 4);
    ck_assert_uint_eq(membership_size(&members), 4);
    ck_assert_ptr_eq(membership_at(&members, 1), b);
    const struct member *d = membership_at(&members, 3);
    ck_assert_str_eq(d->config->name, "d");
    ck_assert_str_eq(d->config->address, "h:4");
    ck_assert_str_eq(d->config->zone, "z");
    ck_assert_uint_eq(d->config->weight, 50);
    ck_assert_uint_eq(d->id, NODE_ID_NONE);
    ck_assert_int_eq(d->status, MEMBER_UNKNOWN);
    ck_assert(!members_usable(&members, 3));
    ck_assert(members_bind(&members, SLICE_LITERAL("d"), 4 << 16));
    members_set_shards(&members, 3, 1);
    members_set_linked(&members, 3, true);
    ck_assert(members_usable(&members, 3));
    members_deinit(&members);
}
END_TEST

START_TEST(who_was_removed_is_nobody)
{
    meet();
    uint64_t version = membership_version(&members);
    members_remove(&members, 1);
    ck_assert_uint_gt(membership_version(&members), version);
    ck_assert_int_eq(membership_at(&members, 1)->status, MEMBER_REMOVED);
    ck_assert_str_eq(member_status_name(MEMBER_REMOVED), "removed");
    ck_assert(!members_usable(&members, 1));
    ck_assert_uint_eq(members_index(&members, 2 << 16), MEMBERS_MAX);
    ck_assert_ptr_null(membership_find(&members, 2 << 16));
    ck_assert_uint_eq(members_index_of_name(&members, SLICE_LITERAL("b")), MEMBERS_MAX);
    ck_assert(!members_bind(&members, SLICE_LITERAL("b"), 2 << 16));
    ck_assert(membership_was_removed(&members, 2 << 16));
    ck_assert(!membership_was_removed(&members, 1 << 16));
    ck_assert(!membership_was_removed(&members, NODE_ID_NONE));
    ck_assert_uint_eq(membership_count(&members), 3);
    ck_assert_uint_eq(membership_size(&members), 2);
    version = membership_version(&members);
    members_remove(&members, 1);
    ck_assert_uint_eq(membership_version(&members), version);
    ck_assert_uint_eq(membership_size(&members), 2);
    members_answered(&members, 2 << 16, 100);
    members_deinit(&members);
}
END_TEST

START_TEST(a_name_may_be_used_again_but_not_an_id)
{
    meet();
    members_remove(&members, 1);
    ck_assert_uint_eq(add("b", "h:9"), 3);
    ck_assert_uint_eq(members_index_of_name(&members, SLICE_LITERAL("b")), 3);
    ck_assert(!members_bind(&members, SLICE_LITERAL("b"), 2 << 16));
    ck_assert(members_bind(&members, SLICE_LITERAL("b"), 9 << 16));
    ck_assert_uint_eq(members_index(&members, 9 << 16), 3);
    ck_assert_uint_eq(membership_at(&members, 1)->id, 2 << 16);
    members_deinit(&members);
}
END_TEST

START_TEST(a_member_may_change)
{
    meet();
    uint64_t version = membership_version(&members);
    const struct member_config *config = membership_at(&members, 1)->config;
    members_change(&members, 1, "east", 200, "h:22");
    ck_assert_uint_gt(membership_version(&members), version);
    ck_assert_ptr_eq(membership_at(&members, 1)->config, config);
    ck_assert_str_eq(config->name, "b");
    members_change(&members, 1, config->zone, 300, config->address);
    ck_assert_str_eq(config->zone, "east");
    ck_assert_str_eq(config->address, "h:22");
    ck_assert_uint_eq(config->weight, 300);
    ck_assert_str_eq(membership_cluster(&members)->members[1].address, "h:2");
    ck_assert(members_usable(&members, 1));
    members_deinit(&members);
}
END_TEST

START_TEST(numbers_come_to_an_end)
{
    setup();
    for (size_t i = 3; i < MEMBERS_MAX; i++) {
        char name[16];
        snprintf(name, sizeof(name), "m%zu", i);
        ck_assert_uint_eq(add(name, "h:4"), i);
        members_remove(&members, i);
    }
    ck_assert_uint_eq(add("d", "h:4"), MEMBERS_MAX);
    ck_assert_uint_eq(membership_size(&members), 3);
    members_deinit(&members);
}
END_TEST

START_TEST(all_but_the_removed_may_stand_in)
{
    uint16_t list[PREFERENCE_MAX];
    meet();
    ck_assert_uint_eq(add("d", "h:4"), 3);
    ck_assert_uint_eq(add("e", "h:5"), 4);
    members_remove(&members, 3);
    for (uint32_t partition = 0; partition < 8; partition++) {
        size_t homes = membership_preference_list(&members, partition, list, PREFERENCE_MAX);
        ck_assert_uint_eq(homes, 3);
        ck_assert_uint_eq(membership_stand_in_list(&members, partition, list, PREFERENCE_MAX), 4);
        ck_assert_uint_eq(list[3], 4);
        ck_assert_uint_eq(membership_stand_in_list(&members, partition, list, 2), 2);
    }
    members_deinit(&members);
}
END_TEST

TEST_MAIN("members", a_name_is_bound_to_one_id, usable_means_linked_and_not_thought_ill_of,
          an_address_names_the_life_that_is_meant,
          silence_ends_with_the_next_answer_or_after_a_while, a_member_is_added_behind_the_others,
          who_was_removed_is_nobody, a_name_may_be_used_again_but_not_an_id, a_member_may_change,
          numbers_come_to_an_end, all_but_the_removed_may_stand_in)
