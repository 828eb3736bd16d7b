#include "catalogue.h"

#include <inttypes.h>
#include <string.h>

#include "api_state.h"
#include "hash.h"
#include "local_index.h"
#include "store.h"
#include "table_arn.h"

enum {
    REFRESH_RETRY_US =
        200000, /* after a refresh that failed: at a start, peers are just being met */
    REFRESH_ROWS = 256,
    REFRESH_BYTES = 1 << 20
};

static void refresh_start(struct operation_call *call);

static const struct shape no_input = {.kind = SHAPE_STRUCTURE};

void catalogue_init(struct catalogue *catalogue)
{
    *catalogue = (struct catalogue){.refresh_wanted = true};
    map_init(&catalogue->by_name);
    map_init(&catalogue->dropped);
    arena_init(&catalogue->arena);
}

void catalogue_deinit(struct catalogue *catalogue)
{
    size_t cursor = 0;
    struct table *table;
    while ((table = map_each(&catalogue->by_name, &cursor)) != NULL)
        while (table != NULL) {
            struct table *next = table->next;
            table_unref(table);
            table = next;
        }
    writer_deinit(&catalogue->refresh.reply);
    map_deinit(&catalogue->by_name);
    map_deinit(&catalogue->dropped);
    arena_deinit(&catalogue->arena);
}

/* The table of known tables. */

static uint64_t name_hash(struct slice name)
{
    return hash64(name) | 1; /* a map's ids are not 0 */
}

struct table *catalogue_find(const struct catalogue *catalogue, struct slice name)
{
    struct table *table = map_find(&catalogue->by_name, name_hash(name));
    while (table != NULL && !slice_equal(table->name, name))
        table = table->next;
    return table;
}

static void insert(struct catalogue *catalogue, struct table *table)
{
    uint64_t hash = name_hash(table->name);
    table->next = map_remove(&catalogue->by_name, hash);
    map_put(&catalogue->by_name, hash, table);
}

static void forget(struct catalogue *catalogue, struct table *table)
{
    uint64_t hash = name_hash(table->name);
    struct table *chain = map_remove(&catalogue->by_name, hash);
    struct table **at = &chain;
    while (*at != table)
        at = &(*at)->next;
    *at = table->next;
    if (chain != NULL)
        map_put(&catalogue->by_name, hash, chain);
    table_unref(table);
}

void catalogue_learn(struct api *api, struct slice definition)
{
    struct catalogue *catalogue = &api->catalogue;
    struct table *table = table_parse(definition);
    if (table == NULL)
        return;
    struct table *known = catalogue_find(catalogue, table->name);
    bool stale = map_find(&catalogue->dropped, table->id) != NULL ||
                 (known != NULL && known->id == table->id && known->revision >= table->revision);
    if (stale) {
        table_unref(table);
        return;
    }
    if (known != NULL)
        forget(catalogue, known);
    insert(catalogue, table);
    struct table_schema schema = table_schema_of(table);
    node_set_table(api->node, table->id, &schema);
}

void catalogue_learn_drop(struct api *api, uint64_t table_id)
{
    struct catalogue *catalogue = &api->catalogue;
    if (table_id == 0 || map_find(&catalogue->dropped, table_id) != NULL)
        return;
    map_put(&catalogue->dropped, table_id, catalogue);
    node_drop_table(api->node, api->now, table_id);
    statistics_forget(&api->statistics, table_id);
    size_t cursor = 0;
    struct table *table;
    while ((table = map_each(&catalogue->by_name, &cursor)) != NULL) {
        while (table != NULL && table->id != table_id)
            table = table->next;
        if (table != NULL) {
            forget(catalogue, table);
            return;
        }
    }
}

/* Keys. */

static struct item_key key_of(struct operation_call *call, const char *collection,
                              struct slice sort_key)
{
    return item_key_of(CATALOGUE_TABLE_ID, slice_of_string(collection), sort_key,
                       api_partitions(call->api));
}

static struct slice encode_key(struct operation_call *call, const struct item_key *key)
{
    struct writer *writer = operation_writer_new(call, 0);
    item_key_encode(writer, key);
    return writer_slice(writer);
}

