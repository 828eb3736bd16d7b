#include "fake_homes.h"

#include <string.h>

#include "test_main.h"

enum { PARTITIONS = 16 /* the bench's */ };

static void keys_make(struct fake_homes *homes)
{
    struct item_key key;
    ck_assert(item_key_decode(writer_slice(&homes->bench->key), &key));
    for (unsigned i = 0; i <= homes->keys; i++) {
        uint8_t sort = (uint8_t)(i + 1);
        key.sort_key = slice_of(&sort, 1);
        writer_init(&homes->key[i], 0);
        item_key_encode(&homes->key[i], &key);
    }
}

void fake_homes_init(struct fake_homes *homes, struct bench *bench, size_t n, unsigned keys)
{
    memset(homes, 0, sizeof(*homes));
    homes->bench = bench;
    homes->n = n;
    homes->keys = keys;
    keys_make(homes);
}

void fake_homes_deinit(struct fake_homes *homes)
{
    for (unsigned key = 0; key <= homes->keys; key++)
        writer_deinit(&homes->key[key]);
    for (size_t member = 0; member < BENCH_MEMBERS_MAX; member++) {
        for (unsigned key = 0; key < HOMES_KEYS_MAX; key++) {
            buffer_unref(homes->held[member][key].item);
            buffer_unref(homes->held[member][key].accepted);
        }
    }
}

void fake_homes_put_value(struct writer *writer, uint64_t hlc)
{
    struct writer text;
    writer_init(&text, 0);
    writer_put_u64(&text, hlc);
    writer_put_varint(writer, 1);
    writer_put_sized(writer, SLICE_LITERAL("v"));
    writer_put_u8(writer, VALUE_BINARY);
    writer_put_sized(writer, writer_slice(&text));
    writer_deinit(&text);
}

uint64_t fake_homes_value(struct slice item)
{
    ck_assert_uint_ge(item.size, sizeof(uint64_t));
    struct reader reader =
        reader_of(slice_of(item.data + item.size - sizeof(uint64_t), sizeof(uint64_t)));
    return reader_get_u64(&reader);
}

static struct buffer *row_buffer(const struct row *row)
{
    struct writer encoded;
    writer_init(&encoded, 0);
    row_encode(&encoded, row);
    return writer_finish(&encoded);
}

static void note_taken(struct fake_homes *homes, size_t member, unsigned key, const struct row *row)
{
    size_t i = 0;
    for (; i < homes->taken_count; i++) {
        if (homes->taken[i].key == key && version_equal(homes->taken[i].ballot, row->ballot))
            break;
    }
    ck_assert_uint_lt(i, HOMES_TAKEN_MAX);
    if (i == homes->taken_count)
        homes->taken[homes->taken_count++] =
            (struct taken){key, row->ballot, row->origin, row->tombstone, 0};
    ck_assert_msg(version_equal(homes->taken[i].origin, row->origin), "one ballot, two rows");
    homes->taken[i].members |= 1U << member;
}

static struct acceptor acceptor_of(const struct held *held)
{
    struct acceptor acceptor = {.promised = held->promised};
    acceptor.has_item = held->item != NULL;
    acceptor.has_accepted = held->accepted != NULL;
    if (acceptor.has_item)
        ck_assert(row_decode(buffer_slice(held->item), &acceptor.item));
    if (acceptor.has_accepted)
        ck_assert(row_decode(buffer_slice(held->accepted), &acceptor.accepted));
    return acceptor;
}

static void replace(struct buffer **place, struct buffer *with)
{
    buffer_unref(*place);
    *place = with;
}

/* Makes the state what the acceptor decided. */
static void held_accept(struct fake_homes *homes, size_t member, unsigned key,
                        const struct acceptance *acceptance, const struct row *offered)
{
    struct held *held = &homes->held[member][key];
    if (acceptance->verdict != VERDICT_TOOK)
        return;
    if (offered != NULL)
        note_taken(homes, member, key, offered);
    if (!acceptance->changed)
        return;
    if (acceptance->item == SUCCESSOR_OFFERED)
        replace(&held->item, row_buffer(offered));
    else if (acceptance->item == SUCCESSOR_ACCEPTED)
        replace(&held->item, buffer_ref(held->accepted));
    if (acceptance->accepted == SUCCESSOR_OFFERED)
        replace(&held->accepted, row_buffer(offered));
    else if (acceptance->accepted == SUCCESSOR_NONE)
        replace(&held->accepted, NULL);
    held->promised = acceptance->promised;
}

