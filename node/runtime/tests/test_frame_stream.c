#include "frame_stream.h"

#include "cartwheel.pb-c.h"
#include "test_main.h"

#include <string.h>

enum { FRAMES = 5 };

/* A data frame with a payload of that many bytes. */
static struct buffer *make_frame(size_t payload_size)
{
    static uint8_t payload[100000];
    struct frame_header header = {.type = FRAME_WRITE_REPLY, .to_shard = 3, .from = 0x10000};
    Cartwheel__WriteReply body = CARTWHEEL__WRITE_REPLY__INIT;
    memset(payload, 'p', payload_size);
    return frame_encode(&header, &body.base, slice_of(payload, payload_size));
}

static struct buffer *make_stream(struct buffer *frames[FRAMES])
{
    static const size_t sizes[FRAMES] = {0, 1, 70, 5000, 3};
    struct writer all;
    writer_init(&all, 0);
    for (int i = 0; i < FRAMES; i++) {
        frames[i] = make_frame(sizes[i]);
        writer_put_slice(&all, buffer_slice(frames[i]));
    }
    return writer_finish(&all);
}

/* Feeds the bytes in pieces of that size and checks that exactly the frames come out. */
static void expect_frames(struct slice bytes, size_t piece, struct buffer *frames[FRAMES])
{
    struct frame_stream stream;
    int seen = 0;
    frame_stream_init(&stream, false);
    while (bytes.size > 0) {
        struct slice part = slice_of(bytes.data, bytes.size < piece ? bytes.size : piece);
        struct slice frame;
        enum frame_result result;
        bytes = slice_of(bytes.data + part.size, bytes.size - part.size);
        while ((result = frame_stream_next(&stream, &part, &frame)) == FRAME_OK) {
            ck_assert_int_lt(seen, FRAMES);
            ck_assert(slice_equal(frame, buffer_slice(frames[seen])));
            seen++;
        }
        ck_assert_int_eq(result, FRAME_INCOMPLETE);
        ck_assert_uint_eq(part.size, 0);
    }
    ck_assert_int_eq(seen, FRAMES);
    frame_stream_deinit(&stream);
}

START_TEST(frames_come_out_however_the_bytes_arrive)
{
    struct buffer *frames[FRAMES];
    struct buffer *all = make_stream(frames);
    for (size_t piece = 1; piece < 300; piece++)
        expect_frames(buffer_slice(all), piece, frames);
    expect_frames(buffer_slice(all), all->size, frames);
    for (int i = 0; i < FRAMES; i++)
        buffer_unref(frames[i]);
    buffer_unref(all);
}
END_TEST

static enum frame_result feed_all(struct frame_stream *stream, struct slice bytes, size_t piece)
{
    enum frame_result result = FRAME_INCOMPLETE;
    struct slice frame;
    while (bytes.size > 0 && result == FRAME_INCOMPLETE) {
        struct slice part = slice_of(bytes.data, bytes.size < piece ? bytes.size : piece);
        bytes = slice_of(bytes.data + part.size, bytes.size - part.size);
        result = frame_stream_next(stream, &part, &frame);
    }
    return result;
}

/* Any byte of the frame, flipped, is noticed; a size that became larger just waits. */
START_TEST(a_damaged_frame_never_comes_out)
{
    struct buffer *frame = make_frame(100);
    for (size_t at = 0; at < frame->size; at++) {
        for (size_t piece = 1; piece <= 1000; piece *= 1000) {
            struct frame_stream stream;
            frame_stream_init(&stream, false);
            frame->data[at] ^= 4;
            ck_assert_int_ne(feed_all(&stream, buffer_slice(frame), piece), FRAME_OK);
            frame->data[at] ^= 4;
            frame_stream_deinit(&stream);
        }
    }
    buffer_unref(frame);
}
END_TEST

START_TEST(a_frame_of_the_other_kind_is_bad)
{
    struct buffer *frame = make_frame(10);
    struct frame_stream stream;
    frame_stream_init(&stream, true);
    ck_assert_int_eq(feed_all(&stream, buffer_slice(frame), 1000), FRAME_BAD);
    frame_stream_deinit(&stream);
    buffer_unref(frame);
}
END_TEST

START_TEST(a_giant_is_refused_by_its_header_alone)
{
    struct buffer *frame = make_frame(10);
    struct frame_stream stream;
    frame_stream_init(&stream, false);
    memset(frame->data + 12, 0xff, 4);
    ck_assert_int_eq(feed_all(&stream, slice_of(frame->data, FRAME_HEADER_SIZE), 1), FRAME_BAD);
    frame_stream_deinit(&stream);
    buffer_unref(frame);
}
END_TEST

TEST_MAIN("frame_stream", frames_come_out_however_the_bytes_arrive, a_damaged_frame_never_comes_out,
          a_frame_of_the_other_kind_is_bad, a_giant_is_refused_by_its_header_alone)
