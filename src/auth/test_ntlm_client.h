/* For tests: an NTLM client (MS-NLMP 3.1.5.1) that can be told to misbehave, and a directory of one user without disk. */
#pragma once
#include <openssl/evp.h>
#include <string.h>

#include "auth/ntlm.h"
#include "auth/ntlm_crypto.h"
#include "base/guid.h"
#include "base/text.h"
#include "directory/nt_hash.h"

/* --- a directory: ada with an NT hash of 'secret:1', bob without one, off switched off, carl who may not use NTLM --- */

struct ntlm_test_directory {
    struct directory directory;
    uint64_t version;
    bool broken;
    const char *password; /* NULL: 'secret:1' */
};

static inline enum directory_status test_find(struct directory *directory, struct arena *arena, enum directory_key key,
                                              const char *value, struct directory_user *ret_user)
{
    static const char *const names[] = {"ada", "bob", "off", "carl", "J\xc3\xbcrgen"};
    struct ntlm_test_directory *test = (struct ntlm_test_directory *)directory;
    if (test->broken)
        return DIRECTORY_UNAVAILABLE;
    for (uint8_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct guid guid = {{(uint8_t)(i + 1)}};
        char id[GUID_TEXT_SIZE];
        guid_format(guid, id);
        size_t size = strlen(names[i]);
        bool is_address = strncasecmp(value, names[i], size) == 0 && strcmp(value + size, "@engine.test") == 0;
        if (!(key == DIRECTORY_KEY_ID ? strcasecmp(id, value) == 0 : strcasecmp(value, names[i]) == 0 || is_address))
            continue;
        *ret_user = (struct directory_user){
            .id = guid, .account = names[i], .display_name = names[i], .address = "", .legacy_dn = "/o=E", .principal = "",
            .redirect_address = "", .redirect_url = "", .enabled = strcmp(names[i], "off") != 0,
            .switches = {.methods = strcmp(names[i], "carl") == 0 ? DIRECTORY_METHOD_BASIC : DIRECTORY_METHOD_ALL,
                         .block_versions = ""}};
        return DIRECTORY_OK;
    }
    return DIRECTORY_NOT_FOUND;
}

static inline enum directory_status test_nt_hash(struct directory *directory, struct arena *arena, const char *domain,
                                                 const char *account, uint8_t *ret_hash, struct directory_user *ret_user)
{
    enum directory_status status = test_find(directory, arena, DIRECTORY_KEY_LOGON, account, ret_user);
    if (status != DIRECTORY_OK)
        return status;
    if (strcmp(ret_user->account, "bob") == 0 || (*domain && strcasecmp(domain, "ENGINE") != 0))
        return DIRECTORY_NOT_FOUND;
    const char *password = ((struct ntlm_test_directory *)directory)->password;
    if (!nt_hash_of_password(password ? password : "secret:1", ret_hash))
        return DIRECTORY_UNAVAILABLE;
    return ret_user->enabled ? DIRECTORY_OK : DIRECTORY_DISABLED;
}

static inline enum directory_status test_verify(struct directory *directory, struct arena *arena, const char *logon,
                                                const char *password, struct directory_user *ret_user)
{
    enum directory_status status = test_find(directory, arena, DIRECTORY_KEY_LOGON, logon, ret_user);
    return status != DIRECTORY_OK ? status : strcmp(password, "secret:1") ? DIRECTORY_WRONG_PASSWORD : DIRECTORY_OK;
}

static inline uint64_t test_version(struct directory *directory)
{
    return ((struct ntlm_test_directory *)directory)->version;
}

static const struct directory_type ntlm_test_directory_type = {
    .find = test_find, .nt_hash = test_nt_hash, .verify_password = test_verify, .version = test_version,
};

static const struct ntlm_settings ntlm_test_settings = {
    .names = {.netbios_domain = "ENGINE", .netbios_computer = "MAIL", .dns_domain = "engine.test",
              .dns_computer = "mail.engine.test"}};

