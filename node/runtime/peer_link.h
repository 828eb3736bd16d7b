/* peer_link: this shard's own connections to the other members, which carry its frames there: two
 * per member, one for data and one for control. Dialled for ever, with back-off. The peer is "up"
 * while both are.
 *
 *   WAITING -> RESOLVING -> CONNECTING -> SHAKING -> UP -> WAITING ...   (any failure: WAITING) */
#pragma once

#include "bytes.h"
#include "version.h"

struct shard;
struct peer_links;

/* For every member but this node. Nothing is dialled yet. */
struct peer_links *peer_links_new(struct shard *shard);
void peer_links_free(struct peer_links *links);
void peer_links_start(struct peer_links *links);
/* Queues the frame for the member, and takes the reference. Without a link, or with its queue full,
 * the frame is dropped: a transport may lose frames. Never calls back. */
void peer_links_send(struct peer_links *links, node_id to, struct buffer *frame);
/* Hands to the sockets what was queued in this turn. True if a link broke, which the node was told.
 */
bool must_check peer_links_flush(struct peer_links *links);
