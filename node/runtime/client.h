/* client: one client's connection: bytes from the socket to the HTTP state machine, requests to
 * their answers, replies back to the socket.
 *
 * A client is in one phase:
 *   idle       between requests            closed after idle_timeout_s
 *   receiving  a request is half received  cut off when it is too slow
 *   running    a call of the API is open   never interrupted
 *   sending    the socket took only part of a reply; nothing is read meanwhile
 *   lingering  a last reply is sent; what still comes is thrown away for a moment, since closing
 *              at once would destroy that reply (RFC 9112, 9.6)
 *   dead       the socket is closed; freed at the end of the turn, or when its call is done */
#pragma once

#include "addresses.h"
#include "api.h"
#include "http_connection.h"
#include <event2/event.h>
#include <event2/event_struct.h>

#include <event2/buffer.h>

struct shard;

enum client_phase {
    CLIENT_IDLE,
    CLIENT_RECEIVING,
    CLIENT_RUNNING,
    CLIENT_SENDING, /* this and what follows: no request is taken */
    CLIENT_LINGERING,
    CLIENT_DEAD
};

struct client {
    struct list_link link;         /* of the shard's clients, or of its dead ones */
    struct list_link resumed_link; /* of those whose next request may be read */
    struct list_link ready_link;   /* of those whose socket has bytes */
    struct shard *shard;
    int fd;
    address_id address; /* where it comes from */
    enum client_phase phase;
    struct event read_event;
    struct event write_event;
    bool reading;            /* read_event is set */
    uint64_t ready_us;       /* while in the line of those whose socket has bytes: since when */
    struct evbuffer *output; /* what the socket did not take; NULL: nothing ever */
    struct writer unread;    /* bytes that the HTTP state machine did not take yet */
    struct http_connection *http;
    bool close_after_output;
    uint64_t since_us;   /* start of the phase; sending: last progress */
    uint64_t sending_us; /* sending: since when */
    size_t received;     /* bytes of the request being received */
    size_t uploaded;     /* of them, those charged as an upload */
    uint64_t window_us;  /* receiving: its rate is looked at since then, */
    size_t window_size;  /* when so many bytes had been received */
    size_t taken;        /* sending: bytes that the socket took since */
    size_t charged;      /* bytes charged to the memory of requests */
    struct api_call call;
    bool call_open;
    struct arena arena; /* of the request being served */
};

LIST_DEFINE(clients, struct client, link)
LIST_DEFINE(clients_dead, struct client, link)
LIST_DEFINE(clients_resumed, struct client, resumed_link)
LIST_DEFINE(clients_ready, struct client, ready_link)

/* Takes over an accepted socket that the host counts. */
void client_new(struct shard *shard, int fd, address_id address);
/* Closes the socket; the rest follows at the end of the turn. Harmless on a dead client. */
void client_close(struct client *client);
/* After its call was answered: reads on. To be called outside the API's callbacks. */
void client_resume(struct client *client);
/* Takes the bytes of its socket: it is in the shard's line no more. */
void client_take(struct client *client);
/* Charges bytes to its open request, until that is answered; false if there is no room. */
bool must_check client_charge(struct client *client, size_t size);
/* Answers the open request: sends what the socket takes, keeps the rest. */
void client_reply(struct client *client, const struct http_reply *reply);
/* Cuts the client off if it dawdles. */
void client_sweep(struct client *client, uint64_t now_us);
/* Frees what is dead and not waited for. */
void clients_reap(struct shard *shard);
/* For the end of the process: frees all of them, calls or not. */
void clients_free_all(struct shard *shard);
