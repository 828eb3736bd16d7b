#include "http_host.h"

#include <string.h>

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_letter(uint8_t byte)
{
    return (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
}

static bool is_hex(uint8_t byte)
{
    return is_digit(byte) || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f');
}

/* Digits after a colon, be it none; or nothing at all. */
static bool is_port(struct slice text)
{
    if (text.size > 0 && text.data[0] != ':')
        return false;
    for (size_t i = 1; i < text.size; i++) {
        if (!is_digit(text.data[i]))
            return false;
    }
    return true;
}

static bool is_address(struct slice host)
{
    size_t i = 1;
    while (i < host.size && (is_hex(host.data[i]) || host.data[i] == ':' || host.data[i] == '.'))
        i++;
    if (i < 3 || i == host.size || host.data[i] != ']')
        return false;
    return is_port(slice_of(host.data + i + 1, host.size - i - 1));
}

/* The byte at `at` of a name, "unreserved" or of "sub-delims"; or an escape begins there. */
static bool is_name_byte(struct slice host, size_t at)
{
    uint8_t byte = host.data[at];
    if (is_letter(byte) || is_digit(byte) || byte == '.' || byte == '-')
        return true;
    if (byte == '%')
        return at + 2 < host.size && is_hex(host.data[at + 1]) && is_hex(host.data[at + 2]);
    static const char others[] = "_~!$&'()*+,;=";
    return memchr(others, byte, sizeof(others) - 1) != NULL;
}

bool http_host_is_valid(struct slice host)
{
    if (host.size == 0)
        return true;
    if (host.data[0] == '[')
        return is_address(host);
    size_t i = 0;
    while (i < host.size && is_name_byte(host, i))
        i++;
    return i > 0 && is_port(slice_of(host.data + i, host.size - i));
}
