#include "commands.h"

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "bench_report.h"
#include "bench_run.h"
#include "bench_table.h"
#include "crypto.h"

enum { ARGUMENTS_MAX = 100 };

/* A run of the command. */
struct bench {
    struct tool tool; /* its endpoint is the first one's */
    struct bench_options options;
    struct endpoint endpoints[BENCH_TARGETS_MAX];
    struct bench_address addresses[BENCH_TARGETS_MAX];
    size_t targets_count;
    _Atomic uint64_t items;
    bool created;
};

/* Set by a signal: the run ends early, and is reported. */
static atomic_bool stop;

static void on_signal(int number)
{
    (void)number;
    atomic_store(&stop, true);
}

/* A second signal ends the process at once. */
static void stop_on_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static enum tool_exit resolve(struct bench *bench, const char *url)
{
    if (bench->targets_count == BENCH_TARGETS_MAX)
        return tool_usage("at most %d endpoints", BENCH_TARGETS_MAX);
    struct endpoint *endpoint = &bench->endpoints[bench->targets_count];
    const char *wrong = endpoint_parse(endpoint, url);
    if (wrong != NULL)
        return tool_usage("the endpoint %s is not valid: %s", url, wrong);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    int problem = getaddrinfo(endpoint->host, endpoint->port, &hints, &found);
    if (problem != 0) {
        fprintf(stderr, "cartwheel: %s: cannot resolve: %s\n", url, gai_strerror(problem));
        return TOOL_UNREACHABLE;
    }
    struct bench_address *address = &bench->addresses[bench->targets_count++];
    memcpy(&address->socket, found->ai_addr, found->ai_addrlen);
    address->size = found->ai_addrlen;
    freeaddrinfo(found);
    return TOOL_OK;
}

/* The endpoints stand with commas between them. */
static enum tool_exit take_endpoints(struct bench *bench)
{
    char *urls = strdup(bench->tool.url);
    ensure(urls != NULL);
    char *rest = urls;
    enum tool_exit result = TOOL_OK;
    for (char *url = strsep(&rest, ","); url != NULL && result == TOOL_OK; url = strsep(&rest, ","))
        result = resolve(bench, url);
    free(urls);
    bench->tool.endpoint = bench->endpoints[0];
    return result;
}

static void run(struct bench *bench, const struct bench_options *options,
                struct bench_result *result)
{
    struct bench_run run = {
        .order = {.options = options,
                  .targets = bench->endpoints,
                  .targets_count = bench->targets_count,
                  .crypto = crypto_openssl(),
                  .credentials = {bench->tool.access_key, bench->tool.secret_key},
                  .region = bench->tool.region,
                  .items = &bench->items},
        .addresses = bench->addresses,
        .stop = &stop,
        .progress = options->quiet ? NULL : stderr,
    };
    bench_run(&run, result);
}

static enum tool_exit load(struct bench *bench, struct bench_result *result)
{
    struct bench_options options = bench->options;
    options.workload = bench_workload_find("load");
    options.distribution = BENCH_UNIFORM;
    options.requests = options.keys;
    options.warmup_seconds = 0;
    options.rate = 0;
    bench->items = 0;
    if (!options.quiet)
        fprintf(stderr, "loading %llu items into %s\n", (unsigned long long)options.keys,
                options.table);
    run(bench, &options, result);
    if (result->done == options.keys)
        return TOOL_OK;
    fprintf(stderr, "cartwheel: only %llu of %llu items were loaded%s%s\n",
            (unsigned long long)result->done, (unsigned long long)options.keys,
            result->failures_count > 0 ? ": " : "",
            result->failures_count > 0 ? result->failures[0].name : "");
    return TOOL_REFUSED;
}

static void report(const struct bench *bench, const struct bench_result *result)
{
    if (bench->tool.json)
        bench_report_json(&bench->options, result, stdout);
    else
        bench_report_table(&bench->options, result, stdout);
}

static enum tool_exit load_and_measure(struct bench *bench, struct bench_result *result)
{
    bool only_load = strcmp(bench->options.workload->name, "load") == 0;
    bool http = bench_workload_has(bench->options.workload, BENCH_HTTP);
    if (!http && (bench->created || bench->options.load || only_load)) {
        enum tool_exit loaded = load(bench, result);
        if (loaded != TOOL_OK)
            return loaded;
    }
    bench->items = bench->options.keys;
    if (!only_load)
        run(bench, &bench->options, result);
    report(bench, result);
    return result->failed == 0 && result->done > 0 ? TOOL_OK : TOOL_REFUSED;
}

