#include "auth/jwks.h"

#include <cjose/jwk.h>
#include <cjose/jws.h>
#include <jansson.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/base64.h"

#define KEY_ID_SIZE_MAX 512u

static const struct {
    const char *name, *kind, *curve;
} algorithms[JWS_ALGORITHM_COUNT] = {
#define ROW(id, name, kind, curve) {name, kind, curve},
    JWS_ALGORITHMS(ROW)
#undef ROW
};

struct key {
    char *id;        /* NULL: none */
    char *algorithm; /* the only one it is for; NULL: any of its kind */
    const char *kind, *curve;
    cjose_jwk_t *jwk;
};

struct jwks {
    atomic_uint references;
    uint32_t count;
    struct key keys[JWKS_KEYS_MAX];
};

bool jws_algorithm_read(struct bytes name, enum jws_algorithm *ret_algorithm)
{
    for (unsigned i = 0; i < JWS_ALGORITHM_COUNT; i++)
        if (bytes_equal(name, bytes_of_string(algorithms[i].name))) {
            *ret_algorithm = (enum jws_algorithm)i;
            return true;
        }
    return false;
}

const char *jws_algorithm_name(enum jws_algorithm algorithm)
{
    return algorithms[algorithm].name;
}

/* --- reading --- */

static const char *member(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* Whether the key says that it is for signatures, or says nothing (RFC 7517 4.2, 4.3). */
static bool for_signatures(const json_t *object)
{
    const char *use = member(object, "use");
    const json_t *operations = json_object_get(object, "key_ops"), *operation;
    size_t i;
    if (use && strcmp(use, "sig") != 0)
        return false;
    if (!json_is_array(operations))
        return operations == NULL;
    json_array_foreach((json_t *)operations, i, operation)
        if (json_is_string(operation) && strcmp(json_string_value(operation), "verify") == 0)
            return true;
    return false;
}

/* Whether a member is base64url of a number of 'size_min' to 'size_max' octets. cjose asserts what it should check: whatever it
 * is given must have been looked at here. */
static bool number_fits(const json_t *object, const char *name, size_t size_min, size_t size_max)
{
    struct arena arena = {0};
    struct bytes number;
    bool fits_in = member(object, name) && base64url_decode(&arena, bytes_of_string(member(object, name)), &number) &&
                   number.size >= size_min && number.size <= size_max;
    arena_free(&arena);
    return fits_in;
}

/* Octets of a coordinate (RFC 7518 6.2.1.2). */
static size_t coordinate_size(const char *curve)
{
    return strcmp(curve, "P-256") == 0 ? 32 : strcmp(curve, "P-384") == 0 ? 48 : 66;
}

/* The public part alone: what cjose is given cannot hold anything else. */
static json_t *public_part(const json_t *object, const char **ret_kind, const char **ret_curve)
{
    const char *kind = member(object, "kty");
    if (kind && strcmp(kind, "RSA") == 0 && number_fits(object, "n", JWKS_RSA_BITS_MIN / 8, JWKS_RSA_BITS_MAX / 8 + 1) &&
        number_fits(object, "e", 1, 8)) {
        *ret_kind = "RSA";
        *ret_curve = "";
        return json_pack("{s:s, s:s, s:s}", "kty", "RSA", "n", member(object, "n"), "e", member(object, "e"));
    }
    const char *curve = member(object, "crv");
    if (!kind || strcmp(kind, "EC") != 0 || !curve)
        return NULL;
    for (unsigned i = 0; i < JWS_ALGORITHM_COUNT; i++)
        if (strcmp(algorithms[i].curve, curve) == 0 && *curve && number_fits(object, "x", coordinate_size(curve), coordinate_size(curve)) &&
            number_fits(object, "y", coordinate_size(curve), coordinate_size(curve))) {
            *ret_kind = "EC";
            *ret_curve = algorithms[i].curve;
            return json_pack("{s:s, s:s, s:s, s:s}", "kty", "EC", "crv", curve, "x", member(object, "x"), "y", member(object, "y"));
        }
    return NULL;
}

static bool long_enough(const struct key *key)
{
    cjose_err error;
    if (strcmp(key->kind, "RSA") != 0)
        return true;
    int bits = (int)cjose_jwk_get_keysize(key->jwk, &error);
    return bits >= (int)JWKS_RSA_BITS_MIN && bits <= (int)JWKS_RSA_BITS_MAX;
}

static void key_clear(struct key *key)
{
    free(key->id);
    free(key->algorithm);
    if (key->jwk)
        cjose_jwk_release(key->jwk);
    *key = (struct key){0};
}

/* False: a key that cannot serve. */
static bool read_key(const json_t *object, struct key *ret_key)
{
    struct key key = {0};
    cjose_err error;
    const char *id = member(object, "kid"), *algorithm = member(object, "alg");
    if (!json_is_object(object) || !for_signatures(object) || (id && strlen(id) > KEY_ID_SIZE_MAX))
        return false;
    json_t *public = public_part(object, &key.kind, &key.curve);
    if (!public)
        return false;
    key.jwk = cjose_jwk_import_json((cjose_header_t *)public, &error);
    json_decref(public);
    key.id = id ? strdup(id) : NULL;
    key.algorithm = algorithm ? strdup(algorithm) : NULL;
    if (!key.jwk || (id && !key.id) || (algorithm && !key.algorithm) || !long_enough(&key)) {
        key_clear(&key);
        return false;
    }
    *ret_key = key;
    return true;
}

struct jwks *jwks_read(struct bytes json, char ret_error[JWKS_ERROR_SIZE])
{
    json_error_t json_error;
    json_t *document = json.size > JWKS_SIZE_MAX ? NULL
        : json_loadb((const char *)json.data, json.size, JSON_REJECT_DUPLICATES, &json_error);
    const json_t *list = json_object_get(document, "keys"), *object;
    struct jwks *jwks = json_is_array(list) ? calloc(1, sizeof *jwks) : NULL;
    size_t i;
    if (json.size > JWKS_SIZE_MAX)
        snprintf(ret_error, JWKS_ERROR_SIZE, "a key set of more than %u bytes", JWKS_SIZE_MAX);
    else if (!document)
        snprintf(ret_error, JWKS_ERROR_SIZE, "not JSON: line %d: %.160s", json_error.line, json_error.text);
    else if (!jwks)
        snprintf(ret_error, JWKS_ERROR_SIZE, "no key set: an array 'keys' is missing");
    if (!jwks) {
        json_decref(document);
        return NULL;
    }
    atomic_init(&jwks->references, 1);
    json_array_foreach((json_t *)list, i, object)
        if (jwks->count < JWKS_KEYS_MAX && read_key(object, &jwks->keys[jwks->count]))
            jwks->count++;
    json_decref(document);
    return jwks;
}

struct jwks *jwks_reference(struct jwks *jwks)
{
    if (jwks)
        atomic_fetch_add_explicit(&jwks->references, 1, memory_order_relaxed);
    return jwks;
}

void jwks_release(struct jwks *jwks)
{
    if (!jwks || atomic_fetch_sub_explicit(&jwks->references, 1, memory_order_acq_rel) != 1)
        return;
    for (uint32_t i = 0; i < jwks->count; i++)
        key_clear(&jwks->keys[i]);
    free(jwks);
}

uint32_t jwks_count(const struct jwks *jwks)
{
    return jwks->count;
}

/* --- verifying --- */

static bool fits(const struct key *key, enum jws_algorithm algorithm)
{
    return strcmp(key->kind, algorithms[algorithm].kind) == 0 && strcmp(key->curve, algorithms[algorithm].curve) == 0 &&
           (!key->algorithm || strcmp(key->algorithm, algorithms[algorithm].name) == 0);
}

static const struct key *find_key(const struct jwks *jwks, enum jws_algorithm algorithm, const char *key_id)
{
    const struct key *found = NULL;
    for (uint32_t i = 0; i < jwks->count; i++) {
        const struct key *key = &jwks->keys[i];
        if (!fits(key, algorithm) || (key_id && (!key->id || strcmp(key->id, key_id) != 0)))
            continue;
        if (found)
            return NULL; /* two that could be meant are none */
        found = key;
    }
    return found;
}

enum jws_result jwks_verify(const struct jwks *jwks, enum jws_algorithm algorithm, const char *key_id, struct bytes compact)
{
    cjose_err error;
    const struct key *key = find_key(jwks, algorithm, key_id);
    if (!key)
        return JWS_UNKNOWN_KEY;
    cjose_jws_t *jws = cjose_jws_import((const char *)compact.data, compact.size, &error);
    if (!jws)
        return JWS_BAD;
    /* cjose goes by the header's algorithm: it must be the one that the key was chosen for. */
    const char *named = cjose_header_get(cjose_jws_get_protected(jws), CJOSE_HDR_ALG, &error);
    bool good = named && strcmp(named, algorithms[algorithm].name) == 0 && cjose_jws_verify(jws, key->jwk, &error);
    cjose_jws_release(jws);
    return good ? JWS_GOOD : JWS_BAD;
}
