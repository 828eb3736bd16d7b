/* Frames: every type there and back, and everything that a network or a stranger could make of
 * them. */
#include "frame.h"

#include <stdlib.h>
#include <string.h>

#include "cartwheel.pb-c.h"
#include "hash.h"
#include "prng.h"
#include "test_main.h"

static const struct {
    enum frame_type type;
    const ProtobufCMessageDescriptor *descriptor;
    enum frame_kind kind;
    const char *name;
} types[] = {
#define TYPE_ENTRY(enumerator, message, kind) \
    {FRAME_##enumerator, &cartwheel__##message##__descriptor, FRAME_KIND_##kind, #enumerator},
    FRAME_TYPES(TYPE_ENTRY)
#undef TYPE_ENTRY
};

enum { CHECKSUM_AT = FRAME_HEADER_SIZE - 8, BODY_SIZE_AT = 8, PAYLOAD_SIZE_AT = 12 };

static ProtobufCMessage *random_body(struct arena *arena, struct prng *prng,
                                     const ProtobufCMessageDescriptor *descriptor);

static struct slice random_bytes(struct arena *arena, struct prng *prng, size_t size)
{
    uint8_t *bytes = arena_alloc(arena, size + 1);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)('a' + prng_below(prng, 26));
    bytes[size] = 0;
    return slice_of(bytes, size);
}

static void fill_repeated(struct arena *arena, struct prng *prng, uint8_t *message,
                          const ProtobufCFieldDescriptor *field)
{
    size_t count = (size_t)prng_below(prng, 4);
    ProtobufCMessage **members = arena_alloc(arena, (count + 1) * sizeof(*members));
    for (size_t i = 0; i < count; i++)
        members[i] = random_body(arena, prng, field->descriptor);
    memcpy(message + field->quantifier_offset, &count, sizeof(count));
    memcpy(message + field->offset, &members, sizeof(members));
}

static void fill_field(struct arena *arena, struct prng *prng, uint8_t *message,
                       const ProtobufCFieldDescriptor *field)
{
    uint64_t number = prng_next(prng) >> prng_below(prng, 64);
    uint32_t small = (uint32_t)number;
    struct slice bytes = random_bytes(arena, prng, (size_t)prng_below(prng, 40));
    const uint8_t *text = bytes.data;
    ProtobufCBinaryData binary = binary_of(bytes);
    protobuf_c_boolean boolean = number & 1;
    switch (field->type) {
    case PROTOBUF_C_TYPE_UINT32:
        memcpy(message + field->offset, &small, sizeof(small));
        break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SINT64:
        memcpy(message + field->offset, &number, sizeof(number));
        break;
    case PROTOBUF_C_TYPE_BOOL:
        memcpy(message + field->offset, &boolean, sizeof(boolean));
        break;
    case PROTOBUF_C_TYPE_STRING:
        memcpy(message + field->offset, &text, sizeof(text));
        break;
    case PROTOBUF_C_TYPE_BYTES:
        memcpy(message + field->offset, &binary, sizeof(binary));
        break;
    default:
        ck_assert_int_eq(field->type, PROTOBUF_C_TYPE_MESSAGE);
        ck_assert_int_eq(field->label, PROTOBUF_C_LABEL_REPEATED);
        fill_repeated(arena, prng, message, field);
        break;
    }
}

/* A message with a random value in every field, whatever its type has. */
static ProtobufCMessage *random_body(struct arena *arena, struct prng *prng,
                                     const ProtobufCMessageDescriptor *descriptor)
{
    ProtobufCMessage *body = arena_zalloc(arena, descriptor->sizeof_message);
    protobuf_c_message_init(descriptor, body);
    for (unsigned i = 0; i < descriptor->n_fields; i++)
        fill_field(arena, prng, (uint8_t *)body, &descriptor->fields[i]);
    return body;
}

static struct frame_header random_header(struct prng *prng, enum frame_type type)
{
    return (struct frame_header){.type = type,
                                 .to_shard = (uint16_t)prng_next(prng),
                                 .from_shard = (uint16_t)prng_next(prng),
                                 .to_life = (uint16_t)prng_next(prng),
                                 .request_id = prng_next(prng),
                                 .from = node_id_of(prng_next(prng)),
                                 .wall_us = prng_next(prng),
                                 .hlc = prng_next(prng),
                                 .epoch = prng_next(prng),
                                 .votes = prng_next(prng),
                                 .start = prng_next(prng)};
}

