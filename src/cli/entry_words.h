/* The words of the commands that change the directory (user, group, contact, room, shared): one table of options, so that all
 * of them take the same ones. Everything points into argv. */
#pragma once
#include "cli/command.h"
#include "directory/directory.h"

#define ENTRY_WORDS_LIST_MAX 4096u

struct entry_word_list {
    uint32_t count;
    const char **items; /* freed by entry_words_free */
};

/* 'title=Countess' or '--title Countess'; 'title=' removes. */
struct entry_assignment {
    enum directory_attribute attribute;
    const char *text;
    bool from_file; /* 'text' is a path, or "" */
};

struct entry_words {
    const char *action;
    struct entry_word_list names; /* what stands without an option, behind the action */
    const char *config, *display_name, *alias, *principal, *rule, *password_file, *password_hash, *legacy_dn;
    const char *redirect_address, *redirect_url, *block_versions, *methods, *format, *archive, *mapi_http, *mailbox;
    struct entry_word_list emails, added_emails, removed_emails, old_legacy_dns;
    const char *primary_email;
    enum directory_switch hidden, enabled, administrator, mapi, ntlm;
    enum directory_switch block_rpc_http, block_non_cached_mode, block_external;
    bool as_json, dry_run, update, equipment, public_folder, no_password;
    uint32_t assignment_count;
    struct entry_assignment *assignments;
};

/* COMMAND_DONE, or a usage error already told. Every option must be allowed for the action: 'kinds' is a mask of
 * 1 << directory_kind that the command is about. */
int entry_words_read(const struct command *command, unsigned kinds, int argc, char **argv, struct entry_words *ret_words);
void entry_words_free(struct entry_words *words);

#define ENTRY_KINDS_ALL 0xFFu
#define ENTRY_KINDS_MAILBOX 0x1Fu
