#include "boot.h"

#include <stdlib.h>
#include <string.h>

#include "meta.h"
#include "ring_state.h"
#include "planted.h"
#include "votes.h"

static const char ring_damaged[] = "the data directory's ring record is damaged";

const char node_removed[] =
    "this node was removed from the cluster: it cannot come back under its identity";

const char boot_amnesia[] =
    "this node has lost promises and writes that it had acknowledged, and must not vote again "
    "under "
    "its identity: put the newest copy of its data directory back, or leave it stopped";

static void identity_encode(struct writer *writer, node_id id, const char *name,
                            const struct cluster_config *cluster)
{
    writer_put_u64(writer, id);
    writer_put_sized(writer, slice_of_string(name));
    writer_put_sized(writer, slice_of_string(cluster->name));
    writer_put_u32(writer, cluster->partitions);
    writer_put_varint(writer, cluster->members_count);
    for (size_t i = 0; i < cluster->members_count; i++)
        member_config_encode(&cluster->members[i], writer);
}

static bool identity_decode(struct slice bytes, struct boot *boot)
{
    struct reader reader = reader_of(bytes);
    boot->id = reader_get_u64(&reader);
    boot->name = slice_to_string(reader_get_sized(&reader));
    boot->cluster.name = slice_to_string(reader_get_sized(&reader));
    boot->cluster.partitions = reader_get_u32(&reader);
    uint64_t count = reader_get_varint(&reader);
    if (reader.failed || count == 0 || count > MEMBERS_MAX)
        return false;
    boot->cluster.members = calloc(count, sizeof(*boot->cluster.members));
    ensure(boot->cluster.members != NULL);
    boot->cluster.members_count = count;
    for (size_t i = 0; i < count; i++) {
        if (!member_config_decode(&reader, &boot->cluster.members[i]))
            return false;
    }
    return reader_done(&reader) && cluster_config_check(&boot->cluster) == NULL;
}

static const char *be_born(struct boot *boot, const struct cluster_config *configured,
                           const char *name, struct prng *random, struct store_batch *batch)
{
    const char *wrong = cluster_config_check(configured);
    if (wrong != NULL)
        return wrong;
    boot->born = true;
    do {
        boot->id = node_id_of(prng_next(random));
    } while (boot->id == NODE_ID_NONE);
    boot->name = slice_to_string(slice_of_string(name));
    cluster_config_copy(&boot->cluster, configured);
    struct writer row;
    writer_init(&row, 256);
    identity_encode(&row, boot->id, boot->name, &boot->cluster);
    store_batch_put(batch, STORE_META, META_IDENTITY, writer_slice(&row));
    writer_deinit(&row);
    return NULL;
}

void boot_join(node_id id, const char *name, const struct cluster_config *cluster,
               struct slice ring, struct store_batch *batch)
{
    struct writer row;
    writer_init(&row, 256);
    identity_encode(&row, id, name, cluster);
    store_batch_put(batch, STORE_META, META_IDENTITY, writer_slice(&row));
    store_batch_put(batch, STORE_META, META_RING, ring);
    writer_deinit(&row);
}

/* Zero if the row is absent. */
static uint64_t read_number(boot_read read, void *context, struct slice key)
{
    struct buffer *row = read(context, key);
    if (row == NULL)
        return 0;
    struct reader reader = reader_of(buffer_slice(row));
    uint64_t number = reader_get_u64(&reader);
    buffer_unref(row);
    return number;
}

static void load_votes(struct boot *boot, boot_read read, void *context)
{
    for (uint16_t shard = 0; shard < SHARDS_MAX; shard++) {
        struct meta_key ceiling_key;
        struct votes_key key;
        uint64_t ceiling = read_number(read, context, meta_key_ceiling(&ceiling_key, shard));
        if (!PLANTED(NO_CEILING))
            boot->ceiling = ceiling > boot->ceiling ? ceiling : boot->ceiling;
        boot->votes[shard] = read_number(read, context, votes_key(&key, shard));
    }
}

