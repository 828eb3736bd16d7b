#include "node.h"

#include <stdlib.h>
#include <string.h>

#include "buggify.h"
#include "meta.h"
#include "node_internal.h"
#include "planted.h"
#include "probe.h"

void node_config_defaults(struct node_config *config)
{
    memset(config, 0, sizeof(*config));
    config->shards = 1;
    config->seed = 1;
    config->request_timeout_us = 10000000;
    config->attempt_timeout_us = 1000000;
    config->speculate_us = 50000;
    config->clock_skew_max_us = 500000;
    config->repair_interval_us = 10000000;
    config->scrub_interval_us = 30000000;
    config->hints_bytes_max = UINT64_C(1) << 30;
    config->hints_in_flight_max = 64;
    config->requests_max = 4096;
    config->replica_operations_max = 16384;
    gossip_config_defaults(&config->gossip);
}

static void on_ceiling_committed(struct store_op *op);

static void init_members(struct node *node, const struct boot *boot)
{
    struct peer_identity self = {boot->id, boot->name, node->config.shards, boot->incarnation};
    members_init(&node->members, &boot->cluster);
    for (size_t i = 0; i < boot->added_count; i++) {
        size_t number = members_add(&node->members, &boot->added[i]);
        ensure(number < MEMBERS_MAX);
    }
    if (boot->ring != NULL)
        node_load_ring(&node->members, buffer_slice(boot->ring));
    members_set_self(&node->members, &self);
    node->usable = calloc(MEMBERS_MAX, sizeof(*node->usable));
    node->persisted = calloc(MEMBERS_MAX, sizeof(*node->persisted));
    ensure(node->usable != NULL);
    ensure(node->persisted != NULL);
    for (size_t i = 0; i < boot->peers_count; i++) {
        const struct peer_identity *peer = &boot->peers[i];
        struct slice name = slice_of_string(peer->name);
        /* Whoever had the name may be a member no more. */
        if (!members_bind(&node->members, name, peer->id))
            continue;
        node->persisted[members_index_of_name(&node->members, name)] = peer->id;
    }
    node->persisted[node->members.self] = boot->id;
}

static void init_outbox(struct node *node, const struct boot *boot)
{
    node->outbox.transport = node->ports.transport;
    node->outbox.hlc = &node->hlc;
    node->outbox.self = boot->id;
    node->outbox.shard = node->config.shard;
    node->outbox.start = boot->start;
    node->outbox.epoch = membership_epoch(&node->members);
    /* Ids of this life are above those of earlier ones: an answer to a question asked before a
     * restart is stale. */
    node->outbox.next_request_id = boot->incarnation << 8;
}

struct node *node_new(const struct node_config *config, const struct boot *boot,
                      struct node_ports ports)
{
    struct node *node = calloc(1, sizeof(*node));
    ensure(node != NULL);
    ensure(config->shard < config->shards);
    ensure(config->shards <= SHARDS_MAX);
    node->config = *config;
    node->ports = ports;
    timers_init(&node->timers);
    forgotten_commits_init(&node->forgotten);
    replay_guard_init(&node->once);
    arena_init(&node->arena);
    prng_init(&node->prng, config->seed + config->shard);
    hlc_init(&node->hlc, boot->ceiling);
    init_members(node, boot);
    init_outbox(node, boot);
    store_commit_init(&node->ceiling_commit, on_ceiling_committed);
    writer_init(&node->dropped_load.rows, 0);
    node_init_table_sweep(node);
    gossip_init(&node->gossip, &config->gossip, &node->members, &node->outbox, &node->timers,
                &node->prng, ports.log);
    hints_init(&node->hints, ports.store, config->hints_bytes_max);
    struct replica_config replica = {config->replica_operations_max, config->clock_skew_max_us,
                                     cluster_id(&boot->cluster)};
    replica_init(&node->replica, &replica, ports.store, &node->outbox, &node->members, &node->hlc,
                 &node->hints, ports.log);
    struct coordinator_config coordinator = {config->request_timeout_us, config->attempt_timeout_us,
                                             config->speculate_us, config->clock_skew_max_us,
                                             config->requests_max};
    node_init_census(node, boot);
    coordinator_init(&node->coordinator, &coordinator, &node->members, &node->outbox, &node->timers,
                     &node->hlc, &node->prng, &node->replica, ports.evaluator);
    expiry_index_init(&node->expiry_index, &node->replica, &node->timers, config->shard,
                      config->shards);
    expiry_init(&node->expiry, &node->coordinator, config->shard, config->shards);
    caller_init(&node->caller, &node->members, &node->outbox, &node->replica.undecided);
    throughput_keeper_init(&node->keeper, &node->outbox, &node->timers, &node->members);
    throughput_leases_init(&node->leases, &node->outbox, &node->timers, &node->members);
    hint_delivery_init(&node->delivery, &node->hints, ports.store, &node->caller, &node->replica,
                       &node->timers, ports.log, config->hints_in_flight_max,
                       config->attempt_timeout_us);
    exchange_init(&node->exchange, &node->caller, &node->timers, &node->prng, config->shard,
                  config->shards, config->repair_interval_us, config->attempt_timeout_us);
    scrub_init(&node->scrub, &node->replica, &node->exchange, &node->timers, config->shard,
               config->shards, config->scrub_interval_us);
    node_init_ring(node, boot);
    return node;
}

