/* A directory as the administrators' settings complete it: switches of mailboxes and of the organisation where the directory
 * itself takes none (LDAP), and authentication policies, which no directory has a place for. Everything else is the directory's
 * beneath. What operations set counts over what stands in the directory. docs/switches.md.
 *
 * In settings: SETTINGS_MAILBOX_SWITCHES, by the user's id, an object of the properties set (MAPIEnabled, MapiHttpEnabled, ...,
 * AuthenticationPolicy); SETTINGS_AUTHENTICATION_POLICY by name, booleans BlockLegacyAuth..., BlockModernAuth...;
 * SETTINGS_ORGANIZATION '': MapiHttpEnabled, DefaultAuthenticationPolicy.
 *
 * Any thread, as directories are; where the settings cannot be read, users are UNAVAILABLE: they might be switched off. */
#pragma once
#include "directory/directory.h"
#include "record/settings.h"

#define SETTINGS_MAILBOX_SWITCHES "mailbox-switches"

/* Takes 'beneath' over (directory_close closes both); 'settings' stays the caller's and outlives it. NULL without memory: then
 * 'beneath' stays the caller's. */
struct directory *overlay_directory_new(struct directory *beneath, struct settings *settings);
/* The directory beneath; a directory that is no overlay is its own. For what settings do not touch (the address book), so that a
 * changed setting does not make it anew. */
struct directory *overlay_directory_beneath(struct directory *directory);

/* The policy of a user by its id, NULL for none: then the organisation's counts. INVALID: there is no such policy, or the
 * directory is no overlay. */
enum directory_status overlay_directory_set_policy(struct directory *directory, struct guid id, const char *policy);
/* The policy that was set for the user itself, "" for none; in the arena. */
enum directory_status overlay_directory_policy(struct directory *directory, struct arena *arena, struct guid id, const char **ret_policy);

/* The organisation's policy, for users without one of their own: the same. */
enum directory_status overlay_directory_set_default_policy(struct directory *directory, const char *policy);
enum directory_status overlay_directory_default_policy(struct directory *directory, struct arena *arena, const char **ret_policy);

/* What stands behind BlockLegacyAuth and BlockModernAuth in a policy, for the protocols that it blocks anything for. */
#define AUTHENTICATION_POLICY_PROTOCOLS(ROW) ROW(Mapi) ROW(Autodiscover) ROW(OfflineAddressBook)
#define AUTHENTICATION_POLICY_PROTOCOL_COUNT 3u /* the first of enum directory_protocol */
