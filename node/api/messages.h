/* messages: every text that a client can see, by section; formats of printf are checked where they
 * are used. The spelling is the service's ("dectected", "Atleast", "of2048"). */
#pragma once

#include <inttypes.h>

/* Beginnings that many share. */
#define MESSAGE_INVALID       "One or more parameter values were invalid: "
#define MESSAGE_KEY_CONDITION "Invalid condition in KeyConditionExpression: "
#define MESSAGE_NO_RESOURCE   "Requested resource not found"

/* Framework: what no operation has to do with. */
#define MESSAGE_THROUGHPUT                                                                 \
    "The level of configured provisioned throughput for the table was exceeded. Consider " \
    "increasing your provisioning level with the UpdateTable API."
#define MESSAGE_THROUGHPUT_MAXIMUM \
    "Throughput exceeds the maximum OnDemandThroughput configured on table or index"
#define MESSAGE_RATE "Rate of requests exceeds the allowed throughput."
#define MESSAGE_UNAVAILABLE \
    "Too few replicas of the item can be reached. The request had no effect and can be retried."
#define MESSAGE_REMOVED       "This node is no member of the cluster any more; nothing was done."
#define MESSAGE_WRITE_UNKNOWN "The write may or may not have taken effect."
#define MESSAGE_NO_SPACE \
    "There is no space left on the disks of the item's replicas. The request had no effect."
#define MESSAGE_READ_TIMEOUT          "The read was not answered in time."
#define MESSAGE_READ_FAILED           "A replica could not read its disk, and no other could answer."
#define MESSAGE_NO_OPERATION          "The operation %s is not supported yet"
#define MESSAGE_PARAMETER_UNSUPPORTED "The parameter %s is not supported yet"
#define MESSAGE_PROGRAM_MALFORMED     "The program of the write is malformed"
#define MESSAGE_PROGRAM_REFUSED       "The write cannot be applied to the item"

/* Types: of a SerializationException. */
#define MESSAGE_TYPE_MAP_HERE    "Start of structure or map found where not expected"
#define MESSAGE_TYPE_FIELD       "Unexpected field type"
#define MESSAGE_TYPE_TOKEN       "Unexpected token received from parser"
#define MESSAGE_TYPE_CONVERT     "%s cannot be converted to %s"
#define MESSAGE_TYPE_LIST_JAVA   "Unrecognized collection type class java.lang.%s"
#define MESSAGE_TYPE_LIST_BUFFER "Unrecognized collection type class java.nio.ByteBuffer"
#define MESSAGE_TYPE_LIST_STRUCTURE \
    "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.%s"
#define MESSAGE_TYPE_LIST_MAP "Unrecognized collection type java.util.Map<java.lang.String, %s>"
#define MESSAGE_TYPE_LIST_VALUES                                    \
    "Unrecognized collection type java.util.Map<java.lang.String, " \
    "com.amazonaws.dynamodb.v20120810.AttributeValue>"
#define MESSAGE_TYPE_LIST_VALUE \
    "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.AttributeValue"
#define MESSAGE_TYPE_VALUE  "Unexpected value type in payload"
#define MESSAGE_TYPE_BINARY "only base-64-encoded strings are convertible to bytes"
#define MESSAGE_BASE64_LENGTH \
    "Base64 encoded length is expected a multiple of 4 bytes but found: %zu"
#define MESSAGE_BASE64_CHARACTER "Invalid Base64 character: '%c'"
#define MESSAGE_BASE64_LAST      "Invalid last non-pad Base64 character dectected"

/* Constraints of single parameters, all in one message. */
#define MESSAGE_VIOLATIONS     "%u validation error%s detected: %s"
#define MESSAGE_VIOLATION      "%s%sValue %s at '%s' failed to satisfy constraint: %s"
#define MESSAGE_MEMBER_LEAST   "Member must have %s greater than or equal to %" PRId64
#define MESSAGE_MEMBER_MOST    "Member must have %s less than or equal to %" PRId64
#define MESSAGE_MEMBER_NULL    "Member must not be null"
#define MESSAGE_MEMBER_ENUM    "Member must satisfy enum value set: [%s]"
#define MESSAGE_MEMBER_PATTERN "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"
#define MESSAGE_MAP_KEYS                                                                          \
    "Map keys must satisfy constraint: [Member must have length less than or equal to 255, "      \
    "Member must have length greater than or equal to 3, Member must satisfy regular expression " \
    "pattern: [a-zA-Z0-9_.-]+]"
