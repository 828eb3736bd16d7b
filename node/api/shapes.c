#include "shape.h"

const struct shape shape_string = {.kind = SHAPE_STRING};
const struct shape shape_boolean = {.kind = SHAPE_BOOLEAN};
const struct shape shape_any = {.kind = SHAPE_ANY};
const struct shape shape_value = {.kind = SHAPE_VALUE, .type = "AttributeValue"};
const struct shape shape_attributes = {.kind = SHAPE_MAP,
                                       .type = "com.amazonaws.dynamodb.v20120810.AttributeValue",
                                       .element = &shape_value};
const struct shape shape_names = {
    .kind = SHAPE_MAP, .type = "java.lang.String", .element = &shape_string};
const struct shape shape_table_name = {.kind = SHAPE_STRING,
                                       .table_name = true,
                                       .table_arn = true,
                                       .ranged = true,
                                       .min = 3,
                                       .max = 255};
const struct shape shape_positive = {
    .kind = SHAPE_INTEGER, .ranged = true, .min = 1, .max = INT64_MAX};
const struct shape shape_attributes_to_get = {
    .kind = SHAPE_LIST, .ranged = true, .min = 1, .max = 255, .element = &shape_string};
const struct shape shape_return_consumed_capacity = {.kind = SHAPE_STRING,
                                                     .values = "INDEXES, TOTAL, NONE"};
const struct shape shape_return_item_collection_metrics = {.kind = SHAPE_STRING,
                                                           .values = "SIZE, NONE"};
const struct shape shape_return_values = {
    .kind = SHAPE_STRING, .values = "ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW"};
const struct shape shape_return_on_failure = {.kind = SHAPE_STRING, .values = "ALL_OLD, NONE"};
const struct shape shape_select = {
    .kind = SHAPE_STRING,
    .values = "SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES"};
