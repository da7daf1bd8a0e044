#include "auth/kerberos.h"

#include <errno.h>
#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <krb5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/guid.h"

#define BINDING_PREFIX "tls-server-end-point:" /* RFC 5929 4 */
#define BINDING_SIZE_MAX 64u
#define KEYTAB_ENTRIES_MAX 1024u
#define SERVICE "HTTP"

struct kerberos {
    krb5_context context;      /* while it is opened and closed */
    krb5_keytab keytab;        /* MEMORY: the HTTP entries of the file */
    gss_cred_id_t credential;  /* with the replay cache */
    gss_cred_id_t trial;       /* without: to find out which of several bindings a token has */
    char *services;            /* "HTTP/a@R, HTTP/b@R" */
    char *realms;              /* "R S" */
};

struct kerberos_context {
    gss_ctx_id_t context;
};

/* --- reading the keytab --- */

void kerberos_close(struct kerberos *kerberos)
{
    OM_uint32 minor;
    if (!kerberos)
        return;
    gss_release_cred(&minor, &kerberos->credential);
    gss_release_cred(&minor, &kerberos->trial);
    if (kerberos->keytab)
        (void)krb5_kt_close(kerberos->context, kerberos->keytab);
    krb5_free_context(kerberos->context);
    free(kerberos->services);
    free(kerberos->realms);
    free(kerberos);
}

static bool is_service(krb5_context context, krb5_const_principal principal)
{
    const krb5_data *first = principal->length == 2 ? &principal->data[0] : NULL;
    return first && first->length == strlen(SERVICE) && strncasecmp(first->data, SERVICE, first->length) == 0;
}

/* Whether 'word' stands in the blank- or comma-separated list already. */
static bool listed(const struct buffer *list, const char *word)
{
    size_t size = strlen(word);
    for (size_t i = 0; i + size <= list->size; i++)
        if (memcmp(list->data + i, word, size) == 0 && (i == 0 || list->data[i - 1] == ' ') &&
            (i + size == list->size || list->data[i + size] == ' ' || list->data[i + size] == ','))
            return true;
    return false;
}

static void list(struct buffer *list_of, const char *separator, const char *word)
{
    if (listed(list_of, word))
        return;
    if (list_of->size)
        buffer_append_string(list_of, separator);
    buffer_append_string(list_of, word);
}

static krb5_error_code take_entry(struct kerberos *kerberos, krb5_keytab_entry *entry, struct buffer *services, struct buffer *realms)
{
    char *name;
    krb5_error_code code = krb5_kt_add_entry(kerberos->context, kerberos->keytab, entry);
    if (!code)
        code = krb5_unparse_name(kerberos->context, entry->principal, &name);
    if (code)
        return code;
    list(services, ", ", name);
    const char *realm = strrchr(name, '@');
    if (realm)
        list(realms, " ", realm + 1);
    krb5_free_unparsed_name(kerberos->context, name);
    return 0;
}

/* Copies the HTTP entries of the file into memory. Log-ons then read no file, and a host key that shares it is never tried. */
static krb5_error_code copy_entries(struct kerberos *kerberos, krb5_keytab file, struct buffer *services, struct buffer *realms)
{
    krb5_kt_cursor cursor;
    krb5_keytab_entry entry;
    krb5_error_code code = krb5_kt_start_seq_get(kerberos->context, file, &cursor);
    if (code)
        return code;
    for (uint32_t i = 0; i < KEYTAB_ENTRIES_MAX && !(code = krb5_kt_next_entry(kerberos->context, file, &entry, &cursor)); i++) {
        if (is_service(kerberos->context, entry.principal))
            code = take_entry(kerberos, &entry, services, realms);
        krb5_free_keytab_entry_contents(kerberos->context, &entry);
        if (code)
            break;
    }
    krb5_error_code end_code = krb5_kt_end_seq_get(kerberos->context, file, &cursor);
    return code && code != KRB5_KT_END ? code : end_code;
}