#define MESSAGE_MAP_VALUES                                                                       \
    "Map value must satisfy constraint: [Member must have length less than or equal to %" PRId64 \
    ", Member must have length greater than or equal to 1]"

/* Attribute values and items. */
#define MESSAGE_TOO_LARGE "Item size has exceeded the maximum allowed size"
#define MESSAGE_TOO_DEEP  "Nesting Levels have exceeded supported limits"
#define MESSAGE_TOO_DEEP_INSIDE \
    MESSAGE_TOO_DEEP ": Attributes in the item have nested levels beyond supported limit"
#define MESSAGE_NUMBER_OVERFLOW \
    "Number overflow. Attempting to store a number with magnitude larger than supported range"
#define MESSAGE_NUMBER_UNDERFLOW \
    "Number underflow. Attempting to store a number with magnitude smaller than supported range"
#define MESSAGE_VALUE_EMPTY \
    "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
#define MESSAGE_VALUE_TWO_TYPES                                                                 \
    "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the " \
    "supported datatypes"
#define MESSAGE_VALUE_NULL_FALSE \
    MESSAGE_INVALID "Null attribute value types must have the value of true"
#define MESSAGE_ATTRIBUTE_NAME_EMPTY "Empty attribute name"
#define MESSAGE_ATTRIBUTE_NAME_TOO_LARGE \
    "Attribute name is too large, must be less than 65536 bytes"
#define MESSAGE_VALUE_NULL            "The supplied Item contains a null AttributeValue"
#define MESSAGE_NAME_TWICE            MESSAGE_INVALID "An attribute name occurs twice in one map"
#define MESSAGE_SET_EMPTY_STRINGS     MESSAGE_INVALID "An string set  may not be empty"
#define MESSAGE_SET_EMPTY_NUMBERS     MESSAGE_INVALID "An number set  may not be empty"
#define MESSAGE_SET_EMPTY_BINARIES    MESSAGE_INVALID "Binary sets should not be empty"
#define MESSAGE_SET_DUPLICATES        MESSAGE_INVALID "Input collection %s%s contains duplicates."
#define MESSAGE_SET_DUPLICATE_NUMBERS "Input collection contains duplicates"
#define MESSAGE_NOT_A_NUMBER          "The parameter cannot be converted to a numeric value: %.*s"
#define MESSAGE_EMPTY_NUMBER          "The parameter cannot be converted to a numeric value"
#define MESSAGE_NUMBER_DIGITS         "Attempting to store more than 38 significant digits in a Number"
#define MESSAGE_RESULT_DIGITS         "DynamoDB only supports precision up to 38 digits"

/* Keys against the key schema. */
#define MESSAGE_SORT_KEY_TOO_LARGE \
    MESSAGE_INVALID "Aggregated size of all range keys has exceeded the size limit of 1024 bytes"
#define MESSAGE_KEY_MISMATCH "The provided key element does not match the schema"
#define MESSAGE_KEY_EMPTY                                                                        \
    "One or more parameter values are not valid. The AttributeValue for a key attribute cannot " \
    "contain an empty %s value. Key: %.*s"
#define MESSAGE_HASH_KEY_TOO_LARGE \
    MESSAGE_INVALID "Size of hashkey has exceeded the maximum size limit of2048 bytes"
#define MESSAGE_KEY_MISSING MESSAGE_INVALID "Missing the key %.*s in the item"
#define MESSAGE_KEY_TYPE    MESSAGE_INVALID "Type mismatch for key %.*s expected: %s actual: %s"
#define MESSAGE_KEY_UPDATED \
    MESSAGE_INVALID "Cannot update attribute %.*s. This attribute is part of the key"

/* Reads and writes of single items. */
#define MESSAGE_UPDATE_TYPE "An operand in the update expression has an incorrect data type"
#define MESSAGE_UPDATE_PATH \
    "The document path provided in the update expression is invalid for update"
