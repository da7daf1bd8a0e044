/* What administrators set while the server runs and no directory has a place for: virtual directories, authentication policies,
 * audit settings of mailboxes, switches where the directory cannot be written. One SQLite file, <data>/administration.sqlite, which
 * the record of changes shares (change_record.h). Values are JSON objects by scope and name; names compare without regard to case.
 *
 * Thread: any; one connection and one lock inside. Reading is from memory once a value was read, until the version moves.
 * Ownership: what is returned is a new reference (json_decref it), never changed by anybody. docs/operations.md. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct settings;

#define SETTINGS_VIRTUAL_DIRECTORY "virtual-directory"       /* name 'mapi', 'rpc', 'autodiscover', 'oab' */
#define SETTINGS_AUTHENTICATION_POLICY "authentication-policy" /* name of the policy */
#define SETTINGS_ORGANIZATION "organization"                 /* name '': what directory_organization has no place for */
#define SETTINGS_MAILBOX "mailbox"                           /* name: the user's id as GUID text: audit_policy.h */

enum settings_status { SETTINGS_OK, SETTINGS_NOT_FOUND, SETTINGS_CORRUPT, SETTINGS_UNAVAILABLE };
const char *settings_status_text(enum settings_status status);

/* Makes the file where it is absent (mode 0600); ':memory:' for tests. */
enum settings_status settings_open(const char *path, struct settings **ret_settings);
void settings_close(struct settings *settings);
/* The object, or NOT_FOUND. */
enum settings_status settings_get(struct settings *settings, const char *scope, const char *name, json_t **ret_value);
/* Replaces (NULL: removes) an object. */
enum settings_status settings_set(struct settings *settings, const char *scope, const char *name, json_t *value);
/* Reads an object (an empty one where there is none), has 'change' change it, and keeps what came out, an empty one as none: all in one
 * transaction, whoever else changes it meanwhile. 'change' uses no settings; where it returns false, nothing is kept and that is no failure. */
enum settings_status settings_change(struct settings *settings, const char *scope, const char *name,
                                     bool (*change)(json_t *object, void *argument), void *argument);
/* An object {name: value, ...} of a scope, in order of the names. */
enum settings_status settings_list(struct settings *settings, const char *scope, json_t **ret_values);
/* Changes whenever a value has changed, within a millisecond where another process did. Cheap enough for every request. */
uint64_t settings_version(struct settings *settings);
