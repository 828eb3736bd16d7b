#include "contest_batch.h"

#include <stdlib.h>
#include <string.h>

#include "buggify.h"
#include "probe.h"

static bool majority_suffices(const struct coordinator *coordinator, const struct request *request)
{
    struct homes homes;
    membership_homes(coordinator->members, key_partition(request->key), request->quorum.n, &homes);
    return homes_majority_suffices(&homes, request->quorum.w);
}

struct entry *entry_of_request(struct coordinator *coordinator, struct request *request)
{
    struct entry *entry = calloc(1, sizeof(*entry));
    ensure(entry != NULL);
    entry->request = request;
    entry->n = request->quorum.n;
    entry->deadline_us = request->deadline_us;
    /* The operations of a batch share a version: who asks for one must not meet another's. */
    entry->batchable = request->precondition == PRECONDITION_NONE &&
                       (request_conditional(request) || majority_suffices(coordinator, request));
    return entry;
}

struct entry *entry_of_mixed(struct coordinator *coordinator, struct request *request,
                             struct version version)
{
    struct entry *entry = entry_of_request(coordinator, request);
    entry->mixed = version;
    entry->batchable = false;
    entry->results[0].changes = true;
    return entry;
}

struct entry *entry_of_settlement(struct settlement *settlement)
{
    struct entry *entry = calloc(1, sizeof(*entry));
    ensure(entry != NULL);
    entry->settlement = settlement;
    entry->n = settlement->n;
    entry->deadline_us = settlement->deadline_us;
    entry->batchable = settlement->hint.size == 0;
    if (entry->batchable)
        return entry;
    bool good = row_decode(settlement->hint, &entry->hint);
    ensure(good);
    entry->mixed = entry->hint.ballot;
    entry->results[0].changes = true;
    return entry;
}

struct slice entry_key(const struct entry *entry)
{
    return entry->settlement != NULL ? entry->settlement->key : entry->request->key;
}

bool entry_goes_alone(const struct entry *entry)
{
    return !entry->batchable && version_is_none(entry->mixed) &&
           !request_conditional(entry->request);
}

static void entry_free(struct entry *entry)
{
    for (size_t i = 0; i < ATTEMPTS_MAX; i++)
        buffer_unref(entry->results[i].held);
    free(entry);
}

void entry_answer(struct coordinator *coordinator, struct entry *entry, enum outcome outcome)
{
    if (entry->settlement != NULL) {
        entry->settlement->outcome = outcome;
        entry->settlement->row = NULL;
        entry->settlement->done(entry->settlement);
    } else {
        bool mixed = !version_is_none(entry->mixed);
        coordinator_answer(coordinator, entry->request, mixed ? OUTCOME_UNKNOWN : outcome);
    }
    entry_free(entry);
}

void contest_batch_init(struct contest_batch *batch, struct coordinator *coordinator)
{
    memset(batch, 0, sizeof(*batch));
    batch->coordinator = coordinator;
    entries_init(&batch->entries);
    writer_init(&batch->value, 0);
}

void contest_batch_deinit(struct contest_batch *batch)
{
    ensure(entries_empty(&batch->entries));
    buffer_unref(batch->key);
    writer_deinit(&batch->value);
}

/* The batch is empty: whatever it was is forgotten. */
static void contest_batch_reset(struct contest_batch *batch)
{
    buffer_unref(batch->key);
    batch->key = NULL;
    batch->bytes = 0;
    batch->closed = false;
    batch->attempts_count = 0;
    batch->finishing = NULL;
}

static size_t entry_bytes(const struct entry *entry)
{
    return entry->settlement != NULL ? 0
                                     : entry->request->value.size + entry->request->program.size;
}

static bool contest_batch_takes(const struct contest_batch *batch, const struct entry *entry)
{
    if (entries_empty(&batch->entries))
        return true;
    if (BUGGIFY("a batch of one operation"))
        return false;
    const struct entry *first = entries_first(&batch->entries);
    return first->batchable && entry->batchable && entry->n == batch->n &&
           batch->entries.count < BATCH_ENTRIES_MAX &&
           batch->bytes + entry_bytes(entry) <= BATCH_BYTES_MAX &&
           slice_equal(entry_key(entry), buffer_slice(batch->key));
}

/* A mixed plain write has one attempt behind it, with its stamp for an origin. */
static void contest_batch_begin(struct contest_batch *batch, const struct entry *first)
{
    batch->key = buffer_from(entry_key(first));
    batch->n = first->n;
    if (version_is_none(first->mixed))
        return;
    batch->attempts[0] = (struct attempt){first->mixed};
    batch->attempts_count = 1;
}

