/* memory_store: the store without a disk, for the simulator: deterministic, with faults on demand.
 *
 * Who drives it: ops are submitted through ports (one per shard), each of which tells the
 * simulator by its `submitted` callback. The simulator decides when the disk has done something
 * and says so by memory_store_finish_commit() or memory_store_finish_read(); each gives back an op
 * that is complete and that the simulator hands to the shard of memory_store_submitter(). So for
 * each op submitted it schedules one "a commit is done" or "a read is done" after a delay of its
 * choice; a stray one, as after a crash, finds nothing and returns NULL.
 *
 * What a commit goes through:
 *
 *     submit -> pending -> finish_commit: visible, reported -> durable
 *
 * With `sync`, visible and durable are one step. Without it (durability `interval`), commits become
 * durable by memory_store_sync(). A crash keeps what is durable plus a random number of the
 * commits that follow, oldest first, each as a whole, reported or not: a disk may have more than it
 * said. */
#pragma once

#include "prng.h"
#include "store.h"

struct memory_store;

struct memory_store_config {
    uint64_t seed;             /* of try_read's misses, read failures and the order of reads */
    bool sync;                 /* false: reported before durable, as with durability `interval` */
    uint32_t miss_per_million; /* how often try_read leaves a read to the disk */
    uint32_t tail_max; /* so many durable commits may be taken back later, never the first ones */
};

struct memory_store *memory_store_new(const struct memory_store_config *config);
/* Nothing may be outstanding (see memory_store_crash); frees ports and forgotten snapshots too. */
void memory_store_free(struct memory_store *memory);

/* A store for one shard, owned by the memory store. Each submit() calls `submitted`, which must not
 * call back into a door of the node. */
struct store *memory_store_port(struct memory_store *memory,
                                void (*submitted)(void *context, struct store_op *op),
                                void *context);
/* The context of the port that `op` was submitted to. */
void *memory_store_submitter(const struct store_op *op);

/* Completes the oldest commit: it takes effect, or is refused for want of space. The op, for the
 * caller to hand to node_on_store_done(), or NULL if none is pending. With STORE_FAILED the sync has
 * failed: the op stays pending, and its node must stop, by memory_store_crash(). */
struct store_op *memory_store_finish_commit(struct memory_store *memory);
/* Completes one of the submitted reads, any of them, as of now. NULL: there is none. */
struct store_op *memory_store_finish_read(struct memory_store *memory);
size_t memory_store_commits_pending(const struct memory_store *memory);
size_t memory_store_reads_pending(const struct memory_store *memory);

/* All that is visible becomes durable. Needed only without `sync`. */
void memory_store_sync(struct memory_store *memory);
/* The power fails: outstanding ops never complete and are their owners' again, so call this while
 * they still exist. Rows go back to what the disk kept; `prng` decides how much that is. Snapshots
 * stay valid until freed. */
void memory_store_crash(struct memory_store *memory, struct prng *prng);
/* After memory_store_crash(): the newest durable commits are gone, at least one and at most
 * `tail_max`. Returns how many. */
size_t memory_store_shorten(struct memory_store *memory, struct prng *prng);
/* The disk is lost: as a crash after which nothing is there. */
void memory_store_wipe(struct memory_store *memory);

/* While on, commits that finish are refused with STORE_NO_SPACE. */
void memory_store_set_no_space(struct memory_store *memory, bool no_space);
/* The same for some of a million commits: a disk that is nearly full. */
void memory_store_set_refusals(struct memory_store *memory, uint32_t per_million);
/* While on, the next commit that finishes fails to sync. */
void memory_store_set_sync_fails(struct memory_store *memory, bool sync_fails);
/* How many of a million submitted reads end as STORE_FAILED; while not 0, try_read answers
 * nothing, so that every read goes to the disk and may fail there. */
void memory_store_set_read_failures(struct memory_store *memory, uint32_t per_million);
