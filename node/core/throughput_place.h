/* throughput_place: which shard keeps a table's throughput, by rendezvous hashing over the members that
 * can be reached, oneself included: that of the member whose hash with the table is the highest. The
 * next highest is the heir. Members that see each other agree. */
#pragma once

#include "members.h"

/* The keeper, for the members as seen from here. */
struct address throughput_keeper_of(const struct membership *members, uint64_t table);
/* Who would be the keeper if this one were gone. False: nobody. */
bool must_check throughput_heir_of(const struct membership *members, uint64_t table,
                                   struct address *heir);
