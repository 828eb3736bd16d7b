/* One node alone, with one shard and with two: what a client can ask of it. */
#include <stdio.h>
#include <string.h>

#include "cluster.h"
#include "store.h"
#include "test_main.h"

static struct cluster cluster;

/* Runs `story` with one shard and with two; requests go through every shard in turn. */
static void puts_and_gets(void)
{
    for (unsigned i = 0; i < 40; i++) {
        struct cluster_request write, read;
        char name[16], text[16];
        uint16_t shard = (uint16_t)(i % cluster.shards);
        snprintf(name, sizeof(name), "key-%u", i);
        snprintf(text, sizeof(text), "text-%u", i);
        cluster_request_init(&write, REQUEST_WRITE, name, 0);
        cluster_value(&write.value, text);
        write.request.value = writer_slice(&write.value);
        ck_assert_int_eq(cluster_ask(&cluster, 0, shard, &write), OUTCOME_OK);
        ck_assert(!write.request.sloppy);
        cluster_request_init(&read, REQUEST_READ, name, 0);
        read.request.consistent = i % 3 == 0;
        ck_assert_int_eq(cluster_ask(&cluster, 0, (uint16_t)(cluster.shards - 1 - shard), &read),
                         OUTCOME_OK);
        ck_assert(read.request.found);
        ck_assert_str_eq(cluster_text(read.request.result), text);
        ck_assert(version_equal(read.request.version, write.request.version));
        cluster_request_deinit(&write);
        cluster_request_deinit(&read);
    }
}

START_TEST(what_is_put_is_got)
{
    cluster_with_shards(&cluster, 1, puts_and_gets);
}
END_TEST

static void deletes(void)
{
    enum outcome outcome;
    ck_assert_str_eq(cluster_get(&cluster, 0, "k", true, &outcome), "");
    ck_assert_int_eq(outcome, OUTCOME_OK);
    ck_assert_int_eq(cluster_put(&cluster, 0, "k", "one"), OUTCOME_OK);
    struct version first = cluster_held(&cluster, 0, "k");
    ck_assert_int_eq(cluster_put(&cluster, 0, "k", "two"), OUTCOME_OK);
    ck_assert_int_gt(version_compare(cluster_held(&cluster, 0, "k"), first), 0);
    ck_assert_str_eq(cluster_get(&cluster, 0, "k", false, &outcome), "two");
    ck_assert_int_eq(cluster_put(&cluster, 0, "k", NULL), OUTCOME_OK);
    ck_assert_str_eq(cluster_get(&cluster, 0, "k", false, &outcome), "");
    ck_assert_int_eq(outcome, OUTCOME_OK);
    ck_assert(!version_is_none(cluster_held(&cluster, 0, "k")));
}

START_TEST(what_is_deleted_is_gone)
{
    cluster_with_shards(&cluster, 1, deletes);
}
END_TEST

static void fill_collection(void)
{
    for (uint8_t sort = 0; sort < 20; sort++) {
        struct cluster_request write;
        char text[16];
        snprintf(text, sizeof(text), "%u", sort);
        cluster_request_init(&write, REQUEST_WRITE, "shelf", sort);
        cluster_value(&write.value, text);
        write.request.value = writer_slice(&write.value);
        write.request.tombstone = false;
        ck_assert_int_eq(cluster_ask(&cluster, 0, 0, &write), OUTCOME_OK);
        cluster_request_deinit(&write);
        if (sort % 5 != 4)
            continue;
        cluster_request_init(&write, REQUEST_WRITE, "shelf", sort);
        write.request.tombstone = true;
        ck_assert_int_eq(cluster_ask(&cluster, 0, 0, &write), OUTCOME_OK);
        cluster_request_deinit(&write);
    }
}

/* Pages of at most three rows; the sort keys in the order they come. */
static size_t walk(bool reverse, bool consistent, uint8_t *sorts)
{
    struct cluster_request first, last;
    struct writer resume;
    size_t count = 0;
    bool more = true;
    writer_init(&resume, 64);
    cluster_request_init(&first, REQUEST_RANGE, "shelf", 0);
    cluster_request_init(&last, REQUEST_RANGE, "shelf", 255);
    for (int page = 0; more && page < 50; page++) {
        struct cluster_request range;
        cluster_request_init(&range, REQUEST_RANGE, "shelf", 0);
        range.request.to = writer_slice(&last.key);
        if (resume.size > 0 && reverse)
            range.request.to = writer_slice(&resume);
        if (resume.size > 0 && !reverse)
            range.request.key = writer_slice(&resume);
        range.request.reverse = reverse;
        range.request.consistent = consistent;
        range.request.rows_max = 3;
        range.request.bytes_max = 1 << 20;
        ck_assert_int_eq(cluster_ask(&cluster, 0, (uint16_t)(cluster.shards - 1), &range),
                         OUTCOME_OK);
        ck_assert_uint_le(range.request.rows_count, 3);
        struct reader rows = reader_of(writer_slice(&range.request.rows));
        struct slice key, value;
        while (store_rows_next(&rows, &key, &value))
            sorts[count++] = key.data[key.size - 1];
        more = range.request.more;
        writer_reset(&resume);
        writer_put_slice(&resume, range.request.resume);
        if (!reverse)
            writer_put_u8(&resume, 0);
        cluster_request_deinit(&range);
    }
    ck_assert(!more);
    cluster_request_deinit(&first);
    cluster_request_deinit(&last);
    writer_deinit(&resume);
    return count;
}

