/* The search of linear.h.
 *
 * Operations that were answered are put in the order of their completions. A *configuration* is
 * what an order built so far has come to: the set of operations that took effect, and the state.
 * Only an operation invoked before the first completion among those that did not take effect yet
 * may be next (Wing and Gong). So the set is known by that first completion, the *level*, and by
 * which of the operations pending at it took effect already: few bits, however long the history is.
 * At a level where nothing else is pending a configuration is the state alone: there the history is
 * cut, nothing before is searched twice.
 *
 * Four rules keep the search small; none of them loses an answer:
 *
 *   pure    an operation that changes no state takes effect as soon as it can: wherever a later
 *           order has it, taking it out there and putting it here changes nothing for the others.
 *   twins   of pending operations that do and were told the same, the one completed first takes
 *           effect first: in any order the two may change places.
 *   waste   a configuration is dropped if one was seen that equals it, but in which fewer
 *           operations of unknown outcome took effect: those may still, or never.
 *   useless operations of unknown outcome that are pure, or that the model says cannot matter, are
 *           left out. */
#include "linear_history.h"
#include "linear_memory.h"
#include "split.h"

/* A configuration on the way to where the search is. */
struct step {
    struct configuration configuration;
    uint32_t next; /* of the level's pending operations: the first one not tried */
};

struct search {
    const struct linear_model *model;
    struct linear_history history;
    struct linear_memory memory;
    struct step *steps;
    size_t depth;
    size_t capacity;
    uint64_t furthest; /* level */
};

static bool done(const struct configuration *at, const struct entry *entry)
{
    const struct bits *bits = linear_unknown(&entry->operation) ? &at->unknown : &at->answered;
    return bits_get(bits, entry->slot);
}

static void mark(struct configuration *at, const struct entry *entry)
{
    bits_set(linear_unknown(&entry->operation) ? &at->unknown : &at->answered, entry->slot);
}

static bool possible(const struct search *search, const struct configuration *at,
                     const struct entry *entry, uint64_t *next)
{
    return search->model->step(search->model, at->state, &entry->operation, next);
}

/* Lets pure operations of the level take effect; true if any did. */
static bool take_pure(const struct search *search, struct configuration *at)
{
    const struct level *level = &search->history.levels[at->level];
    bool any = false;
    for (uint32_t i = 0; i < level->count; i++) {
        const struct entry *entry = linear_history_pending(&search->history, level, i);
        uint64_t next;
        if (!entry->pure || done(at, entry) || !possible(search, at, entry, &next))
            continue;
        ensure(next == at->state);
        mark(at, entry);
        any = true;
    }
    return any;
}

/* Goes on to the level where a choice is due; true if there is none left. */
static bool settle(struct search *search, struct configuration *at)
{
    const struct linear_history *history = &search->history;
    do {
        while (at->level < history->levels_count) {
            const struct level *level = &history->levels[at->level];
            const struct entry *first = linear_history_pending(history, level, 0);
            if (!done(at, first))
                break;
            bits_clear(&at->answered, first->slot);
            at->level++;
        }
        if (at->level > search->furthest)
            search->furthest = at->level;
        if (at->level == history->levels_count)
            return true;
    } while (take_pure(search, at));
    return false;
}

static bool twin_goes_first(const struct search *search, const struct configuration *at,
                            const struct level *level, uint32_t index)
{
    const struct entry *entry = linear_history_pending(&search->history, level, index);
    for (uint32_t i = 0; i < index; i++) {
        const struct entry *other = linear_history_pending(&search->history, level, i);
        uint64_t next;
        if (other->kin == entry->kin && !done(at, other) && possible(search, at, other, &next))
            return true;
    }
    return false;
}

/* The next configuration that follows `step`; false if all were tried. */
static bool step_next(const struct search *search, struct step *step, struct configuration *next)
{
    const struct configuration *at = &step->configuration;
    const struct level *level = &search->history.levels[at->level];
    while (step->next < level->count) {
        uint32_t index = step->next++;
        const struct entry *entry = linear_history_pending(&search->history, level, index);
        *next = *at;
        if (entry->pure || done(at, entry) || !possible(search, at, entry, &next->state) ||
            twin_goes_first(search, at, level, index))
            continue;
        mark(next, entry);
        return true;
    }
    return false;
}

static void push(struct search *search, const struct configuration *configuration)
{
    if (search->depth == search->capacity) {
        search->capacity = search->capacity == 0 ? 64 : 2 * search->capacity;
        search->steps = realloc(search->steps, search->capacity * sizeof(*search->steps));
        ensure(search->steps != NULL);
    }
    search->steps[search->depth++] = (struct step){*configuration, 0};
}

static enum linear_verdict search_run(struct search *search, uint64_t configurations_max)
{
    struct configuration at = {.state = search->model->initial};
    if (search->history.crowded)
        return LINEAR_GAVE_UP;
    if (settle(search, &at))
        return LINEAR_OK;
    linear_memory_add(&search->memory, &at);
    push(search, &at);
    while (search->depth > 0) {
        if (!step_next(search, &search->steps[search->depth - 1], &at)) {
            search->depth--;
            continue;
        }
        if (settle(search, &at))
            return LINEAR_OK;
        if (!linear_memory_add(&search->memory, &at))
            continue;
        if (search->memory.count > configurations_max)
            return LINEAR_GAVE_UP;
        push(search, &at);
    }
    return LINEAR_VIOLATION;
}

struct linear_result linear_check(const struct linear_model *model,
                                  const struct linear_operation *operations, size_t count,
                                  uint64_t configurations_max)
{
    struct search search = {.model = model};
    struct linear_result result = {.verdict = LINEAR_OK};
    linear_history_init(&search.history, model, operations, count);
    linear_memory_init(&search.memory);
    result.verdict = search_run(&search, configurations_max == 0 ? LINEAR_CONFIGURATIONS_MAX
                                                                 : configurations_max);
    result.configurations = search.memory.count;
    result.given_up = result.verdict == LINEAR_GAVE_UP;
    if (result.verdict != LINEAR_OK)
        result.operation = linear_history_level(&search.history, search.furthest)->index;
    free(search.steps);
    linear_memory_deinit(&search.memory);
    linear_history_deinit(&search.history);
    return result;
}

/* Adds the verdict on one item, whose operations stand at `places`, to `all`. */
static void result_add(struct linear_result *all, struct linear_result one,
                       const struct split_place *places)
{
    all->configurations += one.configurations;
    all->given_up += one.given_up;
    bool worse = one.verdict == LINEAR_VIOLATION ? all->verdict != LINEAR_VIOLATION
                                                 : all->verdict == LINEAR_OK;
    if (one.verdict == LINEAR_OK || !worse)
        return;
    all->verdict = one.verdict;
    all->operation = places[one.operation].index;
}

struct linear_result linear_check_items(const struct linear_model *model,
                                        const struct linear_operation *operations, size_t count,
                                        uint64_t configurations_max)
{
    struct linear_result result = {.verdict = LINEAR_OK};
    struct split_place *places = split_by_item(operations, count, sizeof(*operations));
    struct linear_operation *sorted = calloc(count + 1, sizeof(*sorted));
    ensure(sorted != NULL);
    for (size_t i = 0; i < count; i++)
        sorted[i] = operations[places[i].index];
    for (size_t first = 0, end; first < count; first = end) {
        end = split_end(places, count, first);
        result_add(&result, linear_check(model, &sorted[first], end - first, configurations_max),
                   &places[first]);
    }
    free(sorted);
    free(places);
    return result;
}
