#include <string.h>

#include "mail/rtf.h"

#define HEADER_SIZE 16u
#define TYPE_COMPRESSED 0x75465A4Cu   /* 'LZFu' */
#define TYPE_UNCOMPRESSED 0x414C454Du /* 'MELA' */
#define DICTIONARY_SIZE 4096u

/* What the dictionary holds before the first byte (MS-OXRTFCP 2.1.2.1). */
static const char dictionary_start[] =
    "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArial"
    "Times New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
_Static_assert(sizeof dictionary_start - 1 == 207, "MS-OXRTFCP 2.1.2.1");

/* MS-OXRTFCP 2.1.3.2: the usual polynomial, beginning with 0, not inverted. */
static uint32_t checksum(struct bytes data)
{
    uint32_t crc = 0;
    for (size_t i = 0; i < data.size; i++) {
        crc ^= data.data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xEDB88320u : crc >> 1;
    }
    return crc;
}

struct expansion {
    uint8_t dictionary[DICTIONARY_SIZE];
    unsigned write;
    uint8_t *out;
    size_t size, size_max;
};

static void expand_byte(struct expansion *expansion, uint8_t byte)
{
    if (expansion->size < expansion->size_max)
        expansion->out[expansion->size++] = byte;
    expansion->dictionary[expansion->write] = byte;
    expansion->write = (expansion->write + 1) % DICTIONARY_SIZE;
}

/* False when the data ended before its end mark. */
static bool expand(struct expansion *expansion, struct bytes in)
{
    for (size_t i = 0; i < in.size;) {
        unsigned control = in.data[i++];
        for (int bit = 0; bit < 8; bit++, control >>= 1) {
            if (!(control & 1)) {
                if (i >= in.size)
                    return false;
                expand_byte(expansion, in.data[i++]);
                continue;
            }
            if (in.size - i < 2)
                return false;
            unsigned reference = (unsigned)in.data[i] << 8 | in.data[i + 1], offset = reference >> 4;
            i += 2;
            if (offset == expansion->write)
                return true;
            for (unsigned left = (reference & 0xF) + 2; left > 0; left--, offset = (offset + 1) % DICTIONARY_SIZE)
                expand_byte(expansion, expansion->dictionary[offset]);
            if (expansion->size == expansion->size_max)
                return true; /* some writers leave the end mark away */
        }
    }
    return false;
}

bool rtf_decompress(struct arena *arena, struct bytes compressed, struct bytes *ret_rtf, bool *ret_damaged)
{
    if (compressed.size < HEADER_SIZE)
        return false;
    size_t raw_size = load_u32(compressed.data + 4);
    uint32_t type = load_u32(compressed.data + 8);
    struct bytes content = {compressed.data + HEADER_SIZE, compressed.size - HEADER_SIZE};
    if (type == TYPE_UNCOMPRESSED) {
        *ret_damaged = raw_size > content.size;
        *ret_rtf = bytes_of(content.data, raw_size < content.size ? raw_size : content.size);
        return true;
    }
    /* a reference of two bytes and its bit give at most 17 bytes: a header cannot announce more than stands behind it */
    if (type != TYPE_COMPRESSED || raw_size > RTF_SIZE_MAX || raw_size / 9 > content.size)
        return false;
    struct expansion *expansion = arena_new(arena, struct expansion);
    uint8_t *out = arena_allocate(arena, raw_size + 1);
    if (!expansion || !out)
        return false;
    expansion->out = out;
    expansion->size_max = raw_size;
    memcpy(expansion->dictionary, dictionary_start, sizeof dictionary_start - 1);
    expansion->write = sizeof dictionary_start - 1;
    bool whole = expand(expansion, content);
    *ret_damaged = !whole || expansion->size != raw_size || checksum(content) != load_u32(compressed.data + 12);
    *ret_rtf = bytes_of(out, expansion->size);
    return true;
}
