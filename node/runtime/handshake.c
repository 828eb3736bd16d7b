#include "handshake.h"

#include <string.h>

/* States. dialler:  AWAIT_HELLO -> AWAIT_PROOF -> JUDGING -> AWAIT_WELCOME -> OVER
 *         acceptor: AWAIT_HELLO ->                AWAIT_PROOF -> JUDGING -> OVER */
enum state { AWAIT_HELLO, AWAIT_PROOF, JUDGING, AWAIT_WELCOME, OVER };

enum message_type { MESSAGE_HELLO = 1, MESSAGE_PROOF, MESSAGE_WELCOME, MESSAGE_REJECT };

enum { MESSAGE_HEAD_SIZE = 3 };

static const char magic[4] = {'C', 'W', 'H', 'L'};

static enum handshake_event take_message(struct handshake *handshake, struct writer *output);

static void put_message(struct writer *output, enum message_type type, struct slice body)
{
    ensure(body.size <= HANDSHAKE_MESSAGE_MAX);
    writer_put_u16(output, (uint16_t)body.size);
    writer_put_u8(output, (uint8_t)type);
    writer_put_slice(output, body);
}

/* The order of fields up to the version never changes, so that any two versions can tell each other
 * why they part. */
static void encode_hello(struct handshake *handshake, const uint8_t nonce[HANDSHAKE_NONCE_SIZE])
{
    const struct handshake_identity *self = handshake->self;
    struct writer *hello = &handshake->own_hello;
    writer_put(hello, magic, sizeof(magic));
    writer_put_u16(hello, HANDSHAKE_VERSION);
    writer_put_u8(hello, (uint8_t)handshake->kind);
    writer_put(hello, nonce, HANDSHAKE_NONCE_SIZE);
    writer_put_u64(hello, self->cluster_id);
    writer_put_u64(hello, self->id);
    writer_put_u64(hello, self->incarnation);
    writer_put_u64(hello, self->instance);
    writer_put_u16(hello, self->shard);
    writer_put_u16(hello, self->shards);
    writer_put_sized(hello, slice_of_string(self->name));
}

void handshake_init(struct handshake *handshake, const struct crypto *crypto, struct slice secret,
                    enum handshake_role role, enum link_kind kind,
                    const struct handshake_identity *self,
                    const uint8_t nonce[HANDSHAKE_NONCE_SIZE], struct writer *output)
{
    *handshake = (struct handshake){
        .crypto = crypto,
        .secret = secret,
        .role = role,
        .kind = kind,
        .self = self,
        .state = AWAIT_HELLO,
    };
    encode_hello(handshake, nonce);
    if (role == HANDSHAKE_DIALLER)
        put_message(output, MESSAGE_HELLO, writer_slice(&handshake->own_hello));
}

void handshake_deinit(struct handshake *handshake)
{
    writer_deinit(&handshake->own_hello);
    writer_deinit(&handshake->peer_hello);
    writer_deinit(&handshake->message);
}

static enum handshake_event fail(struct handshake *handshake, enum handshake_error error)
{
    handshake->error = error;
    handshake->state = OVER;
    return HANDSHAKE_FAILED;
}

/* Moves bytes from `rest` until the message holds `size` of them; false if there are too few. */
static bool gather(struct writer *message, struct slice *rest, size_t size)
{
    if (message->size >= size)
        return true;
    size_t missing = size - message->size;
    size_t taken = rest->size < missing ? rest->size : missing;
    if (taken == 0)
        return false;
    writer_put(message, rest->data, taken);
    *rest = slice_of(rest->data + taken, rest->size - taken);
    return taken == missing;
}

/* One message at most; false: the bytes ran out first. */
static bool next_message(struct handshake *handshake, struct slice *rest, bool *too_long)
{
    struct writer *message = &handshake->message;
    *too_long = false;
    if (!gather(message, rest, MESSAGE_HEAD_SIZE))
        return false;
    size_t size = (size_t)message->buffer->data[0] << 8 | message->buffer->data[1];
    *too_long = size > HANDSHAKE_MESSAGE_MAX;
    return *too_long || gather(message, rest, MESSAGE_HEAD_SIZE + size);
}

