/* expression_image: a parsed expression that outlives its request, apart from the values: a tree laid
 * flat, of which each request with the same texts takes a copy with its own values. */
#pragma once

#include "expression.h"
#include "expression_substitutes.h"

/* What the parser makes of one text; what the kind of expression does not have is empty. */
struct parsed_expression {
    struct expression *condition;
    struct projection_paths projection;
    struct update_expression update;
};

/* The texts that names in an expression are parts of: the same bytes in whatever request. */
struct expression_texts {
    struct slice expression;
    struct slice names; /* holds what the name substitutes mean */
};

struct expression_image;

/* In one piece of memory, for the caller to free(); borrows nothing. The values in the expression are
 * those of the context, and its names are parts of the texts. `size` is of that memory. */
struct expression_image *expression_image_new(const struct parsed_expression *parsed,
                                              const struct expression_context *context,
                                              const struct expression_texts *texts, size_t *size);
/* A copy in the context's arena with the context's values, whose keys and types are those of the
 * context that the image was made with; borrows from `texts`. Returns NULL, or the message of what is
 * wrong with the values. */
const char *must_check expression_image_copy(const struct expression_image *image,
                                             const struct expression_context *context,
                                             const struct expression_texts *texts,
                                             struct parsed_expression *parsed);
