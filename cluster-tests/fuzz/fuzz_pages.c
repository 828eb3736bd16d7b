/* F17: ExclusiveStartKey, LastEvaluatedKey and pages. Over a table with data, choices make walks in
 * pages, which must see each item once and in order, and starts at keys that exist or not; the rest
 * of the input, if it is JSON, is a start key as a client may send it. */
#include <stdio.h>
#include <stdlib.h>

#include "decimal.h"
#include "fuzz.h"
#include "json_item.h"
#include "lone_node.h"

enum { PARTITIONS = 4, SORTS = 6, ITEMS = PARTITIONS * SORTS, WALK_MAX = 100 };

static const char *const partitions[] = {"a", "b", "c", "\xc3\xa9", "absent"};
/* Ascending; those behind the first SORTS are of no item. */
static const char *const sorts[] = {"-10", "-1.5", "0",     "1",     "10",    "1e20",
                                    "-2",  "0.5",  "-1e30", "1e125", "1e-130"};
static const char *const relations[] = {"", " AND sk > :s", " AND sk <= :s", " AND sk = :s"};

static struct lone_node lone;
static struct draws draws;
static struct arena arena;
static int order[ITEMS]; /* of a whole scan */

/* Items are told by their attribute `v`. */
struct page {
    bool refused;
    int items[ITEMS + 1];
    size_t count;
    const char *last; /* LastEvaluatedKey; NULL: none */
};

static struct page read_page(const char *operation, const char *body)
{
    struct page page = {.refused = true};
    struct slice reply = lone_node_call(&lone, operation, slice_of_string(body));
    yyjson_val *json = json_parse(&arena, arena_copy(&arena, reply)), *item;
    size_t i, count;
    if (lone.status != 200)
        return page;
    page.refused = false;
    yyjson_alc allocator = json_arena_allocator(&arena);
    yyjson_arr_foreach(yyjson_obj_get(json, "Items"), i, count, item)
    {
        ensure(page.count < ITEMS);
        const char *v = yyjson_get_str(yyjson_obj_get(yyjson_obj_get(item, "v"), "N"));
        page.items[page.count++] = atoi(v);
    }
    ensure(yyjson_get_uint(yyjson_obj_get(json, "Count")) == page.count);
    yyjson_val *last = yyjson_obj_get(json, "LastEvaluatedKey");
    if (last != NULL)
        page.last = yyjson_val_write_opts(last, YYJSON_WRITE_NOFLAG, &allocator, NULL, NULL);
    return page;
}

static void load(void)
{
    lone_node_create_table(&lone);
    for (int i = 0; i < ITEMS; i++)
        lone_node_ok(&lone, "PutItem",
                     arena_printf(&arena,
                                  "{'TableName':'tab','Item':{'pk':{'S':'%s'},'sk':{'N':'%s'},'v':{"
                                  "'N':'%d'}}}",
                                  partitions[i / SORTS], sorts[i % SORTS], i));
}

static void scan_whole(void)
{
    bool seen[ITEMS] = {false};
    struct page page = read_page("Scan", "{\"TableName\":\"tab\"}");
    ensure(page.count == ITEMS && page.last == NULL);
    for (size_t i = 0; i < ITEMS; i++) {
        order[i] = page.items[i];
        ensure(!seen[order[i]]);
        seen[order[i]] = true;
        /* Each collection stands together, ascending. */
        ensure(order[i] % SORTS == 0 || (i > 0 && order[i - 1] == order[i] - 1));
    }
}

static int compare_sorts(const char *a, const char *b)
{
    struct decimal_bytes decimals[2];
    enum decimal_result results[2] = {decimal_parse(slice_of_string(a), &decimals[0]),
                                      decimal_parse(slice_of_string(b), &decimals[1])};
    ensure(results[0] == DECIMAL_OK && results[1] == DECIMAL_OK);
    return decimal_compare(decimal_slice(&decimals[0]), decimal_slice(&decimals[1]));
}

static bool stands(const char *sort, size_t relation, const char *bound)
{
    int compared = compare_sorts(sort, bound);
    bool by_relation[] = {true, compared > 0, compared <= 0, compared == 0};
    return by_relation[relation];
}

/* A query as it is asked, and as its answers must be. */
struct query {
    const char *partition;
    size_t relation;
    const char *bound;
    bool forward;
    int expected[SORTS];
    size_t count;
};

static void draw_query(struct query *query)
{
    *query = (struct query){.partition = DRAW_ONE(&draws, partitions)};
    query->relation = draw_below(&draws, array_size(relations));
    query->bound = DRAW_ONE(&draws, sorts);
    query->forward = draw_bool(&draws);
    for (size_t p = 0; p < PARTITIONS; p++)
        for (size_t i = 0; i < SORTS && strcmp(partitions[p], query->partition) == 0; i++) {
            size_t at = query->forward ? i : SORTS - 1 - i;
            if (stands(sorts[at], query->relation, query->bound))
                query->expected[query->count++] = (int)(p * SORTS + at);
        }
}

