/* Items that expire: who deletes them, when, and what keeps one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decimal.h"
#include "expiry_entries.h"
#include "row.h"
#include "test_main.h"
#include "writes.h"

enum { SECOND_US = 1000000, MINUTE_US = 60 * SECOND_US, ITEMS_MANY = 300 };

#define ATTRIBUTE SLICE_LITERAL("e")

static int64_t now_seconds(void)
{
    return (int64_t)(cluster_clock(&cluster, 0).wall_us / SECOND_US);
}

static void put_number(struct writer *writer, const char *number)
{
    struct decimal_bytes bytes;
    enum decimal_result result = decimal_parse(slice_of_string(number), &bytes);
    ck_assert_int_eq(result, DECIMAL_OK);
    writer_put_u8(writer, VALUE_NUMBER);
    writer_put_sized(writer, decimal_slice(&bytes));
}

/* An item with the text "x" and, under `attribute` (that sorts before "v"), a number. */
static void put_item(struct writer *writer, struct slice attribute, const char *number)
{
    writer_put_varint(writer, 2);
    writer_put_sized(writer, attribute);
    put_number(writer, number);
    writer_put_sized(writer, SLICE_LITERAL("v"));
    writer_put_u8(writer, VALUE_STRING);
    writer_put_sized(writer, SLICE_LITERAL("x"));
}

static enum outcome put_under(size_t node, const char *name, struct slice attribute,
                              const char *number, const char *program)
{
    struct cluster_request write;
    write_init(&write, name, NULL, program);
    put_item(&write.value, attribute, number);
    write.request.value = writer_slice(&write.value);
    write.request.tombstone = false;
    enum outcome outcome = cluster_ask(&cluster, node, 0, &write);
    cluster_request_deinit(&write);
    return outcome;
}

static void put_at(size_t node, const char *name, int64_t seconds)
{
    char number[32];
    snprintf(number, sizeof(number), "%lld", (long long)seconds);
    ck_assert_int_eq(put_under(node, name, ATTRIBUTE, number, NULL), OUTCOME_OK);
}

static bool there(const char *name)
{
    return strcmp(text_at(0, name), "x") == 0;
}

/* All rows of a family on a node's disk, for store_rows_next(). */
static void read_family(size_t node, enum store_family family, struct store_range *range)
{
    store_range_init(range, family, SLICE_EMPTY, SLICE_EMPTY, (store_done)abort);
    while (!store_try_read(cluster.nodes[node].store[0], &range->op))
        continue;
}

/* How many entries of `attribute` the items on a node's disk ask for; each is there. */
static size_t entries_wanted(size_t node, struct slice attribute)
{
    struct store_range items;
    struct slice key, value;
    size_t count = 0;
    read_family(node, STORE_ITEMS, &items);
    struct reader rows = reader_of(writer_slice(&items.rows));
    while (store_rows_next(&rows, &key, &value)) {
        struct row row;
        struct item_key decoded;
        struct writer entry;
        struct store_get get;
        uint64_t seconds;
        ck_assert(row_decode(value, &row));
        ck_assert(item_key_decode(key, &decoded));
        if (!expiry_of_item(attribute, row.value, &seconds))
            continue;
        writer_init(&entry, 64);
        expiry_key_encode(&entry, &decoded, seconds);
        store_get_init(&get, STORE_INDEX, writer_slice(&entry), (store_done)abort);
        while (!store_try_read(cluster.nodes[node].store[0], &get.op))
            continue;
        ck_assert_msg(get.value != NULL, "an entry is missing on node %zu", node);
        buffer_unref(get.value);
        writer_deinit(&entry);
        count++;
    }
    store_range_deinit(&items);
    return count;
}

static size_t entries_held(size_t node, size_t *heads)
{
    struct store_range index;
    struct slice key, value;
    struct expiry_key entry;
    size_t count = 0;
    *heads = 0;
    read_family(node, STORE_INDEX, &index);
    struct reader rows = reader_of(writer_slice(&index.rows));
    while (store_rows_next(&rows, &key, &value)) {
        bool is_entry = expiry_key_decode(key, &entry);
        count += is_entry;
        *heads += !is_entry;
    }
    store_range_deinit(&index);
    return count;
}

/* Entries and items agree on every disk, and each partition is known to be complete. */
static void check_entries(struct slice attribute)
{
    for (size_t i = 0; i < cluster.count; i++) {
        size_t heads;
        if (cluster.nodes[i].shard[0] == NULL)
            continue;
        ck_assert_uint_eq(entries_held(i, &heads), entries_wanted(i, attribute));
        ck_assert_uint_eq(heads, CLUSTER_PARTITIONS);
    }
}

