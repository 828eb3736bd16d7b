/* program_case: items and programs as text, for tests of what programs make of items. */
#pragma once

#include "arena.h"
#include "evaluator.h"

/* The memory of a test, made before it and freed after it. */
extern struct arena arena;
void program_case_setup(void);
void program_case_teardown(void);

/* An encoded item out of JSON in which single quotes stand for double ones; and back. */
struct slice item_of(const char *text);
const char *text_of(struct slice item);

/* An item with something of everything: a 5, b "bin", e "", five 5, l [1,2,3], m {x 1, y {z [1,
 * {w 2}]}}, neg -3, ns {1, 2}, pk "k", s "str", ss {"x", "y"}, t true, u of all lengths of UTF-8,
 * z null. */
struct slice item_of_everything(void);
/* Compiles the texts, either of which may be empty, with a choice of values. */
struct slice program_of(const char *condition, const char *update, struct writer *program);
/* Compiles and runs them on the item, NULL for none. */
enum evaluation run_program(const char *condition, const char *update, const struct slice *item,
                            struct writer *out);
