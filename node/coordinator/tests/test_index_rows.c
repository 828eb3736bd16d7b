/* Rows of a merged range of a local index, put where they stand. */
#include "index_rows.h"

#include <stdio.h>
#include <string.h>

#include "index_entries.h"
#include "store.h"
#include "test_main.h"

enum { INDEX = 0, PARTITIONS = 8 };

static const uint64_t table_id = TABLE_ID_INDEXED | 7;
static const struct table_schema schema = {
    .replicas = 3, .local_count = 1, .local = {{SLICE_CONSTANT("x"), VALUE_STRING}}};

/* An item: its sort key, and its attribute; 0: it has none. */
struct item_case {
    char sort;
    char value;
};

/* A row, told at the entry that the item would have with another value. */
struct told_case {
    char told; /* 0: the end */
    struct item_case item;
};

struct rows_case {
    const char *name;
    char from, to; /* values: from the first to before the second */
    bool reverse;
    char covered; /* with this value, whatever the sort key; 0: all of the range */
    struct told_case told[4];
    struct item_case beside[3]; /* sort 0: the end */
    const char *expected;       /* "v1 w2": values and sort keys in order */
};

static const struct rows_case cases[] = {
    {"rows that stand stay",
     'a',
     'z',
     false,
     0,
     {{'b', {'1', 'b'}}, {'c', {'2', 'c'}}},
     {{0}},
     "b1 c2"},
    {"backwards too", 'a', 'z', true, 0, {{'c', {'2', 'c'}}, {'b', {'1', 'b'}}}, {{0}}, "c2 b1"},
    {"moved ahead", 'a', 'z', false, 0, {{'b', {'1', 'd'}}, {'c', {'2', 'c'}}}, {{0}}, "c2 d1"},
    {"moved back", 'a', 'z', false, 0, {{'b', {'1', 'b'}}, {'c', {'2', 'a'}}}, {{0}}, "a2 b1"},
    {"moved back, backwards",
     'a',
     'z',
     true,
     0,
     {{'c', {'2', 'c'}}, {'b', {'1', 'd'}}},
     {{0}},
     "d1 c2"},
    {"moved out of the range",
     'b',
     'd',
     false,
     0,
     {{'b', {'1', 'd'}}, {'c', {'2', 'a'}}},
     {{0}},
     ""},
    {"lost its attribute", 'a', 'z', false, 0, {{'b', {'1', 0}}, {'c', {'2', 'c'}}}, {{0}}, "c2"},
    {"moved beyond what is covered",
     'a',
     'z',
     false,
     'c',
     {{'b', {'1', 'd'}}, {'c', {'2', 'c'}}},
     {{0}},
     "c2"},
    {"moved within what is covered",
     'a',
     'z',
     false,
     'd',
     {{'b', {'1', 'd'}}, {'c', {'2', 'c'}}},
     {{0}},
     "c2 d1"},
    {"beyond, backwards", 'a', 'z', true, 'c', {{'d', {'1', 'b'}}, {'c', {'2', 'c'}}}, {{0}}, "c2"},
    {"told twice, at two times",
     'a',
     'z',
     false,
     0,
     {{'b', {'1', 'b'}}, {'c', {'1', 'c'}}},
     {{0}},
     "b1"},
    {"moved to where it is told",
     'a',
     'z',
     false,
     0,
     {{'b', {'1', 'c'}}, {'c', {'1', 'c'}}},
     {{0}},
     "c1"},
    {"moved twice", 'a', 'z', false, 0, {{'b', {'1', 'd'}}, {'c', {'1', 'e'}}}, {{0}}, "d1"},
    {"two of one value",
     'a',
     'z',
     false,
     0,
     {{'b', {'1', 'b'}}, {'b', {'2', 'b'}}},
     {{0}},
     "b1 b2"},
    {"beside", 'a', 'z', false, 0, {{'c', {'2', 'c'}}}, {{'1', 'b'}, {'3', 'd'}}, "b1 c2 d3"},
    {"beside, but out of the range",
     'b',
     'd',
     false,
     0,
     {{'c', {'2', 'c'}}},
     {{'1', 'a'}, {'3', 'd'}},
     "c2"},
    {"beside, without the attribute", 'a', 'z', false, 0, {{'c', {'2', 'c'}}}, {{'1', 0}}, "c2"},
    {"beside, and told", 'a', 'z', false, 0, {{'c', {'2', 'c'}}}, {{'2', 'b'}}, "c2"},
    {"nothing", 'a', 'z', false, 0, {{0}}, {{0}}, ""},
};