void node_free(struct node *node)
{
    node->outbox.closed = true;
    node->in_door = true;
    coordinator_deinit(&node->coordinator);
    scrub_deinit(&node->scrub);
    node_deinit_ring(node);
    exchange_deinit(&node->exchange);
    hint_delivery_deinit(&node->delivery);
    caller_deinit(&node->caller);
    census_deinit(&node->census);
    heard_deinit(&node->heard);
    replica_deinit(&node->replica);
    expiry_deinit(&node->expiry);
    expiry_index_deinit(&node->expiry_index);
    hints_deinit(&node->hints);
    gossip_deinit(&node->gossip);
    node_free_forgotten(node);
    store_commit_deinit(&node->ceiling_commit);
    store_commit_deinit(&node->amnesia_commit);
    store_range_deinit(&node->dropped_load);
    table_sweep_deinit(&node->table_sweep);
    throughput_leases_deinit(&node->leases);
    throughput_keeper_deinit(&node->keeper);
    timers_deinit(&node->timers);
    replay_guard_deinit(&node->once);
    members_deinit(&node->members);
    arena_deinit(&node->arena);
    free(node->usable);
    free(node->persisted);
    free(node);
}

void node_door_open(struct node *node, struct instant now)
{
    ensure(!node->in_door);
    node->in_door = true;
    node->outbox.now = now;
    node->members.now_us = now.monotonic_us;
}

/* A link came up, or gossip thinks better of somebody: whoever came back gets compared with. (Not
 * for a moment's silence: comparing costs most when a node is too busy to answer.) While this node
 * may not take what it lacks, that can wait. */
static void note_reach(struct node *node)
{
    if (!node->members.reach_changed || node->replica.recovering)
        return;
    node->members.reach_changed = false;
    for (size_t i = 0; i < membership_count(&node->members); i++) {
        bool usable = member_usable(&node->members.entries[i].member);
        if (usable && !node->usable[i] && i != node->members.self)
            exchange_on_reconnection(&node->exchange, i);
        node->usable[i] = usable;
    }
}

/* A name that was met for the first time stays bound to that id, restarts included. */
static void persist_peers(struct node *node)
{
    if (!node->members.changed || node->config.shard != 0)
        return;
    for (size_t i = 0; i < membership_count(&node->members); i++) {
        const struct member *member = &node->members.entries[i].member;
        /* The name of one that was removed may be another's by now. */
        if (member->id == node->persisted[i] || member->status == MEMBER_REMOVED)
            continue;
        struct meta_key key;
        node->persisted[i] = member->id;
        node_commit_meta(node, meta_key_peer(&key, member->config->name), member->id);
    }
}

static void on_ceiling_committed(struct store_op *op)
{
    struct node *node = container_of(op, struct node, ceiling_commit.op);
    bool raised = op->status == STORE_OK;
    node->ceiling_refused = !raised;
    if (raised) {
        hlc_raise_ceiling(&node->hlc, node->ceiling_raising);
        votes_durable(&node->replica.votes, node->ceiling_votes);
    }
    node->ceiling_raising = 0;
    coordinator_on_ceiling(&node->coordinator, raised);
}

/* Raises the clock's ceiling when a write waits for it, or soon would. On a full disk it is tried for
 * those that wait only: each refusal is an event, and would bring on the next. */
static void raise_ceiling(struct node *node)
{
    bool soon = node->coordinator.open > 0 && !node->ceiling_refused &&
                hlc_ceiling_low(&node->hlc, node->outbox.now.wall_us) &&
                !BUGGIFY("the clock's ceiling is raised when a write waits for it");
    if (node->ceiling_raising != 0 || (!node->coordinator.ceiling_wanted && !soon))
        return;
    node->ceiling_raising = hlc_ceiling_wanted(&node->hlc, node->outbox.now.wall_us);
    store_commit_deinit(&node->ceiling_commit);
    store_commit_init(&node->ceiling_commit, on_ceiling_committed);
    struct meta_key key;
    struct writer row;
    writer_init(&row, sizeof(node->ceiling_raising));
    writer_put_u64(&row, node->ceiling_raising);
    store_batch_put(&node->ceiling_commit.batch, STORE_META,
                    meta_key_ceiling(&key, node->config.shard), writer_slice(&row));
    writer_deinit(&row);
    node->ceiling_votes = votes_put(&node->replica.votes, &node->ceiling_commit.batch);
    store_submit(node->ports.store, &node->ceiling_commit.op);
}

