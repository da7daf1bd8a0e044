/* The XML of Autodiscover answers (MS-OXDSCLI 2.2.4): settings, redirects, errors. Everything told is escaped, and what XML
 * cannot hold is replaced. No state, any thread. */
#pragma once
#include "base/bytes.h"
#include "directory/directory.h"
#include "server/autodiscover_decision.h"

/* Further mailboxes that Outlook opens with the user's own. */
struct autodiscover_mailbox {
    const char *type;         /* 'Archive', 'Delegate' */
    const char *display_name;
    const char *legacy_dn;    /* NULL: named by its address */
    const char *server;       /* NULL: named by its address */
    const char *address;      /* NULL: named by DN and server */
};

/* Paths of the services, below the base URLs; NULL where this server does not answer. */
struct autodiscover_paths {
    const char *address_book_files; /* '/oab/<address book id>/' */
    const char *web_services;       /* '/ews/exchange.asmx' */
    const char *control_panel;      /* '/ecp/' */
    const char *web_mail;           /* '/owa/' */
    bool rpc_over_http;
};

/* Where to find the mailbox from one side of the organisation's border. */
struct autodiscover_side {
    const char *base;             /* 'https://mail.example.org', no slash at the end; NULL: clients of this side are not told it */
    const char *mailbox_url;      /* of the emsmdb endpoint, where there is a base */
    const char *address_book_url; /* of the nspi endpoint, the same */
    const char *files_base;       /* of the offline address book; NULL: not told */
};

struct autodiscover_settings {
    const struct directory_user *user;
    struct guid deployment_id;
    struct autodiscover_decision decision;
    unsigned mapi_version;
    struct autodiscover_side internal, external;
    struct autodiscover_paths paths;
    const char *auth_package;     /* 'Negotiate', 'Ntlm', 'Basic'; "": not told */
    const char *organization;     /* its name, for the server's DN */
    const char *public_folder_address; /* "" for none */
    uint32_t mailbox_count;
    const struct autodiscover_mailbox *mailboxes;
};
/* False: out of memory; what was appended is to be thrown away. The decision must leave a way to the mailbox. */
bool autodiscover_append_settings(struct buffer *answer, const struct autodiscover_settings *settings);
/* Exactly one of address and URL; the client begins again with it. */
bool autodiscover_append_redirect(struct buffer *answer, const char *address, const char *url);
/* ErrorCode with its message ('message' NULL: the usual one), the time of day and the hash of the server's name
 * (MS-OXDSCLI 2.2.4.1.1). */
bool autodiscover_append_error(struct buffer *answer, unsigned error, const char *message, const char *host_name);

/* 'mail.example.org' of 'https://mail.example.org:8443'; IPv6 in brackets. */
struct bytes autodiscover_host_of(const char *base);
/* The 32 bits of a ServerVersion element, of 'Exchange/15.02.1544.011'; 0 where that is no version. */
uint32_t autodiscover_server_version(const char *server_application);