#define MESSAGE_UPDATE_NO_ATTRIBUTE \
    "The provided expression refers to an attribute that does not exist in the item"
#define MESSAGE_UPDATE_TOO_LARGE "Item size to update has exceeded the maximum allowed size"
#define MESSAGE_CONDITION_FAILED "The conditional request failed"
#define MESSAGE_RETURN_VALUES    "ReturnValues can only be ALL_OLD or NONE"
#define MESSAGE_DUPLICATE_TO_GET MESSAGE_INVALID "Duplicate value in attribute name: %.*s"

/* Expressions: which one is wrong, and the parameters that only go with one. */
#define MESSAGE_INVALID_CONDITION     "Invalid ConditionExpression: %s"
#define MESSAGE_INVALID_UPDATE        "Invalid UpdateExpression: %s"
#define MESSAGE_INVALID_PROJECTION    "Invalid ProjectionExpression: %s"
#define MESSAGE_INVALID_FILTER        "Invalid FilterExpression: %s"
#define MESSAGE_INVALID_KEY_CONDITION "Invalid KeyConditionExpression: %s"
#define MESSAGE_NAMES_ALONE           "ExpressionAttributeNames can only be specified when using expressions"
#define MESSAGE_VALUES_ALONE_CONDITION                                                             \
    "ExpressionAttributeValues can only be specified when using expressions: ConditionExpression " \
    "is null"
#define MESSAGE_VALUES_ALONE_UPDATE                                                             \
    "ExpressionAttributeValues can only be specified when using expressions: UpdateExpression " \
    "and ConditionExpression are null"
#define MESSAGE_VALUES_ALONE_QUERY                                                              \
    "ExpressionAttributeValues can only be specified when using expressions: FilterExpression " \
    "and KeyConditionExpression are null"
#define MESSAGE_VALUES_ALONE_SCAN                                                                  \
    "ExpressionAttributeValues can only be specified when using expressions: FilterExpression is " \
    "null"

/* Expressions: their names and values. */
#define MESSAGE_NAME_INVALID     "ExpressionAttributeNames contains invalid value: %s for key %.*s"
#define MESSAGE_VALUE_INVALID    "ExpressionAttributeValues contains invalid value: %s for key %.*s"
#define MESSAGE_VALUES_TOO_LARGE "ExpressionAttributeValues exceeds max size"
#define MESSAGE_SUBSTITUTE_KEY   "%s contains invalid key: Syntax error; key: \"%.*s\""
#define MESSAGE_SUBSTITUTE_TOO_LONG \
    "%s contains invalid key: The expression attribute map contains a key that is too long;"
#define MESSAGE_SUBSTITUTE_TOO_LONG_SIZE MESSAGE_SUBSTITUTE_TOO_LONG " size of key: %zu"
#define MESSAGE_SUBSTITUTES_EMPTY        "%s must not be empty"
#define MESSAGE_SUBSTITUTES_UNUSED       "Value provided in %s unused in expressions: keys: {%s}"

/* Expressions: their text. */
#define MESSAGE_EXPRESSION_EMPTY     "The expression can not be empty;"
#define MESSAGE_EXPRESSION_TOO_LARGE "Expression size has exceeded the maximum allowed size;"
#define MESSAGE_EXPRESSION_TOO_LARGE_SIZE \
    "Expression size has exceeded the maximum allowed size; expression size: %zu"
#define MESSAGE_SYNTAX_END         "Syntax error; token: \"<EOF>\", near: \"%.*s\""
#define MESSAGE_SYNTAX             "Syntax error; token: \"%.*s\", near: \"%.*s\""
#define MESSAGE_OPERATORS_TOO_MANY "The expression contains too many operators; operator count: %u"
#define MESSAGE_PARENTHESES        "The expression has redundant parentheses;"
#define MESSAGE_SECTION_TWICE      "The \"%s\" section can only be used once in an update expression;"
#define MESSAGE_RESERVED_WORD      "Attribute name is a reserved keyword; reserved keyword: %.*s"
#define MESSAGE_NAME_UNDEFINED \
    "An expression attribute name used in the document path is not defined; attribute name: %.*s"
