/* frame_stream: cuts the bytes of a peer's connection into frames, however they arrive. */
#pragma once

#include "frame.h"

struct frame_stream {
    bool control;           /* the kind of frames that this connection may carry */
    struct writer gathered; /* a frame of which not all has arrived */
    bool handed_out;        /* the gathered frame was returned by the last call */
};

void frame_stream_init(struct frame_stream *stream, bool control);
void frame_stream_deinit(struct frame_stream *stream);
/* Takes bytes off the front of `bytes`. FRAME_OK: `frame` is one whole frame, its checksum good;
 * valid until the next call and while the bytes stand. FRAME_INCOMPLETE: all bytes were taken.
 * Else: close the connection. */
enum frame_result must_check frame_stream_next(struct frame_stream *stream, struct slice *bytes,
                                               struct slice *frame);
