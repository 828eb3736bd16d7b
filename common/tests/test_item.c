#include "item.h"

#include <string.h>

#include "decimal.h"
#include "prng.h"
#include "test_main.h"

/* One attribute of each type, by hand from the layout in item.h. 42 is d1 (exponent 1) 54 (pair 42,
 * doubled); 0 is 80. */
#define VALUE_S   "\x01\x02hi"
#define VALUE_N   "\x02\x02\xc1\x54"
#define VALUE_B   "\x03\x01\xff"
#define VALUE_YES "\x04\x01"
#define VALUE_NIL "\x05"
#define VALUE_LST "\x06\x07\x02" VALUE_S VALUE_YES
#define VALUE_MP  "\x07\x0b\x02\x01x" VALUE_YES "\x01y" VALUE_S
#define VALUE_SET      \
    "\x08\x05\x02\x01" \
    "a\x01"            \
    "b"
#define VALUE_NSET "\x09\x06\x02\x01\x80\x02\xc1\x54"
#define VALUE_BSET "\x0a\x04\x02\x00\x01\x00"

#define ITEM                                                                           \
    "\x0a"                                                                             \
    "\x01\x41" VALUE_S "\x01\x42" VALUE_N "\x01\x43" VALUE_B "\x01\x44" VALUE_YES      \
    "\x01\x45" VALUE_NIL "\x01\x46" VALUE_LST "\x01\x47" VALUE_MP "\x01\x48" VALUE_SET \
    "\x01\x49" VALUE_NSET "\x01\x4a" VALUE_BSET

static const struct slice item = SLICE_CONSTANT(ITEM);

static struct slice attribute(const char *name)
{
    struct slice value;
    bool found = item_find(item, slice_of_string(name), &value);
    ck_assert_msg(found, "%s", name);
    return value;
}

START_TEST(finds_every_attribute_and_no_other)
{
    ck_assert(item_valid(item));
    ck_assert_uint_eq(item_count(item), 10);
    static const struct {
        const char *name;
        enum value_type type;
        struct slice value;
    } cases[] = {{"A", VALUE_STRING, SLICE_CONSTANT(VALUE_S)},
                 {"B", VALUE_NUMBER, SLICE_CONSTANT(VALUE_N)},
                 {"C", VALUE_BINARY, SLICE_CONSTANT(VALUE_B)},
                 {"D", VALUE_BOOL, SLICE_CONSTANT(VALUE_YES)},
                 {"E", VALUE_NULL, SLICE_CONSTANT(VALUE_NIL)},
                 {"F", VALUE_LIST, SLICE_CONSTANT(VALUE_LST)},
                 {"G", VALUE_MAP, SLICE_CONSTANT(VALUE_MP)},
                 {"H", VALUE_STRING_SET, SLICE_CONSTANT(VALUE_SET)},
                 {"I", VALUE_NUMBER_SET, SLICE_CONSTANT(VALUE_NSET)},
                 {"J", VALUE_BINARY_SET, SLICE_CONSTANT(VALUE_BSET)}};
    for (size_t i = 0; i < array_size(cases); i++) {
        struct slice value = attribute(cases[i].name);
        ck_assert_int_eq(value_type(value), cases[i].type);
        ck_assert(slice_equal(value, cases[i].value));
        ck_assert(value_valid(value));
    }
    static const char *const absent[] = {"", "@", "AA", "a", "K"};
    for (size_t i = 0; i < array_size(absent); i++) {
        struct slice value = item;
        ck_assert(!item_find(item, slice_of_string(absent[i]), &value));
        ck_assert_uint_eq(value.size, 0);
    }
    struct slice value;
    ck_assert(!item_find(SLICE_EMPTY, SLICE_LITERAL("A"), &value));
    ck_assert(!item_find(SLICE_LITERAL("\0"), SLICE_LITERAL("A"), &value));
}
END_TEST

