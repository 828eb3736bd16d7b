#include "range_bench.h"

#include <string.h>

#include "test_main.h"

struct range_bench range_bench;

static bool counting_try_read(struct store *self, struct store_op *read)
{
    (void)self;
    return range_bench.inner->try_read(range_bench.inner, read);
}

static void counting_submit(struct store *self, struct store_op *op)
{
    (void)self;
    range_bench.inner->submit(range_bench.inner, op);
}

static struct store_snapshot *counting_snapshot(struct store *self)
{
    (void)self;
    range_bench.snapshots++;
    return range_bench.inner->snapshot(range_bench.inner);
}

static void counting_snapshot_free(struct store *self, struct store_snapshot *snapshot)
{
    (void)self;
    range_bench.snapshots--;
    range_bench.inner->snapshot_free(range_bench.inner, snapshot);
}

static void submitted(void *context, struct store_op *op)
{
    (void)context;
    (void)op;
}

static void keep_frame(struct transport *self, struct address to, struct buffer *frame)
{
    (void)self;
    (void)to;
    ck_assert_ptr_null(range_bench.answer);
    range_bench.answer = frame;
}

static void members_make(void)
{
    static char name[] = "n1", address[] = "127.0.0.1:7000", empty[] = "";
    struct member_config config = {name, address, empty, 100};
    struct cluster_config cluster = {name, 8, &config, 1};
    struct peer_identity own = {1 << 16, name, 1, UINT64_C(1) << INCARNATION_START_SHIFT};
    members_init(&range_bench.members, &cluster);
    members_set_self(&range_bench.members, &own);
}

void range_bench_init(uint32_t miss_per_million)
{
    struct range_bench *bench = &range_bench;
    struct memory_store_config config = {
        .seed = 1, .sync = true, .miss_per_million = miss_per_million};
    bench->memory = memory_store_new(&config);
    bench->inner = memory_store_port(bench->memory, submitted, NULL);
    bench->store = (struct store){counting_try_read, counting_submit, counting_snapshot,
                                  counting_snapshot_free, bench->inner->family_size};
    members_make();
    hlc_init(&bench->hlc, 0);
    hints_init(&bench->hints, &bench->store, 1000);
    arena_init(&bench->arena);
    bench->transport.send = keep_frame;
    bench->outbox =
        (struct outbox){.transport = &bench->transport, .hlc = &bench->hlc, .self = 1 << 16};
    struct replica_config replica_config = {.operations_max = 4};
    replica_init(&bench->replica, &replica_config, &bench->store, &bench->outbox, &bench->members,
                 &bench->hlc, &bench->hints, NULL);
}

void range_bench_deinit(void)
{
    struct range_bench *bench = &range_bench;
    replica_deinit(&bench->replica);
    ck_assert_uint_eq(bench->snapshots, 0);
    hints_deinit(&bench->hints);
    members_deinit(&bench->members);
    memory_store_free(bench->memory);
    arena_deinit(&bench->arena);
}

void range_bench_commit(struct store_commit *commit)
{
    store_submit(range_bench.inner, &commit->op);
    ck_assert_ptr_eq(memory_store_finish_commit(range_bench.memory), &commit->op);
    store_commit_deinit(commit);
}

void range_bench_finish_reads(void)
{
    struct store_op *op;
    while ((op = memory_store_finish_read(range_bench.memory)) != NULL)
        op->done(op);
}

struct buffer *range_bench_reply(struct frame *frame, const Cartwheel__RangeReply **reply)
{
    struct buffer *taken = range_bench.answer;
    range_bench.answer = NULL;
    ck_assert_ptr_nonnull(taken);
    ck_assert_int_eq(frame_decode(buffer_slice(taken), frame), FRAME_OK);
    *reply = (const Cartwheel__RangeReply *)frame_decode_body(frame, &range_bench.arena);
    ck_assert_ptr_nonnull(*reply);
    return taken;
}

static void send(const Cartwheel__Range *body)
{
    struct frame_header header = {
        .type = FRAME_RANGE, .request_id = 1, .from = 1 << 16, .epoch = 1};
    struct buffer *encoded = frame_encode(&header, &body->base, SLICE_EMPTY);
    struct frame frame;
    ck_assert_int_eq(frame_decode(buffer_slice(encoded), &frame), FRAME_OK);
    ck_assert(replica_on_frame(&range_bench.replica, &frame, &range_bench.arena));
    buffer_unref(encoded);
}