static void check_nothing_left(void)
{
    for (size_t i = 0; i < cluster.count; i++) {
        size_t heads;
        ck_assert_uint_eq(entries_held(i, &heads), 0);
        ck_assert_uint_eq(heads, 0);
    }
}

static void begin(size_t nodes, uint16_t shards)
{
    cluster_init(&cluster, nodes, shards);
    cluster_set_expiry(&cluster, ATTRIBUTE);
    cluster_run_for(&cluster, SECOND_US);
}

START_TEST(what_is_due_is_deleted_within_a_minute)
{
    begin(3, 2);
    int64_t now = now_seconds();
    put_at(0, "past", now - 10);
    put_at(1, "years ago", now - 4 * 365 * 86400);
    put_at(2, "soon", now + 30);
    put_at(0, "later", now + 1000);
    put_at(1, "too old", now - (5 * 365 * 86400));
    ck_assert_int_eq(put_under(0, "milliseconds", ATTRIBUTE, "1767225600000", NULL), OUTCOME_OK);
    ck_assert_int_eq(put_under(0, "negative", ATTRIBUTE, "-5", NULL), OUTCOME_OK);
    ck_assert_int_eq(put_under(0, "huge", ATTRIBUTE, "1e100", NULL), OUTCOME_OK);
    ck_assert_int_eq(cluster_put(&cluster, 0, "none", "x"), OUTCOME_OK);
    check_entries(ATTRIBUTE);
    cluster_run_for(&cluster, 12 * SECOND_US);
    ck_assert(!there("past"));
    ck_assert(!there("years ago"));
    ck_assert(there("soon"));
    cluster_run_for(&cluster, MINUTE_US);
    ck_assert(!there("soon"));
    static const char *const stay[] = {"later",    "too old", "milliseconds",
                                       "negative", "huge",    "none"};
    for (size_t i = 0; i < array_size(stay); i++)
        ck_assert_msg(there(stay[i]), "%s is gone", stay[i]);
    check_entries(ATTRIBUTE);
    ck_assert_uint_eq(cluster_stats_all(&cluster).items_expired, 3);
    ck_assert_uint_eq(cluster_stats_all(&cluster).expiry_failed, 0);
    cluster_deinit(&cluster);
}
END_TEST

START_TEST(nothing_expires_unless_the_table_says_so)
{
    cluster_init(&cluster, 3, 1);
    put_at(0, "past", now_seconds() - 10);
    cluster_run_for(&cluster, MINUTE_US);
    ck_assert(there("past"));
    cluster_set_expiry(&cluster, SLICE_LITERAL("f"));
    cluster_run_for(&cluster, MINUTE_US);
    ck_assert(there("past"));
    cluster_set_expiry(&cluster, ATTRIBUTE);
    cluster_run_for(&cluster, MINUTE_US);
    ck_assert(!there("past"));
    check_entries(ATTRIBUTE);
    cluster_deinit(&cluster);
}
END_TEST

static void put_some(int64_t seconds)
{
    for (char name[] = "a"; name[0] <= 'z'; name[0]++)
        put_at(0, name, seconds);
}

static size_t count_there(void)
{
    size_t count = 0;
    for (char name[] = "a"; name[0] <= 'z'; name[0]++)
        count += there(name);
    return count;
}

START_TEST(another_deletes_what_a_dead_node_would)
{
    begin(3, 1);
    put_some(now_seconds() + 5);
    cluster_crash(&cluster, 2);
    cluster_run_for(&cluster, MINUTE_US);
    ck_assert_uint_eq(count_there(), 0);
    cluster_start(&cluster, 2);
    cluster_run_for(&cluster, MINUTE_US);
    ck_assert_uint_eq(count_there(), 0);
    check_entries(ATTRIBUTE);
    cluster_deinit(&cluster);
}
END_TEST

static bool loses_of_one(struct cluster *world, const struct cluster_frame *frame)
{
    (void)world;
    return (frame->from == 2) != (frame->to == 2);
}

START_TEST(a_node_that_is_cut_off_is_done_without)
{
    begin(3, 1);
    put_some(now_seconds() + 5);
    cluster.loses = loses_of_one;
    cluster_run_for(&cluster, MINUTE_US);
    ck_assert_uint_eq(count_there(), 0);
    cluster.loses = NULL;
    cluster_run_for(&cluster, MINUTE_US);
    ck_assert_uint_eq(count_there(), 0);
    check_entries(ATTRIBUTE);
    cluster_deinit(&cluster);
}
END_TEST

