#include "boot_fixture.h"

#include <stdlib.h>

#include "memory_store.h"
#include "test_main.h"

static struct memory_store *memory;
static struct store *store;
struct member_config members[3];
struct cluster_config configured;
struct prng prng;
struct boot boot;
static uint64_t machine = 1;

static void submitted(void *context, struct store_op *op)
{
    (void)context;
    (void)op;
}

char *text(const char *literal)
{
    return (char *)(uintptr_t)literal;
}

void setup(void)
{
    struct memory_store_config config = {.seed = 1, .sync = true};
    memory = memory_store_new(&config);
    store = memory_store_port(memory, submitted, NULL);
    members[0] = (struct member_config){text("a"), text("127.0.0.1:7000"), text("z1"), 100};
    members[1] = (struct member_config){text("b"), text("127.0.0.2:7000"), text("z2"), 200};
    members[2] = (struct member_config){text("c"), text("127.0.0.3:7000"), text(""), 50};
    configured = (struct cluster_config){text("test"), 64, members, 3};
    prng_init(&prng, 1);
}

struct buffer *read_row(void *context, struct slice key)
{
    (void)context;
    struct store_get get;
    store_get_init(&get, STORE_META, key, (store_done)abort);
    ck_assert(store_try_read(store, &get.op));
    return get.value;
}

void commit(struct store_commit *batch)
{
    store_submit(store, &batch->op);
    ck_assert_ptr_eq(memory_store_finish_commit(memory), &batch->op);
    store_commit_deinit(batch);
}

void put(struct slice key, struct slice value)
{
    struct store_commit batch;
    store_commit_init(&batch, (store_done)abort);
    store_batch_put(&batch.batch, STORE_META, key, value);
    commit(&batch);
}

const char *start(const struct cluster_config *cluster, const char *name)
{
    struct store_commit batch;
    store_commit_init(&batch, (store_done)abort);
    const char *wrong =
        boot_load(&boot, cluster, name, machine, &prng, read_row, NULL, &batch.batch);
    if (wrong == NULL)
        commit(&batch);
    else
        store_commit_deinit(&batch);
    return wrong;
}

void teardown(void)
{
    memory_store_free(memory);
}
