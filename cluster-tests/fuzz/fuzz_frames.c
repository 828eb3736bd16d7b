/* F13: frames from peers to a whole node. Choices make frames with good checksums: any type, any
 * header, bodies field by field as the protobuf descriptors have them, or any bytes; and requests of
 * the node's own, which wait for answers that such frames are. The node may drop, refuse or believe
 * them: it must not abort, nor leak, nor keep more than it may. */
#include "cartwheel.pb-c.h"
#include "frame.h"
#include "fuzz.h"
#include "hash.h"
#include "key.h"
#include "leaf.h"
#include "lone_node.h"
#include "program_build.h"
#include "row.h"

enum { STEPS_MAX = 24, REQUESTS_MAX = 6, TABLE = 100, FIELDS_REPEATED_MAX = 3 };

static const ProtobufCMessageDescriptor *const descriptors[] = {
#define DESCRIPTOR(enumerator, message, kind) \
    [FRAME_##enumerator] = &cartwheel__##message##__descriptor,
    FRAME_TYPES(DESCRIPTOR)
#undef DESCRIPTOR
};

struct session {
    struct lone_node lone;
    struct draws draws;
    struct arena arena;
    struct request requests[REQUESTS_MAX];
    unsigned requests_count;
    unsigned requests_done;
};

static struct session session;

static struct slice finish(struct writer *writer)
{
    return writer_take(writer, &session.arena);
}

static struct slice draw_key(void)
{
    static const char *const parts[] = {"a", "b", ""};
    struct writer key;
    writer_init(&key, 0);
    const uint64_t tables[] = {1, TABLE, TABLE, TABLE | TABLE_ID_INDEXED};
    uint64_t table = tables[draw_below(&session.draws, array_size(tables))];
    struct slice partition_key = slice_of_string(DRAW_ONE(&session.draws, parts));
    struct slice sort_key = slice_of_string(DRAW_ONE(&session.draws, parts));
    struct item_key parsed = item_key_of(table, partition_key, sort_key, 8);
    item_key_encode(&key, &parsed);
    return finish(&key);
}

static struct version draw_version(void)
{
    uint64_t now = session.lone.now.wall_us / 1000 << 16;
    uint64_t nodes[] = {session.lone.self, session.lone.peers[0], session.lone.peers[1], 0};
    struct version version = VERSION_NONE;
    uint32_t kind = draw_below(&session.draws, 4);
    if (kind == 1) {
        version.hlc = draw_u64(&session.draws);
        version.node = draw_u64(&session.draws);
    } else if (kind > 1) {
        version.hlc = now + draw_below(&session.draws, 16);
        version.node = nodes[draw_below(&session.draws, array_size(nodes))];
    }
    return version;
}

static struct slice draw_row(void)
{
    struct writer bytes;
    writer_init(&bytes, 0);
    struct row row = row_plain(draw_version(), false, SLICE_EMPTY);
    row.tombstone = draw_bool(&session.draws);
    row.proposed = draw_bool(&session.draws);
    if (draw_bool(&session.draws))
        row.origin = draw_version();
    if (draw_bool(&session.draws)) {
        row.lineage.count = (uint8_t)draw_below(&session.draws, LINEAGE_MAX + 1);
        for (unsigned i = 0; i < row.lineage.count; i++)
            row.lineage.origins[i] = draw_version();
        row.lineage.base = draw_version();
    }
    if (!row.tombstone)
        row.value = draw_item(&session.draws, &session.arena, 2, 3);
    row_encode(&bytes, &row);
    if (draw_byte(&session.draws) % 8 == 7) {
        size_t at = draw_below(&session.draws, 40) % bytes.size;
        bytes.buffer->data[at] = (uint8_t)draw_below(&session.draws, 64);
    }
    return finish(&bytes);
}

static struct slice draw_program(void)
{
    struct writer program;
    struct expression_context context;
    writer_init(&program, 0);
    const char *problem = expression_context_init(&context, &session.arena, NULL,
                                                  json_quoted(&session.arena, "{':n':{'N':'1'}}"));
    ensure(problem == NULL);
    problem = program_compile(&program, &context,
                              draw_bool(&session.draws) ? SLICE_LITERAL("attribute_exists(a)")
                                                        : SLICE_EMPTY,
                              SLICE_LITERAL("ADD n :n"), item_of_json(&session.arena, "{}"));
    ensure(problem == NULL);
    return finish(&program);
}

/* Sized bytes, as several payloads hold them. */
static struct slice draw_pairs(void)
{
    struct writer pairs;
    writer_init(&pairs, 0);
    for (uint32_t i = draw_below(&session.draws, 4); i > 0; i--) {
        writer_put_sized(&pairs, draw_key());
        if (draw_bool(&session.draws))
            writer_put_u8(&pairs, draw_bool(&session.draws));
        if (draw_bool(&session.draws)) {
            writer_put_sized(&pairs, draw_row());
        } else {
            writer_put_version(&pairs, draw_version());
            writer_put_version(&pairs, draw_version());
        }
    }
    return finish(&pairs);
}

/* Sums, as exchanges get them: of tables, by their ids, or of a group's leaves. */
static struct slice draw_sums(void)
{
    struct writer sums;
    bool named = draw_bool(&session.draws);
    writer_init(&sums, 0);
    for (uint32_t i = named ? draw_below(&session.draws, 4) : GROUP_LEAVES; i > 0; i--) {
        uint64_t rows = draw_below(&session.draws, 100);
        if (named) {
            writer_put_u64(&sums, draw_bool(&session.draws) ? TABLE : i);
            writer_put_varint(&sums, rows);
        }
        if (!named || rows != 0)
            writer_put_version(&sums, draw_version());
    }
    return finish(&sums);
}

static struct slice draw_field_bytes(void)
{
    struct writer writer;
    switch (draw_below(&session.draws, 8)) {
    case 0:
        return draw_bytes(&session.draws, 40);
    case 1:
        return draw_row();
    case 2:
        return draw_program();
    case 3:
        return draw_pairs();
    case 4:
        return draw_sums();
    case 5:
        writer_init(&writer, 0);
        writer_put_version(&writer, draw_version());
        return finish(&writer);
    default:
        return draw_key();
    }
}

static uint64_t draw_number_field(void)
{
    uint64_t number;
    switch (draw_below(&session.draws, 4)) {
    case 0:
        return draw_u64(&session.draws);
    case 1:
        return session.lone.peers[draw_below(&session.draws, 2)];
    default:
        number = draw_below(&session.draws, 12);
        return number == 11 ? TABLE : number;
    }
}

static void put_message(struct writer *to, const ProtobufCMessageDescriptor *descriptor);

/* The wire format: a varint of the field's number and wire type, then the value. */
static void put_field(struct writer *to, const ProtobufCFieldDescriptor *field)
{
    static const char *const names[] = {"n1", "n2", "n3", "stranger", ""};
    struct writer inner;
    uint64_t number;
    switch (field->type) {
    case PROTOBUF_C_TYPE_BYTES:
        writer_put_varint(to, (uint64_t)field->id << 3 | 2);
        writer_put_sized(to, draw_field_bytes());
        return;
    case PROTOBUF_C_TYPE_STRING:
        writer_put_varint(to, (uint64_t)field->id << 3 | 2);
        writer_put_sized(to, slice_of_string(DRAW_ONE(&session.draws, names)));
        return;
    case PROTOBUF_C_TYPE_MESSAGE:
        writer_init(&inner, 0);
        put_message(&inner, field->descriptor);
        writer_put_varint(to, (uint64_t)field->id << 3 | 2);
        writer_put_sized(to, writer_slice(&inner));
        writer_deinit(&inner);
        return;
    case PROTOBUF_C_TYPE_FIXED64:
        number = draw_number_field();
        writer_put_varint(to, (uint64_t)field->id << 3 | 1);
        writer_put(to, &number, sizeof(number));
        return;
    default:
        writer_put_varint(to, (uint64_t)field->id << 3);
        writer_put_varint(to, draw_number_field());
    }
}

static void put_message(struct writer *to, const ProtobufCMessageDescriptor *descriptor)
{
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        uint32_t count = field->label == PROTOBUF_C_LABEL_REPEATED
                             ? draw_below(&session.draws, FIELDS_REPEATED_MAX + 1)
                             : draw_byte(&session.draws) % 8 != 0;
        for (; count > 0; count--)
            put_field(to, field);
    }
}

