#include "map.h"

#include "prng.h"
#include "test_main.h"

enum { IDS = 3000 };

/* Ids that are consecutive, far apart and equal in their low or high bits. */
static uint64_t id_of(size_t index)
{
    switch (index % 3) {
    case 0:
        return index + 1;
    case 1:
        return (uint64_t)index << 40;
    default:
        return UINT64_MAX - index;
    }
}

START_TEST(random_puts_and_removes_agree_with_a_table)
{
    static char present[IDS];
    static char objects[IDS];
    struct map map;
    map_init(&map);
    ck_assert_ptr_null(map_find(&map, 1));
    ck_assert_ptr_null(map_remove(&map, 1));
    struct prng prng;
    prng_init(&prng, 2);
    size_t count = 0;
    for (int step = 0; step < 100000; step++) {
        size_t index = (size_t)prng_below(&prng, IDS);
        if (present[index]) {
            ck_assert_ptr_eq(map_remove(&map, id_of(index)), &objects[index]);
            count--;
        } else {
            ck_assert_ptr_null(map_remove(&map, id_of(index)));
            map_put(&map, id_of(index), &objects[index]);
            count++;
        }
        present[index] = !present[index];
        ck_assert_uint_eq(map.count, count);
    }
    for (size_t i = 0; i < IDS; i++)
        ck_assert_ptr_eq(map_find(&map, id_of(i)), present[i] ? &objects[i] : NULL);
    size_t cursor = 0;
    size_t walked = 0;
    char *object;
    while ((object = map_each(&map, &cursor)) != NULL) {
        ck_assert(present[object - objects]);
        walked++;
    }
    ck_assert_uint_eq(walked, count);
    ck_assert_ptr_null(map_find(&map, 0));
    map_deinit(&map);
}
END_TEST

TEST_MAIN("map", random_puts_and_removes_agree_with_a_table)
