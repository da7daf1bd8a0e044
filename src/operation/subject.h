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