void contest_batch_fill(struct contest_batch *batch, struct entries *waiting)
{
    struct entry *entry;
    while ((entry = entries_first(waiting)) != NULL && contest_batch_takes(batch, entry)) {
        entries_remove(waiting, entry);
        if (entries_empty(&batch->entries))
            contest_batch_begin(batch, entry);
        else
            PROBE("operations batched");
        batch->bytes += entry_bytes(entry);
        entries_push(&batch->entries, entry);
    }
}

void contest_batch_trim(struct contest_batch *batch, struct entries *waiting, size_t item_size)
{
    size_t fit = BATCH_WORK_MAX / (item_size + 1) + 1;
    fit = BUGGIFY("a batch is cut to one operation") ? 1 : fit;
    if (batch->entries.count <= fit)
        return;
    struct entries all, behind;
    entries_move(&all, &batch->entries);
    entries_move(&behind, waiting);
    struct entry *entry;
    while ((entry = entries_pop(&all)) != NULL)
        entries_push(batch->entries.count < fit ? &batch->entries : waiting, entry);
    while ((entry = entries_pop(&behind)) != NULL)
        entries_push(waiting, entry);
}

/* The state in the middle of a batch: what the entries before made of it. */
struct running_state {
    bool found;
    struct slice item;      /* while found */
    struct version version; /* VERSION_NONE once an entry of this batch has changed it */
    bool changed;
};

static bool precondition_holds(const struct request *request, const struct running_state *state)
{
    switch (request->precondition) {
    case PRECONDITION_ABSENT:
        return !state->found;
    case PRECONDITION_VERSION:
        return state->found && version_equal(state->version, request->expected);
    default:
        return true;
    }
}

static enum evaluation run_program(const struct contest_batch *batch, const struct request *request,
                                   const struct running_state *state, struct writer *out)
{
    static const char refused[] = "Programs are not understood by this node";
    static const char valueless[] = "The program leaves the write without a value";
    const struct evaluator *evaluator = batch->coordinator->evaluator;
    if (!precondition_holds(request, state)) {
        PROBE("a precondition is false");
        return EVALUATION_FALSE;
    }
    if (request->program.size == 0)
        return EVALUATION_TRUE;
    if (evaluator == NULL) {
        writer_put(out, refused, sizeof(refused) - 1);
        return EVALUATION_INVALID;
    }
    enum evaluation evaluation =
        evaluator->evaluate(evaluator, request->program, state->found ? &state->item : NULL, out);
    if (evaluation != EVALUATION_TRUE || request->tombstone || request->value.size > 0)
        return evaluation;
    writer_put(out, valueless, sizeof(valueless) - 1);
    return EVALUATION_INVALID;
}

/* Copies what the client wants to have. */
static void keep_result(struct entry_result *result, struct slice before, struct slice after)
{
    struct writer held;
    buffer_unref(result->held);
    result->held = NULL;
    result->result_size = before.size;
    if (before.size + after.size == 0)
        return;
    writer_init(&held, before.size + after.size);
    writer_put_slice(&held, before);
    writer_put_slice(&held, after);
    result->held = writer_finish(&held);
}

static void note_change(struct running_state *state, const struct request *request,
                        struct slice made, bool tombstone, struct entry_result *result)
{
    result->outcome = OUTCOME_OK;
    result->changes = !tombstone || state->found;
    keep_result(result, state->found && (request->want & WANT_OLD) != 0 ? state->item : SLICE_EMPTY,
                !tombstone && (request->want & WANT_NEW) != 0 ? made : SLICE_EMPTY);
    result->new_size = tombstone ? 0 : item_size(made);
    if (!result->changes)
        return;
    state->found = !tombstone;
    state->item = tombstone ? SLICE_EMPTY : made;
    state->version = VERSION_NONE;
    state->changed = true;
}

/* One write on the running state. `out` is the entry's own place for what its program makes. */
static void evaluate_entry(struct contest_batch *batch, struct entry *entry,
                           struct running_state *state, struct writer *out,
                           struct entry_result *result)
{
    const struct request *request = entry->request;
    enum evaluation evaluation = run_program(batch, request, state, out);
    result->found = state->found;
    result->changes = false;
    result->old_size = state->found ? item_size(state->item) : 0;
    result->new_size = 0;
    switch (evaluation) {
    case EVALUATION_TRUE:
        note_change(state, request, request->value, request->tombstone, result);
        break;
    case EVALUATION_PUT:
        note_change(state, request, writer_slice(out), false, result);
        break;
    case EVALUATION_FALSE:
        result->outcome = OUTCOME_PRECONDITION_FAILED;
        keep_result(result,
                    state->found && (request->want & WANT_FAILED) != 0 ? state->item : SLICE_EMPTY,
                    SLICE_EMPTY);
        break;
    case EVALUATION_INVALID:
        result->outcome = OUTCOME_INVALID;
        keep_result(result, writer_slice(out), SLICE_EMPTY);
        break;
    }
}