static void ranges(void)
{
    fill_collection();
    for (int way = 0; way < 4; way++) {
        uint8_t sorts[64];
        bool reverse = way % 2 == 1;
        ck_assert_uint_eq(walk(reverse, way / 2 == 1, sorts), 16);
        for (uint8_t i = 0, sort = 0; i < 16; i++, sort++) {
            sort = (uint8_t)(sort + (sort % 5 == 4));
            ck_assert_uint_eq(sorts[reverse ? 15 - i : i], sort);
        }
    }
}

START_TEST(ranges_come_in_order_page_by_page)
{
    cluster_with_shards(&cluster, 1, ranges);
}
END_TEST

static enum outcome put_if(const char *text, enum precondition precondition,
                           struct version expected, struct cluster_request *write)
{
    cluster_request_init(write, REQUEST_WRITE, "guarded", 0);
    cluster_value(&write->value, text);
    write->request.value = writer_slice(&write->value);
    write->request.quorum.sloppy = false;
    write->request.precondition = precondition;
    write->request.expected = expected;
    write->request.want = WANT_FAILED;
    return cluster_ask(&cluster, 0, 0, write);
}

static void preconditions(void)
{
    struct cluster_request first, second, third, fourth;
    ck_assert_int_eq(put_if("one", PRECONDITION_ABSENT, VERSION_NONE, &first), OUTCOME_OK);
    struct version version = first.request.version;
    ck_assert_int_eq(put_if("two", PRECONDITION_ABSENT, VERSION_NONE, &second),
                     OUTCOME_PRECONDITION_FAILED);
    ck_assert(second.request.found);
    ck_assert(version_equal(second.request.version, version));
    ck_assert_str_eq(cluster_text(second.request.result), "one");
    ck_assert_int_eq(put_if("three", PRECONDITION_VERSION, version, &third), OUTCOME_OK);
    ck_assert_int_eq(put_if("four", PRECONDITION_VERSION, version, &fourth),
                     OUTCOME_PRECONDITION_FAILED);
    ck_assert_str_eq(cluster_text(fourth.request.result), "three");
    cluster_request_deinit(&first);
    cluster_request_deinit(&second);
    cluster_request_deinit(&third);
    cluster_request_deinit(&fourth);
}

START_TEST(preconditions_are_decided)
{
    cluster_with_shards(&cluster, 1, preconditions);
}
END_TEST

static void announcements(void)
{
    struct cluster_request announce;
    cluster_request_init(&announce, REQUEST_ANNOUNCE, "any", 0);
    announce.request.value = SLICE_LITERAL("a row of the schema");
    ck_assert_int_eq(cluster_ask(&cluster, 0, 0, &announce), OUTCOME_OK);
    for (uint16_t shard = 0; shard < cluster.shards; shard++) {
        struct buffer *told = node_next_announcement(cluster.nodes[0].shard[shard]);
        ck_assert_ptr_nonnull(told);
        ck_assert(slice_equal(buffer_slice(told), SLICE_LITERAL("a row of the schema")));
        buffer_unref(told);
        ck_assert_ptr_null(node_next_announcement(cluster.nodes[0].shard[shard]));
    }
    cluster_request_deinit(&announce);
}

START_TEST(every_shard_hears_announcements)
{
    cluster_with_shards(&cluster, 1, announcements);
}
END_TEST

static void drop_table(void)
{
    for (uint16_t shard = 0; shard < cluster.shards; shard++)
        node_drop_table(cluster.nodes[0].shard[shard], cluster_clock(&cluster, 0), CLUSTER_TABLE);
    cluster_run_for(&cluster, 10000);
}

