#include "commands.h"

const struct command *const *commands_all(size_t *count)
{
    static const struct command *const all[] = {
        &command_status,     &command_health,     &command_ring,      &command_decommission,
        &command_weight,     &command_zone,       &command_cancel,    &command_progress,
        &command_table_list, &command_table_show, &command_table_set, &command_hints,
        &command_repair,     &command_bench,      &command_version,   &command_help,
    };
    *count = array_size(all);
    return all;
}
