/* daemon: puts a node together from its parts, runs it until it is told to stop, takes it apart. */
#pragma once

#include "config.h"

/* Runs to the end; returns the process's exit status. */
int daemon_run(const struct config *config);
