#include "workload.h"

#include <stdlib.h>

#include "index_key.h"
#include "key.h"
#include "programs.h"
#include "store.h"

enum {
    REGISTER_OPEN_MAX = 8, /* more at once make histories hard to check, and find no more */
    MEMBERS_MAX_READ = 2000,
    SET_BYTES_MAX = 1 << 20
};

struct share {
    enum operation_kind kind;
    uint32_t of_100;
};

static const struct share shares_register[] = {
    {OPERATION_PUT, 20},    {OPERATION_DELETE, 4},    {OPERATION_PUT_OLD, 10},
    {OPERATION_PUT_IF, 22}, {OPERATION_DELETE_IF, 4}, {OPERATION_PUT_IF_VERSION, 4},
    {OPERATION_GET, 6},     {OPERATION_RANGE, 6},     {OPERATION_GET_CONSISTENT, 100}};
static const struct share shares_recreate[] = {
    {OPERATION_PUT, 15},    {OPERATION_DELETE, 20},         {OPERATION_PUT_OLD, 5},
    {OPERATION_PUT_IF, 20}, {OPERATION_DELETE_IF, 10},      {OPERATION_RANGE, 6},
    {OPERATION_GET, 4},     {OPERATION_GET_CONSISTENT, 100}};
static const struct share shares_set[] = {
    {OPERATION_PUT, 45}, {OPERATION_PUT_IF, 35}, {OPERATION_SET_CONSISTENT, 100}};
static const struct share shares_counter[] = {
    {OPERATION_ADD, 70}, {OPERATION_GET, 5}, {OPERATION_GET_CONSISTENT, 100}};
static const struct share shares_list[] = {
    {OPERATION_APPEND, 60}, {OPERATION_GET, 5}, {OPERATION_GET_CONSISTENT, 100}};

static enum operation_kind draw_kind(struct prng *prng, enum workload workload)
{
    static const struct share *const shares[WORKLOADS] = {[WORKLOAD_REGISTER] = shares_register,
                                                          [WORKLOAD_RECREATE] = shares_recreate,
                                                          [WORKLOAD_SET] = shares_set,
                                                          [WORKLOAD_COUNTER] = shares_counter,
                                                          [WORKLOAD_LIST] = shares_list};
    uint64_t drawn = prng_below(prng, 100);
    const struct share *share = shares[workload];
    for (; drawn >= share->of_100; share++)
        drawn -= share->of_100;
    return share->kind;
}

static enum workload draw_workload(const struct items *items, struct prng *prng)
{
    uint64_t sum = 0;
    for (int i = 0; i < WORKLOADS; i++)
        sum += items->options->weights[i];
    uint64_t drawn = prng_below(prng, sum);
    int workload = 0;
    for (; drawn >= items->options->weights[workload]; workload++)
        drawn -= items->options->weights[workload];
    return (enum workload)workload;
}

/* Usually what is probably there, so that conditions hold as often as not. */
static void draw_condition(const struct sim_item *item, struct prng *prng,
                           struct operation *operation)
{
    operation->want_seen = prng_chance(prng, 500000);
    operation->expected = prng_chance(prng, 800000) ? item->seen : 0;
    if (item->workload == WORKLOAD_SET)
        operation->expected = 0;
    if (operation->kind != OPERATION_PUT_IF_VERSION)
        return;
    operation->expected = item->seen_at_version;
    operation->version = item->seen_version;
    if (operation->expected == 0)
        operation->kind = OPERATION_PUT;
}

void workload_draw(struct items *items, struct prng *prng, struct operation *operation)
{
    enum workload workload = draw_workload(items, prng);
    uint32_t slot = (uint32_t)prng_below(prng, items->options->slots[workload]);
    items_retire_used(items, workload, slot);
    operation->kind = draw_kind(prng, workload);
    bool newest =
        operation->kind == OPERATION_SET_CONSISTENT && items->current[workload][slot] != UINT32_MAX;
    operation->item = newest ? items->current[workload][slot] : items_use(items, workload, slot);
    struct sim_item *item = &items->all[operation->item];
    bool register_like = workload == WORKLOAD_REGISTER || workload == WORKLOAD_RECREATE;
    if (register_like && item->open >= REGISTER_OPEN_MAX)
        operation->kind = OPERATION_GET;
    operation->want_seen = operation->kind == OPERATION_PUT_OLD || prng_chance(prng, 600000);
    operation->argument = prng_between(prng, 1, 5);
    if (operation->kind == OPERATION_PUT_IF || operation->kind == OPERATION_DELETE_IF ||
        operation->kind == OPERATION_PUT_IF_VERSION)
        draw_condition(item, prng, operation);
    item->operations++;
    item->open++;
}

void workload_read(const struct items *items, uint32_t item, struct operation *operation)
{
    bool set = items->all[item].workload == WORKLOAD_SET;
    operation->item = item;
    operation->kind = set ? OPERATION_SET_CONSISTENT : OPERATION_GET_CONSISTENT;
    items->all[item].open++;
}

