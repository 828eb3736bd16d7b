/* help: finding a command by its words, and its help text. */
#pragma once

#include <stdio.h>

#include "tool.h"

/* The command whose words the arguments begin with, or NULL; `used` is set to how many words. */
const struct command *command_find(size_t count, char **arguments, size_t *used);
void help_print_all(FILE *out);
void help_print(const struct command *command, FILE *out);
