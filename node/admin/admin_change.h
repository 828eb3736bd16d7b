/* admin_change: what POST /-/ring asks for: a JSON object with `change` ("decommission", "weight", "zone"
 * or "cancel"), `member` (its name; not of "cancel"), and `weight` or `zone`. docs/operations.md. */
#pragma once

#include "ring_change.h"

enum { ADMIN_CHANGE_SIZE_MAX = 4096 /* bytes of such a body */ };

/* Which change the body wants: its kind, and in `wanted` what ring_change.config has to hold (owned by
 * the caller in any case). NULL, or what is wrong with it (static). */
const char *must_check admin_read_change(struct slice body, enum ring_change_kind *kind,
                                         struct member_config *wanted);
/* The HTTP status of how it ended (`problem` as ring_proposal's `done` is told), and the body, which is
 * appended. */
int admin_answer_change(const char *problem, uint64_t epoch, struct writer *body);
