/* split: takes a history of many items apart, item by item. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct split_place {
    uint32_t item;
    size_t index; /* in the caller's array */
};

/* The places of `count` operations of `size` bytes each, whose first field is a uint32_t that names
 * the item: by item, then by index. The caller frees them. */
struct split_place *split_by_item(const void *operations, size_t count, size_t size);
/* The end of the run of places of one item that begins at `first` < count. */
size_t split_end(const struct split_place *places, size_t count, size_t first);
