/* programs: a small language for tests of conditional writes. Programs are texts, and so is the one
 * attribute of the items they work on (cluster_value): it stands for a number, or for a history.
 *
 *     add:7       the item's number and 7 (no item: 0)
 *     append:x    the item's text with x behind it
 *     if:x        the write's own value, if the item's text is x (no item: "")
 *     below:7     the write's own value, if the item's number is below 7
 *     due:x:7:9   the write's own value, if attribute x of the item is a number above 7, at most 9
 *
 * An item whose text is `stuck` cannot be added to; neither can programs be that are none of these. */
#pragma once

#include "evaluator.h"

extern const struct evaluator programs_evaluator;
