/* event_embed: libevent's struct event, for embedding. Its header needs BSD's LIST_HEAD, which is
 * another one than that of list.h. */
#pragma once

#pragma push_macro("LIST_HEAD")
#undef LIST_HEAD
#include <event2/event.h>
#include <event2/event_struct.h>
#pragma pop_macro("LIST_HEAD")
