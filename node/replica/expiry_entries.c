#include "expiry_entries.h"

#include "decimal.h"
#include "planted.h"

enum { WHOLE_DIGITS_MAX = 18 /* of what int64_t holds for certain */ };

/* Of a number that is no integer, or a large one: the next above it. */
static bool round_up(struct slice number, uint64_t *seconds)
{
    char text[DECIMAL_TEXT_SIZE];
    struct slice digits = decimal_format(number, text);
    uint64_t whole = 0;
    size_t i = 0;
    for (; i < digits.size && digits.data[i] >= '0' && digits.data[i] <= '9'; i++) {
        if (i == WHOLE_DIGITS_MAX)
            return false;
        whole = whole * 10 + (uint64_t)(digits.data[i] - '0');
    }
    bool fraction = i > 0 && i < digits.size && digits.data[i] == '.';
    *seconds = fraction ? whole + 1 : 0;
    return fraction;
}

bool expiry_of_item(struct slice attribute, struct slice item, uint64_t *seconds)
{
    struct slice value;
    int64_t whole;
    *seconds = 0;
    if (item.size == 0 || !item_find(item, attribute, &value) || value_type(value) != VALUE_NUMBER)
        return false;
    struct slice number = value_bytes(value);
    if (decimal_negative(number))
        return false;
    if (!decimal_to_i64(number, &whole))
        return round_up(number, seconds);
    *seconds = (uint64_t)whole;
    return true;
}

static void encode(struct writer *writer, const struct item_key *key, uint64_t seconds)
{
    writer_init(writer, 64 + key->partition_key.size + key->sort_key.size);
    expiry_key_encode(writer, key, seconds);
}

void expiry_entry_put(struct store_batch *batch, const struct item_key *key, uint64_t seconds)
{
    struct writer entry;
    encode(&entry, key, seconds);
    store_batch_put(batch, STORE_INDEX, writer_slice(&entry), SLICE_EMPTY);
    writer_deinit(&entry);
}

void expiry_entry_delete(struct store_batch *batch, const struct item_key *key, uint64_t seconds)
{
    struct writer entry;
    encode(&entry, key, seconds);
    store_batch_delete(batch, STORE_INDEX, writer_slice(&entry));
    writer_deinit(&entry);
}

void expiry_head_delete(struct store_batch *batch, uint32_t partition, uint64_t table_id)
{
    struct writer head;
    writer_init(&head, 16);
    expiry_head_encode(&head, partition, table_id);
    store_batch_delete(batch, STORE_INDEX, writer_slice(&head));
    writer_deinit(&head);
}

void expiry_entries_change(struct store_batch *batch, struct slice attribute,
                           const struct item_key *key, struct slice before, struct slice after)
{
    uint64_t old, new;
    bool was = expiry_of_item(attribute, before, &old);
    bool is = expiry_of_item(attribute, after, &new);
    if (was == is && old == new)
        return;
    if (was && !PLANTED(OLD_EXPIRY_STAYS))
        expiry_entry_delete(batch, key, old);
    if (is)
        expiry_entry_put(batch, key, new);
}
