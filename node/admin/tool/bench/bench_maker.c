#include "bench_maker.h"

#include <stdlib.h>
#include <string.h>

static void heads_init(struct bench_maker *maker);

static bool is_used(const struct bench_workload *workload, enum bench_operation operation)
{
    return bench_workload_has(workload, operation) ||
           (operation == BENCH_UPDATE && bench_workload_has(workload, BENCH_READ_MODIFY_WRITE));
}

void bench_maker_init(struct bench_maker *maker, const struct bench_order *order, unsigned thread,
                      uint64_t wall_us)
{
    const struct bench_options *options = order->options;
    *maker = (struct bench_maker){.order = order};
    prng_init(&maker->prng, options->seed + thread * UINT64_C(1000003));
    bench_keys_init(&maker->keys, options->distribution, options->keys, &maker->prng);
    bench_pool_init(&maker->pool, options->field_size, &maker->prng);
    bench_signer_init(&maker->signer, order->crypto, order->credentials, order->region,
                      !options->no_sign);
    bench_signer_tick(&maker->signer, wall_us);
    size_t size_max = 0;
    for (unsigned i = 0; i < BENCH_OPERATIONS; i++) {
        maker->used[i] = is_used(options->workload, (enum bench_operation)i);
        if (!maker->used[i])
            continue;
        bench_template_init(&maker->templates[i], (enum bench_operation)i, options);
        if (maker->templates[i].size_max > size_max)
            size_max = maker->templates[i].size_max;
    }
    maker->buffer = malloc(BENCH_HEAD_SIZE_MAX + size_max);
    ensure(maker->buffer != NULL);
    heads_init(maker);
}

static void heads_init(struct bench_maker *maker)
{
    const struct bench_order *order = maker->order;
    const struct bench_options *options = order->options;
    maker->heads = calloc(order->targets_count * BENCH_OPERATIONS, sizeof(*maker->heads));
    ensure(maker->heads != NULL);
    for (size_t i = 0; i < order->targets_count * BENCH_OPERATIONS; i++) {
        enum bench_operation operation = (enum bench_operation)(i % BENCH_OPERATIONS);
        bool plain = operation == BENCH_HTTP;
        if (maker->used[operation])
            bench_head_init(&maker->heads[i], &maker->signer,
                            order->targets[i / BENCH_OPERATIONS].authority,
                            plain && options->body == NULL ? "GET" : "POST",
                            plain ? options->path : "/", bench_operation_target(operation));
    }
}

void bench_maker_deinit(struct bench_maker *maker)
{
    for (size_t i = 0; i < BENCH_OPERATIONS; i++) {
        if (maker->used[i])
            bench_template_deinit(&maker->templates[i]);
    }
    bench_pool_deinit(&maker->pool);
    free(maker->heads);
    free(maker->buffer);
}

void bench_maker_tick(struct bench_maker *maker, uint64_t wall_us)
{
    if (!bench_signer_tick(&maker->signer, wall_us))
        return;
    for (size_t i = 0; i < maker->order->targets_count * BENCH_OPERATIONS; i++) {
        if (maker->used[i % BENCH_OPERATIONS])
            bench_head_renew(&maker->heads[i], &maker->signer);
    }
}

/* The newest items may still be on their way: each connection has at most one. */
static uint64_t items_there(const struct bench_maker *maker)
{
    const struct bench_options *options = maker->order->options;
    uint64_t items = atomic_load_explicit(maker->order->items, memory_order_relaxed);
    if (items <= options->keys)
        return options->keys;
    uint64_t surely = items > options->connections ? items - options->connections : 0;
    return surely > options->keys ? surely : options->keys;
}

static bool is_drawn(const struct bench_maker *maker, size_t count, uint64_t key)
{
    for (size_t i = 0; i < count; i++) {
        if (maker->drawn[i] == key)
            return true;
    }
    return false;
}

/* A batch must not name an item twice. */
static void draw_batch(struct bench_maker *maker)
{
    uint64_t items = items_there(maker);
    for (size_t i = 0; i < maker->order->options->batch; i++) {
        uint64_t key = bench_keys_draw(&maker->keys, items);
        while (is_drawn(maker, i, key))
            key = (key + 1) % items;
        maker->drawn[i] = key;
    }
}

static void draw_keys(struct bench_maker *maker, enum bench_operation operation)
{
    if (operation == BENCH_INSERT)
        maker->drawn[0] = atomic_fetch_add_explicit(maker->order->items, 1, memory_order_relaxed);
    else if (operation == BENCH_BATCH_GET || operation == BENCH_BATCH_WRITE)
        draw_batch(maker);
    else
        maker->drawn[0] = bench_keys_draw(&maker->keys, items_there(maker));
}

static struct slice render(struct bench_maker *maker, enum bench_operation operation, size_t target)
{
    const struct bench_options *options = maker->order->options;
    unsigned limit_max = options->workload->limit_max;
    struct bench_fill fill = {
        .keys = maker->drawn,
        .limit = limit_max > 0 ? 1 + prng_below(&maker->prng, limit_max) : options->limit,
        .field = prng_below(&maker->prng, options->fields),
        .pool = &maker->pool,
        .prng = &maker->prng,
    };
    char *body = maker->buffer + BENCH_HEAD_SIZE_MAX;
    size_t size = bench_template_render(&maker->templates[operation], &fill, body);
    char *begin = bench_head_put(&maker->heads[target * BENCH_OPERATIONS + operation],
                                 &maker->signer, body, size);
    return slice_of(begin, (size_t)(body - begin) + size);
}

struct bench_request bench_maker_next(struct bench_maker *maker, size_t target)
{
    enum bench_operation operation =
        bench_workload_draw(maker->order->options->workload, &maker->prng);
    draw_keys(maker, operation);
    return (struct bench_request){operation, maker->drawn[0], render(maker, operation, target)};
}

struct bench_request bench_maker_modify(struct bench_maker *maker, size_t target, uint64_t key)
{
    maker->drawn[0] = key;
    return (struct bench_request){BENCH_READ_MODIFY_WRITE, key,
                                  render(maker, BENCH_UPDATE, target)};
}
