#include "legacy_shapes.h"

static const struct shape shape_comparison_operator = {
    .kind = SHAPE_STRING,
    .values = "IN, NULL, BETWEEN, LT, NOT_CONTAINS, EQ, GT, NOT_NULL, NE, LE, BEGINS_WITH, GE, "
              "CONTAINS"};
static const struct shape shape_action = {.kind = SHAPE_STRING, .values = "ADD, DELETE, PUT"};
static const struct shape shape_values = {.kind = SHAPE_LIST, .element = &shape_value};

static const struct shape_member expected_members[] = {
    {"AttributeValueList", &shape_values, false, false},
    {"ComparisonOperator", &shape_comparison_operator, false, false},
    {"Exists", &shape_boolean, false, false},
    {"Value", &shape_value, false, false},
};
static const struct shape shape_expected_value = {.kind = SHAPE_STRUCTURE,
                                                  .type = "ExpectedAttributeValue",
                                                  .members = expected_members,
                                                  .members_count = array_size(expected_members)};

static const struct shape_member condition_members[] = {
    {"AttributeValueList", &shape_values, false, false},
    {"ComparisonOperator", &shape_comparison_operator, true, false},
};
static const struct shape shape_condition = {.kind = SHAPE_STRUCTURE,
                                             .type = "Condition",
                                             .members = condition_members,
                                             .members_count = array_size(condition_members)};

static const struct shape_member update_members[] = {
    {"Action", &shape_action, false, false},
    {"Value", &shape_value, false, false},
};
static const struct shape shape_update = {.kind = SHAPE_STRUCTURE,
                                          .type = "AttributeValueUpdate",
                                          .members = update_members,
                                          .members_count = array_size(update_members)};

const struct shape shape_conditional_operator = {.kind = SHAPE_STRING, .values = "OR, AND"};
const struct shape shape_expected = {.kind = SHAPE_MAP,
                                     .type =
                                         "com.amazonaws.dynamodb.v20120810.ExpectedAttributeValue",
                                     .element = &shape_expected_value};
const struct shape shape_conditions = {.kind = SHAPE_MAP,
                                       .type = "com.amazonaws.dynamodb.v20120810.Condition",
                                       .element = &shape_condition};
const struct shape shape_attribute_updates = {
    .kind = SHAPE_MAP,
    .type = "com.amazonaws.dynamodb.v20120810.AttributeValueUpdate",
    .element = &shape_update};
