#include "cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "item.h"
#include "key.h"
#include "programs.h"
#include "row.h"
#include "test_main.h"
#include "timers.h"

enum { FRAME_DELAY_US = 100, DISK_TRIES = 1000 };

#define WALL_START_US UINT64_C(1767225600000000)

static const char *const names[CLUSTER_NODES_MAX] = {"n1", "n2", "n3", "n4", "n5"};

struct instant cluster_clock(const struct cluster *cluster, size_t node)
{
    int64_t wall_us = (int64_t)(WALL_START_US + cluster->now_us) + cluster->nodes[node].clock_us;
    return (struct instant){cluster->now_us, (uint64_t)wall_us};
}

static void put_frame(struct cluster *cluster, struct cluster_frame *frame)
{
    size_t at = cluster->frames_count++;
    frame->at_us = cluster->now_us + (cluster->delays == NULL ? (uint64_t)FRAME_DELAY_US
                                                              : cluster->delays(cluster, frame));
    for (; at > 0 && cluster->frames[at - 1].at_us > frame->at_us; at--)
        cluster->frames[at] = cluster->frames[at - 1];
    cluster->frames[at] = *frame;
}

static void on_send(struct transport *transport, struct address to, struct buffer *buffer)
{
    struct cluster_port *port = container_of(transport, struct cluster_port, transport);
    struct cluster *cluster = port->cluster;
    for (size_t i = 0; i < cluster->count; i++) {
        if (cluster->nodes[i].id != to.node || cluster->frames_count == CLUSTER_FRAMES_MAX)
            continue;
        struct cluster_frame frame = {
            .from = port->node, .to = i, .shard = to.shard, .buffer = buffer};
        put_frame(cluster, &frame);
        return;
    }
    ck_assert_uint_lt(cluster->frames_count, CLUSTER_FRAMES_MAX);
    buffer_unref(buffer);
}

static void on_log(struct log_sink *sink, enum log_level level, const char *line)
{
    const struct cluster *cluster = container_of(sink, struct cluster, log);
    ck_assert_msg(level < LOG_ERROR || cluster->rude, "%s", line);
}

static void on_submitted(void *context, struct store_op *op)
{
    (void)context;
    (void)op;
}

/* All that was submitted completes. */
static void finish_disk(struct cluster *cluster, size_t index)
{
    struct cluster_node *node = &cluster->nodes[index];
    struct store_op *op;
    while (node->shard[0] != NULL && ((op = memory_store_finish_commit(node->disk)) != NULL ||
                                      (op = memory_store_finish_read(node->disk)) != NULL)) {
        const struct cluster_port *port = memory_store_submitter(op);
        node_on_store_done(node->shard[port->shard], cluster_clock(cluster, index), op);
    }
}

static void deliver(struct cluster *cluster)
{
    struct cluster_frame frame = cluster->frames[0];
    cluster->frames_count--;
    memmove(cluster->frames, cluster->frames + 1, cluster->frames_count * sizeof(frame));
    if (cluster->watch != NULL)
        cluster->watch(cluster, &frame);
    struct cluster_node *node = &cluster->nodes[frame.to];
    bool linked = cluster->nodes[frame.from].shard[0] != NULL;
    bool lost = cluster->loses != NULL && cluster->loses(cluster, &frame);
    if (node->shard[0] != NULL && linked && !lost && frame.shard < cluster->shards)
        node_on_frame(node->shard[frame.shard], cluster_clock(cluster, frame.to),
                      cluster->nodes[frame.from].id, buffer_slice(frame.buffer));
    buffer_unref(frame.buffer);
}

/* The earliest deadline of all shards. */
static uint64_t next_deadline(const struct cluster *cluster, size_t *at, uint16_t *shard)
{
    uint64_t least = DEADLINE_NEVER;
    for (size_t i = 0; i < cluster->count; i++) {
        for (uint16_t s = 0; s < cluster->shards && cluster->nodes[i].shard[0] != NULL; s++) {
            uint64_t next = node_next_deadline_us(cluster->nodes[i].shard[s]);
            if (next < least) {
                least = next;
                *at = i;
                *shard = s;
            }
        }
    }
    return least;
}