#define MESSAGE_VALUE_UNDEFINED \
    "An expression attribute value used in expression is not defined; attribute value: %.*s"
#define MESSAGE_LIST_INDEX    "List index is not within the allowable range; index: [%.*s]"
#define MESSAGE_PATH_TOO_DEEP "The document path has too many nesting levels; nesting levels: %zu"
#define MESSAGE_PATHS_CLASH                                                                        \
    "Two document paths %s with each other; must remove or rewrite one of these paths; path one: " \
    "%s, path two: %s"
#define MESSAGE_FUNCTION_UNKNOWN "Invalid function name; function: %.*s"
#define MESSAGE_FUNCTION_NOT_IN  "The function is not allowed in %s expression; function: %.*s"
#define MESSAGE_IN_UPDATE        "an update"
#define MESSAGE_IN_CONDITION     "a condition"
#define MESSAGE_FUNCTION_NOT_HERE \
    "The function is not allowed to be used this way in an expression; function: %.*s"

/* Expressions: their operands. */
#define MESSAGE_OPERANDS_NUMBER                                                                   \
    "Incorrect number of operands for operator or function; operator or function: %s, number of " \
    "operands: %zu"
#define MESSAGE_OPERANDS_SAME                                                              \
    "The first operand must be distinct from the remaining operands for this operator or " \
    "function; operator: %s, first operand: %s"
#define MESSAGE_OPERAND_TYPE \
    "Incorrect operand type for operator or function; operator or function: %s, operand type: %s"
#define MESSAGE_OPERAND_TYPE_SET                                                                 \
    "Incorrect operand type for operator or function; operator: %s, operand type: %s, typeSet: " \
    "ALLOWED_FOR_%s_OPERAND"
#define MESSAGE_OPERAND_PATH \
    "Operator or function requires a document path; operator or function: %s"
#define MESSAGE_ATTRIBUTE_TYPE \
    "Invalid attribute type name found; type: %.*s, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}"
#define MESSAGE_BETWEEN \
    "The BETWEEN operator requires %s; lower bound operand: %s, upper bound operand: %s"
#define MESSAGE_BETWEEN_TYPES  "same data type for lower and upper bounds"
#define MESSAGE_BETWEEN_BOUNDS "upper bound to be greater than or equal to lower bound"
#define MESSAGE_SHOWN_VALUE    "AttributeValue: {%s:%.*s}"
#define MESSAGE_IN_TOO_MANY \
    "The IN operator is provided with too many operands; number of operands: %zu"

/* Query and Scan. */
#define MESSAGE_NO_KEY_CONDITION                                                             \
    "Either the KeyConditions or KeyConditionExpression parameter must be specified in the " \
    "request."
#define MESSAGE_CONDITION_KEY_FIRST \
    MESSAGE_KEY_CONDITION "%s operator must have the key attribute as its first operand"
#define MESSAGE_CONDITION_NAMES \
    MESSAGE_KEY_CONDITION "Multiple attribute names used in one condition"
#define MESSAGE_CONDITION_NO_KEY      MESSAGE_KEY_CONDITION "No key attribute specified"
#define MESSAGE_CONDITION_OPERATOR    "Invalid operator used in KeyConditionExpression: %s"
#define MESSAGE_CONDITION_NESTED      "KeyConditionExpressions cannot contain nested operations"
#define MESSAGE_CONDITION_PATH        "KeyConditionExpressions cannot have conditions on nested attributes"
#define MESSAGE_CONDITION_TWO         "KeyConditionExpressions must only contain one condition per key"
#define MESSAGE_CONDITION_MANY        "Conditions can be of length 1 or 2 only"
#define MESSAGE_CONDITION_UNSUPPORTED "Query key condition not supported"
#define MESSAGE_CONDITION_MISSED      "Query condition missed key schema element: %.*s"
#define MESSAGE_CONDITION_TYPE        MESSAGE_INVALID "Condition parameter type does not match schema type"
#define MESSAGE_PATH_IN_KEY                                                                        \
    "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: " \
    "Key: %.*s"
#define MESSAGE_FILTER_ON_KEY \
    "%s can only contain non-primary key attributes: Primary key attribute: %.*s"