START_TEST(who_extends_at_the_last_moment_keeps_the_item)
{
    begin(3, 1);
    int64_t now = now_seconds();
    for (char name[] = "a"; name[0] <= 'z'; name[0]++) {
        put_at(0, name, now + 10);
        cluster_run_for(&cluster, SECOND_US / 2);
    }
    /* By now some are gone. */
    size_t extended = 0;
    for (char name[] = "a"; name[0] <= 'z'; name[0]++) {
        enum outcome outcome = put_under(1, name, ATTRIBUTE, "1800000000", "if:x");
        ck_assert(outcome == OUTCOME_OK || outcome == OUTCOME_PRECONDITION_FAILED);
        extended += outcome == OUTCOME_OK;
    }
    ck_assert_uint_gt(extended, 0);
    cluster_run_for(&cluster, MINUTE_US);
    ck_assert_uint_eq(count_there(), extended);
    check_entries(ATTRIBUTE);
    cluster_deinit(&cluster);
}
END_TEST

static size_t deaf; /* a node that none of these frames reaches */

static bool loses_votes(struct cluster *world, const struct cluster_frame *frame)
{
    (void)world;
    enum frame_type type = cluster_frame_type(frame);
    return frame->to == deaf && (type == FRAME_WRITE || type == FRAME_REPAIR ||
                                 type == FRAME_HINT || type == FRAME_KEYS);
}

/* The node that is to delete the item has missed that it was extended. */
START_TEST(an_entry_is_not_believed)
{
    begin(3, 1);
    deaf = cluster_home(&cluster, "a", 0);
    put_at(0, "a", now_seconds() + 5);
    cluster.loses = loses_votes;
    lose_sight((deaf + 1) % 3, deaf);
    put_at((deaf + 1) % 3, "a", now_seconds() + 1000);
    regain_sight((deaf + 1) % 3, deaf);
    cluster_run_for(&cluster, 20 * SECOND_US);
    ck_assert_uint_gt(cluster_stats_all(&cluster).expiry_spared, 0);
    cluster.loses = NULL;
    cluster_run_for(&cluster, MINUTE_US);
    ck_assert(there("a"));
    check_entries(ATTRIBUTE);
    cluster_deinit(&cluster);
}
END_TEST

static void many_name(char name[16], int i)
{
    snprintf(name, 16, "many %d", i);
}

static void put_many(int64_t seconds, int step)
{
    for (int i = 0; i < ITEMS_MANY; i += step) {
        char name[16];
        many_name(name, i);
        put_at((size_t)i % 2, name, seconds + i);
    }
}

START_TEST(rows_from_before_get_their_entries)
{
    cluster_init(&cluster, 3, 2);
    int64_t far = now_seconds() + 10000;
    put_many(far, 1);
    cluster_set_expiry(&cluster, ATTRIBUTE);
    put_many(far + 5000, 3); /* meanwhile */
    cluster_run_for(&cluster, 10 * SECOND_US);
    for (size_t i = 0; i < cluster.count; i++) {
        ck_assert_uint_eq(entries_wanted(i, ATTRIBUTE), ITEMS_MANY);
        for (uint16_t shard = 0; shard < cluster.shards; shard++)
            ck_assert(node_quiet(cluster.nodes[i].shard[shard]));
    }
    check_entries(ATTRIBUTE);
    cluster_deinit(&cluster);
}
END_TEST

/* At any time, and with another number of entries made. */
START_TEST(a_restart_begins_again)
{
    for (uint64_t after_us = 0; after_us < 500000; after_us += 60000) {
        cluster_init(&cluster, 3, 1);
        put_many(now_seconds() + 10000, 1);
        cluster_set_expiry(&cluster, ATTRIBUTE);
        cluster_run_for(&cluster, after_us);
        cluster_crash(&cluster, 1);
        cluster_run_for(&cluster, SECOND_US);
        cluster_start(&cluster, 1);
        put_many(now_seconds() + 20000, 10);
        cluster_run_for(&cluster, 20 * SECOND_US);
        check_entries(ATTRIBUTE);
        cluster_deinit(&cluster);
    }
}
END_TEST

