/* node_double: stands in for a node in the api's tests: one copy of every register, in memory, with
 * outcomes on demand. It is linked in place of the core. */
#pragma once

#include "api_fixture.h"

struct node *node_double_new(uint32_t partitions);
void node_double_free(struct node *node);
/* Answers what was asked so far, newest requests first, as no caller may rely on their order. */
void node_double_answer(struct node *node);
/* The next `count` requests that are no reads of the catalogue end like this. */
void node_double_fail(struct node *node, enum outcome outcome, unsigned count);
/* The same for the next `count` requests, but before they have been waited for: as one whose item has
 * too few replicas in reach. */
void node_double_fail_at_once(struct node *node, enum outcome outcome, unsigned count);
/* Ranges return no more rows than this at once, whatever is asked. */
void node_double_limit_rows(struct node *node, uint32_t rows_max);
/* Of requests that have to be admitted, `count` more are; no limit at first. */
void node_double_admit(struct node *node, unsigned count);
/* Half units charged so far. */
int64_t node_double_charged(const struct node *node, enum throughput_kind kind);
/* What was said of the limit last. */
const struct throughput_limit *node_double_limit(const struct node *node);
/* Requests taken so far. */
uint64_t node_double_requests(const struct node *node);
/* Hands an announcement to the api, as from another node. */
void node_double_announce(struct node *node, struct slice announcement);
/* The announcement that was sent last. */
struct slice node_double_announced(const struct node *node);
bool node_double_dropped(const struct node *node, uint64_t table_id);

/* An api over a double. */
void double_fixture_init(struct api_fixture *fixture);
void double_fixture_deinit(struct api_fixture *fixture);
