#include "event.h"

#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    const struct event *left = a;
    const struct event *right = b;
    if (left->time != right->time)
        return left->time < right->time ? -1 : 1;
    if (left->completion != right->completion)
        return left->completion ? 1 : -1;
    return left->operation < right->operation ? -1 : left->operation > right->operation;
}

void events_sort(struct event *events, size_t count)
{
    qsort(events, count, sizeof(*events), compare);
}
