/* The bytes of a register: there and back, cut short, and forged; and what a state's lineage says of
 * its past, against chains whose whole past is kept. */
#include "row.h"

#include <string.h>

#include "acceptor.h"
#include "prng.h"
#include "test_main.h"

static struct version version_at(uint64_t n)
{
    return (struct version){n << 16, (n % 3 + 1) << 16};
}

/* A row of every shape: own origin or not, tombstone or value, proposed or not, and lineages of 0 to
 * LINEAGE_MAX; without any, one that reaches to the ballot, below it, or to the beginning. */
static struct row row_shape(unsigned shape)
{
    static const uint8_t value[] = "some value";
    struct row row = {.ballot = version_at(100)};
    unsigned lineage = shape / 8 % (LINEAGE_MAX + 3);
    row.origin = shape % 2 == 0 ? row.ballot : version_at(90);
    row.tombstone = shape / 2 % 2 == 1;
    row.proposed = shape / 4 % 2 == 1;
    row.lineage.count = (uint8_t)(lineage <= LINEAGE_MAX ? lineage : 0);
    row.lineage.base = lineage == 0 ? row.ballot : version_at(10);
    if (lineage > LINEAGE_MAX)
        row.lineage.base = lineage == LINEAGE_MAX + 1 ? VERSION_NONE : version_at(90);
    for (uint8_t i = 0; i < row.lineage.count; i++)
        row.lineage.origins[i] = version_at(80U - i);
    if (!row.tombstone)
        row.value = slice_of(value, shape / 8 / (LINEAGE_MAX + 3) == 1 ? 0 : sizeof(value));
    return row;
}

enum { SHAPES = 8 * (LINEAGE_MAX + 3) * 2, SHAPE_ONE_ORIGIN = 8 };

static void check_equal(const struct row *is, const struct row *was)
{
    ck_assert(version_equal(is->ballot, was->ballot));
    ck_assert(version_equal(is->origin, was->origin));
    ck_assert_int_eq(is->tombstone, was->tombstone);
    ck_assert_int_eq(is->proposed, was->proposed);
    ck_assert_uint_eq(is->lineage.count, was->lineage.count);
    ck_assert(version_equal(is->lineage.base, was->lineage.base));
    for (uint8_t i = 0; i < was->lineage.count; i++)
        ck_assert(version_equal(is->lineage.origins[i], was->lineage.origins[i]));
    ck_assert(slice_equal(is->value, was->value));
}

START_TEST(every_shape_comes_back_as_it_went)
{
    for (unsigned shape = 0; shape < SHAPES; shape++) {
        struct row was = row_shape(shape), is;
        struct writer writer;
        writer_init(&writer, 0);
        row_encode(&writer, &was);
        ck_assert(row_decode(writer_slice(&writer), &is));
        check_equal(&is, &was);
        ck_assert(version_equal(row_ballot(writer_slice(&writer)), was.ballot));
        ck_assert_int_eq(row_proposed(writer_slice(&writer)), was.proposed);
        writer_deinit(&writer);
    }
}
END_TEST

/* Bytes before the value: what no truncation may lose. */
static size_t head_size(const struct row *row)
{
    size_t size = 1 + VERSION_SIZE;
    size += version_equal(row->origin, row->ballot) ? 0 : VERSION_SIZE;
    bool lineage = row->lineage.count > 0 || !version_equal(row->lineage.base, row->ballot);
    size += lineage ? 1 + (row->lineage.count + 1U) * VERSION_SIZE : 0;
    return size;
}

START_TEST(a_row_cut_in_its_head_is_refused)
{
    for (unsigned shape = 0; shape < SHAPES; shape++) {
        struct row was = row_shape(shape), is;
        struct writer writer;
        writer_init(&writer, 0);
        row_encode(&writer, &was);
        struct slice whole = writer_slice(&writer);
        ck_assert_uint_eq(whole.size, head_size(&was) + was.value.size);
        for (size_t size = 0; size < whole.size; size++)
            ck_assert_int_eq(row_decode(slice_of(whole.data, size), &is), size >= head_size(&was));
        for (size_t size = 0; size < 1 + VERSION_SIZE; size++)
            ck_assert(version_is_none(row_ballot(slice_of(whole.data, size))));
        writer_deinit(&writer);
    }
}
END_TEST

