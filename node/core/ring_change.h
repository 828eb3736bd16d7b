/* ring_change: a change of the ring as an operator words it, by names, or a node that wants to join. It
 * becomes a step for whichever ring it meets (ring_proposer.h); what follows from the step, whoever
 * drives sees to (ring_driver.h). */
#pragma once

#include "ring_proposer.h"

enum ring_change_kind {
    RING_CHANGE_JOIN,         /* config, id; with `replaces`, in the places of that member */
    RING_CHANGE_DECOMMISSION, /* config.name */
    RING_CHANGE_WEIGHT,       /* config.name, config.weight */
    RING_CHANGE_ZONE,         /* config.name, config.zone */
    RING_CHANGE_ADDRESS,      /* config.name, config.address */
    RING_CHANGE_CANCEL
};

struct ring_change {
    struct ring_proposal proposal; /* its `done` is the caller's */
    enum ring_change_kind kind;
    struct member_config config; /* owned; strings that the kind does not need are NULL */
    char *replaces;              /* owned; NULL: nobody */
    node_id id;
};

/* Why a change was not made although nothing is wrong: the node is a member already, or the member is
 * as is wanted. For comparing with the `problem` of `done`. */
extern const char ring_change_made_before[];
/* Why a node cannot join now: it has to wait. */
extern const char ring_change_leaves[];

/* All empty but the kind; who makes the change fills in the rest. */
void ring_change_init(struct ring_change *change, enum ring_change_kind kind,
                      void (*done)(struct ring_proposal *proposal, const char *problem));
void ring_change_deinit(struct ring_change *change);