#define MESSAGE_SELECT_PROJECTED \
    "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName"
#define MESSAGE_SELECT_SPECIFIC                                                      \
    "Must specify the AttributesToGet or ProjectionExpression when choosing to get " \
    "SPECIFIC_ATTRIBUTES"
#define MESSAGE_SELECT_COUNT "Cannot specify the %s when choosing to get only the Count"
#define MESSAGE_SELECT_ALL   "Cannot specify the %s when choosing to get ALL_ATTRIBUTES"
#define MESSAGE_SELECT_ALL_PROJECTED \
    "Cannot specify the %s when choosing to get ALL_PROJECTED_ATTRIBUTES"
#define MESSAGE_START_KEY     "The provided starting key is invalid"
#define MESSAGE_START_INVALID MESSAGE_START_KEY ": %s"
#define MESSAGE_START_ONE_ROW "The query can return at most one row and cannot be restarted"
#define MESSAGE_START_OUTSIDE \
    "The provided starting key is outside query boundaries based on provided conditions"
#define MESSAGE_START_PREDICATE "The provided starting key does not match the range key predicate"
#define MESSAGE_START_SEGMENT                                                                   \
    MESSAGE_START_KEY ": Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct " \
                      "Segment. TotalSegments: %" PRId64 " Segment: %" PRId64
#define MESSAGE_NO_TOTAL_SEGMENTS                                                              \
    "The TotalSegments parameter is required but was not present in the request when Segment " \
    "parameter is present"
#define MESSAGE_NO_SEGMENT                                                                 \
    "The Segment parameter is required but was not present in the request when parameter " \
    "TotalSegments is present"
#define MESSAGE_SEGMENT                                                                            \
    "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: " \
    "%" PRIu64 " is not less than TotalSegments: %" PRIu64

/* Batches. */
#define MESSAGE_DUPLICATES           "Provided list of item keys contains duplicates"
#define MESSAGE_BATCH_GET_TOO_MANY   "Too many items requested for the BatchGetItem call"
#define MESSAGE_BATCH_WRITE_TOO_MANY "Too many items requested for the BatchWriteItem call"

/* Tables. */
#define MESSAGE_TABLE_NOT_FOUND "Table not found: %.*s"
#define MESSAGE_NO_TABLE        MESSAGE_NO_RESOURCE ": Table: %.*s not found"
#define MESSAGE_TABLE_EXISTS    "Table already exists: %.*s"
#define MESSAGE_TABLE_PROTECTED                                                                   \
    "Resource cannot be deleted as it is currently protected against deletion. Disable deletion " \
    "protection first."
#define MESSAGE_TABLE_CONTENDED "The table is being changed by others; try again"
#define MESSAGE_TABLE_NAME_MISSING \
    "The parameter 'TableName' is required but was not present in the request"
#define MESSAGE_TABLE_NAME_LENGTH \
    "TableName must be at least 3 characters long and at most 255 characters long"
#define MESSAGE_SCHEMA_UNDEFINED "Invalid KeySchema: Some index key attribute have no definition"
#define MESSAGE_SCHEMA_UNDEFINED_KEYS                                                           \
    MESSAGE_INVALID "Some index key attributes are not defined in AttributeDefinitions. Keys: " \
                    "[%s], AttributeDefinitions: [%s]"
#define MESSAGE_SCHEMA_SAME_NAME \
    "Both the Hash Key and the Range Key element in the KeySchema have the same name"
#define MESSAGE_SCHEMA_KEY_TYPE "Invalid KeySchema: The %s KeySchemaElement is not a %s key type"
#define MESSAGE_SCHEMA_UNUSED                                                             \
    MESSAGE_INVALID "Number of attributes in KeySchema does not exactly match number of " \
                    "attributes defined in AttributeDefinitions"
#define MESSAGE_NO_STREAMS "StreamSpecification is not supported yet"
#define MESSAGE_STREAM_VIEW_MISSING                                                    \
    "Invalid StreamViewType: Stream ViewType must not be null or empty when enabling " \
    "streams."
#define MESSAGE_STREAM_VIEW_UNUSED \
    "Invalid StreamViewType: Stream StreamEnabled was false but a StreamViewType was present."
