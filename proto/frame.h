/* frame: what travels between shards: a fixed header, a protobuf body by type, and raw payload
 * bytes that need no copy to be read. Layout, big-endian:
 *
 *   0 u8 version    1 u8 type    2 u16 to shard    4 u16 from shard    6 u16 to life
 *   8 u32 body size    12 u32 payload size    16 u64 request id    24 u64 from node
 *   32 u64 sender's wall clock, us    40 u64 sender's HLC    48 u64 ring epoch
 *   56 u64 sender's votes    64 u64 sender's start
 *   72 u64 XXH3-64 of body and payload    80 u64 XXH3-64 of the 80 bytes before
 *
 * The header has a checksum of its own because its sizes are believed before the rest has come: one
 * wrong bit there would have the receiver wait for megabytes. */
#pragma once

#include "arena.h"
#include "bytes.h"
#include "version.h"

#include <protobuf-c/protobuf-c.h>

enum {
    FRAME_VERSION = 3,
    FRAME_HEADER_SIZE = 88,
    FRAME_SIZE_MAX_CONTROL = 1 << 20, /* gossip of 1,024 members is well below it */
    FRAME_SIZE_MAX_DATA = 32 << 20    /* a page of 16 MB and its keys */
};

/* How frames travel: control frames on links of their own, so that gossip never waits behind rows. */
enum frame_kind { FRAME_KIND_CONTROL, FRAME_KIND_REQUEST, FRAME_KIND_REPLY };

/* X(enumerator, protobuf message, kind) */
#define FRAME_TYPES(X)                                 \
    X(PING, news, CONTROL)                             \
    X(PING_REPLY, news, CONTROL)                       \
    X(PING_REQUEST, ping_request, CONTROL)             \
    X(PING_REQUEST_REPLY, ping_request_reply, CONTROL) \
    X(GOSSIP, news, CONTROL)                           \
    X(SYNC, news, CONTROL)                             \
    X(SYNC_REPLY, news, CONTROL)                       \
    X(MEMBERS, news, CONTROL)                          \
    X(WRITE, write, REQUEST)                           \
    X(REPAIR, write, REQUEST)                          \
    X(WRITE_REPLY, write_reply, REPLY)                 \
    X(READ, read, REQUEST)                             \
    X(READ_REPLY, read_reply, REPLY)                   \
    X(PREPARE, prepare, REQUEST)                       \
    X(PREPARE_REPLY, prepare_reply, REPLY)             \
    X(ACCEPT, accept, REQUEST)                         \
    X(COMMIT, commit, REQUEST)                         \
    X(RANGE, range, REQUEST)                           \
    X(RANGE_REPLY, range_reply, REPLY)                 \
    X(HINT, hint, REQUEST)                             \
    X(HINT_REPLY, hint_reply, REPLY)                   \
    X(FORWARD, forward, REQUEST)                       \
    X(FORWARD_REPLY, forward_reply, REPLY)             \
    X(ANNOUNCE, announce, REQUEST)                     \
    X(ANNOUNCE_REPLY, announce_reply, REPLY)           \
    X(SUMS, sums, REQUEST)                             \
    X(SUMS_REPLY, sums_reply, REPLY)                   \
    X(KEYS, keys, REQUEST)                             \
    X(KEYS_REPLY, keys_reply, REPLY)                   \
    X(ACCEPTED, keys, REQUEST)                         \
    X(ACCEPTED_REPLY, keys_reply, REPLY)               \
    X(CENSUS, census, REQUEST)                         \
    X(CENSUS_REPLY, census_reply, REPLY)               \
    X(LEASE, lease, REQUEST)                           \
    X(LEASE_REPLY, lease_reply, REPLY)                 \
    X(RING_PREPARE, ring_ask, REQUEST)                 \
    X(RING_ACCEPT, ring_ask, REQUEST)                  \
    X(RING_VOTE, ring_vote, REPLY)                     \
    X(RING_FETCH, ring_fetch, REQUEST)                 \
    X(RING_NEWS, ring_news, REQUEST)                   \
    X(RING_REPORT, ring_report, REQUEST)               \
    X(JOIN, join, REQUEST)                             \
    X(JOIN_REPLY, join_reply, REPLY)

enum frame_type {
    FRAME_NONE,
#define FRAME_ENUMERATOR(name, message, kind) FRAME_##name,
    FRAME_TYPES(FRAME_ENUMERATOR)
#undef FRAME_ENUMERATOR
        FRAME_TYPES_END
};

struct frame_header {
    enum frame_type type;
    uint16_t to_shard;
    uint16_t from_shard;
    uint16_t to_life;    /* which start of the receiver is meant; 0: any */
    uint64_t request_id; /* the asker's; a reply repeats it */
    node_id from;        /* without shard */
    uint64_t wall_us;
    uint64_t hlc;
    uint64_t epoch;
    uint64_t votes; /* how many promises and the like the sending shard has made durable */
    uint64_t
        start; /* tells the sender's lives apart: higher from start to start, and partly random */
};

/* A frame whose header is decoded; slices borrow from the bytes received. */
struct frame {
    struct frame_header header;
    struct slice body;
    struct slice payload;
};

enum frame_result {
    FRAME_OK,
    FRAME_INCOMPLETE,  /* more bytes are needed */
    FRAME_BAD_VERSION, /* a protocol that is not spoken here */
    FRAME_BAD          /* size, type or checksum is wrong: close the connection */
};

/* It makes a vote of a replica durable, or may. */
bool frame_is_vote(enum frame_type type);
/* Size of the whole frame, once the first FRAME_HEADER_SIZE bytes are there; checks version, type,
 * the header's checksum and the size limit before any memory is spent. *size is 0 unless FRAME_OK. */
enum frame_result must_check frame_size(struct slice received, size_t *size);
/* Decodes one whole frame of exactly that size, checksum included: for what a network has carried. */
enum frame_result must_check frame_decode(struct slice bytes, struct frame *frame);
/* The same without the checksum of body and payload: for what never left the process. */
enum frame_result must_check frame_open(struct slice bytes, struct frame *frame);
/* The body's message in the arena, or NULL if it does not parse or has unknown fields. It has the
 * type that FRAME_TYPES names. */
ProtobufCMessage *frame_decode_body(const struct frame *frame, struct arena *arena);
/* One encoded frame, held once by the caller; `body` is of the type that FRAME_TYPES names. */
struct buffer *frame_encode(const struct frame_header *header, const ProtobufCMessage *body,
                            struct slice payload);
/* Gossip goes over a connection of its own, so that data cannot starve it. */
bool frame_is_control(enum frame_type type);
/* It answers a request, and so shows that requests get there. */
bool frame_is_reply(enum frame_type type);
/* Not safe to repeat: a receiver takes each such request at most once, and only if it was meant for
 * its present life. So what it says of one is said of its first and only copy. */
bool frame_is_once(enum frame_type type);
const char *frame_type_name(enum frame_type type);

static inline ProtobufCBinaryData binary_of(struct slice bytes)
{
    return (ProtobufCBinaryData){bytes.size, (uint8_t *)(uintptr_t)bytes.data};
}

static inline struct slice slice_of_binary(ProtobufCBinaryData bytes)
{
    return slice_of(bytes.data, bytes.len);
}

/* A version as 16 bytes in `storage`, for a protobuf field. */
ProtobufCBinaryData binary_of_version(struct version version, uint8_t storage[VERSION_SIZE]);
/* False unless the field holds exactly 16 bytes. */
bool must_check version_of_binary(ProtobufCBinaryData bytes, struct version *version);
