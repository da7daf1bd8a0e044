/* NTLM's three messages (MS-NLMP 2.2.1), the target information in them (2.2.2.1) and the NTLMv2 response (2.2.2.7, 2.2.2.8).
 * Readers are strict about bounds and give ranges of what they were given; nothing here knows passwords. No state, any thread. */
#pragma once
#include "base/arena.h"

#define NTLM_MESSAGE_SIZE_MAX 16384u
#define NTLM_NEGOTIATE_SIZE_MAX 2048u /* it is kept until the log-on ends, for the integrity code */
#define NTLM_NAME_SIZE_MAX 1024u      /* bytes of an account's or domain's name */

enum ntlm_message_type { NTLM_NEGOTIATE = 1, NTLM_CHALLENGE = 2, NTLM_AUTHENTICATE = 3 };
/* 0: not an NTLM message. */
unsigned ntlm_message_type(struct bytes message);

/* MS-NLMP 2.2.2.5, those that matter here. */
#define NTLM_FLAG_UNICODE 0x00000001u
#define NTLM_FLAG_OEM 0x00000002u
#define NTLM_FLAG_REQUEST_TARGET 0x00000004u
#define NTLM_FLAG_SIGN 0x00000010u
#define NTLM_FLAG_SEAL 0x00000020u
#define NTLM_FLAG_NTLM 0x00000200u
#define NTLM_FLAG_ANONYMOUS 0x00000800u
#define NTLM_FLAG_DOMAIN_SUPPLIED 0x00001000u
#define NTLM_FLAG_WORKSTATION_SUPPLIED 0x00002000u
#define NTLM_FLAG_ALWAYS_SIGN 0x00008000u
#define NTLM_FLAG_TARGET_TYPE_DOMAIN 0x00010000u
#define NTLM_FLAG_EXTENDED_SESSION_SECURITY 0x00080000u
#define NTLM_FLAG_TARGET_INFO 0x00800000u
#define NTLM_FLAG_VERSION 0x02000000u
#define NTLM_FLAG_128 0x20000000u
#define NTLM_FLAG_KEY_EXCHANGE 0x40000000u
#define NTLM_FLAG_56 0x80000000u

/* MS-NLMP 2.2.1.1; the names in it are ignored, but must lie within. */
bool ntlm_negotiate_read(struct bytes message, uint32_t *ret_flags);

struct ntlm_names {
    const char *netbios_domain, *netbios_computer; /* UTF-8 */
    const char *dns_domain, *dns_computer;
};
struct ntlm_challenge {
    uint32_t flags;
    uint8_t challenge[8];
    uint64_t timestamp; /* FILETIME */
    const struct ntlm_names *names;
};
/* MS-NLMP 2.2.1.2, in the arena; empty without memory. */
struct bytes ntlm_challenge_make(struct arena *arena, const struct ntlm_challenge *challenge);

#define NTLM_MIC_OFFSET 72u
#define NTLM_MIC_SIZE 16u
/* MS-NLMP 2.2.1.3. Names as sent: UTF-16LE or OEM, as flags say. */
struct ntlm_authenticate {
    uint32_t flags;
    struct bytes lm_response, nt_response, domain, user, workstation, session_key;
    bool has_room_for_mic; /* the payload begins behind it */
};
bool ntlm_authenticate_read(struct bytes message, struct ntlm_authenticate *ret_authenticate);

enum ntlm_av_id {
    NTLM_AV_EOL = 0, NTLM_AV_NB_COMPUTER = 1, NTLM_AV_NB_DOMAIN = 2, NTLM_AV_DNS_COMPUTER = 3, NTLM_AV_DNS_DOMAIN = 4,
    NTLM_AV_DNS_TREE = 5, NTLM_AV_FLAGS = 6, NTLM_AV_TIMESTAMP = 7, NTLM_AV_SINGLE_HOST = 8, NTLM_AV_TARGET_NAME = 9,
    NTLM_AV_CHANNEL_BINDINGS = 10,
};
#define NTLM_AV_FLAG_MIC 0x2u

/* What an NTLMv2 response says besides its proof. All of it is covered by the proof. */
struct ntlm_response {
    struct bytes proof;            /* 16 bytes */
    struct bytes blob;             /* what the proof is over, behind the challenge */
    bool has_mic;                  /* AV_FLAGS says so */
    struct bytes channel_bindings; /* 16 bytes; empty where there is none, or zeros, which means none */
    struct bytes target_name;      /* UTF-16LE; the service the client means to talk to */
    struct bytes timestamp;        /* 8 bytes of the server's time as the client repeats it; empty: it does not */
};
/* False for anything else, NTLMv1 (24 bytes) among it. Pairs that matter must not come twice, and the list must have an end. */
bool ntlm_response_read(struct bytes nt_response, struct ntlm_response *ret_response);