static struct buffer *random_frame(struct arena *arena, struct prng *prng, size_t index)
{
    struct frame_header header = random_header(prng, types[index].type);
    ProtobufCMessage *body = random_body(arena, prng, types[index].descriptor);
    return frame_encode(&header, body, random_bytes(arena, prng, (size_t)prng_below(prng, 60)));
}

static void check_header(const struct frame_header *is, const struct frame_header *was)
{
    ck_assert_int_eq(is->type, was->type);
    ck_assert_uint_eq(is->to_shard, was->to_shard);
    ck_assert_uint_eq(is->from_shard, was->from_shard);
    ck_assert_uint_eq(is->to_life, was->to_life);
    ck_assert_uint_eq(is->request_id, was->request_id);
    ck_assert_uint_eq(is->from, was->from);
    ck_assert_uint_eq(is->wall_us, was->wall_us);
    ck_assert_uint_eq(is->hlc, was->hlc);
    ck_assert_uint_eq(is->epoch, was->epoch);
    ck_assert_uint_eq(is->votes, was->votes);
    ck_assert_uint_eq(is->start, was->start);
}

static void check_body(const struct frame *frame, const ProtobufCMessage *was, struct arena *arena)
{
    const ProtobufCMessage *is = frame_decode_body(frame, arena);
    ck_assert_ptr_nonnull(is);
    ck_assert_ptr_eq(is->descriptor, was->descriptor);
    size_t size = protobuf_c_message_get_packed_size(was);
    ck_assert_uint_eq(protobuf_c_message_get_packed_size(is), size);
    uint8_t *packed_is = arena_alloc(arena, size + 1);
    uint8_t *packed_was = arena_alloc(arena, size + 1);
    protobuf_c_message_pack(is, packed_is);
    protobuf_c_message_pack(was, packed_was);
    ck_assert(slice_equal(slice_of(packed_is, size), slice_of(packed_was, size)));
}

START_TEST(every_type_comes_back_as_it_went)
{
    struct prng prng;
    struct arena arena;
    prng_init(&prng, 1);
    arena_init(&arena);
    for (size_t i = 0; i < array_size(types) * 40; i++) {
        size_t type = i % array_size(types);
        struct frame_header header = random_header(&prng, types[type].type);
        ProtobufCMessage *body = random_body(&arena, &prng, types[type].descriptor);
        struct slice payload = random_bytes(&arena, &prng, (size_t)prng_below(&prng, 300));
        struct buffer *encoded = frame_encode(&header, body, payload);
        struct frame frame;
        ck_assert_int_eq(frame_decode(buffer_slice(encoded), &frame), FRAME_OK);
        check_header(&frame.header, &header);
        check_body(&frame, body, &arena);
        ck_assert(slice_equal(frame.payload, payload));
        buffer_unref(encoded);
        arena_reset(&arena);
    }
    arena_deinit(&arena);
}
END_TEST

START_TEST(types_have_their_names_and_lanes)
{
    for (size_t i = 0; i < array_size(types); i++) {
        ck_assert_str_eq(frame_type_name(types[i].type), types[i].name);
        ck_assert_int_eq(frame_is_control(types[i].type), types[i].kind == FRAME_KIND_CONTROL);
        ck_assert_int_eq(frame_is_reply(types[i].type), types[i].kind == FRAME_KIND_REPLY);
    }
    ck_assert_uint_eq(array_size(types), FRAME_TYPES_END - 1);
}
END_TEST

START_TEST(writes_are_not_safe_to_repeat)
{
    for (size_t i = 0; i < array_size(types); i++) {
        enum frame_type type = types[i].type;
        bool once = type == FRAME_WRITE || type == FRAME_HINT || type == FRAME_FORWARD ||
                    type == FRAME_LEASE;
        ck_assert_int_eq(frame_is_once(type), once);
    }
}
END_TEST

/* Flips every bit pattern of `masks` in every byte. */
static void check_corruption(struct slice good, unsigned mask_first, unsigned mask_step)
{
    uint8_t *bytes = malloc(good.size);
    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, good.data, good.size);
    for (size_t at = 0; at < good.size; at++) {
        for (unsigned mask = mask_first; mask < 256; mask += mask_step) {
            struct frame frame;
            bytes[at] ^= (uint8_t)mask;
            ck_assert_msg(frame_decode(slice_of(bytes, good.size), &frame) != FRAME_OK,
                          "byte %zu changed by %02x was not noticed", at, mask);
            size_t size;
            if (at < FRAME_HEADER_SIZE)
                ck_assert_int_ne(frame_size(slice_of(bytes, good.size), &size), FRAME_OK);
            bytes[at] ^= (uint8_t)mask;
        }
    }
    free(bytes);
}