static bool explain(struct kerberos *kerberos, krb5_error_code code, const char *path, char error[KERBEROS_ERROR_SIZE])
{
    const char *text = krb5_get_error_message(kerberos->context, code);
    snprintf(error, KERBEROS_ERROR_SIZE, "keytab %s: %s", path, text);
    krb5_free_error_message(kerberos->context, text);
    return false;
}

static bool read_keytab(struct kerberos *kerberos, const char *path, char error[KERBEROS_ERROR_SIZE])
{
    char name[64];
    uint8_t number[16];
    krb5_keytab file;
    struct buffer services = {.size_max = 1u << 16}, realms = {.size_max = 1u << 12};
    if (access(path, R_OK) != 0) { /* the library's own message does not tell absent from forbidden */
        snprintf(error, KERBEROS_ERROR_SIZE, "keytab %s: %s", path, strerror(errno));
        return false;
    }
    random_bytes(number, sizeof number);
    snprintf(name, sizeof name, "MEMORY:mapihttp-%016llx%016llx", (unsigned long long)load_u64(number),
             (unsigned long long)load_u64(number + 8));
    krb5_error_code code = krb5_kt_resolve(kerberos->context, name, &kerberos->keytab);
    snprintf(error, KERBEROS_ERROR_SIZE, "FILE:%s", path);
    if (!code)
        code = krb5_kt_resolve(kerberos->context, error, &file);
    if (code)
        return explain(kerberos, code, path, error);
    code = copy_entries(kerberos, file, &services, &realms);
    (void)krb5_kt_close(kerberos->context, file);
    kerberos->services = strdup(services.size ? buffer_string(&services) : "");
    kerberos->realms = strdup(realms.size ? buffer_string(&realms) : "");
    bool empty = services.size == 0, complete = kerberos->services && kerberos->realms && !services.failed && !realms.failed;
    buffer_free(&services);
    buffer_free(&realms);
    if (code || !complete)
        return explain(kerberos, code ? code : ENOMEM, path, error);
    if (empty)
        snprintf(error, KERBEROS_ERROR_SIZE, "keytab %s: no HTTP/... principal in it", path);
    return !empty;
}

static bool acquire(const struct kerberos *kerberos, const char *replay_cache, gss_cred_id_t *ret_credential)
{
    OM_uint32 minor;
    char name[128];
    gss_OID_set_desc mechanisms = {1, gss_mech_krb5};
    if (krb5_kt_get_name(kerberos->context, kerberos->keytab, name, sizeof name))
        return false;
    gss_key_value_element_desc elements[] = {{"keytab", name}, {"rcache", replay_cache}};
    gss_key_value_set_desc store = {2, elements};
    return gss_acquire_cred_from(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, &mechanisms, GSS_C_ACCEPT, &store, ret_credential, NULL,
                                 NULL) == GSS_S_COMPLETE;
}

struct kerberos *kerberos_open(const char *keytab_path, const char *replay_path, char ret_error[KERBEROS_ERROR_SIZE])
{
    struct kerberos *kerberos = calloc(1, sizeof *kerberos);
    if (!kerberos || krb5_init_context(&kerberos->context)) {
        snprintf(ret_error, KERBEROS_ERROR_SIZE, "Kerberos cannot start: is krb5.conf readable and well-formed?");
        free(kerberos);
        return NULL;
    }
    char replay_cache[512];
    bool fits = (size_t)snprintf(replay_cache, sizeof replay_cache, "file2:%s", replay_path) < sizeof replay_cache;
    bool done = read_keytab(kerberos, keytab_path, ret_error);
    if (done && (!fits || !acquire(kerberos, replay_cache, &kerberos->credential) ||
                 !acquire(kerberos, "none:", &kerberos->trial))) {
        snprintf(ret_error, KERBEROS_ERROR_SIZE, "Kerberos refuses the keytab %s or the replay cache %s", keytab_path,
                 replay_path);
        done = false;
    }
    if (!done) {
        kerberos_close(kerberos);
        return NULL;
    }
    return kerberos;
}

const char *kerberos_services(const struct kerberos *kerberos)
{
    return kerberos->services;
}

