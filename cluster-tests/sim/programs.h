/* programs: what clients of the simulation ask for by way of conditions and updates. */
#pragma once

#include "bytes.h"
#include "evaluator.h"

/* v = the value of write `id`; for 0: attribute_not_exists(v). */
void programs_condition(struct writer *writer, uint64_t id);
/* ADD n :amount */
void programs_add(struct writer *writer, uint64_t amount);
/* SET l = list_append(if_not_exists(l, :empty), :element) */
void programs_append(struct writer *writer, uint64_t element);
const struct evaluator *programs_evaluator(void);
