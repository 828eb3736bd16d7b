#include "homes.h"

home_mask homes_current(const struct homes *homes)
{
    return (home_mask)((1u << homes->n) - 1);
}

home_mask homes_all(const struct homes *homes)
{
    return (home_mask)((1u << homes->count) - 1);
}

static bool enough(home_mask mask, unsigned n, unsigned wanted)
{
    return (unsigned)__builtin_popcount(mask) >= (wanted < n ? wanted : n);
}

bool homes_majority(const struct homes *homes, home_mask mask)
{
    return enough(mask & homes_current(homes), homes->n, majority_of(homes->n)) &&
           (homes->next_n == 0 ||
            enough(mask & homes->next, homes->next_n, majority_of(homes->next_n)));
}

bool homes_quorum(const struct homes *homes, home_mask mask, unsigned wanted)
{
    return enough(mask & homes_current(homes), homes->n, wanted) &&
           (homes->next_n == 0 || enough(mask & homes->next, homes->next_n, wanted));
}

static bool suffices(unsigned n, unsigned wanted)
{
    return (wanted < n ? wanted : n) <= majority_of(n);
}

bool homes_majority_suffices(const struct homes *homes, unsigned wanted)
{
    return suffices(homes->n, wanted) && (homes->next_n == 0 || suffices(homes->next_n, wanted));
}

unsigned homes_find(const struct homes *homes, unsigned member)
{
    for (unsigned i = 0; i < homes->count; i++) {
        if (homes->members[i] == member)
            return i;
    }
    return HOMES_MAX;
}
