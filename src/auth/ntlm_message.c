#include "auth/ntlm_message.h"

#include <string.h>

#include "base/text.h"

static const uint8_t signature[8] = "NTLMSSP";

#define NEGOTIATE_SIZE_MIN 16u    /* with the flags; what follows is left out by old clients */
#define CHALLENGE_HEAD_SIZE 56u
#define AUTHENTICATE_HEAD_SIZE 64u /* without version and integrity code */
#define RESPONSE_HEAD_SIZE 44u    /* proof and fixed part of the NTLMv2 response */

unsigned ntlm_message_type(struct bytes message)
{
    if (message.size < 12 || message.size > NTLM_MESSAGE_SIZE_MAX || memcmp(message.data, signature, sizeof signature) != 0)
        return 0;
    uint32_t type = load_u32(message.data + 8);
    return type <= NTLM_AUTHENTICATE ? type : 0;
}

/* A field's eight bytes: size, room (ignored), offset. Empty fields may point anywhere. */
static bool read_field(struct bytes message, size_t at, size_t head_size, struct bytes *ret_value)
{
    uint32_t size = load_u16(message.data + at), offset = load_u32(message.data + at + 4);
    *ret_value = BYTES_NONE;
    if (size == 0)
        return true;
    if (offset < head_size || offset > message.size || size > message.size - offset)
        return false;
    *ret_value = bytes_of(message.data + offset, size);
    return true;
}

bool ntlm_negotiate_read(struct bytes message, uint32_t *ret_flags)
{
    struct bytes ignored;
    if (ntlm_message_type(message) != NTLM_NEGOTIATE || message.size < NEGOTIATE_SIZE_MIN ||
        message.size > NTLM_NEGOTIATE_SIZE_MAX)
        return false;
    uint32_t flags = load_u32(message.data + 12);
    if ((flags & NTLM_FLAG_DOMAIN_SUPPLIED) && (message.size < 24 || !read_field(message, 16, 24, &ignored)))
        return false;
    if ((flags & NTLM_FLAG_WORKSTATION_SUPPLIED) && (message.size < 32 || !read_field(message, 24, 32, &ignored)))
        return false;
    *ret_flags = flags;
    return true;
}

/* --- the challenge --- */

static void append_pair(struct buffer *info, enum ntlm_av_id id, const void *value, size_t size)
{
    buffer_append_u16(info, (uint16_t)id);
    buffer_append_u16(info, (uint16_t)size);
    buffer_append(info, value, size);
}

static void append_name(struct arena *arena, struct buffer *info, enum ntlm_av_id id, const char *name)
{
    struct bytes wide = text_utf16_of_utf8(arena, bytes_of_string(name));
    if (!wide.data || wide.size > NTLM_NAME_SIZE_MAX)
        info->failed |= *name != '\0';
    else
        append_pair(info, id, wide.data, wide.size);
}

static void append_field(struct buffer *message, size_t size, size_t offset)
{
    buffer_append_u16(message, (uint16_t)size);
    buffer_append_u16(message, (uint16_t)size);
    buffer_append_u32(message, (uint32_t)offset);
}

struct bytes ntlm_challenge_make(struct arena *arena, const struct ntlm_challenge *challenge)
{
    struct buffer info = {0}, message = {0};
    const struct ntlm_names *names = challenge->names;
    struct bytes target = challenge->flags & NTLM_FLAG_UNICODE
        ? text_utf16_of_utf8(arena, bytes_of_string(names->netbios_domain)) : bytes_of_string(names->netbios_domain);
    append_name(arena, &info, NTLM_AV_NB_DOMAIN, names->netbios_domain);
    append_name(arena, &info, NTLM_AV_NB_COMPUTER, names->netbios_computer);
    append_name(arena, &info, NTLM_AV_DNS_DOMAIN, names->dns_domain);
    append_name(arena, &info, NTLM_AV_DNS_COMPUTER, names->dns_computer);
    append_pair(&info, NTLM_AV_TIMESTAMP, &challenge->timestamp, sizeof challenge->timestamp);
    append_pair(&info, NTLM_AV_EOL, "", 0);
    buffer_append(&message, signature, sizeof signature);
    buffer_append_u32(&message, NTLM_CHALLENGE);
    append_field(&message, target.size, CHALLENGE_HEAD_SIZE);
    buffer_append_u32(&message, challenge->flags);
    buffer_append(&message, challenge->challenge, sizeof challenge->challenge);
    buffer_append_u64(&message, 0);
    append_field(&message, info.size, CHALLENGE_HEAD_SIZE + target.size);
    static const uint8_t version[8] = {10, 0, 0x63, 0x45, 0, 0, 0, 15}; /* 10.0, NTLMSSP_REVISION_W2K3 */
    static const uint8_t no_version[8];
    buffer_append(&message, challenge->flags & NTLM_FLAG_VERSION ? version : no_version, sizeof version);
    buffer_append(&message, target.data, target.size);
    buffer_append(&message, info.data, info.size);
    struct bytes made = info.failed || message.failed ? BYTES_NONE : arena_bytes(arena, buffer_bytes(&message));
    buffer_free(&info);
    buffer_free(&message);
    return made.data ? made : BYTES_NONE;
}

