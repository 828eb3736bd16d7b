#include "members.h"

#include <stdlib.h>
#include <string.h>

void members_init(struct membership *members, const struct cluster_config *cluster,
                  const char *self_name, const struct peer_identity *self)
{
    memset(members, 0, sizeof(*members));
    cluster_config_copy(&members->cluster, cluster);
    placement_init(&members->placement, &members->cluster);
    members->epoch = 1;
    members->entries = calloc(cluster->members_count, sizeof(*members->entries));
    ensure(members->entries != NULL);
    for (size_t i = 0; i < cluster->members_count; i++)
        members->entries[i].member.config = &members->cluster.members[i];
    members->self = members_index_of_name(members, slice_of_string(self_name));
    ensure(members->self < MEMBERS_MAX);
    struct member *own = &members->entries[members->self].member;
    own->id = self->id;
    own->shards = self->shards;
    own->status = MEMBER_ALIVE;
    own->incarnation = self->incarnation;
    own->linked = true;
}

void members_deinit(struct membership *members)
{
    placement_deinit(&members->placement);
    free(members->entries);
    cluster_config_deinit(&members->cluster);
    memset(members, 0, sizeof(*members));
}

struct address members_address(const struct membership *members, size_t index, uint16_t shard)
{
    const struct member *member = &members->entries[index].member;
    return (struct address){member->id, shard,
                            (uint16_t)(member->incarnation >> INCARNATION_START_SHIFT)};
}

size_t members_index(const struct membership *members, node_id id)
{
    for (size_t i = 0; id != NODE_ID_NONE && i < members->cluster.members_count; i++) {
        if (members->entries[i].member.id == id)
            return i;
    }
    return MEMBERS_MAX;
}

size_t members_index_of_name(const struct membership *members, struct slice name)
{
    for (size_t i = 0; i < members->cluster.members_count; i++) {
        if (slice_equal(slice_of_string(members->cluster.members[i].name), name))
            return i;
    }
    return MEMBERS_MAX;
}

bool members_bind(struct membership *members, struct slice name, node_id id)
{
    size_t index = members_index_of_name(members, name);
    if (index == MEMBERS_MAX || id == NODE_ID_NONE || node_id_of(id) != id)
        return false;
    struct member *member = &members->entries[index].member;
    bool taken = members_index(members, id) < MEMBERS_MAX;
    if (member->id != id && (member->id != NODE_ID_NONE || taken))
        return false;
    members->changed |= member->id != id;
    member->id = id;
    return true;
}

void members_set_shards(struct membership *members, size_t index, uint16_t shards)
{
    struct member *member = &members->entries[index].member;
    ensure(shards > 0);
    members->changed |= member->shards != shards;
    member->shards = shards;
}

void members_set_status(struct membership *members, size_t index, enum member_status status,
                        uint64_t incarnation)
{
    struct member *member = &members->entries[index].member;
    members->changed |= member->status != status || member->incarnation != incarnation;
    members->reach_changed |= member->status != status;
    member->status = status;
    member->incarnation = incarnation;
}

void members_set_linked(struct membership *members, size_t index, bool linked)
{
    members->reach_changed |= members->entries[index].member.linked != linked;
    members->entries[index].member.linked = linked;
}

void members_heard(struct membership *members, node_id id, uint64_t now_us)
{
    size_t index = members_index(members, id);
    if (index == MEMBERS_MAX)
        return;
    members->entries[index].heard_us = now_us;
    members->entries[index].silent_until_us = 0;
}

void members_unanswered(struct membership *members, size_t index, uint64_t sent_us)
{
    struct members_entry *entry = &members->entries[index];
    if (index != members->self && entry->heard_us <= sent_us)
        entry->silent_until_us = members->now_us + MEMBER_SILENCE_US;
}

bool members_usable(const struct membership *members, size_t index)
{
    const struct members_entry *entry = &members->entries[index];
    return member_usable(&entry->member) && entry->silent_until_us <= members->now_us;
}

const struct cluster_config *membership_cluster(const struct membership *membership)
{
    return &membership->cluster;
}

size_t membership_count(const struct membership *membership)
{
    return membership->cluster.members_count;
}

const struct member *membership_at(const struct membership *membership, size_t index)
{
    ensure(index < membership->cluster.members_count);
    return &membership->entries[index].member;
}

const struct member *membership_self(const struct membership *membership)
{
    return &membership->entries[membership->self].member;
}

const struct member *membership_find(const struct membership *membership, node_id id)
{
    size_t index = members_index(membership, id);
    return index == MEMBERS_MAX ? NULL : &membership->entries[index].member;
}

bool member_usable(const struct member *member)
{
    return member->linked && member->shards > 0 &&
           (member->status == MEMBER_ALIVE || member->status == MEMBER_UNKNOWN);
}

uint32_t membership_partitions(const struct membership *membership)
{
    return membership->cluster.partitions;
}

uint64_t membership_epoch(const struct membership *membership)
{
    return membership->epoch;
}

uint64_t membership_partition_epoch(const struct membership *membership, uint32_t partition)
{
    ensure(partition < membership->cluster.partitions);
    return membership->epoch;
}

size_t membership_preference_list(const struct membership *membership, uint32_t partition,
                                  uint16_t *indexes, size_t max)
{
    size_t length = membership->placement.list_length;
    size_t count = length < max ? length : max;
    memcpy(indexes, placement_list(&membership->placement, partition), count * sizeof(*indexes));
    return count;
}

void membership_homes(const struct membership *membership, uint32_t partition, unsigned n,
                      struct homes *homes)
{
    ensure(n >= 1);
    ensure(n <= REPLICAS_MAX);
    *homes = (struct homes){.epoch = membership_partition_epoch(membership, partition)};
    homes->n = (uint8_t)membership_preference_list(membership, partition, homes->members, n);
    homes->count = homes->n;
}

const char *member_status_name(enum member_status status)
{
    static const char *const names[] = {"unknown", "alive", "suspect", "dead", "left"};
    ensure(status < array_size(names));
    return names[status];
}
