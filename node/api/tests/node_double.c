#include "node_double.h"

#include <stdlib.h>
#include <string.h>

#include "api_evaluator.h"
#include "item.h"
#include "key.h"
#include "map.h"

struct stored {
    struct buffer *key;
    struct buffer *value; /* NULL: deleted */
    struct version version;
};

struct node {
    uint32_t partitions;
    struct stored *registers; /* sorted by key */
    size_t count;
    struct requests asked;
    uint64_t requests;
    uint64_t clock;
    uint64_t schema_version;
    enum outcome failure;
    unsigned failures;
    unsigned failures_at_once;
    uint32_t rows_max;
    struct map dropped;
    unsigned admits;
    int64_t charged[THROUGHPUT_KINDS];
    struct throughput_limit limit;
    struct buffer *announced; /* sent last */
    struct buffer *incoming;  /* for the api */
};

/* There is only one ring in these tests, and only its size is asked for. */
struct membership {
    uint32_t partitions;
};

static struct membership ring;

struct node *node_double_new(uint32_t partitions)
{
    struct node *node = calloc(1, sizeof(*node));
    node->partitions = partitions;
    node->rows_max = UINT32_MAX;
    node->admits = UINT32_MAX;
    node->clock = 1000;
    ring.partitions = partitions;
    requests_init(&node->asked);
    map_init(&node->dropped);
    return node;
}

void node_double_free(struct node *node)
{
    ensure(requests_empty(&node->asked));
    for (size_t i = 0; i < node->count; i++) {
        buffer_unref(node->registers[i].key);
        buffer_unref(node->registers[i].value);
    }
    free(node->registers);
    map_deinit(&node->dropped);
    buffer_unref(node->announced);
    buffer_unref(node->incoming);
    free(node);
}

/* The first register whose key is not below `key`. */
static size_t lower_bound(const struct node *node, struct slice key)
{
    size_t at = 0;
    while (at < node->count && slice_compare(buffer_slice(node->registers[at].key), key) < 0)
        at++;
    return at;
}

static struct stored *find(struct node *node, struct slice key)
{
    size_t at = lower_bound(node, key);
    if (at < node->count && slice_equal(buffer_slice(node->registers[at].key), key))
        return &node->registers[at];
    return NULL;
}

static struct stored *find_or_add(struct node *node, struct slice key)
{
    struct stored *found = find(node, key);
    if (found != NULL)
        return found;
    size_t at = lower_bound(node, key);
    node->registers = realloc(node->registers, (node->count + 1) * sizeof(*node->registers));
    memmove(node->registers + at + 1, node->registers + at,
            (node->count - at) * sizeof(*node->registers));
    node->registers[at] = (struct stored){.key = buffer_from(key)};
    node->count++;
    return &node->registers[at];
}

static void show_state(struct request *request, const struct stored *stored)
{
    request->found = stored != NULL && stored->value != NULL;
    request->version = stored == NULL ? VERSION_NONE : stored->version;
    if (!request->found)
        return;
    request->held = buffer_ref(stored->value);
    request->result = buffer_slice(request->held);
}

static bool precondition_holds(const struct request *request, const struct stored *stored)
{
    bool present = stored != NULL && stored->value != NULL;
    if (request->precondition == PRECONDITION_ABSENT)
        return !present;
    if (request->precondition == PRECONDITION_VERSION)
        return present && version_equal(stored->version, request->expected);
    return true;
}

/* The item before and the one after, as far as they are wanted, behind each other. */
static void show_write(struct request *request, struct slice before, struct slice after)
{
    struct writer both;
    writer_init(&both, before.size + after.size);
    writer_put_slice(&both, before);
    writer_put_slice(&both, after);
    request->held = writer_finish(&both);
    request->result = slice_of(request->held->data, before.size);
    request->written = slice_of(request->held->data + before.size, after.size);
}

static struct slice value_of(const struct stored *stored)
{
    return stored == NULL || stored->value == NULL ? SLICE_EMPTY : buffer_slice(stored->value);
}