/* --- the client --- */

struct ntlm_test_client {
    const char *account, *domain, *password; /* NULL: "ada", "", "secret:1" */
    bool without_mic, broken_mic, oem, without_key_exchange, ascii_case;
    bool old_response;      /* NTLMv1, 24 bytes */
    bool anonymous;
    bool without_timestamp; /* of the server, in what it repeats */
    bool other_timestamp;
    struct bytes binding;   /* hash of the certificate it saw; empty: it sends none */
    bool zero_binding;
    bool twice_flags;
    /* Out: */
    uint8_t exported_key[16];
    uint32_t flags;
};

static inline struct bytes client_negotiate(struct arena *arena, const struct ntlm_test_client *client)
{
    struct buffer message = {0};
    uint32_t flags = NTLM_FLAG_NTLM | NTLM_FLAG_REQUEST_TARGET | NTLM_FLAG_ALWAYS_SIGN | NTLM_FLAG_SIGN | NTLM_FLAG_128 |
        NTLM_FLAG_56 | NTLM_FLAG_VERSION | NTLM_FLAG_EXTENDED_SESSION_SECURITY |
        (client->oem ? NTLM_FLAG_OEM : NTLM_FLAG_UNICODE | NTLM_FLAG_OEM) |
        (client->without_key_exchange ? 0 : NTLM_FLAG_KEY_EXCHANGE);
    buffer_append(&message, "NTLMSSP", 8);
    buffer_append_u32(&message, NTLM_NEGOTIATE);
    buffer_append_u32(&message, flags);
    buffer_append(&message, (uint8_t[16]){0}, 16);
    buffer_append(&message, (uint8_t[8]){10, 0, 0, 0, 0, 0, 0, 15}, 8);
    struct bytes made = arena_bytes(arena, buffer_bytes(&message));
    buffer_free(&message);
    return made;
}

static inline void client_append_pair(struct buffer *blob, uint16_t id, const void *value, size_t size)
{
    buffer_append_u16(blob, id);
    buffer_append_u16(blob, (uint16_t)size);
    buffer_append(blob, value, size);
}

/* temp of 3.3.2: what the proof is over. */
static inline void client_append_blob(struct buffer *blob, struct arena *arena, const struct ntlm_test_client *client,
                                      struct bytes challenge)
{
    size_t info_size = load_u16(challenge.data + 40), info_at = load_u32(challenge.data + 44);
    uint8_t hash[16] = {0};
    uint64_t timestamp = 0;
    struct buffer pairs = {0};
    for (size_t at = info_at; at + 4 <= info_at + info_size;) {
        uint16_t id = load_u16(challenge.data + at), size = load_u16(challenge.data + at + 2);
        if (id == NTLM_AV_EOL)
            break;
        if (id == NTLM_AV_TIMESTAMP)
            timestamp = load_u64(challenge.data + at + 4);
        if (id == NTLM_AV_TIMESTAMP && client->other_timestamp)
            client_append_pair(&pairs, id, "another", 8);
        else if (id != NTLM_AV_TIMESTAMP || !client->without_timestamp)
            client_append_pair(&pairs, id, challenge.data + at + 4, size);
        at += 4u + size;
    }
    if (!client->without_mic)
        client_append_pair(&pairs, NTLM_AV_FLAGS, (uint8_t[4]){2}, 4);
    if (client->twice_flags)
        client_append_pair(&pairs, NTLM_AV_FLAGS, (uint8_t[4]){0}, 4);
    if (client->binding.size && ntlm_channel_bindings_hash(channel_binding_application_data(arena, client->binding), hash))
        client_append_pair(&pairs, NTLM_AV_CHANNEL_BINDINGS, hash, 16);
    else if (client->zero_binding)
        client_append_pair(&pairs, NTLM_AV_CHANNEL_BINDINGS, hash, 16);
    client_append_pair(&pairs, NTLM_AV_EOL, "", 0);
    buffer_append(blob, (uint8_t[8]){1, 1}, 8);
    buffer_append_u64(blob, timestamp);
    buffer_append(blob, "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\0\0\0\0", 12);
    buffer_append(blob, pairs.data, pairs.size);
    buffer_append_u32(blob, 0);
    buffer_free(&pairs);
}