#define MESSAGE_ENCRYPTION \
    "SSESpecification cannot be enabled: encryption with keys of a key service is not supported"
#define MESSAGE_ENCRYPTION_OFF                                                                   \
    MESSAGE_INVALID "SSEType and KMSMasterKeyId cannot be specified unless SSESpecification is " \
                    "enabled"
#define MESSAGE_DEFINITION_NEW                                                              \
    MESSAGE_INVALID "Some AttributeDefinitions are not used. No key of the table is %.*s, " \
                    "and new indexes are not supported yet"
#define MESSAGE_DEFINITION_TYPE MESSAGE_INVALID "The type of the attribute %.*s cannot be changed"
#define MESSAGE_UPDATE_NOTHING                                                  \
    "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, " \
    "GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required"

#define MESSAGE_DEFINITION_UNUSED \
    MESSAGE_INVALID "Some AttributeDefinitions are not used. AttributeDefinitions: [%s]"

/* Local secondary indexes. */
#define MESSAGE_NO_LOCAL_INDEXES MESSAGE_INVALID "List of LocalSecondaryIndexes is empty"
#define MESSAGE_TOO_MANY_LOCAL_INDEXES \
    MESSAGE_INVALID "Number of LocalSecondaryIndexes exceeds per-table limit of 5"
#define MESSAGE_TOO_MANY_PROJECTED \
    MESSAGE_INVALID "Number of NonKeyAttributes of all indexes exceeds the limit of 100"
#define MESSAGE_INDEX_NAME_REPEATED MESSAGE_INVALID "Duplicate index name: %.*s"
#define MESSAGE_INDEX_TABLE_NO_RANGE_KEY                                            \
    MESSAGE_INVALID                                                                 \
    "Table KeySchema does not have a range key, which is required when specifying " \
    "a LocalSecondaryIndex"
#define MESSAGE_INDEX_NO_RANGE_KEY \
    MESSAGE_INVALID "Index KeySchema does not have a range key for index: %.*s"
#define MESSAGE_INDEX_OTHER_HASH_KEY                                                              \
    MESSAGE_INVALID "Index KeySchema does not have the same leading hash key as table KeySchema " \
                    "for index: %.*s. index hash key: %.*s, table hash key: %.*s"
#define MESSAGE_PROJECTION_UNKNOWN MESSAGE_INVALID "Unknown ProjectionType: null"
#define MESSAGE_PROJECTION_NAMES_NOTHING \
    MESSAGE_INVALID "NonKeyAttributes are not specified when ProjectionType is INCLUDE"
#define MESSAGE_PROJECTION_NAMES \
    MESSAGE_INVALID "ProjectionType is %.*s, but NonKeyAttributes is specified"
#define MESSAGE_PROJECTED_NULL "Attribute name must be specified."
#define MESSAGE_INDEX_KEY_TYPE \
    MESSAGE_INVALID "Type mismatch for Index Key %.*s Expected: %s Actual: %s IndexName: %.*s"
#define MESSAGE_INDEX_KEY_EMPTY                                                                   \
    "One or more parameter values are not valid. A value specified for a secondary index key is " \
    "not supported. The AttributeValue for a key attribute cannot contain an empty %s value. "    \
    "IndexName: %.*s, IndexKey: %.*s"
#define MESSAGE_INDEX_KEY_UPDATE                                                               \
    "One or more parameter values are not valid. The update expression attempted to update a " \
    "secondary index key to a value that is not supported. The AttributeValue for a key "      \
    "attribute cannot contain an empty "
#define MESSAGE_INDEX_KEY_UPDATE_NO_STRING MESSAGE_INDEX_KEY_UPDATE "string value."
#define MESSAGE_INDEX_KEY_UPDATE_NO_BINARY MESSAGE_INDEX_KEY_UPDATE "binary value."
#define MESSAGE_INDEX_KEY_UPDATE_TYPE \
    "The update expression attempted to update the secondary index key to unsupported type"
#define MESSAGE_PATH_IN_INDEX_KEY                                                                  \
    "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: " \
    "IndexKey: %.*s"
#define MESSAGE_COLLECTION_FULL \
    "Collection size exceeded. An item collection can hold 10 GB, its index entries included."
