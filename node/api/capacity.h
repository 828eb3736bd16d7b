/* capacity: what an operation would consume (Amazon DynamoDB Developer Guide, "DynamoDB throughput
 * capacity"), counted in half units, the smallest there are. */
#pragma once

#include "bytes.h"
#include "shape.h"

/* 4 KB begun: one unit, or half of one for an eventually consistent read. Nothing counts as one. */
uint64_t capacity_of_read(uint64_t size, bool consistent);
/* 1 KB begun: one unit. Nothing counts as one. */
uint64_t capacity_of_write(uint64_t size);

/* The ReturnConsumedCapacity of the request. */
enum capacity_wanted { CAPACITY_NONE, CAPACITY_TOTAL, CAPACITY_INDEXES };
enum capacity_wanted capacity_wanted(yyjson_val *input);
/* The ConsumedCapacity object of one table. */
void capacity_put(struct writer *writer, enum capacity_wanted wanted, struct slice table,
                  uint64_t halves);
/* The same as the member "ConsumedCapacity", if it is wanted. */
void capacity_put_member(struct writer *writer, enum capacity_wanted wanted, struct slice table,
                         uint64_t halves);
