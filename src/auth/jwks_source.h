/* Where the identity provider's keys come from, a file or an https address, and the set that was read last. Fetching is done by
 * whoever asks first (blocking pool only); meanwhile the others go on with the keys that are there. Any thread. */
#pragma once
#include "auth/jwks.h"

struct jwks_source;

struct jwks_source_settings {
    const char *location;    /* a file's path, or https://... (http:// on this machine only) */
    const char *ca_path;     /* authorities for https, PEM; "": those of the system */
    uint32_t refresh_ms;     /* older keys are fetched again */
    uint32_t retry_ms;       /* between two fetches at least: for an unknown key, and after a failure */
    uint32_t keep_ms;        /* keys that could not be fetched again serve so long at most */
    uint32_t timeout_ms;     /* of a fetch */
};
/* Whether the location is a path or an address that may be fetched. */
bool jwks_location_valid(const char *location, const char **ret_error);

/* Copies the settings; reads nothing yet. */
struct jwks_source *jwks_source_new(const struct jwks_source_settings *settings);
void jwks_source_free(struct jwks_source *source);

struct jwks_state {
    struct jwks *jwks;    /* the caller's reference; NULL: none can be had now */
    uint64_t number;      /* rises with every other content */
    bool busy;            /* somebody is fetching just now: what is missed may be there in a moment */
    bool failed;          /* this call tried to fetch and failed: 'error' for one log line */
    char error[JWKS_ERROR_SIZE + 256];
};
/* The keys. 'wanted' is the number of a set in which a key was missed: newer ones are fetched, if the last fetch is long
 * enough ago; 0: nothing is missed. A file is looked at again at most once a second, and read when it has changed. */
void jwks_source_get(struct jwks_source *source, uint64_t wanted, uint64_t now_ms, struct jwks_state *ret_state);
/* The next call fetches, whatever time has passed. Any thread. */
void jwks_source_expire(struct jwks_source *source);
/* The number of the current set; cheap, on a loop too. */
uint64_t jwks_source_number(const struct jwks_source *source);
