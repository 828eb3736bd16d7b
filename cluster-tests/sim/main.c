/* cartwheel-sim: runs seeds. See docs/testing.md. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"
#include "sim.h"

static const char usage[] =
    "usage: cartwheel-sim [--seed S | --seeds FIRST COUNT] [options]\n"
    "\n"
    "Runs simulated clusters. A run is repeated exactly by its seed; its event hash is the last "
    "line.\n"
    "  --seed S              one run, with its options and figures\n"
    "  --seeds FIRST COUNT   COUNT runs from seed FIRST on; the last line counts passed and "
    "failed\n"
    "  --brief               runs of some seconds instead of ten minutes\n"
    "  --verbose             every event, for --seed\n"
    "  --twice               each seed twice: the event hashes must be equal\n"
    "  --mutant NAME         plant a fault that a checker must catch; succeeds at the first seed "
    "that fails\n"
    "  --mutants             lists their names\n"
    "  --without FAULT,...   without these kinds of faults, whatever the seed draws\n"
    "  --faults              lists their names\n"
    "  --operations COUNT    as many operations, whatever the seed draws\n"
    "  --probes              shows how often each marked branch was taken; fails if one never was\n"
    "  --probes-to FILE      writes that to FILE instead: count, tab, name\n";

struct arguments {
    uint64_t first;
    uint64_t count;
    bool brief;
    bool verbose;
    bool twice;
    bool list_mutants;
    bool list_faults;
    const char *without; /* names of faults, with commas between them */
    uint32_t operations; /* 0: as drawn */
    bool probes;
    const char *probes_to;
    const char *mutant_name; /* NULL: none */
    enum mutant mutant;
    enum planted_bug planted;
};

/* For on_abort(). */
static uint64_t running_seed;
static const char *running_mutant; /* NULL: none */

/* An assertion failed: says where. That is one way to catch a mutant. */
static void on_abort(int number)
{
    char text[200];
    int size =
        running_mutant == NULL
            ? snprintf(text, sizeof(text), "seed %" PRIu64 " FAILED: aborted\n", running_seed)
            : snprintf(text, sizeof(text), "mutant %s caught by seed %" PRIu64 ": aborted\n",
                       running_mutant, running_seed);
    ssize_t written = write(STDOUT_FILENO, text, (size_t)size);
    if (running_mutant != NULL && written == size)
        _exit(0);
    (void)signal(number, SIG_DFL);
}

#ifdef CARTWHEEL_TESTING
static const char *planted_name(enum planted_bug bug)
{
    static const char *const names[PLANTED_END] = {"none",
#define PLANTED_NAME(enumerator, name, what) name,
                                                   PLANTED_BUGS(PLANTED_NAME)
#undef PLANTED_NAME
    };
    return names[bug];
}
#endif

static void list_mutants(FILE *to)
{
    for (int i = 1; i < MUTANTS; i++)
        fprintf(to, "%s\n", mutant_name((enum mutant)i));
#ifdef CARTWHEEL_TESTING
    for (int i = 1; i < PLANTED_END; i++)
        fprintf(to, "%s\n", planted_name((enum planted_bug)i));
#endif
}

static bool parse_mutant(const char *name, struct arguments *arguments)
{
    arguments->mutant_name = name;
    for (int i = 1; i < MUTANTS; i++) {
        if (strcmp(mutant_name((enum mutant)i), name) == 0)
            arguments->mutant = (enum mutant)i;
    }
#ifdef CARTWHEEL_TESTING
    for (int i = 1; i < PLANTED_END; i++) {
        if (strcmp(planted_name((enum planted_bug)i), name) == 0)
            arguments->planted = (enum planted_bug)i;
    }
#endif
    if (arguments->mutant != MUTANT_NONE || arguments->planted != PLANTED_NONE)
        return true;
    fprintf(stderr, "unknown mutant %s; there are:\n", name);
    list_mutants(stderr);
    return false;
}

/* Options that stand alone; NULL if it is none. */
static bool *find_flag(struct arguments *arguments, const char *name)
{
    const struct {
        const char *name;
        bool *flag;
    } flags[] = {{"--brief", &arguments->brief},        {"--verbose", &arguments->verbose},
                 {"--twice", &arguments->twice},        {"--probes", &arguments->probes},
                 {"--faults", &arguments->list_faults}, {"--mutants", &arguments->list_mutants}};
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (strcmp(flags[i].name, name) == 0)
            return flags[i].flag;
    }
    return NULL;
}

