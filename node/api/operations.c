#include "operations.h"

#include "api_state.h"

/* The most frequent first. */
static const struct operation *const operations[] = {
    &operation_get_item,
    &operation_put_item,
    &operation_query,
    &operation_update_item,
    &operation_delete_item,
    &operation_batch_get_item,
    &operation_batch_write_item,
    &operation_scan,
    &operation_describe_table,
    &operation_list_tables,
    &operation_create_table,
    &operation_update_table,
    &operation_delete_table,
    &operation_tag_resource,
    &operation_untag_resource,
    &operation_list_tags_of_resource,
    &operation_describe_endpoints,
    &operation_describe_limits,
    &operation_describe_time_to_live,
    &operation_update_time_to_live,
};

const struct operation *operation_find(struct slice name)
{
    for (size_t i = 0; i < array_size(operations); i++)
        if (slice_equal(name, slice_of_string(operations[i]->name)))
            return operations[i];
    return NULL;
}