static struct item_key key_of(const char *sort)
{
    return item_key_of(table_id, SLICE_LITERAL("c"), slice_of(sort, 1), PARTITIONS);
}

static void put_item(struct writer *rows, const struct item_case *item)
{
    struct writer encoded;
    writer_init(&encoded, 0);
    writer_put_varint(&encoded, item->value != 0);
    if (item->value != 0) {
        writer_put_sized(&encoded, SLICE_LITERAL("x"));
        writer_put_u8(&encoded, VALUE_STRING);
        writer_put_sized(&encoded, slice_of(&item->value, 1));
    }
    writer_put_sized(rows, writer_slice(&encoded));
    writer_deinit(&encoded);
}

static void put_entry(struct writer *writer, const char *sort, char value)
{
    struct item_key key = key_of(sort);
    index_key_encode(writer, INDEX, &key, slice_of(&value, 1));
}

static void put_told(struct writer *rows, const struct told_case *told)
{
    struct writer entry;
    writer_init(&entry, 0);
    put_entry(&entry, &told->item.sort, told->told);
    writer_put_sized(rows, writer_slice(&entry));
    writer_deinit(&entry);
    put_item(rows, &told->item);
}

static void put_beside(struct writer *rows, const struct item_case *item)
{
    struct item_key key = key_of(&item->sort);
    struct writer encoded;
    writer_init(&encoded, 0);
    item_key_encode(&encoded, &key);
    writer_put_sized(rows, writer_slice(&encoded));
    writer_deinit(&encoded);
    put_item(rows, item);
}

/* As `expected` of a case. */
static void show(struct slice rows, char *text, size_t size)
{
    struct reader reader = reader_of(rows);
    struct slice place, item, value;
    struct index_key key;
    size_t at = 0;
    text[0] = 0;
    while (store_rows_next(&reader, &place, &item)) {
        ck_assert(index_key_decode(place, &key));
        ck_assert(item_find(item, SLICE_LITERAL("x"), &value));
        ck_assert(slice_equal(value_bytes(value), slice_of(key.position.data, 1)));
        at += (size_t)snprintf(text + at, size - at, "%s%c%c", at == 0 ? "" : " ",
                               key.position.data[0], key.item.sort_key.data[0]);
    }
}

static void check_case(const struct rows_case *of)
{
    struct writer rows, beside, from, to, covered, out;
    struct writer *all[] = {&rows, &beside, &from, &to, &covered, &out};
    for (size_t i = 0; i < array_size(all); i++)
        writer_init(all[i], 0);
    for (const struct told_case *told = of->told; told->told != 0; told++)
        put_told(&rows, told);
    for (const struct item_case *item = of->beside; item->sort != 0; item++)
        put_beside(&beside, item);
    put_entry(&from, "\0", of->from);
    put_entry(&to, "\0", of->to);
    put_entry(&covered, of->reverse ? "\0" : "\xff", of->covered);
    struct index_rows_range range = {.schema = &schema,
                                     .index = INDEX,
                                     .from = writer_slice(&from),
                                     .to = writer_slice(&to),
                                     .reverse = of->reverse,
                                     .more = of->covered != 0,
                                     .covered = writer_slice(&covered)};
    char text[64];
    uint32_t count = index_rows_place(&range, writer_slice(&rows), writer_slice(&beside), &out);
    show(writer_slice(&out), text, sizeof(text));
    ck_assert_msg(strcmp(text, of->expected) == 0, "%s: %s", of->name, text);
    ck_assert_uint_eq(count, (strlen(text) + 1) / 3);
    for (size_t i = 0; i < array_size(all); i++)
        writer_deinit(all[i]);
}

START_TEST(rows_are_put_where_they_stand)
{
    for (size_t i = 0; i < array_size(cases); i++)
        check_case(&cases[i]);
}
END_TEST

TEST_MAIN("index_rows", rows_are_put_where_they_stand)