const char *kerberos_realms(const struct kerberos *kerberos)
{
    return kerberos->realms;
}

/* --- accepting --- */

struct acceptance {
    OM_uint32 major, minor, flags, lifetime_s;
    gss_buffer_desc answer;
    gss_name_t name;
};

static void acceptance_clear(struct acceptance *acceptance)
{
    OM_uint32 minor;
    gss_release_buffer(&minor, &acceptance->answer);
    gss_release_name(&minor, &acceptance->name);
    *acceptance = (struct acceptance){0};
}

static void accept_message(gss_cred_id_t credential, gss_ctx_id_t *context, struct bytes token, const struct bytes *binding,
                           struct acceptance *ret_acceptance)
{
    struct acceptance acceptance = {0};
    uint8_t data[sizeof BINDING_PREFIX - 1 + BINDING_SIZE_MAX];
    struct gss_channel_bindings_struct bindings = {.application_data = {0, data}};
    gss_buffer_desc input = {token.size, (void *)token.data};
    OM_uint32 minor;
    gss_cred_id_t delegated = GSS_C_NO_CREDENTIAL;
    if (binding) {
        memcpy(data, BINDING_PREFIX, sizeof BINDING_PREFIX - 1);
        memcpy(data + sizeof BINDING_PREFIX - 1, binding->data, binding->size);
        bindings.application_data.length = sizeof BINDING_PREFIX - 1 + binding->size;
    }
    acceptance.major = gss_accept_sec_context(&acceptance.minor, context, credential, &input,
        binding ? &bindings : GSS_C_NO_CHANNEL_BINDINGS, &acceptance.name, NULL, &acceptance.answer, &acceptance.flags,
        &acceptance.lifetime_s, &delegated);
    gss_release_cred(&minor, &delegated);
    *ret_acceptance = acceptance;
}

/* Which binding to insist on. One attempt only may be written into the replay cache, so where there are several the token is
 * tried without it first. */
static const struct bytes *choose_binding(const struct kerberos *kerberos, const struct kerberos_request *request)
{
    if (request->policy == KERBEROS_BINDING_NONE || request->binding_count == 0)
        return NULL;
    for (uint32_t i = 1; i < request->binding_count; i++) {
        struct acceptance acceptance;
        gss_ctx_id_t context = GSS_C_NO_CONTEXT;
        OM_uint32 minor;
        accept_message(kerberos->trial, &context, request->token, &request->bindings[i - 1], &acceptance);
        bool wrong = GSS_ROUTINE_ERROR(acceptance.major) == GSS_S_BAD_BINDINGS;
        acceptance_clear(&acceptance);
        gss_delete_sec_context(&minor, &context, GSS_C_NO_BUFFER);
        if (!wrong)
            return &request->bindings[i - 1];
    }
    return &request->bindings[request->binding_count - 1];
}

/* Whether the failure is this machine's, not the ticket's. */
static bool is_ours(OM_uint32 minor)
{
    switch ((krb5_error_code)minor) {
    case KRB5_RC_IO:
    case KRB5_RC_IO_PERM:
    case KRB5_RC_IO_SPACE:
    case KRB5_RC_IO_UNKNOWN:
    case ENOMEM:
    case ENOSPC:
    case EMFILE:
    case EACCES:
    case EROFS:
    case ENOENT: return true;
    default: return false;
    }
}

