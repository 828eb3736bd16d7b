#include "split.h"

#include <stdlib.h>
#include <string.h>

#include "ensure.h"

static int compare_places(const void *a, const void *b)
{
    const struct split_place *left = a;
    const struct split_place *right = b;
    if (left->item != right->item)
        return left->item < right->item ? -1 : 1;
    return left->index < right->index ? -1 : left->index > right->index;
}

struct split_place *split_by_item(const void *operations, size_t count, size_t size)
{
    struct split_place *places = calloc(count + 1, sizeof(*places));
    ensure(places != NULL);
    for (size_t i = 0; i < count; i++) {
        places[i].index = i;
        memcpy(&places[i].item, (const char *)operations + i * size, sizeof(places[i].item));
    }
    qsort(places, count, sizeof(*places), compare_places);
    return places;
}

size_t split_end(const struct split_place *places, size_t count, size_t first)
{
    size_t end = first;
    while (end < count && places[end].item == places[first].item)
        end++;
    return end;
}
