#include "shard.h"

#include <stdlib.h>
#include <unistd.h>

/* A frame for a shard of this process, from another of its shards or from a peer. */
struct frame_letter {
    struct letter letter;
    struct buffer *frame;
    node_id from;
};

/* An accepted socket for this shard. */
struct socket_letter {
    struct letter letter;
    int fd;
    address_id address; /* clients: where it comes from */
};

static struct frame_letter *frame_letter_of(struct letter *letter)
{
    return container_of(letter, struct frame_letter, letter);
}

static void frame_letter_discard(struct letter *letter)
{
    buffer_unref(frame_letter_of(letter)->frame);
    free(frame_letter_of(letter));
}

static void frame_letter_open(struct letter *letter, void *receiver)
{
    struct shard *shard = receiver;
    struct frame_letter *posted = frame_letter_of(letter);
    node_on_frame(shard->node, shard_tick(shard), posted->from, buffer_slice(posted->frame));
    frame_letter_discard(letter);
}

void shard_post_frame(struct shard *shard, node_id from, struct buffer *frame)
{
    struct frame_letter *posted = calloc(1, sizeof(*posted));
    ensure(posted != NULL);
    posted->letter.open = frame_letter_open;
    posted->letter.discard = frame_letter_discard;
    posted->frame = frame;
    posted->from = from;
    mailbox_post(&shard->mailbox, &posted->letter);
}

void shard_post_completions(void *shard, struct store_ops *done)
{
    mailbox_post_completions(&((struct shard *)shard)->mailbox, done);
}

static void socket_letter_discard(struct letter *letter)
{
    struct socket_letter *posted = container_of(letter, struct socket_letter, letter);
    close(posted->fd);
    free(posted);
}

static void post_socket(struct shard *shard, int fd, address_id address,
                        void (*open)(struct letter *letter, void *receiver))
{
    struct socket_letter *posted = calloc(1, sizeof(*posted));
    ensure(posted != NULL);
    posted->letter.open = open;
    posted->letter.discard = socket_letter_discard;
    posted->fd = fd;
    posted->address = address;
    mailbox_post(&shard->mailbox, &posted->letter);
}

static int take_socket(struct letter *letter)
{
    struct socket_letter *posted = container_of(letter, struct socket_letter, letter);
    int fd = posted->fd;
    free(posted);
    return fd;
}

static void client_letter_open(struct letter *letter, void *receiver)
{
    address_id address = container_of(letter, struct socket_letter, letter)->address;
    client_new(receiver, take_socket(letter), address);
}

static void peer_letter_open(struct letter *letter, void *receiver)
{
    peer_inbound_new(receiver, take_socket(letter));
}

void shard_post_client(struct shard *shard, int fd, address_id address)
{
    post_socket(shard, fd, address, client_letter_open);
}

void shard_post_peer(struct shard *shard, int fd)
{
    post_socket(shard, fd, 0, peer_letter_open);
}

static void close_idle(struct shard *shard)
{
    struct client *next;
    for (struct client *client = clients_first(&shard->clients); client != NULL; client = next) {
        next = clients_next(&shard->clients, client);
        if (client->phase == CLIENT_IDLE || client->phase == CLIENT_RECEIVING)
            client_close(client);
    }
}

static void stop_letter_open(struct letter *letter, void *receiver)
{
    struct shard *shard = receiver;
    struct instant now = shard_tick(shard);
    free(letter);
    shard->draining = true;
    node_on_leave(shard->node, now);
    listener_free(shard->client_listener);
    listener_free(shard->peer_listener);
    shard->client_listener = NULL;
    shard->peer_listener = NULL;
    close_idle(shard);
    timers_arm(&shard->timers, &shard->drain,
               now.monotonic_us + shard->host->config->shutdown_timeout_s * 1000000);
}

static void repair_letter_open(struct letter *letter, void *receiver)
{
    struct shard *shard = receiver;
    free(letter);
    node_on_repair(shard->node, shard_tick(shard));
}

static void bare_letter_discard(struct letter *letter)
{
    free(letter);
}

static void post_bare(struct shard *shard, void (*open)(struct letter *letter, void *receiver))
{
    struct letter *letter = calloc(1, sizeof(*letter));
    ensure(letter != NULL);
    letter->open = open;
    letter->discard = bare_letter_discard;
    mailbox_post(&shard->mailbox, letter);
}

void shard_post_repair(struct shard *shard)
{
    post_bare(shard, repair_letter_open);
}

void shard_post_stop(struct shard *shard)
{
    post_bare(shard, stop_letter_open);
}
