#include "throughput_place.h"

#include "hash.h"

enum { KEEPER, HEIR, RANKS };

struct candidate {
    size_t member; /* MEMBERS_MAX: there is none */
    uint64_t score;
};

static uint64_t score_of(uint64_t table, node_id member)
{
    const uint64_t both[] = {table, member};
    return hash64_id(slice_of(both, sizeof(both)));
}

static void rank(const struct membership *members, uint64_t table,
                 struct candidate ranks[static RANKS])
{
    ranks[KEEPER] = ranks[HEIR] = (struct candidate){MEMBERS_MAX, 0};
    for (size_t i = 0; i < membership_count(members); i++) {
        const struct member *member = membership_at(members, i);
        if (!member_usable(member) && i != members->self)
            continue;
        struct candidate candidate = {i, score_of(table, member->id)};
        if (candidate.score > ranks[KEEPER].score) {
            ranks[HEIR] = ranks[KEEPER];
            ranks[KEEPER] = candidate;
        } else if (candidate.score > ranks[HEIR].score) {
            ranks[HEIR] = candidate;
        }
    }
}

static struct address address_of(const struct membership *members,
                                 const struct candidate *candidate)
{
    uint16_t shards = membership_at(members, candidate->member)->shards;
    return members_address(members, candidate->member, (uint16_t)(candidate->score % shards));
}

struct address throughput_keeper_of(const struct membership *members, uint64_t table)
{
    struct candidate ranks[RANKS];
    rank(members, table, ranks);
    return address_of(members, &ranks[KEEPER]);
}

bool throughput_heir_of(const struct membership *members, uint64_t table, struct address *heir)
{
    struct candidate ranks[RANKS];
    rank(members, table, ranks);
    if (ranks[HEIR].member == MEMBERS_MAX)
        return false;
    *heir = address_of(members, &ranks[HEIR]);
    return true;
}
