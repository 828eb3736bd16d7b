/* F1: the head of HTTP requests, and what follows. The input is what a client sends. However it is
 * cut, the same requests must come out and the same replies go back. */
#include "fuzz.h"
#include "http_feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_story whole;
    http_story_init(&whole);
    http_story_tell(&whole, slice_of(data, size), 0, false);
    http_story_check_cuts(&whole, slice_of(data, size));
    http_story_deinit(&whole);
    return 0;
}
