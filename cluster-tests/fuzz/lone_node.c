#include "lone_node.h"

#include <stdio.h>
#include <stdlib.h>

#include "api_evaluator.h"
#include "fuzz.h"

enum {
    STEP_US = 1000,
    CALL_STEPS_MAX = 20000, /* the node's own timeout comes before */
    SETTLE_STEPS_MAX = 20000,
    REQUEST_ID_AT = 16 /* in a frame's header (frame.h) */
};

/* What a client of one node that is well may be told. */
static const char *const error_types[] = {"ValidationException",
                                          "SerializationException",
                                          "UnknownOperationException",
                                          "ResourceNotFoundException",
                                          "ResourceInUseException",
                                          "ConditionalCheckFailedException",
                                          "LimitExceededException",
                                          "AccessDeniedException",
                                          "ThrottlingException",
                                          "ProvisionedThroughputExceededException",
                                          "ItemCollectionSizeLimitExceededException"};

static char *const names[LONE_MEMBERS_MAX] = {(char *)(uintptr_t) "n1", (char *)(uintptr_t) "n2",
                                              (char *)(uintptr_t) "n3"};
static char *const addresses[LONE_MEMBERS_MAX] = {(char *)(uintptr_t) "127.0.0.1:7000",
                                                  (char *)(uintptr_t) "127.0.0.2:7000",
                                                  (char *)(uintptr_t) "127.0.0.3:7000"};

static void on_send(struct transport *transport, struct address to, struct buffer *frame)
{
    struct lone_node *lone = container_of(transport, struct lone_node, transport);
    if (to.node == lone->self && lone->frames_count < LONE_FRAMES_MAX) {
        lone->frames[lone->frames_count++] = frame;
        return;
    }
    struct reader reader = reader_of(slice_of(frame->data + REQUEST_ID_AT, sizeof(uint64_t)));
    lone->asked[lone->frames_sent++ % LONE_ASKED] = reader_get_u64(&reader);
    buffer_unref(frame);
}

static void on_submitted(void *context, struct store_op *op)
{
    (void)context;
    (void)op;
}

static struct buffer *read_nothing(void *context, struct slice key)
{
    (void)context;
    (void)key;
    return NULL;
}

static void boot(struct boot *boot, size_t members, struct prng *random)
{
    struct member_config configs[LONE_MEMBERS_MAX];
    struct store_batch batch;
    for (size_t i = 0; i < members; i++)
        configs[i] = (struct member_config){names[i], addresses[i], (char *)(uintptr_t) "", 100};
    struct cluster_config cluster = {(char *)(uintptr_t) "fuzz", 8, configs, members};
    store_batch_init(&batch);
    const char *problem =
        boot_load(boot, &cluster, names[0], 0, random, read_nothing, NULL, &batch);
    ensure(problem == NULL);
    store_batch_deinit(&batch);
}

static void link_peers(struct lone_node *lone, size_t members)
{
    for (size_t i = 1; i < members; i++) {
        struct peer_identity peer = {
            .id = i << 20, .name = names[i], .shards = 1, .incarnation = UINT64_C(1) << 32};
        lone->peers[lone->peers_count++] = peer.id;
        node_on_peer_up(lone->node, lone->now, &peer);
    }
}

void lone_node_init(struct lone_node *lone, size_t members)
{
    struct memory_store_config memory = {.seed = 7, .sync = true, .miss_per_million = 300000};
    struct api_config api = {"us-east-1", "123456789012", {3, 1, 2, true}};
    struct boot born;
    struct prng random;
    struct node_config config;
    *lone = (struct lone_node){.now = {1000000, UINT64_C(1767225600000000)}};
    lone->transport.send = on_send;
    lone->memory = memory_store_new(&memory);
    prng_init(&random, 7);
    boot(&born, members, &random);
    lone->self = born.id;
    node_config_defaults(&config);
    config.shard = 0;
    config.shards = 1;
    struct node_ports ports = {.transport = &lone->transport,
                               .store = memory_store_port(lone->memory, on_submitted, lone),
                               .evaluator = api_evaluator()};
    lone->node = node_new(&config, &born, ports);
    boot_deinit(&born);
    lone->api = api_new(&api, lone->node);
    arena_init(&lone->arena);
    writer_init(&lone->reply, 0);
    node_on_start(lone->node, lone->now);
    link_peers(lone, members);
}

void lone_node_deinit(struct lone_node *lone)
{
    struct prng random;
    prng_init(&random, 1);
    node_check(lone->node);
    memory_store_crash(lone->memory, &random);
    node_free(lone->node);
    api_free(lone->api);
    for (size_t i = 0; i < lone->frames_count; i++)
        buffer_unref(lone->frames[i]);
    memory_store_free(lone->memory);
    writer_deinit(&lone->reply);
    arena_deinit(&lone->arena);
}