static struct running_state initial_state(const struct proposer *proposer)
{
    struct running_state state = {.version = VERSION_NONE};
    if (proposer->has_state) {
        state.found = !proposer->state.tombstone;
        state.item = proposer->state.value;
        state.version = proposer->state.origin;
    }
    return state;
}

/* Nobody's program: the row of a hint that is newer than the state. */
static void bring_in_hint(const struct entry *entry, struct running_state *state,
                          struct entry_result *result)
{
    if (entry->settlement->hint.size == 0)
        return;
    state->found = !entry->hint.tombstone;
    state->item = entry->hint.value;
    state->changed = true;
    result->changes = true;
}

/* Evaluates all. What a program makes stays in `batch->value` until another one has replaced it: a
 * later entry may look at it. */
static void evaluate_entries(struct contest_batch *batch, struct running_state *state,
                             unsigned attempt)
{
    struct writer out;
    writer_init(&out, 0);
    for (struct entry *entry = entries_first(&batch->entries); entry != NULL;
         entry = entries_next(&batch->entries, entry)) {
        if (entry->settlement != NULL) {
            bring_in_hint(entry, state, &entry->results[attempt]);
            continue;
        }
        writer_reset(&out);
        evaluate_entry(batch, entry, state, &out, &entry->results[attempt]);
        if (state->item.size > 0 && state->item.data == writer_slice(&out).data) {
            struct writer made = out;
            out = batch->value;
            batch->value = made;
        }
    }
    writer_deinit(&out);
}

bool contest_batch_evaluate(struct contest_batch *batch, const struct proposer *proposer,
                            struct row *row)
{
    if (batch->attempts_count > 0 && version_is_none(contest_batch_last_attempt(batch)->origin))
        batch->attempts_count--; /* it had no effect, so nobody will find it */
    ensure(contest_batch_attempts_left(batch));
    unsigned attempt = batch->attempts_count++;
    struct running_state state = initial_state(proposer);
    evaluate_entries(batch, &state, attempt);
    batch->attempts[attempt] = (struct attempt){VERSION_NONE};
    if (!state.changed)
        return false;
    *row = row_successor(proposer->has_state ? &proposer->state : NULL, proposer->ballot,
                         !state.found, state.item);
    const struct entry *first = entries_first(&batch->entries);
    if (!version_is_none(first->mixed)) {
        /* It looks at nothing, so it descends from nothing; it keeps its identity. */
        row->origin = first->mixed;
        row->lineage = (struct lineage){.base = proposer->ballot};
    }
    batch->attempts[attempt].origin = row->origin;
    return true;
}

const struct attempt *contest_batch_last_attempt(const struct contest_batch *batch)
{
    ensure(batch->attempts_count > 0);
    return &batch->attempts[batch->attempts_count - 1];
}

struct version contest_batch_first(const struct contest_batch *batch)
{
    return batch->attempts_count == 0 ? VERSION_NONE : batch->attempts[0].origin;
}

bool contest_batch_tried(const struct contest_batch *batch)
{
    return !version_is_none(contest_batch_first(batch));
}

bool contest_batch_attempts_left(const struct contest_batch *batch)
{
    return batch->attempts_count < ATTEMPTS_MAX;
}

bool contest_batch_is_early(const struct contest_batch *batch, const struct proposer *proposer)
{
    for (struct entry *entry = entries_first(&batch->entries); entry != NULL;
         entry = entries_next(&batch->entries, entry)) {
        if (entry->joined > proposer->started)
            return false;
    }
    return true;
}

bool contest_batch_superseded(const struct contest_batch *batch, const struct row *state)
{
    const struct entry *first = entries_first(&batch->entries);
    return first->settlement != NULL && first->settlement->hint.size > 0 && state != NULL &&
           version_compare(state->ballot, first->mixed) > 0;
}

bool contest_batch_hears_all(const struct contest_batch *batch)
{
    for (struct entry *entry = entries_first(&batch->entries); entry != NULL;
         entry = entries_next(&batch->entries, entry)) {
        if (entry->settlement != NULL && entry->settlement->hear_all)
            return true;
    }
    return false;
}

bool contest_batch_settles(const struct contest_batch *batch)
{
    for (struct entry *entry = entries_first(&batch->entries); entry != NULL;
         entry = entries_next(&batch->entries, entry)) {
        if (entry->settlement != NULL)
            return true;
    }
    return false;
}

