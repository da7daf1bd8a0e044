/* One sub-command of 'mapihttp': a row in main.c, a file of its own. Its usage text is also its section in the manual
 * page: first line 'mapihttp NAME ...' forms, then a paragraph, then options as '  --name VALUE   what it does'. */
#pragma once
#include <stddef.h>

/* Exit statuses, the same for all commands. */
enum command_status {
    COMMAND_DONE = 0,
    COMMAND_FAILED = 1, /* said on standard error why */
    COMMAND_USAGE = 2,  /* the words were wrong */
};

struct command {
    const char *name;    /* 'import' */
    const char *summary; /* one line: 'put mail files into a mailbox'; NULL: hidden, for programs */
    const char *usage;   /* several lines, each ended by \n */
    /* argv[0] is the sub-command's name. Returns an exit status. '--help' never arrives here. */
    int (*run)(const struct command *command, int argc, char **argv);
};

/* 'mapihttp NAME: message' on standard error, and where to find help; returns COMMAND_USAGE. */
int command_usage_error(const struct command *command, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* 'mapihttp NAME: message' on standard error; returns COMMAND_FAILED. */
int command_failed(const struct command *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The rows of main.c; NULL behind the last. */
const struct command *command_at(size_t index);

/* Defined by the files of the sub-commands, listed in main.c. */
extern const struct command command_help;
extern const struct command command_decode;
extern const struct command command_discover;
extern const struct command command_dns;
extern const struct command command_folders;
extern const struct command command_get;
extern const struct command command_ldap;
extern const struct command command_list;
extern const struct command command_log;
extern const struct command command_oab;
extern const struct command command_organization;
extern const struct command command_probe;
extern const struct command command_put;
extern const struct command command_show;
extern const struct command command_status;
extern const struct command command_test;
extern const struct command command_user;
extern const struct command command_watch;
extern const struct command command_compare;
extern const struct command command_complete;
extern const struct command command_export;
extern const struct command command_import;
extern const struct command command_address_list;
extern const struct command command_contact;
extern const struct command command_directory;
extern const struct command command_domain;
extern const struct command command_group;
extern const struct command command_right;
extern const struct command command_room;
extern const struct command command_shared;
extern const struct command command_shell;
extern const struct command command_gal;
extern const struct command command_resolve;
extern const struct command command_whoami;