static const char *cause_of(OM_uint32 major, OM_uint32 minor)
{
    switch ((krb5_error_code)minor) {
    case KRB5KRB_AP_ERR_TKT_EXPIRED: return "Kerberos ticket expired";
    case KRB5KRB_AP_ERR_TKT_NYV: return "Kerberos ticket not yet valid";
    case KRB5KRB_AP_ERR_SKEW: return "Kerberos: the client's clock differs too much";
    case KRB5KRB_AP_ERR_REPEAT: return "Kerberos: replayed";
    case KRB5KRB_AP_ERR_BADADDR: return "Kerberos ticket for another address";
    case KRB5KRB_AP_ERR_BADKEYVER:
    case KRB5_KT_KVNONOTFOUND: return "Kerberos ticket of a key version that the keytab has not";
    case KRB5_KT_NOTFOUND:
    case KRB5KRB_AP_ERR_NOKEY:
    case KRB5KRB_AP_ERR_NOT_US:
    case KRB5KRB_AP_WRONG_PRINC: return "Kerberos ticket for a service or key that the keytab has not";
    case KRB5KRB_AP_ERR_BAD_INTEGRITY:
    case KRB5KRB_AP_ERR_MODIFIED: return "Kerberos ticket not made with a key of the keytab";
    case KRB5KRB_AP_ERR_ILL_CR_TKT: return "Kerberos ticket came through realms that are not trusted";
    case KRB5_BAD_ENCTYPE:
    case KRB5_NOPERM_ETYPE: return "Kerberos encryption type not permitted";
    case KRB5_RC_IO:
    case KRB5_RC_IO_PERM:
    case KRB5_RC_IO_SPACE:
    case KRB5_RC_IO_UNKNOWN: return "Kerberos: the replay cache cannot be written";
    default: break;
    }
    if (is_ours(minor))
        return "Kerberos: the replay cache cannot be opened";
    switch (GSS_ROUTINE_ERROR(major)) {
    case GSS_S_BAD_BINDINGS: return "Kerberos: bound to another TLS connection";
    case GSS_S_CREDENTIALS_EXPIRED: return "Kerberos ticket expired";
    case GSS_S_DEFECTIVE_TOKEN: return "Kerberos: malformed token";
    case GSS_S_BAD_MECH: return "Negotiate: no mechanism in common";
    }
    if (GSS_SUPPLEMENTARY_INFO(major) & (GSS_S_DUPLICATE_TOKEN | GSS_S_OLD_TOKEN))
        return "Kerberos: replayed";
    return "Kerberos ticket refused";
}

/* 'ada@EXAMPLE.ORG', or NULL for what is no person's name: anonymous, a service, a name with escaped characters. */
static const char *user_principal(struct arena *arena, gss_name_t name)
{
    OM_uint32 minor;
    gss_OID type;
    gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
    if (gss_display_name(&minor, name, &text, &type) != GSS_S_COMPLETE)
        return NULL;
    const char *found = arena_string_of(arena, bytes_of(text.value, text.length));
    const char *at = found ? strchr(found, '@') : NULL;
    bool plain = at && at > found && at[1] && !strchr(at + 1, '@') && !strpbrk(found, "/\\") && strlen(found) == text.length &&
                 type && gss_oid_equal(type, GSS_KRB5_NT_PRINCIPAL_NAME);
    gss_release_buffer(&minor, &text);
    return plain ? found : NULL;
}

static void conclude(struct arena *arena, const struct kerberos_request *request, const struct acceptance *acceptance,
                     struct kerberos_outcome *outcome)
{
    outcome->answer = acceptance->answer.length
        ? arena_bytes(arena, bytes_of(acceptance->answer.value, acceptance->answer.length)) : BYTES_NONE;
    if (acceptance->major != GSS_S_COMPLETE) {
        outcome->cause = GSS_ERROR(acceptance->major) ? cause_of(acceptance->major, acceptance->minor)
                                                      : "Kerberos: a handshake in the style of DCE";
        outcome->unavailable = is_ours(acceptance->minor);
        return;
    }
    outcome->bound = acceptance->flags & GSS_C_CHANNEL_BOUND_FLAG;
    outcome->lifetime_s = acceptance->lifetime_s;
    outcome->principal = acceptance->flags & GSS_C_ANON_FLAG ? NULL : user_principal(arena, acceptance->name);
    if (request->policy == KERBEROS_BINDING_REQUIRE && !outcome->bound)
        outcome->cause = "Kerberos: not bound to the TLS connection, as Extended Protection requires";
    else if (!outcome->principal)
        outcome->cause = "Kerberos principal is not a user's";
    else
        outcome->accepted = true;
}

