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
    &operation_describe_continuous_backups,
    &operation_describe_limits,
    &operation_describe_time_to_live,
    &operation_update_time_to_live,
};

/* All that the service has beyond these. */
static const char *const missing[] = {
    "BatchExecuteStatement",
    "CancelBulkOperation",
    "CreateBackup",
    "CreateGlobalTable",
    "DeleteBackup",
    "DeleteResourcePolicy",
    "DescribeBackup",
    "DescribeBulkOperation",
    "DescribeContributorInsights",
    "DescribeExport",
    "DescribeGlobalTable",
    "DescribeGlobalTableSettings",
    "DescribeImport",
    "DescribeKinesisStreamingDestination",
    "DescribeTableReplicaAutoScaling",
    "DisableKinesisStreamingDestination",
    "EnableKinesisStreamingDestination",
    "ExecuteStatement",
    "ExecuteTransaction",
    "ExportTableToPointInTime",
    "GetResourcePolicy",
    "ImportTable",
    "ListBackups",
    "ListBulkOperations",
    "ListContributorInsights",
    "ListExports",
    "ListGlobalTables",
    "ListImports",
    "PutResourcePolicy",
    "RestoreTableFromBackup",
    "RestoreTableToPointInTime",
    "SearchVectors",
    "StartBulkPutItems",
    "TransactGetItems",
    "TransactWriteItems",
    "UpdateContinuousBackups",
    "UpdateContributorInsights",
    "UpdateGlobalTable",
    "UpdateGlobalTableSettings",
    "UpdateKinesisStreamingDestination",
    "UpdateTableReplicaAutoScaling",
};

/* The whole of its second interface. */
static const char *const missing_streams[] = {
    "DescribeStream",
    "GetRecords",
    "GetShardIterator",
    "ListStreams",
};

const struct operation *operation_find(struct slice name)
{
    for (size_t i = 0; i < array_size(operations); i++)
        if (slice_equal(name, slice_of_string(operations[i]->name)))
            return operations[i];
    return NULL;
}

/* The one that stands in `target` after the interface's name. */
static const char *find_name(const char *const *names, size_t count, struct slice target,
                             const char *interface)
{
    struct slice prefix = slice_of_string(interface);
    if (!slice_starts_with(target, prefix))
        return NULL;
    struct slice name = slice_of(target.data + prefix.size, target.size - prefix.size);
    for (size_t i = 0; i < count; i++)
        if (slice_equal(name, slice_of_string(names[i])))
            return names[i];
    return NULL;
}

const char *operation_find_missing(struct slice target)
{
    const char *name = find_name(missing, array_size(missing), target, "DynamoDB_20120810.");
    return name != NULL ? name
                        : find_name(missing_streams, array_size(missing_streams), target,
                                    "DynamoDBStreams_20120810.");
}
