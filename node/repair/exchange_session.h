/* exchange_session: what the steps of one session share (exchange.h). Each step asks both sides, and
 * goes on when both have answered. */
#pragma once

#include "exchange.h"

size_t exchange_side_member(const struct exchange *exchange, int side);
/* Makes a call of one side, and counts what goes over the wire. */
void exchange_send(struct exchange *exchange, struct call *call, int side, enum frame_type type,
                   enum frame_type expects, const ProtobufCMessage *body, struct slice payload);
/* The same for what was answered. */
void exchange_count_reply(struct exchange *exchange, int side, const struct frame *frame);
/* Asks both sides the same; `done` is called for each. */
void exchange_ask_both(struct exchange *exchange, call_done done, enum frame_type type,
                       enum frame_type expects, const ProtobufCMessage *body);
/* A side has answered well: keeps the payload. True if both have; a new step's time begins then. */
bool must_check exchange_answered(struct side_answer *answer, const struct frame *frame);
/* All is compared. */
void exchange_session_end(struct exchange *exchange);
/* A side did not answer, or a row could not be copied: others first, then this once more. */
void exchange_session_abort(struct exchange *exchange);

/* exchange_sums.c */
/* Compares sums, from the whole partition's down to those of leaves. */
void exchange_compare(struct exchange *exchange);
/* Goes on with the next table that differs; ends the session if there is none. */
void exchange_next_table(struct exchange *exchange);

/* exchange_keys.c */
/* Compares the keys of exchange->leaves (all, if exchange->few), then copies what differs; then the
 * next table's turn comes. */
void exchange_compare_keys(struct exchange *exchange);
/* The page's copies are done, or some failed (exchange->failed). */
void exchange_page_done(struct exchange *exchange);
/* A copy has ended: the step has as long as at its beginning. */
void exchange_progress(struct exchange *exchange);
