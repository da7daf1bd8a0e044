/* Operations: what an administrator can do with the product. Each is declared once, with its parameters and columns, and has one
 * function; the declaration drives Exchange's way of typing it ('mapihttp Set-CasMailbox -Identity ada -MapiHttpEnabled $true'), the
 * ordinary sub-command ('mapihttp cas set ada --mapi-http on'), JSON over HTTPS and the Unix socket (POST /admin/api/Set-CasMailbox),
 * the pages of /admin/, help, completion and manual pages. docs/operations.md.
 *
 * Thread: operation_run blocks (directory, files): on no loop. An operation may run several times at once.
 * Ownership: a call and everything in it lives until operation_run returns; objects emitted are taken over. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct audit_store;
struct directory;
struct settings;
struct operation_call;

enum operation_value {
    OPERATION_TEXT,     /* JSON string */
    OPERATION_BOOLEAN,  /* true, false; $true, $false, on, off, yes, no, 1, 0 */
    OPERATION_SWITCH,   /* a flag without a value: -ShowDetails; -ShowDetails:$false too */
    OPERATION_NUMBER,   /* whole, between minimum and maximum; where maximum is 0 there is none, and 'Unlimited' (a JSON string) is allowed */
    OPERATION_TIME,     /* a date or date and time, as people write them; JSON string in ISO 8601 UTC */
    OPERATION_DURATION, /* '90.00:00:00' (days.hours:minutes:seconds) or 90d; JSON number of seconds */
    OPERATION_CHOICE,   /* one of 'choices', any case; JSON string in the declared spelling */
    OPERATION_CHOICES,  /* several of them, with commas; JSON array */
    OPERATION_TEXTS,    /* JSON array of strings, typed with commas */
    OPERATION_URL,      /* an absolute http(s) URL; JSON string */
};

#define OPERATION_REQUIRED 1u   /* must be given (or come by the pipe) */
#define OPERATION_NULLABLE 2u   /* $null (on the ordinary face: 'none' or 'inherit') is a value: JSON null */
#define OPERATION_POSITION_0 4u /* may be typed without its name, as the first word */
#define OPERATION_PIPED 8u      /* taken from objects that come by the pipe, by the property of the same name or 'Identity' */
#define OPERATION_SECRET 16u    /* never recorded or logged */
#define OPERATION_CHANGEABLE 32u /* of TEXTS and CHOICES: @{Add='a','b'; Remove='c'} too, JSON {"Add": [..], "Remove": [..]}; operation_list */

struct operation_parameter {
    const char *name;        /* 'MapiHttpEnabled' */
    const char *alias;       /* a further name: 'id' of Identity; NULL */
    const char *option;      /* on the ordinary face: 'mapi-http' for --mapi-http; NULL: the name in lower case with dashes */
    enum operation_value kind;
    unsigned flags;
    const char *choices;     /* 'Basic|Ntlm|Negotiate|OAuth' */
    uint32_t minimum, maximum;
    const char *explanation; /* a sentence without its full stop */
};

/* A column of the default table; all properties are shown by Format-List, --json and --csv. */
struct operation_column {
    const char *name;
    bool right;
};

#define OPERATION_CHANGES 1u /* changes something: it is recorded, and knows -WhatIf and -Confirm */
#define OPERATION_LIVE 2u    /* needs the running server (sessions, certificate in use) */
#define OPERATION_CLIENT 4u  /* runs in the command, not in the server (probes, filters of the pipe) */
#define OPERATION_LOG_ON 8u  /* with CLIENT: logs on somewhere as a client does, by the options for that (--address, --ca-file ...) */

struct operation {
    const char *name;        /* 'Set-CasMailbox' */
    const char *alias;       /* 'Set-CASMailbox' needs none: names compare without regard to case; NULL */
    const char *command;     /* the ordinary face: 'cas set'; NULL: it has none */
    unsigned flags;
    const char *summary;     /* one line */
    const char *description; /* paragraphs for help and manual; NULL */
    const struct operation_parameter *parameters; /* ended by a NULL name */
    const struct operation_column *columns;       /* ended by a NULL name; NULL: all properties, as a list */
    void (*run)(struct operation_call *call);
};

