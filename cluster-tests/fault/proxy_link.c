#include "proxy_link.h"

#include <errno.h>
#include <event2/buffer.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    CHUNK_SIZE = 16 << 10,
    HELD_MAX = 1 << 20,         /* then the sender's own socket fills, as it would on a real wire */
    RETRANSMISSION_US = 200000, /* Linux' shortest time-out of a segment */
    SLICES_PER_SECOND = 50      /* a limited rate lets bytes through in so many portions */
};

/* Bytes that were read together. */
struct chunk {
    struct list_link link;
    uint64_t due_us;
    size_t size; /* what is left of it */
    bool corrupted;
};

LIST_DEFINE(chunks, struct chunk, link)

/* One way through a link. */
struct pipe {
    struct proxy_link *link;
    struct proxy_direction *direction;
    int from;
    int to;
    struct event *readable;
    struct evbuffer *bytes; /* of all chunks */
    struct chunks chunks;
    uint64_t newest_due_us; /* bytes do not overtake each other */
    uint64_t free_at_us;    /* when the limit of the rate lets more through */
    bool ended;             /* there is no more to read */
    bool broken;            /* nobody takes any more */
    bool tainted;           /* a corrupted chunk was delivered */
};

struct proxy_link {
    struct list_link in_links;
    struct prng *prng;
    struct pipe out;
    struct pipe back;
    uint64_t resets_seen;
};

LIST_FUNCTIONS(proxy_links, struct proxy_link, in_links)

static void on_readable(evutil_socket_t fd, short what, void *context);
static bool link_advance(struct proxy_link *link, uint64_t now_us);
static void link_free(struct proxy_links *links, struct proxy_link *link, bool by_reset);

static uint64_t monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void pipe_init(struct pipe *pipe, struct proxy_link *link, struct event_base *base, int from,
                      int to, struct proxy_direction *direction)
{
    *pipe = (struct pipe){.link = link, .direction = direction, .from = from, .to = to};
    pipe->bytes = evbuffer_new();
    pipe->readable = event_new(base, from, EV_READ | EV_PERSIST, on_readable, pipe);
    ensure(pipe->bytes != NULL && pipe->readable != NULL);
    chunks_init(&pipe->chunks);
    event_add(pipe->readable, NULL);
}

static void pipe_deinit(struct pipe *pipe)
{
    struct chunk *chunk;
    while ((chunk = chunks_pop(&pipe->chunks)) != NULL)
        free(chunk);
    event_free(pipe->readable);
    evbuffer_free(pipe->bytes);
    if (pipe->tainted)
        proxy_count(&pipe->direction->tainted, -1);
}

void proxy_link_new(struct proxy_links *links, struct event_base *base, struct prng *prng,
                    int dialler_fd, int dialled_fd, struct proxy_direction *out,
                    struct proxy_direction *back)
{
    struct proxy_link *link = calloc(1, sizeof(*link));
    ensure(link != NULL);
    if (links->head.next == NULL)
        proxy_links_init(links);
    link->prng = prng;
    link->resets_seen = proxy_setting(&out->resets);
    pipe_init(&link->out, link, base, dialler_fd, dialled_fd, out);
    pipe_init(&link->back, link, base, dialled_fd, dialler_fd, back);
    proxy_count(&out->connections, 1);
    proxy_count(&out->open, 1);
    proxy_links_push(links, link);
}

void proxy_links_advance(struct proxy_links *links)
{
    uint64_t now_us = monotonic_us();
    struct proxy_link *next;
    if (links->head.next == NULL)
        return;
    for (struct proxy_link *link = proxy_links_first(links); link != NULL; link = next) {
        next = proxy_links_next(links, link);
        if (proxy_setting(&link->out.direction->resets) != link->resets_seen)
            link_free(links, link, true);
        else if (!link_advance(link, now_us))
            link_free(links, link, false);
    }
}

static void link_free(struct proxy_links *links, struct proxy_link *link, bool by_reset)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    int fds[] = {link->out.from, link->out.to};
    proxy_count(&link->out.direction->open, -1);
    pipe_deinit(&link->out);
    pipe_deinit(&link->back);
    for (int i = 0; i < 2; i++) {
        if (by_reset)
            (void)setsockopt(fds[i], SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        close(fds[i]);
    }
    proxy_links_remove(links, link);
    free(link);
}

static void corrupt(struct prng *prng, uint8_t *bytes, size_t size)
{
    bytes[prng_below(prng, size)] ^= (uint8_t)(1U << prng_below(prng, 8));
}

