/* F2: bodies in chunks. The input is what follows the head of a request. However it is cut, the
 * same body must come out; and it must be what a strict reading of RFC 9112, section 7.1, makes of
 * it. */
#include <string.h>

#include "fuzz.h"
#include "http_feed.h"

#define HEAD "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"

static int hex_value(uint8_t byte)
{
    const char *digits = "0123456789abcdef";
    const char *at = byte == '\0' ? NULL : strchr(digits, byte | (byte >= 'A' ? 0x20 : 0));
    return at == NULL ? -1 : (int)(at - digits);
}

/* The line up to CR LF, which is passed; false if there is none. */
static bool take_line(struct slice *left, struct slice *line)
{
    const uint8_t *end = left->size == 0 ? NULL : memmem(left->data, left->size, "\r\n", 2);
    if (end == NULL)
        return false;
    *line = slice_of(left->data, (size_t)(end - left->data));
    *left = slice_of(end + 2, left->size - line->size - 2);
    return true;
}

/* False if the line does not begin with a size. */
static bool size_of_chunk(struct slice line, size_t *size)
{
    size_t at = 0;
    *size = 0;
    for (; at < line.size && hex_value(line.data[at]) >= 0 && at < 12; at++)
        *size = *size * 16 + (size_t)hex_value(line.data[at]);
    return at > 0 && (at == line.size || line.data[at] == ';' || line.data[at] == ' ' ||
                      line.data[at] == '\t');
}

/* The body, and what follows it; false if the bytes are no whole body. Trailers are skipped. */
static bool refer(struct slice left, struct writer *body)
{
    struct slice line;
    size_t size;
    do {
        if (!take_line(&left, &line) || !size_of_chunk(line, &size))
            return false;
        if (size == 0)
            break;
        if (left.size < size || left.size - size < 2 || memcmp(left.data + size, "\r\n", 2) != 0)
            return false;
        writer_put(body, left.data, size);
        left = slice_of(left.data + size + 2, left.size - size - 2);
    } while (size > 0);
    do {
        if (!take_line(&left, &line))
            return false;
    } while (line.size > 0);
    return true;
}

static void check_body(const struct http_story *whole, struct slice input)
{
    struct writer body;
    writer_init(&body, 0);
    bool good = refer(input, &body);
    if (whole->count == 1) {
        ensure(good);
        ensure(slice_equal(writer_slice(&body), writer_slice(&whole->body)));
    }
    ensure(good || whole->count > 0 || whole->broken || whole->halfway);
    writer_deinit(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_story whole;
    struct writer bytes;
    writer_init(&bytes, 0);
    writer_put_slice(&bytes, SLICE_LITERAL(HEAD));
    writer_put(&bytes, data, size);
    http_story_init(&whole);
    http_story_tell(&whole, writer_slice(&bytes), 0, false);
    check_body(&whole, slice_of(data, size));
    http_story_check_cuts(&whole, writer_slice(&bytes));
    http_story_deinit(&whole);
    writer_deinit(&bytes);
    return 0;
}