START_TEST(payloads)
{
    ck_assert(slice_equal(value_bytes(attribute("A")), SLICE_LITERAL("hi")));
    struct decimal_bytes number;
    decimal_from_i64(42, &number);
    ck_assert(slice_equal(value_bytes(attribute("B")), decimal_slice(&number)));
    ck_assert(slice_equal(value_bytes(attribute("C")), SLICE_LITERAL("\xff")));
    ck_assert_uint_eq(value_bytes(attribute("F")).size, 0);
    ck_assert(value_bool(attribute("D")));
    ck_assert(!value_bool(SLICE_LITERAL("\x04\x00")));
    ck_assert(!value_bool(attribute("A")));
    ck_assert_uint_eq(value_count(attribute("F")), 2);
    ck_assert_uint_eq(value_count(attribute("J")), 2);
    ck_assert_uint_eq(value_count(attribute("A")), 0);
    ck_assert_int_eq(value_type(SLICE_EMPTY), VALUE_NONE);
    ck_assert_int_eq(value_type(SLICE_LITERAL("\x0b")), VALUE_NONE);
    ck_assert_uint_eq(value_bytes(SLICE_EMPTY).size, 0);
}
END_TEST

START_TEST(walks_containers)
{
    struct slice member;
    struct slice name;
    struct item_cursor cursor = value_cursor(attribute("F"));
    ck_assert(list_next(&cursor, &member) && slice_equal(member, SLICE_LITERAL(VALUE_S)));
    ck_assert(list_next(&cursor, &member) && value_bool(member));
    ck_assert(!list_next(&cursor, &member));
    ck_assert(!list_next(&cursor, &member));
    cursor = value_cursor(attribute("G"));
    ck_assert(item_next(&cursor, &name, &member) && slice_equal(name, SLICE_LITERAL("x")));
    ck_assert(item_next(&cursor, &name, &member) && slice_equal(name, SLICE_LITERAL("y")));
    ck_assert(!item_next(&cursor, &name, &member));
    cursor = value_cursor(attribute("H"));
    ck_assert(set_next(&cursor, &member) && slice_equal(member, SLICE_LITERAL("a")));
    ck_assert(set_next(&cursor, &member) && slice_equal(member, SLICE_LITERAL("b")));
    ck_assert(!set_next(&cursor, &member));
    ck_assert(map_value_find(attribute("G"), SLICE_LITERAL("y"), &member));
    ck_assert(slice_equal(member, SLICE_LITERAL(VALUE_S)));
    ck_assert(!map_value_find(attribute("F"), SLICE_LITERAL("y"), &member));
    ck_assert(list_find(attribute("F"), 1, &member) && value_bool(member));
    ck_assert(!list_find(attribute("F"), 2, &member));
    ck_assert(!list_find(attribute("H"), 0, &member));
    ck_assert(set_contains(attribute("H"), SLICE_LITERAL("b")));
    ck_assert(!set_contains(attribute("H"), SLICE_LITERAL("c")));
    ck_assert(set_contains(attribute("J"), SLICE_EMPTY));
    ck_assert(!set_contains(attribute("F"), SLICE_LITERAL("hi")));
}
END_TEST