START_TEST(flags_and_counts_that_mean_nothing_are_refused)
{
    struct row was = row_shape(SHAPE_ONE_ORIGIN), is;
    struct writer writer;
    writer_init(&writer, 0);
    row_encode(&writer, &was);
    uint8_t *bytes = writer.buffer->data;
    struct slice whole = writer_slice(&writer);
    uint8_t flags = bytes[0];
    for (unsigned bit = 4; bit < 8; bit++) {
        bytes[0] = (uint8_t)(flags | 1U << bit);
        ck_assert(!row_decode(whole, &is));
    }
    bytes[0] = flags | 1;
    ck_assert_msg(!row_decode(whole, &is), "a tombstone with a value");
    bytes[0] = flags;
    ck_assert(row_decode(whole, &is));
    for (unsigned count = 0; count < 256; count++) {
        bytes[1 + VERSION_SIZE] = (uint8_t)count;
        if (count > LINEAGE_MAX)
            ck_assert(!row_decode(whole, &is));
        else
            (void)!row_decode(whole, &is);
    }
    writer_deinit(&writer);
}
END_TEST

START_TEST(ballots_are_something_and_not_below_their_origin_and_base)
{
    struct row none = {.ballot = VERSION_NONE, .origin = VERSION_NONE}, is;
    struct row above = {.ballot = version_at(5), .origin = version_at(6)};
    struct row rootless = {
        .ballot = version_at(5), .origin = version_at(5), .lineage = {.base = version_at(6)}};
    const struct row *rows[] = {&none, &above, &rootless};
    for (size_t i = 0; i < array_size(rows); i++) {
        struct writer writer;
        writer_init(&writer, 0);
        row_encode(&writer, rows[i]);
        ck_assert(!row_decode(writer_slice(&writer), &is));
        writer_deinit(&writer);
    }
}
END_TEST

START_TEST(any_bytes_may_be_offered_as_a_row)
{
    struct prng prng;
    prng_init(&prng, 1);
    for (int round = 0; round < 50000; round++) {
        uint8_t bytes[256];
        size_t size = (size_t)prng_below(&prng, sizeof(bytes));
        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)prng_next(&prng);
        if (size > 0)
            bytes[0] &= prng_chance(&prng, 900000) ? 15 : 255;
        struct row row;
        if (!row_decode(slice_of(bytes, size), &row))
            continue;
        struct writer again;
        writer_init(&again, size);
        row_encode(&again, &row);
        struct row twin;
        ck_assert(row_decode(writer_slice(&again), &twin));
        check_equal(&twin, &row);
        writer_deinit(&again);
    }
}
END_TEST

START_TEST(promises_come_back_with_and_without_a_value)
{
    for (unsigned shape = 0; shape < SHAPES; shape++) {
        struct row was = row_shape(shape);
        struct acceptor acceptor = {0};
        struct writer writer;
        writer_init(&writer, 0);
        promise_encode(&writer, version_at(7), shape == 0 ? NULL : &was);
        ck_assert(promise_decode(writer_slice(&writer), &acceptor));
        ck_assert(version_equal(acceptor.promised, version_at(7)));
        ck_assert_int_eq(acceptor.has_accepted, shape != 0);
        if (shape != 0)
            check_equal(&acceptor.accepted, &was);
        size_t head = shape == 0 ? VERSION_SIZE : VERSION_SIZE + head_size(&was);
        for (size_t cut = 0; cut < head; cut++)
            ck_assert_int_eq(promise_decode(slice_of(writer.buffer->data, cut), &acceptor),
                             cut == VERSION_SIZE);
        writer_deinit(&writer);
    }
}
END_TEST

/* Chains of states, each of which was made in one of these ways out of the one before. */
enum kind {
    KIND_SUCCESSOR, /* computed from the state before */
    KIND_PLAIN,     /* written blindly over it */
    KIND_SETTLED,   /* the same operation under a higher ballot */
    KIND_MIXED,     /* a plain write whose first stamp was above the state before, settled */
    KIND_MIXED_LATE /* one whose first stamp was below: the lineage proved that it was not there */
};

enum {
    KINDS = 5,
    TAIL = 6,      /* links of every kind, */
    HEAD_MAX = 10, /* after so many successors: lineages run over */
    SPACING = 6,   /* between the ballots of a chain: what lies between are strangers */
    NUMBERS = SPACING * (HEAD_MAX + TAIL + 2)
};

struct chain {
    struct row state;
    bool past[NUMBERS];     /* first ballots of all that took effect */
    unsigned origin;        /* of the state */
    unsigned line[NUMBERS]; /* origins since the last blind write, oldest first */
    unsigned line_count;
    unsigned blind; /* the ballot of that write; 0: there is none */
};

static struct version number(unsigned n)
{
    return n == 0 ? VERSION_NONE : version_at(n);
}

static void chain_note(struct chain *chain, unsigned origin)
{
    chain->past[origin] = true;
    chain->origin = origin;
}

static void chain_blind(struct chain *chain, unsigned origin, unsigned ballot)
{
    chain_note(chain, origin);
    chain->line_count = 0;
    chain->blind = ballot;
}

