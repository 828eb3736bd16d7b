#include "admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#include "ownership.h"
#include "ring_state.h"

/* One answer while it is built. */
struct answer {
    const struct node *node;
    const struct node_stats *stats;
    const struct admin_load *load;
    struct slice query;
    yyjson_mut_doc *json;
    yyjson_mut_val *root;
};

static int answer_status(struct answer *answer);
static int answer_ring(struct answer *answer);
static int answer_hints(struct answer *answer);

static int answer_problem(struct answer *answer, int status, const char *message)
{
    yyjson_mut_obj_add_str(answer->json, answer->root, "message", message);
    return status;
}

static int answer_path(struct answer *answer, struct slice path)
{
    static const struct {
        const char *path;
        int (*answer)(struct answer *answer);
    } endpoints[] = {
        {"/-/status", answer_status},
        {"/-/ring", answer_ring},
        {"/-/hints", answer_hints},
    };
    for (size_t index = 0; index < array_size(endpoints); index++) {
        if (slice_equal(path, slice_of_string(endpoints[index].path)))
            return endpoints[index].answer(answer);
    }
    return answer_problem(answer, 404, "no such admin endpoint: there are status, ring and hints");
}

int admin_handle(const struct node *node, const struct node_stats *stats,
                 const struct admin_load *load, struct slice path, struct slice query,
                 struct writer *reply)
{
    struct answer answer = {node, stats, load, query, yyjson_mut_doc_new(NULL), NULL};
    ensure(answer.json != NULL);
    answer.root = yyjson_mut_obj(answer.json);
    yyjson_mut_doc_set_root(answer.json, answer.root);
    int status = answer_path(&answer, path);
    size_t size;
    /* Names come from an operator's file: bytes that are not UTF-8 must not make the node silent.
     */
    char *text = yyjson_mut_write(answer.json, YYJSON_WRITE_ALLOW_INVALID_UNICODE, &size);
    ensure(text != NULL);
    writer_put(reply, text, size);
    free(text);
    yyjson_mut_doc_free(answer.json);
    return status;
}

static void add_uint(struct answer *answer, yyjson_mut_val *object, const char *key, uint64_t value)
{
    yyjson_mut_obj_add_uint(answer->json, object, key, value);
}

static void add_string(struct answer *answer, yyjson_mut_val *object, const char *key,
                       const char *value)
{
    yyjson_mut_obj_add_str(answer->json, object, key, value);
}

static void add_hex(struct answer *answer, yyjson_mut_val *object, const char *key, uint64_t value)
{
    char text[sizeof("0123456789abcdef")];
    snprintf(text, sizeof(text), "%016llx", (unsigned long long)value);
    yyjson_mut_obj_add_strcpy(answer->json, object, key, text);
}

static void add_member_id(struct answer *answer, yyjson_mut_val *object, node_id id)
{
    if (id == NODE_ID_NONE)
        yyjson_mut_obj_add_null(answer->json, object, "id");
    else
        add_hex(answer, object, "id", id);
}

/* With two decimals. */
static void add_percent(struct answer *answer, yyjson_mut_val *object, const char *key, double part,
                        double whole)
{
    double hundredths = part * 10000 / whole;
    yyjson_mut_obj_add_real(answer->json, object, key, (double)(uint64_t)(hundredths + 0.5) / 100);
}

static yyjson_mut_val *add_object(struct answer *answer, const char *key)
{
    yyjson_mut_val *object = yyjson_mut_obj(answer->json);
    yyjson_mut_obj_add_val(answer->json, answer->root, key, object);
    return object;
}

static yyjson_mut_val *add_array(struct answer *answer, yyjson_mut_val *object, const char *key)
{
    yyjson_mut_val *array = yyjson_mut_arr(answer->json);
    yyjson_mut_obj_add_val(answer->json, object, key, array);
    return array;
}