void range_bench_ask(const struct range_world *world, const struct range_wanted *wanted)
{
    struct writer from, to;
    Cartwheel__Range body = CARTWHEEL__RANGE__INIT;
    writer_init(&from, 0);
    writer_init(&to, 0);
    world->put_key(&from, wanted->from);
    world->put_key(&to, wanted->to);
    body.from = binary_of(writer_slice(&from));
    body.to = binary_of(writer_slice(&to));
    body.reverse = wanted->reverse;
    body.rows = wanted->rows;
    body.rows_max = wanted->rows_max;
    body.bytes_max = wanted->bytes_max;
    body.index = world->index;
    send(&body);
    writer_deinit(&from);
    writer_deinit(&to);
}

static unsigned covered_place(const struct range_world *world, const Cartwheel__RangeReply *reply)
{
    struct writer key;
    bool found = false;
    unsigned place = 0;
    writer_init(&key, 0);
    for (; place < world->places && !found; place += !found) {
        writer_reset(&key);
        world->put_key(&key, place);
        found = slice_equal(writer_slice(&key), slice_of_binary(reply->covered));
    }
    ck_assert(found);
    writer_deinit(&key);
    return place;
}

static void check_beside(const struct range_world *world, const Cartwheel__RangeReply *reply,
                         bool rows, unsigned first, unsigned behind)
{
    struct writer expected;
    writer_init(&expected, 0);
    if (rows && world->expect_beside != NULL)
        world->expect_beside(&expected, first, behind);
    ck_assert(slice_equal(slice_of_binary(reply->beside), writer_slice(&expected)));
    writer_deinit(&expected);
}

bool range_bench_check_page(const struct range_world *world, struct range_wanted *wanted)
{
    struct frame frame;
    const Cartwheel__RangeReply *reply;
    struct buffer *taken = range_bench_reply(&frame, &reply);
    const struct range_wanted before = *wanted;
    struct writer expected;
    uint32_t count = 0;
    writer_init(&expected, 0);
    ck_assert_uint_eq(reply->verdict, VERDICT_OK);
    unsigned end = wanted->reverse ? 0 : world->places - 1;
    unsigned covered = reply->more ? covered_place(world, reply) : end;
    while (wanted->from < wanted->to &&
           (wanted->reverse ? wanted->to - 1 >= covered : wanted->from <= covered))
        count +=
            world->expect(&expected, wanted->reverse ? --wanted->to : wanted->from++, wanted->rows);
    ck_assert_uint_eq(reply->count, count);
    ck_assert_uint_le(count, wanted->rows_max);
    ck_assert(slice_equal(frame.payload, writer_slice(&expected)));
    check_beside(world, reply, wanted->rows, wanted->reverse ? wanted->to : before.from,
                 wanted->reverse ? before.to : wanted->from);
    bool more = reply->more;
    writer_deinit(&expected);
    buffer_unref(taken);
    arena_reset(&range_bench.arena);
    return more;
}

void range_bench_check_refused(const struct range_world *world, const struct range_wanted *wanted,
                               enum verdict verdict)
{
    struct frame frame;
    const Cartwheel__RangeReply *reply;
    range_bench_ask(world, wanted);
    range_bench_finish_reads();
    struct buffer *taken = range_bench_reply(&frame, &reply);
    ck_assert_uint_eq(reply->verdict, verdict);
    ck_assert(!reply->more);
    ck_assert_uint_eq(frame.payload.size, 0);
    buffer_unref(taken);
}

unsigned range_bench_check_range(const struct range_world *world, bool reverse, bool rows,
                                 uint32_t rows_max, uint32_t bytes_max)
{
    struct range_wanted wanted = {0, world->places, reverse, rows, rows_max, bytes_max};
    unsigned pages = 0;
    bool more = true;
    while (more) {
        unsigned left = wanted.to - wanted.from;
        range_bench_ask(world, &wanted);
        range_bench_finish_reads();
        more = range_bench_check_page(world, &wanted);
        ck_assert(!more || wanted.to - wanted.from < left);
        pages++;
    }
    ck_assert_uint_eq(wanted.from, wanted.to);
    ck_assert_uint_eq(range_bench.snapshots, 0);
    return pages;
}

void range_bench_check_forms(const struct range_world *world, uint32_t rows_max, uint32_t bytes_max)
{
    for (int form = 0; form < 4; form++)
        (void)range_bench_check_range(world, form % 2 == 1, form / 2 == 1, rows_max, bytes_max);
}
