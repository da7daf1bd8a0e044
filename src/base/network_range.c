#include "base/network_range.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEPARATORS " \t\r\n,"
#define MAPPED_BITS 96u /* of ::ffff:0:0, before an IPv4 address */

struct network_range {
    uint8_t address[16];
    unsigned bits;
};
struct network_ranges {
    size_t count;
    struct network_range ranges[];
};

/* *ret_bits: how many bits such an address has, and how many of the sixteen bytes come before it. */
static bool parse_address(const char *text, uint8_t ret_address[16], unsigned *ret_before)
{
    static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF};
    char bare[INET6_ADDRSTRLEN];
    size_t size = strlen(text);
    if (size >= 2 && text[0] == '[' && text[size - 1] == ']') {
        text++;
        size -= 2;
    }
    if (size >= sizeof bare)
        return false;
    memcpy(bare, text, size);
    bare[size] = '\0';
    if (inet_pton(AF_INET, bare, ret_address + sizeof mapped) == 1) {
        memcpy(ret_address, mapped, sizeof mapped);
        *ret_before = MAPPED_BITS;
        return true;
    }
    *ret_before = 0;
    return inet_pton(AF_INET6, bare, ret_address) == 1;
}

static bool same_prefix(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    return memcmp(a, b, whole) == 0 && (rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0);
}

/* One range; NULL, or what is wrong with it. */
static const char *parse_range(char *text, struct network_range *ret_range)
{
    static const uint8_t zero[16];
    unsigned before;
    char *slash = strchr(text, '/'), *end = NULL;
    if (slash)
        *slash = '\0';
    if (!parse_address(text, ret_range->address, &before))
        return "is no address";
    unsigned long bits = 128 - before;
    if (slash) {
        if (slash[1] < '0' || slash[1] > '9')
            return "has no number of bits behind its slash";
        bits = strtoul(slash + 1, &end, 10);
        if (*end || bits > 128 - before)
            return before ? "has more than 32 bits behind its slash" : "has more than 128 bits behind its slash";
    }
    ret_range->bits = before + (unsigned)bits;
    /* 10.1.2.3/8 is more often a slip than a wish. */
    uint8_t rest[16];
    memcpy(rest, ret_range->address, sizeof rest);
    for (unsigned bit = 0; bit < ret_range->bits; bit++)
        rest[bit / 8] &= (uint8_t)~(0x80u >> bit % 8);
    return memcmp(rest, zero, sizeof rest) == 0 ? NULL : "names one host: bits behind the prefix are set";
}

bool network_ranges_parse(const char *text, struct network_ranges **ret_ranges, char *ret_error, size_t error_size)
{
    struct network_ranges *ranges = malloc(sizeof *ranges + NETWORK_RANGES_MAX * sizeof ranges->ranges[0]);
    if (!ranges) {
        snprintf(ret_error, error_size, "out of memory");
        return false;
    }
    ranges->count = 0;
    for (text += strspn(text, SEPARATORS); *text; text += strspn(text, SEPARATORS)) {
        char word[INET6_ADDRSTRLEN + 8], shown[sizeof word];
        size_t size = strcspn(text, SEPARATORS);
        snprintf(word, sizeof word, "%.*s", (int)size, text);
        strcpy(shown, word);
        const char *wrong = size >= sizeof word ? "is too long"
            : ranges->count == NETWORK_RANGES_MAX ? "is one too many" : parse_range(word, &ranges->ranges[ranges->count]);
        if (wrong) {
            snprintf(ret_error, error_size, "'%s' %s", shown, wrong);
            free(ranges);
            return false;
        }
        ranges->count++;
        text += size;
    }
    struct network_ranges *fitted = realloc(ranges, sizeof *ranges + ranges->count * sizeof ranges->ranges[0]);
    *ret_ranges = fitted ? fitted : ranges;
    return true;
}

void network_ranges_free(struct network_ranges *ranges)
{
    free(ranges);
}

bool network_ranges_contain(const struct network_ranges *ranges, const char *address)
{
    uint8_t wanted[16];
    unsigned before;
    if (!ranges || !parse_address(address, wanted, &before))
        return false;
    for (size_t i = 0; i < ranges->count; i++)
        if (same_prefix(ranges->ranges[i].address, wanted, ranges->ranges[i].bits))
            return true;
    return false;
}