static void refuse_write(struct request *request, enum outcome outcome, const struct stored *stored)
{
    request->outcome = outcome;
    request->found = value_of(stored).size > 0;
    request->version = stored == NULL ? VERSION_NONE : stored->version;
    request->old_size = item_size(value_of(stored));
    bool wanted = request->precondition != PRECONDITION_NONE || (request->want & WANT_FAILED) != 0;
    if (wanted)
        show_write(request, value_of(stored), SLICE_EMPTY);
}

/* Without a program the request's own value is the new one. False, and the request is answered, if
 * nothing is to be written. */
static bool run_program(struct request *request, const struct stored *stored, struct writer *made,
                        struct slice *value)
{
    const struct evaluator *evaluator = api_evaluator();
    struct slice item = value_of(stored);
    *value = request->tombstone ? SLICE_EMPTY : request->value;
    if (request->program.size == 0)
        return true;
    switch (evaluator->evaluate(evaluator, request->program, item.size > 0 ? &item : NULL, made)) {
    case EVALUATION_TRUE:
        return true;
    case EVALUATION_PUT:
        *value = writer_slice(made);
        return true;
    case EVALUATION_FALSE:
        refuse_write(request, OUTCOME_PRECONDITION_FAILED, stored);
        return false;
    case EVALUATION_INVALID:
        request->outcome = OUTCOME_INVALID;
        show_write(request, writer_slice(made), SLICE_EMPTY);
        return false;
    }
    return false;
}

/* `value` is empty for a delete. */
static void store_value(struct node *node, struct request *request, struct slice value)
{
    struct stored *stored = find_or_add(node, request->key);
    struct slice before = value_of(stored);
    bool conditional = request_conditional(request);
    ensure(value.size == 0 || item_valid(value));
    request->found = conditional && before.size > 0;
    if (request->want_old_size || conditional)
        request->old_size = item_size(before);
    if (conditional)
        request->new_size = item_size(value);
    show_write(request, (request->want & WANT_OLD) != 0 ? before : SLICE_EMPTY,
               (request->want & WANT_NEW) != 0 ? value : SLICE_EMPTY);
    struct buffer *fresh = value.size > 0 ? buffer_from(value) : NULL;
    buffer_unref(stored->value);
    stored->value = fresh;
    stored->version = (struct version){++node->clock, 0x10000};
    request->version = stored->version;
}

static void write_register(struct node *node, struct request *request)
{
    struct stored *stored = find(node, request->key);
    struct writer made;
    struct slice value;
    if (!precondition_holds(request, stored)) {
        refuse_write(request, OUTCOME_PRECONDITION_FAILED, stored);
        return;
    }
    writer_init(&made, 0);
    if (run_program(request, stored, &made, &value))
        store_value(node, request, value);
    writer_deinit(&made);
}

static void take_row(struct request *request, const struct stored *stored)
{
    writer_put_sized(&request->rows, buffer_slice(stored->key));
    writer_put_sized(&request->rows, buffer_slice(stored->value));
    request->rows_count++;
}

static void read_range(struct node *node, struct request *request)
{
    size_t first = lower_bound(node, request->key);
    size_t last = lower_bound(node, request->to);
    uint32_t rows_max = request->rows_max < node->rows_max ? request->rows_max : node->rows_max;
    ensure(rows_max > 0);
    ensure(request->bytes_max > 0);
    for (size_t i = first; i < last; i++) {
        const struct stored *stored = &node->registers[request->reverse ? first + last - 1 - i : i];
        if (request->rows_count >= rows_max || request->rows.size >= request->bytes_max) {
            request->more = true;
            return;
        }
        if (stored->value != NULL)
            take_row(request, stored);
        buffer_unref(request->held);
        request->held = buffer_ref(stored->key);
        request->resume = buffer_slice(request->held);
    }
}

static void announce(struct node *node, struct request *request)
{
    buffer_unref(node->announced);
    node->announced = buffer_from(request->value);
}

static bool is_system(struct slice key)
{
    struct item_key decoded;
    return item_key_decode(key, &decoded) && decoded.table_id < 16;
}

static void serve(struct node *node, struct request *request)
{
    if (node->failures > 0 && request->kind != REQUEST_ANNOUNCE && !is_system(request->key)) {
        node->failures--;
        request->outcome = node->failure;
        return;
    }
    if (request->kind == REQUEST_WRITE)
        write_register(node, request);
    else if (request->kind == REQUEST_READ)
        show_state(request, find(node, request->key));
    else if (request->kind == REQUEST_RANGE)
        read_range(node, request);
    else
        announce(node, request);
}

