#include "http_request.h"

struct slice http_request_header(const struct http_request *request, struct slice name)
{
    struct slice value = SLICE_EMPTY;
    unsigned found = 0;
    for (size_t i = 0; i < request->headers_count; i++) {
        if (!slice_equal(request->headers[i].name, name))
            continue;
        value = request->headers[i].value;
        found++;
    }
    return found == 1 ? value : SLICE_EMPTY;
}

bool http_request_has_header(const struct http_request *request, struct slice name)
{
    for (size_t i = 0; i < request->headers_count; i++) {
        if (slice_equal(request->headers[i].name, name))
            return true;
    }
    return false;
}

bool http_text_equal(struct slice text, struct slice lower)
{
    if (text.size != lower.size)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        if (byte >= 'A' && byte <= 'Z')
            byte = (uint8_t)(byte + ('a' - 'A'));
        if (byte != lower.data[i])
            return false;
    }
    return true;
}