/* --- the response --- */

bool ntlm_authenticate_read(struct bytes message, struct ntlm_authenticate *ret_authenticate)
{
    struct ntlm_authenticate authenticate = {0};
    struct bytes *const fields[] = {&authenticate.lm_response, &authenticate.nt_response, &authenticate.domain,
                                    &authenticate.user, &authenticate.workstation, &authenticate.session_key};
    if (ntlm_message_type(message) != NTLM_AUTHENTICATE || message.size < AUTHENTICATE_HEAD_SIZE)
        return false;
    authenticate.has_room_for_mic = message.size >= NTLM_MIC_OFFSET + NTLM_MIC_SIZE;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (!read_field(message, 12 + 8 * i, AUTHENTICATE_HEAD_SIZE, fields[i]))
            return false;
        if (fields[i]->size && fields[i]->data < message.data + NTLM_MIC_OFFSET + NTLM_MIC_SIZE)
            authenticate.has_room_for_mic = false;
    }
    authenticate.flags = load_u32(message.data + 60);
    bool wide = authenticate.flags & NTLM_FLAG_UNICODE;
    if (authenticate.user.size > NTLM_NAME_SIZE_MAX || authenticate.domain.size > NTLM_NAME_SIZE_MAX ||
        (wide && (authenticate.user.size % 2 || authenticate.domain.size % 2)))
        return false;
    *ret_authenticate = authenticate;
    return true;
}

/* Takes a pair that matters; false where it came before or has the wrong size. */
static bool take_pair(struct ntlm_response *response, unsigned *seen, unsigned id, struct bytes value)
{
    static const uint8_t none[16];
    bool matters = id == NTLM_AV_FLAGS || id == NTLM_AV_TIMESTAMP || id == NTLM_AV_TARGET_NAME ||
                   id == NTLM_AV_CHANNEL_BINDINGS;
    if (!matters)
        return true;
    if (*seen & 1u << id)
        return false;
    *seen |= 1u << id;
    switch (id) {
    case NTLM_AV_FLAGS:
        response->has_mic = value.size == 4 && load_u32(value.data) & NTLM_AV_FLAG_MIC;
        return value.size == 4;
    case NTLM_AV_TIMESTAMP:
        response->timestamp = value;
        return value.size == 8;
    case NTLM_AV_TARGET_NAME:
        response->target_name = value;
        return value.size % 2 == 0;
    default:
        if (value.size == sizeof none && memcmp(value.data, none, sizeof none) != 0)
            response->channel_bindings = value;
        return value.size == sizeof none;
    }
}

bool ntlm_response_read(struct bytes nt_response, struct ntlm_response *ret_response)
{
    struct ntlm_response response = {0};
    unsigned seen = 0;
    if (nt_response.size < RESPONSE_HEAD_SIZE + 4 || nt_response.data[16] != 1 || nt_response.data[17] != 1)
        return false;
    response.proof = bytes_of(nt_response.data, 16);
    response.blob = bytes_of(nt_response.data + 16, nt_response.size - 16);
    size_t at = RESPONSE_HEAD_SIZE;
    while (nt_response.size - at >= 4) {
        unsigned id = load_u16(nt_response.data + at), size = load_u16(nt_response.data + at + 2);
        at += 4;
        if (id == NTLM_AV_EOL) {
            *ret_response = response;
            return size == 0; /* what follows is padding */
        }
        if (size > nt_response.size - at || !take_pair(&response, &seen, id, bytes_of(nt_response.data + at, size)))
            return false;
        at += size;
    }
    return false;
}
