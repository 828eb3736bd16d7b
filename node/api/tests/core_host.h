/* core_host: a whole node of one shard, alone in its cluster, over a store in memory; for tests. */
#pragma once

#include "api_fixture.h"

/* An api over such a node. */
void core_fixture_init(struct api_fixture *fixture);
/* Whatever is under way. */
void core_fixture_deinit(struct api_fixture *fixture);