void workload_parts_init(struct workload_parts *parts)
{
    writer_init(&parts->key, 64);
    writer_init(&parts->to, 64);
    writer_init(&parts->value, 128);
    writer_init(&parts->program, 128);
}

void workload_parts_deinit(struct workload_parts *parts)
{
    writer_deinit(&parts->key);
    writer_deinit(&parts->to);
    writer_deinit(&parts->value);
    writer_deinit(&parts->program);
}

static void fill_condition(struct prng *prng, const struct operation *operation,
                           struct workload_parts *parts, struct request *request)
{
    request->want = operation->want_seen ? WANT_FAILED : 0;
    if (operation->kind == OPERATION_PUT_IF_VERSION) {
        request->precondition = PRECONDITION_VERSION;
        request->expected = operation->version;
    } else if (operation->expected == 0 && prng_chance(prng, 300000)) {
        request->precondition = PRECONDITION_ABSENT;
    } else {
        programs_condition(&parts->program, operation->expected);
    }
}

static void fill_write(struct prng *prng, const struct operation *operation,
                       struct workload_parts *parts, struct request *request)
{
    request->tombstone = operation_is_delete(operation);
    request->want_old_size = operation->id % 2 == 0;
    if (operation->kind == OPERATION_ADD) {
        programs_add(&parts->program, operation->argument);
        request->want = operation->want_seen ? WANT_NEW : 0;
    } else if (operation->kind == OPERATION_APPEND) {
        programs_append(&parts->program, operation->id);
        request->want = operation->want_seen ? WANT_OLD : 0;
    } else {
        if (!request->tombstone)
            value_write(&parts->value, operation->id);
        if (operation->kind == OPERATION_PUT_OLD)
            request->want = WANT_OLD;
        else if (operation->kind >= OPERATION_PUT_IF)
            fill_condition(prng, operation, parts, request);
    }
    request->value = writer_slice(&parts->value);
    request->program = writer_slice(&parts->program);
}

static void fill_range(struct prng *prng, const struct operation *operation,
                       struct workload_parts *parts, struct request *request)
{
    struct item_key item;
    struct key_range bounds;
    bool decoded = item_key_decode(request->key, &item);
    ensure(decoded);
    key_range_init(&bounds);
    if (request->index)
        index_range_collection(&bounds, ITEMS_INDEX_OF_VALUES, &item);
    else
        key_range_collection(&bounds, &item);
    writer_put_slice(&parts->key, writer_slice(&bounds.from));
    writer_put_slice(&parts->to, writer_slice(&bounds.to));
    key_range_deinit(&bounds);
    request->key = writer_slice(&parts->key);
    request->to = writer_slice(&parts->to);
    request->reverse = prng_chance(prng, 500000);
    bool whole = operation->kind != OPERATION_RANGE;
    request->rows_max = whole ? MEMBERS_MAX_READ : 1 + (uint32_t)prng_below(prng, 4);
    request->bytes_max = whole ? SET_BYTES_MAX : 1000;
    request->consistent = whole || prng_chance(prng, 500000);
}

/* Ranges go through the index half of the time, and so do reads of items that move in it. */
static bool draw_index(const struct items *items, struct prng *prng,
                       const struct operation *operation)
{
    enum workload workload = items->all[operation->item].workload;
    bool moves = workload == WORKLOAD_REGISTER || workload == WORKLOAD_RECREATE;
    bool possible = operation->kind == OPERATION_RANGE ||
                    operation->kind == OPERATION_SET_CONSISTENT ||
                    (operation->kind == OPERATION_GET_CONSISTENT && moves);
    return items->options->local && possible && prng_chance(prng, 500000);
}

void workload_request(struct items *items, struct prng *prng, const struct operation *operation,
                      struct workload_parts *parts, struct request *request, request_done done)
{
    bool write = operation_is_write(operation);
    bool index = !write && draw_index(items, prng, operation);
    bool range =
        index || operation->kind == OPERATION_RANGE || operation->kind == OPERATION_SET_CONSISTENT;
    request_init(request, write ? REQUEST_WRITE : range ? REQUEST_RANGE : REQUEST_READ, done);
    request->key = items_key(items, operation->item);
    request->quorum = items->options->quorum;
    request->consistent = operation->kind == OPERATION_GET_CONSISTENT;
    request->index = index;
    if (write)
        fill_write(prng, operation, parts, request);
    else if (range)
        fill_range(prng, operation, parts, request);
    if (items->options->mutant == MUTANT_STALE_READS)
        request->consistent = false;
}

static void keep_members(struct operation *operation, const uint64_t *members, uint32_t count)
{
    operation->members = calloc(count + 1, sizeof(*members));
    ensure(operation->members != NULL);
    for (uint32_t i = 0; i < count; i++)
        operation->members[i] = members[i];
    operation->members_count = count;
    operation->has_seen = true;
}

static const char *note_list(struct operation *operation, bool found, struct slice state)
{
    uint64_t members[MEMBERS_MAX_READ] = {0};
    uint32_t count = found ? value_list(state, members, MEMBERS_MAX_READ) : 0;
    keep_members(operation, members, count);
    return found && count == 0 ? "a list that nobody made" : NULL;
}

