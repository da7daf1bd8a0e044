/* Whether a request that changes something comes from our own pages, and not from another site in the browser of an administrator who
 * is logged on (cross-site request forgery). Two walls: what browsers say of themselves (Origin, Sec-Fetch-Site), and for forms a token that
 * only a page of ours could know. Any thread. docs/admin-site.md. */
#pragma once
#include "base/guid.h"
#include "http/http.h"

/* NULL where Sec-Fetch-Site and Origin are absent (no browser) or say that it comes from this host; else why it is refused. */
const char *same_site_refusal(const struct http_request *request);
/* Whether an Origin means the host (and port) that the request was sent to. */
bool same_site_is_host(const char *origin, const char *host);

#define FORM_TOKEN_KEY_SIZE 32u
#define FORM_TOKEN_TEXT_SIZE 65u
struct form_token_key {
    uint8_t octets[FORM_TOKEN_KEY_SIZE];
};
/* A fresh key: tokens are good until the process ends. False without randomness. */
bool form_token_key_new(struct form_token_key *ret_key);
/* The user's token, as text. */
void form_token(const struct form_token_key *key, struct guid user_id, char ret_token[FORM_TOKEN_TEXT_SIZE]);
bool form_token_fits(const struct form_token_key *key, struct guid user_id, const char *token);
