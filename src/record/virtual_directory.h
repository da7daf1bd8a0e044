/* Virtual directories, as Exchange's administrators know them: where clients find a part of the server from inside and from outside,
 * and how they log on there. What was set is kept in settings (SETTINGS_VIRTUAL_DIRECTORY, by name); what was not, the server's
 * configuration file says. Values are small and plain: no ownership. Any thread. docs/virtual-directories.md. */
#pragma once
#include "auth/mechanism.h"
#include "record/settings.h"

/* In the order of enum directory_protocol. */
enum virtual_directory { VIRTUAL_DIRECTORY_MAPI, VIRTUAL_DIRECTORY_AUTODISCOVER, VIRTUAL_DIRECTORY_OAB };
#define VIRTUAL_DIRECTORY_COUNT 3u
extern const char *const virtual_directory_names[VIRTUAL_DIRECTORY_COUNT]; /* 'mapi', 'Autodiscover', 'OAB' */
extern const char *const virtual_directory_paths[VIRTUAL_DIRECTORY_COUNT]; /* '/mapi', ...: what their URLs end with */

#define VIRTUAL_DIRECTORY_BASE_SIZE 300u

enum virtual_directory_url { VIRTUAL_DIRECTORY_URL_UNSET, VIRTUAL_DIRECTORY_URL_NONE, VIRTUAL_DIRECTORY_URL_SET };
/* One side's address: of the configuration; told to nobody ($null); as set. */
struct virtual_directory_side {
    enum virtual_directory_url state;
    char base[VIRTUAL_DIRECTORY_BASE_SIZE]; /* 'https://mail.example.org', where SET */
};

struct virtual_directory_settings {
    struct virtual_directory_side internal, external;
    bool has_methods;
    uint32_t methods; /* DIRECTORY_METHOD_... */
    bool has_protection;
    enum extended_protection protection;
};

/* What is kept; all zero where nothing is. What cannot be understood in it counts as not set. */
enum settings_status virtual_directory_read(struct settings *settings, enum virtual_directory which,
                                            struct virtual_directory_settings *ret_settings);

/* 'https://mail.example.org:8443' of 'https://mail.example.org:8443/mapi/': scheme, host and port, without the directory's path. False: *ret_wrong, a
 * literal, says what is wrong with it. */
bool virtual_directory_base_of(enum virtual_directory which, const char *url, char ret_base[VIRTUAL_DIRECTORY_BASE_SIZE], const char **ret_wrong);
/* The host of a base or URL, without port and brackets; false where there is none. */
#define VIRTUAL_DIRECTORY_HOST_SIZE 256u
bool virtual_directory_host_of(const char *base, char ret_host[VIRTUAL_DIRECTORY_HOST_SIZE]);

/* Exchange's names of the ways to log on, in the order of the bits DIRECTORY_METHOD_...: 'Basic', 'Ntlm', 'Negotiate', 'OAuth'. */
extern const char *const virtual_directory_method_names[4];
#define VIRTUAL_DIRECTORY_METHODS "Basic|Ntlm|Negotiate|OAuth"
/* Of the configuration file's words: 'basic ntlm negotiate bearer'. */
uint32_t virtual_directory_methods_of_words(const char *words);
/* Of a JSON array of such names. */
uint32_t virtual_directory_methods_of(const json_t *names);
/* The other way round: a new array. */
json_t *virtual_directory_method_list(uint32_t methods);