static inline struct bytes client_name(struct arena *arena, const struct ntlm_test_client *client, const char *name)
{
    return client->oem ? bytes_of_string(name) : text_utf16_of_utf8(arena, bytes_of_string(name));
}

/* The authenticate message to a challenge; remembers the key. */
static inline struct bytes client_authenticate(struct arena *arena, struct ntlm_test_client *client, struct bytes negotiate,
                                               struct bytes challenge)
{
    const char *account = client->account ? client->account : "ada", *domain = client->domain ? client->domain : "";
    uint8_t hash[16], key[16], base_key[16], session_key[16];
    struct buffer response = {0}, blob = {0}, message = {0};
    (void)nt_hash_of_password(client->password ? client->password : "secret:1", hash);
    struct bytes wide_account = text_utf16_of_utf8(arena, bytes_of_string(account));
    (void)ntlm_response_key(hash, ntlm_upper_case(arena, wide_account, client->ascii_case),
                            text_utf16_of_utf8(arena, bytes_of_string(domain)), key);
    client_append_blob(&blob, arena, client, challenge);
    uint8_t *proof = buffer_extend(&response, 16);
    (void)ntlm_hmac(key, (struct bytes[]){bytes_of(challenge.data + 24, 8), buffer_bytes(&blob)}, 2, proof);
    (void)ntlm_hmac(key, (struct bytes[]){bytes_of(proof, 16)}, 1, base_key);
    buffer_append(&response, blob.data, blob.size);
    if (client->old_response)
        response.size = 24;
    client->flags = load_u32(challenge.data + 20) | (client->anonymous ? NTLM_FLAG_ANONYMOUS : 0);
    bool exchange = client->flags & NTLM_FLAG_KEY_EXCHANGE;
    memset(client->exported_key, 0x55, 16);
    if (!exchange)
        memcpy(client->exported_key, base_key, 16);
    memcpy(session_key, client->exported_key, 16);
    ntlm_rc4(base_key, session_key, 16);
    struct bytes fields[] = {bytes_of((uint8_t[24]){0}, 24), buffer_bytes(&response), client_name(arena, client, domain),
                             client_name(arena, client, client->anonymous ? "" : account), BYTES_NONE,
                             bytes_of(session_key, exchange ? 16 : 0)};
    buffer_append(&message, "NTLMSSP", 8);
    buffer_append_u32(&message, NTLM_AUTHENTICATE);
    uint32_t at = NTLM_MIC_OFFSET + NTLM_MIC_SIZE;
    for (unsigned i = 0; i < 6; i++) {
        buffer_append_u16(&message, (uint16_t)fields[i].size);
        buffer_append_u16(&message, (uint16_t)fields[i].size);
        buffer_append_u32(&message, at);
        at += (uint32_t)fields[i].size;
    }
    buffer_append_u32(&message, client->flags);
    buffer_append(&message, (uint8_t[24]){10}, 24);
    for (unsigned i = 0; i < 6; i++)
        buffer_append(&message, fields[i].data, fields[i].size);
    if (!client->without_mic) {
        (void)ntlm_hmac(client->exported_key, (struct bytes[]){negotiate, challenge, buffer_bytes(&message)}, 3,
                        message.data + NTLM_MIC_OFFSET);
        message.data[NTLM_MIC_OFFSET] ^= client->broken_mic;
    }
    struct bytes made = arena_bytes(arena, buffer_bytes(&message));
    buffer_free(&response);
    buffer_free(&blob);
    buffer_free(&message);
    return made;
}
