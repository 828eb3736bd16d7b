/* table: a table's definition: parsed, described, and what its keys and settings demand.
 *
 * A definition is an item, kept in the catalogue (catalogue.h). Its attributes:
 *   name, partition_key, partition_key_type, sort_key, sort_key_type, billing_mode,
 *   class (absent: never given), ttl_attribute (absent: items do not expire)   S
 *   id (8 bytes), on_demand_switches (table_throughput.c)   B
 *   revision, read_units, write_units, created_ms, billing_changed_ms, increased_ms,
 *   decreased_ms, decreases, max_read_units, max_write_units, warm_read_units, warm_write_units,
 *   class_changed_ms, ttl_changed_ms, n, r, w   N
 *   protected, sloppy   BOOL
 *   tags   M
 *   local_indexes   L (local_index.h) */
#pragma once

#include "arena.h"
#include "item_build.h"
#include "key.h"
#include "request.h"
#include "table_schema.h"

struct api;

enum {
    PARTITION_KEY_SIZE_MAX = 2048, /* the service's limits */
    SORT_KEY_SIZE_MAX = 1024,
    ITEM_SIZE_MAX = 400 * 1024,
    QUORUM_N_MAX = 7 /* more replicas only make writes slower: seven survive three losses */
};

struct table_key {
    struct slice name; /* empty: the table has no such key */
    enum value_type type;
};

/* A local secondary index (local_index.h). */
struct local_index {
    struct slice name;
    struct table_key sort_key;
    struct slice projection; /* "ALL", "KEYS_ONLY" or "INCLUDE" */
    struct slice attributes; /* encoded set of strings; empty: none */
};

/* Shared by reference count; slices borrow from `definition`. */
struct table {
    unsigned references;
    struct buffer *definition; /* encoded */
    struct table *next;        /* the catalogue's */

    struct slice name;
    uint64_t id;
    uint64_t revision; /* one more with every change */
    struct table_key partition_key;
    struct table_key sort_key;
    bool on_demand; /* billing mode */
    int64_t read_units;
    int64_t write_units;
    uint64_t increased_ms; /* when the units were last; 0: never */
    uint64_t decreased_ms;
    int64_t decreases;      /* on the UTC day of the last */
    int64_t max_read_units; /* on demand: no more than these in a second; 0: no limit */
    int64_t max_write_units;
    int64_t warm_read_units; /* as asked for; 0: never */
    int64_t warm_write_units;
    struct slice on_demand_switches; /* their times */
    struct slice class;              /* empty: never given */
    uint64_t class_changed_ms;       /* 0: never */
    bool protected;                  /* against deletion */
    uint64_t created_ms;
    uint64_t billing_changed_ms; /* to on-demand; 0: never */
    struct slice ttl_attribute;  /* holds when an item expires; empty: none does */
    uint64_t ttl_changed_ms;     /* when that was set or removed; 0: never */
    struct quorum quorum;
    struct slice tags; /* encoded map; empty: none */
    struct local_index indexes[LOCAL_INDEXES_MAX];
    size_t indexes_count;
};

/* NULL if the bytes are no definition. Held once by the caller. */
struct table *table_parse(struct slice definition);
struct table *table_ref(struct table *table);
/* NULL is allowed. */
void table_unref(struct table *table);

/* Writes the TableDescription object. `status` is "ACTIVE" or as DynamoDB names others. */
void table_put_description(struct writer *writer, const struct api *api, const struct table *table,
                           const char *status);

/* An element of a KeySchema; `type` is "HASH" or "RANGE". */
void table_put_key_schema(struct writer *writer, const struct table_key *key, const char *type);
/* The type that a definition names; VALUE_NONE if it is none of a key. */
enum value_type table_key_type_named(struct slice name);

/* Replaces or adds an attribute of a definition that is being built. */
void definition_put(struct value_node *definition, const char *name, struct value_node *value);
void definition_put_string(struct arena *arena, struct value_node *definition, const char *name,
                           struct slice value);
void definition_put_number(struct arena *arena, struct value_node *definition, const char *name,
                           int64_t value);
/* A number of a definition; 0 if it holds none of the name. */
int64_t definition_number(struct slice definition, const char *name);
void definition_put_quorum(struct arena *arena, struct value_node *definition,
                           const struct quorum *quorum);

/* The quorum that tags ask for (an opened map of strings; NULL: none): cartwheel:n, cartwheel:r,
 * cartwheel:w, cartwheel:sloppy; what they do not say is the default's, W a majority if N is given.
 * Returns NULL, or the ValidationException's message. */
const char *must_check quorum_of_tags(struct arena *arena, const struct value_node *tags,
                                      const struct quorum *defaults, struct quorum *quorum);

/* The key in an item, or in a map that must hold the key alone. Borrow from the nodes. Return NULL,
 * or the ValidationException's message. */
const char *must_check table_key_of_item(struct arena *arena, const struct table *table,
                                         const struct value_node *item, uint32_t partitions,
                                         struct item_key *key);
const char *must_check table_key_of_key(struct arena *arena, const struct table *table,
                                        const struct value_node *map, uint32_t partitions,
                                        struct item_key *key);
/* The same, of a map that may hold more. */
const char *must_check table_key_within(struct arena *arena, const struct table *table,
                                        const struct value_node *map, uint32_t partitions,
                                        struct item_key *key);
/* The size that the bytes of a key may have. NULL, or the ValidationException's message. */
const char *must_check table_key_check(struct arena *arena, const struct table_key *key,
                                       struct slice bytes, bool is_sort_key);
/* Writes the key of an encoded item of the table as a JSON object. */
void table_put_key(struct writer *writer, const struct table *table, struct slice item);
