/* A node that joins takes the place of one that is born. */
#include "boot_fixture.h"

#include <stdlib.h>

#include "ring_step.h"
#include "test_main.h"

/* As before each time that a seed is asked. */
static struct boot_joiner prepare(const char *name)
{
    struct boot_joiner joiner;
    struct store_commit batch;
    store_commit_init(&batch, (store_done)abort);
    boot_prepare_join(&joiner, name, &prng, read_row, NULL, &batch.batch);
    commit(&batch);
    ck_assert_uint_ne(joiner.id, NODE_ID_NONE);
    ck_assert_uint_eq(node_id_of(joiner.id), joiner.id);
    return joiner;
}

static void forget(void)
{
    struct store_commit batch;
    store_commit_init(&batch, (store_done)abort);
    boot_forget_joiner(&batch.batch);
    commit(&batch);
}

/* What the joiner is when it is asked again with that name. */
static void expect_prepared(const struct boot_joiner *before, const char *name, bool same)
{
    struct boot_joiner again = prepare(name);
    ck_assert((again.id == before->id) == same);
    if (same)
        ck_assert_str_eq(again.name, before->name);
    else if (*name != '\0')
        ck_assert_str_eq(again.name, name);
    boot_joiner_deinit(&again);
}

START_TEST(who_joins_is_drawn_once)
{
    setup();
    struct boot_joiner joiner = prepare("d");
    ck_assert_str_eq(joiner.name, "d");
    ck_assert(boot_is_new(read_row, NULL));
    expect_prepared(&joiner, "d", true);
    expect_prepared(&joiner, "", true);
    expect_prepared(&joiner, "e", false);
    expect_prepared(&joiner, "d", false);
    boot_joiner_deinit(&joiner);
    ck_assert_ptr_null(joiner.name);
    teardown();
}
END_TEST

START_TEST(who_is_refused_is_drawn_anew)
{
    setup();
    struct boot_joiner joiner = prepare("d");
    forget();
    expect_prepared(&joiner, "d", false);
    boot_joiner_deinit(&joiner);
    put(META_JOINER, SLICE_LITERAL("damaged"));
    joiner = prepare("d");
    ck_assert_str_eq(joiner.name, "d");
    expect_prepared(&joiner, "d", true);
    boot_joiner_deinit(&joiner);
    teardown();
}
END_TEST

START_TEST(without_a_name_a_joiner_has_one_of_its_own)
{
    setup();
    struct boot_joiner first = prepare("");
    ck_assert_str_ne(first.name, "");
    expect_prepared(&first, "", true);
    expect_prepared(&first, first.name, true);
    forget();
    struct boot_joiner second = prepare("");
    ck_assert_uint_ne(second.id, first.id);
    ck_assert_str_ne(second.name, first.name);
    boot_joiner_deinit(&first);
    boot_joiner_deinit(&second);
    teardown();
}
END_TEST

/* What the cluster does, and then the node. */
static void join(const struct boot_joiner *joiner, const char *address)
{
    struct ring_state ring;
    struct writer bytes;
    struct store_commit batch;
    struct ring_step step = {.kind = RING_ADD,
                             .member = RING_NOBODY,
                             .config = {joiner->name, text(address), text("z"), 100},
                             .id = joiner->id};
    ring_init(&ring, &configured);
    ck_assert_ptr_null(ring_apply(&ring, &step));
    writer_init(&bytes, 0);
    ring_encode(&ring, &bytes);
    store_commit_init(&batch, (store_done)abort);
    boot_join(joiner->id, joiner->name, &configured, writer_slice(&bytes), &batch.batch);
    commit(&batch);
    writer_deinit(&bytes);
    ring_deinit(&ring);
}

START_TEST(who_has_joined_starts_as_a_member)
{
    static const char *const names[] = {"", "d"};
    struct cluster_config other = {text("another"), 8, members, 1};
    setup();
    struct boot_joiner joiner = prepare("d");
    join(&joiner, "127.0.0.4:7000");
    ck_assert_ptr_null(read_row(NULL, META_JOINER));
    ck_assert(!boot_is_new(read_row, NULL));
    for (size_t i = 0; i < array_size(names); i++) {
        ck_assert_ptr_null(start(&other, names[i]));
        ck_assert(!boot.born);
        ck_assert_uint_eq(boot.id, joiner.id);
        ck_assert_str_eq(boot.name, "d");
        ck_assert_str_eq(boot.address, "127.0.0.4:7000");
        ck_assert_uint_eq(boot.members_count, 4);
        ck_assert_uint_eq(cluster_id(&boot.cluster), cluster_id(&configured));
        ck_assert_uint_eq(boot.incarnation, (uint64_t)(i + 1) << INCARNATION_START_SHIFT);
        boot_deinit(&boot);
    }
    ck_assert_ptr_nonnull(start(&other, "a"));
    boot_deinit(&boot);
    boot_joiner_deinit(&joiner);
    teardown();
}
END_TEST

TEST_MAIN("boot_join", who_joins_is_drawn_once, who_is_refused_is_drawn_anew,
          without_a_name_a_joiner_has_one_of_its_own, who_has_joined_starts_as_a_member)
