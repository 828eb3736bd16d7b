/* F4: JSON. The input is the body of a request to a whole node, after a byte that names the
 * operation. Every answer must be JSON, an error one of the API's types, and nothing left behind. */
#include "fuzz.h"
#include "lone_node.h"

static const char *const operations[] = {"PutItem",
                                         "GetItem",
                                         "UpdateItem",
                                         "DeleteItem",
                                         "Query",
                                         "Scan",
                                         "BatchGetItem",
                                         "BatchWriteItem",
                                         "CreateTable",
                                         "DeleteTable",
                                         "UpdateTable",
                                         "DescribeTable",
                                         "ListTables",
                                         "TagResource",
                                         "UntagResource",
                                         "ListTagsOfResource",
                                         "UpdateTimeToLive",
                                         "DescribeTimeToLive",
                                         "DescribeLimits",
                                         "DescribeEndpoints",
                                         "NoOperation",
                                         "DescribeContinuousBackups",
                                         "TransactWriteItems"};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lone_node lone;
    struct draws draws = {slice_of(data, size)};
    lone_node_init(&lone, 1);
    lone_node_create_table(&lone);
    lone_node_ok(&lone, "PutItem",
                 "{'TableName':'tab','Item':{'pk':{'S':'a'},'sk':{'N':'1'},'l':{'L':[{'N':'1'}]},"
                 "'m':{'M':{'x':{'S':'y'}}},'n':{'N':'5'}}}");
    const char *operation = DRAW_ONE(&draws, operations);
    lone_node_call(&lone, operation, draw_rest(&draws));
    lone_node_settle(&lone);
    lone_node_deinit(&lone);
    return 0;
}
