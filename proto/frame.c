#include "frame.h"

#include <string.h>

#include "cartwheel.pb-c.h"
#include "hash.h"

enum { BODY_CHECKSUM_AT = 72, HEADER_CHECKSUM_AT = 80 };

static const struct {
    const ProtobufCMessageDescriptor *descriptor;
    const char *name;
    enum frame_kind kind;
} types[FRAME_TYPES_END] = {
#define FRAME_ENTRY(enumerator, message, kind) \
    [FRAME_##enumerator] = {&cartwheel__##message##__descriptor, #enumerator, FRAME_KIND_##kind},
    FRAME_TYPES(FRAME_ENTRY)
#undef FRAME_ENTRY
};

static enum frame_kind kind_of(enum frame_type type)
{
    ensure(type > FRAME_NONE);
    ensure(type < FRAME_TYPES_END);
    return types[type].kind;
}

bool frame_is_control(enum frame_type type)
{
    return kind_of(type) == FRAME_KIND_CONTROL;
}

bool frame_is_reply(enum frame_type type)
{
    return kind_of(type) == FRAME_KIND_REPLY;
}

bool frame_is_once(enum frame_type type)
{
    return type == FRAME_WRITE || type == FRAME_HINT || type == FRAME_FORWARD ||
           type == FRAME_LEASE;
}

const char *frame_type_name(enum frame_type type)
{
    ensure(type > FRAME_NONE);
    ensure(type < FRAME_TYPES_END);
    return types[type].name;
}

/* Reads the fields in header order, up to the checksums. */
static void header_read(struct slice bytes, struct frame_header *header, uint32_t sizes[2])
{
    struct reader reader = reader_of(bytes);
    (void)reader_get_u8(&reader);
    header->type = (enum frame_type)reader_get_u8(&reader);
    header->to_shard = reader_get_u16(&reader);
    header->from_shard = reader_get_u16(&reader);
    header->to_life = reader_get_u16(&reader);
    sizes[0] = reader_get_u32(&reader);
    sizes[1] = reader_get_u32(&reader);
    header->request_id = reader_get_u64(&reader);
    header->from = reader_get_u64(&reader);
    header->wall_us = reader_get_u64(&reader);
    header->hlc = reader_get_u64(&reader);
    header->epoch = reader_get_u64(&reader);
    header->votes = reader_get_u64(&reader);
    header->start = reader_get_u64(&reader);
    ensure(!reader.failed);
}

bool frame_is_vote(enum frame_type type)
{
    return type == FRAME_PREPARE || type == FRAME_ACCEPT || type == FRAME_COMMIT ||
           type == FRAME_WRITE || type == FRAME_REPAIR;
}

static uint64_t checksum_read(struct slice frame, size_t at)
{
    struct reader reader = reader_of(slice_of(frame.data + at, sizeof(uint64_t)));
    return reader_get_u64(&reader);
}

static void checksum_write(uint8_t *at, uint64_t checksum)
{
    uint64_t big_endian = __builtin_bswap64(checksum);
    memcpy(at, &big_endian, sizeof(big_endian));
}

static uint64_t header_checksum(const uint8_t *frame)
{
    return hash64(slice_of(frame, HEADER_CHECKSUM_AT));
}

static uint64_t body_checksum(struct slice frame)
{
    return hash64(slice_of(frame.data + FRAME_HEADER_SIZE, frame.size - FRAME_HEADER_SIZE));
}

enum frame_result frame_size(struct slice received, size_t *size)
{
    *size = 0;
    if (received.size < FRAME_HEADER_SIZE)
        return FRAME_INCOMPLETE;
    if (received.data[0] != FRAME_VERSION)
        return FRAME_BAD_VERSION;
    if (checksum_read(received, HEADER_CHECKSUM_AT) != header_checksum(received.data))
        return FRAME_BAD;
    struct frame_header header;
    uint32_t sizes[2];
    header_read(received, &header, sizes);
    if (header.type <= FRAME_NONE || header.type >= FRAME_TYPES_END)
        return FRAME_BAD;
    size_t size_max = frame_is_control(header.type) ? FRAME_SIZE_MAX_CONTROL : FRAME_SIZE_MAX_DATA;
    size_t whole = (size_t)FRAME_HEADER_SIZE + sizes[0] + sizes[1];
    if (whole > size_max)
        return FRAME_BAD;
    *size = whole;
    return FRAME_OK;
}

enum frame_result frame_open(struct slice bytes, struct frame *frame)
{
    size_t size;
    enum frame_result result = frame_size(bytes, &size);
    if (result != FRAME_OK)
        return result;
    if (size != bytes.size)
        return FRAME_BAD;
    uint32_t sizes[2];
    header_read(bytes, &frame->header, sizes);
    frame->body = slice_of(bytes.data + FRAME_HEADER_SIZE, sizes[0]);
    frame->payload = slice_of(bytes.data + FRAME_HEADER_SIZE + sizes[0], sizes[1]);
    return FRAME_OK;
}

enum frame_result frame_decode(struct slice bytes, struct frame *frame)
{
    enum frame_result result = frame_open(bytes, frame);
    if (result != FRAME_OK)
        return result;
    return checksum_read(bytes, BODY_CHECKSUM_AT) == body_checksum(bytes) ? FRAME_OK : FRAME_BAD;
}

static void *allocate_in_arena(void *arena, size_t size)
{
    return arena_alloc(arena, size);
}

static void free_with_arena(void *arena, void *memory)
{
    (void)arena;
    (void)memory;
}

/* In the message or in one of its repeated members; no message here holds a single one. */
static bool has_unknown_fields(const ProtobufCMessage *message)
{
    if (message->n_unknown_fields > 0)
        return true;
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        if (field->type != PROTOBUF_C_TYPE_MESSAGE)
            continue;
        ensure(field->label == PROTOBUF_C_LABEL_REPEATED);
        const uint8_t *bytes = (const uint8_t *)message;
        size_t count;
        const ProtobufCMessage *const *members;
        memcpy(&count, bytes + field->quantifier_offset, sizeof(count));
        memcpy(&members, bytes + field->offset, sizeof(members));
        for (size_t member = 0; member < count; member++) {
            if (has_unknown_fields(members[member]))
                return true;
        }
    }
    return false;
}

