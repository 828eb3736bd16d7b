#include "ring_state.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "placement.h"
#include "ring.h"

enum {
    RING_FORMAT = 2,
    HOMES_LEAST = 3 /* a change waits for whoever is away, rather than leave fewer copies than most
                       tables want */
};

/* Lists are the planner's, as they are. */
_Static_assert((int)RING_NOBODY == (int)PLACEMENT_NOBODY, "nobody has one number");

static void *zalloc(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    ensure(memory != NULL);
    return memory;
}

static size_t lists_entries(const struct ring_state *ring)
{
    return (size_t)ring->partitions * REPLICAS_MAX;
}

static void allocate(struct ring_state *ring)
{
    size_t entries = lists_entries(ring);
    ring->lists = zalloc(entries, sizeof(*ring->lists));
    ring->targets = zalloc(entries, sizeof(*ring->targets));
    ring->epochs = zalloc(ring->partitions, sizeof(*ring->epochs));
    ring->stages = zalloc(ring->partitions, sizeof(*ring->stages));
    memset(ring->lists, 0xff, entries * sizeof(*ring->lists));
}

static void first_members(struct ring_state *ring, const struct cluster_config *cluster)
{
    ring->members_count = cluster->members_count;
    ring->members = zalloc(ring->members_count, sizeof(*ring->members));
    for (size_t i = 0; i < ring->members_count; i++)
        ring->members[i] = (struct ring_member){member_config_copy(&cluster->members[i]),
                                                NODE_ID_NONE,
                                                RING_NORMAL,
                                                RING_NOBODY,
                                                true,
                                                false};
}

void ring_init(struct ring_state *ring, const struct cluster_config *cluster)
{
    *ring = (struct ring_state){.epoch = RING_EPOCH_BIRTH, .partitions = cluster->partitions};
    first_members(ring, cluster);
    allocate(ring);
    ring_plan(ring, ring->targets);
    memcpy(ring->lists, ring->targets, lists_entries(ring) * sizeof(*ring->lists));
    for (uint32_t i = 0; i < ring->partitions; i++)
        ring->epochs[i] = ring->epoch;
    for (; ring->meta_count < RING_META_MAX && ring->meta_count < ring->members_count;
         ring->meta_count++)
        ring->meta[ring->meta_count] = ring->meta_count;
}

void ring_deinit(struct ring_state *ring)
{
    for (size_t i = 0; i < ring->members_count; i++)
        member_config_deinit(&ring->members[i].config);
    free(ring->members);
    free(ring->lists);
    free(ring->targets);
    free(ring->epochs);
    free(ring->stages);
    memset(ring, 0, sizeof(*ring));
}

const uint16_t *ring_list(const struct ring_state *ring, uint32_t partition)
{
    ensure(partition < ring->partitions);
    return ring->lists + (size_t)partition * REPLICAS_MAX;
}

const uint16_t *ring_target(const struct ring_state *ring, uint32_t partition)
{
    ensure(partition < ring->partitions);
    return ring->targets + (size_t)partition * REPLICAS_MAX;
}

unsigned ring_list_length(const uint16_t *list)
{
    unsigned length = 0;
    while (length < REPLICAS_MAX && list[length] != RING_NOBODY)
        length++;
    return length;
}

unsigned ring_list_rank(const uint16_t *list, unsigned member)
{
    unsigned rank = 0;
    while (rank < REPLICAS_MAX && list[rank] != member)
        rank++;
    return rank;
}

bool ring_list_has(const uint16_t *list, unsigned count, unsigned member)
{
    for (unsigned i = 0; i < count; i++) {
        if (list[i] == member)
            return true;
    }
    return false;
}

bool ring_lists_equal(const uint16_t *a, const uint16_t *b)
{
    return memcmp(a, b, REPLICAS_MAX * sizeof(*a)) == 0;
}

bool ring_moves(const struct ring_state *ring, uint32_t partition)
{
    return !ring_lists_equal(ring_list(ring, partition), ring_target(ring, partition));
}

static unsigned in_force(const uint16_t *list, unsigned n)
{
    unsigned length = ring_list_length(list);
    return n < length ? n : length;
}