struct slice catalogue_table_key(struct operation_call *call, struct slice name)
{
    struct item_key key = key_of(call, "tables", name);
    return encode_key(call, &key);
}

static struct slice id_key(struct operation_call *call, const char *collection, uint64_t table_id)
{
    char *id = arena_printf(call->arena, "%016" PRIx64, table_id);
    struct item_key key = key_of(call, collection, slice_of_string(id));
    return encode_key(call, &key);
}

struct slice catalogue_dropped_key(struct operation_call *call, uint64_t table_id)
{
    return id_key(call, "dropped", table_id);
}

struct slice catalogue_statistics_key(struct operation_call *call, uint64_t table_id)
{
    return id_key(call, "statistics", table_id);
}

void catalogue_range(struct operation_call *call, const char *collection, struct slice after,
                     struct slice *from, struct slice *to)
{
    struct item_key key = key_of(call, collection, after);
    struct key_range range;
    key_range_init(&range);
    key_range_collection(&range, &key);
    if (after.size > 0)
        key_range_after(&range, &key);
    *from = arena_copy(call->arena, writer_slice(&range.from));
    *to = arena_copy(call->arena, writer_slice(&range.to));
    key_range_deinit(&range);
}

/* Looking up. */

static void looked_up(struct operation_call *call);

static void lookup_send(struct operation_call *call, bool consistent)
{
    call->lookup = operation_request_new(call, REQUEST_READ);
    call->lookup->request.quorum = node_system_quorum(call->api->node);
    call->lookup->request.quorum.r = 1;
    call->lookup->request.consistent = consistent;
    call->lookup->request.key = catalogue_table_key(call, call->lookup_name);
    operation_wait(call, looked_up);
    operation_send(call, call->lookup);
}

/* Without a majority of the catalogue's nodes, what one of them knows of the table must do: a cart
 * is writable even then. "Not found" is never believed from one node alone. */
static bool lookup_again(struct operation_call *call)
{
    const struct request *request = &call->lookup->request;
    bool unreachable =
        request->outcome == OUTCOME_UNAVAILABLE || request->outcome == OUTCOME_TIMEOUT;
    if (!unreachable || !request->consistent)
        return false;
    operation_release(call->lookup);
    lookup_send(call, false);
    return true;
}

static void looked_up(struct operation_call *call)
{
    struct request *request = &call->lookup->request;
    if (lookup_again(call))
        return;
    if (request->outcome == OUTCOME_OK && !request->found && !request->consistent)
        request->outcome = OUTCOME_UNAVAILABLE;
    if (request->outcome != OUTCOME_OK) {
        operation_fail_outcome(call, request->outcome);
        return;
    }
    if (request->found) {
        node_raise_schema_version(call->api->node, request->version.hlc);
        catalogue_learn(call->api, request->result);
    }
    struct table *table = catalogue_find(&call->api->catalogue, call->lookup_name);
    if (table != NULL && request->found)
        operation_use_table(call, table);
    call->found = request->found ? table : NULL;
    operation_release(call->lookup);
    call->after_lookup(call);
}

void catalogue_lookup(struct operation_call *call, struct slice name, operation_step step)
{
    if (!table_arn_resolve(call, name, &name))
        return;
    struct table *known = catalogue_find(&call->api->catalogue, name);
    call->found = known;
    if (known != NULL) {
        operation_use_table(call, known);
        step(call);
        return;
    }
    call->lookup_name = name;
    call->after_lookup = step;
    lookup_send(call, true);
}

/* Announcements: sized name, version, tombstone, sized definition, table id. */

static void take_in(struct api *api, struct slice announcement)
{
    struct reader reader = reader_of(announcement);
    reader_get_sized(&reader);
    struct version version = reader_get_version(&reader);
    bool dropped = reader_get_u8(&reader) != 0;
    struct slice definition = reader_get_sized(&reader);
    uint64_t table_id = reader_get_u64(&reader);
    if (!reader_done(&reader))
        return;
    node_raise_schema_version(api->node, version.hlc);
    if (dropped)
        catalogue_learn_drop(api, table_id);
    else
        catalogue_learn(api, definition);
}