static void load_peers(struct boot *boot, boot_read read, void *context)
{
    boot->peers = calloc(boot->cluster.members_count, sizeof(*boot->peers));
    ensure(boot->peers != NULL);
    for (size_t i = 0; i < boot->cluster.members_count; i++) {
        struct meta_key key;
        const char *name = boot->cluster.members[i].name;
        node_id id = read_number(read, context, meta_key_peer(&key, name));
        if (id != NODE_ID_NONE && strcmp(name, boot->name) != 0)
            boot->peers[boot->peers_count++] = (struct peer_identity){id, name, 0, 0};
    }
}

/* By its id if the ring knows it; members of the birth may be known by their names only. */
static bool is_removed(const struct boot *boot, const struct ring_state *ring)
{
    unsigned number = ring_find_id(ring, boot->id);
    if (number != RING_NOBODY)
        return !ring_member_present(&ring->members[number]);
    number = ring_find_name(ring, slice_of_string(boot->name));
    return number == RING_NOBODY || ring->members[number].id != NODE_ID_NONE;
}

/* NULL, or why this node must not start by what its ring says. */
static const char *load_ring(struct boot *boot, boot_read read, void *context)
{
    struct ring_state ring;
    boot->ring = read(context, META_RING);
    boot->ring_vote = read(context, META_RING_VOTE);
    if (boot->ring == NULL)
        return NULL;
    if (!ring_decode(buffer_slice(boot->ring), &ring))
        return ring_damaged;
    const char *wrong = ring.partitions != boot->cluster.partitions ? ring_damaged
                        : is_removed(boot, &ring)                   ? node_removed
                                                                    : NULL;
    ring_deinit(&ring);
    return wrong;
}

static void count_incarnation(struct boot *boot, boot_read read, void *context,
                              struct store_batch *batch)
{
    uint64_t starts = read_number(read, context, META_STARTS) + 1;
    boot->incarnation = starts << INCARNATION_START_SHIFT;
    struct writer row;
    writer_init(&row, sizeof(starts));
    writer_put_u64(&row, starts);
    store_batch_put(batch, STORE_META, META_STARTS, writer_slice(&row));
    writer_deinit(&row);
}

const char *boot_load(struct boot *boot, const struct cluster_config *configured, const char *name,
                      uint64_t machine, struct prng *random, boot_read read, void *context,
                      struct store_batch *batch)
{
    memset(boot, 0, sizeof(*boot));
    struct buffer *identity = read(context, META_IDENTITY);
    const char *wrong = NULL;
    if (identity == NULL)
        wrong = be_born(boot, configured, name, random, batch);
    else if (!identity_decode(buffer_slice(identity), boot))
        wrong = "the data directory's identity record is damaged";
    buffer_unref(identity);
    if (wrong == NULL && strcmp(boot->name, name) != 0)
        wrong = "the data directory belongs to a node of another name";
    if (wrong == NULL && read_number(read, context, META_AMNESIA) != 0)
        wrong = boot_amnesia;
    if (wrong == NULL)
        wrong = load_ring(boot, read, context);
    if (wrong != NULL)
        return wrong;
    boot->machine = machine;
    boot->resumed = machine != 0 && read_number(read, context, META_MACHINE) == machine;
    load_votes(boot, read, context);
    load_peers(boot, read, context);
    count_incarnation(boot, read, context, batch);
    boot->start = boot->incarnation | prng_below(random, UINT64_C(1) << INCARNATION_START_SHIFT);
    return NULL;
}

void boot_add_member(struct boot *boot, const struct member_config *member)
{
    boot->added = realloc(boot->added, (boot->added_count + 1) * sizeof(*boot->added));
    ensure(boot->added != NULL);
    boot->added[boot->added_count++] = member_config_copy(member);
}

static const struct member_config *find(const struct member_config *members, size_t count,
                                        const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(members[i].name, name) == 0)
            return &members[i];
    }
    return NULL;
}

const struct member_config *boot_self(const struct boot *boot)
{
    const struct member_config *self =
        find(boot->cluster.members, boot->cluster.members_count, boot->name);
    return self != NULL ? self : find(boot->added, boot->added_count, boot->name);
}

void boot_deinit(struct boot *boot)
{
    buffer_unref(boot->ring);
    buffer_unref(boot->ring_vote);
    for (size_t i = 0; i < boot->added_count; i++)
        member_config_deinit(&boot->added[i]);
    free(boot->added);
    free(boot->peers);
    free(boot->name);
    cluster_config_deinit(&boot->cluster);
    memset(boot, 0, sizeof(*boot));
}