static struct frame_header draw_header(enum frame_type type, node_id from)
{
    struct draws *draws = &session.draws;
    uint64_t now = session.lone.now.wall_us;
    struct frame_header header = {.type = type, .from = from, .wall_us = now};
    header.from_shard = (uint16_t)draw_below(draws, 2);
    header.to_life = (uint16_t)draw_below(draws, 3);
    header.request_id = draw_bool(draws) ? session.lone.asked[draw_below(draws, LONE_ASKED)]
                                         : draw_below(draws, 256);
    header.hlc = (now / 1000 + draw_below(draws, 2) * 100) << 16;
    header.epoch = draw_below(draws, 3);
    header.votes = draw_byte(draws) % 8 == 7 ? draw_u64(draws) : 0;
    header.start = draw_below(draws, 3);
    return header;
}

static void put_u32(uint8_t *at, size_t value)
{
    uint32_t big_endian = __builtin_bswap32((uint32_t)value);
    memcpy(at, &big_endian, sizeof(big_endian));
}

/* A frame of any bytes for a body. No encoder makes it: it is made as a payload, and then the
 * header is changed and summed anew (frame.h). */
static void receive(const struct frame_header *header, struct slice body, struct slice payload)
{
    Cartwheel__Announce nothing = CARTWHEEL__ANNOUNCE__INIT;
    struct frame_header announced = *header;
    struct writer both;
    announced.type = FRAME_ANNOUNCE;
    writer_init(&both, 0);
    writer_put_slice(&both, body);
    writer_put_slice(&both, payload);
    struct buffer *frame = frame_encode(&announced, &nothing.base, writer_slice(&both));
    frame->data[1] = (uint8_t)header->type;
    put_u32(frame->data + 8, body.size);
    put_u32(frame->data + 12, payload.size);
    uint64_t checksum = __builtin_bswap64(hash64(slice_of(frame->data, FRAME_HEADER_SIZE - 8)));
    memcpy(frame->data + FRAME_HEADER_SIZE - 8, &checksum, sizeof(checksum));
    node_on_frame(session.lone.node, session.lone.now, header->from, buffer_slice(frame));
    buffer_unref(frame);
    writer_deinit(&both);
}