START_TEST(sizes_are_the_services)
{
    ck_assert_uint_eq(value_size(attribute("A")), 2);
    ck_assert_uint_eq(value_size(attribute("B")), 2);
    ck_assert_uint_eq(value_size(attribute("C")), 1);
    ck_assert_uint_eq(value_size(attribute("D")), 1);
    ck_assert_uint_eq(value_size(attribute("E")), 1);
    ck_assert_uint_eq(value_size(attribute("F")), 3 + 1 + 2 + 1 + 1);
    ck_assert_uint_eq(value_size(attribute("G")), 3 + 1 + 1 + 1 + 1 + 1 + 2);
    ck_assert_uint_eq(value_size(attribute("H")), 2);
    ck_assert_uint_eq(value_size(attribute("I")), 1 + 2);
    ck_assert_uint_eq(value_size(attribute("J")), 1);
    ck_assert_uint_eq(item_size(item), 10 + 2 + 2 + 1 + 1 + 1 + 8 + 10 + 2 + 3 + 1);
    ck_assert_uint_eq(item_attribute_size(SLICE_LITERAL("A"), attribute("A")), 3);
    ck_assert_uint_eq(item_size(SLICE_LITERAL("\0")), 0);
    static const struct {
        const char *text;
        uint64_t size;
    } numbers[] = {{"0", 1}, {"7", 2}, {"-7", 3}, {"123", 3}, {"1E100", 2}, {"-0.0123", 4}};
    for (size_t i = 0; i < array_size(numbers); i++) {
        struct decimal_bytes number;
        ck_assert(decimal_parse(slice_of_string(numbers[i].text), &number) == DECIMAL_OK);
        uint8_t value[2 + DECIMAL_SIZE_MAX] = {VALUE_NUMBER, number.size};
        memcpy(value + 2, number.bytes, number.size);
        ck_assert_uint_eq(value_size(slice_of(value, 2u + number.size)), numbers[i].size);
    }
}
END_TEST

START_TEST(type_names)
{
    ck_assert_str_eq(value_type_name(VALUE_STRING), "S");
    ck_assert_str_eq(value_type_name(VALUE_BOOL), "BOOL");
    ck_assert_str_eq(value_type_name(VALUE_BINARY_SET), "BS");
    ck_assert_str_eq(value_type_name(VALUE_NONE), "");
    ck_assert_int_eq(value_type_of_member(VALUE_STRING_SET), VALUE_STRING);
    ck_assert_int_eq(value_type_of_member(VALUE_BINARY_SET), VALUE_BINARY);
    ck_assert_int_eq(value_type_of_member(VALUE_LIST), VALUE_NONE);
}
END_TEST

START_TEST(broken_values_are_refused)
{
    static const struct slice bad[] = {
        SLICE_CONSTANT(""),             /* nothing */
        SLICE_CONSTANT("\x00"),         /* no type */
        SLICE_CONSTANT("\x0b"),         /* unknown type */
        SLICE_CONSTANT("\x01\x01"),     /* cut */
        SLICE_CONSTANT("\x01\x01\x80"), /* no UTF-8 */
        SLICE_CONSTANT("\x01\x81\x00"
                       "a"), /* padded size */
        SLICE_CONSTANT("\x01\x01"
                       "ab"),                   /* bytes left over */
        SLICE_CONSTANT("\x02\x00"),             /* empty number */
        SLICE_CONSTANT("\x02\x02\xc1\x55"),     /* number that wants more digits */
        SLICE_CONSTANT("\x02\x03\xc1\x55\x00"), /* number with a zero at its end */
        SLICE_CONSTANT("\x04"),                 /* cut */
        SLICE_CONSTANT("\x04\x02"),             /* neither true nor false */
        SLICE_CONSTANT("\x05\x00"),             /* bytes left over */
        SLICE_CONSTANT("\x06\x00"),             /* list without a count */
        SLICE_CONSTANT("\x06\x01\x01"),         /* fewer members than counted */
        SLICE_CONSTANT("\x06\x02\x00\x05"),     /* more members than counted */
        SLICE_CONSTANT("\x07\x07\x02\x01"
                       "b\x05\x01"
                       "a\x05"), /* names descend */
        SLICE_CONSTANT("\x07\x07\x02\x01"
                       "a\x05\x01"
                       "a\x05"),                        /* a name twice */
        SLICE_CONSTANT("\x07\x05\x02\x00\x05\x00\x05"), /* the empty name twice */
        SLICE_CONSTANT("\x07\x04\x01\x01\xff\x05"),     /* name is no UTF-8 */
        SLICE_CONSTANT("\x08\x01\x00"),                 /* empty set */
        SLICE_CONSTANT("\x08\x05\x02\x01"
                       "b\x01"
                       "a"),                    /* members descend */
        SLICE_CONSTANT("\x0a\x03\x02\x00\x00"), /* the empty member twice */
        SLICE_CONSTANT("\x08\x03\x01\x01\xff"), /* member is no UTF-8 */
        SLICE_CONSTANT("\x09\x03\x01\x01"
                       "1"), /* member is no number */
    };
    for (size_t i = 0; i < array_size(bad); i++)
        ck_assert_msg(!value_valid(bad[i]), "%zu", i);
    ck_assert(value_valid(SLICE_LITERAL("\x06\x01\x00")));
    ck_assert(value_valid(SLICE_LITERAL("\x07\x01\x00")));
    ck_assert(value_valid(SLICE_LITERAL("\x01\x00")));
    ck_assert(item_valid(SLICE_LITERAL("\0")));
    ck_assert(!item_valid(SLICE_EMPTY));
}
END_TEST

