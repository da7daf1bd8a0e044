/* Who a client says it is: its software, its version, the release of Outlook that the version belongs to, and whether an
 * administrator's rule shuts it out. The versions that matter stand as data in client_version.c, with their sources. No state,
 * any thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLIENT_VERSION_PARTS 4u

/* 15.0.4569.1506; 'count' parts were given, the others are 0. */
struct client_version {
    uint32_t parts[CLIENT_VERSION_PARTS];
    uint32_t count;
};

/* '15.0.4569' at the beginning of a text; *ret_rest (may be NULL) is what follows. False where there is none, or where a part
 * is longer than six digits. */
bool client_version_parse(const char *text, struct client_version *ret_version, const char **ret_rest);
/* <0, 0, >0. Parts that one of them does not have are not compared: Outlook's User-Agent tells three, its builds have four. */
int client_version_compare(const struct client_version *a, const struct client_version *b);
/* '15.0.4569.1506'; "" for none. */
#define CLIENT_VERSION_TEXT_SIZE 32u
void client_version_format(const struct client_version *version, char text[CLIENT_VERSION_TEXT_SIZE]);

/* A release of Outlook, and whether it can speak MAPI over HTTP at all. */
struct client_release {
    const char *name;
    bool speaks_mapi_http;
};
/* NULL for versions older than any in the table. */
const struct client_release *client_release_of(const struct client_version *version);

/* Whether a mailbox's block_versions (MAPIBlockOutlookVersions) shuts a version out: a single version admits that one and
 * later ones; ranges with '-', separated by ';' ('-14.0.7146;15.0.0-15.0.4568'), shut out what they contain. Malformed parts
 * shut nobody out. */
bool client_version_blocked(const char *block_versions, const struct client_version *version);
/* Whether all of it means something; "" does. For what an administrator types. *ret_part (may be NULL) is the part that does not, in
 * block_versions. */
#define CLIENT_VERSION_RULES_SIZE_MAX 1024u
bool client_version_rules_valid(const char *block_versions, const char **ret_part);

/* The version of Outlook in a User-Agent or X-ClientApplication: 'Microsoft Outlook 16.0.4266', 'Outlook/15.0.4569.1506'. */
bool client_version_find_outlook(const char *text, struct client_version *ret_version);

/* The products that reports of clients name. */
enum client_class {
    CLIENT_UNDETERMINED, /* Outlook, but which is not said */
    CLIENT_OUTLOOK_2007,
    CLIENT_OUTLOOK_2010,
    CLIENT_OUTLOOK_2013,
    CLIENT_OUTLOOK_2016,
    CLIENT_OUTLOOK_2019,
    CLIENT_OUTLOOK_M365, /* also the versions 2021 and 2024, which are made of the same releases */
    CLIENT_OTHER,        /* not Outlook for Windows */
};
#define CLIENT_CLASS_COUNT 8u
/* 'Undetermined', 'Outlook 2007', ..., 'Other'. */
extern const char *const client_class_names[CLIENT_CLASS_COUNT];

#define CLIENT_SOFTWARE_SIZE 48u
struct client_identity {
    char software[CLIENT_SOFTWARE_SIZE]; /* 'Outlook', 'mapihttp', 'MacOutlook'; "" where nothing is said. Printable ASCII */
    struct client_version version;       /* count 0 where none is said */
    enum client_class class;
};
/* From X-ClientApplication, else from User-Agent; NULL or "" for an absent one. */
void client_identify(const char *client_application, const char *user_agent, struct client_identity *ret_identity);
