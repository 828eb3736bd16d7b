#include "commands.h"

/* The node answers anybody who asks for its health, without a signature. */
static enum tool_exit run(struct tool *tool, size_t count, char **arguments)
{
    (void)count;
    (void)arguments;
    struct http_exchange exchange = {.method = "GET", .path = "/"};
    bool answered = http_client_exchange(&tool->endpoint, &exchange);
    bool healthy = answered && exchange.status == 200;
    if (!answered)
        fprintf(stderr, "cartwheel: %s: %s\n", tool->url, exchange.problem);
    else if (!healthy)
        fprintf(stderr, "cartwheel: %s: HTTP status %d\n", tool->url, exchange.status);
    else
        puts(tool->json ? "{\"healthy\":true}" : "healthy");
    writer_deinit(&exchange.reply);
    if (!answered)
        return TOOL_UNREACHABLE;
    return healthy ? TOOL_OK : TOOL_REFUSED;
}

const struct command command_health = {
    .name = "health",
    .synopsis = "",
    .summary = "whether the node at the endpoint serves requests",
    .details =
        "Needs no keys, and says nothing of the other members: for supervisors and balancers.\n",
    .run = run,
};
