#include "server/connect_auxiliary.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "protocol/extended_buffer.h"

enum { /* block types of version 1, but for the first */
    AUX_SERVER_NAME = 0x43, /* version 2; undocumented, length and name without terminator */
    AUX_ENDPOINT_CAPABILITIES = 0x48,
    AUX_EXORGINFO = 0x17,
    AUX_SERVER_SESSION_INFO = 0x4B,
    AUX_CLIENT_CONTROL = 0x0A,
};
#define ENDPOINT_SINGLE 1u
#define ORGANIZATION_FLAGS 0u /* no public folders yet: without the block clients assume there are */
#define CONTROL_COMPRESSION 4u
#define CONTROL_HTTP_TUNNELING 8u
#define CONTROL_EXPIRY_MS 604800000u /* a week, as Exchange says */

static void append_header(struct buffer *blocks, size_t content_size, uint8_t version, uint8_t type)
{
    buffer_append_u16(blocks, (uint16_t)(4 + content_size));
    buffer_append_u8(blocks, version);
    buffer_append_u8(blocks, type);
}

static void append_u32_block(struct buffer *blocks, uint8_t type, uint32_t value)
{
    append_header(blocks, 4, 1, type);
    buffer_append_u32(blocks, value);
}

static void append_session_info(struct buffer *blocks, const char *host_name, uint64_t connection_number)
{
    struct buffer text = {0};
    char utf8[400], date[32];
    time_t now = time(NULL);
    struct tm parts;
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &parts));
    snprintf(utf8, sizeof utf8, "ClientAccessServer=%.255s,ConnectTime=%s,ConnectionID=%" PRIu64, host_name, date,
             connection_number);
    text_append_utf16_of_utf8(&text, bytes_of_string(utf8));
    buffer_append_u16(&text, 0);
    append_header(blocks, 2 + text.size, 1, AUX_SERVER_SESSION_INFO);
    buffer_append_u16(blocks, 6); /* where the text begins, from the start of the block */
    buffer_append(blocks, text.data, text.size);
    blocks->failed |= text.failed;
    buffer_free(&text);
}

bool connect_auxiliary_append(struct buffer *output, const char *host_name, uint64_t connection_number)
{
    struct buffer blocks = {0};
    size_t name_size = strnlen(host_name, 255);
    append_header(&blocks, 1 + name_size, 2, AUX_SERVER_NAME);
    buffer_append_u8(&blocks, (uint8_t)name_size);
    buffer_append(&blocks, host_name, name_size);
    append_u32_block(&blocks, AUX_ENDPOINT_CAPABILITIES, ENDPOINT_SINGLE);
    append_u32_block(&blocks, AUX_EXORGINFO, ORGANIZATION_FLAGS);
    append_session_info(&blocks, host_name, connection_number);
    append_header(&blocks, 8, 1, AUX_CLIENT_CONTROL);
    buffer_append_u32(&blocks, CONTROL_COMPRESSION | CONTROL_HTTP_TUNNELING);
    buffer_append_u32(&blocks, CONTROL_EXPIRY_MS);
    bool done = !blocks.failed && extended_buffer_append(output, buffer_bytes(&blocks), EXTENDED_FLAGS_LAST);
    buffer_free(&blocks);
    return done;
}
