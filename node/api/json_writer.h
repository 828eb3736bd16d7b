/* json_writer: pieces of JSON, appended to a reply. */
#pragma once

#include "bytes.h"

/* Text that is JSON already. */
void json_put_raw(struct writer *writer, const char *text);
/* A quoted, escaped string; `text` is valid UTF-8. */
void json_put_string(struct writer *writer, struct slice text);
/* `"name":`, after a comma unless an object or array begins or a name stands just before. `name`
 * needs no escapes. */
void json_put_name(struct writer *writer, const char *name);
/* The same, for names from outside. */
void json_put_key(struct writer *writer, struct slice name);
/* A comma, unless an object or array begins or a name stands just before. */
void json_put_separator(struct writer *writer);
void json_put_integer(struct writer *writer, int64_t value);
void json_put_bool(struct writer *writer, bool value);
/* Half units are the smallest: `halves` of them, as "1.5". */
void json_put_halves(struct writer *writer, uint64_t halves);
/* Milliseconds since 1970, as seconds with fraction. */
void json_put_time(struct writer *writer, uint64_t time_ms);
