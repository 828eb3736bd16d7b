#include "model.h"

#include <stdio.h>

const char *const model_partitions[MODEL_PARTITIONS] = {"a", "b", "\xc3\xa9"};
const char *const model_sorts[MODEL_SORTS] = {"-10", "-1.5", "0", "2", "10"};

static uint8_t lowest(uint8_t letters)
{
    return letters & (uint8_t)-letters;
}

bool model_holds(const struct model_item *item, enum model_condition condition,
                 const struct model_operands *operands)
{
    switch (condition) {
    case MODEL_ANY:
        return true;
    case MODEL_EXISTS:
        return item->exists;
    case MODEL_ABSENT:
        return !item->exists;
    case MODEL_LESS:
        return item->exists && item->has_number && item->number < operands->number;
    case MODEL_HAS_LETTER:
        return item->exists && (item->letters & lowest(operands->letters)) != 0;
    }
    return false;
}

void model_update(struct model_item *item, enum model_update update,
                  const struct model_operands *operands)
{
    if (!item->exists)
        *item = (struct model_item){.exists = true};
    switch (update) {
    case MODEL_SET_STRING:
        item->string = operands->string;
        break;
    case MODEL_REMOVE:
        item->string = NULL;
        item->has_number = false;
        break;
    case MODEL_ADD_NUMBER:
        item->number = (item->has_number ? item->number : 0) + operands->number;
        item->has_number = true;
        break;
    case MODEL_COUNT:
        item->number = (item->has_number ? item->number : operands->number) + operands->number;
        item->has_number = true;
        break;
    case MODEL_ADD_SET:
        item->letters |= operands->letters;
        break;
    case MODEL_DELETE_SET:
        item->letters &= (uint8_t)~operands->letters;
        break;
    }
}

size_t model_count(const struct model *model)
{
    size_t count = 0;
    for (size_t i = 0; i < MODEL_ITEMS; i++)
        count += model->items[i].exists;
    return count;
}

static void put(struct writer *writer, const char *text)
{
    writer_put_slice(writer, slice_of_string(text));
}

/* `"name":{"type":"value"}`. */
static void put_attribute(struct writer *writer, const char *name, const char *type,
                          const char *value)
{
    const char *pieces[] = {"\"", name, "\":{\"", type, "\":\"", value, "\"}"};
    for (size_t i = 0; i < array_size(pieces); i++)
        put(writer, pieces[i]);
}

static void put_number(struct writer *writer, const struct model_item *item)
{
    char text[24];
    snprintf(text, sizeof(text), "%ld", item->number);
    put_attribute(writer, "n", "N", text);
}

void model_put_letters(struct writer *writer, uint8_t letters)
{
    const char *before = "[";
    for (char i = 0; i < 8; i++) {
        if ((letters >> i & 1) == 0)
            continue;
        put(writer, before);
        put(writer, (char[]){'"', (char)('a' + i), '"', '\0'});
        before = ",";
    }
    put(writer, "]");
}

void model_put_item(struct writer *writer, const struct model *model, size_t index)
{
    const struct model_item *item = &model->items[index];
    put(writer, "{");
    if (item->has_number) {
        put_number(writer, item);
        put(writer, ",");
    }
    put_attribute(writer, "pk", "S", model_partitions[index / MODEL_SORTS]);
    put(writer, ",");
    if (item->string != NULL) {
        put_attribute(writer, "s", "S", item->string);
        put(writer, ",");
    }
    put_attribute(writer, "sk", "N", model_sorts[index % MODEL_SORTS]);
    if (item->letters != 0) {
        put(writer, ",\"ss\":{\"SS\":");
        model_put_letters(writer, item->letters);
        put(writer, "}");
    }
    put(writer, "}");
}

void model_put_projected(struct writer *writer, const struct model *model, size_t index)
{
    const struct model_item *item = &model->items[index];
    put(writer, "{");
    if (item->has_number)
        put_number(writer, item);
    if (item->has_number && item->string != NULL)
        put(writer, ",");
    if (item->string != NULL)
        put_attribute(writer, "s", "S", item->string);
    put(writer, "}");
}

void model_put_key(struct writer *writer, size_t index)
{
    put(writer, "{");
    put_attribute(writer, "pk", "S", model_partitions[index / MODEL_SORTS]);
    put(writer, ",");
    put_attribute(writer, "sk", "N", model_sorts[index % MODEL_SORTS]);
    put(writer, "}");
}