void ring_homes(const struct ring_state *ring, uint32_t partition, unsigned n, struct homes *homes)
{
    const uint16_t *list = ring_list(ring, partition);
    ensure(n >= 1);
    ensure(n <= REPLICAS_MAX);
    *homes = (struct homes){.epoch = ring->epochs[partition]};
    homes->n = (uint8_t)in_force(list, n);
    homes->count = homes->n;
    memcpy(homes->members, list, homes->n * sizeof(*list));
    if (ring->stages[partition] != RING_JOINT)
        return;
    const uint16_t *target = ring_target(ring, partition);
    homes->next_n = (uint8_t)in_force(target, n);
    for (unsigned i = 0; i < homes->next_n; i++) {
        unsigned at = homes_find(homes, target[i]);
        if (at == HOMES_MAX) {
            at = homes->count++;
            homes->members[at] = target[i];
        }
        homes->next |= home_bit(at);
    }
}

static bool holds_places(const struct ring_member *member)
{
    return member->state == RING_JOINING || member->state == RING_NORMAL;
}

bool ring_changes(const struct ring_state *ring)
{
    bool changes = ring->unplanned || ring->moving > 0;
    for (size_t i = 0; i < ring->members_count; i++)
        changes |= ring->members[i].state == RING_JOINING || ring->members[i].state == RING_LEAVING;
    return changes;
}

size_t ring_members_wanted(const struct ring_state *ring)
{
    size_t wanted = 0;
    for (size_t i = 0; i < ring->members_count; i++)
        wanted += holds_places(&ring->members[i]);
    return wanted;
}

/* An heir stands where the one that it replaces stood: nothing else has to move. */
static uint16_t heir_of(const struct ring_state *ring, uint16_t number)
{
    while (number != RING_NOBODY && ring->members[number].state == RING_LEAVING &&
           ring->members[number].heir != RING_NOBODY)
        number = ring->members[number].heir;
    return number;
}

/* Returns how many are left. */
static unsigned drop_away(const struct ring_state *ring, uint16_t *target, unsigned length)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < length; i++) {
        if (!ring->members[target[i]].away)
            target[kept++] = target[i];
    }
    return kept;
}

/* A member that is away stands in no place further to the front than it does now, which it would have
 * to copy for: others go before it, and where enough are left without it, it is dropped. */
static void hold_back(const struct ring_state *ring, const uint16_t *list, uint16_t *target)
{
    uint16_t planned[REPLICAS_MAX], waiting[REPLICAS_MAX];
    unsigned filled = 0, waits = 0, length = ring_list_length(target);
    memcpy(planned, target, sizeof(planned));
    for (unsigned i = 0; i < length; i++) {
        if (ring->members[planned[i]].away && ring_list_rank(list, planned[i]) > filled)
            waiting[waits++] = planned[i];
        else
            target[filled++] = planned[i];
        for (unsigned w = 0; w < waits; w++) {
            if (ring_list_rank(list, waiting[w]) > filled)
                continue;
            target[filled++] = waiting[w];
            memmove(waiting + w, waiting + w + 1, (waits - w - 1) * sizeof(*waiting));
            waits--;
            w = UINT_MAX; /* from the first again: the place has moved on */
        }
    }
    /* In a list that gets shorter everybody copies. */
    if (filled < ring_list_length(list))
        filled = drop_away(ring, target, filled);
    if (filled < HOMES_LEAST) {
        memcpy(target, planned, sizeof(planned));
        return;
    }
    while (filled < REPLICAS_MAX)
        target[filled++] = RING_NOBODY;
}

void ring_plan(const struct ring_state *ring, uint16_t *targets)
{
    struct placement_member *members = zalloc(ring->members_count, sizeof(*members));
    uint16_t *current = zalloc(lists_entries(ring), sizeof(*current));
    for (size_t i = 0; i < ring->members_count; i++) {
        const struct ring_member *member = &ring->members[i];
        members[i] = (struct placement_member){holds_places(member) ? member->config.weight : 0,
                                               member->config.zone};
    }
    for (size_t i = 0; i < lists_entries(ring); i++)
        current[i] = heir_of(ring, ring->lists[i]);
    placement_plan(members, ring->members_count, ring->partitions, current, targets);
    for (uint32_t i = 0; i < ring->partitions; i++)
        hold_back(ring, current + (size_t)i * REPLICAS_MAX, targets + (size_t)i * REPLICAS_MAX);
    free(members);
    free(current);
}