/* The next thing that happens by `until_us`; false if nothing does. */
static bool step(struct cluster *cluster, uint64_t until_us)
{
    size_t at = 0;
    uint16_t shard = 0;
    uint64_t deadline_us = next_deadline(cluster, &at, &shard);
    uint64_t frame_us = cluster->frames_count == 0 ? DEADLINE_NEVER : cluster->frames[0].at_us;
    uint64_t next_us = deadline_us < frame_us ? deadline_us : frame_us;
    if (next_us > until_us)
        return false;
    cluster->now_us = next_us > cluster->now_us ? next_us : cluster->now_us;
    if (frame_us <= deadline_us)
        deliver(cluster);
    else
        node_on_deadline(cluster->nodes[at].shard[shard], cluster_clock(cluster, at));
    for (size_t i = 0; i < cluster->count; i++)
        finish_disk(cluster, i);
    return true;
}

void cluster_run_for(struct cluster *cluster, uint64_t length_us)
{
    uint64_t until_us = cluster->now_us + length_us;
    for (size_t i = 0; i < cluster->count; i++)
        finish_disk(cluster, i);
    while (step(cluster, until_us))
        continue;
    cluster->now_us = until_us;
    for (size_t i = 0; i < cluster->count; i++) {
        for (uint16_t shard = 0; shard < cluster->shards && cluster->nodes[i].shard[0]; shard++)
            node_check(cluster->nodes[i].shard[shard]);
    }
}

static struct buffer *read_row(struct store *store, enum store_family family, struct slice key)
{
    struct store_get get;
    store_get_init(&get, family, key, (store_done)abort);
    for (int tries = 0; tries < DISK_TRIES; tries++) {
        if (store_try_read(store, &get.op))
            return get.value;
    }
    ck_abort_msg("a row could not be read");
    return NULL;
}

static struct buffer *read_meta(void *context, struct slice key)
{
    return read_row(context, STORE_META, key);
}

void cluster_link(struct cluster *cluster, size_t one, size_t other)
{
    const struct cluster_node *peer = &cluster->nodes[other];
    struct peer_identity identity = {peer->id, names[other], cluster->shards, peer->incarnation};
    for (uint16_t shard = 0; shard < cluster->shards; shard++)
        node_on_peer_up(cluster->nodes[one].shard[shard], cluster_clock(cluster, one), &identity);
}

static void fill_members(const struct cluster *cluster, struct member_config *members)
{
    static char addresses[CLUSTER_NODES_MAX][40];
    for (size_t i = 0; i < cluster->count; i++) {
        snprintf(addresses[i], sizeof(addresses[i]), "127.0.0.%zu:7000", i + 1);
        members[i] = (struct member_config){(char *)(uintptr_t)names[i], addresses[i],
                                            (char *)(uintptr_t) "", 100};
    }
}

struct member_config cluster_member(const struct cluster *cluster, size_t index)
{
    struct member_config members[CLUSTER_NODES_MAX];
    fill_members(cluster, members);
    return members[index];
}

static void commit_now(struct cluster_node *node, struct store_commit *commit)
{
    store_submit(node->store[0], &commit->op);
    ck_assert_ptr_eq(memory_store_finish_commit(node->disk), &commit->op);
    memory_store_sync(node->disk);
}

static bool boot_node(struct cluster *cluster, size_t index, struct boot *boot)
{
    struct cluster_node *node = &cluster->nodes[index];
    struct member_config members[CLUSTER_NODES_MAX];
    struct store_commit commit;
    struct prng prng;
    fill_members(cluster, members);
    struct cluster_config config = {(char *)(uintptr_t) "test", CLUSTER_PARTITIONS, members,
                                    cluster->born};
    prng_init(&prng, index + 1 + 1000 * node->starts++);
    store_commit_init(&commit, (store_done)abort);
    node->refused = boot_load(boot, &config, names[index], node->machine, &prng, read_meta,
                              node->store[0], &commit.batch);
    ck_assert_msg(node->refused == NULL || cluster->rude, "%s", node->refused);
    if (node->refused == NULL)
        commit_now(node, &commit);
    store_commit_deinit(&commit);
    for (size_t i = cluster->born; i < cluster->count && !cluster->rings; i++)
        boot_add_member(boot, &members[i]);
    return node->refused == NULL;
}

static void tell_table(const struct cluster *cluster, struct node *shard)
{
    struct table_schema schema = {.replicas = cluster->replicas, .expiry = cluster->expiry};
    node_set_table(shard, CLUSTER_TABLE, &schema);
}