static struct page ask(const struct query *query, unsigned limit, const char *start)
{
    return read_page(
        "Query",
        arena_printf(&arena,
                     "{\"TableName\":\"tab\",\"KeyConditionExpression\":\"pk = :p%s\","
                     "\"ExpressionAttributeValues\":{\":p\":{\"S\":\"%s\"}%s%s%s},\"Limit\":%u,"
                     "\"ScanIndexForward\":%s%s%s}",
                     relations[query->relation], query->partition,
                     query->relation == 0 ? "" : ",\":s\":{\"N\":\"",
                     query->relation == 0 ? "" : query->bound, query->relation == 0 ? "" : "\"}",
                     limit, query->forward ? "true" : "false",
                     start == NULL ? "" : ",\"ExclusiveStartKey\":", start == NULL ? "" : start));
}

/* Goes through all pages from the item `from` of those expected. */
static void walk_query(const struct query *query, const char *start, size_t from)
{
    unsigned limit = 1 + draw_below(&draws, SORTS + 1);
    for (unsigned pages = 0; pages < WALK_MAX; pages++) {
        struct page page = ask(query, limit, start);
        ensure(!page.refused && page.count <= limit);
        ensure(page.count == limit || from + page.count == query->count);
        for (size_t i = 0; i < page.count; i++)
            ensure(page.items[i] == query->expected[from + i]);
        from += page.count;
        ensure((page.last != NULL) == (page.count == limit));
        if (page.last == NULL)
            return;
        start = page.last;
    }
    ensure(false);
}

static const char *key_text(const char *partition, const char *sort)
{
    return arena_printf(&arena, "{\"pk\":{\"S\":\"%s\"},\"sk\":{\"N\":\"%s\"}}", partition, sort);
}

static void query_from_key(const struct query *query)
{
    const char *partition = DRAW_ONE(&draws, partitions), *sort = DRAW_ONE(&draws, sorts);
    bool inside =
        strcmp(partition, query->partition) == 0 && stands(sort, query->relation, query->bound);
    const char *start = key_text(partition, sort);
    if (!inside) {
        ensure(ask(query, 10, start).refused);
        return;
    }
    size_t from = 0;
    while (from < query->count) {
        int compared = compare_sorts(sorts[query->expected[from] % SORTS], sort);
        if (query->forward ? compared > 0 : compared < 0)
            break;
        from++;
    }
    walk_query(query, start, from);
}

static struct page scan(unsigned limit, unsigned segment, unsigned segments, const char *start)
{
    return read_page(
        "Scan",
        arena_printf(&arena,
                     "{\"TableName\":\"tab\",\"Limit\":%u,\"Segment\":%u,"
                     "\"TotalSegments\":%u,\"ConsistentRead\":%s%s%s}",
                     limit, segment, segments, draw_bool(&draws) ? "true" : "false",
                     start == NULL ? "" : ",\"ExclusiveStartKey\":", start == NULL ? "" : start));
}

/* All segments, in pages, see each item once. */
static void walk_segments(void)
{
    bool seen[ITEMS] = {false};
    size_t count = 0;
    unsigned limit = 1 + draw_below(&draws, ITEMS), segments = 1 + draw_below(&draws, 9);
    for (unsigned segment = 0; segment < segments; segment++) {
        const char *start = NULL;
        unsigned pages = 0;
        do {
            struct page page = scan(limit, segment, segments, start);
            ensure(!page.refused && page.count <= limit && ++pages < WALK_MAX);
            for (size_t i = 0; i < page.count; i++) {
                ensure(!seen[page.items[i]]);
                seen[page.items[i]] = true;
            }
            count += page.count;
            start = page.last;
        } while (start != NULL);
    }
    ensure(count == ITEMS);
}

/* What comes after any key is the end of the order. */
static void scan_from_key(const char *start, int existing)
{
    struct page page = scan(ITEMS + 1, 0, 1, start);
    ensure(!page.refused && page.last == NULL);
    size_t from = ITEMS - page.count;
    for (size_t i = 0; i < page.count; i++)
        ensure(page.items[i] == order[from + i]);
    ensure(existing < 0 || (from > 0 && order[from - 1] == existing));
}

static void draw_scan_from_key(void)
{
    size_t partition = draw_below(&draws, array_size(partitions));
    size_t sort = draw_below(&draws, array_size(sorts));
    bool exists = partition < PARTITIONS && sort < SORTS;
    scan_from_key(key_text(partitions[partition], sorts[sort]),
                  exists ? (int)(partition * SORTS + sort) : -1);
}

/* A start key that is JSON by itself; whatever it is, it is refused or an end of the order comes. */
static void start_anywhere(struct slice bytes)
{
    if (bytes.size == 0 || json_parse(&arena, bytes) == NULL)
        return;
    const char *start = arena_printf(&arena, "%.*s", (int)bytes.size, (const char *)bytes.data);
    struct page page = scan(ITEMS + 1, 0, 1, start);
    if (!page.refused)
        scan_from_key(start, -1);
    struct query query = {.partition = "a", .forward = true};
    page = ask(&query, ITEMS, start);
    ensure(page.refused || page.count <= SORTS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool loaded; /* reads change nothing: once is enough */
    struct query query;
    draws = (struct draws){slice_of(data, size)};
    arena_init(&arena);
    if (!loaded) {
        lone_node_init(&lone, 1);
        load();
        scan_whole();
        loaded = true;
    }
    draw_query(&query);
    walk_query(&query, NULL, 0);
    query_from_key(&query);
    walk_segments();
    draw_scan_from_key();
    start_anywhere(draw_rest(&draws));
    lone_node_settle(&lone);
    arena_deinit(&arena);
    return 0;
}
