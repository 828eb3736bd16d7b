#include <stdlib.h>
#include <string.h>

#include "buggify.h"
#include "exchange_session.h"
#include "probe.h"

/* A table with no more rows than this, on either side, has its keys listed at once: they take less
 * than the sums of its groups and leaves. */
enum { FEW_ROWS = 32 };

/* One side's entry in a list of tables. */
struct table_sum {
    uint64_t id;
    uint64_t rows;
    struct digest digest;
};

static void on_sums(struct call *call, const struct frame *frame, const ProtobufCMessage *body);

static void sums_ask(struct exchange *exchange, enum sums_level level)
{
    Cartwheel__Sums body = CARTWHEEL__SUMS__INIT;
    exchange->level = level;
    body.partition = exchange->partition;
    body.replicas = exchange->replicas;
    body.level = level;
    if (level >= SUMS_GROUPS)
        body.table = exchange->tables[exchange->tables_next - 1].id;
    if (level == SUMS_LEAVES)
        body.groups = exchange->leaves.groups;
    exchange_ask_both(exchange, on_sums, FRAME_SUMS, FRAME_SUMS_REPLY, &body.base);
}

void exchange_compare(struct exchange *exchange)
{
    sums_ask(exchange, SUMS_PARTITION);
}

void exchange_next_table(struct exchange *exchange)
{
    if (exchange->tables_next == exchange->tables_count) {
        exchange_session_end(exchange);
        return;
    }
    memset(&exchange->leaves, 0, sizeof(exchange->leaves));
    if (exchange->tables[exchange->tables_next++].few)
        exchange_compare_keys(exchange);
    else
        sums_ask(exchange, SUMS_GROUPS);
}

static bool table_read(struct reader *reader, struct table_sum *sum)
{
    if (reader_left(reader) == 0)
        return false;
    sum->id = reader_get_u64(reader);
    sum->rows = reader_get_varint(reader);
    sum->digest = sum->rows == 0 ? (struct digest){0, 0} : reader_get_digest(reader);
    return !reader->failed;
}

static void table_add(struct exchange *exchange, const struct table_sum *here,
                      const struct table_sum *there)
{
    if (digest_equal(here->digest, there->digest))
        return;
    uint64_t few = BUGGIFY("few rows are compared leaf by leaf") ? 0 : FEW_ROWS;
    size_t count = exchange->tables_count++;
    exchange->tables =
        realloc(exchange->tables, exchange->tables_count * sizeof(*exchange->tables));
    ensure(exchange->tables != NULL);
    exchange->tables[count] =
        (struct differing_table){.id = here->id, .few = here->rows <= few && there->rows <= few};
}

/* A table that the peer alone names. Who copies a partition must not leave it behind. */
static bool may_be_passed_over(struct exchange *exchange, const struct table_sum *there)
{
    struct exchange_wish *wish = exchange->wish;
    return wish == NULL || there->rows == 0 || wish->dropped(wish, there->id);
}

/* Only tables that both sides name take part: the others were dropped there, or are not known there
 * yet, and rows would be refused. */
static bool tables_compare(struct exchange *exchange, struct reader sides[2])
{
    struct table_sum one = {0}, other = {0};
    bool here = table_read(&sides[0], &one), there = table_read(&sides[1], &other);
    bool known = true;
    while (here || there) {
        bool first = !there || (here && one.id <= other.id);
        bool second = !here || (there && other.id <= one.id);
        if (first && second)
            table_add(exchange, &one, &other);
        else if (second)
            known &= may_be_passed_over(exchange, &other);
        if (first)
            here = table_read(&sides[0], &one);
        if (second)
            there = table_read(&sides[1], &other);
    }
    bool good = known && !sides[0].failed && !sides[1].failed;
    if (good)
        exchange_next_table(exchange);
    return good;
}

static bool digests_differ(struct reader sides[2])
{
    struct digest one = reader_get_digest(&sides[0]), other = reader_get_digest(&sides[1]);
    return !digest_equal(one, other);
}

/* Bits of those among 64 that differ. */
static uint64_t digests_compare(struct reader sides[2])
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < 64; i++)
        bits |= (uint64_t)digests_differ(sides) << i;
    return bits;
}

static bool both_done(const struct reader sides[2])
{
    return reader_done(&sides[0]) && reader_done(&sides[1]);
}

static bool partition_compare(struct exchange *exchange, struct reader sides[2])
{
    bool differ = digests_differ(sides);
    if (!both_done(sides))
        return false;
    if (differ)
        sums_ask(exchange, SUMS_TABLES);
    else
        exchange_session_end(exchange);
    return true;
}

static bool groups_compare(struct exchange *exchange, struct reader sides[2])
{
    exchange->leaves.groups = digests_compare(sides);
    if (!both_done(sides))
        return false;
    if (exchange->leaves.groups != 0)
        sums_ask(exchange, SUMS_LEAVES);
    else
        exchange_next_table(exchange);
    return true;
}

static bool leaves_compare(struct exchange *exchange, struct reader sides[2])
{
    struct leaf_set *set = &exchange->leaves;
    uint64_t asked = set->groups;
    set->groups = 0;
    for (unsigned group = 0; group < LEAF_GROUPS; group++) {
        if ((asked >> group & 1) == 0)
            continue;
        set->leaves[group] = digests_compare(sides);
        set->groups |= (uint64_t)(set->leaves[group] != 0) << group;
        exchange->stats.leaves += GROUP_LEAVES;
    }
    if (!both_done(sides))
        return false;
    if (set->groups != 0)
        exchange_compare_keys(exchange);
    else
        exchange_next_table(exchange);
    return true;
}

/* False if a side's answer is malformed. */
static bool sums_compare(struct exchange *exchange)
{
    struct buffer *bytes[2] = {buffer_ref(exchange->side[0].payload),
                               buffer_ref(exchange->side[1].payload)};
    struct reader sides[2] = {reader_of(buffer_slice(bytes[0])), reader_of(buffer_slice(bytes[1]))};
    bool good = false;
    switch (exchange->level) {
    case SUMS_PARTITION:
        good = partition_compare(exchange, sides);
        break;
    case SUMS_TABLES:
        PROBE("an exchange finds a difference");
        good = tables_compare(exchange, sides);
        break;
    case SUMS_GROUPS:
        good = groups_compare(exchange, sides);
        break;
    case SUMS_LEAVES:
        PROBE("an exchange compares leaves");
        good = leaves_compare(exchange, sides);
        break;
    }
    buffer_unref(bytes[0]);
    buffer_unref(bytes[1]);
    return good;
}

static void on_sums(struct call *call, const struct frame *frame, const ProtobufCMessage *body)
{
    struct side_answer *answer = container_of(call, struct side_answer, call);
    struct exchange *exchange = answer->exchange;
    const Cartwheel__SumsReply *reply = (const Cartwheel__SumsReply *)body;
    if (frame == NULL || reply->verdict != VERDICT_OK) {
        exchange_session_abort(exchange);
        return;
    }
    if (exchange_answered(answer, frame) && !sums_compare(exchange))
        exchange_session_abort(exchange);
}
