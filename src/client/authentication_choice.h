/* By which method the client logs on, in libcurl's terms (CURLAUTH_...). Any thread. */
#pragma once
#include "client/transport.h"

/* As Outlook's dialog names it: Basic, NTLM, Nego, Bearer, Anonymous. */
const char *authentication_choice_name(long authentication);
/* What the settings say without asking the server; CURLAUTH_NONE: it has to be asked. */
long authentication_choice_settled(const struct transport_settings *settings);
/* Of those that a 401 offered. */
long authentication_choice_strongest(long offered, const struct transport_settings *settings);
