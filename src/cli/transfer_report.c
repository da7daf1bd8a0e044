#include "cli/transfer_report.h"

#include <stdlib.h>
#include <string.h>

#define GROUPS_MAX 256u

struct transfer_group {
    enum mime_notice_kind kind;
    char *what, *why, *first; /* the mail where it came up first */
    uint64_t count;
};

static const char *const kind_names[] = {"damaged", "not represented", "kept whole"};

bool transfer_report_start(struct transfer_report *report, const char *path)
{
    *report = (struct transfer_report){.mail = ""};
    if (!path)
        return true;
    report->list = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
    return report->list != NULL;
}

static void list_line(struct transfer_report *report, const char *mail, const char *kind, const char *what, const char *why)
{
    if (!report->list)
        return;
    const char *const fields[] = {mail, kind, what, why};
    for (int i = 0; i < 4; i++) {
        if (i)
            fputc('\t', report->list);
        for (const char *at = fields[i]; *at; at++)
            fputc((unsigned char)*at < ' ' ? ' ' : *at, report->list);
    }
    fputc('\n', report->list);
}

static struct transfer_group *find_group(struct transfer_report *report, const struct mime_notice *notice)
{
    for (size_t i = 0; i < report->group_count; i++) {
        struct transfer_group *group = &report->groups[i];
        if (group->kind == notice->kind && !strcmp(group->what, notice->what) && !strcmp(group->why, notice->why))
            return group;
    }
    if (report->group_count == GROUPS_MAX)
        return NULL;
    if (report->group_count == report->group_capacity) {
        size_t capacity = report->group_capacity ? report->group_capacity * 2 : 16;
        struct transfer_group *groups = realloc(report->groups, capacity * sizeof *groups);
        if (!groups)
            return NULL;
        report->groups = groups;
        report->group_capacity = capacity;
    }
    struct transfer_group group = {notice->kind, strdup(notice->what), strdup(notice->why), strdup(report->mail), 0};
    if (!group.what || !group.why || !group.first) {
        free(group.what);
        free(group.why);
        free(group.first);
        return NULL;
    }
    report->groups[report->group_count] = group;
    return &report->groups[report->group_count++];
}

static void take_notice(void *data, const struct mime_notice *notice)
{
    struct transfer_report *report = data;
    struct transfer_group *group = find_group(report, notice);
    if (group)
        group->count++;
    list_line(report, report->mail, kind_names[notice->kind], notice->what, notice->why);
}

struct mime_notices transfer_report_notices(struct transfer_report *report)
{
    return (struct mime_notices){take_notice, report};
}

void transfer_report_failure(struct transfer_report *report, const char *mail, const char *why)
{
    report->failed++;
    fprintf(stderr, "mapihttp: %s: %s\n", mail, why);
    list_line(report, mail, "failed", "mail", why);
}

bool transfer_report_end(struct transfer_report *report, const char *verb, double seconds)
{
    printf("%s %llu mails", verb, (unsigned long long)report->done);
    if (report->skipped)
        printf(", %llu were there already", (unsigned long long)report->skipped);
    printf(", %llu failed; %llu folders, %.1f MB in %.1f s (%.0f mails/s).\n", (unsigned long long)report->failed,
        (unsigned long long)report->folders, (double)report->bytes / 1e6, seconds, seconds > 0 ? (double)report->done / seconds : 0);
    if (report->group_count)
        puts("What was damaged, or could not be represented:");
    for (size_t i = 0; i < report->group_count; i++) {
        struct transfer_group *group = &report->groups[i];
        printf("  %6llu  %s: %s (%s)\n          first in %s\n", (unsigned long long)group->count, group->what, group->why,
            kind_names[group->kind], group->first);
        free(group->what);
        free(group->why);
        free(group->first);
    }
    free(report->groups);
    bool good = fflush(stdout) == 0;
    if (report->list && report->list != stdout)
        good &= fclose(report->list) == 0;
    *report = (struct transfer_report){0};
    return good;
}
