/* The network between nodes: what becomes of a frame that one of them sends. */
#include "frame.h"
#include "hash.h"
#include "world.h"

enum {
    SIBLING_LATENCY_US = 5,  /* between shards of a node, and from a node to itself */
    GHOST_US_MAX = 30000000, /* a frame's second copy comes up to so much later */
    LAG_TIMES_MAX = 50,
    UNCLOG_US = 2000,     /* what was held back comes within about that */
    BREAK_SEEN_US = 5000, /* mean time until an end notices that its connection broke */
    RECONNECT_US = 20000  /* after a link broke because too much waited for it */
};

static void link_init(struct world *world, uint16_t from, uint16_t to)
{
    uint64_t percent = world->options.asymmetry ? prng_between(&world->prng, 10, 1000) : 100;
    world->links[from][to] = (struct sim_link){.latency_percent = (uint32_t)percent};
}

void network_init(struct world *world)
{
    for (uint16_t i = 0; i < world->options.nodes; i++) {
        for (uint16_t j = 0; j < world->options.nodes; j++)
            link_init(world, i, j);
    }
}

void network_add(struct world *world, uint16_t index)
{
    for (uint16_t other = 0; other <= index; other++) {
        link_init(world, index, other);
        link_init(world, other, index);
    }
}

/* MUTANT_SWAPPED: a value that nobody wrote, under a checksum that fits. */
static struct buffer *frame_with_other_value(const struct frame *frame)
{
    struct arena arena;
    arena_init(&arena);
    struct writer payload;
    writer_init(&payload, frame->payload.size);
    writer_put_slice(&payload, frame->payload);
    struct slice bytes = writer_slice(&payload);
    if (bytes.size > 24)
        payload.buffer->data[bytes.size - 1] = 'X';
    ProtobufCMessage *body = frame_decode_body(frame, &arena);
    struct buffer *changed = frame_encode(&frame->header, body, bytes);
    writer_deinit(&payload);
    arena_deinit(&arena);
    return changed;
}

/* True if a mutant took the frame. */
static bool frame_mutate(struct world *world, struct buffer **frame)
{
    struct frame decoded;
    if (world->options.mutant != MUTANT_SWAPPED && world->options.mutant != MUTANT_NO_REPAIR)
        return false;
    enum frame_result result = frame_decode(buffer_slice(*frame), &decoded);
    ensure(result == FRAME_OK);
    if (world->options.mutant == MUTANT_NO_REPAIR)
        return decoded.header.type == FRAME_REPAIR;
    if (decoded.header.type == FRAME_WRITE && prng_chance(&world->prng, 50000)) {
        struct buffer *changed = frame_with_other_value(&decoded);
        buffer_unref(*frame);
        *frame = changed;
    }
    return false;
}

/* How long a frame takes that needs not wait. */
static uint64_t latency_us(struct world *world, uint16_t from, uint16_t to)
{
    uint64_t delay_us = world_draw_us(world, world->options.latency_us);
    if (world->healing)
        return delay_us;
    delay_us = delay_us * world->links[from][to].latency_percent / 100 + 1;
    if (prng_chance(&world->prng, world->options.slow))
        delay_us *= 1 + prng_below(&world->prng, 50);
    if (world->now_us < world->nodes[from].lagging_until_us ||
        world->now_us < world->nodes[to].lagging_until_us)
        delay_us *= prng_between(&world->prng, 2, LAG_TIMES_MAX);
    return delay_us;
}

/* A clogged link holds back what is sent into it. */
static uint64_t clogged_us(struct world *world, const struct sim_link *link)
{
    if (world->now_us >= link->clogged_until_us)
        return 0;
    return link->clogged_until_us - world->now_us + world_draw_us(world, UNCLOG_US);
}

/* A link of bounded capacity sends one frame after the other. False if too many wait already. */
static bool queue(struct world *world, struct sim_link *link, size_t size, uint64_t *wait_us)
{
    const struct sim_options *options = &world->options;
    *wait_us = 0;
    if (options->capacity == 0 || world->healing || world->now_us < world->calm_until_us)
        return true;
    uint64_t begins_us = link->free_at_us > world->now_us ? link->free_at_us : world->now_us;
    uint64_t waiting = (begins_us - world->now_us) * options->capacity / 1000000;
    if (waiting > options->backlog)
        return false;
    link->free_at_us = begins_us + size * 1000000 / options->capacity;
    *wait_us = link->free_at_us - world->now_us;
    return true;
}