/* Refreshing. */

struct refresh {
    struct operation_call call;
    struct operation_request *page;
    const char *collection; /* that is being read */
    struct slice to;        /* its end */
};

static const struct operation refresh_operation = {"Refresh", sizeof(struct refresh), &no_input,
                                                   refresh_start};

static void refresh_read(struct refresh *refresh, struct slice from);

static uint64_t parse_id(struct slice digits)
{
    uint64_t id = 0;
    for (size_t i = 0; i < digits.size && i < 16; i++) {
        uint8_t digit = digits.data[i];
        id = id << 4 | (uint64_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
    }
    return id;
}

static void take_in_rows(struct refresh *refresh)
{
    struct reader rows = reader_of(writer_slice(&refresh->page->request.rows));
    struct slice encoded, value;
    while (store_rows_next(&rows, &encoded, &value)) {
        struct item_key key;
        if (!item_key_decode(encoded, &key))
            continue;
        if (slice_equal(key.partition_key, SLICE_LITERAL("tables")))
            catalogue_learn(refresh->call.api, value);
        else
            catalogue_learn_drop(refresh->call.api, parse_id(key.sort_key));
    }
}

static void refresh_open(struct refresh *refresh, const char *collection)
{
    struct slice from;
    refresh->collection = collection;
    catalogue_range(&refresh->call, collection, SLICE_EMPTY, &from, &refresh->to);
    refresh_read(refresh, from);
}

static void refresh_page_read(struct operation_call *call)
{
    struct refresh *refresh = (struct refresh *)(void *)call;
    const struct request *page = &refresh->page->request;
    if (page->outcome != OUTCOME_OK) {
        operation_fail_outcome(call, page->outcome);
        return;
    }
    take_in_rows(refresh);
    if (page->more) {
        struct slice from = key_successor(call->arena, page->resume);
        operation_release(refresh->page);
        refresh_read(refresh, from);
    } else if (strcmp(refresh->collection, "dropped") == 0) {
        refresh_open(refresh, "tables");
    } else {
        operation_finish(call);
    }
}

static void refresh_read(struct refresh *refresh, struct slice from)
{
    struct operation_call *call = &refresh->call;
    refresh->page = operation_request_new(call, REQUEST_RANGE);
    struct request *page = &refresh->page->request;
    page->quorum = node_system_quorum(call->api->node);
    page->consistent = true;
    page->key = from;
    page->to = refresh->to;
    page->rows_max = REFRESH_ROWS;
    page->bytes_max = REFRESH_BYTES;
    operation_wait(call, refresh_page_read);
    operation_send(call, refresh->page);
}

static void refresh_start(struct operation_call *call)
{
    refresh_open((struct refresh *)(void *)call, "dropped");
}

static void refresh_done(struct api_call *call)
{
    struct catalogue *catalogue = container_of(call, struct catalogue, refresh);
    struct api *api = container_of(catalogue, struct api, catalogue);
    catalogue->refreshing = false;
    catalogue->refresh_wanted = call->status != 200;
    if (catalogue->refresh_wanted)
        catalogue->refresh_at_us = api->now.monotonic_us + REFRESH_RETRY_US;
    else
        catalogue->refreshed_version = catalogue->refresh_version;
    writer_deinit(&call->reply);
    arena_reset(&catalogue->arena);
}

void catalogue_run(struct api *api)
{
    struct catalogue *catalogue = &api->catalogue;
    struct buffer *announcement;
    while ((announcement = node_next_announcement(api->node)) != NULL) {
        take_in(api, buffer_slice(announcement));
        buffer_unref(announcement);
    }
    uint64_t version = node_schema_version(api->node);
    bool wanted = catalogue->refresh_wanted || version > catalogue->refreshed_version;
    if (!wanted || catalogue->refreshing || api->now.monotonic_us < catalogue->refresh_at_us)
        return;
    catalogue->refreshing = true;
    catalogue->refresh_version = version;
    catalogue->refresh = (struct api_call){.arena = &catalogue->arena, .done = refresh_done};
    operation_start(api, &catalogue->refresh, &refresh_operation, NULL);
}
