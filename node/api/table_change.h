/* table_change: changing a table's definition: read it, change it, write it back if nobody else has
 * meanwhile (else begin again), tell all nodes, answer. */
#pragma once

#include "operation_call.h"

struct table_change;

/* What an operation does to the definition. */
struct table_changer {
    /* Changes `definition`, an opened map of what `table` was parsed from. Returns NULL, or ends
     * the call with an error and returns a reason. */
    const char *(*change)(struct table_change *change, const struct table *table,
                          struct value_node *definition);
    /* Writes the reply; the call is then finished. `table` is the definition as it is now, or, of a
     * deleted table, as it was. */
    void (*reply)(struct table_change *change, const struct table *table);
    bool drops; /* deletes the table instead; `change` may still refuse */
};

/* Stands first in the operation's state. */
struct table_change {
    struct operation_call call;
    const struct table_changer *changer;
    struct slice name;     /* of the table */
    const char *not_found; /* message when there is no such table; NULL: the usual one */
    unsigned attempts;
    struct table *table; /* the definition read, then the one written; the call holds it */
    struct version version;
    struct slice definition; /* as written */
    struct operation_request *request;
};

/* `name` may be an ARN. */
void table_change_start(struct table_change *change, const struct table_changer *changer,
                        struct slice name);

/* Tells every shard of every member of a definition that was written, or of a table that was
 * dropped, and goes on with `step`. For CreateTable as well. */
void table_announce(struct operation_call *call, const struct table *table, struct version version,
                    bool dropped, operation_step step);