static void tell_all(const struct cluster *cluster)
{
    for (size_t i = 0; i < cluster->count; i++)
        for (uint16_t shard = 0; shard < cluster->shards && cluster->nodes[i].shard[0]; shard++)
            tell_table(cluster, cluster->nodes[i].shard[shard]);
}

void cluster_start(struct cluster *cluster, size_t index)
{
    struct cluster_node *node = &cluster->nodes[index];
    struct boot boot;
    if (!boot_node(cluster, index, &boot)) {
        boot_deinit(&boot);
        return;
    }
    node->id = boot.id;
    node->incarnation = boot.incarnation;
    for (uint16_t shard = 0; shard < cluster->shards; shard++) {
        struct node_config config;
        node_config_defaults(&config);
        config.shard = shard;
        config.shards = cluster->shards;
        config.lossy = cluster->lossy;
        config.seed = 100 * (index + 1) + boot.incarnation;
        struct node_ports ports = {.transport = &node->port[shard].transport,
                                   .store = node->store[shard],
                                   .log = &cluster->log,
                                   .evaluator = &programs_evaluator};
        node->shard[shard] = node_new(&config, &boot, ports);
        if (!cluster->untold)
            tell_table(cluster, node->shard[shard]);
    }
    boot_deinit(&boot);
    for (uint16_t shard = 0; shard < cluster->shards; shard++)
        node_on_start(node->shard[shard], cluster_clock(cluster, index));
    for (size_t other = 0; other < cluster->count; other++) {
        if (other != index && cluster->nodes[other].shard[0] != NULL) {
            cluster_link(cluster, index, other);
            cluster_link(cluster, other, index);
        }
    }
    finish_disk(cluster, index);
}

void cluster_kill(struct cluster *cluster, size_t index)
{
    finish_disk(cluster, index);
    memory_store_sync(cluster->nodes[index].disk);
    cluster_crash(cluster, index);
    cluster->nodes[index].machine--;
}

void cluster_crash(struct cluster *cluster, size_t index)
{
    struct cluster_node *node = &cluster->nodes[index];
    struct prng prng;
    node->machine++;
    prng_init(&prng, index + 7);
    memory_store_crash(node->disk, &prng);
    for (uint16_t shard = 0; shard < cluster->shards; shard++) {
        node_free(node->shard[shard]);
        node->shard[shard] = NULL;
    }
    for (size_t other = 0; other < cluster->count; other++) {
        for (uint16_t shard = 0; shard < cluster->shards; shard++) {
            if (cluster->nodes[other].shard[shard] != NULL)
                node_on_peer_down(cluster->nodes[other].shard[shard], cluster_clock(cluster, other),
                                  node->id);
        }
    }
}

static void make_disk(struct cluster *cluster, size_t index, bool lying)
{
    struct cluster_node *node = &cluster->nodes[index];
    struct memory_store_config disk = {
        .seed = index + 1, .sync = !lying, .miss_per_million = 300000};
    node->disk = memory_store_new(&disk);
    node->machine = 1;
    for (uint16_t shard = 0; shard < CLUSTER_SHARDS_MAX; shard++) {
        node->port[shard] = (struct cluster_port){{on_send}, cluster, index, shard};
        node->store[shard] = memory_store_port(node->disk, on_submitted, &node->port[shard]);
    }
}

size_t cluster_add(struct cluster *cluster)
{
    struct member_config members[CLUSTER_NODES_MAX];
    size_t index = cluster->count++;
    make_disk(cluster, index, false);
    fill_members(cluster, members);
    for (size_t i = 0; i < index; i++) {
        for (uint16_t shard = 0; shard < cluster->shards && cluster->nodes[i].shard[0]; shard++) {
            size_t number =
                node_add_member(cluster->nodes[i].shard[shard], cluster_clock(cluster, i),
                                &members[index], NODE_ID_NONE);
            ck_assert_uint_eq(number, index);
        }
    }
    return index;
}

static void write_identity(struct cluster *cluster, size_t index, size_t by, node_id id)
{
    struct cluster_node *node = &cluster->nodes[index];
    struct store_commit commit;
    struct writer ring;
    writer_init(&ring, 0);
    ring_encode(cluster_ring(cluster, by, 0), &ring);
    store_commit_init(&commit, (store_done)abort);
    boot_join(id, names[index], membership_cluster(node_membership(cluster->nodes[by].shard[0])),
              writer_slice(&ring), &commit.batch);
    commit_now(node, &commit);
    store_commit_deinit(&commit);
    writer_deinit(&ring);
}