/* False if nobody could have made this link. */
static bool chain_mixed(struct chain *chain, unsigned first, unsigned ballot)
{
    if (row_descends_from(&chain->state, number(first)) ||
        !row_certainly_without(&chain->state, number(first)))
        return false;
    chain->state = row_successor(NULL, number(ballot), true, SLICE_EMPTY);
    chain->state.origin = number(first);
    chain->state.lineage.base = number(ballot);
    chain_blind(chain, first, ballot);
    return true;
}

static bool chain_link(struct chain *chain, enum kind kind, unsigned ballot)
{
    switch (kind) {
    case KIND_SUCCESSOR:
        chain->line[chain->line_count++] = chain->origin;
        chain->state = row_successor(&chain->state, number(ballot), true, SLICE_EMPTY);
        chain_note(chain, ballot);
        return true;
    case KIND_PLAIN:
        chain->state = row_plain(number(ballot), true, SLICE_EMPTY);
        chain_blind(chain, ballot, ballot);
        return true;
    case KIND_SETTLED:
        chain->state.ballot = number(ballot);
        chain->state.proposed = true;
        return true;
    case KIND_MIXED:
        return chain_mixed(chain, ballot - SPACING / 2, ballot);
    case KIND_MIXED_LATE:
        return chain_mixed(chain, ballot - SPACING - 1, ballot);
    }
    return false;
}

/* How far down the state still knows everything: the last blind write, or what fell out of the
 * lineage. */
static unsigned chain_reach(const struct chain *chain)
{
    unsigned dropped = 0;
    if (chain->line_count > LINEAGE_MAX)
        dropped = chain->line[chain->line_count - LINEAGE_MAX - 1];
    return dropped > chain->blind ? dropped : chain->blind;
}

static bool chain_told(const struct chain *chain, unsigned n)
{
    bool told = n == chain->origin;
    unsigned oldest = chain->line_count > LINEAGE_MAX ? chain->line_count - LINEAGE_MAX : 0;
    for (unsigned i = oldest; i < chain->line_count; i++)
        told |= chain->line[i] == n;
    return told;
}

/* Assertions are costly: one for all that was found out. */
static void check_chain(const struct chain *chain)
{
    bool stranger = false, disowned = false, gap = false, forgetful = false;
    for (unsigned n = 1; n < NUMBERS; n++) {
        bool descends = row_descends_from(&chain->state, number(n));
        bool without = row_certainly_without(&chain->state, number(n));
        stranger |= descends && !chain->past[n];
        disowned |= !descends && without && chain->past[n];
        gap |= descends != chain_told(chain, n);
        forgetful |= without != (n > chain_reach(chain));
    }
    ck_assert_msg(!stranger, "descends from what never happened");
    ck_assert_msg(!disowned, "certainly without an ancestor");
    ck_assert_msg(!gap, "the lineage is not the last origins");
    ck_assert_msg(!forgetful, "the lineage does not reach as far as it should");
    ck_assert_uint_le(chain->state.lineage.count, LINEAGE_MAX);
    struct writer writer;
    struct row twin;
    writer_init(&writer, 0);
    row_encode(&writer, &chain->state);
    ck_assert(row_decode(writer_slice(&writer), &twin));
    check_equal(&twin, &chain->state);
    writer_deinit(&writer);
}

/* The chains that begin with this one. */
static void check_chains(const struct chain *chain, unsigned tail, unsigned ballot)
{
    check_chain(chain);
    for (unsigned kind = 0; kind < KINDS && tail > 0; kind++) {
        struct chain longer = *chain;
        if (chain_link(&longer, (enum kind)kind, ballot))
            check_chains(&longer, tail - 1, ballot + SPACING);
    }
}

/* The first state of all is computed from nothing, or written blindly. */
START_TEST(a_lineage_tells_the_truth_of_every_short_chain)
{
    for (unsigned head = 0; head <= HEAD_MAX; head += head == 0 ? LINEAGE_MAX - 4 : 1) {
        for (unsigned blind = 0; blind < 2; blind++) {
            struct chain chain = {0};
            unsigned ballot = SPACING;
            chain.state = blind ? row_plain(number(ballot), true, SLICE_EMPTY)
                                : row_successor(NULL, number(ballot), true, SLICE_EMPTY);
            chain_blind(&chain, ballot, blind ? ballot : 0);
            for (unsigned i = 0; i < head; i++) {
                ballot += SPACING;
                ck_assert(chain_link(&chain, KIND_SUCCESSOR, ballot));
            }
            check_chains(&chain, head == 0 ? TAIL : TAIL - 2, ballot + SPACING);
        }
    }
}
END_TEST

TEST_MAIN("row", every_shape_comes_back_as_it_went, a_row_cut_in_its_head_is_refused,
          flags_and_counts_that_mean_nothing_are_refused,
          ballots_are_something_and_not_below_their_origin_and_base,
          any_bytes_may_be_offered_as_a_row, promises_come_back_with_and_without_a_value,
          a_lineage_tells_the_truth_of_every_short_chain)
