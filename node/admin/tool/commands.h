/* commands: the descriptors, each defined in the file of its name. */
#pragma once

#include "tool.h"

extern const struct command command_status;
extern const struct command command_health;
extern const struct command command_repair;
extern const struct command command_ring;
extern const struct command command_decommission;
extern const struct command command_weight;
extern const struct command command_zone;
extern const struct command command_cancel;
extern const struct command command_progress;
extern const struct command command_table_list;
extern const struct command command_table_show;
extern const struct command command_table_set;
extern const struct command command_hints;
extern const struct command command_bench;
extern const struct command command_version;
extern const struct command command_help;
