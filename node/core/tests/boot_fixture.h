/* boot_fixture: a store in memory, and starts of a node on it, for tests of boot. */
#pragma once

#include "boot.h"

extern struct member_config members[3];  /* a, b and c */
extern struct cluster_config configured; /* of these */
extern struct prng prng;
extern struct boot boot; /* of the last start */

void setup(void);
void teardown(void);
/* The same text, for fields that are not const. */
char *text(const char *literal);
/* A boot_read; aborts if it cannot be read at once. */
struct buffer *read_row(void *context, struct slice key);
/* Takes the batch. */
void commit(struct store_commit *batch);
void put(struct slice key, struct slice value);
/* One start, its batch committed. */
const char *start(const struct cluster_config *cluster, const char *name);
