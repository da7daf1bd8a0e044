/* The certificate check's report as an object for operations, pages and the readiness report. Any thread. */
#pragma once
#include <jansson.h>

#include "http/certificate_check.h"

/* Path, KeyPath, Subject, Issuer, SerialNumber, Thumbprint, Fingerprint (SHA-256), NotBefore, NotAfter, DaysLeft, Names, KeyAlgorithm,
 * SignatureAlgorithm, ChainLength, SelfSigned, Trusted, Status ('Valid', 'Warning', 'Invalid'), Findings (Problem, Severity, Name, Text,
 * Advice) and ClientNames (Host, Origin, Optional): the names that were looked for. A new object; NULL without memory. */
json_t *certificate_report_json(const struct certificate_check *check, const struct certificate_report *report);
