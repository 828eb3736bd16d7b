/* gossip_internal: what gossip.c (probes and rounds) and rumours.c (what is said and believed)
 * share. */
#pragma once

#include "cartwheel.pb-c.h"
#include "gossip.h"

static inline uint64_t gossip_now_us(const struct gossip *gossip)
{
    return gossip->outbox->now.monotonic_us;
}

static inline struct address gossip_address(const struct gossip *gossip, size_t index)
{
    return (struct address){gossip->members->entries[index].member.id, 0, 0};
}

/* The member's, made if there is none yet. */
struct gossip_peer *gossip_peer(struct gossip *gossip, size_t index);
/* How often news of it is still to be passed on. */
uint32_t gossip_transmits_left(const struct gossip *gossip, size_t index);
/* Sends news to a member: of itself first if it is thought dead or suspect (Lifeguard's buddy
 * system: it can refute at once), of this node, then what still needs spreading. With `everything`,
 * of all members. */
void rumours_send(struct gossip *gossip, size_t to, enum frame_type type, uint64_t request_id,
                  bool everything);
/* The same, answering `header`. */
void rumours_reply(struct gossip *gossip, const struct frame_header *header, enum frame_type type,
                   bool everything);
/* All that is believed, to a sibling shard of this node. */
void rumours_share(struct gossip *gossip, uint16_t shard);
/* Believes what outranks what is known. False if malformed. */
bool must_check rumours_apply(struct gossip *gossip, const Cartwheel__News *news);
/* Own observation: its handshake said that it lives, in that incarnation. */
void rumours_met(struct gossip *gossip, size_t index, uint64_t incarnation);
/* Own observation: a probe failed. */
void rumours_suspect(struct gossip *gossip, size_t index);
/* Marks news of a member for spreading. */
void rumours_spread(struct gossip *gossip, size_t index);
/* Fired by gossip_peer.suspicion. */
void rumours_on_suspicion_timeout(struct timer *timer, uint64_t now_us);
