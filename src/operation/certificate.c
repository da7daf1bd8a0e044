/* Test-MapiHttpCertificate: what is wrong with the server's certificate, or with one that is to become it. */
#include <string.h>

#include "operation/certificate_report.h"
#include "operation/operation_live.h"
#include "operation/operations.h"
#include "operation/subject.h"

#define NAMES_MAX 256u

/* The certificate in use, with the names that clients come by; NULL: the call has failed, or there is none to be had. */
static json_t *in_use(struct operation_call *call)
{
    const struct operation_live *live = call->host->live;
    return live && live->certificate ? live->certificate(call->host->live_state) : NULL;
}

/* Those given, else those that the running server is known by; false: the call has failed. */
static bool find_names(struct operation_call *call, struct certificate_check *check)
{
    const json_t *given = operation_parameter(call, "Names");
    json_t *own = given ? NULL : in_use(call), *entry;
    struct certificate_use *uses = arena_array(call->arena, struct certificate_use, NAMES_MAX);
    size_t index;
    if (!uses) {
        json_decref(own);
        operation_fail(call, OPERATION_FAILED, NULL, "out of memory");
        return false;
    }
    json_array_foreach((json_t *)(given ? given : json_object_get(own, "ClientNames")), index, entry) {
        const char *host = given ? json_string_value(entry) : json_string_value(json_object_get(entry, "Host"));
        const char *origin = given ? "-Names" : json_string_value(json_object_get(entry, "Origin"));
        if (host && origin && check->use_count < NAMES_MAX)
            uses[check->use_count++] = (struct certificate_use){.host = arena_string(call->arena, host), .origin = arena_string(call->arena, origin),
                                                                .optional = json_is_true(json_object_get(entry, "Optional"))};
    }
    json_decref(own);
    check->uses = uses;
    if (!check->use_count)
        operation_warn(call, "it is not known by which names clients come: name them by -Names, or set them (Set-MapiVirtualDirectory)");
    return true;
}

static json_t *check_file(struct operation_call *call, const char *path)
{
    struct certificate_check check = {.certificate_path = path, .key_path = operation_text(call, "KeyPath"),
                                      .authorities_path = operation_text(call, "AuthorityPath")};
    struct certificate_report report;
    if (!find_names(call, &check))
        return NULL;
    json_t *object = certificate_check_run(&check, call->arena, &report) ? certificate_report_json(&check, &report) : NULL;
    if (!object)
        operation_fail(call, OPERATION_FAILED, NULL, "out of memory");
    return object;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

/* Warnings as warnings; errors fail the operation, so that a script notices. */
static void tell_findings(struct operation_call *call, const json_t *object)
{
    const json_t *findings = json_object_get(object, "Findings"), *first_error = NULL;
    size_t index;
    json_t *finding;
    json_array_foreach((json_t *)findings, index, finding) {
        bool error = strcmp(text_of(finding, "Severity"), "Error") == 0;
        if (error && !first_error)
            first_error = finding;
        else
            operation_warn(call, "%s. %s", text_of(finding, "Text"), text_of(finding, "Advice"));
    }
    if (first_error)
        operation_fail(call, OPERATION_FAILED, NULL, "%s. %s", text_of(first_error, "Text"), text_of(first_error, "Advice"));
}

static void test(struct operation_call *call)
{
    const char *path = operation_text(call, "CertificatePath");
    if (path && strcmp(call->actor->way, "local") != 0) { /* nobody far away shall find out which files there are */
        operation_fail(call, OPERATION_DENIED, "CertificatePath", "files are looked at for those only who are on the server's machine");
        return;
    }
    if (path && *path != '/' && call->host->live) {
        operation_fail(call, OPERATION_INVALID_ARGUMENT, "CertificatePath", "the server reads '%s', in a folder of its own: name the whole path", path);
        return;
    }
    if (!path && (operation_given(call, "KeyPath") || operation_given(call, "AuthorityPath") || operation_given(call, "Names"))) {
        operation_fail(call, OPERATION_INVALID_ARGUMENT, "CertificatePath", "KeyPath, AuthorityPath and Names go with CertificatePath: without it the certificate in use is "
                       "looked at, by the names that clients are told");
        return;
    }
    json_t *object = path ? check_file(call, path) : in_use(call);
    if (!object && call->error == OPERATION_DONE)
        operation_fail(call, OPERATION_UNAVAILABLE, "CertificatePath", "no server runs whose certificate could be looked at: name a file");
    if (!object)
        return;
    operation_emit(call, json_incref(object));
    tell_findings(call, object);
    json_decref(object);
}

static const struct operation_parameter parameters[] = {
    {.name = "CertificatePath", .alias = "File", .option = "file", .kind = OPERATION_TEXT, .flags = OPERATION_POSITION_0,
     .explanation = "a PEM file with the certificate and its chain, on the server's machine; without it the one in use"},
    {.name = "KeyPath", .alias = "Key", .option = "key", .kind = OPERATION_TEXT, .explanation = "the PEM file of its private key, to see whether they belong together"},
    {.name = "AuthorityPath", .option = "ca", .kind = OPERATION_TEXT, .explanation = "a PEM file of authorities to trust besides those of the system"},
    {.name = "Names", .option = "names", .kind = OPERATION_TEXTS, .explanation = "names that it has to cover; without them those of the URLs that clients are told"},
    {.name = NULL},
};

static const struct operation_column columns[] = {{"Subject"}, {"NotAfter"}, {"DaysLeft", true}, {"Names"}, {"Trusted"}, {"Status"}, {NULL}};

const struct operation operation_test_mapi_http_certificate = {
    .name = "Test-MapiHttpCertificate",
    .command = "cert check",
    .summary = "what is wrong with the server's certificate, or with one that is to become it",
    .description = "Looked at are the names of all URLs that clients are told (wildcards count), autodiscover of each domain, the chain, the time (a warning 30 "
                   "days before the end), whether the key belongs to it, and how strong both are. An error ends with a status other than 0.\n"
                   "A file is read by the running server, as its user: one that it cannot read it could not use either. Where no server runs, the command reads it.",
    .parameters = parameters,
    .columns = columns,
    .run = test,
};