void node_door_close(struct node *node)
{
    bool more;
    do {
        replica_run(&node->replica);
        more = coordinator_run(&node->coordinator);
    } while (more || !replica_idle(&node->replica));
    node_follow_census(node);
    note_reach(node);
    raise_ceiling(node);
    persist_peers(node);
    if (node->config.shard == 0)
        gossip_share(&node->gossip);
    arena_reset(&node->arena);
    node->in_door = false;
}

void node_on_start(struct node *node, struct instant now)
{
    node_door_open(node, now);
    node_load_dropped(node);
    heard_load(&node->heard);
    census_start(&node->census, node_random_id(node));
    if (node->config.shard == 0) {
        gossip_start(&node->gossip);
        hints_load(&node->hints);
        hint_delivery_start(&node->delivery);
    } else {
        node->hints.loaded = true;
    }
    exchange_start(&node->exchange);
    scrub_start(&node->scrub, prng_next(&node->prng));
    node_start_ring(node);
    coordinator_start(&node->coordinator);
    expiry_index_start(&node->expiry_index);
    expiry_start(&node->expiry);
    log_event(node->ports.log, LOG_INFO, "node_started", "name=%s id=%016llx shard=%u",
              membership_self(&node->members)->config->name, (unsigned long long)node->outbox.self,
              node->config.shard);
    node_door_close(node);
}

void node_on_request(struct node *node, struct instant now, struct request *request)
{
    if (node->in_door) {
        coordinator_submit(&node->coordinator, request);
        return;
    }
    node_door_open(node, now);
    coordinator_submit(&node->coordinator, request);
    node_door_close(node);
}

static bool census_dispatch(struct node *node, const struct frame *frame)
{
    const ProtobufCMessage *body = frame_decode_body(frame, &node->arena);
    if (body == NULL)
        return false;
    if (frame->header.type == FRAME_CENSUS_REPLY)
        return census_on_answer(&node->census, frame, (const Cartwheel__CensusReply *)body);
    census_on_question(&node->census, frame);
    return true;
}

static bool frame_dispatch(struct node *node, const struct frame *frame)
{
    switch (frame->header.type) {
    case FRAME_PREPARE:
    case FRAME_ACCEPT:
    case FRAME_COMMIT:
    case FRAME_WRITE:
    case FRAME_REPAIR:
    case FRAME_READ:
    case FRAME_RANGE:
    case FRAME_HINT:
    case FRAME_SUMS:
    case FRAME_KEYS:
    case FRAME_ACCEPTED:
        return replica_on_frame(&node->replica, frame, &node->arena);
    case FRAME_CENSUS:
    case FRAME_CENSUS_REPLY:
        return census_dispatch(node, frame);
    case FRAME_RING_PREPARE:
    case FRAME_RING_ACCEPT:
    case FRAME_RING_VOTE:
    case FRAME_RING_FETCH:
    case FRAME_RING_NEWS:
    case FRAME_RING_REPORT:
        return node_on_ring_frame(node, frame);
    case FRAME_LEASE:
    case FRAME_LEASE_REPLY:
        return node_on_lease(node, frame);
    default:
        break;
    }
    if (frame_is_control(frame->header.type))
        return gossip_on_frame(&node->gossip, frame, &node->arena);
    /* Requests carry their sender's ids, which may be equal to ids of calls made here. */
    bool request = frame->header.type == FRAME_FORWARD || frame->header.type == FRAME_ANNOUNCE;
    if (request || map_find(&node->caller.calls, frame->header.request_id) == NULL)
        return coordinator_on_frame(&node->coordinator, frame, &node->arena);
    ProtobufCMessage *body = frame_decode_body(frame, &node->arena);
    return body != NULL && caller_on_reply(&node->caller, frame, body);
}

/* A sender whose clock is ahead of this one by more than the guard allows is refused, so that one
 * wrong clock cannot drag the cluster into the future. (A sender that is behind cannot be told from
 * a slow network, and does no harm: by the same rule it refuses everybody else.) */