enum operation_error {
    OPERATION_DONE,
    OPERATION_INVALID_ARGUMENT, /* a parameter is unknown, wrong or missing */
    OPERATION_NOT_FOUND,        /* what it names is not there */
    OPERATION_CONFLICT,         /* it cannot be done as things are */
    OPERATION_DENIED,
    OPERATION_UNAVAILABLE,      /* the server, the directory or a file cannot be reached */
    OPERATION_FAILED,
};
extern const char *const operation_error_names[]; /* 'InvalidArgument', ... */

/* Who asks. */
struct operation_actor {
    const char *name;    /* 'alice@example.org', 'root' */
    const char *way;     /* 'local', 'https', 'page' */
    const char *address; /* the client's, "" for local */
};

/* What operations work on: made by the server, or by the command where no server runs (then 'live' is NULL). */
struct operation_live; /* what only a running server knows: operation_live.h */
struct operation_host {
    struct directory *directory;
    struct settings *settings;
    const char *data_path;             /* folder of mailboxes, directory, records */
    struct audit_store *audit;         /* the running server's, NULL without one: records that are not in the file yet */
    const struct operation_live *live;
    void *live_state;
};

struct operation_call {
    const struct operation *operation;
    const struct operation_host *host;
    const struct operation_actor *actor;
    struct arena *arena;
    json_t *parameters; /* checked: declared names, JSON of their kinds; absent where not given */
    bool what_if;       /* say by operation_warn what would happen; change nothing */
    /* Where the results go. */
    void (*emit)(struct operation_call *call, json_t *object);
    void (*warn)(struct operation_call *call, const char *text);
    void *output;
    /* The outcome; set by operation_fail. */
    enum operation_error error;
    const char *error_parameter; /* NULL where it is none's fault */
    const char *error_text;
    bool stopped;                /* the receiver is gone: emit no more */
    json_t *changes;             /* inside: what operation_changed was told */
};

/* By Exchange's name or the ordinary one ('cas set'), without regard to case; unambiguous only; NULL. */
const struct operation *operation_find(const char *name);
extern const struct operation *const operations[]; /* ended by NULL */
/* The same in another table (of the command's own operations). */
const struct operation *operation_find_in(const struct operation *const *table, const char *name);
/* WhatIf and Confirm, which every operation that changes something has besides its own. Confirm is the command's matter. */
extern const struct operation_parameter operation_common_parameters[];
/* What a typed name means (without its dash): a name, an alias, or the unambiguous beginning of one; among the operation's own and the common
 * parameters, in any case. NULL: *ret_error says in the arena which parameters there are. */
const struct operation_parameter *operation_parameter_find(const struct operation *operation, const char *name, struct arena *arena,
                                                           const char **ret_error);
/* The option of the ordinary face, without its dashes: 'mapi-http'. In the arena. */
const char *operation_parameter_option(const struct operation_parameter *parameter, struct arena *arena);

/* Checks 'given' (an object with any spelling of names, unambiguous prefixes; values as JSON or as the text that was typed) against the declaration,
 * runs, records a change. False: call->error and its text say why. 'call' has host, actor, arena, emit, warn, output; the rest is set here. */
bool operation_run(const struct operation *operation, const json_t *given, struct operation_call *call);

/* For the functions of operations. */
void operation_fail(struct operation_call *call, enum operation_error error, const char *parameter, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void operation_warn(struct operation_call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Takes the object. */
void operation_emit(struct operation_call *call, json_t *object);
/* A parameter's value: NULL, default or false where it was not given. */
const json_t *operation_parameter(const struct operation_call *call, const char *name);
const char *operation_text(const struct operation_call *call, const char *name);
bool operation_flag(const struct operation_call *call, const char *name);
/* INT64_MAX for 'Unlimited'; seconds of a duration. */
int64_t operation_number(const struct operation_call *call, const char *name, int64_t standard);
/* FILETIME of a time. */
uint64_t operation_time(const struct operation_call *call, const char *name, uint64_t standard);
/* Whether it was given, be it as null. */
bool operation_given(const struct operation_call *call, const char *name);
/* The list that results where 'current' (borrowed, may be NULL) is replaced, or added to and taken from, as the parameter says: a new array
 * without the same twice (without regard to case); NULL where it was not given. */
json_t *operation_list(const struct operation_call *call, const char *name, const json_t *current);
/* What is recorded with a change: the target, and objects of what was and what is, of which the properties that differ are kept; both taken
 * over. Once for each thing changed. */
void operation_changed(struct operation_call *call, const char *target, json_t *before, json_t *after);
