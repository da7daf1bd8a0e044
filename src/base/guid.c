#include "base/guid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static const uint8_t text_order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

bool guid_equal(struct guid a, struct guid b)
{
    return memcmp(a.data, b.data, sizeof a.data) == 0;
}

bool guid_is_zero(struct guid guid)
{
    return guid_equal(guid, (struct guid){{0}});
}

void random_bytes(void *data, uint32_t size)
{
    for (uint32_t done = 0; done < size;) {
        ssize_t got = getrandom((uint8_t *)data + done, size - done, 0);
        if (got <= 0)
            abort();
        done += (uint32_t)got;
    }
}

struct guid guid_random(void)
{
    struct guid guid;
    random_bytes(guid.data, sizeof guid.data);
    guid.data[7] = (uint8_t)((guid.data[7] & 0x0F) | 0x40);
    guid.data[8] = (uint8_t)((guid.data[8] & 0x3F) | 0x80);
    return guid;
}

void guid_format(struct guid guid, char text[GUID_TEXT_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    char *place = text;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *place++ = '-';
        *place++ = digits[guid.data[text_order[i]] >> 4];
        *place++ = digits[guid.data[text_order[i]] & 0x0F];
    }
    *place = 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool guid_parse(const char *text, struct guid *ret_guid)
{
    bool braces = *text == '{';
    text += braces;
    struct guid guid;
    for (int i = 0; i < 16; i++) {
        if ((i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-')
            return false;
        int high = hex_digit(text[0]);
        int low = high < 0 ? -1 : hex_digit(text[1]);
        if (low < 0)
            return false;
        guid.data[text_order[i]] = (uint8_t)(high << 4 | low);
        text += 2;
    }
    if (braces && *text++ != '}')
        return false;
    if (*text)
        return false;
    *ret_guid = guid;
    return true;
}
