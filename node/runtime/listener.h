/* listener: accepts connections and deals them out to the shards in turn. */
#pragma once

struct shard;
struct listener;

enum listener_kind { LISTENER_CLIENTS, LISTENER_PEERS };

/* Takes over a listening socket; runs on the shard's loop. */
struct listener *listener_new(struct shard *shard, int fd, enum listener_kind kind);
/* NULL is allowed, here and below. */
void listener_free(struct listener *listener);
/* Accepts again after descriptors had run out; to be called now and then. */
void listener_resume(struct listener *listener);
