/* peer_link: this shard's own connections to the other members, which carry its frames there: two
 * per member, one for data and one for control. Dialled with back-off until the member is removed. The peer is "up"
 * while both are.
 *
 *   WAITING -> RESOLVING -> CONNECTING -> SHAKING -> UP -> WAITING ...   (any failure: WAITING) */
#pragma once

#include "bytes.h"
#include "membership.h"
#include "version.h"

struct shard;
struct peer_links;

struct peer_links *peer_links_new(struct shard *shard);
void peer_links_free(struct peer_links *links);
/* Dials every member but this node that is not dialled yet, lets go of those that were removed, and
 * dials anew whose address changed. To be called at the start, and after each change of
 * membership_version(), from outside its own callbacks. */
void peer_links_follow(struct peer_links *links, const struct membership *membership);
/* Queues the frame for the member, and takes the reference. Without a link, or with its queue full,
 * the frame is dropped: a transport may lose frames. Never calls back. */
void peer_links_send(struct peer_links *links, node_id to, struct buffer *frame);
/* Hands to the sockets what was queued in this turn. True if a link broke, which the node was told.
 */
bool must_check peer_links_flush(struct peer_links *links);
