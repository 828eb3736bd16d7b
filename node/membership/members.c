#include "members.h"

#include <stdlib.h>
#include <string.h>

#include "planted.h"

static void entry_fill(struct members_entry *entry, const struct member_config *config)
{
    entry->config = member_config_copy(config);
    entry->member.config = &entry->config;
}

void members_init(struct membership *members, const struct cluster_config *cluster)
{
    memset(members, 0, sizeof(*members));
    cluster_config_copy(&members->cluster, cluster);
    ring_init(&members->ring, cluster);
    members->entries = calloc(MEMBERS_MAX, sizeof(*members->entries));
    ensure(members->entries != NULL);
    for (; members->count < cluster->members_count; members->count++)
        entry_fill(&members->entries[members->count], &cluster->members[members->count]);
    members->self = MEMBERS_MAX;
}

void members_set_self(struct membership *members, const struct peer_identity *self)
{
    ensure(members->self == MEMBERS_MAX);
    members->self = members_index_of_name(members, slice_of_string(self->name));
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
    ring_deinit(&members->ring);
    for (size_t i = 0; i < members->count; i++)
        member_config_deinit(&members->entries[i].config);
    free(members->entries);
    cluster_config_deinit(&members->cluster);
    memset(members, 0, sizeof(*members));
}

void members_take_ring(struct membership *members, struct ring_state *next)
{
    ensure(next->partitions == members->ring.partitions);
    ring_deinit(&members->ring);
    members->ring = *next;
    memset(next, 0, sizeof(*next));
}

size_t members_add(struct membership *members, const struct member_config *config)
{
    ensure(members_index_of_name(members, slice_of_string(config->name)) == MEMBERS_MAX);
    if (members->count == MEMBERS_MAX)
        return MEMBERS_MAX;
    entry_fill(&members->entries[members->count], config);
    members->version++;
    return members->count++;
}

static bool present(const struct members_entry *entry)
{
    return entry->member.status != MEMBER_REMOVED;
}

void members_remove(struct membership *members, size_t index)
{
    ensure(index < members->count);
    ensure(index != members->self);
    struct members_entry *entry = &members->entries[index];
    if (!present(entry))
        return;
    members->reach_changed |= entry->member.linked;
    entry->member.status = MEMBER_REMOVED;
    entry->member.linked = false;
    members->removed++;
    members->version++;
}

size_t members_add_present(struct membership *members, const struct member_config *config,
                           bool is_present)
{
    size_t number = members_add(members, config);
    if (number < MEMBERS_MAX && !is_present)
        members_remove(members, number);
    return number;
}

/* `by` may be what it replaces. */
static void replace(char **text, const char *by)
{
    char *before = *text;
    *text = slice_to_string(slice_of_string(by));
    free(before);
}

void members_change(struct membership *members, size_t index, const char *zone, uint32_t weight,
                    const char *address)
{
    ensure(index < members->count);
    struct members_entry *entry = &members->entries[index];
    ensure(present(entry));
    replace(&entry->config.zone, zone);
    replace(&entry->config.address, address);
    entry->config.weight = weight;
    members->version++;
}

struct address members_address(const struct membership *members, size_t index, uint16_t shard)
{
    const struct member *member = &members->entries[index].member;
    return (struct address){member->id, shard,
                            (uint16_t)(member->incarnation >> INCARNATION_START_SHIFT)};
}

uint16_t members_partition_shard(const struct membership *members, size_t index, uint32_t partition)
{
    uint16_t shards = members->entries[index].member.shards;
    return (uint16_t)(shards == 0 ? 0 : partition % shards);
}

static bool may_be_found(const struct members_entry *entry)
{
    return present(entry) || PLANTED(REMOVED_RETURNS);
}

size_t members_index(const struct membership *members, node_id id)
{
    for (size_t i = 0; id != NODE_ID_NONE && i < members->count; i++) {
        if (members->entries[i].member.id == id && may_be_found(&members->entries[i]))
            return i;
    }
    return MEMBERS_MAX;
}

bool membership_was_removed(const struct membership *members, node_id id)
{
    for (size_t i = 0; members->removed > 0 && id != NODE_ID_NONE && i < members->count; i++) {
        if (members->entries[i].member.id == id && !present(&members->entries[i]))
            return !PLANTED(REMOVED_RETURNS);
    }
    return false;
}

