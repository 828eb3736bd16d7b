/* replica_page: what a range read gathers for its answer, and when it has enough. */
#pragma once

#include "operation.h"

struct replica_page {
    struct writer rows;    /* sized key, sized value; or, whole, sized key, u8 applied, sized row */
    struct writer covered; /* last key examined */
    struct writer beside;  /* whole rows of items that have no place in the range */
    uint32_t count;
    uint32_t rows_max;
    size_t bytes_max;
    size_t examined; /* bytes, of rows that do not show too */
    bool reverse;
    bool whole; /* whole rows, for merging */
};

/* As the frame asks for it. */
void replica_page_init(struct replica_page *page, const Cartwheel__Range *range);
void replica_page_deinit(struct replica_page *page);
bool replica_page_full(const struct replica_page *page);
/* Whole rows. */
void replica_page_put_row(struct replica_page *page, struct slice key, struct slice row,
                          bool applied);
/* A row that is only accepted, beside the range; in the order of the items' keys. */
void replica_page_put_beside(struct replica_page *page, struct slice key, struct slice row);
/* Values. */
void replica_page_put_value(struct replica_page *page, struct slice key, struct slice value);
/* `size` bytes were looked at to examine `key`. */
void replica_page_cover(struct replica_page *page, struct slice key, size_t size);
/* Answers and frees the work. */
void replica_page_reply(const struct replica_page *page, struct replica_work *work,
                        enum verdict verdict, bool more);