enum handshake_event handshake_feed(struct handshake *handshake, struct slice bytes,
                                    size_t *consumed, struct writer *output)
{
    ensure(handshake->state != JUDGING);
    ensure(handshake->state != OVER);
    struct slice rest = bytes;
    enum handshake_event event = HANDSHAKE_WANTS_BYTES;
    bool too_long;
    while (event == HANDSHAKE_WANTS_BYTES && next_message(handshake, &rest, &too_long)) {
        if (too_long) {
            event = fail(handshake, HANDSHAKE_MALFORMED);
        } else {
            event = take_message(handshake, output);
            writer_reset(&handshake->message);
        }
    }
    *consumed = bytes.size - rest.size;
    return event;
}

static void compute_proof(struct handshake *handshake, enum handshake_role prover,
                          uint8_t proof[HANDSHAKE_PROOF_SIZE])
{
    bool own_first = handshake->role == HANDSHAKE_DIALLER;
    struct writer signed_bytes;
    writer_init(&signed_bytes, HANDSHAKE_MESSAGE_MAX);
    writer_put_sized(&signed_bytes, prover == HANDSHAKE_DIALLER
                                        ? SLICE_LITERAL("cartwheel peer dialler")
                                        : SLICE_LITERAL("cartwheel peer acceptor"));
    writer_put_sized(&signed_bytes,
                     writer_slice(own_first ? &handshake->own_hello : &handshake->peer_hello));
    writer_put_sized(&signed_bytes,
                     writer_slice(own_first ? &handshake->peer_hello : &handshake->own_hello));
    handshake->crypto->hmac_sha256(handshake->secret, writer_slice(&signed_bytes), proof);
    writer_deinit(&signed_bytes);
}

static void put_proof(struct handshake *handshake, struct writer *output)
{
    uint8_t proof[HANDSHAKE_PROOF_SIZE];
    compute_proof(handshake, handshake->role, proof);
    put_message(output, MESSAGE_PROOF, slice_of(proof, sizeof(proof)));
}

enum handshake_event handshake_accept(struct handshake *handshake, struct writer *output)
{
    ensure(handshake->state == JUDGING);
    if (handshake->role == HANDSHAKE_DIALLER) {
        put_proof(handshake, output);
        handshake->state = AWAIT_WELCOME;
        return HANDSHAKE_WANTS_BYTES;
    }
    put_message(output, MESSAGE_WELCOME, SLICE_EMPTY);
    handshake->state = OVER;
    return HANDSHAKE_DONE;
}

void handshake_reject(struct handshake *handshake, enum handshake_error error,
                      struct writer *output)
{
    uint8_t code = (uint8_t)error;
    put_message(output, MESSAGE_REJECT, slice_of(&code, 1));
    handshake->error = error;
    handshake->state = OVER;
}

static enum handshake_event refuse(struct handshake *handshake, enum handshake_error error,
                                   struct writer *output)
{
    handshake_reject(handshake, error, output);
    return HANDSHAKE_FAILED;
}

/* `body` begins with the magic and the version that were just checked. */
static bool decode_hello(struct handshake *handshake, struct reader *reader)
{
    struct handshake_identity *peer = &handshake->peer;
    uint8_t kind = reader_get_u8(reader);
    reader_get_slice(reader, HANDSHAKE_NONCE_SIZE);
    peer->cluster_id = reader_get_u64(reader);
    peer->id = reader_get_u64(reader);
    peer->incarnation = reader_get_u64(reader);
    peer->instance = reader_get_u64(reader);
    peer->shard = reader_get_u16(reader);
    peer->shards = reader_get_u16(reader);
    struct slice name = reader_get_sized(reader);
    if (!reader_done(reader) || kind > LINK_JOIN || name.size == 0 ||
        name.size > HANDSHAKE_NAME_MAX || memchr(name.data, '\0', name.size) != NULL)
        return false;
    memcpy(peer->name, name.data, name.size);
    peer->name[name.size] = '\0';
    if (handshake->role == HANDSHAKE_ACCEPTOR)
        handshake->kind = (enum link_kind)kind;
    return peer->id != NODE_ID_NONE && peer->id == node_id_of(peer->id);
}

