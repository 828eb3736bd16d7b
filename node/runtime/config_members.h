/* config_members: reads initial_members, zones and weights. */
#pragma once

#include "config_sources.h"

/* Fills config->members. Without initial_members the node is the only member. */
void config_members_build(struct config *config, struct config_sources *sources);