#define MESSAGE_NO_INDEX "The table does not have the specified index: %.*s"
#define MESSAGE_INDEX_FILTER \
    MESSAGE_INVALID "Secondary index %.*s does not project one or more filter attributes: [%s]"

/* Time to live. */
#define MESSAGE_TTL_ENABLED  "TimeToLive is already enabled"
#define MESSAGE_TTL_DISABLED "TimeToLive is already disabled"
#define MESSAGE_TTL_OTHER \
    "TimeToLive is active on a different AttributeName: current AttributeName is "
#define MESSAGE_TTL_CHANGING "Time to live has been modified multiple times within a fixed interval"

/* Throughput of tables. */
#define MESSAGE_UNITS_ON_DEMAND                                                               \
    MESSAGE_INVALID "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when " \
                    "BillingMode is PAY_PER_REQUEST"
#define MESSAGE_UNITS_MISSING                                                               \
    MESSAGE_INVALID "ReadCapacityUnits and WriteCapacityUnits must both be specified when " \
                    "BillingMode is PROVISIONED"
#define MESSAGE_UNITS_NONE \
    MESSAGE_INVALID "ProvisionedThroughput must be specified when BillingMode is PROVISIONED"
#define MESSAGE_UNITS_QUOTA \
    "Cannot increase provisioned throughput to more than 40,000 units per table"
#define MESSAGE_UNITS_DECREASES                                                                   \
    "Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC " \
    "day. After the first 4 decreases, each subsequent decrease in the same UTC day can be "      \
    "performed at most once every 3600 seconds. Number of decreases today: %u. Last decrease at " \
    "%s. Next decrease can be made at %s"
#define MESSAGE_BILLING_SWITCHES                                                            \
    "Subscriber limit exceeded: Update to PayPerRequest mode are limited to %u times in 1 " \
    "day(s). "                                                                              \
    "Last update at %s. Next update can be made at %s"
#define MESSAGE_MAXIMUM_PROVISIONED                                                               \
    MESSAGE_INVALID "Neither MaxReadRequestUnits nor MaxWriteRequestUnits can be specified when " \
                    "BillingMode is PROVISIONED"
#define MESSAGE_MAXIMUM_MISSING                                                               \
    MESSAGE_INVALID "MaxReadRequestUnits, MaxWriteRequestUnits or both must be specified in " \
                    "OnDemandThroughput"
#define MESSAGE_THROUGHPUT_BOUNDS "Given value %" PRId64 " for %s is out of bounds"
#define MESSAGE_WARM_MISSING                                                                \
    MESSAGE_INVALID "ReadUnitsPerSecond, WriteUnitsPerSecond or both must be specified in " \
                    "WarmThroughput"
#define MESSAGE_WARM_LOWER                                                             \
    MESSAGE_INVALID "Requested %s for WarmThroughput for table is lower than current " \
                    "WarmThroughput, decreasing WarmThroughput is not supported"
#define MESSAGE_READ_UNITS_BOUNDS  "Given value %" PRId64 " for ReadCapacityUnits is out of bounds"
#define MESSAGE_WRITE_UNITS_BOUNDS "Given value %" PRId64 " for WriteCapacityUnits is out of bounds"
#define MESSAGE_UNITS_SAME                                                                         \
    "The provisioned throughput for the table will not change. The requested value equals the "    \
    "current value. Current ReadCapacityUnits provisioned for the table: %" PRId64                 \
    ". Requested ReadCapacityUnits: %" PRId64                                                      \
    ". Current WriteCapacityUnits provisioned for the table: %" PRId64                             \
    ". Requested WriteCapacityUnits: %" PRId64                                                     \
    ". Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher " \
    "limits."

/* Tags. */
#define MESSAGE_NO_TAGGED    MESSAGE_NO_RESOURCE ": ResourcArn: %.*s not found"
#define MESSAGE_ARN          "Invalid TableArn"
#define MESSAGE_ARN_OF_OTHER "Invalid TableArn: Invalid ResourceArn provided as input %.*s"
#define MESSAGE_ARN_OF_ACCOUNT                                                                \
    "User: arn:aws:iam::%s:root is not authorized to perform: dynamodb:%s on resource: %.*s " \
    "because no resource-based policy allows the dynamodb:%s action"