static enum handshake_error judge_hello(struct handshake *handshake, struct slice body)
{
    struct reader reader = reader_of(body);
    struct slice said = reader_get_slice(&reader, sizeof(magic));
    uint16_t version = reader_get_u16(&reader);
    if (reader.failed || !slice_equal(said, slice_of(magic, sizeof(magic))))
        return HANDSHAKE_MALFORMED;
    if (version != HANDSHAKE_VERSION)
        return HANDSHAKE_WRONG_VERSION;
    if (!decode_hello(handshake, &reader))
        return HANDSHAKE_MALFORMED;
    if (handshake->kind != LINK_JOIN && handshake->peer.cluster_id != handshake->self->cluster_id)
        return HANDSHAKE_WRONG_CLUSTER;
    if (handshake->peer.shards == 0 || handshake->peer.shard >= handshake->peer.shards)
        return HANDSHAKE_WRONG_SHARD;
    return HANDSHAKE_FINE;
}

static enum handshake_event take_hello(struct handshake *handshake, struct slice body,
                                       struct writer *output)
{
    enum handshake_error error = judge_hello(handshake, body);
    if (error != HANDSHAKE_FINE)
        return refuse(handshake, error, output);
    writer_put_slice(&handshake->peer_hello, body);
    if (handshake->role == HANDSHAKE_ACCEPTOR) {
        put_message(output, MESSAGE_HELLO, writer_slice(&handshake->own_hello));
        put_proof(handshake, output);
    }
    handshake->state = AWAIT_PROOF;
    return HANDSHAKE_WANTS_BYTES;
}

static enum handshake_event take_proof(struct handshake *handshake, struct slice body,
                                       struct writer *output)
{
    uint8_t expected[HANDSHAKE_PROOF_SIZE];
    compute_proof(handshake,
                  handshake->role == HANDSHAKE_DIALLER ? HANDSHAKE_ACCEPTOR : HANDSHAKE_DIALLER,
                  expected);
    if (body.size != sizeof(expected) ||
        !handshake->crypto->equal(body.data, expected, sizeof(expected)))
        return refuse(handshake, HANDSHAKE_WRONG_SECRET, output);
    handshake->proven = true;
    handshake->state = JUDGING;
    return HANDSHAKE_PROVEN;
}

static enum handshake_event take_reject(struct handshake *handshake, struct slice body)
{
    enum handshake_error error = HANDSHAKE_MALFORMED;
    if (body.size == 1 && body.data[0] > HANDSHAKE_FINE && body.data[0] < HANDSHAKE_ERRORS)
        error = (enum handshake_error)body.data[0];
    handshake->error_is_peers = true;
    return fail(handshake, error);
}

static enum handshake_event take_message(struct handshake *handshake, struct writer *output)
{
    struct slice message = writer_slice(&handshake->message);
    enum message_type type = message.data[MESSAGE_HEAD_SIZE - 1];
    struct slice body =
        slice_of(message.data + MESSAGE_HEAD_SIZE, message.size - MESSAGE_HEAD_SIZE);
    if (type == MESSAGE_REJECT)
        return take_reject(handshake, body);
    if (type == MESSAGE_HELLO && handshake->state == AWAIT_HELLO)
        return take_hello(handshake, body, output);
    if (type == MESSAGE_PROOF && handshake->state == AWAIT_PROOF)
        return take_proof(handshake, body, output);
    if (type == MESSAGE_WELCOME && handshake->state == AWAIT_WELCOME && body.size == 0) {
        handshake->state = OVER;
        return HANDSHAKE_DONE;
    }
    return fail(handshake, HANDSHAKE_MALFORMED);
}

const char *handshake_error_name(enum handshake_error error)
{
    static const char *const names[HANDSHAKE_ERRORS] = {
        [HANDSHAKE_FINE] = "none",
        [HANDSHAKE_MALFORMED] = "malformed",
        [HANDSHAKE_WRONG_VERSION] = "wrong_protocol_version",
        [HANDSHAKE_WRONG_CLUSTER] = "wrong_cluster",
        [HANDSHAKE_WRONG_SECRET] = "wrong_secret",
        [HANDSHAKE_UNKNOWN_NAME] = "unknown_name",
        [HANDSHAKE_WRONG_NAME] = "wrong_name",
        [HANDSHAKE_WRONG_ID] = "lost_its_data",
        [HANDSHAKE_OWN_ID] = "own_id",
        [HANDSHAKE_CLONE] = "clone",
        [HANDSHAKE_WRONG_SHARD] = "wrong_shard",
        [HANDSHAKE_SHUTTING_DOWN] = "shutting_down",
        [HANDSHAKE_REMOVED] = "removed",
    };
    return names[error];
}
