/* What import and export tell at their end: counts, failures, and the notices of the conversion, grouped by what they say;
 * each single one goes into a file where one is asked for. One thread. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "mail/mime_notice.h"

struct transfer_group; /* one kind of notice */

struct transfer_report {
    uint64_t done, skipped, failed, folders, bytes;
    const char *mail;   /* the one that is being converted: notices are about it */
    FILE *list;         /* mail, kind, what, why, separated by tabs; NULL none */
    struct transfer_group *groups;
    size_t group_count, group_capacity;
};

/* Opens the list ('-' is standard output); false with errno when it cannot be written. 'path' may be NULL. */
bool transfer_report_start(struct transfer_report *report, const char *path);
struct mime_notices transfer_report_notices(struct transfer_report *report);
/* A mail that did not get through: said at once on standard error, and in the list. */
void transfer_report_failure(struct transfer_report *report, const char *mail, const char *why);
/* Prints counts and groups, closes the list. 'verb' is 'Imported'. False when the list could not be written whole. */
bool transfer_report_end(struct transfer_report *report, const char *verb, double seconds);
