#include "peers.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct peer {
    char *name;
    node_id id;         /* NODE_ID_NONE until first met */
    uint64_t instance;  /* of the life that holds the connections */
    size_t connections; /* both directions */
};

struct peers {
    pthread_mutex_t lock;
    node_id self;
    struct peer *peers; /* one per member other than this node; all under the lock */
    size_t count;
};

static struct peer *find_by_name(struct peers *peers, const char *name)
{
    for (size_t i = 0; i < peers->count; i++) {
        if (strcmp(peers->peers[i].name, name) == 0)
            return &peers->peers[i];
    }
    return NULL;
}

static struct peer *find_by_id(struct peers *peers, node_id id)
{
    for (size_t i = 0; i < peers->count; i++) {
        if (peers->peers[i].id == id)
            return &peers->peers[i];
    }
    return NULL;
}

struct peers *peers_new(const struct boot *boot)
{
    struct peers *peers = calloc(1, sizeof(*peers));
    ensure(peers != NULL);
    ensure(pthread_mutex_init(&peers->lock, NULL) == 0);
    peers->self = boot->id;
    peers->peers = calloc(boot->cluster.members_count, sizeof(*peers->peers));
    ensure(peers->peers != NULL);
    for (size_t i = 0; i < boot->cluster.members_count; i++) {
        const char *name = boot->cluster.members[i].name;
        if (strcmp(name, boot->name) != 0)
            peers->peers[peers->count++].name = slice_to_string(slice_of_string(name));
    }
    for (size_t i = 0; i < boot->peers_count; i++) {
        struct peer *peer = find_by_name(peers, boot->peers[i].name);
        if (peer != NULL)
            peer->id = boot->peers[i].id;
    }
    return peers;
}

void peers_free(struct peers *peers)
{
    for (size_t i = 0; i < peers->count; i++) {
        ensure(peers->peers[i].connections == 0);
        free(peers->peers[i].name);
    }
    pthread_mutex_destroy(&peers->lock);
    free(peers->peers);
    free(peers);
}

static enum handshake_error judge(struct peers *peers, struct peer *peer,
                                  const struct handshake_identity *identity)
{
    if (identity->id == peers->self)
        return HANDSHAKE_OWN_ID;
    if (peer == NULL)
        return HANDSHAKE_UNKNOWN_NAME;
    struct peer *holder = find_by_id(peers, identity->id);
    if (holder != NULL ? holder != peer : peer->id != NODE_ID_NONE)
        return HANDSHAKE_WRONG_ID;
    /* The connections of a process that died end with it, or, if its machine died, within the
     * sockets' timeout. Whoever comes before that is a copy. */
    if (peer->connections > 0 && peer->instance != identity->instance)
        return HANDSHAKE_CLONE;
    return HANDSHAKE_FINE;
}

enum handshake_error peers_claim(struct peers *peers, const struct handshake_identity *identity)
{
    pthread_mutex_lock(&peers->lock);
    struct peer *peer = find_by_name(peers, identity->name);
    enum handshake_error error = judge(peers, peer, identity);
    if (error == HANDSHAKE_FINE) {
        peer->id = identity->id;
        peer->instance = identity->instance;
        peer->connections++;
    }
    pthread_mutex_unlock(&peers->lock);
    return error;
}

void peers_release(struct peers *peers, const struct handshake_identity *identity)
{
    pthread_mutex_lock(&peers->lock);
    struct peer *peer = find_by_name(peers, identity->name);
    ensure(peer != NULL);
    ensure(peer->connections > 0);
    peer->connections--;
    pthread_mutex_unlock(&peers->lock);
}