/* When what is read now arrives. */
static uint64_t due_us(struct pipe *pipe)
{
    const struct proxy_direction *direction = pipe->direction;
    struct prng *prng = pipe->link->prng;
    uint64_t due = monotonic_us() + proxy_setting(&direction->delay_us) +
                   prng_below(prng, proxy_setting(&direction->jitter_us) + 1);
    if (prng_chance(prng, (uint32_t)proxy_setting(&direction->late_per_million)))
        due += RETRANSMISSION_US;
    if (due < pipe->newest_due_us)
        due = pipe->newest_due_us;
    pipe->newest_due_us = due;
    return due;
}

static void hold(struct pipe *pipe, uint8_t *bytes, size_t size)
{
    struct prng *prng = pipe->link->prng;
    struct chunk *chunk = calloc(1, sizeof(*chunk));
    ensure(chunk != NULL);
    chunk->due_us = due_us(pipe);
    chunk->size = size;
    chunk->corrupted =
        prng_chance(prng, (uint32_t)proxy_setting(&pipe->direction->corrupt_per_million));
    if (chunk->corrupted)
        corrupt(prng, bytes, size);
    chunks_push(&pipe->chunks, chunk);
    ensure(evbuffer_add(pipe->bytes, bytes, size) == 0);
}

/* How much may leave now, of what is due. */
static size_t portion(const struct pipe *pipe, const struct chunk *chunk, uint64_t now_us)
{
    uint64_t rate = proxy_setting(&pipe->direction->bytes_per_second);
    if (rate == 0)
        return chunk->size;
    if (now_us < pipe->free_at_us)
        return 0;
    size_t slice = rate / SLICES_PER_SECOND + 1;
    return chunk->size < slice ? chunk->size : slice;
}

static void note_delivered(struct pipe *pipe, struct chunk *chunk, size_t size, uint64_t now_us)
{
    uint64_t rate = proxy_setting(&pipe->direction->bytes_per_second);
    proxy_count(&pipe->direction->bytes, (int64_t)size);
    if (rate != 0)
        pipe->free_at_us = now_us + size * 1000000 / rate;
    chunk->size -= size;
    if (chunk->size > 0)
        return;
    if (chunk->corrupted) {
        proxy_count(&pipe->direction->corrupted, 1);
        proxy_count(&pipe->direction->tainted, pipe->tainted ? 0 : 1);
        pipe->tainted = true;
    }
    chunks_remove(&pipe->chunks, chunk);
    free(chunk);
}

static void pipe_advance(struct pipe *pipe, uint64_t now_us)
{
    struct chunk *chunk;
    while (!pipe->broken && (chunk = chunks_first(&pipe->chunks)) != NULL) {
        if (proxy_setting(&pipe->direction->stalled) != 0 || chunk->due_us > now_us)
            break;
        size_t size = portion(pipe, chunk, now_us);
        if (size == 0)
            break;
        int written = evbuffer_write_atmost(pipe->bytes, pipe->to, (ev_ssize_t)size);
        if (written <= 0) {
            pipe->broken = written < 0 && errno != EAGAIN && errno != EINTR && errno != ENOTCONN;
            break;
        }
        note_delivered(pipe, chunk, (size_t)written, now_us);
    }
    if (!pipe->ended && evbuffer_get_length(pipe->bytes) < HELD_MAX)
        event_add(pipe->readable, NULL);
}

/* Whether its end is known to the other side. */
static bool pipe_over(const struct pipe *pipe)
{
    return pipe->ended && proxy_setting(&pipe->direction->stalled) == 0 &&
           (pipe->broken || chunks_empty(&pipe->chunks));
}

/* False once it is over. */
static bool link_advance(struct proxy_link *link, uint64_t now_us)
{
    pipe_advance(&link->out, now_us);
    pipe_advance(&link->back, now_us);
    return !pipe_over(&link->out) && !pipe_over(&link->back);
}

/* Links are freed by proxy_links_advance() alone, never from here. */
static void on_readable(evutil_socket_t fd, short what, void *context)
{
    struct pipe *pipe = context;
    uint8_t bytes[CHUNK_SIZE];
    (void)what;
    ssize_t size = recv(fd, bytes, sizeof(bytes), 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size > 0)
        hold(pipe, bytes, (size_t)size);
    else
        pipe->ended = true;
    pipe_advance(pipe, monotonic_us());
    if (pipe->ended || evbuffer_get_length(pipe->bytes) >= HELD_MAX)
        event_del(pipe->readable);
}
