#include "peers.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct peer {
    char *name;
    node_id id;         /* NODE_ID_NONE until first met */
    uint64_t instance;  /* of the life that holds the connections */
    size_t connections; /* both directions */
    bool removed;
};

struct peers {
    pthread_mutex_t lock;
    node_id self;
    struct peer *peers; /* by the members' numbers, this node included; all under the lock */
    size_t count;
};

/* Of this node nobody else can have the name; of two, the one that is not removed, if there is one. */
static struct peer *find_by_name(struct peers *peers, const char *name)
{
    struct peer *found = NULL;
    for (size_t i = 0; i < peers->count && (found == NULL || found->removed); i++) {
        struct peer *peer = &peers->peers[i];
        if (peer->id != peers->self && strcmp(peer->name, name) == 0)
            found = peer;
    }
    return found;
}

static struct peer *find_by_id(struct peers *peers, node_id id)
{
    for (size_t i = 0; i < peers->count; i++) {
        if (peers->peers[i].id == id)
            return &peers->peers[i];
    }
    return NULL;
}

static struct peer *append(struct peers *peers, const char *name)
{
    peers->peers = realloc(peers->peers, (peers->count + 1) * sizeof(*peers->peers));
    ensure(peers->peers != NULL);
    peers->peers[peers->count] = (struct peer){.name = slice_to_string(slice_of_string(name))};
    return &peers->peers[peers->count++];
}

static void append_all(struct peers *peers, const struct boot *boot,
                       const struct member_config *members, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct peer *peer = append(peers, members[i].name);
        /* A ring says so better: others had the name, perhaps. */
        if (boot->ring == NULL && strcmp(peer->name, boot->name) == 0)
            peer->id = peers->self;
    }
}

struct peers *peers_new(const struct boot *boot)
{
    struct peers *peers = calloc(1, sizeof(*peers));
    ensure(peers != NULL);
    ensure(pthread_mutex_init(&peers->lock, NULL) == 0);
    peers->self = boot->id;
    append_all(peers, boot, boot->cluster.members, boot->cluster.members_count);
    append_all(peers, boot, boot->added, boot->added_count);
    for (size_t i = 0; i < boot->peers_count; i++) {
        struct peer *peer = find_by_name(peers, boot->peers[i].name);
        if (peer != NULL)
            peer->id = boot->peers[i].id;
    }
    return peers;
}

static void follow(struct peers *peers, struct peer *peer, const struct member *member)
{
    peer->removed |= member->status == MEMBER_REMOVED;
    if (peer->id == NODE_ID_NONE && find_by_id(peers, member->id) == NULL)
        peer->id = member->id;
}

void peers_follow(struct peers *peers, const struct membership *membership)
{
    pthread_mutex_lock(&peers->lock);
    for (size_t i = 0; i < membership_count(membership); i++) {
        const struct member *member = membership_at(membership, i);
        if (i == peers->count)
            (void)append(peers, member->config->name);
        follow(peers, &peers->peers[i], member);
    }
    pthread_mutex_unlock(&peers->lock);
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
    struct peer *holder = find_by_id(peers, identity->id);
    /* Another than the one who was removed may bear its name by now, and this node not have heard. */
    bool named = peer != NULL && peer->removed && peer->id == NODE_ID_NONE;
    if (named || (holder != NULL && holder->removed))
        return HANDSHAKE_REMOVED;
    if (peer == NULL || peer->removed)
        return HANDSHAKE_UNKNOWN_NAME;
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
    struct peer *peer = find_by_id(peers, identity->id);
    ensure(peer != NULL);
    ensure(peer->connections > 0);
    peer->connections--;
    pthread_mutex_unlock(&peers->lock);
}