/* False, and a message, if a name among them is none. */
static bool leave_out(struct sim_options *options, const char *faults)
{
    while (*faults != '\0') {
        size_t size = strcspn(faults, ",");
        if (!sim_options_without(options, slice_of(faults, size))) {
            fprintf(stderr, "unknown fault %.*s; see --faults\n", (int)size, faults);
            return false;
        }
        faults += size + (faults[size] == ',');
    }
    return true;
}

static bool parse(int argc, char **argv, struct arguments *arguments)
{
    *arguments = (struct arguments){.first = 1, .count = 1, .without = ""};
    for (int i = 1; i < argc; i++) {
        bool *flag = find_flag(arguments, argv[i]);
        if (flag != NULL) {
            *flag = true;
        } else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
            arguments->first = strtoull(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--seeds") == 0 && i + 2 < argc) {
            arguments->first = strtoull(argv[++i], NULL, 10);
            arguments->count = strtoull(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--operations") == 0 && i + 1 < argc) {
            arguments->operations = (uint32_t)strtoul(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--without") == 0 && i + 1 < argc) {
            arguments->without = argv[++i];
            struct sim_options none = {0};
            if (!leave_out(&none, arguments->without))
                return false;
        } else if (strcmp(argv[i], "--probes-to") == 0 && i + 1 < argc) {
            arguments->probes_to = argv[++i];
        } else if (strcmp(argv[i], "--mutant") == 0 && i + 1 < argc) {
            if (!parse_mutant(argv[++i], arguments))
                return false;
        } else {
            fputs(usage, strcmp(argv[i], "--help") == 0 ? stdout : stderr);
            return false;
        }
    }
    return true;
}

static void print_options(const struct sim_options *options)
{
    printf("seed %" PRIu64 ": %u nodes, %u shards, %u partitions, N=%u R=%u W=%u%s, %u clients, "
           "%u operations in %u bursts%s\n",
           options->seed, options->nodes, options->shards, options->partitions, options->quorum.n,
           options->quorum.r, options->quorum.w, options->quorum.sloppy ? " sloppy" : "",
           options->clients, options->operations, options->bursts,
           !sim_options_lasting(options) ? ", not lasting"
           : sim_options_strong(options) ? ""
                                         : ", last writer wins");
    printf("faults:");
    for (size_t i = 0; sim_fault_name(i) != NULL; i++) {
        if (sim_fault_value(options, i) > 0)
            printf(" %s=%" PRIu64, sim_fault_name(i), sim_fault_value(options, i));
    }
    printf("\n");
}

/* With the mutant, or without it. */
static void run_with(const struct arguments *arguments, uint64_t seed, bool mutated,
                     struct sim_result *result)
{
    struct sim_options options;
    running_seed = seed;
    sim_options_draw(&options, seed, arguments->brief);
    options.verbose = arguments->verbose && (mutated || arguments->mutant_name == NULL);
    options.mutant = mutated ? arguments->mutant : MUTANT_NONE;
    if (arguments->operations > 0)
        options.operations = arguments->operations;
    bool known = leave_out(&options, arguments->without);
    ensure(known);
    options.durable = options.durable && options.mutant != MUTANT_UNSYNCED;
#ifdef CARTWHEEL_TESTING
    planted_bug = mutated ? arguments->planted : PLANTED_NONE;
#endif
    if (arguments->count == 1 && mutated)
        print_options(&options);
    sim_run(&options, result);
}

static void run(const struct arguments *arguments, uint64_t seed, struct sim_result *result)
{
    run_with(arguments, seed, true, result);
    if (!arguments->twice || !result->passed)
        return;
    struct sim_result again;
    run_with(arguments, seed, true, &again);
    if (again.hash != result->hash) {
        result->passed = false;
        snprintf(result->failure, sizeof(result->failure),
                 "two runs differ: %016" PRIx64 " and %016" PRIx64, result->hash, again.hash);
    }
}

static void print_counts(const struct sim_counts *counts)
{
    printf("%.2f simulated hours, %" PRIu64 " events, %" PRIu64 " operations, %" PRIu64
           " checked, %" PRIu64 " writes acknowledged, %" PRIu64 " unknown\n",
           (double)counts->simulated_us / 3.6e9, counts->events, counts->operations,
           counts->checked, counts->acknowledged, counts->unknown);
    printf("%" PRIu64 " crashes, %" PRIu64 " partitions, %" PRIu64 " pauses, %" PRIu64
           " disk faults, %" PRIu64 " clock faults, %" PRIu64 " link faults\n",
           counts->crashes, counts->partitions, counts->pauses, counts->disk_faults,
           counts->clock_faults, counts->link_faults);
}

static int run_one(const struct arguments *arguments)
{
    struct sim_result result;
    run(arguments, arguments->first, &result);
    print_counts(&result.counts);
    printf("%s%s\n", result.passed ? "passed" : "FAILED: ", result.failure);
    printf("%016" PRIx64 "\n", result.hash);
    return result.passed ? 0 : 1;
}

/* A mutant must be caught by one of the seeds, which must pass without it. */
static int run_mutant(const struct arguments *arguments)
{
    for (uint64_t i = 0; i < arguments->count; i++) {
        struct sim_result result, sound;
        run(arguments, arguments->first + i, &result);
        if (result.passed)
            continue;
        run_with(arguments, arguments->first + i, false, &sound);
        if (sound.passed) {
            printf("mutant %s caught by seed %" PRIu64 ": %s\n", arguments->mutant_name,
                   arguments->first + i, result.failure);
            return 0;
        }
    }
    printf("mutant %s SURVIVED %" PRIu64 " seeds\n", arguments->mutant_name, arguments->count);
    return 1;
}

static int run_many(const struct arguments *arguments)
{
    struct sim_counts sum = {0};
    uint64_t failed = 0;
    for (uint64_t i = 0; i < arguments->count; i++) {
        struct sim_result result;
        run(arguments, arguments->first + i, &result);
        sim_counts_add(&sum, &result.counts);
        if (!result.passed) {
            failed++;
            printf("seed %" PRIu64 " FAILED: %s\n", arguments->first + i, result.failure);
            fflush(stdout);
        }
    }
    print_counts(&sum);
    printf("%" PRIu64 " passed, %" PRIu64 " failed\n", arguments->count - failed, failed);
    return failed == 0 ? 0 : 1;
}

/* Hits of all probes of that name: a branch may be marked in several places. */
static uint64_t probe_hits(const struct probe *probes, size_t count, const char *name)
{
    uint64_t hits = 0;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(probes[i].name, name) == 0)
            hits += probes[i].hits;
    }
    return hits;
}

