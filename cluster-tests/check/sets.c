#include "sets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "split.h"

/* What is known of one element of a set. */
struct member {
    uint64_t element;
    uint64_t added;      /* when its addition was asked for; UINT64_MAX: never */
    uint64_t known;      /* from when on it must be there; UINT64_MAX: never */
    bool shown;          /* by some read */
    uint64_t shown_last; /* latest invocation of a read that shows it */
};

struct read {
    const struct sets_operation *operation;
    size_t index;
    uint64_t *sorted; /* its elements */
};

/* One item's history. */
struct set {
    struct member *members; /* by element */
    size_t members_count;
    struct read *reads;
    size_t reads_count;
};

static int compare_numbers(const void *a, const void *b)
{
    const uint64_t *left = a;
    const uint64_t *right = b;
    return *left < *right ? -1 : *left > *right;
}

static int compare_members(const void *a, const void *b)
{
    const struct member *left = a;
    const struct member *right = b;
    return left->element < right->element ? -1 : left->element > right->element;
}

static struct member *member_find(const struct set *set, uint64_t element)
{
    struct member key = {.element = element};
    return bsearch(&key, set->members, set->members_count, sizeof(key), compare_members);
}

static void read_add(struct set *set, const struct sets_operation *operation, size_t index)
{
    uint64_t *sorted = calloc(operation->elements_count + 1, sizeof(*sorted));
    ensure(sorted != NULL);
    if (operation->elements_count > 0)
        memcpy(sorted, operation->elements, operation->elements_count * sizeof(*sorted));
    qsort(sorted, operation->elements_count, sizeof(*sorted), compare_numbers);
    set->reads[set->reads_count++] = (struct read){operation, index, sorted};
}

static void set_init(struct set *set, const struct sets_operation *operations,
                     const struct split_place *places, size_t count)
{
    *set = (struct set){.members = calloc(count + 1, sizeof(*set->members)),
                        .reads = calloc(count + 1, sizeof(*set->reads))};
    ensure(set->members != NULL);
    ensure(set->reads != NULL);
    for (size_t i = 0; i < count; i++) {
        const struct sets_operation *operation = &operations[places[i].index];
        ensure(operation->invoked <= operation->completed);
        if (operation->kind == SETS_ADD)
            set->members[set->members_count++] = (struct member){.element = operation->element,
                                                                 .added = operation->invoked,
                                                                 .known = operation->completed};
        else if (operation->kind == SETS_READ && operation->completed != UINT64_MAX)
            read_add(set, operation, places[i].index);
    }
    qsort(set->members, set->members_count, sizeof(*set->members), compare_members);
    for (size_t i = 1; i < set->members_count; i++)
        ensure(set->members[i - 1].element != set->members[i].element);
}

static void set_deinit(struct set *set)
{
    for (size_t i = 0; i < set->reads_count; i++)
        free(set->reads[i].sorted);
    free(set->members);
    free(set->reads);
}

static void found(struct sets_result *result, enum sets_anomaly anomaly, const struct read *read,
                  uint64_t element)
{
    struct sets_finding *finding = &result->findings[anomaly];
    result->good = false;
    if (finding->count++ > 0)
        return;
    finding->operation = read->index;
    finding->element = element;
}

/* Judges what a read shows, and notes it for judging what others do not. */
static void note_shown(const struct set *set, const struct read *read, struct sets_result *result)
{
    const struct sets_operation *operation = read->operation;
    for (size_t i = 0; i < operation->elements_count; i++) {
        uint64_t element = read->sorted[i];
        if (i > 0 && read->sorted[i - 1] == element) {
            found(result, SETS_DUPLICATE, read, element);
            continue;
        }
        struct member *member = member_find(set, element);
        if (member == NULL || member->added > operation->completed) {
            found(result, SETS_UNEXPECTED, read, element);
            continue;
        }
        member->shown = true;
        if (operation->completed < member->known)
            member->known = operation->completed;
        if (operation->invoked > member->shown_last)
            member->shown_last = operation->invoked;
    }
}

static void check_missing(const struct set *set, const struct read *read,
                          struct sets_result *result)
{
    const struct sets_operation *operation = read->operation;
    for (const struct member *member = set->members; member < set->members + set->members_count;
         member++) {
        if (member->known >= operation->invoked ||
            bsearch(&member->element, read->sorted, operation->elements_count,
                    sizeof(*read->sorted), compare_numbers) != NULL)
            continue;
        bool again = member->shown && member->shown_last > operation->invoked;
        found(result, again ? SETS_STALE : SETS_LOST, read, member->element);
    }
}

struct sets_result sets_check(const struct sets_operation *operations, size_t count)
{
    struct sets_result result = {.good = true};
    struct split_place *places = split_by_item(operations, count, sizeof(*operations));
    for (size_t first = 0, end; first < count; first = end) {
        struct set set;
        end = split_end(places, count, first);
        set_init(&set, operations, &places[first], end - first);
        for (size_t i = 0; i < set.reads_count; i++)
            note_shown(&set, &set.reads[i], &result);
        for (size_t i = 0; i < set.reads_count; i++)
            check_missing(&set, &set.reads[i], &result);
        set_deinit(&set);
    }
    free(places);
    return result;
}

const char *sets_anomaly_name(enum sets_anomaly anomaly)
{
    static const char *const names[SETS_ANOMALIES] = {
        [SETS_LOST] = "lost",
        [SETS_STALE] = "stale",
        [SETS_UNEXPECTED] = "unexpected",
        [SETS_DUPLICATE] = "duplicate",
    };
    ensure(anomaly < SETS_ANOMALIES);
    return names[anomaly];
}

void sets_explain(const struct sets_operation *operations, const struct sets_result *result,
                  struct writer *text)
{
    for (unsigned i = 0; i < SETS_ANOMALIES; i++) {
        const struct sets_finding *finding = &result->findings[i];
        const struct sets_operation *read = &operations[finding->operation];
        char line[240];
        if (finding->count == 0)
            continue;
        (void)snprintf(line, sizeof(line),
                       "%s elements: %zu, first element %llu in the read by process %u of item %u "
                       "[%llu, %llu]\n",
                       sets_anomaly_name((enum sets_anomaly)i), finding->count,
                       (unsigned long long)finding->element, read->process, read->item,
                       (unsigned long long)read->invoked, (unsigned long long)read->completed);
        writer_put(text, line, strlen(line));
    }
}
