#include "table_count.h"

#include <stdlib.h>

#include "api_state.h"
#include "local_index.h"
#include "statistics.h"
#include "store.h"
#include "timers.h"

enum {
    PAGE_ROWS = 4096,
    PAGE_BYTES = 64 * 1024, /* of each partition of the window */
    PAUSE = 4,              /* after a step, so many times what it took: others come first */
    RETRY_US = 1000000,     /* after one that failed */
    FAILURES_MAX = 10
};

static void start_claim(struct operation_call *call);
static void start_pages(struct operation_call *call);
static void start_publish(struct operation_call *call);

struct count_call {
    struct operation_call call;
    struct operation_request *request;
    struct operation_request *pages[COUNT_WINDOW]; /* by slot; NULL: it is not open */
};

static const struct shape no_input = {.kind = SHAPE_STRUCTURE};
static const struct operation claim = {"CountTable", sizeof(struct count_call), &no_input,
                                       start_claim};
static const struct operation pages = {"CountTable", sizeof(struct count_call), &no_input,
                                       start_pages};
static const struct operation publish = {"CountTable", sizeof(struct count_call), &no_input,
                                         start_publish};

void table_count_init(struct table_count *count)
{
    *count = (struct table_count){.next = NULL};
    arena_init(&count->arena);
    for (size_t i = 0; i < COUNT_WINDOW; i++)
        writer_init(&count->slots[i].from, 0);
    count->sum = calloc(1, sizeof(*count->sum));
    ensure(count->sum != NULL);
}

void table_count_deinit(struct table_count *count)
{
    table_unref(count->table);
    for (size_t i = 0; i < COUNT_WINDOW; i++)
        writer_deinit(&count->slots[i].from);
    free(count->sum);
    writer_deinit(&count->call.reply);
    arena_deinit(&count->arena);
}

bool table_count_busy(const struct table_count *count)
{
    return count->table != NULL;
}

void table_count_begin(struct table_count *count, struct table *table, uint64_t age_ms)
{
    ensure(count->table == NULL);
    count->table = table_ref(table);
    count->next = &claim;
    count->at_us = 0;
    count->failures = 0;
    count->age_ms = age_ms;
    count->next_partition = 0;
    *count->sum = (struct table_statistics){.counted_ms = 0};
    for (size_t i = 0; i < COUNT_WINDOW; i++)
        count->slots[i].open = false;
}

uint64_t table_count_next_us(const struct table_count *count)
{
    return count->running ? DEADLINE_NEVER : count->at_us;
}

static struct table_count *count_of(const struct operation_call *call)
{
    return &call->api->statistics.count;
}

/* The step's call ends; after it comes `next`, or nothing. */
static void end_step(struct operation_call *call, const struct operation *next)
{
    struct table_count *count = count_of(call);
    count->next = next;
    count->finished = next == NULL;
    operation_finish(call);
}

/* First: read what the last count said, and leave word that this one goes on. */

static void claimed(struct operation_call *call)
{
    const struct request *write = &((struct count_call *)(void *)call)->request->request;
    if (write->outcome == OUTCOME_PRECONDITION_FAILED)
        end_step(call, NULL);
    else if (write->outcome != OUTCOME_OK)
        operation_fail_outcome(call, write->outcome);
    else
        end_step(call, &pages);
}

static void row_read(struct operation_call *call)
{
    struct count_call *step = (struct count_call *)(void *)call;
    struct table_count *count = count_of(call);
    const struct request *read = &step->request->request;
    if (read->outcome != OUTCOME_OK) {
        operation_fail_outcome(call, read->outcome);
        return;
    }
    if (read->found)
        statistics_learn(call->api, count->table->id, read->result);
    if (!statistics_due(call->api, count->table, count->age_ms)) {
        end_step(call, NULL);
        return;
    }
    struct table_statistics row = statistics_of(call->api, count->table->id);
    row.claimed_ms = api_now_ms(call->api);
    struct operation_request *write = statistics_write(call, count->table, &row);
    write->request.precondition = read->found ? PRECONDITION_VERSION : PRECONDITION_ABSENT;
    write->request.expected = read->version;
    step->request = write;
    operation_wait(call, claimed);
    operation_send(call, write);
}

static void start_claim(struct operation_call *call)
{
    struct count_call *step = (struct count_call *)(void *)call;
    count_of(call)->begun_us = call->api->now.monotonic_us;
    step->request = statistics_read(call, count_of(call)->table->id);
    operation_wait(call, row_read);
    operation_send(call, step->request);
}

/* Then: a page of each of some partitions, again and again. */

static void take_item(struct table_count *count, struct slice item)
{
    const struct table *table = count->table;
    struct slice value;
    count->sum->whole.items++;
    count->sum->whole.bytes += item_size(item);
    for (size_t i = 0; i < table->indexes_count; i++) {
        if (!item_find(item, table->indexes[i].sort_key.name, &value))
            continue;
        count->sum->indexes[i].items++;
        count->sum->indexes[i].bytes += local_index_size(table, &table->indexes[i], item);
    }
}

static uint64_t bytes_of(const struct table_statistics *sum)
{
    uint64_t bytes = sum->whole.bytes;
    for (size_t i = 0; i < LOCAL_INDEXES_MAX; i++)
        bytes += sum->indexes[i].bytes;
    return bytes;
}

static void end_collection(struct table_count *count, struct count_slot *slot)
{
    if (count->table->indexes_count > 0)
        statistics_add_collection(count->sum, slot->position, slot->collection_bytes);
    slot->collection_bytes = 0;
}

