/* writes: what tests of conditional, contested and mixed writes share: one cluster, strict quorums,
 * and questions about what became of a key. */
#pragma once

#include "cluster.h"

extern struct cluster cluster;

/* A story on clusters of 1, 3 and 5 nodes, each a home node of every key, with one and two shards. */
void everywhere(void (*story)(void));
/* The same, with one number of nodes. */
void with_nodes(size_t nodes, void (*story)(void));
/* N is the number of replicas, R and W are majorities of it, no hint counts. */
struct quorum strict_quorum(void);
size_t node_number(size_t n); /* n mod the number of nodes */
/* A write of `text` (NULL: a delete) under a program (NULL: none), both borrowed. */
void write_init(struct cluster_request *write, const char *name, const char *text,
                const char *program);
/* Such a write, through shard 0 of a node. */
enum outcome run(size_t node, const char *name, const char *text, const char *program);
/* The key's text by a consistent read through shard 0 of a node ("": none); in a static buffer. */
const char *text_at(size_t node, const char *name);
/* Every node that is up tells this text. */
void check_text(const char *name, const char *text);
/* All home nodes that are up hold the same row, and nothing is left undecided. */
bool settled(const char *name);
void check_settled(const char *name);
/* Some home node that is up has accepted a row that it does not know to be decided. */
bool undecided_anywhere(const char *name);
/* Runs while home nodes settle what is undecided, each in its turn, which must be done by then; and
 * until exchanges have made all equal. */
void settle_in_time(const char *name);
/* A promise for `ballot` is asked of one home node in the name of another; the answer goes nowhere. */
void plant_promise(size_t from, size_t to, const char *name, struct version ballot);
/* A stamp of a node, so far ahead of its clock. */
struct version stamp_ahead(size_t node, uint64_t ahead_us);
/* One node does not see the other any more, or sees it again. The other does not notice. */
void lose_sight(size_t node, size_t other);
void regain_sight(size_t node, size_t other);
