/* projection: the parts of an item that a ProjectionExpression selects. */
#pragma once

#include "arena.h"
#include "expression.h"

/* Selected parts as a tree: members of one container, in their order. */
struct projection_node {
    struct path_element element;
    bool whole;                    /* all of what is found here */
    struct projection_node *first; /* else its parts */
    struct projection_node *next;
};

struct projection {
    struct projection_node root; /* the item */
};

/* The paths neither overlap nor conflict (expression_check.h); their names stay borrowed. */
void projection_init(struct projection *projection, struct arena *arena,
                     const struct projection_paths *paths);
/* Writes the selected parts of an encoded item as a JSON object. Elements taken out of a list close
 * up; containers of which nothing was found are left out. */
void projection_put_item(struct writer *writer, const struct projection *projection,
                         struct slice item);