/* Its catalogue comes late: rows that it takes meanwhile get their entries then. */
START_TEST(a_node_that_hears_late_of_it_makes_up_for_it)
{
    begin(3, 1);
    put_many(now_seconds() + 10000, 1);
    cluster_crash(&cluster, 1);
    cluster.expiry = SLICE_EMPTY;
    cluster_start(&cluster, 1);
    put_many(now_seconds() + 20000, 7);
    put_many(now_seconds() + 30000, 20);
    cluster_run_for(&cluster, SECOND_US);
    cluster_set_expiry(&cluster, ATTRIBUTE);
    cluster_run_for(&cluster, 20 * SECOND_US);
    check_entries(ATTRIBUTE);
    cluster_deinit(&cluster);
}
END_TEST

/* What it noted of the attribute does until then: nothing has to be made up for. */
START_TEST(a_node_that_starts_keeps_entries_as_noted)
{
    begin(3, 2);
    put_many(now_seconds() + 10000, 1);
    cluster_crash(&cluster, 1);
    cluster.untold = true;
    cluster_start(&cluster, 1);
    cluster_run_for(&cluster, SECOND_US);
    put_many(now_seconds() + 20000, 3);
    put_many(now_seconds() - 100, 20);
    cluster_run_for(&cluster, SECOND_US);
    check_entries(ATTRIBUTE);
    cluster_set_expiry(&cluster, ATTRIBUTE);
    cluster_run_for(&cluster, MINUTE_US);
    ck_assert(!there("many 20"));
    ck_assert(there("many 21"));
    check_entries(ATTRIBUTE);
    cluster_deinit(&cluster);
}
END_TEST

START_TEST(entries_go_with_the_attribute)
{
    begin(3, 2);
    put_many(now_seconds() + 10000, 1);
    check_entries(ATTRIBUTE);
    cluster_set_expiry(&cluster, SLICE_EMPTY);
    cluster_run_for(&cluster, 10 * SECOND_US);
    check_nothing_left();
    put_many(now_seconds() - 10, 50);
    cluster_run_for(&cluster, MINUTE_US);
    ck_assert(there("many 50"));
    cluster_set_expiry(&cluster, SLICE_LITERAL("f"));
    cluster_run_for(&cluster, 100000);
    cluster_set_expiry(&cluster, ATTRIBUTE); /* while entries of the other are made */
    cluster_run_for(&cluster, MINUTE_US);
    ck_assert(!there("many 0"));
    ck_assert(there("many 51"));
    check_entries(ATTRIBUTE);
    cluster_deinit(&cluster);
}
END_TEST

/* Faster than entries can be made or removed. */
START_TEST(an_attribute_that_comes_back_finds_all)
{
    begin(3, 1);
    put_many(now_seconds() + 10000, 1);
    for (int round = 0; round < 3; round++) {
        cluster_set_expiry(&cluster, SLICE_EMPTY);
        cluster_run_for(&cluster, 1000);
        cluster_set_expiry(&cluster, SLICE_LITERAL("f"));
        cluster_run_for(&cluster, 25000);
        put_many(now_seconds() + 20000 * (round + 1), 10);
        cluster_set_expiry(&cluster, ATTRIBUTE);
        cluster_run_for(&cluster, 20 * SECOND_US);
        check_entries(ATTRIBUTE);
    }
    cluster_deinit(&cluster);
}
END_TEST

START_TEST(a_dropped_table_leaves_no_entries)
{
    begin(3, 2);
    put_many(now_seconds() + 10000, 1);
    for (size_t i = 0; i < cluster.count; i++)
        for (uint16_t shard = 0; shard < cluster.shards; shard++)
            node_drop_table(cluster.nodes[i].shard[shard], cluster_clock(&cluster, i),
                            CLUSTER_TABLE);
    cluster_run_for(&cluster, 10 * SECOND_US);
    check_nothing_left();
    for (size_t i = 0; i < cluster.count; i++)
        ck_assert(node_quiet(cluster.nodes[i].shard[0]));
    cluster_deinit(&cluster);
}
END_TEST

TEST_MAIN("expiry", what_is_due_is_deleted_within_a_minute,
          nothing_expires_unless_the_table_says_so, another_deletes_what_a_dead_node_would,
          a_node_that_is_cut_off_is_done_without, who_extends_at_the_last_moment_keeps_the_item,
          an_entry_is_not_believed, rows_from_before_get_their_entries, a_restart_begins_again,
          a_node_that_hears_late_of_it_makes_up_for_it, a_node_that_starts_keeps_entries_as_noted,
          entries_go_with_the_attribute, an_attribute_that_comes_back_finds_all,
          a_dropped_table_leaves_no_entries)
