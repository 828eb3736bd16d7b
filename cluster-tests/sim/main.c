/* cartwheel-sim: runs seeds. See docs/testing.md. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

static const char usage[] =
    "usage: cartwheel-sim [--seed S | --seeds FIRST COUNT] [--verbose] [--twice] [--mutant NAME]\n"
    "\n"
    "Runs simulated clusters. A run is repeated exactly by its seed; its event hash is the last "
    "line.\n"
    "  --seed S              one run, with its options and figures\n"
    "  --seeds FIRST COUNT   COUNT runs from seed FIRST on; the last line counts passed and "
    "failed\n"
    "  --verbose             every event, for --seed\n"
    "  --twice               each seed twice: the event hashes must be equal\n"
    "  --mutant NAME         plant a fault that a checker must catch; succeeds at the first seed "
    "that fails\n";

struct arguments {
    uint64_t first;
    uint64_t count;
    bool verbose;
    bool twice;
    enum mutant mutant;
};

static bool parse_mutant(const char *name, enum mutant *mutant)
{
    for (int i = 0; i < MUTANTS; i++) {
        if (strcmp(mutant_name((enum mutant)i), name) == 0) {
            *mutant = (enum mutant)i;
            return true;
        }
    }
    fprintf(stderr, "unknown mutant %s; there are", name);
    for (int i = 1; i < MUTANTS; i++)
        fprintf(stderr, " %s", mutant_name((enum mutant)i));
    fprintf(stderr, "\n");
    return false;
}

static bool parse(int argc, char **argv, struct arguments *arguments)
{
    *arguments = (struct arguments){.first = 1, .count = 1};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--verbose") == 0) {
            arguments->verbose = true;
        } else if (strcmp(argv[i], "--twice") == 0) {
            arguments->twice = true;
        } else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
            arguments->first = strtoull(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--seeds") == 0 && i + 2 < argc) {
            arguments->first = strtoull(argv[++i], NULL, 10);
            arguments->count = strtoull(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--mutant") == 0 && i + 1 < argc) {
            if (!parse_mutant(argv[++i], &arguments->mutant))
                return false;
        } else {
            fputs(usage, strcmp(argv[i], "--help") == 0 ? stdout : stderr);
            return false;
        }
    }
    return true;
}

static void run(const struct arguments *arguments, uint64_t seed, struct sim_result *result)
{
    struct sim_options options;
    sim_options_draw(&options, seed);
    options.verbose = arguments->verbose;
    options.mutant = arguments->mutant;
    options.durable = arguments->mutant != MUTANT_UNSYNCED;
    if (arguments->count == 1)
        printf("seed %" PRIu64
               ": %u nodes, %u shards, %u partitions, N=%u R=%u W=%u%s, %u clients, %u keys\n",
               seed, options.nodes, options.shards, options.partitions, options.quorum.n,
               options.quorum.r, options.quorum.w, options.quorum.sloppy ? " sloppy" : "",
               options.clients, options.keys);
    sim_run(&options, result);
    if (!arguments->twice || !result->passed)
        return;
    struct sim_result again;
    sim_run(&options, &again);
    if (again.hash != result->hash) {
        result->passed = false;
        snprintf(result->failure, sizeof(result->failure),
                 "two runs differ: %016" PRIx64 " and %016" PRIx64, result->hash, again.hash);
    }
}

static int run_one(const struct arguments *arguments)
{
    struct sim_result result;
    run(arguments, arguments->first, &result);
    printf("%" PRIu64 " events, %.1f simulated seconds, %" PRIu64 " crashes, %" PRIu64
           " operations, %" PRIu64 " writes acknowledged, %" PRIu64 " unknown\n",
           result.events, (double)result.simulated_us / 1e6, result.crashes, result.operations,
           result.acknowledged, result.unknown);
    printf("%s%s\n", result.passed ? "passed" : "FAILED: ", result.failure);
    printf("%016" PRIx64 "\n", result.hash);
    return result.passed ? 0 : 1;
}

/* A mutant must be caught by one of the seeds. */
static int run_mutant(const struct arguments *arguments)
{
    for (uint64_t i = 0; i < arguments->count; i++) {
        struct sim_result result;
        run(arguments, arguments->first + i, &result);
        if (!result.passed) {
            printf("mutant %s caught by seed %" PRIu64 ": %s\n", mutant_name(arguments->mutant),
                   arguments->first + i, result.failure);
            return 0;
        }
    }
    printf("mutant %s SURVIVED %" PRIu64 " seeds\n", mutant_name(arguments->mutant),
           arguments->count);
    return 1;
}

static int run_many(const struct arguments *arguments)
{
    uint64_t failed = 0, operations = 0, simulated_us = 0, unknown = 0;
    for (uint64_t i = 0; i < arguments->count; i++) {
        struct sim_result result;
        run(arguments, arguments->first + i, &result);
        operations += result.operations;
        unknown += result.unknown;
        simulated_us += result.simulated_us;
        if (!result.passed) {
            failed++;
            printf("seed %" PRIu64 " FAILED: %s\n", arguments->first + i, result.failure);
        }
    }
    printf("%.2f simulated hours, %" PRIu64 " operations, %" PRIu64 " writes of unknown outcome\n",
           (double)simulated_us / 3.6e9, operations, unknown);
    printf("%" PRIu64 " passed, %" PRIu64 " failed\n", arguments->count - failed, failed);
    return failed == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    if (!parse(argc, argv, &arguments))
        return 2;
    if (arguments.mutant != MUTANT_NONE)
        return run_mutant(&arguments);
    return arguments.count == 1 ? run_one(&arguments) : run_many(&arguments);
}