size_t members_index_of_name(const struct membership *members, struct slice name)
{
    for (size_t i = 0; i < members->count; i++) {
        const struct members_entry *entry = &members->entries[i];
        if (may_be_found(entry) && slice_equal(slice_of_string(entry->config.name), name))
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
    bool taken = members_index(members, id) < MEMBERS_MAX || membership_was_removed(members, id);
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
    ensure(status != MEMBER_REMOVED);
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

void members_answered(struct membership *members, node_id id, uint64_t now_us)
{
    size_t index = members_index(members, id);
    if (index == MEMBERS_MAX)
        return;
    struct members_entry *entry = &members->entries[index];
    entry->answered_us = now_us;
    entry->silent_until_us = 0;
    entry->doubted_until_us = 0;
}

void members_unanswered(struct membership *members, size_t index, uint64_t sent_us)
{
    struct members_entry *entry = &members->entries[index];
    if (index == members->self || entry->answered_us > sent_us)
        return;
    entry->silent_until_us = members->now_us + MEMBER_SILENCE_US;
    entry->doubted_until_us = members->now_us + MEMBER_DOUBT_US;
}

bool members_usable(const struct membership *members, size_t index)
{
    const struct members_entry *entry = &members->entries[index];
    return member_usable(&entry->member) && entry->silent_until_us <= members->now_us;
}

bool members_leaving(const struct membership *members, size_t index)
{
    const struct ring_state *ring = &members->ring;
    return index < ring->members_count && ring->members[index].state == RING_LEAVING;
}

bool members_trusted(const struct membership *members, size_t index)
{
    return members_usable(members, index) &&
           members->entries[index].doubted_until_us <= members->now_us;
}

const struct cluster_config *membership_cluster(const struct membership *membership)
{
    return &membership->cluster;
}

size_t membership_count(const struct membership *membership)
{
    return membership->count;
}

size_t membership_size(const struct membership *membership)
{
    return membership->count - membership->removed;
}

uint64_t membership_version(const struct membership *membership)
{
    return membership->version;
}

const struct member *membership_at(const struct membership *membership, size_t index)
{
    ensure(index < membership->count);
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

const struct ring_state *membership_ring(const struct membership *membership)
{
    return &membership->ring;
}

uint64_t membership_epoch(const struct membership *membership)
{
    return membership->ring.epoch;
}

uint64_t membership_partition_epoch(const struct membership *membership, uint32_t partition)
{
    ensure(partition < membership->ring.partitions);
    return membership->ring.epochs[partition];
}

size_t membership_homes_max(const struct membership *membership)
{
    size_t wanted = ring_members_wanted(&membership->ring);
    return wanted < REPLICAS_MAX ? wanted : REPLICAS_MAX;
}

/* Behind the list come those who stand next around the ring. */
static size_t walk_on(const struct membership *membership, uint32_t partition, uint16_t *indexes,
                      size_t count, size_t max)
{
    const struct ring_state *ring = &membership->ring;
    for (uint32_t step = 1; step < ring->partitions && count < max; step++) {
        const uint16_t *list = ring_list(ring, (partition + step) % ring->partitions);
        for (unsigned i = 0; i < ring_list_length(list) && count < max; i++) {
            if (!ring_list_has(indexes, (unsigned)count, list[i]))
                indexes[count++] = list[i];
        }
    }
    return count;
}

size_t membership_preference_list(const struct membership *membership, uint32_t partition,
                                  uint16_t *indexes, size_t max)
{
    const uint16_t *list = ring_list(&membership->ring, partition);
    size_t length = ring_list_length(list);
    size_t count = length < max ? length : max;
    memcpy(indexes, list, count * sizeof(*indexes));
    return count;
}

size_t membership_stand_in_list(const struct membership *membership, uint32_t partition,
                                uint16_t *indexes, size_t max)
{
    size_t count = membership_preference_list(membership, partition, indexes, max);
    if (count == REPLICAS_MAX)
        count = walk_on(membership, partition, indexes, count, max);
    for (size_t i = 0; i < membership->count && count < max; i++) {
        uint16_t index = (uint16_t)((partition + i) % membership->count);
        if (!ring_list_has(indexes, (unsigned)count, index) && present(&membership->entries[index]))
            indexes[count++] = index;
    }
    return count;
}

void membership_homes(const struct membership *membership, uint32_t partition, unsigned n,
                      struct homes *homes)
{
    ring_homes(&membership->ring, partition, n, homes);
}

const char *member_status_name(enum member_status status)
{
    static const char *const names[] = {"unknown", "alive", "suspect", "dead", "left", "removed"};
    ensure(status < array_size(names));
    return names[status];
}