size_t cluster_join(struct cluster *cluster, size_t by, uint16_t replaced)
{
    size_t index = cluster->count++;
    cluster->rings = true;
    make_disk(cluster, index, false);
    node_id id = (node_id)(index + 1) << 16;
    struct ring_step step = {
        .kind = RING_ADD, .member = replaced, .config = cluster_member(cluster, index), .id = id};
    const char *problem = cluster_change(cluster, by, &step);
    ck_assert_msg(problem == NULL, "%s", problem);
    write_identity(cluster, index, by, id);
    cluster_start(cluster, index);
    return index;
}

void cluster_remove(struct cluster *cluster, size_t by, size_t of)
{
    for (uint16_t shard = 0; shard < cluster->shards; shard++)
        node_remove_member(cluster->nodes[by].shard[shard], cluster_clock(cluster, by), of);
}

const struct member *cluster_view(const struct cluster *cluster, size_t by, uint16_t shard,
                                  size_t of)
{
    return membership_at(node_membership(cluster->nodes[by].shard[shard]), of);
}

static void init(struct cluster *cluster, size_t nodes, uint16_t shards, bool lying)
{
    memset(cluster, 0, sizeof(*cluster));
    cluster->count = cluster->born = nodes;
    cluster->shards = shards;
    cluster->replicas = 3;
    cluster->now_us = 1000000;
    cluster->log = (struct log_sink){on_log, LOG_WARN};
    for (size_t i = 0; i < nodes; i++)
        make_disk(cluster, i, lying);
    for (size_t i = 0; i < nodes; i++)
        cluster_start(cluster, i);
    cluster_run_for(cluster, 1000000);
}

void cluster_init(struct cluster *cluster, size_t nodes, uint16_t shards)
{
    init(cluster, nodes, shards, false);
}

void cluster_init_lying(struct cluster *cluster, size_t nodes, uint16_t shards)
{
    init(cluster, nodes, shards, true);
}

void cluster_deinit(struct cluster *cluster)
{
    for (size_t i = 0; i < cluster->count; i++) {
        if (cluster->nodes[i].shard[0] != NULL)
            cluster_crash(cluster, i);
        memory_store_free(cluster->nodes[i].disk);
    }
    for (size_t i = 0; i < cluster->frames_count; i++)
        buffer_unref(cluster->frames[i].buffer);
}

void cluster_with_shards(struct cluster *cluster, size_t nodes, void (*story)(void))
{
    for (uint16_t shards = 1; shards <= CLUSTER_SHARDS_MAX; shards++) {
        cluster_init(cluster, nodes, shards);
        story();
        cluster_deinit(cluster);
    }
}

const char *cluster_key_name(unsigned i)
{
    static char name[16];
    snprintf(name, sizeof(name), "key-%u", i);
    return name;
}

void cluster_set_replicas(struct cluster *cluster, uint8_t replicas)
{
    cluster->replicas = replicas;
    tell_all(cluster);
}

void cluster_set_expiry(struct cluster *cluster, struct slice attribute)
{
    cluster->expiry = attribute;
    tell_all(cluster);
}

static void on_answered(struct request *request)
{
    container_of(request, struct cluster_request, request)->answers++;
}

void cluster_value(struct writer *writer, const char *text)
{
    writer_put_varint(writer, 1);
    writer_put_sized(writer, SLICE_LITERAL("v"));
    writer_put_u8(writer, VALUE_STRING);
    writer_put_sized(writer, slice_of_string(text));
}

const char *cluster_text(struct slice item)
{
    static char text[64];
    struct slice value;
    text[0] = '\0';
    if (item_find(item, SLICE_LITERAL("v"), &value)) {
        struct slice bytes = value_bytes(value);
        size_t size = bytes.size < sizeof(text) ? bytes.size : sizeof(text) - 1;
        memcpy(text, bytes.data, size);
        text[size] = '\0';
    }
    return text;
}

void cluster_request_init(struct cluster_request *request, enum request_kind kind, const char *name,
                          uint8_t sort)
{
    memset(request, 0, sizeof(*request));
    writer_init(&request->key, 64);
    writer_init(&request->value, 64);
    writer_init(&request->to, 64);
    struct item_key key =
        item_key_of(CLUSTER_TABLE, slice_of_string(name), slice_of(&sort, 1), CLUSTER_PARTITIONS);
    item_key_encode(&request->key, &key);
    request_init(&request->request, kind, on_answered);
    request->request.key = writer_slice(&request->key);
    request->request.quorum = (struct quorum){3, 2, 2, true};
}