/* Items of a collection come one after the other. */
static void take_row(struct table_count *count, struct count_slot *slot, struct slice encoded,
                     struct slice item)
{
    struct item_key key;
    uint64_t before = bytes_of(count->sum);
    if (item_key_decode(encoded, &key) && key.position != slot->position) {
        end_collection(count, slot);
        slot->position = key.position;
    }
    take_item(count, item);
    slot->collection_bytes += bytes_of(count->sum) - before;
}

static void take_page(struct operation_call *call, struct count_slot *slot,
                      const struct request *page)
{
    struct reader rows = reader_of(writer_slice(&page->rows));
    struct slice key, item;
    while (store_rows_next(&rows, &key, &item))
        take_row(count_of(call), slot, key, item);
    slot->open = page->more;
    if (!page->more) {
        end_collection(count_of(call), slot);
        return;
    }
    struct slice from = key_successor(call->arena, page->resume);
    writer_reset(&slot->from);
    writer_put(&slot->from, from.data, from.size);
}

/* Only if none has failed is any taken: else all are read again. */
static void pages_read(struct operation_call *call)
{
    struct count_call *step = (struct count_call *)(void *)call;
    struct table_count *count = count_of(call);
    bool open = count->next_partition < api_partitions(call->api);
    for (size_t i = 0; i < COUNT_WINDOW; i++)
        if (step->pages[i] != NULL && step->pages[i]->request.outcome != OUTCOME_OK) {
            operation_fail_outcome(call, step->pages[i]->request.outcome);
            return;
        }
    for (size_t i = 0; i < COUNT_WINDOW; i++) {
        if (step->pages[i] != NULL)
            take_page(call, &count->slots[i], &step->pages[i]->request);
        open = open || count->slots[i].open;
    }
    end_step(call, open ? &pages : &publish);
}

static void open_slot(struct table_count *count, struct count_slot *slot, struct slice from)
{
    slot->open = true;
    slot->partition = count->next_partition++;
    slot->position = 0;
    slot->collection_bytes = 0;
    writer_reset(&slot->from);
    writer_put(&slot->from, from.data, from.size);
}

static struct operation_request *read_page(struct operation_call *call, struct count_slot *slot)
{
    struct table_count *count = count_of(call);
    struct key_range range;
    key_range_init(&range);
    key_range_table(&range, slot->open ? slot->partition : count->next_partition, count->table->id);
    if (!slot->open)
        open_slot(count, slot, writer_slice(&range.from));
    struct operation_request *page = operation_request_new(call, REQUEST_RANGE);
    page->request.quorum = count->table->quorum;
    page->request.key = writer_slice(&slot->from);
    page->request.to = arena_copy(call->arena, writer_slice(&range.to));
    page->request.rows_max = PAGE_ROWS;
    page->request.bytes_max = PAGE_BYTES;
    key_range_deinit(&range);
    return page;
}

static void start_pages(struct operation_call *call)
{
    struct count_call *step = (struct count_call *)(void *)call;
    struct table_count *count = count_of(call);
    if (map_find(&call->api->catalogue.dropped, count->table->id) != NULL) {
        end_step(call, NULL);
        return;
    }
    operation_wait(call, pages_read);
    for (size_t i = 0; i < COUNT_WINDOW; i++) {
        if (!count->slots[i].open && count->next_partition == api_partitions(call->api))
            continue;
        step->pages[i] = read_page(call, &count->slots[i]);
        operation_send(call, step->pages[i]);
    }
}

/* Last: write it down. */

static void published(struct operation_call *call)
{
    const struct request *write = &((struct count_call *)(void *)call)->request->request;
    if (write->outcome != OUTCOME_OK) {
        operation_fail_outcome(call, write->outcome);
        return;
    }
    statistics_learn(call->api, count_of(call)->table->id, write->value);
    end_step(call, NULL);
}

static void start_publish(struct operation_call *call)
{
    struct count_call *step = (struct count_call *)(void *)call;
    struct table_count *count = count_of(call);
    count->sum->counted_ms = api_now_ms(call->api);
    count->sum->took_ms = (call->api->now.monotonic_us - count->begun_us) / 1000;
    step->request = statistics_write(call, count->table, count->sum);
    operation_wait(call, published);
    operation_send(call, step->request);
}

/* One step after the other. */

static void step_done(struct api_call *call)
{
    struct table_count *count = container_of(call, struct table_count, call);
    struct api *api =
        container_of(container_of(count, struct statistics, count), struct api, statistics);
    uint64_t now_us = api->now.monotonic_us;
    bool failed = call->status != 200;
    count->running = false;
    count->failures = failed ? count->failures + 1 : 0;
    count->at_us = failed ? now_us + RETRY_US : now_us + PAUSE * (now_us - count->step_us);
    writer_deinit(&call->reply);
    arena_reset(&count->arena);
    if (!count->finished && count->failures < FAILURES_MAX)
        return;
    table_unref(count->table);
    count->table = NULL;
}

void table_count_run(struct api *api)
{
    struct table_count *count = &api->statistics.count;
    if (count->table == NULL || count->running || api->now.monotonic_us < count->at_us)
        return;
    count->running = true;
    count->finished = false;
    count->step_us = api->now.monotonic_us;
    count->call = (struct api_call){.arena = &count->arena, .done = step_done};
    operation_start(api, &count->call, count->next, NULL);
}
