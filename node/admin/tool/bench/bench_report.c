#include "bench_report.h"

#include <stdlib.h>
#include <yyjson.h>

#include "grid.h"

static const struct {
    double percent;
    const char *title;
    const char *key;
} percentiles[] = {
    {50, "P50", "p50_us"},       {90, "P90", "p90_us"},          {99, "P99", "p99_us"},
    {99.9, "P99.9", "p99_9_us"}, {99.99, "P99.99", "p99_99_us"},
};

static void add_ms(struct grid *grid, uint64_t value_us)
{
    grid_add(grid, "%.3f", (double)value_us / 1000);
}

static void add_row(struct grid *grid, const char *name, const struct histogram *latencies)
{
    grid_add(grid, "%s", name);
    grid_add(grid, "%llu", (unsigned long long)latencies->count);
    add_ms(grid, histogram_mean(latencies));
    for (size_t i = 0; i < array_size(percentiles); i++)
        add_ms(grid, histogram_percentile(latencies, percentiles[i].percent));
    add_ms(grid, latencies->max);
}

void bench_report_table(const struct bench_options *options, const struct bench_result *result,
                        FILE *out)
{
    struct grid grid;
    grid_init(&grid, "lrrrrrrrr");
    static const char *const titles[] = {"LATENCY IN MS", "COUNT", "MEAN"};
    for (size_t i = 0; i < array_size(titles); i++)
        grid_add(&grid, "%s", titles[i]);
    for (size_t i = 0; i < array_size(percentiles); i++)
        grid_add(&grid, "%s", percentiles[i].title);
    grid_add(&grid, "MAX");
    for (unsigned i = 0; i < BENCH_OPERATIONS; i++) {
        if (result->latencies[i].count > 0)
            add_row(&grid, bench_operation_name((enum bench_operation)i), &result->latencies[i]);
    }
    grid_print(&grid, out);
    grid_deinit(&grid);
    fprintf(out,
            "\n%s, %s keys, %llu connections: %.0f requests a second, %llu done, %llu failed\n",
            options->workload->name, bench_distribution_name(options->distribution),
            (unsigned long long)options->connections, bench_result_rate(result),
            (unsigned long long)result->done, (unsigned long long)result->failed);
    if (result->absent > 0)
        fprintf(out, "%llu gets found no item\n", (unsigned long long)result->absent);
    for (size_t i = 0; i < result->failures_count; i++)
        fprintf(out, "failed: %llu %s\n", (unsigned long long)result->failures[i].count,
                result->failures[i].name);
}

static yyjson_mut_val *latencies_json(yyjson_mut_doc *json, const struct histogram *latencies)
{
    yyjson_mut_val *object = yyjson_mut_obj(json);
    yyjson_mut_obj_add_uint(json, object, "count", latencies->count);
    yyjson_mut_obj_add_uint(json, object, "mean_us", histogram_mean(latencies));
    for (size_t i = 0; i < array_size(percentiles); i++)
        yyjson_mut_obj_add_uint(json, object, percentiles[i].key,
                                histogram_percentile(latencies, percentiles[i].percent));
    yyjson_mut_obj_add_uint(json, object, "max_us", latencies->max);
    return object;
}

static void add_summary(yyjson_mut_doc *json, yyjson_mut_val *root,
                        const struct bench_options *options, const struct bench_result *result)
{
    yyjson_mut_obj_add_str(json, root, "workload", options->workload->name);
    yyjson_mut_obj_add_str(json, root, "distribution",
                           bench_distribution_name(options->distribution));
    yyjson_mut_obj_add_uint(json, root, "connections", options->connections);
    yyjson_mut_obj_add_uint(json, root, "threads", options->threads);
    yyjson_mut_obj_add_uint(json, root, "rate_wanted", options->rate);
    yyjson_mut_obj_add_uint(json, root, "keys", options->keys);
    yyjson_mut_obj_add_real(json, root, "seconds",
                            (double)(result->end_us - result->begin_us) / 1e6);
    yyjson_mut_obj_add_real(json, root, "rate", bench_result_rate(result));
    yyjson_mut_obj_add_uint(json, root, "done", result->done);
    yyjson_mut_obj_add_uint(json, root, "failed", result->failed);
    yyjson_mut_obj_add_uint(json, root, "absent", result->absent);
}

void bench_report_json(const struct bench_options *options, const struct bench_result *result,
                       FILE *out)
{
    yyjson_mut_doc *json = yyjson_mut_doc_new(NULL);
    yyjson_mut_val *root = yyjson_mut_obj(json);
    yyjson_mut_doc_set_root(json, root);
    add_summary(json, root, options, result);
    yyjson_mut_val *failures = yyjson_mut_obj_add_obj(json, root, "failures");
    for (size_t i = 0; i < result->failures_count; i++)
        yyjson_mut_obj_add_uint(json, failures, result->failures[i].name,
                                result->failures[i].count);
    yyjson_mut_val *operations = yyjson_mut_obj_add_obj(json, root, "operations");
    for (unsigned i = 0; i < BENCH_OPERATIONS; i++) {
        if (result->latencies[i].count > 0)
            yyjson_mut_obj_add_val(json, operations, bench_operation_name((enum bench_operation)i),
                                   latencies_json(json, &result->latencies[i]));
    }
    char *text = yyjson_mut_write(json, 0, NULL);
    ensure(text != NULL);
    fprintf(out, "%s\n", text);
    free(text);
    yyjson_mut_doc_free(json);
}