static void deliver_frames(struct lone_node *lone)
{
    struct buffer *frames[LONE_FRAMES_MAX];
    size_t count = lone->frames_count;
    if (count > 0)
        memcpy(frames, lone->frames, count * sizeof(frames[0]));
    lone->frames_count = 0;
    for (size_t i = 0; i < count; i++) {
        node_on_frame(lone->node, lone->now, lone->self, buffer_slice(frames[i]));
        buffer_unref(frames[i]);
        api_run(lone->api, lone->now);
    }
}

static void finish_store(struct lone_node *lone)
{
    struct store_op *op;
    while ((op = memory_store_finish_commit(lone->memory)) != NULL ||
           (op = memory_store_finish_read(lone->memory)) != NULL) {
        node_on_store_done(lone->node, lone->now, op);
        api_run(lone->api, lone->now);
    }
}

void lone_node_step(struct lone_node *lone)
{
    lone->now.monotonic_us += STEP_US;
    lone->now.wall_us += STEP_US;
    if (node_next_deadline_us(lone->node) <= lone->now.monotonic_us)
        node_on_deadline(lone->node, lone->now);
    api_run(lone->api, lone->now);
    deliver_frames(lone);
    finish_store(lone);
}

void lone_node_settle(struct lone_node *lone)
{
    unsigned steps = 0;
    for (; !node_quiet(lone->node) || lone->frames_count > 0; steps++) {
        ensure(steps < SETTLE_STEPS_MAX);
        lone_node_step(lone);
    }
    node_check(lone->node);
}

struct lone_call {
    struct api_call call;
    struct lone_node *lone;
    bool starting;
};

static void on_done(struct api_call *call)
{
    struct lone_call *own = container_of(call, struct lone_call, call);
    ensure(!own->starting);
    ensure(!own->lone->done);
    own->lone->done = true;
    own->lone->status = call->status;
    writer_deinit(&own->lone->reply);
    own->lone->reply = call->reply;
}

const char *lone_node_error(struct lone_node *lone, struct slice reply)
{
    const char *type = yyjson_get_str(yyjson_obj_get(json_parse(&lone->arena, reply), "__type"));
    const char *code = type == NULL ? NULL : strchr(type, '#');
    for (size_t i = 0; code != NULL && i < array_size(error_types); i++)
        if (strcmp(code + 1, error_types[i]) == 0)
            return error_types[i];
    return NULL;
}

static void check_reply(struct lone_node *lone, struct slice reply)
{
    ensure(reply.size == 0 || json_parse(&lone->arena, reply) != NULL);
    ensure(lone->status == 200 || lone->status == 400);
    ensure((lone->status == 200) == (lone_node_error(lone, reply) == NULL));
}

struct slice lone_node_call(struct lone_node *lone, const char *operation, struct slice body)
{
    struct lone_call own = {.lone = lone, .starting = true};
    arena_reset(&lone->arena);
    own.call.target =
        slice_of_string(arena_printf(&lone->arena, "DynamoDB_20120810.%s", operation));
    own.call.body = body;
    own.call.host = SLICE_LITERAL("localhost:8000");
    own.call.arena = &lone->arena;
    own.call.done = on_done;
    lone->done = false;
    api_call_start(lone->api, lone->now, &own.call);
    own.starting = false;
    api_run(lone->api, lone->now);
    for (unsigned steps = 0; !lone->done; steps++) {
        ensure(steps < CALL_STEPS_MAX);
        lone_node_step(lone);
    }
    check_reply(lone, writer_slice(&lone->reply));
    return writer_slice(&lone->reply);
}

struct slice lone_node_ok(struct lone_node *lone, const char *operation, const char *body)
{
    char *json = slice_to_string(slice_of_string(body));
    for (char *at = json; *at != '\0'; at++)
        if (*at == '\'')
            *at = '"';
    struct slice reply = lone_node_call(lone, operation, slice_of_string(json));
    if (lone->status != 200)
        fprintf(stderr, "%s %s: %.*s\n", operation, json, (int)reply.size,
                (const char *)reply.data);
    ensure(lone->status == 200);
    free(json);
    return reply;
}

void lone_node_create_table(struct lone_node *lone)
{
    lone_node_ok(lone, "CreateTable",
                 "{'TableName':'tab','BillingMode':'PAY_PER_REQUEST','AttributeDefinitions':[{"
                 "'AttributeName':'pk','AttributeType':'S'},{'AttributeName':'sk','AttributeType':"
                 "'N'}],'KeySchema':[{'AttributeName':'pk','KeyType':'HASH'},{'AttributeName':'sk',"
                 "'KeyType':'RANGE'}]}");
}
