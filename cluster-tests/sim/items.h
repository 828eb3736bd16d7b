/* items: the items of the tested table, and what they are used for. An item is used for a while and
 * then retired, so that its history stays short enough to be checked. */
#pragma once

#include "item.h"
#include "sim.h"

enum {
    CLIENT_TABLE_ID = 100,
    COLLECTION_ITEMS = 4, /* items of a collection, but for sets */
    VALUE_SIZE_MAX = 200
};

struct sim_item {
    enum workload workload;
    bool first; /* of its collection */
    uint32_t collection;
    uint32_t operations; /* asked so far */
    uint32_t open;       /* under way */
    uint32_t unknown;    /* of unknown outcome */
    uint64_t seen;       /* id last heard of, for conditions; 0: nothing there */
    struct version seen_version;
    uint64_t seen_at_version; /* the id under `seen_version` */
    struct buffer *key;       /* encoded */
};

struct items {
    const struct sim_options *options;
    struct sim_item *all;
    uint32_t count;
    uint32_t capacity;
    uint32_t collections;                       /* numbers used so far */
    uint32_t current[WORKLOADS][SIM_SLOTS_MAX]; /* items in use; of sets the newest element */
};

/* The id of the table that holds them, and what it is like. */
uint64_t items_table_id(const struct sim_options *options);
/* Number of the local index by the attribute "v", in which each write moves an item. */
enum { ITEMS_INDEX_OF_VALUES = 1 };
struct table_schema items_schema(const struct sim_options *options);

void items_init(struct items *items, const struct sim_options *options);
void items_deinit(struct items *items);
/* The item in use at a slot; a set's is one that nobody has used before. */
uint32_t items_use(struct items *items, enum workload workload, uint32_t slot);
/* Retires the item at a slot, or the set, once it has been used enough. */
void items_retire_used(struct items *items, enum workload workload, uint32_t slot);
struct slice items_key(const struct items *items, uint32_t item);
uint32_t items_partition(const struct items *items, uint32_t item);

/* The value that write `id` puts, as an encoded item: one attribute, "v", a string that begins with
 * the id and is as long as the id makes it. */
void value_write(struct writer *writer, uint64_t id);
/* That attribute's value alone. */
void value_write_attribute(struct writer *writer, uint64_t id);
/* The id in such an item; 0 if it is none, byte for byte. */
uint64_t value_id(struct slice item);
/* The number in attribute "n"; 0, and false, if there is none. */
bool value_counter(struct slice item, uint64_t *number);
/* The numbers in the list in attribute "l", at most `max`; how many there are. */
uint32_t value_list(struct slice item, uint64_t *numbers, uint32_t max);
