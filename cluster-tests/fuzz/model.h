/* model: what a table does, in the simplest way: a short array of items in the order of their keys,
 * each with few attributes. Stands beside a node, which must give the same answers (after ShardStore:
 * Bornholt et al., "Using Lightweight Formal Methods to Validate a Key-Value Storage Node in Amazon
 * S3", SOSP 2021). Answers are whole JSON texts. */
#pragma once

#include "arena.h"

enum { MODEL_PARTITIONS = 3, MODEL_SORTS = 5, MODEL_ITEMS = MODEL_PARTITIONS * MODEL_SORTS };

/* An item: n is a number, s a string, ss a set of the letters a to h. */
struct model_item {
    bool exists;
    bool has_number;
    long number;
    const char *string; /* NULL: absent; borrowed */
    uint8_t letters;    /* 0: absent */
};

struct model {
    struct model_item items[MODEL_ITEMS]; /* by partition, then by sort key */
};

/* In ascending order, as JSON texts of N. */
extern const char *const model_sorts[MODEL_SORTS];
extern const char *const model_partitions[MODEL_PARTITIONS];

enum model_condition {
    MODEL_ANY,       /* no condition */
    MODEL_EXISTS,    /* attribute_exists(pk) */
    MODEL_ABSENT,    /* attribute_not_exists(pk) */
    MODEL_LESS,      /* n < :n */
    MODEL_HAS_LETTER /* contains(ss, :l) */
};

enum model_update {
    MODEL_SET_STRING, /* SET s = :s */
    MODEL_REMOVE,     /* REMOVE s, n */
    MODEL_ADD_NUMBER, /* ADD n :n */
    MODEL_COUNT,      /* SET n = if_not_exists(n, :n) + :n */
    MODEL_ADD_SET,    /* ADD ss :ss */
    MODEL_DELETE_SET  /* DELETE ss :ss */
};

/* Operands of conditions and updates: :n, :s, and :ss, of which :l is the lowest. */
struct model_operands {
    long number;
    const char *string;
    uint8_t letters; /* not 0 */
};

bool model_holds(const struct model_item *item, enum model_condition condition,
                 const struct model_operands *operands);
/* Of an item that need not exist. */
void model_update(struct model_item *item, enum model_update update,
                  const struct model_operands *operands);
size_t model_count(const struct model *model);

/* JSON: a whole item; its `n` and `s` alone; its key; a set as the value of SS. */
void model_put_item(struct writer *writer, const struct model *model, size_t index);
void model_put_projected(struct writer *writer, const struct model *model, size_t index);
void model_put_key(struct writer *writer, size_t index);
void model_put_letters(struct writer *writer, uint8_t letters);
