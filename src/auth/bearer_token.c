#include "auth/bearer_token.h"

#include <jansson.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "auth/base64.h"

#define NAME_SIZE_MAX 512u
#define TIME_MAX 253402300799.0 /* the year 9999 */

/* --- parts --- */

/* Exactly three parts, none empty. */
static bool split(struct bytes token, struct bytes parts[3])
{
    uint32_t count = 0;
    size_t start = 0;
    for (size_t i = 0; i <= token.size; i++) {
        if (i < token.size && token.data[i] != '.')
            continue;
        if (count == 3 || i == start)
            return false;
        parts[count++] = bytes_of(token.data + start, i - start);
        start = i + 1;
    }
    return count == 3;
}

/* NULL: not base64url, not a JSON object, or one with a name twice. The caller's to give back. */
static json_t *part_read(struct arena *arena, struct bytes part)
{
    struct bytes text;
    if (!base64url_decode(arena, part, &text))
        return NULL;
    json_t *object = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, NULL);
    if (object && !json_is_object(object)) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static const char *header_cause(const json_t *object, struct bearer_header *header)
{
    static const char *const extensions[] = {"crit", "b64", "zip", "enc"};
    static const char *const types[] = {"JWT", "at+jwt", "application/at+jwt", "application/jwt"};
    const json_t *algorithm = json_object_get(object, "alg"), *type = json_object_get(object, "typ");
    const json_t *key_id = json_object_get(object, "kid");
    bool known_type = type == NULL;
    for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++)
        if (json_object_get(object, extensions[i]))
            return "bearer token with extensions that are not supported";
    for (size_t i = 0; json_is_string(type) && i < sizeof types / sizeof *types; i++)
        known_type |= strcasecmp(json_string_value(type), types[i]) == 0;
    if (!known_type)
        return "bearer token of a type that does not log on";
    if (!json_is_string(algorithm) || !jws_algorithm_read(bytes_of_string(json_string_value(algorithm)), &header->algorithm))
        return "bearer token with an algorithm that is not allowed";
    return key_id && !json_is_string(key_id) ? "malformed bearer token" : NULL;
}

bool bearer_header_read(struct arena *arena, struct bytes token, struct bearer_header *ret_header, const char **ret_cause)
{
    struct bytes parts[3], content;
    struct bearer_header header = {0};
    json_t *object = NULL;
    *ret_cause = "malformed bearer token";
    if (token.size > BEARER_TOKEN_SIZE_MAX || !split(token, parts) || !base64url_decode(arena, parts[1], &content) ||
        !base64url_decode(arena, parts[2], &content) || !(object = part_read(arena, parts[0])))
        return false;
    const char *cause = header_cause(object, &header);
    const char *key_id = json_string_value(json_object_get(object, "kid"));
    if (key_id)
        header.key_id = arena_string(arena, key_id);
    bool kept = !key_id || header.key_id;
    json_decref(object);
    if (cause || !kept) {
        *ret_cause = cause ? cause : "out of memory";
        return false;
    }
    *ret_header = header;
    return true;
}

/* --- lists --- */

static bool next_word(const char **rest, struct bytes *ret_word)
{
    *rest += strspn(*rest, " \t");
    size_t size = strcspn(*rest, " \t");
    *ret_word = bytes_of(*rest, size);
    *rest += size;
    return size > 0;
}

static bool has_word(const char *list, struct bytes value)
{
    struct bytes word;
    while (next_word(&list, &word))
        if (bytes_equal(word, value))
            return true;
    return false;
}

static struct bytes text_of(const json_t *value)
{
    return bytes_of(json_string_value(value), json_string_length(value));
}

/* Whether a claim, one text or an array of texts, has a value of the list. */
static bool claim_matches(const json_t *claim, const char *list)
{
    const json_t *element;
    size_t i;
    if (json_is_string(claim))
        return has_word(list, text_of(claim));
    if (!json_is_array(claim))
        return false;
    json_array_foreach((json_t *)claim, i, element)
        if (json_is_string(element) && has_word(list, text_of(element)))
            return true;
    return false;
}

/* Scopes in one text are separated by blanks (RFC 8693 4.2). */
static bool scopes_match(const json_t *claim, const char *list)
{
    const char *rest = json_string_value(claim);
    struct bytes word;
    while (rest && next_word(&rest, &word))
        if (has_word(list, word))
            return true;
    return !rest && claim_matches(claim, list);
}

/* --- claims --- */

/* False: it is there but no time. */
static bool time_read(const json_t *claim, bool *ret_given, double *ret_time_s)
{
    double value = json_number_value(claim);
    *ret_given = claim != NULL;
    *ret_time_s = value;
    return !claim || (json_is_number(claim) && isfinite(value) && value >= 0 && value <= TIME_MAX);
}