static bool clock_plausible(const struct node *node, const struct frame_header *header)
{
    uint64_t wall_us = node->outbox.now.wall_us;
    uint64_t skew_max_us = node->config.clock_skew_max_us;
    return header->wall_us <= wall_us + skew_max_us &&
           hlc_plausible(header->hlc, wall_us, 2 * skew_max_us);
}

/* A request that is not safe to repeat passes in its first copy, and only if it is meant for this
 * life: an earlier one may have acted on it. What is safe to repeat always passes. */
static bool admit_once(struct node *node, const struct frame_header *header)
{
    struct address self = members_address(&node->members, node->members.self, 0);
    if (!frame_is_once(header->type) || PLANTED(TAKEN_TWICE))
        return true;
    return header->to_life == self.life &&
           replay_guard_admit(&node->once, node_id_with_shard(header->from, header->from_shard),
                              header->request_id);
}

static void frame_receive(struct node *node, node_id from, struct slice bytes)
{
    struct frame frame;
    bool own = from == node->outbox.self;
    enum frame_result result = own ? frame_open(bytes, &frame) : frame_decode(bytes, &frame);
    bool good = result == FRAME_OK && frame.header.from == from &&
                frame.header.to_shard == node->config.shard &&
                frame.header.from_shard < SHARDS_MAX &&
                members_index(&node->members, from) != MEMBERS_MAX;
    if (membership_was_removed(&node->members, from)) {
        PROBE("a frame of a removed member is dropped");
        return;
    }
    if (!good) {
        PROBE("a malformed frame is dropped");
        node->frames_malformed++;
        return;
    }
    if (!own && !clock_plausible(node, &frame.header)) {
        PROBE("a frame from a clock ahead is dropped");
        node->frames_skewed++;
        return;
    }
    if (!own) {
        hlc_observe(&node->hlc, frame.header.hlc);
        heard_note(&node->heard, &frame.header);
        ring_register_heard(&node->ring, from, frame.header.epoch);
        if (frame_is_reply(frame.header.type))
            members_answered(&node->members, from, node->outbox.now.monotonic_us);
    }
    if (admit_once(node, &frame.header))
        node->frames_malformed += !frame_dispatch(node, &frame);
    else {
        PROBE("a request that is not safe to repeat is dropped");
        node->frames_repeated++;
    }
}

void node_on_frame(struct node *node, struct instant now, node_id from, struct slice frame)
{
    node_door_open(node, now);
    frame_receive(node, from, frame);
    node_door_close(node);
}

void node_on_peer_up(struct node *node, struct instant now, const struct peer_identity *peer)
{
    node_door_open(node, now);
    struct slice name = slice_of_string(peer->name);
    if (peer->shards > 0 && members_bind(&node->members, name, peer->id)) {
        size_t index = members_index(&node->members, peer->id);
        members_answered(&node->members, peer->id, now.monotonic_us);
        members_set_shards(&node->members, index, peer->shards);
        members_set_linked(&node->members, index, true);
        gossip_on_link(&node->gossip, index, peer->incarnation);
        census_on_reach(&node->census);
    } else {
        log_event(node->ports.log, LOG_WARN, "peer_refused",
                  "name=%s id=%016llx reason=\"bound to another id\"", peer->name,
                  (unsigned long long)peer->id);
    }
    node_door_close(node);
}

void node_on_peer_down(struct node *node, struct instant now, node_id peer)
{
    node_door_open(node, now);
    size_t index = members_index(&node->members, peer);
    if (index != MEMBERS_MAX && index != node->members.self) {
        members_set_linked(&node->members, index, false);
        coordinator_on_peer_down(&node->coordinator, index);
        caller_on_peer_down(&node->caller, index);
        throughput_leases_on_peer_down(&node->leases, peer);
    }
    node_door_close(node);
}

void node_on_store_done(struct node *node, struct instant now, struct store_op *op)
{
    node_door_open(node, now);
    op->done(op);
    node_door_close(node);
}

void node_on_deadline(struct node *node, struct instant now)
{
    node_door_open(node, now);
    timers_run(&node->timers, now.monotonic_us);
    node_door_close(node);
}

uint64_t node_next_deadline_us(const struct node *node)
{
    return timers_next(&node->timers);
}

void node_refuse_forwards(struct node *node, bool refused)
{
    node->coordinator.refuses_forwards = refused;
}

void node_on_repair(struct node *node, struct instant now)
{
    node_door_open(node, now);
    exchange_want_all(&node->exchange);
    node_door_close(node);
}

void node_on_leave(struct node *node, struct instant now)
{
    node_door_open(node, now);
    if (node->config.shard == 0)
        gossip_leave(&node->gossip);
    node_door_close(node);
}
