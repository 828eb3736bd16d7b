#include "append_lists.h"

#include <stdlib.h>
#include <string.h>

static int compare_appended(const void *a, const void *b)
{
    const struct appended *left = a;
    const struct appended *right = b;
    if (left->item != right->item)
        return left->item < right->item ? -1 : 1;
    return left->element < right->element ? -1 : left->element > right->element;
}

static int compare_readings(const void *a, const void *b)
{
    const struct reading *left = a;
    const struct reading *right = b;
    size_t left_count = left->operation->elements_count;
    size_t right_count = right->operation->elements_count;
    if (left->item != right->item)
        return left->item < right->item ? -1 : 1;
    if (left_count != right_count)
        return left_count > right_count ? -1 : 1;
    return left->transaction < right->transaction ? -1 : left->transaction > right->transaction;
}

/* Is there an append to the item among operations[from .. to)? */
static bool appends_to(const struct append_transaction *transaction, uint32_t item, size_t from,
                       size_t to)
{
    for (size_t i = from; i < to; i++) {
        if (!transaction->operations[i].read && transaction->operations[i].item == item)
            return true;
    }
    return false;
}

static void transaction_add(struct append_lists *lists,
                            const struct append_transaction *transaction, uint32_t index)
{
    for (size_t i = 0; i < transaction->operations_count; i++) {
        const struct append_operation *operation = &transaction->operations[i];
        uint32_t item = operation->item;
        if (!operation->read)
            lists->appended[lists->appended_count++] = (struct appended){
                .item = item,
                .element = operation->element,
                .transaction = index,
                .last = !appends_to(transaction, item, i + 1, transaction->operations_count)};
        else if (transaction->outcome == APPEND_COMMITTED)
            lists->readings[lists->readings_count++] =
                (struct reading){.item = item,
                                 .transaction = index,
                                 .operation = operation,
                                 .external = !appends_to(transaction, item, 0, i)};
    }
}

static bool begins_with(const struct append_operation *whole, const struct append_operation *part)
{
    size_t size = part->elements_count * sizeof(*part->elements);
    return size == 0 || memcmp(whole->elements, part->elements, size) == 0;
}

static void mark_broken(struct append_lists *lists)
{
    const struct reading *longest = NULL;
    for (struct reading *at = lists->readings; at < lists->readings + lists->readings_count; at++) {
        at->longest = longest == NULL || longest->item != at->item;
        if (at->longest)
            longest = at;
        at->broken = !begins_with(longest->operation, at->operation);
    }
}

/* Whatever was read stands in a longest reading or in a broken one. */
static void mark_seen(struct append_lists *lists)
{
    for (size_t i = 0; i < lists->readings_count; i++) {
        const struct append_operation *operation = lists->readings[i].operation;
        bool all = lists->readings[i].longest || lists->readings[i].broken;
        for (size_t j = 0; all && j < operation->elements_count; j++) {
            struct appended *appended =
                append_lists_find(lists, operation->item, operation->elements[j]);
            if (appended != NULL)
                appended->seen = true;
        }
    }
}

void append_lists_init(struct append_lists *lists, const struct append_transaction *transactions,
                       size_t count)
{
    size_t operations = 0;
    ensure(count < UINT32_MAX);
    for (size_t i = 0; i < count; i++)
        operations += transactions[i].operations_count;
    *lists = (struct append_lists){.appended = calloc(operations + 1, sizeof(*lists->appended)),
                                   .readings = calloc(operations + 1, sizeof(*lists->readings))};
    ensure(lists->appended != NULL);
    ensure(lists->readings != NULL);
    for (uint32_t i = 0; i < count; i++)
        transaction_add(lists, &transactions[i], i);
    qsort(lists->appended, lists->appended_count, sizeof(*lists->appended), compare_appended);
    qsort(lists->readings, lists->readings_count, sizeof(*lists->readings), compare_readings);
    for (size_t i = 1; i < lists->appended_count; i++)
        ensure(compare_appended(&lists->appended[i - 1], &lists->appended[i]) != 0);
    mark_broken(lists);
    mark_seen(lists);
}

void append_lists_deinit(struct append_lists *lists)
{
    free(lists->appended);
    free(lists->readings);
}

struct appended *append_lists_find(const struct append_lists *lists, uint32_t item,
                                   uint64_t element)
{
    struct appended key = {.item = item, .element = element};
    return bsearch(&key, lists->appended, lists->appended_count, sizeof(key), compare_appended);
}

size_t append_lists_readings_end(const struct append_lists *lists, size_t first)
{
    size_t end = first;
    while (end < lists->readings_count && lists->readings[end].item == lists->readings[first].item)
        end++;
    return end;
}

size_t append_lists_appended_first(const struct append_lists *lists, uint32_t item)
{
    size_t low = 0;
    size_t high = lists->appended_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (lists->appended[middle].item < item)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
