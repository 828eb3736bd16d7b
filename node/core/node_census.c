/* What a node does with its census: votes or refuses to, and notes on disk whether it can be
 * trusted. */
#include "meta.h"
#include "node_internal.h"
#include "probe.h"

static void on_amnesia_noted(struct store_op *op);

void node_init_census(struct node *node, const struct boot *boot)
{
    uint16_t shard = node->config.shard;
    votes_init(&node->replica.votes, shard, boot->votes[shard]);
    node->outbox.votes = &node->replica.votes.durable;
    heard_init(&node->heard, &node->outbox, &node->timers, node->ports.store, node->ports.log);
    census_init(&node->census, boot, &node->outbox, &node->members, &node->timers, &node->heard,
                &node->replica.votes, node->config.lossy, node->ports.log);
    node->replica.recovering = census_forbids_votes(&node->census);
    node->machine_to_note = shard == 0 && !boot->resumed ? boot->machine : 0;
    store_commit_init(&node->amnesia_commit, on_amnesia_noted);
}

/* Whether or not the disk had room: the node stops. */
static void on_amnesia_noted(struct store_op *op)
{
    container_of(op, struct node, amnesia_commit.op)->failure = boot_amnesia;
}

static void note_amnesia(struct node *node)
{
    uint64_t yes = __builtin_bswap64(1);
    node->amnesia_noted = true;
    store_batch_put(&node->amnesia_commit.batch, STORE_META, META_AMNESIA,
                    slice_of(&yes, sizeof(yes)));
    store_submit(node->ports.store, &node->amnesia_commit.op);
}

void node_follow_census(struct node *node)
{
    enum census_state state = node->census.state;
    node->replica.recovering = census_forbids_votes(&node->census);
    if (state == CENSUS_BEHIND && !node->amnesia_noted)
        note_amnesia(node);
    if (state != CENSUS_DONE || node->machine_to_note == 0)
        return;
    /* Not before: a process that dies while it recovers must recover in its next life too. */
    PROBE("census: the machine had restarted, and the node is trusted again");
    node_commit_meta(node, META_MACHINE, node->machine_to_note);
    node->machine_to_note = 0;
}

const char *node_failure(const struct node *node)
{
    return node->failure;
}
