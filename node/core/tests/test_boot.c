/* What a node finds out about itself before it speaks. */
#include "boot_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "hlc.h"
#include "ring_state.h"
#include "test_main.h"

static void put_number(struct slice key, uint64_t number)
{
    struct writer row;
    writer_init(&row, 8);
    writer_put_u64(&row, number);
    put(key, writer_slice(&row));
    writer_deinit(&row);
}

START_TEST(a_birth_takes_the_configuration_and_draws_an_id)
{
    setup();
    ck_assert_ptr_null(start(&configured, "b"));
    ck_assert(boot.born);
    ck_assert_uint_ne(boot.id, NODE_ID_NONE);
    ck_assert_uint_eq(node_id_of(boot.id), boot.id);
    ck_assert_uint_eq(boot.incarnation, UINT64_C(1) << INCARNATION_START_SHIFT);
    ck_assert_uint_eq(boot.ceiling, 0);
    ck_assert_str_eq(boot.name, "b");
    ck_assert_uint_eq(boot.peers_count, 0);
    boot_deinit(&boot);
    teardown();
}
END_TEST

START_TEST(later_starts_keep_what_birth_decided)
{
    setup();
    ck_assert_ptr_null(start(&configured, "b"));
    node_id id = boot.id;
    boot_deinit(&boot);
    for (uint64_t starts = 2; starts < 5; starts++) {
        struct cluster_config other = {text("another"), 8, members, 2};
        ck_assert_ptr_null(start(&other, "b"));
        ck_assert(!boot.born);
        ck_assert_uint_eq(boot.id, id);
        ck_assert_uint_eq(boot.incarnation, starts << INCARNATION_START_SHIFT);
        ck_assert_str_eq(boot.cluster.name, "test");
        ck_assert_uint_eq(boot.cluster.partitions, 64);
        ck_assert_uint_eq(boot.cluster.members_count, 3);
        ck_assert_str_eq(boot.cluster.members[1].zone, "z2");
        ck_assert_uint_eq(boot.cluster.members[1].weight, 200);
        ck_assert_uint_eq(cluster_id(&boot.cluster), cluster_id(&configured));
        boot_deinit(&boot);
    }
    teardown();
}
END_TEST

START_TEST(the_highest_ceiling_of_all_shards_counts)
{
    struct meta_key key;
    setup();
    ck_assert_ptr_null(start(&configured, "a"));
    boot_deinit(&boot);
    put_number(meta_key_ceiling(&key, 0), 500);
    put_number(meta_key_ceiling(&key, 5), 900);
    put_number(meta_key_ceiling(&key, SHARDS_MAX - 1), 700);
    ck_assert_ptr_null(start(&configured, "a"));
    ck_assert_uint_eq(boot.ceiling, 900);
    boot_deinit(&boot);
    teardown();
}
END_TEST

START_TEST(peers_are_known_by_the_ids_they_had)
{
    struct meta_key key;
    setup();
    ck_assert_ptr_null(start(&configured, "a"));
    boot_deinit(&boot);
    put_number(meta_key_peer(&key, "c"), 77 << 16);
    put_number(meta_key_peer(&key, "stranger"), 78 << 16);
    ck_assert_ptr_null(start(&configured, "a"));
    ck_assert_uint_eq(boot.peers_count, 1);
    ck_assert_str_eq(boot.peers[0].name, "c");
    ck_assert_uint_eq(boot.peers[0].id, 77 << 16);
    boot_deinit(&boot);
    teardown();
}
END_TEST

START_TEST(wrong_names_and_configurations_are_told_to_the_operator)
{
    setup();
    struct cluster_config bad = configured;
    bad.partitions = 7;
    ck_assert_ptr_nonnull(start(&bad, "a"));
    boot_deinit(&boot);
    ck_assert_ptr_null(start(&configured, "a"));
    ck_assert_msg(boot.born, "a failed start leaves nothing behind");
    boot_deinit(&boot);
    ck_assert_ptr_nonnull(start(&configured, "b"));
    boot_deinit(&boot);
    teardown();
}
END_TEST