/* The frame with a bit of it changed. */
static struct buffer *corrupted(struct world *world, struct buffer *frame)
{
    struct buffer *changed = buffer_from(buffer_slice(frame));
    uint64_t bit = prng_below(&world->prng, 8 * buffer_slice(frame).size);
    changed->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    buffer_unref(frame);
    return changed;
}

static void schedule_copies(struct world *world, const struct event *event)
{
    if (world->healing)
        return;
    struct event again = *event;
    if (prng_chance(&world->prng, world->options.duplication)) {
        buffer_ref(event->frame);
        world_schedule(world, latency_us(world, event->other, event->node), again);
    }
    if (prng_chance(&world->prng, world->options.ghosts)) {
        buffer_ref(event->frame);
        again.connection = UINT64_MAX;
        world_schedule(world, 1 + prng_below(&world->prng, GHOST_US_MAX), again);
    }
}

/* Over the link to another node. */
static void carry(struct world *world, struct event event)
{
    struct sim_link *link = &world->links[event.other][event.node];
    uint64_t wait_us;
    bool lost = link->cut || link->severed || world->now_us < link->down_until_us ||
                (!world->healing && prng_chance(&world->prng, world->options.loss));
    if (!lost && !queue(world, link, buffer_slice(event.frame).size, &wait_us)) {
        network_break(world, event.other, event.node, world_draw_us(world, RECONNECT_US));
        lost = true;
    }
    if (lost || frame_mutate(world, &event.frame)) {
        buffer_unref(event.frame);
        return;
    }
    event.connection = link->connection;
    schedule_copies(world, &event);
    if (!world->healing && prng_chance(&world->prng, world->options.corruption))
        event.frame = corrupted(world, event.frame);
    world_schedule(world,
                   wait_us + clogged_us(world, link) + latency_us(world, event.other, event.node),
                   event);
}

static uint16_t index_of(const struct world *world, node_id id)
{
    uint16_t index = 0;
    while (index < SIM_MEMBERS_MAX && world->nodes[index].id != id)
        index++;
    ensure(index < SIM_MEMBERS_MAX);
    return index;
}

void network_send(struct world *world, uint16_t from, struct address to, struct buffer *frame)
{
    struct event event = {.kind = EVENT_FRAME,
                          .node = index_of(world, to.node),
                          .shard = to.shard,
                          .other = from,
                          .frame = frame,
                          .connection = UINT64_MAX,
                          .life = UINT64_MAX}; /* whoever lives there when it arrives */
    if (event.node != from) {
        carry(world, event);
        return;
    }
    event.life = world->nodes[from].life;
    world_schedule(world, SIBLING_LATENCY_US, event);
}

bool network_arrives(const struct world *world, const struct event *event)
{
    return event->connection == UINT64_MAX ||
           event->connection == world->links[event->other][event->node].connection;
}

/* What one end hears of it, if both live on. */
static void tell_end(struct world *world, uint16_t end, uint16_t other, uint64_t down_us)
{
    struct sim_node *node = &world->nodes[end], *peer = &world->nodes[other];
    struct event down = {.kind = EVENT_PEER_DOWN,
                         .node = end,
                         .other = other,
                         .life = node->life,
                         .peer_life = peer->life,
                         .connection = world->links[end][other].connection - 1};
    struct event up = down;
    up.kind = EVENT_PEER_UP;
    up.connection++;
    uint64_t seen_us = world_draw_us(world, BREAK_SEEN_US);
    world_schedule(world, seen_us, down);
    world_schedule(world, seen_us + down_us + world_draw_us(world, world->options.link_us), up);
}

void network_break(struct world *world, uint16_t one, uint16_t other, uint64_t down_us)
{
    struct sim_link *to = &world->links[one][other], *from = &world->links[other][one];
    to->connection = ++from->connection;
    to->down_until_us = from->down_until_us = world->now_us + down_us;
    to->clogged_until_us = from->clogged_until_us = 0;
    to->free_at_us = from->free_at_us = 0;
    world->counts.link_faults++;
    world_trace(world, "%s and %s lose their connection for %llu us", world->nodes[one].name,
                world->nodes[other].name, (unsigned long long)down_us);
    if (!world->nodes[one].up || !world->nodes[other].up)
        return;
    tell_end(world, one, other, down_us);
    tell_end(world, other, one, down_us);
}

void network_heal(struct world *world)
{
    for (uint16_t i = 0; i < world->nodes_count; i++) {
        world->nodes[i].lagging_until_us = 0;
        for (uint16_t j = 0; j < world->nodes_count; j++) {
            struct sim_link *link = &world->links[i][j];
            *link = (struct sim_link){.latency_percent = 100, .connection = link->connection};
        }
    }
}
