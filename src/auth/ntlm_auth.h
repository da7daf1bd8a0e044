/* Samba's ntlm_auth as the accepting side, for domains whose hashes only a domain controller has: a mechanism that passes the
 * messages to helper processes in the lines of '--helper-protocol=squid-2.5-ntlmssp' (NTLM) or 'gss-spnego' (Negotiate).
 *
 * A helper keeps the challenge it made in itself, so it belongs to one log-on from the first message to the last. Processes are
 * started when they are needed, at most processes_max; when all are taken, the one whose client has kept it waiting longest is
 * taken back, and that client starts over. One that dies or does not answer in time is ended and replaced.
 *
 * Thread: as mechanism.h says; steps block. The program runs as our user with an empty environment but PATH. */
#pragma once
#include "auth/mechanism.h"

enum ntlm_auth_protocol { NTLM_AUTH_SQUID, NTLM_AUTH_SPNEGO };

struct ntlm_auth_settings {
    const char *command;      /* program with its absolute path, and arguments, blanks between; no shell reads it. Copied. */
    enum ntlm_auth_protocol protocol;
    uint32_t processes_max;
    uint32_t timeout_ms;      /* for one answer */
};
/* NULL without memory. Nothing is started yet. */
struct mechanism *ntlm_auth_mechanism_new(const struct ntlm_auth_settings *settings);
