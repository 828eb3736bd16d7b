#include "ring_step.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"

void ring_step_encode(const struct ring_step *step, struct writer *out)
{
    writer_put_u8(out, (uint8_t)step->kind);
    writer_put_u16(out, step->member);
    if (step->kind == RING_ADD || step->kind == RING_SET)
        member_config_encode(&step->config, out);
    writer_put_u64(out, step->id);
    writer_put_u64(out, step->member_id);
    writer_put_u64(out, step->digest);
    writer_put_varint(out, step->partitions_count);
    for (size_t i = 0; i < step->partitions_count; i++)
        writer_put_u32(out, step->partitions[i]);
    writer_put_u8(out, step->group_count);
    for (unsigned i = 0; i < step->group_count; i++)
        writer_put_u16(out, step->group[i]);
}

static bool get_partitions(struct reader *reader, struct ring_step *step, struct arena *arena)
{
    uint64_t count = reader_get_varint(reader);
    if (reader->failed || count > RING_STEP_PARTITIONS_MAX)
        return false;
    uint32_t *partitions = arena_alloc(arena, (count + 1) * sizeof(*partitions));
    for (uint64_t i = 0; i < count; i++) {
        partitions[i] = reader_get_u32(reader);
        if (i > 0 && partitions[i] <= partitions[i - 1])
            return false;
    }
    step->partitions = partitions;
    step->partitions_count = count;
    return true;
}

static bool get_group(struct reader *reader, struct ring_step *step)
{
    step->group_count = reader_get_u8(reader);
    if (reader->failed || step->group_count > RING_META_MAX)
        return false;
    for (unsigned i = 0; i < step->group_count; i++)
        step->group[i] = reader_get_u16(reader);
    return true;
}

/* The arena's, in place of the heap's. */
static void adopt(struct member_config *config, struct arena *arena)
{
    struct member_config copy = {
        .name = arena_printf(arena, "%s", config->name),
        .address = arena_printf(arena, "%s", config->address),
        .zone = arena_printf(arena, "%s", config->zone),
        .weight = config->weight,
    };
    member_config_deinit(config);
    *config = copy;
}

bool ring_step_decode(struct slice bytes, struct ring_step *step, struct arena *arena)
{
    struct reader reader = reader_of(bytes);
    memset(step, 0, sizeof(*step));
    uint8_t kind = reader_get_u8(&reader);
    step->member = reader_get_u16(&reader);
    step->kind = (enum ring_step_kind)kind;
    if (reader.failed || kind >= RING_STEP_KINDS)
        return false;
    if (kind == RING_ADD || kind == RING_SET) {
        bool good = member_config_decode(&reader, &step->config);
        if (!good) {
            member_config_deinit(&step->config);
            return false;
        }
        adopt(&step->config, arena);
    }
    step->id = reader_get_u64(&reader);
    step->member_id = reader_get_u64(&reader);
    step->digest = reader_get_u64(&reader);
    return get_partitions(&reader, step, arena) && get_group(&reader, step) && reader_done(&reader);
}

static struct ring_member *member_of(struct ring_state *ring, const struct ring_step *step)
{
    return step->member < ring->members_count ? &ring->members[step->member] : NULL;
}

static const char *name_taken(const struct ring_state *ring, const struct ring_step *step)
{
    unsigned named = ring_find_name(ring, slice_of_string(step->config.name));
    bool replaced = step->member != RING_NOBODY && named == step->member;
    if (named != RING_NOBODY && !replaced)
        return "a member of that name is there already";
    for (size_t i = 0; i < ring->members_count; i++) {
        const struct ring_member *other = &ring->members[i];
        if (ring_member_present(other) && i != step->member &&
            strcmp(other->config.address, step->config.address) == 0)
            return "a member of that address is there already";
    }
    return NULL;
}

/* Whoever goes is known for ever, by its id: it stays out, and what was kept for it is found. */
static void learn_id(struct ring_state *ring, const struct ring_step *step)
{
    struct ring_member *member = &ring->members[step->member];
    if (member->id == NODE_ID_NONE)
        member->id = step->member_id;
}

static const char *add(struct ring_state *ring, const struct ring_step *step)
{
    const char *wrong = member_config_check(&step->config);
    if (wrong == NULL)
        wrong = name_taken(ring, step);
    if (wrong != NULL)
        return wrong;
    if (ring->members_count == MEMBERS_MAX)
        return "there have been as many members as there may be";
    if (step->id == NODE_ID_NONE || node_id_of(step->id) != step->id)
        return "a node's id is not valid";
    if (ring_find_id(ring, step->id) != RING_NOBODY)
        return "a node of that id has been a member";
    struct ring_member *replaced = member_of(ring, step);
    if (step->member != RING_NOBODY && (replaced == NULL || !ring_member_present(replaced)))
        return "who is to be replaced is no member";
    size_t size = (ring->members_count + 1) * sizeof(*ring->members);
    ring->members = realloc(ring->members, size);
    ensure(ring->members != NULL);
    uint16_t number = (uint16_t)ring->members_count++;
    ring->members[number] = (struct ring_member){
        member_config_copy(&step->config), step->id, RING_JOINING, RING_NOBODY, false, false};
    if (step->member != RING_NOBODY) {
        learn_id(ring, step);
        ring->members[step->member].state = RING_LEAVING;
        ring->members[step->member].heir = number;
    }
    ring->unplanned = true;
    return NULL;
}

