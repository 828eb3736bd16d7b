#include "boot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meta.h"
#include "ring_state.h"
#include "planted.h"
#include "votes.h"

static const char ring_damaged[] = "the data directory's ring record is damaged";

const char node_removed[] =
    "this node was removed from the cluster, and cannot come back under its identity: to join "
    "again, it needs an empty data directory";

const char boot_amnesia[] =
    "this node has lost promises and writes that it had acknowledged, and must not vote again "
    "under "
    "its identity: put the newest copy of its data directory back, or leave it stopped";

static void identity_encode(struct writer *writer, node_id id, const char *name,
                            const struct cluster_config *cluster)
{
    writer_put_u64(writer, id);
    writer_put_sized(writer, slice_of_string(name));
    cluster_config_encode(cluster, writer);
}

static bool identity_decode(struct slice bytes, struct boot *boot)
{
    struct reader reader = reader_of(bytes);
    boot->id = reader_get_u64(&reader);
    boot->name = slice_to_string(reader_get_sized(&reader));
    return cluster_config_decode(&reader, &boot->cluster) && reader_done(&reader);
}

static node_id draw_id(struct prng *random)
{
    node_id id;
    do {
        id = node_id_of(prng_next(random));
    } while (id == NODE_ID_NONE);
    return id;
}

static const char *be_born(struct boot *boot, const struct cluster_config *configured,
                           const char *name, struct prng *random, struct store_batch *batch)
{
    const char *wrong = cluster_config_check(configured);
    if (wrong != NULL)
        return wrong;
    boot->born = true;
    boot->id = draw_id(random);
    boot->name = slice_to_string(slice_of_string(*name == '\0' ? BOOT_NAME : name));
    cluster_config_copy(&boot->cluster, configured);
    struct writer row;
    writer_init(&row, 256);
    identity_encode(&row, boot->id, boot->name, &boot->cluster);
    store_batch_put(batch, STORE_META, META_IDENTITY, writer_slice(&row));
    writer_deinit(&row);
    return NULL;
}

bool boot_is_new(boot_read read, void *context)
{
    struct buffer *identity = read(context, META_IDENTITY);
    buffer_unref(identity);
    return identity == NULL;
}

static bool joiner_decode(struct buffer *row, struct boot_joiner *joiner)
{
    if (row == NULL)
        return false;
    struct reader reader = reader_of(buffer_slice(row));
    joiner->id = reader_get_u64(&reader);
    joiner->name = slice_to_string(reader_get_sized(&reader));
    bool good = reader_done(&reader) && joiner->id != NODE_ID_NONE;
    if (!good)
        boot_joiner_deinit(joiner);
    return good;
}

/* Unless it is given, a name that nobody else has. */
static char *name_of(const char *name, node_id id)
{
    char made[sizeof("node-0123456789ab")];
    snprintf(made, sizeof(made), "node-%012llx", (unsigned long long)(id >> 16));
    return slice_to_string(slice_of_string(*name == '\0' ? made : name));
}

void boot_prepare_join(struct boot_joiner *joiner, const char *name, struct prng *random,
                       boot_read read, void *context, struct store_batch *batch)
{
    struct buffer *row = read(context, META_JOINER);
    bool known = joiner_decode(row, joiner);
    buffer_unref(row);
    if (known && (*name == '\0' || strcmp(joiner->name, name) == 0))
        return;
    if (known)
        boot_joiner_deinit(joiner);
    joiner->id = draw_id(random);
    joiner->name = name_of(name, joiner->id);
    struct writer made;
    writer_init(&made, 64);
    writer_put_u64(&made, joiner->id);
    writer_put_sized(&made, slice_of_string(joiner->name));
    store_batch_put(batch, STORE_META, META_JOINER, writer_slice(&made));
    writer_deinit(&made);
}

void boot_joiner_deinit(struct boot_joiner *joiner)
{
    free(joiner->name);
    memset(joiner, 0, sizeof(*joiner));
}

void boot_forget_joiner(struct store_batch *batch)
{
    store_batch_delete(batch, STORE_META, META_JOINER);
}

void boot_join(node_id id, const char *name, const struct cluster_config *cluster,
               struct slice ring, struct store_batch *batch)
{
    struct writer row;
    writer_init(&row, 256);
    identity_encode(&row, id, name, cluster);
    store_batch_put(batch, STORE_META, META_IDENTITY, writer_slice(&row));
    store_batch_put(batch, STORE_META, META_RING, ring);
    boot_forget_joiner(batch);
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

/* By its id if the ring knows it; members of the birth may be known by their names only. NULL if it is
 * none. */
static const struct ring_member *find_self(const struct boot *boot, const struct ring_state *ring)
{
    unsigned number = ring_find_id(ring, boot->id);
    if (number != RING_NOBODY)
        return ring_member_present(&ring->members[number]) ? &ring->members[number] : NULL;
    number = ring_find_name(ring, slice_of_string(boot->name));
    bool other = number == RING_NOBODY || ring->members[number].id != NODE_ID_NONE;
    return other ? NULL : &ring->members[number];
}

static void set_address(struct boot *boot, const char *address)
{
    boot->address = slice_to_string(slice_of_string(address));
}

static void take_birth_address(struct boot *boot)
{
    const struct cluster_config *cluster = &boot->cluster;
    for (size_t i = 0; i < cluster->members_count && boot->address == NULL; i++) {
        if (strcmp(cluster->members[i].name, boot->name) == 0)
            set_address(boot, cluster->members[i].address);
    }
    if (boot->address == NULL)
        set_address(boot, "");
}

/* NULL, or why this node must not start by what its ring says. */
static const char *load_ring(struct boot *boot, boot_read read, void *context)
{
    struct ring_state ring;
    boot->ring = read(context, META_RING);
    boot->ring_vote = read(context, META_RING_VOTE);
    boot->members_count = boot->cluster.members_count;
    boot->members_present = boot->ring == NULL ? boot->members_count : 0;
    if (boot->ring == NULL) {
        take_birth_address(boot);
        return NULL;
    }
    if (!ring_decode(buffer_slice(boot->ring), &ring))
        return ring_damaged;
    const struct ring_member *self = find_self(boot, &ring);
    const char *wrong = ring.partitions != boot->cluster.partitions ? ring_damaged
                        : self == NULL                              ? node_removed
                                                                    : NULL;
    set_address(boot, self == NULL ? "" : self->config.address);
    boot->members_count = ring.members_count;
    for (size_t i = 0; i < ring.members_count; i++)
        boot->members_present += ring_member_present(&ring.members[i]);
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
    if (wrong == NULL && *name != '\0' && strcmp(boot->name, name) != 0)
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

void boot_deinit(struct boot *boot)
{
    buffer_unref(boot->ring);
    buffer_unref(boot->ring_vote);
    for (size_t i = 0; i < boot->added_count; i++)
        member_config_deinit(&boot->added[i]);
    free(boot->added);
    free(boot->peers);
    free(boot->name);
    free(boot->address);
    cluster_config_deinit(&boot->cluster);
    memset(boot, 0, sizeof(*boot));
}
