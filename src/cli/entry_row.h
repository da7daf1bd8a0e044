/* A record of a CSV or LDIF file as an entry of the directory: what the fields' names mean, whether they are ours, Active
 * Directory's, OpenLDAP's or FreeIPA's. docs/directory.md has the table. */
#pragma once
#include "cli/entry_values.h"
#include "directory/embedded.h"
#include "directory/entry_file.h"

#define ENTRY_ROW_LIST_MAX 4096u

struct entry_row_list {
    uint32_t count, capacity;
    const char **items;
};

struct entry_row {
    uint32_t line;
    const char *dn;           /* LDIF; NULL in CSV */
    bool skipped;             /* LDIF: of a class that is no entry here */
    const char *skipped_why;  /* 'organizationalUnit' */
    enum directory_kind kind;
    const char *account, *display_name, *principal, *password, *password_hash, *rule, *legacy_dn;
    struct entry_row_list addresses, old_legacy_dns, members; /* members by DN, alias or address */
    struct entry_value_list values;
    uint32_t reference_count;
    struct { enum directory_attribute attribute; const char *text; } references[4];
    bool has_mailbox_guid, has_nt_hash;
    struct guid mailbox_guid;
    uint8_t nt_hash[16];
    enum directory_switch hidden, administrator, enabled;
    const char *unknown;      /* LDIF: the first attribute that says nothing here; CSV has an error instead */
};

/* False with *ret_error (without the line) for a record that cannot be an entry. */
bool entry_row_read(struct arena *arena, struct directory *directory, enum entry_file_format format,
                    enum directory_kind kind, const struct entry_record *record, struct entry_row *ret_row,
                    const char **ret_error);
