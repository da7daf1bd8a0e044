#include "client/authentication_choice.h"
#include <curl/curl.h>

const char *authentication_choice_name(long authentication)
{
    switch (authentication) {
    case CURLAUTH_BASIC: return "Basic";
    case CURLAUTH_NTLM: return "NTLM";
    case CURLAUTH_NEGOTIATE: return "Nego";
    case CURLAUTH_BEARER: return "Bearer";
    default: return "Anonymous";
    }
}

long authentication_choice_settled(const struct transport_settings *settings)
{
    switch (settings->authentication) {
    case MAPIHTTP_AUTHENTICATION_BASIC: return CURLAUTH_BASIC;
    case MAPIHTTP_AUTHENTICATION_NTLM: return CURLAUTH_NTLM;
    case MAPIHTTP_AUTHENTICATION_NEGOTIATE: return CURLAUTH_NEGOTIATE;
    case MAPIHTTP_AUTHENTICATION_BEARER: return CURLAUTH_BEARER;
    case MAPIHTTP_AUTHENTICATION_AUTOMATIC: break;
    }
    return settings->bearer_token ? (long)CURLAUTH_BEARER : CURLAUTH_NONE;
}

/* The strongest that can work with what we have: Negotiate needs a ticket, so a password goes by NTLM, then Basic. */
long authentication_choice_strongest(long offered, const struct transport_settings *settings)
{
    if (!settings->password)
        return offered & CURLAUTH_NEGOTIATE ? (long)CURLAUTH_NEGOTIATE : CURLAUTH_NONE;
    if (offered & CURLAUTH_NTLM)
        return CURLAUTH_NTLM;
    return offered & CURLAUTH_BASIC ? CURLAUTH_BASIC : offered & CURLAUTH_NEGOTIATE ? (long)CURLAUTH_NEGOTIATE : CURLAUTH_NONE;
}