static const char *leave(struct ring_state *ring, const struct ring_step *step)
{
    struct ring_member *member = member_of(ring, step);
    if (member == NULL || !ring_member_present(member))
        return "there is no such member";
    if (member->state == RING_LEAVING)
        return "the member is leaving already";
    if (ring_members_wanted(ring) == 1)
        return "the last member cannot leave";
    learn_id(ring, step);
    member->state = RING_LEAVING;
    ring->unplanned = true;
    return NULL;
}

static const char *set(struct ring_state *ring, const struct ring_step *step)
{
    struct ring_member *member = member_of(ring, step);
    if (member == NULL || !ring_member_present(member))
        return "there is no such member";
    const char *wrong = member_config_check(&step->config);
    if (wrong == NULL)
        wrong = name_taken(ring, step);
    if (wrong != NULL)
        return wrong;
    if (strcmp(member->config.name, step->config.name) != 0)
        return "a member's name cannot be changed";
    bool moves = member->config.weight != step->config.weight ||
                 strcmp(member->config.zone, step->config.zone) != 0;
    /* The step may borrow from what it replaces. */
    struct member_config before = member->config;
    member->config = member_config_copy(&step->config);
    member_config_deinit(&before);
    ring->unplanned |= moves;
    return NULL;
}

static void set_target(struct ring_state *ring, uint32_t partition, const uint16_t *target)
{
    uint16_t *at = ring->targets + (size_t)partition * REPLICAS_MAX;
    ring->moving -= ring_moves(ring, partition);
    memmove(at, target, REPLICAS_MAX * sizeof(*at));
    ring->moving += ring_moves(ring, partition);
}

static void go_back(struct ring_state *ring, uint32_t partition)
{
    if (ring->stages[partition] == RING_JOINT) {
        ring->stages[partition] = RING_STABLE;
        ring->epochs[partition] = ring->epoch + 1;
        ring->joint--;
    }
    set_target(ring, partition, ring_list(ring, partition));
}

/* It leaves, and would stay if that were cancelled: it is there, and was a member before. */
static bool may_stay(const struct ring_member *member)
{
    return member->state == RING_LEAVING && member->heir == RING_NOBODY && member->arrived;
}

static bool somebody_stays(const struct ring_state *ring)
{
    bool stays = false;
    for (size_t i = 0; i < ring->members_count; i++)
        stays |= ring->members[i].state == RING_NORMAL || may_stay(&ring->members[i]);
    return stays;
}

static const char *cancel(struct ring_state *ring)
{
    size_t undone = 0;
    if (!somebody_stays(ring))
        return "nobody would be left";
    for (size_t i = 0; i < ring->members_count; i++) {
        struct ring_member *member = &ring->members[i];
        bool joining = member->state == RING_JOINING;
        bool leaving = may_stay(member);
        if (joining || leaving)
            member->state = joining ? RING_LEAVING : RING_NORMAL;
        undone += joining || leaving;
    }
    if (undone == 0 && ring->moving == 0)
        return "nothing is under way that could be cancelled";
    for (uint32_t i = 0; i < ring->partitions; i++)
        go_back(ring, i);
    ring->unplanned = true;
    return NULL;
}

static uint64_t digest_of_lists(const struct ring_state *ring, const uint16_t *lists)
{
    struct writer bytes;
    size_t entries = (size_t)ring->partitions * REPLICAS_MAX;
    writer_init(&bytes, entries * sizeof(uint16_t));
    for (size_t i = 0; i < entries; i++)
        writer_put_u16(&bytes, lists[i]);
    uint64_t digest = hash64(writer_slice(&bytes));
    writer_deinit(&bytes);
    return digest;
}

/* As the step says who is away. */
static void set_away(struct ring_state *ring, const struct ring_step *step)
{
    for (size_t i = 0; i < ring->members_count; i++)
        ring->members[i].away = ring_list_has(step->group, step->group_count, (unsigned)i);
}

static bool away_differs(const struct ring_state *ring, const struct ring_step *step)
{
    bool differs = false;
    for (size_t i = 0; i < ring->members_count; i++)
        differs |=
            ring->members[i].away != ring_list_has(step->group, step->group_count, (unsigned)i);
    return differs;
}

/* Where everything should be while those are away. The caller frees it. */
static uint16_t *plan_new(const struct ring_state *ring, const struct ring_step *step)
{
    struct ring_state after;
    uint16_t *targets = calloc((size_t)ring->partitions * REPLICAS_MAX, sizeof(*targets));
    ensure(targets != NULL);
    ring_copy(&after, ring);
    set_away(&after, step);
    ring_plan(&after, targets);
    ring_deinit(&after);
    return targets;
}

void ring_plan_prepare(const struct ring_state *ring, struct ring_step *step)
{
    uint16_t *targets = plan_new(ring, step);
    step->digest = digest_of_lists(ring, targets);
    free(targets);
}