START_TEST(every_change_of_one_byte_is_refused)
{
    struct prng prng;
    struct arena arena;
    prng_init(&prng, 2);
    arena_init(&arena);
    for (size_t i = 0; i < array_size(types); i++) {
        struct buffer *encoded = random_frame(&arena, &prng, i);
        if (types[i].type == FRAME_WRITE)
            check_corruption(buffer_slice(encoded), 1, 1);
        else
            check_corruption(buffer_slice(encoded), 1, 23);
        buffer_unref(encoded);
    }
    arena_deinit(&arena);
}
END_TEST

START_TEST(every_truncation_and_extension_is_refused)
{
    struct prng prng;
    struct arena arena;
    prng_init(&prng, 3);
    arena_init(&arena);
    for (size_t i = 0; i < array_size(types); i++) {
        struct buffer *encoded = random_frame(&arena, &prng, i);
        struct slice whole = buffer_slice(encoded);
        struct frame frame;
        for (size_t size = 0; size < whole.size; size++)
            ck_assert_int_eq(frame_decode(slice_of(whole.data, size), &frame),
                             size < FRAME_HEADER_SIZE ? FRAME_INCOMPLETE : FRAME_BAD);
        uint8_t *longer = arena_zalloc(&arena, whole.size + 1);
        memcpy(longer, whole.data, whole.size);
        ck_assert_int_eq(frame_decode(slice_of(longer, whole.size + 1), &frame), FRAME_BAD);
        buffer_unref(encoded);
    }
    arena_deinit(&arena);
}
END_TEST

START_TEST(the_size_is_known_from_the_first_whole_header_on)
{
    struct prng prng;
    struct arena arena;
    prng_init(&prng, 4);
    arena_init(&arena);
    for (size_t i = 0; i < array_size(types); i++) {
        struct buffer *encoded = random_frame(&arena, &prng, i);
        for (size_t received = 0; received <= encoded->size; received++) {
            size_t size = 77;
            enum frame_result result = frame_size(slice_of(encoded->data, received), &size);
            bool header = received >= FRAME_HEADER_SIZE;
            ck_assert_int_eq(result, header ? FRAME_OK : FRAME_INCOMPLETE);
            ck_assert_uint_eq(size, header ? encoded->size : 0);
        }
        buffer_unref(encoded);
    }
    arena_deinit(&arena);
}
END_TEST

static void put_u32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static enum frame_result size_of_header(uint8_t version, uint8_t type, uint32_t body,
                                        uint32_t payload)
{
    uint8_t header[FRAME_HEADER_SIZE] = {version, type};
    size_t size = 77;
    put_u32(header + BODY_SIZE_AT, body);
    put_u32(header + PAYLOAD_SIZE_AT, payload);
    uint64_t checksum = hash64(slice_of(header, CHECKSUM_AT));
    put_u32(header + CHECKSUM_AT, (uint32_t)(checksum >> 32));
    put_u32(header + CHECKSUM_AT + 4, (uint32_t)checksum);
    enum frame_result result = frame_size(slice_of(header, sizeof(header)), &size);
    ck_assert_uint_eq(size, result == FRAME_OK ? (size_t)FRAME_HEADER_SIZE + body + payload : 0);
    return result;
}

START_TEST(sizes_beyond_the_limit_are_refused_before_memory_is_spent)
{
    for (size_t i = 0; i < array_size(types); i++) {
        uint8_t type = (uint8_t)types[i].type;
        uint32_t most =
            frame_is_control(types[i].type) ? FRAME_SIZE_MAX_CONTROL : FRAME_SIZE_MAX_DATA;
        most -= FRAME_HEADER_SIZE;
        ck_assert_int_eq(size_of_header(FRAME_VERSION, type, most, 0), FRAME_OK);
        ck_assert_int_eq(size_of_header(FRAME_VERSION, type, 0, most), FRAME_OK);
        ck_assert_int_eq(size_of_header(FRAME_VERSION, type, most, 1), FRAME_BAD);
        ck_assert_int_eq(size_of_header(FRAME_VERSION, type, 1, most), FRAME_BAD);
        ck_assert_int_eq(size_of_header(FRAME_VERSION, type, UINT32_MAX, 0), FRAME_BAD);
        ck_assert_int_eq(size_of_header(FRAME_VERSION, type, 0, UINT32_MAX), FRAME_BAD);
        ck_assert_int_eq(size_of_header(FRAME_VERSION, type, UINT32_MAX, UINT32_MAX), FRAME_BAD);
    }
}
END_TEST