static enum tool_exit run_on_table(struct bench *bench)
{
    enum tool_exit outcome = bench_table_create(&bench->tool, &bench->options, &bench->created);
    struct bench_result *result = malloc(sizeof(*result));
    ensure(result != NULL);
    if (outcome == TOOL_OK)
        outcome = load_and_measure(bench, result);
    free(result);
    bool only_load = strcmp(bench->options.workload->name, "load") == 0;
    if (!bench->created || bench->options.keep || (only_load && outcome == TOOL_OK))
        return outcome;
    enum tool_exit deleted = bench_table_delete(&bench->tool, &bench->options);
    return outcome == TOOL_OK ? deleted : outcome;
}

static enum tool_exit run_on_http(struct bench *bench)
{
    struct http_exchange exchange = {.method = "GET", .path = bench->options.path};
    bool answered = http_client_exchange(&bench->tool.endpoint, &exchange);
    writer_deinit(&exchange.reply);
    if (!answered) {
        fprintf(stderr, "cartwheel: %s: %s\n", bench->tool.url, exchange.problem);
        return TOOL_UNREACHABLE;
    }
    struct bench_result *result = malloc(sizeof(*result));
    ensure(result != NULL);
    enum tool_exit outcome = load_and_measure(bench, result);
    free(result);
    return outcome;
}

static enum tool_exit run_command(struct tool *tool, size_t count, char **arguments)
{
    struct bench bench = {.tool = *tool};
    char problem[128];
    const char *wrong =
        bench_options_parse(&bench.options, count, arguments, problem, sizeof(problem));
    if (wrong != NULL)
        return tool_usage("bench: %s", wrong);
    /* A server that wants a signature and does not check it takes any key. */
    if (bench.tool.access_key == NULL) {
        bench.tool.access_key = "any";
        bench.tool.secret_key = "any";
    }
    enum tool_exit result = take_endpoints(&bench);
    if (result != TOOL_OK)
        return result;
    stop_on_signals();
    bool http = bench_workload_has(bench.options.workload, BENCH_HTTP);
    return http ? run_on_http(&bench) : run_on_table(&bench);
}

const struct command command_bench = {
    .name = "bench",
    .synopsis = "WORKLOAD [OPTION]...",
    .summary = "makes load on any DynamoDB endpoint and measures it",
    .details =
        "Creates the table and loads it unless it is there, runs the workload, prints latencies,\n"
        "and deletes the table if it was created. --endpoint may name several, with commas.\n"
        "\nWorkloads:\n"
        "  a to f                 YCSB's; e's ranges are queries of 1 to 100 items of a "
        "collection\n"
        "  get get-consistent put put-if update delete insert query scan batch-get batch-write\n"
        "                         one operation; put-if has a condition that holds\n"
        "  load                   creates and loads the table, and leaves it\n"
        "  http                   a plain GET, or POST with --body, of any HTTP server\n"
        "\nLoad:\n"
        "  --connections N        64; each has one request at a time\n"
        "  --threads N            1; they share the connections\n"
        "  --rate N               open loop: so many requests a second are due, whatever the "
        "server\n"
        "                         does; latency counts from when a request was due\n"
        "  --seconds N            10; or --requests N; after --warmup N seconds (2) that do not "
        "count\n"
        "  --timeout N            15 seconds for a request; then it failed\n"
        "  --distribution D       uniform, zipfian or latest: which keys are asked for\n"
        "  --limit N              10: items that a query or a scan asks for\n"
        "  --batch N              10: items in a batch\n"
        "  --seed N               1: of all that is drawn\n"
        "  --no-sign              send a made-up signature\n"
        "\nTable:\n"
        "  --table NAME           CartwheelBench; keys are pk, and sk where collections have more\n"
        "                         than one item\n"
        "  --keys N               10000 items\n"
        "  --fields N             10 to an item, of --field-size N (100) bytes\n"
        "  --collection N         items with the same pk: 1, or 100 for queries\n"
        "  --load                 load even if the table was there\n"
        "  --keep                 do not delete the table\n"
        "  --tag KEY=VALUE        of a created table, as cartwheel:r=2\n"
        "\nOf plain HTTP:\n"
        "  --path PATH            /\n"
        "  --body TEXT            {key} in it becomes a key of 16 characters, which is good "
        "base64;\n"
        "                         {value} a text of --field-size\n"
        "\n  --quiet                no progress on standard error\n"
        "\nLatencies are those of requests that succeeded or timed out. With keys in the "
        "environment\n"
        "requests carry their signatures, without them those of a made-up key. The exit code is 1\n"
        "if any request failed.\n",
    .arguments_max = ARGUMENTS_MAX,
    .offline = true,
    .run = run_command,
};
