#include "http_coding.h"

#include <libdeflate.h>
#define ZLIB_CONST /* next_in points to what is only read */
#include <zlib.h>

enum {
    INFLATE_STEP_MIN = 16 * 1024, /* what a short body is given at first; then it doubles */
    WINDOW_BITS = 15,
    GZIP_WINDOW_BITS = WINDOW_BITS + 16, /* as zlib asks for the wrapper of gzip */
    FASTEST = 1,      /* of the levels of compression: it costs the node more than the network */
    WEIGHT_ONE = 1000 /* weights count in thousandths */
};

/* What the elements of Accept-Encoding say; -1: nothing. */
struct weights {
    int gzip;
    int identity;
    int any;
};

static const struct http_failure BROKEN = HTTP_FAILURE_MALFORMED(
    400, "The body of the request is not one whole stream of its Content-Encoding.");
static const struct http_failure TOO_LARGE = {
    413, HTTP_FAILURE_BODY("RequestEntityTooLargeException",
                           "The request is larger than 16 MB when it is decompressed.")};
static const struct http_failure NO_MEMORY = {
    503, "{\"__type\":\"com.amazon.coral.availability#ThrottlingException\","
         "\"message\":\"The node is out of request memory\"}"};

static void weigh_list(struct slice list, struct weights *weights);
static const struct http_failure *inflate_stream(z_stream *stream, http_charge charge,
                                                 void *context, struct writer *plain);

enum http_coding http_coding_of(struct slice name)
{
    if (name.size == 0 || http_text_equal(name, SLICE_LITERAL("identity")))
        return HTTP_CODING_IDENTITY;
    if (http_text_equal(name, SLICE_LITERAL("gzip")) ||
        http_text_equal(name, SLICE_LITERAL("x-gzip")))
        return HTTP_CODING_GZIP;
    if (http_text_equal(name, SLICE_LITERAL("deflate")))
        return HTTP_CODING_DEFLATE;
    return HTTP_CODING_UNKNOWN;
}

bool http_coding_accepts_gzip(const struct http_request *request)
{
    struct weights weights = {-1, -1, -1};
    for (size_t i = 0; i < request->headers_count; i++) {
        if (slice_equal(request->headers[i].name, SLICE_LITERAL("accept-encoding")))
            weigh_list(request->headers[i].value, &weights);
    }
    int gzip = weights.gzip >= 0 ? weights.gzip : weights.any;
    return gzip > 0 && gzip >= weights.identity;
}

const struct http_failure *http_coding_inflate(enum http_coding coding, struct slice packed,
                                               http_charge charge, void *context,
                                               struct writer *plain)
{
    ensure(coding == HTTP_CODING_GZIP || coding == HTTP_CODING_DEFLATE);
    ensure(packed.size <= HTTP_BODY_SIZE_MAX);
    ensure(plain->size == 0);
    z_stream stream = {.next_in = packed.data, .avail_in = (uInt)packed.size};
    int bits = coding == HTTP_CODING_GZIP ? GZIP_WINDOW_BITS : WINDOW_BITS;
    ensure(inflateInit2(&stream, bits) == Z_OK);
    const struct http_failure *failure = inflate_stream(&stream, charge, context, plain);
    inflateEnd(&stream);
    return failure;
}

bool http_coding_gzip(struct slice plain, struct writer *packed)
{
    ensure(packed->size == 0);
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(FASTEST);
    ensure(compressor != NULL);
    uint8_t *bytes = writer_extend(packed, plain.size);
    packed->size = libdeflate_gzip_compress(compressor, plain.data, plain.size, bytes, plain.size);
    libdeflate_free_compressor(compressor);
    return packed->size > 0;
}

static struct slice trimmed(struct slice text)
{
    while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t'))
        text = slice_of(text.data + 1, text.size - 1);
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\t'))
        text.size--;
    return text;
}

/* What stands before the next `separator`, which is taken off `rest` with it. */
static struct slice cut(struct slice *rest, uint8_t separator)
{
    size_t size = 0;
    while (size < rest->size && rest->data[size] != separator)
        size++;
    struct slice part = slice_of(rest->data, size);
    size_t gone = size < rest->size ? size + 1 : size;
    *rest = slice_of(rest->data + gone, rest->size - gone);
    return trimmed(part);
}

/* In thousandths: "q=" and 0 or 1 with up to three digits behind a point. 0 if it is anything else:
 * who cannot say what he wants gets what all understand. */
static int weight_of(struct slice text)
{
    if (text.size < 3 || (text.data[0] | 0x20) != 'q' || text.data[1] != '=')
        return 0;
    struct slice number = slice_of(text.data + 2, text.size - 2);
    int weight = 0;
    int unit = WEIGHT_ONE;
    for (size_t i = 0; i < number.size; i++) {
        if (i == 1 && number.data[i] == '.')
            continue;
        if (i == 1 || unit == 0 || number.data[i] < '0' || number.data[i] > '9')
            return 0;
        weight += (number.data[i] - '0') * unit;
        unit /= 10;
    }
    return weight <= WEIGHT_ONE ? weight : 0;
}

static void weigh_list(struct slice list, struct weights *weights)
{
    while (list.size > 0) {
        struct slice element = cut(&list, ',');
        struct slice name = cut(&element, ';');
        int weight = element.size == 0 ? WEIGHT_ONE : weight_of(trimmed(element));
        if (slice_equal(name, SLICE_LITERAL("*")))
            weights->any = weight;
        else if (name.size > 0 && http_coding_of(name) == HTTP_CODING_IDENTITY)
            weights->identity = weight;
        else if (http_coding_of(name) == HTTP_CODING_GZIP)
            weights->gzip = weight;
    }
}

/* One byte more than the limit is as far as it goes: it tells too much from just enough. */
static size_t inflate_step(size_t size)
{
    size_t step = size < INFLATE_STEP_MIN ? INFLATE_STEP_MIN : size;
    size_t room = HTTP_BODY_SIZE_MAX + 1 - size;
    return step < room ? step : room;
}

static const struct http_failure *inflate_stream(z_stream *stream, http_charge charge,
                                                 void *context, struct writer *plain)
{
    int result = Z_OK;
    while (result == Z_OK) {
        size_t step = inflate_step(plain->size);
        if (!charge(context, step))
            return &NO_MEMORY;
        stream->next_out = writer_extend(plain, step);
        stream->avail_out = (uInt)step;
        result = inflate(stream, Z_NO_FLUSH);
        plain->size -= stream->avail_out;
        if (plain->size > HTTP_BODY_SIZE_MAX)
            return &TOO_LARGE;
        if (result == Z_OK && stream->avail_out > 0)
            return &BROKEN; /* it ends amid the stream */
    }
    bool whole = result == Z_STREAM_END && stream->avail_in == 0;
    return whole ? NULL : &BROKEN;
}
