/* fuzz: what every fuzz target uses. A target is one file, fuzz_<name>.c, with libFuzzer's entry
 * point: it is given bytes, and aborts, by ensure(), where what must hold does not. Bytes are either
 * what a decoder gets, or choices (`struct draws`) of which a generator makes something that gets
 * past the first check. */
#pragma once

#include <yyjson.h>

#include "arena.h"
#include "item_build.h"

/* Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Choices not yet used up. At the end of the input all are 0. C leaves open in which order arguments
 * are worked out: no two draws in one expression, or a corpus means something else elsewhere. */
struct draws {
    struct slice left;
};

uint8_t draw_byte(struct draws *draws);
/* In [0, bound); 0 < bound <= 65,536. */
uint32_t draw_below(struct draws *draws, uint32_t bound);
bool draw_bool(struct draws *draws);
uint64_t draw_u64(struct draws *draws);
/* At most `size_max` bytes, borrowed; their number is drawn. */
struct slice draw_bytes(struct draws *draws, uint32_t size_max);
/* All that is left. */
struct slice draw_rest(struct draws *draws);
/* One of a table of strings, by `table` and its length. */
const char *draw_one(struct draws *draws, const char *const *table, size_t count);
#define DRAW_ONE(draws, table) draw_one((draws), (table), array_size(table))

/* Text of a number that decimal_parse() takes. */
struct slice draw_number(struct draws *draws, struct arena *arena);
/* A value that may be written, with up to `depth` levels of lists and maps; and an item with up to
 * `count_max` attributes. Encoded, in the arena. */
struct slice draw_value(struct draws *draws, struct arena *arena, unsigned depth);
struct slice draw_item(struct draws *draws, struct arena *arena, unsigned depth,
                       unsigned count_max);

/* What was written, in the arena; the writer is gone. */
struct slice writer_take(struct writer *writer, struct arena *arena);
/* Encodes a map that is finished, in the arena. */
struct slice encode_item(struct arena *arena, const struct value_node *map);

/* What a client is told is some text, in UTF-8. */
void check_problem(const char *problem);

/* Parses JSON into the arena; NULL if it is none. */
yyjson_val *json_parse(struct arena *arena, struct slice text);
/* The encoded value, or item, that JSON with single quotes for double ones stands for. */
struct slice value_of_json(struct arena *arena, const char *text);
struct slice item_of_json(struct arena *arena, const char *text);
/* JSON with single quotes for double ones. */
yyjson_val *json_quoted(struct arena *arena, const char *text);
