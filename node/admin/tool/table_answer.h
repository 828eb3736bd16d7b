/* table_answer: looking things up in the answers of DescribeTable and ListTagsOfResource. */
#pragma once

#include <yyjson.h>

/* "S", "N" or "B" of the attribute, from the table's AttributeDefinitions; "" if it has none. */
const char *table_attribute_type(yyjson_val *table, const char *attribute);
/* The tag's value, or NULL. */
const char *table_tag(yyjson_val *tags, const char *key);