static const char *time_cause(const json_t *claims, const struct bearer_rules *rules, uint64_t now_s, uint64_t *ret_expires_s)
{
    bool has_end, has_start, has_issue;
    double end_s, start_s, issue_s, now = (double)now_s, skew = rules->clock_skew_s;
    if (!time_read(json_object_get(claims, "exp"), &has_end, &end_s) ||
        !time_read(json_object_get(claims, "nbf"), &has_start, &start_s) ||
        !time_read(json_object_get(claims, "iat"), &has_issue, &issue_s))
        return "bearer token with a malformed time";
    if (!has_end)
        return "bearer token without an end";
    if (now >= end_s + skew)
        return "bearer token expired";
    if ((has_start && now + skew < start_s) || (has_issue && now + skew < issue_s))
        return "bearer token not yet valid";
    *ret_expires_s = (uint64_t)end_s;
    return NULL;
}

/* 'claim' or 'claim=kind'. */
static bool claim_rule_read(struct bytes word, struct bytes *ret_claim, enum bearer_name_kind *ret_kind)
{
    static const char *const kinds[] = {"principal", "address", "account", "id"};
    const uint8_t *equals = memchr(word.data, '=', word.size);
    *ret_claim = bytes_of(word.data, equals ? (size_t)(equals - word.data) : word.size);
    *ret_kind = BEARER_NAME_PRINCIPAL;
    if (!equals)
        return true;
    for (unsigned i = 0; i < 4; i++)
        if (bytes_equal(bytes_of(equals + 1, word.size - ret_claim->size - 1), bytes_of_string(kinds[i]))) {
            *ret_kind = (enum bearer_name_kind)i;
            return ret_claim->size > 0;
        }
    return false;
}

bool bearer_claim_list_valid(const char *claims, const char **ret_error)
{
    struct bytes word, claim;
    enum bearer_name_kind kind;
    uint32_t count = 0;
    *ret_error = "a claim is 'claim' or 'claim=principal', '=address', '=account' or '=id'";
    for (; next_word(&claims, &word); count++)
        if (!claim_rule_read(word, &claim, &kind))
            return false;
    if (count == 0)
        *ret_error = "no claim is named";
    return count > 0;
}

/* Looked up as an account, a text with '@' or '\' would mean something else. */
static bool name_usable(struct bytes name, enum bearer_name_kind kind)
{
    if (name.size == 0 || name.size > NAME_SIZE_MAX)
        return false;
    for (size_t i = 0; i < name.size; i++)
        if (name.data[i] <= 0x20 || name.data[i] == 0x7F ||
            (kind == BEARER_NAME_ACCOUNT && (name.data[i] == '@' || name.data[i] == '\\')))
            return false;
    return true;
}

/* The first claim of the list that the token has decides; the later ones are no second chance. */
static const char *name_cause(struct arena *arena, const json_t *claims, const struct bearer_rules *rules,
                              struct bearer_claims *ret_claims)
{
    const char *rest = rules->claims;
    struct bytes word, claim;
    while (next_word(&rest, &word)) {
        enum bearer_name_kind kind;
        char name[NAME_SIZE_MAX];
        if (!claim_rule_read(word, &claim, &kind) || claim.size >= sizeof name)
            continue;
        memcpy(name, claim.data, claim.size);
        name[claim.size] = '\0';
        const json_t *value = json_object_get(claims, name);
        if (!value)
            continue;
        if (!json_is_string(value) || !name_usable(text_of(value), kind))
            return "bearer token whose user's name cannot be used";
        ret_claims->name = arena_string_of(arena, text_of(value));
        ret_claims->kind = kind;
        if (strcmp(name, "email") == 0 && !rules->unverified_email && !json_is_true(json_object_get(claims, "email_verified")))
            return "bearer token with an e-mail address that is not verified";
        return ret_claims->name ? NULL : "out of memory";
    }
    return "bearer token that names no user";
}

static const char *claims_cause(const json_t *claims, const struct bearer_rules *rules, uint64_t now_s,
                                struct bearer_claims *ret_claims)
{
    const json_t *issuer = json_object_get(claims, "iss");
    if (!json_is_string(issuer) || !has_word(rules->issuers, text_of(issuer)))
        return "bearer token of another issuer";
    if (!claim_matches(json_object_get(claims, "aud"), rules->audiences))
        return "bearer token for another audience";
    const char *cause = time_cause(claims, rules, now_s, &ret_claims->expires_s);
    if (cause)
        return cause;
    if (rules->scopes[strspn(rules->scopes, " \t")] && !scopes_match(json_object_get(claims, "scp"), rules->scopes) &&
        !scopes_match(json_object_get(claims, "scope"), rules->scopes))
        return "bearer token without the scope";
    if (rules->roles[strspn(rules->roles, " \t")] && !claim_matches(json_object_get(claims, "roles"), rules->roles))
        return "bearer token without the role";
    return NULL;
}

bool bearer_claims_read(struct arena *arena, struct bytes token, const struct bearer_rules *rules, uint64_t now_s,
                        struct bearer_claims *ret_claims, const char **ret_cause)
{
    struct bytes parts[3];
    struct bearer_claims claims = {0};
    json_t *object = split(token, parts) ? part_read(arena, parts[1]) : NULL;
    const char *cause = "malformed bearer token";
    if (object) {
        const char *name = name_cause(arena, object, rules, &claims);
        cause = claims_cause(object, rules, now_s, &claims);
        cause = cause ? cause : name;
    }
    json_decref(object);
    *ret_claims = claims;
    if (cause)
        *ret_cause = cause;
    return !cause;
}