void fake_homes_hold(struct fake_homes *homes, size_t member, unsigned key, const struct row *row,
                     bool applied)
{
    struct held *held = &homes->held[member][key];
    replace(applied ? &held->item : &held->accepted, row_buffer(row));
    note_taken(homes, member, key, row);
}

void fake_homes_offer(struct fake_homes *homes, size_t member, unsigned key, const struct row *row)
{
    struct acceptor acceptor = acceptor_of(&homes->held[member][key]);
    struct acceptance acceptance = acceptor_plain(&acceptor, row);
    held_accept(homes, member, key, &acceptance, row);
}

struct version fake_homes_top(const struct fake_homes *homes, size_t member, unsigned key)
{
    struct acceptor acceptor = acceptor_of(&homes->held[member][key]);
    return acceptor_top(&acceptor);
}

bool fake_homes_decided(const struct fake_homes *homes, unsigned key, struct version origin,
                        bool tombstone, struct version least)
{
    for (size_t i = 0; i < homes->taken_count; i++) {
        const struct taken *taken = &homes->taken[i];
        bool fits = taken->key == key && taken->tombstone == tombstone &&
                    (version_is_none(origin) || version_equal(taken->origin, origin));
        if (fits && version_compare(taken->ballot, least) >= 0 &&
            (size_t)__builtin_popcount(taken->members) >= homes->n / 2 + 1)
            return true;
    }
    return false;
}

/* The register a message is about. */
static unsigned key_of(const struct fake_homes *homes, ProtobufCBinaryData key)
{
    for (unsigned i = 0; i < homes->keys; i++) {
        if (slice_equal(slice_of_binary(key), writer_slice(&homes->key[i])))
            return i;
    }
    ck_abort_msg("a key that is none of the test's");
    return 0;
}

static bool page_put(const struct fake_homes *homes, struct writer *page, size_t member,
                     unsigned key)
{
    const struct held *held = &homes->held[member][key];
    const struct buffer *row = held->accepted != NULL ? held->accepted : held->item;
    if (row == NULL)
        return false;
    writer_put_sized(page, writer_slice(&homes->key[key]));
    writer_put_u8(page, held->accepted == NULL);
    writer_put_sized(page, buffer_slice(row));
    return true;
}

static void answer_range(struct fake_homes *homes, struct bench_frame *asked,
                         const Cartwheel__Range *range)
{
    Cartwheel__RangeReply body = CARTWHEEL__RANGE_REPLY__INIT;
    struct writer page;
    writer_init(&page, 0);
    ck_assert(range->rows);
    unsigned done = 0;
    for (; done < homes->keys && body.count < range->rows_max; done++) {
        unsigned key = range->reverse ? homes->keys - 1 - done : done;
        body.count += page_put(homes, &page, asked->to, key);
        body.covered = binary_of(writer_slice(&homes->key[key]));
    }
    body.verdict = VERDICT_OK;
    body.more = done < homes->keys;
    if (!body.more)
        body.covered = binary_of(SLICE_EMPTY);
    bench_reply(homes->bench, asked, FRAME_RANGE_REPLY, &body.base, writer_slice(&page), 2);
    writer_deinit(&page);
}

static void answer_prepare(struct fake_homes *homes, struct bench_frame *asked,
                           const Cartwheel__Prepare *prepare)
{
    unsigned key = key_of(homes, prepare->key);
    struct held *held = &homes->held[asked->to][key];
    struct acceptor acceptor = acceptor_of(held);
    struct version ballot;
    uint8_t storage[VERSION_SIZE];
    ck_assert(version_of_binary(prepare->ballot, &ballot));
    struct acceptance acceptance = acceptor_prepare(&acceptor, ballot);
    held_accept(homes, asked->to, key, &acceptance, NULL);
    struct buffer *row = held->accepted != NULL ? held->accepted : held->item;
    bool promised = acceptance.verdict == VERDICT_TOOK;
    struct version told = promised ? acceptor_top(&acceptor) : acceptance.highest;
    Cartwheel__PrepareReply body = CARTWHEEL__PREPARE_REPLY__INIT;
    body.verdict = (uint32_t)acceptance.verdict;
    body.applied = held->accepted == NULL && held->item != NULL;
    if (!version_is_none(told))
        body.ballot = binary_of_version(told, storage);
    bool full = promised && prepare->full && row != NULL;
    struct buffer *kept = row == NULL ? NULL : buffer_ref(row);
    bench_reply(homes->bench, asked, FRAME_PREPARE_REPLY, &body.base,
                full ? buffer_slice(kept) : SLICE_EMPTY, 2);
    buffer_unref(kept);
}

