/* import: a CSV or LDIF file of entries, all of it or nothing. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/entry_command.h"
#include "cli/entry_row.h"

#define ERRORS_TOLD_MAX 20u

struct entry_importing {
    const struct command *command;
    struct directory *directory;
    const struct entry_words *words;
    const char *path;
    unsigned kinds;
    struct arena arena;       /* of the whole import */
    uint32_t row_count;
    struct entry_row *rows;
    struct guid *ids;         /* of the rows' entries, once they are there */
    uint32_t *by_dn;          /* indexes of rows with a DN, in order of it */
    uint32_t dn_count;
    uint32_t error_count, added, changed, skipped;
    const char *unknown;      /* an attribute that says nothing here; NULL for none */
};

static void complain(struct entry_importing *importing, uint32_t line, const char *text)
{
    if (importing->error_count++ < ERRORS_TOLD_MAX)
        command_failed(importing->command, "%s, line %u: %s", importing->path, line, text);
}

/* --- who is meant by a DN --- */

static int compare_by_dn(const void *a, const void *b, void *argument)
{
    const struct entry_row *rows = argument;
    return strcasecmp(rows[*(const uint32_t *)a].dn, rows[*(const uint32_t *)b].dn);
}

static void sort_dns(struct entry_importing *importing)
{
    for (uint32_t i = 0; i < importing->row_count; i++) {
        if (importing->rows[i].dn && !importing->rows[i].skipped)
            importing->by_dn[importing->dn_count++] = i;
    }
    qsort_r(importing->by_dn, importing->dn_count, sizeof *importing->by_dn, compare_by_dn, importing->rows);
}