static void draw_frame(void)
{
    enum frame_type type = (enum frame_type)(1 + draw_below(&session.draws, FRAME_TYPES_END - 1));
    node_id from = session.lone.peers[draw_below(&session.draws, 2)];
    struct frame_header header = draw_header(type, from);
    struct writer body;
    writer_init(&body, 0);
    if (draw_byte(&session.draws) % 8 == 7)
        writer_put_slice(&body, draw_bytes(&session.draws, 64));
    else
        put_message(&body, descriptors[type]);
    struct slice payload = draw_bool(&session.draws) ? draw_field_bytes() : SLICE_EMPTY;
    receive(&header, writer_slice(&body), payload);
    writer_deinit(&body);
}

static void on_request_done(struct request *request)
{
    (void)request;
    session.requests_done++;
}

static void draw_request(void)
{
    static const enum request_kind kinds[] = {REQUEST_WRITE, REQUEST_READ, REQUEST_RANGE};
    if (session.requests_count == REQUESTS_MAX)
        return;
    struct request *request = &session.requests[session.requests_count++];
    request_init(request, kinds[draw_below(&session.draws, 3)], on_request_done);
    request->quorum = (struct quorum){3, 1, 2, draw_bool(&session.draws)};
    request->consistent = draw_bool(&session.draws);
    request->key = draw_key();
    request->tombstone = draw_bool(&session.draws);
    request->value = draw_item(&session.draws, &session.arena, 1, 3);
    request->want_old_size = draw_bool(&session.draws);
    if (draw_bool(&session.draws))
        request->program = draw_program();
    if (request->kind == REQUEST_RANGE) {
        struct writer to;
        writer_init(&to, 0);
        bytes_successor(request->key, &to);
        request->to = finish(&to);
        request->reverse = draw_bool(&session.draws);
        request->rows_max = 1 + draw_below(&session.draws, 4);
        request->bytes_max = 1 + draw_below(&session.draws, 4096);
    }
    node_on_request(session.lone.node, session.lone.now, request);
}

static void draw_step(void)
{
    switch (draw_below(&session.draws, 8)) {
    case 0:
        draw_request();
        break;
    case 1:
        for (uint32_t steps = draw_below(&session.draws, 40); steps > 0; steps--)
            lone_node_step(&session.lone);
        break;
    case 2:
        node_on_peer_down(session.lone.node, session.lone.now,
                          session.lone.peers[draw_below(&session.draws, 2)]);
        break;
    default:
        draw_frame();
    }
    lone_node_step(&session.lone);
}

static void end(void)
{
    lone_node_deinit(&session.lone);
    ensure(session.requests_done == session.requests_count);
    for (unsigned i = 0; i < session.requests_count; i++)
        request_release(&session.requests[i]);
    arena_deinit(&session.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    session = (struct session){.draws = {slice_of(data, size)}};
    arena_init(&session.arena);
    lone_node_init(&session.lone, LONE_MEMBERS_MAX);
    struct table_schema schema = {.replicas = 3,
                                  .local = {{.name = SLICE_LITERAL("n"), .type = VALUE_NUMBER}}};
    node_set_table(session.lone.node, TABLE, &schema);
    schema.local_count = 1;
    node_set_table(session.lone.node, TABLE | TABLE_ID_INDEXED, &schema);
    for (unsigned i = 0; i < STEPS_MAX && session.draws.left.size > 0; i++)
        draw_step();
    end();
    return 0;
}
