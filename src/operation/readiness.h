/* What stands in the way of MAPI over HTTP: checks that each tell what they found, good or bad. Inside of Get-MapiHttpReadiness; a check is
 * a function here and a row in the table of readiness.c. docs/readiness.md. */
#pragma once
#include "directory/directory.h"
#include "operation/operation.h"

enum readiness_severity {
    READINESS_PASSED,
    READINESS_INFORMATION, /* worth knowing */
    READINESS_WARNING,     /* some will not get through, or not as they should */
    READINESS_ERROR,       /* it does not work as it is */
};

#define READINESS_EXAMPLES_MAX 20u /* names told of those that a check is about */

struct readiness {
    struct operation_call *call;
    struct directory_organization organization;
    json_t *configuration;     /* of the running server: 'section.name': value; NULL: it does not run */
    /* Of the mailboxes, read once: */
    json_t *blocked_versions;  /* MAPIBlockOutlookVersions by the user's id, where there are any */
    uint32_t mailboxes, allowed, off, on, without_mapi, archives_on; /* on, off: by their own switch */
    json_t *names_off, *names_without_mapi;
    uint32_t counts[4];        /* of what was told, by severity */
    bool problems_only;
};

/* 'subject' and 'action' may be ""; 'names' (NULL: none) is an array of whom it is about, of whom the first are told; not taken over. 'count'
 * is how many there are. */
void readiness_tell(struct readiness *readiness, const char *check, enum readiness_severity severity, const char *subject, uint32_t count,
                    const json_t *names, const char *action, const char *format, ...) __attribute__((format(printf, 8, 9)));
/* Adds a name to such an array, up to READINESS_EXAMPLES_MAX. */
void readiness_name(json_t *names, const char *name);
/* Of the running server's configuration: "" where it is not there. */
const char *readiness_setting(const struct readiness *readiness, const char *name);

void readiness_organization(struct readiness *readiness);
void readiness_mailboxes(struct readiness *readiness);
void readiness_server(struct readiness *readiness);
void readiness_addresses(struct readiness *readiness);
void readiness_log_on(struct readiness *readiness);
void readiness_certificate(struct readiness *readiness);
void readiness_clients(struct readiness *readiness);