static bool first_of_name(const struct probe *probes, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(probes[i].name, probes[index].name) == 0)
            return false;
    }
    return true;
}

/* How many were never hit. */
static size_t write_probes(FILE *to)
{
    const struct probe *probes;
    size_t count = probes_all(&probes);
    size_t missed = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t hits = probe_hits(probes, count, probes[i].name);
        if (!first_of_name(probes, i))
            continue;
        fprintf(to, "%" PRIu64 "\t%s\n", hits, probes[i].name);
        missed += hits == 0;
    }
    return missed;
}

/* The exit status. */
static int report_probes(const struct arguments *arguments)
{
    if (arguments->probes_to != NULL) {
        FILE *file = fopen(arguments->probes_to, "w");
        if (file == NULL) {
            perror(arguments->probes_to);
            return 1;
        }
        (void)write_probes(file);
        return fclose(file) == 0 ? 0 : 1;
    }
    size_t missed = arguments->probes ? write_probes(stdout) : 0;
    if (missed > 0)
        printf("%zu probes were never hit\n", missed);
    return missed == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    if (!parse(argc, argv, &arguments))
        return 2;
    if (arguments.list_mutants) {
        list_mutants(stdout);
        return 0;
    }
    if (arguments.list_faults) {
        for (size_t i = 0; sim_fault_name(i) != NULL; i++)
            puts(sim_fault_name(i));
        return 0;
    }
    running_mutant = arguments.mutant_name;
    (void)signal(SIGABRT, on_abort);
    if (arguments.mutant_name != NULL)
        return run_mutant(&arguments);
    int status = arguments.count == 1 ? run_one(&arguments) : run_many(&arguments);
    int probes = report_probes(&arguments);
    return status != 0 ? status : probes;
}
