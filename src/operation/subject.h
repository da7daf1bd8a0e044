/* What most operations begin with: the organisation, the mailbox that an Identity means, the settings kept for it. Each fails the call
 * where it says so. Results in the call's arena. */
#pragma once
#include "directory/directory.h"
#include "operation/operation.h"
#include "record/settings.h"

/* Fails the call by what the directory said; 'what' begins the message ("mailbox 'ada'"). False unless OK. */
bool subject_directory_done(struct operation_call *call, enum directory_status status, const char *parameter, const char *what);
/* The same of settings; NOT_FOUND is a failure too. */
bool subject_settings_done(struct operation_call *call, enum settings_status status);
bool subject_organization(struct operation_call *call, struct directory_organization *ret_organization);
/* The settings of a mailbox, or of the organisation (name ''): a new object, empty where none are kept; NULL: the call has failed. */
json_t *subject_settings(struct operation_call *call, const char *scope, const char *name);

/* --- for those that change something --- */

/* Whether anything but Identity was given; fails the call where not. */
bool subject_change_given(struct operation_call *call);
/* Says of each parameter given what it would become. */
void subject_tell_what_if(struct operation_call *call, const char *target);
/* operation_changed, and a warning where before and after are the same. */
void subject_changed(struct operation_call *call, const char *target, json_t *before, json_t *after);

/* --- mailboxes --- */

/* What 'identity' means: an account, DOMAIN\account, any address, a principal name, a GUID (of the entry or the mailbox), a legacy DN, or a
 * display name that only one has. Fails the call, naming 'parameter', where it means none or several. */
bool subject_mailbox(struct operation_call *call, const char *parameter, const char *identity, struct directory_user *ret_user);

struct subject_selection {
    const char *identity;       /* as above, or with wildcards; NULL: all */
    const char *beginning;      /* of an account, an address or a word of a display name; NULL */
    unsigned kinds;             /* 1u << DIRECTORY_...; 0: all that have a mailbox */
    int64_t count_max;
    bool count_given;           /* else it is told when there would be more */
    const char *condition;      /* over the objects made: "AuditEnabled -eq $true -and Alias -like 'a*'"; NULL */
    /* Makes the object of each, in order of the accounts; the user lives for the call. NULL: none, or the call has failed. */
    json_t *(*object)(struct operation_call *call, const struct directory_user *user, void *argument);
    /* Instead, for those that emit nothing or something else: called for each. False: it does not count, it is none that is wanted. */
    bool (*each)(struct operation_call *call, const struct directory_user *user, void *argument);
    void *argument;
};
/* Emits the objects of those that fulfil all of it. */
void subject_mailboxes(struct operation_call *call, const struct subject_selection *selection);
/* By Identity, Anr, RecipientTypeDetails, Filter and ResultSize, the parameters of the Get- operations. */
struct subject_selection subject_selection_of(const struct operation_call *call);
extern const char subject_mailbox_types[]; /* of RecipientTypeDetails, in the order of the kinds that have a mailbox */
#define SUBJECT_SELECTION_PARAMETERS                                                                                                             \
    {.name = "Identity", .alias = "id", .kind = OPERATION_TEXT, .flags = OPERATION_POSITION_0 | OPERATION_PIPED,                                  \
     .explanation = "the mailbox: account, address, GUID, legacy DN or display name; * and ? may stand in it"},                                   \
    {.name = "Anr", .option = "begins", .kind = OPERATION_TEXT,                                                                                   \
     .explanation = "only those of which an address, the account or a word of the name begins so"},                                               \
    {.name = "Filter", .kind = OPERATION_TEXT, .explanation = "only those of which this is true: \"AuditEnabled -eq $true -and Alias -like 'a*'\""},  \
    {.name = "RecipientTypeDetails", .option = "type", .kind = OPERATION_CHOICES, .choices = subject_mailbox_types,                               \
     .explanation = "only mailboxes of these kinds"},                                                                                             \
    {.name = "ResultSize", .option = "limit", .kind = OPERATION_NUMBER, .minimum = 1,                                                             \
     .explanation = "at most so many; 1000 by default, Unlimited for all"}
/* The one mailbox that is changed, by subject_mailbox. */
#define SUBJECT_MAILBOX_PARAMETER                                                                                                                \
    {.name = "Identity", .alias = "id", .kind = OPERATION_TEXT, .flags = OPERATION_REQUIRED | OPERATION_POSITION_0 | OPERATION_PIPED,             \
     .explanation = "the mailbox: account, address, GUID, legacy DN or display name"}
/* 'UserMailbox', 'SharedMailbox' ... */
const char *subject_mailbox_type(enum directory_kind kind);