const struct attempt *contest_batch_find_attempt(const struct contest_batch *batch,
                                                 const struct row *state)
{
    for (unsigned i = batch->attempts_count; i > 0 && state != NULL; i--) {
        const struct attempt *attempt = &batch->attempts[i - 1];
        if (!version_is_none(attempt->origin) && row_descends_from(state, attempt->origin))
            return attempt;
    }
    return NULL;
}

bool contest_batch_certainly_without(const struct contest_batch *batch, const struct row *state)
{
    return state == NULL || !contest_batch_tried(batch) ||
           row_certainly_without(state, contest_batch_first(batch));
}

/* What the proposer's last step left on a majority. */
static struct buffer *settled_row(const struct proposer *proposer)
{
    if (proposer->uncommitted != NULL)
        return proposer_published(proposer);
    return proposer->has_state ? buffer_ref(proposer->state_bytes) : NULL;
}

static void answer_settlement(struct settlement *settlement, const struct proposer *proposer)
{
    settlement->outcome = OUTCOME_OK;
    settlement->row = settled_row(proposer);
    settlement->done(settlement);
}

static void answer_request(struct coordinator *coordinator, struct entry *entry,
                           struct version version, struct entry_result *result)
{
    struct request *request = entry->request;
    request->version = version;
    request->found = result->found;
    request->old_size = result->old_size;
    request->new_size = result->new_size;
    request->held = result->held;
    result->held = NULL;
    if (request->held != NULL) {
        struct slice held = buffer_slice(request->held);
        request->result = slice_of(held.data, result->result_size);
        request->written =
            slice_of(held.data + result->result_size, held.size - result->result_size);
    }
    coordinator_answer(coordinator, request, result->outcome);
}

void contest_batch_answer(struct contest_batch *batch, const struct proposer *proposer,
                          const struct attempt *attempt)
{
    struct entries entries;
    struct entry *entry;
    struct version version = attempt->origin;
    if (version_is_none(version) && proposer->has_state)
        version = proposer->state.origin;
    size_t index = (size_t)(attempt - batch->attempts);
    entries_move(&entries, &batch->entries);
    contest_batch_reset(batch);
    while ((entry = entries_pop(&entries)) != NULL) {
        if (entry->settlement != NULL)
            answer_settlement(entry->settlement, proposer);
        else
            answer_request(batch->coordinator, entry, version, &entry->results[index]);
        entry_free(entry);
    }
}

/* One of the attempts that may have been taken includes a change of this entry's. */
static bool may_have_happened(const struct contest_batch *batch, const struct entry *entry)
{
    for (unsigned i = 0; i < batch->attempts_count; i++) {
        if (!version_is_none(batch->attempts[i].origin) && entry->results[i].changes)
            return true;
    }
    return false;
}

static void give_up_entry(struct contest_batch *batch, struct entry *entry, enum outcome outcome)
{
    bool unknown = entry->settlement == NULL && may_have_happened(batch, entry);
    entry_answer(batch->coordinator, entry, unknown ? OUTCOME_UNKNOWN : outcome);
}

void contest_batch_give_up(struct contest_batch *batch, enum outcome outcome)
{
    struct entry *entry;
    while ((entry = entries_pop(&batch->entries)) != NULL)
        give_up_entry(batch, entry, outcome);
    contest_batch_reset(batch);
}

void contest_batch_expire(struct contest_batch *batch, uint64_t now_us)
{
    struct entry *entry = entries_first(&batch->entries);
    while (entry != NULL) {
        struct entry *next = entries_next(&batch->entries, entry);
        if (entry->deadline_us <= now_us) {
            PROBE("an operation in a batch runs out of time");
            entries_remove(&batch->entries, entry);
            give_up_entry(batch, entry, OUTCOME_UNAVAILABLE);
        }
        entry = next;
    }
}

void contest_batch_release_plain(struct contest_batch *batch)
{
    struct entry *entry = entries_first(&batch->entries);
    while (entry != NULL) {
        struct entry *next = entries_next(&batch->entries, entry);
        struct request *request = entry->request;
        if (request != NULL && !request_conditional(request)) {
            PROBE("a plain write leaves a contest that has failed");
            entries_remove(&batch->entries, entry);
            entry_free(entry);
            write_begin(batch->coordinator, request);
        }
        entry = next;
    }
}

void contest_batch_hand_on(struct contest_batch *batch)
{
    struct entry *entry = entries_first(&batch->entries);
    while (entry != NULL) {
        struct entry *next = entries_next(&batch->entries, entry);
        if (entry->request != NULL && forward_onward(batch->coordinator, entry->request)) {
            entries_remove(&batch->entries, entry);
            entry_free(entry);
        }
        entry = next;
    }
}
