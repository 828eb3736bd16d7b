#include "frame_stream.h"

/* Frames that arrive whole are not copied; the others are put together here. */

void frame_stream_init(struct frame_stream *stream, bool control)
{
    *stream = (struct frame_stream){.control = control};
}

void frame_stream_deinit(struct frame_stream *stream)
{
    writer_deinit(&stream->gathered);
}

static struct slice take(struct slice *bytes, size_t size)
{
    struct slice taken = slice_of(bytes->data, size);
    *bytes = slice_of(bytes->data + size, bytes->size - size);
    return taken;
}

/* False while fewer than `size` bytes are gathered. */
static bool gather(struct frame_stream *stream, struct slice *bytes, size_t size)
{
    size_t have = stream->gathered.size;
    if (have < size) {
        size_t missing = size - have;
        writer_put_slice(&stream->gathered,
                         take(bytes, bytes->size < missing ? bytes->size : missing));
    }
    return stream->gathered.size >= size;
}

static enum frame_result check(struct frame_stream *stream, struct slice bytes)
{
    struct frame decoded;
    enum frame_result result = frame_decode(bytes, &decoded);
    if (result == FRAME_OK && frame_is_control(decoded.header.type) != stream->control)
        return FRAME_BAD;
    return result;
}

/* The size is refused by its header alone, before memory is spent on it. */
static enum frame_result next_gathered(struct frame_stream *stream, struct slice *bytes,
                                       struct slice *frame)
{
    size_t size;
    if (!gather(stream, bytes, FRAME_HEADER_SIZE))
        return FRAME_INCOMPLETE;
    enum frame_result result = frame_size(writer_slice(&stream->gathered), &size);
    if (result != FRAME_OK)
        return result;
    if (!gather(stream, bytes, size))
        return FRAME_INCOMPLETE;
    *frame = writer_slice(&stream->gathered);
    stream->handed_out = true;
    return check(stream, *frame);
}

enum frame_result frame_stream_next(struct frame_stream *stream, struct slice *bytes,
                                    struct slice *frame)
{
    size_t size;
    *frame = SLICE_EMPTY;
    if (stream->handed_out) {
        /* A rare large frame must not keep its memory. */
        writer_deinit(&stream->gathered);
        stream->handed_out = false;
    }
    if (bytes->size == 0)
        return FRAME_INCOMPLETE;
    if (stream->gathered.size > 0)
        return next_gathered(stream, bytes, frame);
    enum frame_result result = frame_size(*bytes, &size);
    if (result == FRAME_INCOMPLETE || (result == FRAME_OK && bytes->size < size))
        return next_gathered(stream, bytes, frame);
    if (result != FRAME_OK)
        return result;
    *frame = take(bytes, size);
    return check(stream, *frame);
}