void cluster_request_deinit(struct cluster_request *request)
{
    request_release(&request->request);
    writer_deinit(&request->key);
    writer_deinit(&request->value);
    writer_deinit(&request->to);
}

void cluster_submit(struct cluster *cluster, size_t node, uint16_t shard,
                    struct cluster_request *request)
{
    node_on_request(cluster->nodes[node].shard[shard], cluster_clock(cluster, node),
                    &request->request);
    for (size_t i = 0; i < cluster->count; i++)
        finish_disk(cluster, i);
}

enum outcome cluster_ask(struct cluster *cluster, size_t node, uint16_t shard,
                         struct cluster_request *request)
{
    cluster_submit(cluster, node, shard, request);
    for (int i = 0; i < 11000 && request->answers == 0; i++)
        cluster_run_for(cluster, 1000);
    ck_assert_uint_eq(request->answers, 1);
    return request->request.outcome;
}

enum outcome cluster_put(struct cluster *cluster, size_t node, const char *name, const char *text)
{
    struct cluster_request request;
    cluster_request_init(&request, REQUEST_WRITE, name, 0);
    request.request.tombstone = text == NULL;
    if (text != NULL) {
        cluster_value(&request.value, text);
        request.request.value = writer_slice(&request.value);
    }
    enum outcome outcome = cluster_ask(cluster, node, 0, &request);
    cluster_request_deinit(&request);
    return outcome;
}

const char *cluster_get(struct cluster *cluster, size_t node, const char *name, bool consistent,
                        enum outcome *outcome)
{
    struct cluster_request request;
    cluster_request_init(&request, REQUEST_READ, name, 0);
    request.request.consistent = consistent;
    *outcome = cluster_ask(cluster, node, 0, &request);
    const char *text = cluster_text(request.request.result);
    cluster_request_deinit(&request);
    return text;
}

/* A key's row of one family on a node's disk; the caller unrefs. NULL: there is none. */
static struct buffer *stored(struct cluster *cluster, size_t node, enum store_family family,
                             const char *name)
{
    struct cluster_request request;
    cluster_request_init(&request, REQUEST_READ, name, 0);
    struct buffer *row =
        read_row(cluster->nodes[node].store[0], family, writer_slice(&request.key));
    cluster_request_deinit(&request);
    return row;
}

struct version cluster_held(struct cluster *cluster, size_t node, const char *name)
{
    struct buffer *row = stored(cluster, node, STORE_ITEMS, name);
    struct version ballot = row == NULL ? VERSION_NONE : row_ballot(buffer_slice(row));
    buffer_unref(row);
    return ballot;
}

bool cluster_undecided(struct cluster *cluster, size_t node, const char *name)
{
    struct buffer *row = stored(cluster, node, STORE_PROMISES, name);
    bool undecided = row != NULL && buffer_slice(row).size > VERSION_SIZE;
    buffer_unref(row);
    return undecided;
}

static uint32_t partition_of(const char *name)
{
    uint8_t sort = 0;
    return item_key_of(CLUSTER_TABLE, slice_of_string(name), slice_of(&sort, 1), CLUSTER_PARTITIONS)
        .partition;
}

size_t cluster_home(const struct cluster *cluster, const char *name, size_t rank)
{
    uint16_t list[CLUSTER_NODES_MAX];
    const struct membership *members = NULL;
    for (size_t i = 0; i < cluster->count; i++) {
        if (cluster->nodes[i].shard[0] != NULL)
            members = node_membership(cluster->nodes[i].shard[0]);
    }
    ck_assert_ptr_nonnull(members);
    size_t homes = membership_preference_list(members, partition_of(name), list, cluster->count);
    ck_assert_uint_lt(rank, homes);
    return list[rank];
}

uint16_t cluster_home_shard(const struct cluster *cluster, const char *name)
{
    return (uint16_t)(partition_of(name) % cluster->shards);
}

enum frame_type cluster_frame_type(const struct cluster_frame *frame)
{
    struct frame decoded;
    enum frame_result result = frame_decode(buffer_slice(frame->buffer), &decoded);
    return result == FRAME_OK ? decoded.header.type : FRAME_NONE;
}
