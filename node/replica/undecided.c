#include "undecided.h"

#include <stdlib.h>
#include <string.h>

#include "acceptor.h"
#include "buggify.h"
#include "hash.h"
#include "probe.h"

enum { LOAD_PAGE_BYTES = 1 << 20 };

static void load_page(struct undecided *undecided);

void undecided_init(struct undecided *undecided, struct store *store, uint16_t shard,
                    uint16_t shards)
{
    memset(undecided, 0, sizeof(*undecided));
    undecided->store = store;
    undecided->shard = shard;
    undecided->shards = shards;
    undecided_keys_init(&undecided->keys);
    map_init(&undecided->by_hash);
    writer_init(&undecided->loading.rows, 0);
    writer_init(&undecided->load_from, 0);
}

void undecided_deinit(struct undecided *undecided)
{
    struct undecided_key *key;
    while ((key = undecided_keys_pop(&undecided->keys)) != NULL) {
        buffer_unref(key->row);
        free(key);
    }
    map_deinit(&undecided->by_hash);
    store_range_deinit(&undecided->loading);
    writer_deinit(&undecided->load_from);
}

static void on_loaded(struct store_op *op)
{
    struct undecided *undecided = container_of(op, struct undecided, loading.op);
    struct reader reader = reader_of(writer_slice(&undecided->loading.rows));
    struct slice key, value, last = SLICE_EMPTY;
    while (store_rows_next(&reader, &key, &value)) {
        struct reader partition = reader_of(key);
        if (value.size > VERSION_SIZE &&
            reader_get_u32(&partition) % undecided->shards == undecided->shard)
            undecided_add(undecided, key, true, 0);
        last = key;
    }
    bool more = op->status == STORE_OK && undecided->loading.more;
    if (more) {
        writer_reset(&undecided->load_from);
        writer_put_slice(&undecided->load_from, last);
        writer_put_u8(&undecided->load_from, 0);
        load_page(undecided);
        return;
    }
    store_range_deinit(&undecided->loading);
    undecided->load_failed = op->status != STORE_OK;
    undecided->loaded = !undecided->load_failed;
}

static void load_page(struct undecided *undecided)
{
    store_range_deinit(&undecided->loading);
    store_range_init(&undecided->loading, STORE_PROMISES, writer_slice(&undecided->load_from),
                     SLICE_EMPTY, on_loaded);
    undecided->loading.bytes_max =
        BUGGIFY("undecided registers are loaded one by one") ? 1 : LOAD_PAGE_BYTES;
    store_submit(undecided->store, &undecided->loading.op);
}

void undecided_load(struct undecided *undecided)
{
    undecided->load_failed = false;
    load_page(undecided);
}

static struct undecided_key *note(struct undecided *undecided, struct slice key, uint64_t now_us)
{
    struct undecided_key *noted = malloc(sizeof(*noted) + key.size);
    ensure(noted != NULL);
    uint8_t *bytes = (uint8_t *)(noted + 1);
    memcpy(bytes, key.data, key.size);
    *noted = (struct undecided_key){.since_us = now_us, .key = slice_of(bytes, key.size)};
    undecided_keys_push(&undecided->keys, noted);
    map_put(&undecided->by_hash, hash64_id(key), noted);
    return noted;
}

void undecided_add(struct undecided *undecided, struct slice key, bool accepted, uint64_t now_us)
{
    struct undecided_key *noted = map_find(&undecided->by_hash, hash64_id(key));
    if (noted == NULL)
        noted = note(undecided, key, now_us);
    bool same = slice_equal(noted->key, key);
    noted->accepted |= accepted && same;
    if (accepted && same)
        undecided_touch(undecided, noted, now_us); /* somebody is at work on it */
    undecided->incomplete |= !same;
}

bool undecided_may_hold(const struct undecided *undecided, struct slice key)
{
    return !undecided->loaded || undecided->incomplete ||
           map_find(&undecided->by_hash, hash64_id(key)) != NULL;
}

void undecided_add_hint(struct undecided *undecided, struct slice key, struct slice row,
                        uint64_t now_us)
{
    struct undecided_key *noted = map_find(&undecided->by_hash, hash64_id(key));
    if (undecided->rows >= UNDECIDED_HINTS_MAX)
        return;
    if (noted == NULL)
        noted = note(undecided, key, now_us);
    if (noted->row != NULL || !slice_equal(noted->key, key))
        return;
    noted->row = buffer_from(row);
    undecided->rows++;
}

static void drop_row(struct undecided *undecided, struct undecided_key *noted)
{
    undecided->rows -= noted->row != NULL;
    buffer_unref(noted->row);
    noted->row = NULL;
}

void undecided_remove(struct undecided *undecided, struct slice key)
{
    struct undecided_key *noted = map_find(&undecided->by_hash, hash64_id(key));
    if (noted == NULL || !slice_equal(noted->key, key))
        return;
    (void)map_remove(&undecided->by_hash, hash64_id(key));
    undecided_keys_remove(&undecided->keys, noted);
    drop_row(undecided, noted);
    free(noted);
}

void undecided_settled(struct undecided *undecided, struct slice key)
{
    struct undecided_key *noted = map_find(&undecided->by_hash, hash64_id(key));
    if (noted == NULL)
        return;
    drop_row(undecided, noted);
    if (!noted->accepted)
        undecided_remove(undecided, key);
}

void undecided_touch(struct undecided *undecided, struct undecided_key *key, uint64_t since_us)
{
    undecided_keys_remove(&undecided->keys, key);
    key->since_us = since_us;
    undecided_keys_push(&undecided->keys, key);
}
