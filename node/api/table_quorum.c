#include "table.h"

#include "messages.h"

static bool parse_small(struct slice text, uint8_t *number)
{
    if (text.size != 1 || text.data[0] < '1' || text.data[0] > '0' + QUORUM_N_MAX)
        return false;
    *number = (uint8_t)(text.data[0] - '0');
    return true;
}

static const char *read_number(struct arena *arena, const struct value_node *tags, const char *name,
                               uint8_t *number, bool *given)
{
    const struct value_node *tag =
        tags == NULL ? NULL : value_node_find(tags, slice_of_string(name));
    *given = tag != NULL;
    if (tag == NULL || parse_small(tag->encoded ? value_bytes(tag->bytes) : tag->bytes, number))
        return NULL;
    return arena_printf(arena, MESSAGE_TAG_NUMBER, name, QUORUM_N_MAX);
}

static const char *read_sloppy(const struct value_node *tags, bool *sloppy)
{
    const struct value_node *tag =
        tags == NULL ? NULL : value_node_find(tags, SLICE_LITERAL("cartwheel:sloppy"));
    if (tag == NULL)
        return NULL;
    struct slice text = tag->encoded ? value_bytes(tag->bytes) : tag->bytes;
    *sloppy = slice_equal(text, SLICE_LITERAL("true"));
    if (*sloppy || slice_equal(text, SLICE_LITERAL("false")))
        return NULL;
    return MESSAGE_TAG_SLOPPY;
}

const char *quorum_of_tags(struct arena *arena, const struct value_node *tags,
                           const struct quorum *defaults, struct quorum *quorum)
{
    *quorum = *defaults;
    bool n_given, r_given, w_given;
    const char *problem = read_number(arena, tags, "cartwheel:n", &quorum->n, &n_given);
    if (problem == NULL)
        problem = read_number(arena, tags, "cartwheel:r", &quorum->r, &r_given);
    if (problem == NULL)
        problem = read_number(arena, tags, "cartwheel:w", &quorum->w, &w_given);
    if (problem == NULL)
        problem = read_sloppy(tags, &quorum->sloppy);
    if (problem != NULL)
        return problem;
    if (n_given && !w_given)
        quorum->w = (uint8_t)(quorum->n / 2 + 1);
    if (n_given && !r_given && quorum->r > quorum->n)
        quorum->r = quorum->n;
    if (quorum->r > quorum->n || quorum->w > quorum->n)
        return arena_printf(arena, MESSAGE_TAG_QUORUM, quorum->n, quorum->r, quorum->w);
    return NULL;
}
