/* table_settings: what else CreateTable and UpdateTable say of a table alike: its class, encryption
 * and protection. */
#pragma once

#include "item_build.h"
#include "operation_call.h"

extern const struct shape shape_table_class;
extern const struct shape shape_encryption;

/* What the request says goes into the definition. NULL, or the ValidationException's message. */
const char *must_check settings_put(struct operation_call *call, struct value_node *definition);
/* Writes the members of a TableDescription. */
void settings_describe(struct writer *writer, const struct table *table);
