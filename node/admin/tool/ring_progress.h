/* ring_progress: shows how far a change of the ring is. */
#pragma once

#include "tool.h"

/* Prints a line whenever something has changed, until nothing is under way any more. Interrupting it
 * stops nothing. */
enum tool_exit must_check ring_progress_follow(struct tool *tool);
