/* shape: what the members of a request may look like, as tables, and the checks they imply: types
 * first (SerializationException), then the constraints of single members, all violations in one
 * message ("2 validation errors detected: ..."). */
#pragma once

#include <yyjson.h>

#include "arena.h"

enum shape_kind {
    SHAPE_STRING,
    SHAPE_BOOLEAN,
    SHAPE_INTEGER,
    SHAPE_LONG,
    SHAPE_LIST,
    SHAPE_MAP,
    SHAPE_STRUCTURE,
    SHAPE_VALUE, /* an attribute value */
    SHAPE_ANY    /* of parameters that are refused whatever they hold */
};

struct shape_member;

struct shape {
    enum shape_kind kind;
    const char *type;    /* the service's name of it, in messages about wrong types */
    bool ranged;         /* `min` and `max` apply */
    int64_t min, max;    /* of the value of integers, else of the length */
    bool table_name;     /* matches [a-zA-Z0-9_.-]+ */
    bool table_arn;      /* with table_name: or is an ARN, by how it begins */
    bool resource_first; /* an ARN: must be there, as table_first */
    bool table_first;    /* must be there, and its length is checked, before all constraints */
    const char *values;  /* strings: those allowed, as "A, B"; NULL: any */
    bool table_keys;     /* maps: keys are table names, or ARNs */
    int64_t values_max;  /* maps: length of each value is 1 to this; 0: any */
    const struct shape *element;        /* of lists and maps */
    const struct shape_member *members; /* of structures */
    size_t members_count;
};

struct shape_member {
    const char *name;
    const struct shape *shape;
    bool required;
    bool refused; /* a parameter of the service that is not implemented: must be absent */
};

/* NULL, or the SerializationException's message. */
const char *must_check shape_check_types(struct arena *arena, const struct shape *shape,
                                         yyjson_val *json);
/* NULL, or the ValidationException's message. `json` has the right types. */
const char *must_check shape_check_constraints(struct arena *arena, const struct shape *shape,
                                               yyjson_val *json);

/* As long as names of tables may be, and of [a-zA-Z0-9_.-] alone. */
bool shape_table_name_valid(struct slice name);

/* The member of an object, or NULL if it is absent or null. */
yyjson_val *json_member(yyjson_val *object, const char *name);
/* The same, of a string; empty if absent. */
struct slice json_member_string(yyjson_val *object, const char *name);
/* The same, of a boolean or integer. */
bool json_member_bool(yyjson_val *object, const char *name, bool otherwise);
int64_t json_member_integer(yyjson_val *object, const char *name, int64_t otherwise);
/* The string's bytes; empty if it is none. */
struct slice json_string(yyjson_val *json);

/* Shapes that many operations share. */
extern const struct shape shape_string, shape_boolean, shape_any, shape_value;
extern const struct shape shape_attributes; /* Item, Key, ExpressionAttributeValues */
extern const struct shape shape_names;      /* ExpressionAttributeNames */
extern const struct shape shape_table_name; /* of the data operations */
extern const struct shape shape_positive;   /* Limit */
extern const struct shape shape_attributes_to_get;
extern const struct shape shape_return_consumed_capacity;
extern const struct shape shape_return_item_collection_metrics;
extern const struct shape shape_return_values;
extern const struct shape shape_return_on_failure;
extern const struct shape shape_select;

#define SHAPE_OF(members_table)                              \
    {                                                        \
        .kind = SHAPE_STRUCTURE, .members = (members_table), \
        .members_count = array_size(members_table)           \
    }
