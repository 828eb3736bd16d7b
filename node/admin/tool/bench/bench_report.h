/* bench_report: a result as a table, or as JSON. */
#pragma once

#include "bench_options.h"
#include "bench_result.h"

#include <stdio.h>

void bench_report_table(const struct bench_options *options, const struct bench_result *result,
                        FILE *out);
void bench_report_json(const struct bench_options *options, const struct bench_result *result,
                       FILE *out);