static void add_cluster(struct answer *answer)
{
    const struct membership *membership = node_membership(answer->node);
    const struct cluster_config *cluster = membership_cluster(membership);
    yyjson_mut_val *object = add_object(answer, "cluster");
    add_string(answer, object, "name", cluster->name);
    add_hex(answer, object, "id", cluster_id(cluster));
    add_uint(answer, object, "epoch", membership_epoch(membership));
    add_uint(answer, object, "partitions", membership_partitions(membership));
}

static void add_self(struct answer *answer)
{
    const struct member *self = membership_self(node_membership(answer->node));
    yyjson_mut_val *object = add_object(answer, "node");
    add_string(answer, object, "name", self->config->name);
    add_member_id(answer, object, self->id);
    add_string(answer, object, "address", self->config->address);
    add_uint(answer, object, "shards", self->shards);
    add_uint(answer, object, "incarnation", self->incarnation);
    add_string(answer, object, "version", CARTWHEEL_VERSION);
}

static void add_owned(struct answer *answer, yyjson_mut_val *object,
                      const struct ownership *ownership, size_t index)
{
    uint32_t partitions = membership_partitions(node_membership(answer->node));
    add_uint(answer, object, "partitions_first", ownership->first[index]);
    add_uint(answer, object, "partitions_held", ownership->held[index]);
    add_percent(answer, object, "first_percent", ownership->first[index], partitions);
    add_percent(answer, object, "held_percent", ownership->held[index], partitions);
    double copies = (double)partitions * (double)ownership->replicas;
    add_percent(answer, object, "copies_percent", ownership->held[index], copies);
    add_percent(answer, object, "due_percent", ownership->due[index], copies);
}

static const char *state_in_ring(const struct membership *membership, size_t index)
{
    return ring_member_state_name(membership_ring(membership)->members[index].state);
}

static void add_members(struct answer *answer)
{
    const struct membership *membership = node_membership(answer->node);
    struct ownership ownership;
    ownership_init(&ownership, membership, ADMIN_REPLICAS_DEFAULT);
    add_percent(answer, answer->root, "imbalance_percent", ownership.imbalance, 1);
    yyjson_mut_val *members = add_array(answer, answer->root, "members");
    for (size_t index = 0; index < membership_count(membership); index++) {
        const struct member *member = membership_at(membership, index);
        if (member->status == MEMBER_REMOVED)
            continue;
        yyjson_mut_val *object = yyjson_mut_arr_add_obj(answer->json, members);
        add_string(answer, object, "name", member->config->name);
        add_member_id(answer, object, member->id);
        add_string(answer, object, "address", member->config->address);
        add_string(answer, object, "zone", member->config->zone);
        add_uint(answer, object, "weight", member->config->weight);
        add_string(answer, object, "status", member_status_name(member->status));
        add_string(answer, object, "state", state_in_ring(membership, index));
        yyjson_mut_obj_add_bool(answer->json, object, "linked", member->linked);
        add_uint(answer, object, "incarnation", member->incarnation);
        add_owned(answer, object, &ownership, index);
    }
    ownership_deinit(&ownership);
}

static void add_outcomes(struct answer *answer, yyjson_mut_val *stats,
                         const struct node_stats *from)
{
    yyjson_mut_val *outcomes = yyjson_mut_obj(answer->json);
    for (size_t outcome = 0; outcome < array_size(from->requests_done); outcome++)
        add_uint(answer, outcomes, outcome_name((enum outcome)outcome),
                 from->requests_done[outcome]);
    yyjson_mut_obj_add_val(answer->json, stats, "requests_done", outcomes);
}

static void add_hints(struct answer *answer, yyjson_mut_val *object, const struct node_stats *stats)
{
    add_uint(answer, object, "hints_pending", stats->hints_pending);
    add_uint(answer, object, "hints_bytes", stats->hints_bytes);
    add_uint(answer, object, "hints_delivered", stats->hints_delivered);
    add_uint(answer, object, "hints_refused", stats->hints_refused);
}

static void add_rounds(struct answer *answer, yyjson_mut_val *object,
                       const struct node_stats *stats)
{
    add_uint(answer, object, "writes_mixed", stats->writes_mixed);
    add_uint(answer, object, "proposals", stats->proposals);
    add_uint(answer, object, "promises_ridden", stats->promises_ridden);
    add_uint(answer, object, "accepts_uncertain", stats->accepts_uncertain);
    add_uint(answer, object, "registers_settled", stats->registers_settled);
    add_uint(answer, object, "undecided", stats->undecided);
}