static void answer_accept(struct fake_homes *homes, struct bench_frame *asked,
                          const Cartwheel__Accept *accept)
{
    unsigned key = key_of(homes, accept->key);
    struct acceptor acceptor = acceptor_of(&homes->held[asked->to][key]);
    struct version next = VERSION_NONE, committed = VERSION_NONE;
    struct row row;
    ck_assert(row_decode(asked->frame.payload, &row));
    ck_assert(accept->next.len == 0 || version_of_binary(accept->next, &next));
    ck_assert(accept->committed.len == 0 || version_of_binary(accept->committed, &committed));
    struct acceptance acceptance = acceptor_accept(&acceptor, &row, next, committed);
    held_accept(homes, asked->to, key, &acceptance, &row);
    bench_reply_write(homes->bench, asked, acceptance.verdict, acceptance.highest);
}

static void take_commit(struct fake_homes *homes, struct bench_frame *told,
                        const Cartwheel__Commit *commit)
{
    unsigned key = key_of(homes, commit->key);
    struct acceptor acceptor = acceptor_of(&homes->held[told->to][key]);
    struct version ballot;
    ck_assert(version_of_binary(commit->ballot, &ballot));
    struct acceptance acceptance = acceptor_commit_accepted(&acceptor, ballot);
    held_accept(homes, told->to, key, &acceptance, NULL);
    told->answered = true;
}

static bool took_majority(const struct fake_homes *homes, unsigned key, struct version ballot)
{
    for (size_t i = 0; i < homes->taken_count; i++) {
        const struct taken *taken = &homes->taken[i];
        if (taken->key == key && version_equal(taken->ballot, ballot))
            return (size_t)__builtin_popcount(taken->members) >= homes->n / 2 + 1;
    }
    return false;
}

static void answer_repair(struct fake_homes *homes, struct bench_frame *asked,
                          const Cartwheel__Write *write)
{
    unsigned key = key_of(homes, write->key);
    struct acceptor acceptor = acceptor_of(&homes->held[asked->to][key]);
    struct row row;
    ck_assert(row_decode(asked->frame.payload, &row));
    ck_assert(!write->decided || took_majority(homes, key, row.ballot));
    struct acceptance acceptance = acceptor_repair(&acceptor, &row, write->decided);
    held_accept(homes, asked->to, key, &acceptance, &row);
    bench_reply_write(homes->bench, asked, acceptance.verdict, acceptance.highest);
}

bool fake_homes_answer(struct fake_homes *homes, struct bench_frame *asked)
{
    if (asked->answered || homes->mood[asked->to] == MOOD_MUTE)
        return false;
    const ProtobufCMessage *body = frame_decode_body(&asked->frame, &homes->bench->arena);
    switch (asked->frame.header.type) {
    case FRAME_RANGE:
        answer_range(homes, asked, (const Cartwheel__Range *)body);
        return true;
    case FRAME_PREPARE:
        answer_prepare(homes, asked, (const Cartwheel__Prepare *)body);
        return true;
    case FRAME_ACCEPT:
        answer_accept(homes, asked, (const Cartwheel__Accept *)body);
        return true;
    case FRAME_COMMIT:
        take_commit(homes, asked, (const Cartwheel__Commit *)body);
        return true;
    case FRAME_REPAIR:
        answer_repair(homes, asked, (const Cartwheel__Write *)body);
        return true;
    default:
        ck_assert_int_eq(asked->frame.header.type, FRAME_HINT);
        bench_reply_hint(homes->bench, asked, VERDICT_TOOK);
        return true;
    }
}
