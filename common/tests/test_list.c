#include "list.h"

#include "test_main.h"

struct waiter {
    int number;
    struct list_link link;
};

LIST_DEFINE(waiters, struct waiter, link)

static void expect(const struct waiters *list, const int *numbers, size_t count)
{
    ck_assert_uint_eq(list->count, count);
    ck_assert_int_eq(waiters_empty(list), count == 0);
    struct waiter *at = waiters_first(list);
    for (size_t i = 0; i < count; i++) {
        ck_assert_ptr_nonnull(at);
        ck_assert_int_eq(at->number, numbers[i]);
        at = waiters_next(list, at);
    }
    ck_assert_ptr_null(at);
}

START_TEST(keeps_order_through_push_remove_pop_and_move)
{
    struct waiters list;
    waiters_init(&list);
    expect(&list, NULL, 0);
    ck_assert_ptr_null(waiters_pop(&list));
    struct waiter waiter[4] = {{.number = 0}, {.number = 1}, {.number = 2}, {.number = 3}};
    for (int i = 0; i < 4; i++)
        waiters_push(&list, &waiter[i]);
    expect(&list, (int[]){0, 1, 2, 3}, 4);
    waiters_remove(&list, &waiter[2]);
    ck_assert(!list_linked(&waiter[2].link));
    expect(&list, (int[]){0, 1, 3}, 3);
    waiters_push(&list, &waiter[2]);
    ck_assert_ptr_eq(waiters_pop(&list), &waiter[0]);
    struct waiters other;
    waiters_move(&other, &list);
    expect(&list, NULL, 0);
    expect(&other, (int[]){1, 3, 2}, 3);
}
END_TEST

TEST_MAIN("list", keeps_order_through_push_remove_pop_and_move)
