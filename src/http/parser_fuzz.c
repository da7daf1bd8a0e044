/* Any bytes: no crash, and the same outcome whole and split at a place that the input chooses. */
#include "http/parser.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct result {
    enum http_parse_event event;
    uint16_t status;
    uint64_t body_size;
    size_t used;
    uint64_t digest; /* of the head and of the body */
};

static uint64_t mix(uint64_t digest, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++)
        digest = (digest ^ bytes[i]) * 0x100000001b3u;
    return digest;
}

static struct result run(const uint8_t *data, size_t size, size_t split)
{
    struct http_parser parser;
    struct result result = {.event = HTTP_PARSE_MORE, .digest = 0xcbf29ce484222325u};
    http_parser_start(&parser, &HTTP_PARSER_LIMITS_DEFAULT);
    for (int part = 0; part < 2; part++) {
        size_t end = part ? size : split;
        do {
            size_t used;
            result.event = http_parser_feed(&parser, bytes_of(data + result.used, end - result.used), &used);
            result.used += used;
            if (result.event == HTTP_PARSE_HEAD)
                result.digest = mix(result.digest, parser.head.data, parser.head.size);
            else if (result.event == HTTP_PARSE_BODY)
                result.digest = mix(result.digest, parser.piece.data, parser.piece.size);
        } while (result.event == HTTP_PARSE_HEAD || result.event == HTTP_PARSE_BODY);
        if (result.event != HTTP_PARSE_MORE)
            break;
    }
    result.status = parser.error_status;
    result.body_size = parser.body_size;
    if (result.event == HTTP_PARSE_ERROR)
        result.used = 0;
    http_parser_free(&parser);
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    size_t split = (data[0] | (size_t)data[1] << 8) % (size - 1);
    struct result whole = run(data + 2, size - 2, 0);
    struct result parted = run(data + 2, size - 2, split);
    if (whole.event != parted.event || whole.status != parted.status || whole.body_size != parted.body_size
        || whole.used != parted.used || (whole.event == HTTP_PARSE_END && whole.digest != parted.digest))
        abort();
    return 0;
}