static void add_throughput(struct answer *answer, yyjson_mut_val *object,
                           const struct node_stats *stats)
{
    add_uint(answer, object, "reads_throttled", stats->throttled[THROUGHPUT_READ]);
    add_uint(answer, object, "writes_throttled", stats->throttled[THROUGHPUT_WRITE]);
    add_uint(answer, object, "throughput_leases", stats->leases);
    add_uint(answer, object, "throughput_buckets", stats->buckets);
}

static void add_stats(struct answer *answer)
{
    const struct node_stats *stats = answer->stats;
    yyjson_mut_val *object = add_object(answer, "stats");
    add_uint(answer, object, "requests_open", stats->requests_open);
    add_outcomes(answer, object, stats);
    add_uint(answer, object, "writes_restamped", stats->writes_restamped);
    add_uint(answer, object, "writes_sloppy", stats->writes_sloppy);
    add_rounds(answer, object, stats);
    add_hints(answer, object, stats);
    add_uint(answer, object, "read_repairs", stats->read_repairs);
    add_uint(answer, object, "speculative_reads", stats->speculative_reads);
    add_uint(answer, object, "repair_left", stats->repair_left);
    add_uint(answer, object, "repair_sessions", stats->repair_sessions);
    add_uint(answer, object, "repair_aborted", stats->repair_aborted);
    add_uint(answer, object, "repair_items", stats->repair_items);
    add_uint(answer, object, "repair_bytes", stats->repair_bytes);
    add_uint(answer, object, "repair_leaves", stats->repair_leaves);
    add_uint(answer, object, "repair_rows", stats->repair_rows);
    add_uint(answer, object, "scrub_tables", stats->scrub_tables);
    add_uint(answer, object, "scrub_leaves", stats->scrub_leaves);
    add_uint(answer, object, "ring_steps", stats->ring_steps);
    add_uint(answer, object, "partitions_copied", stats->partitions_copied);
    add_uint(answer, object, "partitions_dirty", stats->partitions_dirty);
    add_uint(answer, object, "rows_cleaned", stats->rows_cleaned);
    add_uint(answer, object, "items_expired", stats->items_expired);
    add_uint(answer, object, "expiry_spared", stats->expiry_spared);
    add_uint(answer, object, "expiry_failed", stats->expiry_failed);
    add_uint(answer, object, "frames_malformed", stats->frames_malformed);
    add_uint(answer, object, "frames_skewed", stats->frames_skewed);
    add_uint(answer, object, "frames_repeated", stats->frames_repeated);
    add_uint(answer, object, "frames_stale", stats->frames_stale);
    add_uint(answer, object, "replica_operations", stats->replica_operations);
    add_uint(answer, object, "recovering", stats->recovering);
    add_uint(answer, object, "votes", stats->votes);
    add_uint(answer, object, "census_answers", stats->census_answers);
    add_throughput(answer, object, stats);
}

static void add_load(struct answer *answer)
{
    const struct admin_load *load = answer->load;
    yyjson_mut_val *object = add_object(answer, "load");
    add_uint(answer, object, "connections", load->connections);
    add_uint(answer, object, "connections_refused", load->connections_refused);
    add_uint(answer, object, "clients_cut_off", load->clients_cut_off);
    add_uint(answer, object, "replies_cut_off", load->replies_cut_off);
    add_uint(answer, object, "request_memory", load->request_memory);
    add_uint(answer, object, "request_memory_max", load->request_memory_max);
    add_uint(answer, object, "requests_refused_delay", load->requests_refused_delay);
    add_uint(answer, object, "requests_refused_memory", load->requests_refused_memory);
    add_uint(answer, object, "frames_dropped", load->frames_dropped);
    add_uint(answer, object, "commits_queued", load->commits_queued);
    add_uint(answer, object, "commits_behind_us", load->commits_behind_us);
    add_uint(answer, object, "reads_queued", load->reads_queued);
    add_uint(answer, object, "reads_behind_us", load->reads_behind_us);
}

