/* throughput: how much a table may serve, as whoever serves it knows: the limits that provisioned
 * tables and maximums of on-demand tables set (Amazon DynamoDB Developer Guide, "Throughput
 * capacity"). */
#pragma once

#include <stdint.h>

enum throughput_kind { THROUGHPUT_READ, THROUGHPUT_WRITE };

enum { THROUGHPUT_KINDS = THROUGHPUT_WRITE + 1 };

/* Amounts are signed millionths of half a capacity unit, the smallest that is charged: at a rate of
 * half units a second, a microsecond brings the rate. */
#define THROUGHPUT_HALF UINT32_C(1000000)
/* Half units a second. Far above what a table can serve, and 300 s of it fit 63 bits. */
#define THROUGHPUT_RATE_MAX UINT64_C(1000000000)

/* What holds for one kind of requests of a table. */
struct throughput_limit {
    uint64_t
        table; /* its id: random but for the highest bit, which another table never differs in alone */
    enum throughput_kind kind;
    uint64_t rate;     /* half units a second: 1..THROUGHPUT_RATE_MAX */
    uint64_t revision; /* of the table's definition: of two rates, the newer one holds */
};

/* An id for maps, never 0. */
static inline uint64_t throughput_id(const struct throughput_limit *limit)
{
    return limit->table << 1 | (uint64_t)limit->kind;
}