START_TEST(unknown_versions_and_types_are_refused)
{
    for (unsigned version = 0; version < 256; version++) {
        for (unsigned type = 0; type < 256; type++) {
            enum frame_result wanted = version != FRAME_VERSION ? FRAME_BAD_VERSION
                                       : type == FRAME_NONE || type >= FRAME_TYPES_END ? FRAME_BAD
                                                                                       : FRAME_OK;
            ck_assert_int_eq(size_of_header((uint8_t)version, (uint8_t)type, 10, 10), wanted);
        }
    }
}
END_TEST

static bool body_decodes(enum frame_type type, const ProtobufCMessage *body, struct arena *arena)
{
    struct frame_header header = {.type = type};
    struct frame frame;
    struct buffer *encoded = frame_encode(&header, body, SLICE_EMPTY);
    ck_assert_int_eq(frame_decode(buffer_slice(encoded), &frame), FRAME_OK);
    bool decodes = frame_decode_body(&frame, arena) != NULL;
    buffer_unref(encoded);
    return decodes;
}

START_TEST(fields_that_are_not_known_are_refused)
{
    struct prng prng;
    struct arena arena;
    uint8_t seven = 7;
    ProtobufCMessageUnknownField unknown = {100, PROTOBUF_C_WIRE_TYPE_VARINT, 1, &seven};
    prng_init(&prng, 5);
    arena_init(&arena);
    for (size_t i = 0; i < array_size(types); i++) {
        ProtobufCMessage *body = random_body(&arena, &prng, types[i].descriptor);
        ck_assert(body_decodes(types[i].type, body, &arena));
        body->n_unknown_fields = 1;
        body->unknown_fields = &unknown;
        ck_assert(!body_decodes(types[i].type, body, &arena));
    }
    Cartwheel__Rumour rumour;
    cartwheel__rumour__init(&rumour);
    Cartwheel__Rumour *rumours[] = {&rumour};
    Cartwheel__News news = CARTWHEEL__NEWS__INIT;
    news.rumours = rumours;
    news.n_rumours = 1;
    ck_assert(body_decodes(FRAME_GOSSIP, &news.base, &arena));
    rumour.base.n_unknown_fields = 1;
    rumour.base.unknown_fields = &unknown;
    ck_assert_msg(!body_decodes(FRAME_GOSSIP, &news.base, &arena), "an unknown field in a rumour");
    arena_deinit(&arena);
}
END_TEST

START_TEST(any_bytes_may_stand_in_a_body)
{
    struct prng prng;
    struct arena arena;
    prng_init(&prng, 6);
    arena_init(&arena);
    for (int round = 0; round < 20000; round++) {
        uint8_t bytes[64];
        size_t size = (size_t)prng_below(&prng, sizeof(bytes));
        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)(prng_next(&prng) & (prng_chance(&prng, 500000) ? 0xff : 0x1a));
        struct frame frame = {.header = {.type = types[round % (int)array_size(types)].type},
                              .body = slice_of(bytes, size)};
        const ProtobufCMessage *body = frame_decode_body(&frame, &arena);
        if (body != NULL)
            ck_assert_ptr_eq(body->descriptor, types[round % (int)array_size(types)].descriptor);
        arena_reset(&arena);
    }
    arena_deinit(&arena);
}
END_TEST

START_TEST(versions_travel_as_16_bytes_and_nothing_else)
{
    uint8_t storage[VERSION_SIZE + 1] = {0};
    struct version version = {UINT64_C(0x0102030405060708), UINT64_C(0xf1f2f3f4f5f60000)};
    struct version back;
    ProtobufCBinaryData field = binary_of_version(version, storage);
    ck_assert(version_of_binary(field, &back));
    ck_assert(version_equal(version, back));
    for (size_t size = 0; size <= VERSION_SIZE + 1; size++)
        ck_assert_int_eq(version_of_binary((ProtobufCBinaryData){size, storage}, &back),
                         size == VERSION_SIZE);
}
END_TEST

TEST_MAIN("frame", every_type_comes_back_as_it_went, types_have_their_names_and_lanes,
          writes_are_not_safe_to_repeat, every_change_of_one_byte_is_refused,
          every_truncation_and_extension_is_refused,
          the_size_is_known_from_the_first_whole_header_on,
          sizes_beyond_the_limit_are_refused_before_memory_is_spent,
          unknown_versions_and_types_are_refused, fields_that_are_not_known_are_refused,
          any_bytes_may_stand_in_a_body, versions_travel_as_16_bytes_and_nothing_else)
