#include "operation/certificate_report.h"

#include <string.h>

static json_t *text_or_null(const char *text)
{
    return text && *text ? json_string(text) : json_null();
}

static json_t *time_text(time_t when)
{
    struct tm parts;
    char text[32];
    if (when == 0 || !gmtime_r(&when, &parts))
        return json_null();
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return json_string(text);
}

static json_t *findings_of(const struct certificate_report *report)
{
    json_t *list = json_array();
    for (size_t i = 0; i < report->finding_count; i++) {
        const struct certificate_finding *finding = &report->findings[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:s, s:s}", "Problem", certificate_problem_names[finding->problem], "Severity",
                                              certificate_severity_names[finding->severity], "Name", text_or_null(finding->name), "Text",
                                              finding->text, "Advice", finding->advice));
    }
    return list;
}

static json_t *client_names_of(const struct certificate_check *check)
{
    json_t *list = json_array();
    for (size_t i = 0; i < check->use_count; i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "Host", check->uses[i].host, "Origin", check->uses[i].origin, "Optional",
                                              check->uses[i].optional));
    return list;
}

static json_t *names_of(const struct certificate_report *report)
{
    json_t *list = json_array();
    for (size_t i = 0; i < report->name_count; i++)
        json_array_append_new(list, json_stringn_nocheck(report->names[i], strlen(report->names[i])));
    return list;
}

json_t *certificate_report_json(const struct certificate_check *check, const struct certificate_report *report)
{
    static const char *const statuses[] = {[CERTIFICATE_NOTICE] = "Valid", [CERTIFICATE_WARNING] = "Warning", [CERTIFICATE_ERROR] = "Invalid"};
    enum certificate_severity worst = CERTIFICATE_NOTICE;
    (void)certificate_report_worst(report, &worst); /* none: valid */
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:I, s:b, s:b, s:s, s:o, s:o}", "Path", check->certificate_path,
                     "KeyPath", text_or_null(check->key_path), "Subject", text_or_null(report->subject), "Issuer", text_or_null(report->issuer),
                     "SerialNumber", text_or_null(report->serial), "Thumbprint", text_or_null(report->thumbprint), "Fingerprint",
                     text_or_null(report->fingerprint), "NotBefore", time_text(report->not_before), "NotAfter", time_text(report->not_after),
                     "DaysLeft", (json_int_t)report->days_left, "Names", names_of(report), "KeyAlgorithm", text_or_null(report->key_kind),
                     "SignatureAlgorithm", text_or_null(report->signature), "ChainLength", (json_int_t)report->chain_length, "SelfSigned",
                     report->self_signed, "Trusted", report->trusted, "Status", statuses[worst], "Findings", findings_of(report), "ClientNames",
                     client_names_of(check));
}
