#include "hints.h"

#include <stdlib.h>
#include <string.h>

#include "buggify.h"
#include "hash.h"
#include "probe.h"

enum { LOAD_PAGE_BYTES = 1 << 20 };

static void on_loaded(struct store_op *op);

void hints_init(struct hints *hints, struct store *store, uint64_t bytes_max)
{
    memset(hints, 0, sizeof(*hints));
    hints->store = store;
    hints->bytes_max = bytes_max;
    map_init(&hints->known);
    writer_init(&hints->load_from, HINT_KEY_SIZE + 1);
}

void hints_deinit(struct hints *hints)
{
    map_deinit(&hints->known);
    writer_deinit(&hints->load_from);
    store_range_deinit(&hints->loading);
    free(hints->targets);
}

static node_id key_target(struct slice hint_key)
{
    struct reader reader = reader_of(hint_key);
    return reader_get_u64(&reader);
}

static struct hints_target *target_find(const struct hints *hints, node_id target)
{
    for (size_t i = 0; i < hints->targets_count; i++) {
        if (hints->targets[i].target == target)
            return &hints->targets[i];
    }
    return NULL;
}

static struct hints_target *target_get(struct hints *hints, node_id target)
{
    struct hints_target *found = target_find(hints, target);
    if (found != NULL)
        return found;
    size_t size = (hints->targets_count + 1) * sizeof(*hints->targets);
    hints->targets = realloc(hints->targets, size);
    ensure(hints->targets != NULL);
    hints->targets[hints->targets_count] = (struct hints_target){target, 0, 0};
    return &hints->targets[hints->targets_count++];
}

static void count(struct hints *hints, struct slice hint_key, size_t size)
{
    if (map_find(&hints->known, hash64_id(hint_key)) != NULL)
        return;
    map_put(&hints->known, hash64_id(hint_key), (void *)(uintptr_t)(size + 1));
    struct hints_target *target = target_get(hints, key_target(hint_key));
    target->count++;
    target->bytes += size;
    hints->bytes += size;
}

static void load_page(struct hints *hints)
{
    struct slice from = writer_slice(&hints->load_from);
    store_range_init(&hints->loading, STORE_HINTS, from, SLICE_EMPTY, on_loaded);
    hints->loading.bytes_max = BUGGIFY("hints are loaded one by one") ? 1 : LOAD_PAGE_BYTES;
    store_submit(hints->store, &hints->loading.op);
}

void hints_load(struct hints *hints)
{
    hints->load_failed = false;
    load_page(hints);
}

static void on_loaded(struct store_op *op)
{
    struct hints *hints = container_of(op, struct hints, loading.op);
    struct reader reader = reader_of(writer_slice(&hints->loading.rows));
    struct slice key, value, last = SLICE_EMPTY;
    while (store_rows_next(&reader, &key, &value)) {
        count(hints, key, value.size);
        last = key;
    }
    bool failed = op->status != STORE_OK;
    bool more = hints->loading.more && !failed;
    if (failed)
        PROBE("hints could not be loaded");
    if (more) {
        writer_reset(&hints->load_from);
        writer_put_slice(&hints->load_from, last);
        writer_put_u8(&hints->load_from, 0);
    }
    store_range_deinit(&hints->loading);
    hints->load_failed = failed;
    hints->loaded = !failed && !more;
    if (more)
        load_page(hints);
}

void hint_key_write(uint8_t at[HINT_KEY_SIZE], node_id target, struct version ballot,
                    struct slice item_key)
{
    uint64_t words[] = {target, ballot.hlc, ballot.node, hash64(item_key)};
    for (size_t i = 0; i < array_size(words); i++) {
        uint64_t big_endian = __builtin_bswap64(words[i]);
        memcpy(at + i * sizeof(big_endian), &big_endian, sizeof(big_endian));
    }
}

void hint_key_range(node_id target, uint8_t from[8], uint8_t to[8])
{
    uint64_t first = __builtin_bswap64(target);
    uint64_t past = __builtin_bswap64(target + 1);
    memcpy(from, &first, sizeof(first));
    memcpy(to, &past, sizeof(past));
}

void hint_encode(struct writer *writer, struct slice item_key, struct slice row)
{
    writer_put_sized(writer, item_key);
    writer_put_slice(writer, row);
}

bool hint_decode(struct slice value, struct slice *item_key, struct slice *row)
{
    struct reader reader = reader_of(value);
    *item_key = reader_get_sized(&reader);
    *row = reader_get_slice(&reader, reader_left(&reader));
    return !reader.failed;
}

enum hints_added hints_add(struct hints *hints, node_id target, struct slice hint_key, size_t size)
{
    ensure(key_target(hint_key) == target);
    if (map_find(&hints->known, hash64_id(hint_key)) != NULL)
        return HINTS_KNOWN;
    if (hints->bytes + size > hints->bytes_max || BUGGIFY("a hint store is full")) {
        PROBE("a hint store has no room");
        hints->refused++;
        return HINTS_FULL;
    }
    count(hints, hint_key, size);
    return HINTS_ADDED;
}

void hints_readd(struct hints *hints, struct slice hint_key, size_t size)
{
    count(hints, hint_key, size);
}

void hints_forget(struct hints *hints, struct slice hint_key)
{
    void *known = map_remove(&hints->known, hash64_id(hint_key));
    if (known == NULL)
        return;
    size_t size = (size_t)(uintptr_t)known - 1;
    struct hints_target *target = target_find(hints, key_target(hint_key));
    ensure(target != NULL);
    ensure(target->count > 0);
    target->count--;
    target->bytes -= size;
    hints->bytes -= size;
}

uint64_t hints_pending(const struct hints *hints)
{
    uint64_t pending = 0;
    for (size_t i = 0; i < hints->targets_count; i++)
        pending += hints->targets[i].count;
    return pending;
}

uint64_t hints_pending_for(const struct hints *hints, node_id target)
{
    const struct hints_target *found = target_find(hints, target);
    return found == NULL ? 0 : found->count;
}
