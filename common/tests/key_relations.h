/* key_relations: what the bounds of a range of keys must mean, said value by value. */
#pragma once

#include "key.h"

static inline bool key_relation_holds(enum sort_bound relation, struct slice value,
                                      struct slice bound, struct slice bound_high)
{
    int order = slice_compare(value, bound);
    switch (relation) {
    case SORT_EQUAL:
        return order == 0;
    case SORT_LESS:
        return order < 0;
    case SORT_LESS_OR_EQUAL:
        return order <= 0;
    case SORT_GREATER:
        return order > 0;
    case SORT_GREATER_OR_EQUAL:
        return order >= 0;
    case SORT_BETWEEN:
        return order >= 0 && slice_compare(value, bound_high) <= 0;
    case SORT_BEGINS_WITH:
        return slice_starts_with(value, bound);
    }
    return false;
}

static inline bool key_range_holds(const struct key_range *range, struct slice key)
{
    return key_in_range(key, writer_slice(&range->from), writer_slice(&range->to));
}
