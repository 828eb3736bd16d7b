#include "table_answer.h"

/* The string field `wanted` of the first object in `objects` whose field `key` is `value`. */
static const char *find_by(yyjson_val *objects, const char *key, const char *value,
                           const char *wanted)
{
    size_t index, max;
    yyjson_val *object;
    yyjson_arr_foreach(objects, index, max, object)
    {
        if (yyjson_equals_str(yyjson_obj_get(object, key), value))
            return yyjson_get_str(yyjson_obj_get(object, wanted));
    }
    return NULL;
}

const char *table_attribute_type(yyjson_val *table, const char *attribute)
{
    const char *type = find_by(yyjson_obj_get(table, "AttributeDefinitions"), "AttributeName",
                               attribute, "AttributeType");
    return type == NULL ? "" : type;
}

const char *table_tag(yyjson_val *tags, const char *key)
{
    return find_by(tags, "Key", key, "Value");
}
