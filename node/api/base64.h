/* base64: binary values as JSON carries them (RFC 4648, section 4, always padded). */
#pragma once

#include "arena.h"

/* NULL if `text` is canonical base64, else what is wrong with it, in the arena. */
const char *base64_check(struct arena *arena, struct slice text);
/* Decodes canonical base64 into the arena. */
struct slice base64_decode(struct arena *arena, struct slice text);
void base64_encode(struct writer *writer, struct slice bytes);