static bool find_dn(const struct entry_importing *importing, const char *dn, struct guid *ret_id)
{
    uint32_t low = 0, high = importing->dn_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = strcasecmp(dn, importing->rows[importing->by_dn[middle]].dn);
        if (order == 0) {
            *ret_id = importing->ids[importing->by_dn[middle]];
            return true;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

static bool find_anybody(struct entry_importing *importing, const char *text, struct guid *ret_id)
{
    struct arena arena = {0};
    struct directory_entry entry;
    bool found = find_dn(importing, text, ret_id);
    if (!found && directory_find_entry(importing->directory, &arena, DIRECTORY_KEY_LOGON, text, &entry) == DIRECTORY_OK) {
        *ret_id = entry.id;
        found = true;
    }
    arena_free(&arena);
    return found;
}

/* --- one row --- */

static enum directory_status add_row(struct entry_importing *importing, const struct entry_row *row, struct guid *ret_id,
                                     struct embedded_error *error)
{
    struct arena arena = {0};
    struct directory_entry added;
    struct embedded_entry entry = {
        .kind = row->kind, .account = row->account, .display_name = row->display_name,
        .address_count = row->addresses.count, .addresses = row->addresses.items, .principal = row->principal,
        .password = row->password, .password_hash = row->password_hash, .nt_hash = row->has_nt_hash ? row->nt_hash : NULL,
        .administrator = row->administrator == DIRECTORY_ON, .disabled = row->enabled == DIRECTORY_OFF,
        .hidden = row->hidden == DIRECTORY_ON, .rule = row->rule, .legacy_dn = row->legacy_dn,
        .old_legacy_dn_count = row->old_legacy_dns.count, .old_legacy_dns = row->old_legacy_dns.items,
        .mailbox_guid = row->has_mailbox_guid ? &row->mailbox_guid : NULL,
        .value_count = row->values.count, .values = row->values.values};
    enum directory_status status = embedded_directory_add_entry(importing->directory, &arena, &entry, &added, error);
    if (status == DIRECTORY_OK)
        *ret_id = added.id;
    arena_free(&arena);
    return status;
}

static enum directory_status change_row(struct entry_importing *importing, const struct entry_row *row, struct guid id,
                                        struct embedded_error *error)
{
    struct directory *directory = importing->directory;
    struct embedded_change change = {.display_name = row->display_name, .principal = row->principal, .rule = row->rule,
                                     .hidden = row->hidden, .enabled = row->enabled, .administrator = row->administrator};
    enum directory_status status = embedded_directory_change(directory, id, &change, error);
    if (status == DIRECTORY_OK && row->addresses.count)
        status = embedded_directory_set_addresses(directory, id, row->addresses.count, row->addresses.items, error);
    for (uint32_t i = 0; status == DIRECTORY_OK && i < row->old_legacy_dns.count; i++)
        status = embedded_directory_add_legacy_dn(directory, id, row->old_legacy_dns.items[i], error);
    if (status == DIRECTORY_OK && row->values.count)
        status = embedded_directory_put_values(directory, id, row->values.count, row->values.values, error);
    if (status == DIRECTORY_OK && row->password)
        status = embedded_directory_put_password(directory, id, row->password, error);
    if (status == DIRECTORY_OK && row->password_hash)
        status = embedded_directory_put_password_hash(directory, id, row->password_hash, error);
    if (status == DIRECTORY_OK && row->has_nt_hash)
        status = embedded_directory_put_nt_hash(directory, id, row->nt_hash, error);
    return status;
}

static void put_row(struct entry_importing *importing, uint32_t index)
{
    const struct entry_row *row = &importing->rows[index];
    struct arena arena = {0};
    struct directory_entry there;
    struct embedded_error error = {0};
    enum directory_status status;
    if (importing->words->update &&
        directory_find_entry(importing->directory, &arena, DIRECTORY_KEY_LOGON, row->account, &there) == DIRECTORY_OK) {
        importing->ids[index] = there.id;
        status = change_row(importing, row, there.id, &error);
        importing->changed++;
    } else {
        status = add_row(importing, row, &importing->ids[index], &error);
        importing->added++;
    }
    if (status != DIRECTORY_OK)
        complain(importing, row->line, *error.text ? error.text : directory_status_text(status));
    arena_free(&arena);
}

/* References and members, once everybody is there. */
static void link_row(struct entry_importing *importing, uint32_t index)
{
    const struct entry_row *row = &importing->rows[index];
    struct arena arena = {0};
    struct embedded_error error = {0};
    enum directory_status status = DIRECTORY_OK;
    struct guid *ids = arena_array(&arena, struct guid, row->members.count + 1);
    for (uint32_t i = 0; ids && i < row->reference_count; i++) {
        struct bytes item = bytes_of(ids->data, sizeof ids->data);
        struct directory_value value = {.attribute = row->references[i].attribute, .count = 1, .items = &item};
        if (!find_anybody(importing, row->references[i].text, ids))
            complain(importing, row->line, arena_format(&arena, "%s: there is nobody called '%s'",
                                                        directory_attributes[value.attribute].name, row->references[i].text));
        else if ((status = embedded_directory_put_values(importing->directory, importing->ids[index], 1, &value, &error)) != DIRECTORY_OK)
            complain(importing, row->line, *error.text ? error.text : directory_status_text(status));
    }
    for (uint32_t i = 0; ids && i < row->members.count; i++) {
        if (!find_anybody(importing, row->members.items[i], &ids[i]))
            complain(importing, row->line, arena_format(&arena, "member: there is nobody called '%s'", row->members.items[i]));
    }
    if (ids && row->members.count && importing->error_count == 0) {
        status = embedded_directory_change_group(importing->directory, importing->ids[index], true, row->members.count, ids, &error);
        if (status != DIRECTORY_OK)
            complain(importing, row->line, *error.text ? error.text : directory_status_text(status));
    }
    arena_free(&arena);
}

/* --- the file --- */

static bool read_rows(struct entry_importing *importing, enum entry_file_format format, enum directory_kind kind)
{
    struct buffer text = {.size_max = ENTRY_FILE_SIZE_MAX + 1};
    struct entry_record *records = NULL;
    const char *error = NULL;
    bool done = entry_file_load(importing->path, ENTRY_FILE_SIZE_MAX, &text);
    if (!done)
        command_failed(importing->command, "%s: %s", importing->path, strerror(errno));
    else if (!(done = entry_file_read(&importing->arena, format, &text, &importing->row_count, &records, &error)))
        command_failed(importing->command, "%s, %s", importing->path, error);
    buffer_free(&text);
    importing->rows = done ? arena_array(&importing->arena, struct entry_row, importing->row_count + 1) : NULL;
    importing->ids = arena_array(&importing->arena, struct guid, importing->row_count + 1);
    importing->by_dn = arena_array(&importing->arena, uint32_t, importing->row_count + 1);
    if (done && (!importing->rows || !importing->ids || !importing->by_dn)) {
        command_failed(importing->command, "out of memory");
        done = false;
    }
    for (uint32_t i = 0; done && i < importing->row_count; i++) {
        if (!entry_row_read(&importing->arena, importing->directory, format, kind, &records[i], &importing->rows[i], &error)) {
            complain(importing, records[i].line, error);
        } else if (importing->rows[i].skipped) {
            importing->skipped++;
        } else {
            if (!(importing->kinds & 1u << importing->rows[i].kind))
                complain(importing, records[i].line, "an entry of a kind that this command is not about; 'mapihttp directory import' takes all");
            if (!importing->unknown)
                importing->unknown = importing->rows[i].unknown;
        }
    }
    return done;
}

static int put_rows(struct entry_importing *importing)
{
    struct embedded_error error = {0};
    enum directory_status status = embedded_directory_begin(importing->directory, &error);
    if (status != DIRECTORY_OK)
        return entry_report(importing->command, importing->path, status, &error);
    for (uint32_t i = 0; i < importing->row_count && importing->error_count < ERRORS_TOLD_MAX; i++) {
        if (!importing->rows[i].skipped)
            put_row(importing, i);
    }
    sort_dns(importing);
    for (uint32_t i = 0; i < importing->row_count && importing->error_count < ERRORS_TOLD_MAX; i++) {
        if (!importing->rows[i].skipped)
            link_row(importing, i);
    }
    if (importing->error_count || importing->words->dry_run) {
        embedded_directory_rollback(importing->directory);
        return importing->error_count ? COMMAND_FAILED : COMMAND_DONE;
    }
    return entry_report(importing->command, importing->path, embedded_directory_commit(importing->directory, &error), &error);
}

static bool read_format(const struct entry_words *words, const char *path, enum entry_file_format *ret_format)
{
    const char *word = words->format ? words->format : strrchr(path, '.') ? strrchr(path, '.') + 1 : "";
    if (strcasecmp(word, "csv") != 0 && strcasecmp(word, "ldif") != 0)
        return false;
    *ret_format = !strcasecmp(word, "csv") ? ENTRY_FILE_CSV : ENTRY_FILE_LDIF;
    return true;
}

int entry_import(const struct command *command, struct directory *directory, enum directory_kind kind, unsigned kinds,
                 const struct entry_words *words)
{
    struct entry_importing importing = {.command = command, .directory = directory, .words = words, .kinds = kinds,
                                        .path = words->names.items[0], .arena = {.size_max = SIZE_MAX}};
    enum entry_file_format format;
    if (!read_format(words, importing.path, &format))
        return command_usage_error(command, "%s: say --format csv or ldif", importing.path);
    int result = read_rows(&importing, format, kind) && importing.error_count == 0 ? COMMAND_DONE : COMMAND_FAILED;
    if (result == COMMAND_DONE)
        result = put_rows(&importing);
    if (result == COMMAND_DONE)
        printf("%s%u added, %u changed, %u skipped\n", words->dry_run ? "would be: " : "", importing.added, importing.changed,
               importing.skipped);
    else if (importing.error_count)
        command_failed(command, "nothing was changed%s", importing.error_count >= ERRORS_TOLD_MAX ? "; there may be more errors" : "");
    if (result == COMMAND_DONE && importing.unknown)
        fprintf(stderr, "attributes that say nothing here were left out, such as %s\n", importing.unknown);
    arena_free(&importing.arena);
    return result;
}