static bool bindings_fit(const struct kerberos_request *request)
{
    for (uint32_t i = 0; i < request->binding_count; i++)
        if (request->bindings[i].size == 0 || request->bindings[i].size > BINDING_SIZE_MAX)
            return false;
    return true;
}

void kerberos_accept(struct kerberos *kerberos, struct arena *arena, const struct kerberos_request *request,
                     struct kerberos_outcome *ret_outcome)
{
    struct kerberos_outcome outcome = {0};
    struct kerberos_context *context = calloc(1, sizeof *context);
    if (!context) {
        outcome.cause = "Kerberos: out of memory";
        outcome.unavailable = true;
    } else if (!bindings_fit(request)) {
        outcome.cause = "Kerberos: unusable channel binding";
    } else {
        struct acceptance acceptance;
        accept_message(kerberos->credential, &context->context, request->token, choose_binding(kerberos, request), &acceptance);
        conclude(arena, request, &acceptance, &outcome);
        acceptance_clear(&acceptance);
    }
    if (outcome.accepted)
        outcome.context = context;
    else
        kerberos_context_free(context);
    *ret_outcome = outcome;
}

bool kerberos_sign(struct kerberos_context *context, struct arena *arena, struct bytes message, struct bytes *ret_code)
{
    OM_uint32 minor;
    gss_buffer_desc input = {message.size, (void *)message.data}, code = GSS_C_EMPTY_BUFFER;
    if (gss_get_mic(&minor, context->context, GSS_C_QOP_DEFAULT, &input, &code) != GSS_S_COMPLETE)
        return false;
    struct bytes copy = arena_bytes(arena, bytes_of(code.value, code.length));
    gss_release_buffer(&minor, &code);
    if (!copy.data)
        return false;
    *ret_code = copy;
    return true;
}

bool kerberos_verify(struct kerberos_context *context, struct bytes message, struct bytes code)
{
    OM_uint32 minor;
    gss_buffer_desc input = {message.size, (void *)message.data}, theirs = {code.size, (void *)code.data};
    return gss_verify_mic(&minor, context->context, &input, &theirs, NULL) == GSS_S_COMPLETE;
}

void kerberos_context_free(struct kerberos_context *context)
{
    OM_uint32 minor;
    if (!context)
        return;
    gss_delete_sec_context(&minor, &context->context, GSS_C_NO_BUFFER);
    free(context);
}

/* --- realms --- */

/* The next word of a blank-separated list. */
static bool next_word(const char **rest, struct bytes *ret_word)
{
    *rest += strspn(*rest, " \t");
    size_t size = strcspn(*rest, " \t");
    *ret_word = bytes_of(*rest, size);
    *rest += size;
    return size > 0;
}

bool kerberos_realms_valid(const char *realms, const char **ret_error)
{
    struct bytes word;
    while (next_word(&realms, &word)) {
        const uint8_t *equals = memchr(word.data, '=', word.size);
        size_t realm_size = equals ? (size_t)(equals - word.data) : word.size;
        *ret_error = "a realm is REALM or REALM=domain, without '@' or '/'";
        if (realm_size == 0 || realm_size + 1 == word.size || memchr(word.data, '@', word.size) ||
            memchr(word.data, '/', word.size) || (equals && memchr(equals + 1, '=', word.size - realm_size - 1)))
            return false;
    }
    return true;
}

const char *kerberos_directory_name(struct arena *arena, const char *realms, const char *principal)
{
    const char *at = strchr(principal, '@');
    struct bytes word;
    while (at && next_word(&realms, &word)) {
        const uint8_t *equals = memchr(word.data, '=', word.size);
        size_t size = equals ? (size_t)(equals - word.data) : word.size;
        if (size != strlen(at + 1) || memcmp(word.data, at + 1, size) != 0)
            continue;
        if (!equals)
            return arena_string(arena, principal);
        return arena_format(arena, "%.*s@%.*s", (int)(at - principal), principal, (int)(word.size - size - 1),
                            (const char *)equals + 1);
    }
    return NULL;
}
