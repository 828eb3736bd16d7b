#include "help.h"

#include <string.h>

#include "grid.h"

/* How many arguments the words of `name` match, all of them; 0 if they do not. */
static size_t match_words(const char *name, size_t count, char **arguments)
{
    for (size_t word = 0;; word++) {
        size_t length = strcspn(name, " ");
        if (word == count || strlen(arguments[word]) != length ||
            memcmp(arguments[word], name, length) != 0)
            return 0;
        if (name[length] == '\0')
            return word + 1;
        name += length + 1;
    }
}

const struct command *command_find(size_t count, char **arguments, size_t *used)
{
    *used = 0;
    size_t commands;
    const struct command *const *all = commands_all(&commands);
    for (size_t index = 0; index < commands; index++) {
        *used = match_words(all[index]->name, count, arguments);
        if (*used > 0)
            return all[index];
    }
    return NULL;
}

void help_print_all(FILE *out)
{
    fputs("Usage: cartwheel [OPTION]... COMMAND [ARGUMENT]...\n"
          "Looks after a Cartwheel cluster through any one of its nodes.\n\nCommands:\n",
          out);
    size_t commands;
    const struct command *const *all = commands_all(&commands);
    struct grid grid;
    grid_init(&grid, "lll");
    for (size_t index = 0; index < commands; index++) {
        grid_add(&grid, " ");
        grid_add(&grid, "%s", all[index]->name);
        grid_add(&grid, "%s", all[index]->summary);
    }
    grid_print(&grid, out);
    grid_deinit(&grid);
    fputs("\nOptions:\n"
          "  --endpoint URL  the node's API; else $CARTWHEEL_ENDPOINT, else http://127.0.0.1:8000\n"
          "  --json          the answer as JSON\n"
          "  --help          this text, or the command's\n"
          "\nRequests are signed when AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are set; the "
          "region\n"
          "is AWS_REGION, else AWS_DEFAULT_REGION, else us-east-1.\n"
          "\nExit codes: 0 done; 1 the cluster said no or is not healthy; 2 wrong usage; 3 no "
          "answer.\n",
          out);
}

void help_print(const struct command *command, FILE *out)
{
    fprintf(out, "Usage: cartwheel [OPTION]... %s%s%s\n\n%s.\n\n%s", command->name,
            *command->synopsis == '\0' ? "" : " ", command->synopsis, command->summary,
            command->details);
}