bool ring_member_present(const struct ring_member *member)
{
    return member->state != RING_REMOVED && member->heir == RING_NOBODY;
}

unsigned ring_find_name(const struct ring_state *ring, struct slice name)
{
    for (unsigned i = 0; i < ring->members_count; i++) {
        const struct ring_member *member = &ring->members[i];
        if (ring_member_present(member) && slice_equal(slice_of_string(member->config.name), name))
            return i;
    }
    return RING_NOBODY;
}

unsigned ring_find_id(const struct ring_state *ring, node_id id)
{
    for (unsigned i = 0; i < ring->members_count; i++) {
        if (ring->members[i].id == id && id != NODE_ID_NONE)
            return i;
    }
    return RING_NOBODY;
}

const char *ring_member_state_name(enum ring_member_state state)
{
    static const char *const names[] = {"joining", "normal", "leaving", "removed"};
    ensure(state < array_size(names));
    return names[state];
}

static void put_list(struct writer *out, const uint16_t *list)
{
    for (unsigned i = 0; i < REPLICAS_MAX; i++)
        writer_put_u16(out, list[i]);
}

void ring_encode(const struct ring_state *ring, struct writer *out)
{
    writer_put_u8(out, RING_FORMAT);
    writer_put_u64(out, ring->epoch);
    writer_put_u32(out, ring->partitions);
    writer_put_u32(out, ring->planned);
    writer_put_u8(out, ring->unplanned);
    writer_put_u8(out, ring->meta_count);
    for (unsigned i = 0; i < ring->meta_count; i++)
        writer_put_u16(out, ring->meta[i]);
    writer_put_varint(out, ring->members_count);
    for (size_t i = 0; i < ring->members_count; i++) {
        const struct ring_member *member = &ring->members[i];
        member_config_encode(&member->config, out);
        writer_put_u64(out, member->id);
        writer_put_u8(out, (uint8_t)((unsigned)member->state << 2 | (unsigned)member->away << 1 |
                                     (unsigned)member->arrived));
        writer_put_u16(out, member->heir);
    }
    for (uint32_t i = 0; i < ring->partitions; i++) {
        bool moves = ring_moves(ring, i);
        writer_put_u8(out, (uint8_t)(ring->stages[i] << 1 | moves));
        writer_put_varint(out, ring->epoch - ring->epochs[i]);
        put_list(out, ring_list(ring, i));
        if (moves)
            put_list(out, ring_target(ring, i));
    }
}

static bool get_list(struct reader *reader, uint16_t *list, size_t members)
{
    bool ended = false;
    for (unsigned i = 0; i < REPLICAS_MAX; i++) {
        list[i] = reader_get_u16(reader);
        bool nobody = list[i] == RING_NOBODY;
        bool again = !nobody && ring_list_has(list, i, list[i]);
        if ((!nobody && (ended || list[i] >= members)) || again)
            return false;
        ended |= nobody;
    }
    return !reader->failed && list[0] != RING_NOBODY;
}

static bool get_member(struct reader *reader, struct ring_member *member, size_t members)
{
    bool good = member_config_decode(reader, &member->config);
    member->id = reader_get_u64(reader);
    uint8_t flags = reader_get_u8(reader);
    uint8_t state = flags >> 2;
    member->away = (flags & 2) != 0;
    member->arrived = (flags & 1) != 0;
    member->heir = reader_get_u16(reader);
    member->state = (enum ring_member_state)state;
    return good && !reader->failed && state <= RING_REMOVED &&
           (member->heir == RING_NOBODY || member->heir < members);
}

static bool get_members(struct reader *reader, struct ring_state *ring)
{
    uint64_t count = reader_get_varint(reader);
    if (reader->failed || count == 0 || count > MEMBERS_MAX)
        return false;
    ring->members = zalloc(count, sizeof(*ring->members));
    ring->members_count = count;
    for (size_t i = 0; i < count; i++) {
        if (!get_member(reader, &ring->members[i], count))
            return false;
    }
    return true;
}

