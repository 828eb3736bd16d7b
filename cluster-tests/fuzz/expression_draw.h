/* expression_draw: texts of expressions, made of choices by the grammar of expression_parser.h, so
 * that most of them parse. */
#pragma once

#include "document_path.h"
#include "expression_substitutes.h"
#include "fuzz.h"

/* Substitutes that the texts use, and some that they do not. */
struct expression_context expression_draw_context(struct arena *arena);
/* An item that has something of everything that the texts name; or one drawn; or none (empty). */
struct slice expression_draw_item(struct draws *draws, struct arena *arena);

/* The path has no index of a list. */
bool expression_by_name(const struct document_path *path);

/* Each is appended to `text`. */
void expression_draw_path(struct draws *draws, struct writer *text);
void expression_draw_condition(struct draws *draws, struct writer *text);
void expression_draw_update(struct draws *draws, struct writer *text);
void expression_draw_projection(struct draws *draws, struct writer *text);
void expression_draw_key_condition(struct draws *draws, struct writer *text);

/* The text of the input: after a 'T' as it stands, else made by `make`, and now and then with one
 * byte changed; valid UTF-8, as in JSON. What is left is for more choices. */
struct slice expression_draw_text(struct draws *draws, struct arena *arena,
                                  void (*make)(struct draws *draws, struct writer *text));