static const char *plan(struct ring_state *ring, const struct ring_step *step)
{
    if (ring->joint > 0)
        return "partitions are on the move";
    if (!ring->unplanned && !away_differs(ring, step))
        return "nothing has changed that would have to be planned for";
    uint16_t *targets = plan_new(ring, step);
    bool same = digest_of_lists(ring, targets) == step->digest;
    for (uint32_t i = 0; i < ring->partitions && same; i++)
        set_target(ring, i, targets + (size_t)i * REPLICAS_MAX);
    free(targets);
    if (!same)
        return "the plan is another program's";
    set_away(ring, step);
    ring->planned = ring->moving;
    ring->unplanned = false;
    return NULL;
}

static bool all_can(const struct ring_state *ring, const struct ring_step *step,
                    enum ring_stage from)
{
    for (size_t i = 0; i < step->partitions_count; i++) {
        uint32_t partition = step->partitions[i];
        if (partition >= ring->partitions || ring->stages[partition] != from ||
            !ring_moves(ring, partition))
            return false;
    }
    return step->partitions_count > 0;
}

static const char *move(struct ring_state *ring, const struct ring_step *step)
{
    if (!all_can(ring, step, RING_STABLE))
        return "a partition is not there to be moved";
    for (size_t i = 0; i < step->partitions_count; i++) {
        ring->stages[step->partitions[i]] = RING_JOINT;
        ring->epochs[step->partitions[i]] = ring->epoch + 1;
    }
    ring->joint += (uint32_t)step->partitions_count;
    return NULL;
}

static const char *make_switch(struct ring_state *ring, const struct ring_step *step)
{
    if (!all_can(ring, step, RING_JOINT))
        return "a partition is not on the move";
    for (size_t i = 0; i < step->partitions_count; i++) {
        uint32_t partition = step->partitions[i];
        uint16_t *list = ring->lists + (size_t)partition * REPLICAS_MAX;
        memcpy(list, ring_target(ring, partition), REPLICAS_MAX * sizeof(*list));
        ring->stages[partition] = RING_STABLE;
        ring->epochs[partition] = ring->epoch + 1;
    }
    ring->joint -= (uint32_t)step->partitions_count;
    ring->moving -= (uint32_t)step->partitions_count;
    return NULL;
}

static const char *give_up(struct ring_state *ring, const struct ring_step *step)
{
    if (!all_can(ring, step, RING_JOINT))
        return "a partition is not on the move";
    for (size_t i = 0; i < step->partitions_count; i++)
        go_back(ring, step->partitions[i]);
    ring->unplanned = true;
    return NULL;
}

static bool decides(const struct ring_state *ring, size_t number)
{
    for (unsigned i = 0; i < ring->meta_count; i++) {
        if (ring->meta[i] == number)
            return true;
    }
    return false;
}

static const char *end(struct ring_state *ring)
{
    size_t ended = 0;
    if (ring->moving > 0 || ring->unplanned)
        return "partitions are still to be moved";
    for (size_t i = 0; i < ring->members_count; i++) {
        if (ring->members[i].state == RING_LEAVING && decides(ring, i))
            return "a member that leaves still decides";
        ended += ring->members[i].state == RING_LEAVING || ring->members[i].state == RING_JOINING;
    }
    if (ended == 0)
        return "nothing is under way";
    for (size_t i = 0; i < ring->members_count; i++) {
        struct ring_member *member = &ring->members[i];
        if (member->state == RING_JOINING) {
            member->state = RING_NORMAL;
            member->arrived = true;
        } else if (member->state == RING_LEAVING) {
            member->state = RING_REMOVED;
        }
    }
    return NULL;
}

static const char *regroup(struct ring_state *ring, const struct ring_step *step)
{
    if (step->group_count == 0)
        return "nobody would decide";
    for (unsigned i = 0; i < step->group_count; i++) {
        uint16_t number = step->group[i];
        if (number >= ring->members_count || !ring_member_present(&ring->members[number]) ||
            ring_list_has(step->group, i, number))
            return "who is to decide is no member";
    }
    memcpy(ring->meta, step->group, step->group_count * sizeof(*ring->meta));
    ring->meta_count = step->group_count;
    return NULL;
}

static const char *change(struct ring_state *ring, const struct ring_step *step)
{
    switch (step->kind) {
    case RING_ADD:
        return add(ring, step);
    case RING_LEAVE:
        return leave(ring, step);
    case RING_SET:
        return set(ring, step);
    case RING_CANCEL:
        return cancel(ring);
    case RING_PLAN:
        return plan(ring, step);
    case RING_MOVE:
        return move(ring, step);
    case RING_SWITCH:
        return make_switch(ring, step);
    case RING_BACK:
        return give_up(ring, step);
    case RING_END:
        return end(ring);
    case RING_META:
        return regroup(ring, step);
    case RING_STEP_KINDS:
        break;
    }
    return "there is no such step";
}

const char *ring_apply(struct ring_state *ring, const struct ring_step *step)
{
    const char *wrong = change(ring, step);
    if (wrong == NULL)
        ring->epoch++;
    return wrong;
}
