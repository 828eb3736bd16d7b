/* list: typed, intrusive, doubly linked lists. LIST_DEFINE(waiters, struct waiter, link) makes
 * `struct waiters` and waiters_* functions that take only `struct waiter`, so that the wrong list
 * does not compile. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "ensure.h"

/* Embedded in the element; all zero when it is in no list. */
struct list_link {
    struct list_link *next;
    struct list_link *previous;
};

static inline bool list_linked(const struct list_link *link)
{
    return link->next != NULL;
}

/* The list's own struct alone, for headers that only embed it. */
#define LIST_STRUCT(name)      \
    struct name {              \
        struct list_link head; \
        size_t count;          \
    }

/* Both at once. */
#define LIST_DEFINE(name, type, field) \
    LIST_STRUCT(name);                 \
    LIST_FUNCTIONS(name, type, field)

/* The functions, where `type` is complete. */
#define LIST_FUNCTIONS(name, type, field)                                                           \
    __attribute__((unused)) static inline void name##_init(struct name *list)                       \
    {                                                                                               \
        list->head.next = &list->head;                                                              \
        list->head.previous = &list->head;                                                          \
        list->count = 0;                                                                            \
    }                                                                                               \
    __attribute__((unused)) static inline bool name##_empty(const struct name *list)                \
    {                                                                                               \
        return list->count == 0;                                                                    \
    }                                                                                               \
    __attribute__((unused)) static inline void name##_push(struct name *list, type *element)        \
    {                                                                                               \
        struct list_link *link = &element->field;                                                   \
        ensure(!list_linked(link));                                                                 \
        link->previous = list->head.previous;                                                       \
        link->next = &list->head;                                                                   \
        link->previous->next = link;                                                                \
        list->head.previous = link;                                                                 \
        list->count++;                                                                              \
    }                                                                                               \
    __attribute__((unused)) static inline void name##_remove(struct name *list, type *element)      \
    {                                                                                               \
        struct list_link *link = &element->field;                                                   \
        ensure(list_linked(link));                                                                  \
        ensure(list->count > 0);                                                                    \
        link->previous->next = link->next;                                                          \
        link->next->previous = link->previous;                                                      \
        link->next = NULL;                                                                          \
        link->previous = NULL;                                                                      \
        list->count--;                                                                              \
    }                                                                                               \
    __attribute__((unused)) static inline type *name##_first(const struct name *list)               \
    {                                                                                               \
        return list->count == 0 ? NULL : container_of(list->head.next, type, field);                \
    }                                                                                               \
    __attribute__((unused)) static inline type *name##_next(const struct name *list,                \
                                                            type *element)                          \
    {                                                                                               \
        struct list_link *next = element->field.next;                                               \
        return next == &list->head ? NULL : container_of(next, type, field);                        \
    }                                                                                               \
    __attribute__((unused)) static inline type *name##_pop(struct name *list)                       \
    {                                                                                               \
        type *element = name##_first(list);                                                         \
        if (element != NULL)                                                                        \
            name##_remove(list, element);                                                           \
        return element;                                                                             \
    }                                                                                               \
    /* Moves all of `from` behind what `to` holds, in constant time. */                             \
    __attribute__((unused)) static inline void name##_append(struct name *to, struct name *from)    \
    {                                                                                               \
        if (from->count == 0)                                                                       \
            return;                                                                                 \
        from->head.next->previous = to->head.previous;                                              \
        from->head.previous->next = &to->head;                                                      \
        to->head.previous->next = from->head.next;                                                  \
        to->head.previous = from->head.previous;                                                    \
        to->count += from->count;                                                                   \
        name##_init(from);                                                                          \
    }                                                                                               \
    /* Moves all of `from` to the empty list `to`: walk that one when handlers may add to `from`. \
     */ \
    __attribute__((unused)) static inline void name##_move(struct name *to, struct name *from)      \
    {                                                                                               \
        name##_init(to);                                                                            \
        name##_append(to, from);                                                                    \
    }
