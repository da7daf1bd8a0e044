/* NTLM, the accepting side, as a mechanism: NTLMv2 responses against NT hashes of the directory (MS-NLMP 3.2.5). LM and NTLMv1
 * responses, anonymous ones and names that nobody has are refused; nobody is taken for a guest. docs/authentication.md. */
#pragma once
#include "auth/mechanism.h"
#include "auth/ntlm_message.h"

/* The object identifier 1.3.6.1.4.1.311.2.2.10 of NTLM within SPNEGO. */
extern const struct bytes ntlm_object_id;

struct ntlm_settings {
    struct ntlm_names names; /* as in the challenge; copied */
    /* Refuse clients that send no message integrity code; those that say they send one must in any case. */
    bool mic_required;
};
/* The directory must outlive it. NULL without memory. */
struct mechanism *ntlm_mechanism_new(struct directory *directory, const struct ntlm_settings *settings);

/* Whether the response's bindings suffice: sets output->binding, or output->cause and returns false. Also for helpers that have
 * checked the proof, which covers them. */
bool ntlm_check_bindings(struct arena *arena, const struct ntlm_response *response, const struct channel_bindings *bindings,
                         struct mechanism_output *output);
/* Account and domain of the message as UTF-8, for the log and the lock-outs. False without memory or with a NUL in one. */
bool ntlm_read_names(struct arena *arena, const struct ntlm_authenticate *authenticate, struct mechanism_output *output);
