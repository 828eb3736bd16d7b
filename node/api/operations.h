/* operations: all of the API that exists here; each stands in the file of its name. */
#pragma once

#include "operation_call.h"

extern const struct operation operation_batch_get_item;
extern const struct operation operation_batch_write_item;
extern const struct operation operation_create_table;
extern const struct operation operation_delete_item;
extern const struct operation operation_delete_table;
extern const struct operation operation_describe_continuous_backups;
extern const struct operation operation_describe_endpoints;
extern const struct operation operation_describe_limits;
extern const struct operation operation_describe_table;
extern const struct operation operation_describe_time_to_live;
extern const struct operation operation_get_item;
extern const struct operation operation_list_tables;
extern const struct operation operation_list_tags_of_resource;
extern const struct operation operation_put_item;
extern const struct operation operation_query;
extern const struct operation operation_scan;
extern const struct operation operation_tag_resource;
extern const struct operation operation_untag_resource;
extern const struct operation operation_update_item;
extern const struct operation operation_update_table;
extern const struct operation operation_update_time_to_live;
