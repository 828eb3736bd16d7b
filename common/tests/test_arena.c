#include "arena.h"

#include <string.h>

#include "test_main.h"

START_TEST(memory_is_aligned_and_apart)
{
    struct arena arena;
    arena_init(&arena);
    uint8_t *blocks[300];
    for (size_t i = 0; i < array_size(blocks); i++) {
        blocks[i] = arena_alloc(&arena, i);
        ck_assert_uint_eq((uintptr_t)blocks[i] % 16, 0);
        memset(blocks[i], (int)(i & 0xff), i);
    }
    for (size_t i = 0; i < array_size(blocks); i++) {
        for (size_t k = 0; k < i; k++)
            ck_assert_uint_eq(blocks[i][k], i & 0xff);
    }
    arena_deinit(&arena);
    ck_assert_uint_eq(arena.total, 0);
}
END_TEST

START_TEST(large_blocks_fit_and_reset_keeps_one_ordinary_chunk)
{
    struct arena arena;
    arena_init(&arena);
    uint8_t *zeros = arena_zalloc(&arena, 1 << 20);
    for (size_t i = 0; i < 1 << 20; i++)
        ck_assert_uint_eq(zeros[i], 0);
    arena_alloc(&arena, 100);
    arena_alloc(&arena, 4000);
    ck_assert_uint_gt(arena.total, 1 << 20);
    arena_reset(&arena);
    ck_assert_uint_le(arena.total, 8192);
    size_t kept = arena.total;
    void *again = arena_alloc(&arena, 64);
    ck_assert_ptr_nonnull(again);
    ck_assert_uint_eq(arena.total, kept);
    arena_reset(&arena);
    ck_assert_ptr_eq(arena_alloc(&arena, 64), again);
    arena_deinit(&arena);
}
END_TEST

START_TEST(reset_of_an_unused_arena_is_harmless)
{
    struct arena arena;
    arena_init(&arena);
    arena_reset(&arena);
    ck_assert_uint_eq(arena.total, 0);
    arena_deinit(&arena);
}
END_TEST

START_TEST(copies_and_texts)
{
    struct arena arena;
    arena_init(&arena);
    struct slice copy = arena_copy(&arena, SLICE_LITERAL("copied"));
    ck_assert(slice_equal(copy, SLICE_LITERAL("copied")));
    ck_assert_uint_eq(arena_copy(&arena, SLICE_EMPTY).size, 0);
    ck_assert_str_eq(arena_printf(&arena, "%s=%d", "answer", 42), "answer=42");
    char *wide = arena_printf(&arena, "%9000d", 7);
    ck_assert_uint_eq(strlen(wide), 9000);
    ck_assert_str_eq(wide + 8999, "7");
    arena_deinit(&arena);
}
END_TEST

TEST_MAIN("arena", memory_is_aligned_and_apart, large_blocks_fit_and_reset_keeps_one_ordinary_chunk,
          reset_of_an_unused_arena_is_harmless, copies_and_texts)