static int answer_status(struct answer *answer)
{
    add_cluster(answer);
    add_self(answer);
    add_members(answer);
    add_stats(answer);
    add_load(answer);
    return 200;
}

static int answer_hints(struct answer *answer)
{
    add_string(answer, answer->root, "node",
               membership_self(node_membership(answer->node))->config->name);
    add_hints(answer, answer->root, answer->stats);
    add_uint(answer, answer->root, "hints_bytes_max",
             node_configuration(answer->node)->hints_bytes_max);
    return 200;
}

/* The query is empty, or n= and one digit. Returns 0 if it is anything else. */
static size_t query_replicas(struct slice query)
{
    if (query.size == 0)
        return ADMIN_REPLICAS_DEFAULT;
    if (query.size != 3 || !slice_starts_with(query, SLICE_LITERAL("n=")))
        return 0;
    uint8_t digit = query.data[2];
    return digit >= '1' && digit <= '0' + ADMIN_REPLICAS_MAX ? (size_t)(digit - '0') : 0;
}

static void add_ring_members(struct answer *answer, const struct ownership *ownership)
{
    const struct membership *membership = node_membership(answer->node);
    yyjson_mut_val *members = add_array(answer, answer->root, "members");
    for (size_t index = 0; index < membership_count(membership); index++) {
        const struct member_config *config = membership_at(membership, index)->config;
        if (membership_at(membership, index)->status == MEMBER_REMOVED)
            continue;
        yyjson_mut_val *object = yyjson_mut_arr_add_obj(answer->json, members);
        add_string(answer, object, "name", config->name);
        add_string(answer, object, "zone", config->zone);
        add_uint(answer, object, "weight", config->weight);
        add_string(answer, object, "state", state_in_ring(membership, index));
        add_owned(answer, object, ownership, index);
    }
}

static void add_change(struct answer *answer)
{
    const struct ring_state *ring = membership_ring(node_membership(answer->node));
    yyjson_mut_val *object = add_object(answer, "change");
    yyjson_mut_obj_add_bool(answer->json, object, "under_way", ring_changes(ring));
    yyjson_mut_obj_add_bool(answer->json, object, "planned", !ring->unplanned);
    add_uint(answer, object, "partitions", ring->planned);
    add_uint(answer, object, "partitions_left", ring->moving);
    add_uint(answer, object, "partitions_joint", ring->joint);
}

static void add_preference_lists(struct answer *answer, size_t replicas)
{
    const struct membership *membership = node_membership(answer->node);
    yyjson_mut_val *lists = add_array(answer, answer->root, "preference_lists");
    uint16_t homes[ADMIN_REPLICAS_MAX];
    for (uint32_t partition = 0; partition < membership_partitions(membership); partition++) {
        yyjson_mut_val *list = yyjson_mut_arr_add_arr(answer->json, lists);
        size_t count = membership_preference_list(membership, partition, homes, replicas);
        for (size_t at = 0; at < count; at++) {
            const struct member *member = membership_at(membership, homes[at]);
            yyjson_mut_arr_add_str(answer->json, list, member->config->name);
        }
    }
}

static int answer_ring(struct answer *answer)
{
    size_t replicas = query_replicas(answer->query);
    if (replicas == 0)
        return answer_problem(answer, 400, "the query may only be n= and 1 to 7");
    const struct membership *membership = node_membership(answer->node);
    struct ownership ownership;
    ownership_init(&ownership, membership, replicas);
    add_uint(answer, answer->root, "epoch", membership_epoch(membership));
    add_uint(answer, answer->root, "partitions", membership_partitions(membership));
    add_uint(answer, answer->root, "replicas", ownership.replicas);
    add_percent(answer, answer->root, "imbalance_percent", ownership.imbalance, 1);
    add_change(answer);
    add_ring_members(answer, &ownership);
    add_preference_lists(answer, replicas);
    ownership_deinit(&ownership);
    return 200;
}