START_TEST(a_damaged_identity_is_told_to_the_operator)
{
    setup();
    ck_assert_ptr_null(start(&configured, "a"));
    boot_deinit(&boot);
    struct buffer *good = read_row(NULL, META_IDENTITY);
    for (size_t size = 0; size < good->size; size++) {
        put(META_IDENTITY, slice_of(good->data, size));
        ck_assert_ptr_nonnull(start(&configured, "a"));
        boot_deinit(&boot);
    }
    struct writer longer;
    writer_init(&longer, 0);
    writer_put_slice(&longer, buffer_slice(good));
    writer_put_u8(&longer, 0);
    put(META_IDENTITY, writer_slice(&longer));
    ck_assert_ptr_nonnull(start(&configured, "a"));
    boot_deinit(&boot);
    for (size_t at = 0; at < good->size; at++) {
        struct buffer *changed = buffer_from(buffer_slice(good));
        changed->data[at] ^= 0xff;
        put(META_IDENTITY, buffer_slice(changed));
        (void)!start(&configured, "a");
        boot_deinit(&boot);
        buffer_unref(changed);
    }
    writer_deinit(&longer);
    buffer_unref(good);
    teardown();
}
END_TEST

static void put_ring(const struct ring_state *ring)
{
    struct writer bytes;
    writer_init(&bytes, 0);
    ring_encode(ring, &bytes);
    put(META_RING, writer_slice(&bytes));
    writer_deinit(&bytes);
}

START_TEST(who_was_removed_does_not_start)
{
    struct ring_state ring;
    setup();
    ring_init(&ring, &configured);
    ck_assert_ptr_null(start(&configured, "b"));
    node_id id = boot.id;
    boot_deinit(&boot);
    put_ring(&ring);
    ck_assert_ptr_null(start(&configured, "b"));
    boot_deinit(&boot);
    ring.members[1].id = id;
    ring.members[1].heir = 2;
    put_ring(&ring);
    ck_assert_ptr_eq(start(&configured, "b"), node_removed);
    boot_deinit(&boot);
    /* Its name may be another's by now. */
    ring.members[1].heir = RING_NOBODY;
    ring.members[1].id = id ^ (1 << 16);
    put_ring(&ring);
    ck_assert_ptr_eq(start(&configured, "b"), node_removed);
    boot_deinit(&boot);
    put(META_RING, SLICE_LITERAL("no ring"));
    ck_assert_ptr_nonnull(strstr(start(&configured, "b"), "ring record is damaged"));
    boot_deinit(&boot);
    ring_deinit(&ring);
    teardown();
}
END_TEST

START_TEST(who_comes_later_is_added)
{
    struct member_config late = {(char *)(uintptr_t) "d", (char *)(uintptr_t) "h:4",
                                 (char *)(uintptr_t) "z", 7};
    setup();
    ck_assert_ptr_null(start(&configured, "d"));
    ck_assert_str_eq(boot.name, "d");
    ck_assert_uint_eq(boot.added_count, 0);
    ck_assert_str_eq(boot.address, "");
    boot_add_member(&boot, &late);
    boot_add_member(&boot, &late);
    ck_assert_uint_eq(boot.added_count, 2);
    ck_assert_str_eq(boot.added[1].address, "h:4");
    ck_assert_ptr_ne(boot.added[1].address, late.address);
    ck_assert_uint_eq(boot.cluster.members_count, configured.members_count);
    boot_deinit(&boot);
    teardown();
}
END_TEST

START_TEST(without_a_name_birth_gives_one)
{
    setup();
    ck_assert(boot_is_new(read_row, NULL));
    ck_assert_ptr_null(start(&configured, ""));
    ck_assert_str_eq(boot.name, BOOT_NAME);
    boot_deinit(&boot);
    ck_assert(!boot_is_new(read_row, NULL));
    ck_assert_ptr_null(start(&configured, BOOT_NAME));
    boot_deinit(&boot);
    ck_assert_ptr_nonnull(start(&configured, "a"));
    boot_deinit(&boot);
    teardown();
}
END_TEST

START_TEST(a_member_of_the_birth_knows_its_address)
{
    setup();
    ck_assert_ptr_null(start(&configured, "b"));
    ck_assert_str_eq(boot.address, "127.0.0.2:7000");
    ck_assert_uint_eq(boot.members_count, 3);
    boot_deinit(&boot);
    teardown();
}
END_TEST

TEST_MAIN("boot", a_birth_takes_the_configuration_and_draws_an_id,
          later_starts_keep_what_birth_decided, the_highest_ceiling_of_all_shards_counts,
          peers_are_known_by_the_ids_they_had,
          wrong_names_and_configurations_are_told_to_the_operator,
          a_damaged_identity_is_told_to_the_operator, who_was_removed_does_not_start,
          who_comes_later_is_added, without_a_name_birth_gives_one,
          a_member_of_the_birth_knows_its_address)
