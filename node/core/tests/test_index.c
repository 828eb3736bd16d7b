/* Consistent reads through a local index while a row that only a minority has taken would hide what
 * stands: on the replica that took it the item's entry is another one, or none. A read may show the
 * item or not; but what one has not shown another may not show later, when that row is gone for good. */
#include <string.h>

#include "index_key.h"
#include "key.h"
#include "test_main.h"
#include "writes.h"

enum { TABLE_ID_AT = 4 /* in keys, behind the partition */ };

static size_t first, second, third;
static bool cut_off[CLUSTER_NODES_MAX];
static bool (*vote_lost)(const struct cluster_frame *frame, enum frame_type type);

static bool is_vote(enum frame_type type)
{
    return type == FRAME_WRITE || type == FRAME_REPAIR || type == FRAME_PREPARE ||
           type == FRAME_ACCEPT || type == FRAME_HINT || type == FRAME_COMMIT;
}

static bool loses(struct cluster *watched, const struct cluster_frame *frame)
{
    (void)watched;
    enum frame_type type = cluster_frame_type(frame);
    bool between = frame->from != frame->to;
    if (between && (cut_off[frame->from] || cut_off[frame->to]))
        return true;
    return vote_lost != NULL && is_vote(type) && vote_lost(frame, type);
}

static bool all_between(const struct cluster_frame *frame, enum frame_type type)
{
    (void)type;
    return frame->from != frame->to;
}

static bool commits_to_second(const struct cluster_frame *frame, enum frame_type type)
{
    return frame->to == second && (type == FRAME_COMMIT || type == FRAME_REPAIR);
}

static bool heard; /* the second home node has heard the ACCEPT */

/* The first home node prepares on itself and the third, and is heard by the second alone. */
static bool all_but_one_accept(const struct cluster_frame *frame, enum frame_type type)
{
    if (type == FRAME_PREPARE && !heard)
        return frame->to == second || frame->from != first;
    bool accept = type == FRAME_ACCEPT && frame->to == second && frame->from == first;
    bool passes = accept && !heard;
    heard |= accept;
    return !passes;
}

/* The request is for a table with an index by the attribute "v". */
static void to_indexed(struct cluster_request *request)
{
    request->key.buffer->data[TABLE_ID_AT] |= 0x80;
}

static void begin(void)
{
    static const struct table_schema schema = {
        .replicas = 3, .local_count = 1, .local = {{SLICE_CONSTANT("v"), VALUE_STRING}}};
    memset(cut_off, 0, sizeof(cut_off));
    vote_lost = NULL;
    heard = false;
    cluster_init(&cluster, 3, 1);
    cluster.rude = true;
    cluster.loses = loses;
    for (size_t i = 0; i < cluster.count; i++)
        node_set_table(cluster.nodes[i].shard[0], CLUSTER_TABLE | TABLE_ID_INDEXED, &schema);
    first = cluster_home(&cluster, "k", 0);
    second = cluster_home(&cluster, "k", 1);
    third = cluster_home(&cluster, "k", 2);
}

static enum outcome write_at(size_t node, const char *text)
{
    struct cluster_request write;
    write_init(&write, "k", text, NULL);
    to_indexed(&write);
    enum outcome outcome = cluster_ask(&cluster, node, 0, &write);
    cluster_request_deinit(&write);
    return outcome;
}

/* How many items the third home node shows by a consistent read; it asks until it is answered. */
static uint32_t shown(bool by_index)
{
    enum outcome outcome = OUTCOME_UNAVAILABLE;
    uint32_t rows = 0;
    for (int i = 0; i < 50 && outcome != OUTCOME_OK; i++) {
        struct cluster_request read;
        struct item_key key;
        struct key_range bounds;
        cluster_run_for(&cluster, 200000);
        cluster_request_init(&read, REQUEST_RANGE, "k", 0);
        to_indexed(&read);
        ck_assert(item_key_decode(writer_slice(&read.key), &key));
        key_range_init(&bounds);
        if (by_index)
            index_range_collection(&bounds, 0, &key);
        else
            key_range_collection(&bounds, &key);
        read.request.index = by_index;
        read.request.consistent = true;
        read.request.key = writer_slice(&bounds.from);
        read.request.to = writer_slice(&bounds.to);
        read.request.rows_max = 100;
        read.request.bytes_max = 100000;
        read.request.quorum = strict_quorum();
        outcome = cluster_ask(&cluster, third, 0, &read);
        rows = read.request.rows_count;
        key_range_deinit(&bounds);
        cluster_request_deinit(&read);
    }
    ck_assert_int_eq(outcome, OUTCOME_OK);
    return rows;
}

/* The second home node, which has taken what nobody else has, is asked together with the third, and
 * is then gone for good. */
static void read_before_and_after(bool by_index)
{
    cut_off[first] = true;
    cut_off[third] = false;
    uint32_t before = shown(by_index);
    cluster_crash(&cluster, second);
    vote_lost = NULL;
    cut_off[first] = false;
    uint32_t after = shown(by_index);
    ck_assert_msg(before >= after, "gone, and back");
    cluster_deinit(&cluster);
}

static void delete_reaches_one(bool by_index)
{
    begin();
    cut_off[third] = true;
    ck_assert_int_eq(write_at(first, "old"), OUTCOME_OK);
    cut_off[first] = true;
    lose_sight(second, first);
    (void)write_at(second, NULL);
    vote_lost = all_between;
    read_before_and_after(by_index);
}

static void accept_reaches_one(bool by_index)
{
    struct cluster_request write;
    begin();
    cut_off[third] = true;
    vote_lost = commits_to_second;
    ck_assert_int_eq(write_at(first, "old"), OUTCOME_OK);
    cut_off[third] = false;
    vote_lost = all_but_one_accept;
    write_init(&write, "k", NULL, NULL);
    to_indexed(&write);
    write.request.want = WANT_OLD;
    cluster_submit(&cluster, first, 0, &write);
    for (int i = 0; i < 15 && write.answers == 0; i++)
        cluster_run_for(&cluster, 1000000);
    ck_assert_uint_eq(write.answers, 1);
    ck_assert(heard);
    cluster_request_deinit(&write);
    vote_lost = all_between;
    read_before_and_after(by_index);
}

START_TEST(a_delete_that_reached_one)
{
    delete_reaches_one(true);
    delete_reaches_one(false);
}
END_TEST

START_TEST(an_accepted_delete_that_reached_one)
{
    accept_reaches_one(true);
    accept_reaches_one(false);
}
END_TEST

/* What is acknowledged is shown, at its place, by the next consistent read anywhere. */
START_TEST(writes_are_shown_at_once)
{
    static const char *const texts[] = {"b", "a", "c", NULL, "b", NULL};
    begin();
    for (size_t i = 0; i < array_size(texts); i++) {
        ck_assert_int_eq(write_at(i % 3, texts[i]), OUTCOME_OK);
        ck_assert_uint_eq(shown(true), texts[i] != NULL);
    }
    cluster_deinit(&cluster);
}
END_TEST

TEST_MAIN("index", a_delete_that_reached_one, an_accepted_delete_that_reached_one,
          writes_are_shown_at_once)
