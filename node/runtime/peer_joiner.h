/* peer_joiner: the seed's side of joining.h: a connection of somebody who has the secret and is no
 * member, asks to become one, and is answered. */
#pragma once

#include "frame.h"

struct peer_inbound;

/* A whole frame came on it. False if it is to be closed. */
bool must_check peer_joiner_take(struct peer_inbound *inbound, struct slice frame);
/* It ends. */
void peer_joiner_close(struct peer_inbound *inbound);