#define MESSAGE_TAGS_NONE     "Atleast one Tag needs to be provided as Input."
#define MESSAGE_TAG_KEYS_NONE "Atleast one Tag Key needs to be provided as Input."
#define MESSAGE_TAGS_TOO_MANY "Number of tags exceed the current limit for the provided ResourceArn"
#define MESSAGE_TAG_RESERVED  MESSAGE_INVALID "Tag keys that begin with aws: are reserved"
#define MESSAGE_TAG_NULL      MESSAGE_INVALID "Tags must not be null"
#define MESSAGE_TAG_TWICE     MESSAGE_INVALID "Duplicate tag keys are not allowed"
#define MESSAGE_TAG_NUMBER    "The value of the tag %s must be a number from 1 to %d"
#define MESSAGE_TAG_SLOPPY    "The value of the tag cartwheel:sloppy must be true or false"
#define MESSAGE_TAG_QUORUM                                                                         \
    "A table with %u replicas (cartwheel:n) cannot ask %u of them for a read (cartwheel:r) or %u " \
    "for a write (cartwheel:w)"
#define MESSAGE_TAG_REPLICAS                                                                       \
    "The number of replicas of an existing table cannot be changed yet: it is %u, and with these " \
    "tags (cartwheel:n) it would be %u"
/* What expressions replaced. */
#define MESSAGE_LEGACY_MIX                                                            \
    "Can not use both expression and non-expression parameters in the same request: " \
    "Non-expression parameters: {%s} Expression parameters: {%s}"
#define MESSAGE_LEGACY_NO_FILTER "ConditionalOperator cannot be used without Filter or Expected"
#define MESSAGE_LEGACY_ONE_CONDITION \
    "ConditionalOperator can only be used when Filter or Expected has two or more elements"
#define MESSAGE_LEGACY_COUNT \
    MESSAGE_INVALID "Invalid number of argument(s) for the %s ComparisonOperator"
#define MESSAGE_LEGACY_TYPE \
    MESSAGE_INVALID "ComparisonOperator %s is not valid for %s AttributeValue type"
#define MESSAGE_LEGACY_TYPES_DIFFER \
    MESSAGE_INVALID "AttributeValues inside AttributeValueList must be of same type"
#define MESSAGE_LEGACY_BETWEEN                                                              \
    "The BETWEEN condition was provided a range where the lower bound is greater than the " \
    "upper bound"
#define MESSAGE_LEGACY_ATTRIBUTE           MESSAGE_INVALID "%s for Attribute: %.*s"
#define MESSAGE_LEGACY_EXPECTED_NULL       "ExpectedAttributeValue must not be null"
#define MESSAGE_LEGACY_EXISTS_NULL         "Value must be provided when Exists is null"
#define MESSAGE_LEGACY_EXISTS_TRUE         "Value must be provided when Exists is true"
#define MESSAGE_LEGACY_VALUE_UNWANTED      "Value cannot be used when Exists is false"
#define MESSAGE_LEGACY_EXISTS_AND_OPERATOR "Exists and ComparisonOperator cannot be used together"
#define MESSAGE_LEGACY_VALUE_AND_LIST      "Value and AttributeValueList cannot be used together"
#define MESSAGE_LEGACY_LIST_ALONE          "AttributeValueList can only be used with a ComparisonOperator"
#define MESSAGE_LEGACY_NO_VALUE \
    "Value or AttributeValueList must be used with ComparisonOperator: %s"
#define MESSAGE_LEGACY_ONLY_DELETE \
    MESSAGE_INVALID "Only DELETE action is allowed when no attribute value is specified"
#define MESSAGE_LEGACY_ADD MESSAGE_INVALID "ADD action is not supported for the type %s"
#define MESSAGE_LEGACY_DELETE \
    MESSAGE_INVALID "DELETE action with value is not supported for the type %s"
#define MESSAGE_LEGACY_UPDATE_TYPE "Type mismatch for attribute to update"
#define MESSAGE_LEGACY_UNINDEXED   "Attempted conditional constraint is not an indexable operation"