void node_double_answer(struct node *node)
{
    struct requests asked;
    requests_move(&asked, &node->asked);
    while (!requests_empty(&asked)) {
        struct request *newest = requests_first(&asked);
        for (struct request *at = newest; at != NULL; at = requests_next(&asked, at))
            newest = at;
        requests_remove(&asked, newest);
        serve(node, newest);
        newest->done(newest);
    }
}

void node_double_fail(struct node *node, enum outcome outcome, unsigned count)
{
    node->failure = outcome;
    node->failures = count;
}

void node_double_fail_at_once(struct node *node, enum outcome outcome, unsigned count)
{
    node->failure = outcome;
    node->failures_at_once = count;
}

void node_double_limit_rows(struct node *node, uint32_t rows_max)
{
    node->rows_max = rows_max;
}

void node_double_admit(struct node *node, unsigned count)
{
    node->admits = count;
}

int64_t node_double_charged(const struct node *node, enum throughput_kind kind)
{
    return node->charged[kind];
}

const struct throughput_limit *node_double_limit(const struct node *node)
{
    return &node->limit;
}

uint64_t node_double_requests(const struct node *node)
{
    return node->requests;
}

void node_double_announce(struct node *node, struct slice announcement)
{
    node->incoming = buffer_from(announcement);
}

struct slice node_double_announced(const struct node *node)
{
    return node->announced == NULL ? SLICE_EMPTY : buffer_slice(node->announced);
}

bool node_double_dropped(const struct node *node, uint64_t table_id)
{
    return map_find(&node->dropped, table_id) != NULL;
}

/* The node's own interface. */

bool node_admit(struct node *node, struct instant now, const struct throughput_limit *limit,
                uint64_t halves)
{
    (void)now;
    node->limit = *limit;
    if (node->admits == 0)
        return false;
    node->admits--;
    node->charged[limit->kind] += (int64_t)halves;
    return true;
}

void node_charge(struct node *node, struct instant now, const struct throughput_limit *limit,
                 int64_t halves)
{
    (void)now;
    node->limit = *limit;
    node->charged[limit->kind] += halves;
}

void node_on_request(struct node *node, struct instant now, struct request *request)
{
    (void)now;
    node->requests++;
    if (node->failures_at_once > 0 && !is_system(request->key)) {
        node->failures_at_once--;
        request->outcome = node->failure;
        request->done(request);
        return;
    }
    requests_push(&node->asked, request);
}

struct buffer *node_next_announcement(struct node *node)
{
    struct buffer *incoming = node->incoming;
    node->incoming = NULL;
    return incoming;
}

uint64_t node_schema_version(const struct node *node)
{
    return node->schema_version;
}

void node_raise_schema_version(struct node *node, uint64_t schema_version)
{
    if (schema_version > node->schema_version)
        node->schema_version = schema_version;
}

void node_set_table(struct node *node, uint64_t table_id, const struct table_schema *schema)
{
    (void)node;
    (void)table_id;
    ensure(schema->replicas > 0);
}

void node_drop_table(struct node *node, struct instant now, uint64_t table_id)
{
    (void)now;
    if (map_find(&node->dropped, table_id) == NULL)
        map_put(&node->dropped, table_id, node);
}

struct quorum node_system_quorum(const struct node *node)
{
    (void)node;
    return (struct quorum){1, 1, 1, false};
}

uint64_t node_random_id(struct node *node)
{
    return ++node->clock << 16;
}

const struct membership *node_membership(const struct node *node)
{
    (void)node;
    return &ring;
}

uint32_t membership_partitions(const struct membership *membership)
{
    return membership->partitions;
}

static void drive(struct api_fixture *fixture)
{
    node_double_answer(fixture->node);
}

void double_fixture_init(struct api_fixture *fixture)
{
    api_fixture_init(fixture, node_double_new(8), drive);
}

void double_fixture_deinit(struct api_fixture *fixture)
{
    api_fixture_deinit(fixture);
    node_double_free(fixture->node);
}