static bool get_partition(struct reader *reader, struct ring_state *ring, uint32_t partition)
{
    uint16_t *list = ring->lists + (size_t)partition * REPLICAS_MAX;
    uint16_t *target = ring->targets + (size_t)partition * REPLICAS_MAX;
    uint8_t flags = reader_get_u8(reader);
    uint64_t age = reader_get_varint(reader);
    bool moves = (flags & 1) != 0;
    if (reader->failed || flags > 3 || flags == 2 || age >= ring->epoch ||
        !get_list(reader, list, ring->members_count))
        return false;
    memcpy(target, list, REPLICAS_MAX * sizeof(*list));
    if (moves && !get_list(reader, target, ring->members_count))
        return false;
    ring->stages[partition] = flags >> 1;
    ring->epochs[partition] = ring->epoch - age;
    ring->joint += ring->stages[partition] == RING_JOINT;
    ring->moving += moves;
    return true;
}

static bool get_meta(struct reader *reader, struct ring_state *ring)
{
    ring->meta_count = reader_get_u8(reader);
    if (reader->failed || ring->meta_count == 0 || ring->meta_count > RING_META_MAX)
        return false;
    for (unsigned i = 0; i < ring->meta_count; i++)
        ring->meta[i] = reader_get_u16(reader);
    return !reader->failed;
}

static bool get_ring(struct reader *reader, struct ring_state *ring)
{
    bool known = reader_get_u8(reader) == RING_FORMAT;
    ring->epoch = reader_get_u64(reader);
    ring->partitions = reader_get_u32(reader);
    ring->planned = reader_get_u32(reader);
    ring->unplanned = reader_get_u8(reader) != 0;
    if (!known || reader->failed || ring->epoch == 0 || !ring_partitions_valid(ring->partitions) ||
        !get_meta(reader, ring) || !get_members(reader, ring))
        return false;
    for (unsigned i = 0; i < ring->meta_count; i++) {
        if (ring->meta[i] >= ring->members_count)
            return false;
    }
    allocate(ring);
    for (uint32_t i = 0; i < ring->partitions; i++) {
        if (!get_partition(reader, ring, i))
            return false;
    }
    return reader_done(reader);
}

bool ring_decode(struct slice bytes, struct ring_state *ring)
{
    struct reader reader = reader_of(bytes);
    memset(ring, 0, sizeof(*ring));
    bool good = get_ring(&reader, ring);
    if (!good)
        ring_deinit(ring);
    return good;
}

void ring_copy(struct ring_state *to, const struct ring_state *from)
{
    struct writer bytes;
    writer_init(&bytes, 0);
    ring_encode(from, &bytes);
    bool good = ring_decode(writer_slice(&bytes), to);
    ensure(good);
    writer_deinit(&bytes);
}

static void check_list(const struct ring_state *ring, const uint16_t *list)
{
    unsigned length = ring_list_length(list);
    ensure(length > 0);
    for (unsigned i = 0; i < length; i++) {
        ensure(list[i] < ring->members_count);
        ensure(ring->members[list[i]].state != RING_REMOVED);
        ensure(!ring_list_has(list, i, list[i]));
    }
}

void ring_check(const struct ring_state *ring)
{
    uint32_t joint = 0, moving = 0;
    for (uint32_t i = 0; i < ring->partitions; i++) {
        bool moves = ring_moves(ring, i);
        check_list(ring, ring_list(ring, i));
        check_list(ring, ring_target(ring, i));
        ensure(ring->epochs[i] <= ring->epoch);
        ensure(moves || ring->stages[i] == RING_STABLE);
        joint += ring->stages[i] == RING_JOINT;
        moving += moves;
    }
    ensure(joint == ring->joint);
    ensure(moving == ring->moving);
    ensure(ring->meta_count > 0);
}

unsigned ring_copiers(const struct ring_state *ring, uint32_t partition,
                      uint16_t copiers[REPLICAS_MAX])
{
    const uint16_t *list = ring_list(ring, partition);
    const uint16_t *target = ring_target(ring, partition);
    unsigned length = ring_list_length(list);
    unsigned next = ring_list_length(target);
    unsigned count = 0;
    for (unsigned i = 0; i < next; i++) {
        if (next < length || i < ring_list_rank(list, target[i]))
            copiers[count++] = target[i];
    }
    return count;
}

bool ring_copies(const struct ring_state *ring, uint32_t partition, unsigned member)
{
    uint16_t copiers[REPLICAS_MAX];
    return ring->stages[partition] == RING_JOINT &&
           ring_list_has(copiers, ring_copiers(ring, partition, copiers), member);
}
