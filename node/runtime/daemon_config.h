/* daemon_config: from the operator's settings to those of the parts. */
#pragma once

#include "api.h"
#include "config.h"
#include "node.h"
#include "rocksdb_store.h"

/* The seed is the caller's to draw. */
struct node_config daemon_node_config(const struct config *config, uint16_t shard);
/* Borrows strings of `config`. */
struct api_config daemon_api_config(const struct config *config);
/* Sets what the operator decides; the rest stays. */
void daemon_store_config(struct rocksdb_store_config *store, const struct config *config);
