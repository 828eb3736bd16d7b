#include "table_settings.h"

#include "api_state.h"
#include "json_item.h"
#include "json_writer.h"
#include "messages.h"

enum { KMS_KEY_SIZE_MAX = 2048 };

const struct shape shape_table_class = {.kind = SHAPE_STRING,
                                        .values = "STANDARD, STANDARD_INFREQUENT_ACCESS"};
static const struct shape shape_encryption_type = {.kind = SHAPE_STRING, .values = "AES256, KMS"};
static const struct shape_member encryption_members[] = {
    {"Enabled", &shape_boolean, false, false},
    {"SSEType", &shape_encryption_type, false, false},
    {"KMSMasterKeyId", &shape_string, false, false},
};
const struct shape shape_encryption = {.kind = SHAPE_STRUCTURE,
                                       .type = "SSESpecification",
                                       .members = encryption_members,
                                       .members_count = array_size(encryption_members)};

/* There are no keys of a key service here: what would use one is refused. */
static const char *check_encryption(yyjson_val *json)
{
    if (json_member_bool(json, "Enabled", false))
        return MESSAGE_ENCRYPTION;
    if (json_member(json, "SSEType") != NULL || json_member(json, "KMSMasterKeyId") != NULL)
        return MESSAGE_ENCRYPTION_OFF;
    return NULL;
}

const char *settings_put(struct operation_call *call, struct value_node *definition)
{
    struct arena *arena = call->arena;
    struct slice class = json_member_string(call->input, "TableClass");
    if (class.size > 0)
        definition_put_string(arena, definition, "class", class);
    yyjson_val *protected = json_member(call->input, "DeletionProtectionEnabled");
    if (protected != NULL)
        definition_put(definition, "protected", value_node_bool(arena, yyjson_get_bool(protected)));
    return check_encryption(json_member(call->input, "SSESpecification"));
}

void settings_describe(struct writer *writer, const struct table *table)
{
    if (table->class.size > 0) {
        json_put_name(writer, "TableClassSummary");
        json_put_raw(writer, "{");
        json_put_name(writer, "TableClass");
        json_put_string(writer, table->class);
        if (table->class_changed_ms > 0) {
            json_put_name(writer, "LastUpdateDateTime");
            json_put_time(writer, table->class_changed_ms);
        }
        json_put_raw(writer, "}");
    }
    json_put_name(writer, "DeletionProtectionEnabled");
    json_put_bool(writer, table->protected);
}