/* Keeps what an item of the workload was seen to be. */
static const char *note_state(struct operation *operation, enum workload workload, bool found,
                              struct slice state)
{
    operation->has_seen = true;
    operation->seen = 0;
    if (workload == WORKLOAD_LIST)
        return note_list(operation, found, state);
    if (!found)
        return NULL;
    if (workload == WORKLOAD_COUNTER)
        return value_counter(state, &operation->seen) ? NULL : "a counter that nobody made";
    operation->seen = value_id(state);
    return operation->seen != 0 ? NULL : "a value that nobody wrote";
}

/* A consistent read of an item by a range of the index over its whole collection. */
static const char *note_found(const struct items *items, struct operation *operation,
                              const struct request *request)
{
    struct reader reader = reader_of(writer_slice(&request->rows));
    struct slice entry, value, state = SLICE_EMPTY;
    unsigned found = 0;
    struct writer key;
    writer_init(&key, 64);
    while (store_rows_next(&reader, &entry, &value)) {
        struct index_key decoded;
        if (!index_key_decode(entry, &decoded))
            continue;
        writer_reset(&key);
        item_key_encode(&key, &decoded.item);
        if (slice_equal(writer_slice(&key), items_key(items, operation->item))) {
            state = value;
            found++;
        }
    }
    writer_deinit(&key);
    if (found > 1)
        return "an item twice in one range of an index";
    /* A page that ends early says nothing of an item that is not in it. */
    if (request->more && found == 0) {
        operation->kind = OPERATION_RANGE;
        return NULL;
    }
    return note_state(operation, WORKLOAD_REGISTER, found == 1, state);
}

static const char *note_range(struct operation *operation, const struct request *request,
                              enum workload workload)
{
    struct reader reader = reader_of(writer_slice(&request->rows));
    struct slice key, value, last = SLICE_EMPTY;
    uint64_t members[MEMBERS_MAX_READ];
    uint32_t count = 0;
    bool ids = workload != WORKLOAD_COUNTER && workload != WORKLOAD_LIST;
    while (store_rows_next(&reader, &key, &value)) {
        int order = slice_compare(key, last);
        if (last.size > 0 && (request->reverse ? order >= 0 : order <= 0))
            return "a range out of order";
        if (ids && value_id(value) == 0)
            return "a range with a value that nobody wrote";
        members[count++] = ids ? value_id(value) : 0;
        last = key;
    }
    if (operation->kind == OPERATION_SET_CONSISTENT && !request->more)
        keep_members(operation, members, count);
    return NULL;
}

static const char *note_write(struct operation *operation, const struct request *request,
                              enum workload workload)
{
    bool ok = request->outcome == OUTCOME_OK;
    bool failed = request->outcome == OUTCOME_PRECONDITION_FAILED;
    if (request->outcome == OUTCOME_INVALID)
        return "a program that is no program";
    if (!operation->want_seen || (!ok && !failed))
        return NULL;
    if (ok && operation->kind == OPERATION_ADD)
        return note_state(operation, workload, request->written.size > 0, request->written);
    if (ok && (operation->kind == OPERATION_PUT_OLD || operation->kind == OPERATION_APPEND))
        return note_state(operation, workload, request->found, request->result);
    bool conditional = operation->kind >= OPERATION_PUT_IF && operation->kind < OPERATION_ADD;
    return failed && conditional ? note_state(operation, workload, request->found, request->result)
                                 : NULL;
}

/* What later conditions should ask for. */
static void learn(struct sim_item *item, const struct operation *operation)
{
    bool written = operation_acknowledged(operation);
    bool read = operation->has_seen && !operation_is_write(operation);
    if (written)
        item->seen = operation_is_delete(operation) ? 0 : operation->id;
    else if (operation->has_seen)
        item->seen = operation->seen;
    /* Writes that were decided together are told the same version; what was read has its own. */
    if (read && !version_is_none(operation->version)) {
        item->seen_version = operation->version;
        item->seen_at_version = item->seen;
    }
}

const char *workload_note(struct items *items, struct operation *operation,
                          const struct request *request)
{
    struct sim_item *item = &items->all[operation->item];
    const char *wrong = NULL;
    ensure(item->open > 0);
    item->open--;
    item->unknown += request->outcome == OUTCOME_UNKNOWN;
    operation->outcome = request->outcome;
    operation->sloppy = request->sloppy;
    operation->version = request->version;
    if (request->kind == REQUEST_WRITE)
        wrong = note_write(operation, request, item->workload);
    else if (request->outcome == OUTCOME_OK && operation->kind == OPERATION_GET_CONSISTENT &&
             request->kind == REQUEST_RANGE)
        wrong = note_found(items, operation, request);
    else if (request->outcome == OUTCOME_OK && request->kind == REQUEST_RANGE)
        wrong = note_range(operation, request, item->workload);
    else if (request->outcome == OUTCOME_OK)
        wrong = note_state(operation, item->workload, request->found, request->result);
    learn(item, operation);
    return wrong;
}