static void dropped_tables(void)
{
    ck_assert_int_eq(cluster_put(&cluster, 0, "k", "one"), OUTCOME_OK);
    drop_table();
    ck_assert(version_is_none(cluster_held(&cluster, 0, "k")));
    ck_assert_int_ne(cluster_put(&cluster, 0, "k", "two"), OUTCOME_OK);
    ck_assert(version_is_none(cluster_held(&cluster, 0, "k")));
    cluster_crash(&cluster, 0);
    cluster_start(&cluster, 0);
    ck_assert_int_ne(cluster_put(&cluster, 0, "k", "three"), OUTCOME_OK);
    ck_assert(version_is_none(cluster_held(&cluster, 0, "k")));
}

START_TEST(a_dropped_table_stays_dropped)
{
    cluster_with_shards(&cluster, 1, dropped_tables);
}
END_TEST

static unsigned rows_held(unsigned count)
{
    unsigned held = 0;
    for (unsigned i = 0; i < count; i++) {
        char name[16];
        snprintf(name, sizeof(name), "row-%u", i);
        held += !version_is_none(cluster_held(&cluster, 0, name));
    }
    return held;
}

/* More rows than a page holds, and a disk that has no room for a while. */
static void large_dropped_table(void)
{
    enum { ROWS = 600 };
    for (unsigned i = 0; i < ROWS; i++) {
        char name[16];
        snprintf(name, sizeof(name), "row-%u", i);
        ck_assert_int_eq(cluster_put(&cluster, 0, name, "x"), OUTCOME_OK);
    }
    ck_assert_uint_eq(rows_held(ROWS), ROWS);
    memory_store_set_refusals(cluster.nodes[0].disk, 1000000);
    drop_table();
    ck_assert_uint_eq(rows_held(ROWS), ROWS);
    memory_store_set_refusals(cluster.nodes[0].disk, 0);
    cluster_run_for(&cluster, 3000000);
    ck_assert_uint_eq(rows_held(ROWS), 0);
}

START_TEST(a_dropped_table_is_swept_page_by_page)
{
    cluster_with_shards(&cluster, 1, large_dropped_table);
}
END_TEST

static void many_at_once(void)
{
    enum { MANY = 200 };
    static struct cluster_request writes[MANY];
    for (unsigned i = 0; i < MANY; i++) {
        char name[16];
        snprintf(name, sizeof(name), "key-%u", i % 7);
        cluster_request_init(&writes[i], REQUEST_WRITE, name, 0);
        cluster_value(&writes[i].value, "x");
        writes[i].request.value = writer_slice(&writes[i].value);
        node_on_request(cluster.nodes[0].shard[i % cluster.shards], cluster_clock(&cluster, 0),
                        &writes[i].request);
    }
    cluster_run_for(&cluster, 1000000);
    for (unsigned i = 0; i < MANY; i++) {
        ck_assert_uint_eq(writes[i].answers, 1);
        ck_assert_int_eq(writes[i].request.outcome, OUTCOME_OK);
        for (unsigned j = 0; j < i; j++)
            ck_assert(!version_equal(writes[i].request.version, writes[j].request.version));
        cluster_request_deinit(&writes[i]);
    }
    for (uint16_t shard = 0; shard < cluster.shards; shard++)
        ck_assert(node_quiet(cluster.nodes[0].shard[shard]));
}

START_TEST(many_writers_of_few_keys_are_all_answered)
{
    cluster_with_shards(&cluster, 1, many_at_once);
}
END_TEST

static void full_disk(void)
{
    enum outcome outcome;
    ck_assert_int_eq(cluster_put(&cluster, 0, "k", "one"), OUTCOME_OK);
    memory_store_set_no_space(cluster.nodes[0].disk, true);
    ck_assert_int_eq(cluster_put(&cluster, 0, "k", "two"), OUTCOME_NO_SPACE);
    ck_assert_str_eq(cluster_get(&cluster, 0, "k", true, &outcome), "one");
    memory_store_set_no_space(cluster.nodes[0].disk, false);
    ck_assert_int_eq(cluster_put(&cluster, 0, "k", "three"), OUTCOME_OK);
    ck_assert_str_eq(cluster_get(&cluster, 0, "k", true, &outcome), "three");
}

START_TEST(a_full_disk_refuses_writes_and_serves_reads)
{
    cluster_with_shards(&cluster, 1, full_disk);
}
END_TEST

TEST_MAIN("node", what_is_put_is_got, what_is_deleted_is_gone, ranges_come_in_order_page_by_page,
          preconditions_are_decided, every_shard_hears_announcements, a_dropped_table_stays_dropped,
          a_dropped_table_is_swept_page_by_page, many_writers_of_few_keys_are_all_answered,
          a_full_disk_refuses_writes_and_serves_reads)
