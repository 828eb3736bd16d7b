#include "core_host.h"

#include <check.h>
#include <stdlib.h>

#include "api_evaluator.h"
#include "memory_store.h"

enum { FRAMES_MAX = 4096 };

/* There is one host in a test process. */
static struct host {
    struct transport transport;
    struct memory_store *memory;
    struct boot boot;
    struct buffer *frames[FRAMES_MAX]; /* on their way to the node itself */
    size_t frames_count;
} host;

static void send_frame(struct transport *self, struct address to, struct buffer *frame)
{
    (void)self;
    (void)to;
    ck_assert_uint_lt(host.frames_count, FRAMES_MAX);
    host.frames[host.frames_count++] = frame;
}

static void submitted(void *context, struct store_op *op)
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

static void deliver_frames(struct api_fixture *fixture)
{
    size_t count = host.frames_count;
    struct buffer *frames[FRAMES_MAX];
    for (size_t i = 0; i < count; i++)
        frames[i] = host.frames[i];
    host.frames_count = 0;
    for (size_t i = 0; i < count; i++) {
        node_on_frame(fixture->node, fixture->now, node_self(fixture->node),
                      buffer_slice(frames[i]));
        api_run(fixture->api, fixture->now);
        buffer_unref(frames[i]);
    }
}

static void finish_store(struct api_fixture *fixture)
{
    struct store_op *op;
    while ((op = memory_store_finish_commit(host.memory)) != NULL ||
           (op = memory_store_finish_read(host.memory)) != NULL) {
        node_on_store_done(fixture->node, fixture->now, op);
        api_run(fixture->api, fixture->now);
    }
}

static void drive(struct api_fixture *fixture)
{
    fixture->now.monotonic_us += 1000;
    fixture->now.wall_us += 1000;
    node_on_deadline(fixture->node, fixture->now);
    api_run(fixture->api, fixture->now);
    deliver_frames(fixture);
    finish_store(fixture);
}

void core_fixture_init(struct api_fixture *fixture)
{
    struct member_config member = {(char *)(uintptr_t) "one", (char *)(uintptr_t) "one:1",
                                   (char *)(uintptr_t) "", 100};
    struct cluster_config cluster = {(char *)(uintptr_t) "test", 16, &member, 1};
    struct memory_store_config memory_config = {
        .seed = 7, .sync = true, .miss_per_million = 300000};
    struct store_batch batch;
    struct prng random;
    prng_init(&random, 7);
    store_batch_init(&batch);
    host.memory = memory_store_new(&memory_config);
    host.transport.send = send_frame;
    ck_assert_ptr_null(
        boot_load(&host.boot, &cluster, "one", 0, &random, read_nothing, NULL, &batch));
    store_batch_deinit(&batch);
    struct node_config config;
    node_config_defaults(&config);
    config.shard = 0;
    config.shards = 1;
    struct node_ports ports = {.transport = &host.transport,
                               .store = memory_store_port(host.memory, submitted, &host),
                               .evaluator = api_evaluator()};
    struct node *node = node_new(&config, &host.boot, ports);
    api_fixture_init(fixture, node, drive);
    node_on_start(node, fixture->now);
}

void core_fixture_deinit(struct api_fixture *fixture)
{
    struct prng random;
    prng_init(&random, 1);
    memory_store_crash(host.memory, &random); /* what is under way never completes */
    node_free(fixture->node);
    api_free(fixture->api);
    free(fixture->body);
    for (size_t i = 0; i < host.frames_count; i++)
        buffer_unref(host.frames[i]);
    host.frames_count = 0;
    memory_store_free(host.memory);
    boot_deinit(&host.boot);
}