/* `levels` lists around NULL; returns their size. */
static struct slice nested(uint8_t *bytes, size_t room, unsigned levels)
{
    size_t at = room;
    bytes[--at] = VALUE_NULL;
    for (unsigned i = 0; i < levels; i++) {
        size_t body = 1 + room - at;
        bytes[--at] = 1;
        bool wide = body > 127;
        if (wide)
            bytes[--at] = (uint8_t)(body >> 7);
        bytes[--at] = (uint8_t)(wide ? body | 0x80 : body);
        bytes[--at] = VALUE_LIST;
    }
    return slice_of(bytes + at, room - at);
}

START_TEST(nesting_has_its_limit)
{
    uint8_t bytes[4096];
    for (unsigned levels = 0; levels < 100; levels++) {
        struct slice value = nested(bytes, sizeof(bytes), levels);
        ck_assert_int_eq(value_valid(value), levels <= VALUE_NESTING_MAX);
        unsigned known = levels <= VALUE_NESTING_MAX ? levels : VALUE_NESTING_MAX + 1;
        ck_assert_uint_eq(value_nesting(value), known);
        if (levels <= VALUE_NESTING_MAX)
            ck_assert_uint_eq(value_size(value), levels * 4 + 1);
    }
}
END_TEST

/* Reads everything there is to read; for the sanitizers. */
static size_t exercise(struct slice bytes)
{
    struct slice name;
    struct slice value;
    struct slice member;
    size_t walked = item_size(bytes) > 0;
    struct item_cursor cursor = item_cursor(bytes);
    while (item_next(&cursor, &name, &value)) {
        walked += value_count(value) + value_nesting(value) + value_bytes(value).size;
        walked += list_find(value, 1, &member) + set_contains(value, SLICE_LITERAL("b"));
        walked += map_value_find(value, SLICE_LITERAL("y"), &member);
    }
    return walked;
}

START_TEST(no_cut_or_changed_byte_leads_astray)
{
    uint8_t *copy = malloc(item.size);
    for (size_t cut = 0; cut < item.size; cut++) {
        uint8_t *exact = malloc(cut + 1);
        memcpy(exact, item.data, cut);
        ck_assert(!item_valid(slice_of(exact, cut)));
        exercise(slice_of(exact, cut));
        free(exact);
    }
    for (size_t at = 0; at < item.size; at++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            memcpy(copy, item.data, item.size);
            copy[at] = (uint8_t)byte;
            exercise(slice_of(copy, item.size));
            item_valid(slice_of(copy, item.size));
        }
    }
    struct prng prng;
    prng_init(&prng, 11);
    for (int step = 0; step < 50000; step++) {
        memcpy(copy, item.data, item.size);
        for (int i = 0; i < 4; i++)
            copy[prng_below(&prng, item.size)] = (uint8_t)prng_next(&prng);
        struct slice broken = slice_of(copy, (size_t)prng_below(&prng, item.size + 1));
        exercise(broken);
        item_valid(broken);
    }
    free(copy);
}
END_TEST

TEST_MAIN("item", finds_every_attribute_and_no_other, payloads, walks_containers,
          sizes_are_the_services, type_names, broken_values_are_refused, nesting_has_its_limit,
          no_cut_or_changed_byte_leads_astray)
