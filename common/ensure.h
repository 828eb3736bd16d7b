/* ensure: assertions that stay on in every build, and the attributes all code here uses. */
#pragma once

/* Aborts with file, line and expression. For bugs only: never for input that a client, a peer or a
 * disk may have sized or shaped. */
_Noreturn void ensure_failed(const char *file, int line, const char *expression);

#define ensure(condition) ((condition) ? (void)0 : ensure_failed(__FILE__, __LINE__, #condition))

/* The caller must look at the result. */
#define must_check __attribute__((warn_unused_result))

#define printf_like(format_at, args_at) __attribute__((format(printf, format_at, args_at)))

/* The object of type `type` that embeds `pointer` as its field `field`. */
#define container_of(pointer, type, field) \
    ((type *)(void *)((char *)(pointer)-offsetof(type, field)))

#define array_size(array) (sizeof(array) / sizeof((array)[0]))
