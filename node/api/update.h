/* update: what an UpdateExpression makes of an item (Amazon DynamoDB Developer Guide, "Update
 * expressions"). All it reads it reads of the item as it was before. */
#pragma once

#include "item_build.h"
#include "program.h"

/* An action of the update changes the attribute, or something in it. */
bool update_targets(const struct update_expression *update, struct slice attribute);

/* `item` is the encoded item to update, valid. Returns NULL, and in `updated` the new item, a map
 * finished for writer_put_item(); or the ValidationException's message. All in the arena. */
const char *must_check update_apply(struct arena *arena, const struct update_expression *update,
                                    struct slice item, struct value_node **updated);
