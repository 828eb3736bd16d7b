/* bench_table: the table that a load is made of: looked up, created, deleted. */
#pragma once

#include "bench_options.h"
#include "tool.h"

/* Creates the table, and waits until it is active, unless there is one of that name already;
 * `created` tells. Explains failures on standard error. */
enum tool_exit must_check bench_table_create(const struct tool *tool,
                                             const struct bench_options *options, bool *created);
/* Waits until it is gone. */
enum tool_exit must_check bench_table_delete(const struct tool *tool,
                                             const struct bench_options *options);