ProtobufCMessage *frame_decode_body(const struct frame *frame, struct arena *arena)
{
    ProtobufCAllocator allocator = {allocate_in_arena, free_with_arena, arena};
    const ProtobufCMessageDescriptor *descriptor = types[frame->header.type].descriptor;
    ProtobufCMessage *message =
        protobuf_c_message_unpack(descriptor, &allocator, frame->body.size, frame->body.data);
    if (message == NULL || has_unknown_fields(message))
        return NULL;
    return message;
}

static void header_write(uint8_t *at, const struct frame_header *header, uint32_t body_size,
                         uint32_t payload_size)
{
    const uint64_t words[] = {header->request_id, header->from,  header->wall_us, header->hlc,
                              header->epoch,      header->votes, header->start};
    const uint32_t sizes[] = {body_size, payload_size};
    at[0] = FRAME_VERSION;
    at[1] = (uint8_t)header->type;
    at[2] = (uint8_t)(header->to_shard >> 8);
    at[3] = (uint8_t)header->to_shard;
    at[4] = (uint8_t)(header->from_shard >> 8);
    at[5] = (uint8_t)header->from_shard;
    at[6] = (uint8_t)(header->to_life >> 8);
    at[7] = (uint8_t)header->to_life;
    at += 8;
    for (size_t i = 0; i < array_size(sizes); i++, at += 4) {
        uint32_t big_endian = __builtin_bswap32(sizes[i]);
        memcpy(at, &big_endian, 4);
    }
    for (size_t i = 0; i < array_size(words); i++, at += 8) {
        uint64_t big_endian = __builtin_bswap64(words[i]);
        memcpy(at, &big_endian, 8);
    }
}

struct buffer *frame_encode(const struct frame_header *header, const ProtobufCMessage *body,
                            struct slice payload)
{
    ensure(body->descriptor == types[header->type].descriptor);
    size_t body_size = protobuf_c_message_get_packed_size(body);
    ensure(body_size + payload.size <= FRAME_SIZE_MAX_DATA - FRAME_HEADER_SIZE);
    struct buffer *buffer = buffer_new(FRAME_HEADER_SIZE + body_size + payload.size);
    header_write(buffer->data, header, (uint32_t)body_size, (uint32_t)payload.size);
    protobuf_c_message_pack(body, buffer->data + FRAME_HEADER_SIZE);
    if (payload.size > 0)
        memcpy(buffer->data + FRAME_HEADER_SIZE + body_size, payload.data, payload.size);
    checksum_write(buffer->data + BODY_CHECKSUM_AT, body_checksum(buffer_slice(buffer)));
    checksum_write(buffer->data + HEADER_CHECKSUM_AT, header_checksum(buffer->data));
    return buffer;
}

ProtobufCBinaryData binary_of_version(struct version version, uint8_t storage[VERSION_SIZE])
{
    uint64_t words[2] = {__builtin_bswap64(version.hlc), __builtin_bswap64(version.node)};
    memcpy(storage, words, VERSION_SIZE);
    return (ProtobufCBinaryData){VERSION_SIZE, storage};
}

bool version_of_binary(ProtobufCBinaryData bytes, struct version *version)
{
    struct reader reader = reader_of(slice_of_binary(bytes));
    *version = reader_get_version(&reader);
    return reader_done(&reader);
}
