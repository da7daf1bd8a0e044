/* Long because all settings stand in one table. */
#include "server/config.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/bearer_token.h"
#include "base/limits.h"
#include "base/network_range.h"
#include "server/config_check.h"
#include "server/setting.h"

#define FIELD(member) offsetof(struct config, member)
#define MINUTE_MS 60000u
#define HOUR_MS 3600000u
#define NO_CHOICES NULL
#define METHODS "basic|ntlm|negotiate|bearer" /* in the order of the bits DIRECTORY_METHOD_... */
#define ALL_METHODS "basic ntlm negotiate bearer"
#define JWS_ALGORITHM_WORDS "RS256|RS384|RS512|PS256|PS384|PS512|ES256|ES384|ES512" /* in the order of enum jws_algorithm */
#define PROTECTIONS "default|none|allow|require"

/* One row a setting: section, name, kind, field, minimum, maximum, choices, default, explanation. */
static const struct setting settings[] = {
    {"server", "data", SETTING_PATH, FIELD(data_path), 0, 0, NO_CHOICES, "/var/lib/mapihttp",
        "Folder of the mailboxes and of the embedded directory."},
    {"server", "user", SETTING_TEXT, FIELD(user), 0, 0, NO_CHOICES, "",
        "User to become once the ports are bound, when started as root. Under systemd the unit does this."},
    {"server", "log_level", SETTING_CHOICE, FIELD(log_level), 0, 0, "error|warning|info|debug", "info",
        "The least important lines that are still logged."},
    {"server", "umask", SETTING_OCTAL, FIELD(umask), 0, 0777, NO_CHOICES, "0077",
        "Permissions that new files do not get."},
    {"server", "loop_threads", SETTING_NUMBER, FIELD(loop_threads), 0, 64, NO_CHOICES, "0",
        "Threads that serve connections; 0: one per core."},
    {"server", "worker_threads", SETTING_NUMBER, FIELD(worker_threads), 0, 256, NO_CHOICES, "0",
        "Threads that work on mailboxes; 0: two per core, at least 4."},
    {"server", "blocking_threads", SETTING_NUMBER, FIELD(blocking_threads), 1, 64, NO_CHOICES, "2",
        "Threads for what takes long, such as checking passwords."},
    {"server", "worker_queue_max", SETTING_NUMBER, FIELD(worker_queue_max), 16, 1000000, NO_CHOICES, "4096",
        "Pieces of work that may wait for a thread; beyond it clients are told that the server is busy."},
    {"server", "open_mailboxes_max", SETTING_NUMBER, FIELD(open_mailboxes_max), 1, 100000, NO_CHOICES, "256",
        "Mailbox files kept open at a time; the least recently used is closed first."},
    {"server", "shutdown_timeout", SETTING_DURATION, FIELD(shutdown_timeout_ms), 0, 10 * MINUTE_MS, NO_CHOICES, "15s",
        "How long running requests may take to finish after SIGTERM."},
    {"server", "disk_space_min", SETTING_SIZE, FIELD(disk_space_min), 0, 2047u << 20, NO_CHOICES, "256M",
        "With less room than this in the data folder the server says that it is not well, so that balancers and monitors turn\n"
        "to another."},

    {"http", "listen", SETTING_LISTENER, 0, 0, 0, NO_CHOICES, "[::]:443 tls",
        "Address and port to serve, with 'tls' or 'plain' behind; may be given several times. 'plain' is for tests and for\n"
        "a proxy on the same machine that ends TLS."},
    {"http", "connections_max", SETTING_NUMBER, FIELD(connections_max), 16, 1000000, NO_CHOICES, "20000",
        "Connections at a time; further ones are closed at once. The limit of open files is raised to fit where allowed."},
    {"http", "header_timeout", SETTING_DURATION, FIELD(header_timeout_ms), 100, HOUR_MS, NO_CHOICES, "20s",
        "How long the TLS handshake, and then the head of a request, may take."},
    {"http", "body_timeout", SETTING_DURATION, FIELD(body_timeout_ms), 100, HOUR_MS, NO_CHOICES, "30s",
        "How long a request body may take; longer only for what comes at 1 KB/s or faster."},
    {"http", "idle_timeout", SETTING_DURATION, FIELD(idle_timeout_ms), 100, 24 * HOUR_MS, NO_CHOICES, "2min",
        "How long a connection is kept open between two requests."},
    {"http", "send_timeout", SETTING_DURATION, FIELD(send_timeout_ms), 100, HOUR_MS, NO_CHOICES, "60s",
        "How long a client may take no byte of an answer."},
    {"http", "body_size_max", SETTING_SIZE, FIELD(body_size_max), 65536, 256u << 20, NO_CHOICES, "8M",
        "Largest request body. MAPI requests have smaller limits of their own."},

    {"tls", "certificate", SETTING_PATH, FIELD(certificate_path), 0, 0, NO_CHOICES, "/etc/mapihttp/tls/certificate.pem",
        "Certificate with its chain, PEM. Read again on SIGHUP; a bad one is logged and the old one stays."},
    {"tls", "key", SETTING_PATH, FIELD(key_path), 0, 0, NO_CHOICES, "/etc/mapihttp/tls/key.pem",
        "Its private key, PEM; readable by the server's user."},

    {"authentication", "methods", SETTING_WORDS, FIELD(methods), 0, 0, METHODS, "basic",
        "Ways to log on that are offered, with spaces between. 'negotiate' is Kerberos, and NTLM inside it where 'ntlm' is named\n"
        "too. Name 'ntlm' only once users have an NT hash or a helper answers for them: clients prefer it to Basic."},
    {"authentication", "mapi_methods", SETTING_WORDS, FIELD(mapi_methods), 0, 0, METHODS, ALL_METHODS,
        "Which of them at the MAPI endpoints (mailbox and address book)."},
    {"authentication", "autodiscover_methods", SETTING_WORDS, FIELD(autodiscover_methods), 0, 0, METHODS, ALL_METHODS,
        "Which of them at Autodiscover."},
    {"authentication", "oab_methods", SETTING_WORDS, FIELD(oab_methods), 0, 0, METHODS, ALL_METHODS,
        "Which of them at the offline address book."},
    {"authentication", "basic_over_plain", SETTING_BOOLEAN, FIELD(basic_over_plain), 0, 0, NO_CHOICES, "no",
        "Offer Basic on connections without TLS too: only for a proxy that ends TLS on the same machine."},
    {"authentication", "others_over_plain", SETTING_BOOLEAN, FIELD(others_over_plain), 0, 0, NO_CHOICES, "no",
        "The same for the other methods."},
    {"authentication", "persist", SETTING_BOOLEAN, FIELD(persist), 0, 0, NO_CHOICES, "yes",
        "NTLM and Negotiate: further requests on a connection that has logged on need no log-on of their own. Say no where a\n"
        "proxy may send the requests of several people over one connection."},
    {"authentication", "handshake_timeout", SETTING_DURATION, FIELD(handshake_ms), 1000, 10 * MINUTE_MS, NO_CHOICES, "60s",
        "How long a client may take to answer an NTLM or Negotiate challenge."},
    {"authentication", "handshakes_max", SETTING_NUMBER, FIELD(handshakes_max), 16, 1000000, NO_CHOICES, "4096",
        "Challenges that may wait for their answer; the oldest makes room."},
    {"authentication", "extended_protection", SETTING_CHOICE, FIELD(extended_protection), 0, 0, "none|allow|require", "allow",
        "Extended Protection (TLS channel bindings) for NTLM and Kerberos: not looked at; refused where the client sends wrong\n"
        "ones; refused without right ones."},
    {"authentication", "mapi_extended_protection", SETTING_CHOICE, FIELD(mapi_extended_protection), 0, 0, PROTECTIONS, "default",
        "The same for the MAPI endpoints; 'default': as extended_protection says."},
    {"authentication", "autodiscover_extended_protection", SETTING_CHOICE, FIELD(autodiscover_extended_protection), 0, 0,
        PROTECTIONS, "default", "For Autodiscover."},
    {"authentication", "oab_extended_protection", SETTING_CHOICE, FIELD(oab_extended_protection), 0, 0, PROTECTIONS, "default",
        "For the offline address book."},
    {"authentication", "balancer_certificates", SETTING_TEXT, FIELD(balancer_certificates), 0, 0, NO_CHOICES, "",
        "PEM files, with spaces between, of the certificates of a balancer or proxy that ends TLS in front of this server: bindings\n"
        "to any of them are right as well. Read again on SIGHUP."},
    {"authentication", "ntlm_mic_required", SETTING_BOOLEAN, FIELD(ntlm_mic_required), 0, 0, NO_CHOICES, "no",
        "Refuse NTLM clients that send no message integrity code. Windows and Outlook do, curl does not."},
    {"authentication", "ntlm_helper", SETTING_TEXT, FIELD(ntlm_helper), 0, 0, NO_CHOICES, "",
        "Program that answers for NTLM in place of NT hashes in the directory, for an Active Directory domain:\n"
        "/usr/bin/ntlm_auth --helper-protocol=squid-2.5-ntlmssp"},
    {"authentication", "negotiate_helper", SETTING_TEXT, FIELD(negotiate_helper), 0, 0, NO_CHOICES, "",
        "Program that answers for all of Negotiate: /usr/bin/ntlm_auth --helper-protocol=gss-spnego"},
    {"authentication", "helpers_max", SETTING_NUMBER, FIELD(helpers_max), 1, 256, NO_CHOICES, "16",
        "Processes of each program; one serves one log-on at a time, from the challenge to the answer."},
    {"authentication", "helper_timeout", SETTING_DURATION, FIELD(helper_timeout_ms), 100, MINUTE_MS, NO_CHOICES, "10s",
        "How long a helper may take for an answer; then it is ended."},
    {"authentication", "realm", SETTING_TEXT, FIELD(realm), 0, 0, NO_CHOICES, "mapihttp",
        "What browsers show beside the question for a password."},
    {"authentication", "remember", SETTING_DURATION, FIELD(remember_ms), 0, MINUTE_MS, NO_CHOICES, "60s",
        "How long a checked password is remembered (as a keyed hash); 0 checks each request's."},
    {"authentication", "remembered_max", SETTING_NUMBER, FIELD(remembered_max), 16, 1000000, NO_CHOICES, "4096",
        "How many."},
    {"authentication", "failure_delay", SETTING_DURATION, FIELD(failure_delay_ms), 0, 10000, NO_CHOICES, "1s",
        "A wrong password is answered no earlier than this."},
    {"authentication", "failures_per_account", SETTING_NUMBER, FIELD(failures_per_account), 0, 100000, NO_CHOICES, "10",
        "Wrong passwords within failure_window after which an account is locked for a while; 0: never."},
    {"authentication", "failures_per_address", SETTING_NUMBER, FIELD(failures_per_address), 0, 1000000, NO_CHOICES, "100",
        "The same for a client address."},
    {"authentication", "failure_window", SETTING_DURATION, FIELD(failure_window_ms), 1000, 24 * HOUR_MS, NO_CHOICES, "10min",
        "Window in which failures are counted."},
    {"authentication", "lock", SETTING_DURATION, FIELD(lock_ms), 0, 24 * HOUR_MS, NO_CHOICES, "10min",
        "How long a lock holds."},

    {"kerberos", "keytab", SETTING_PATH, FIELD(keytab_path), 0, 0, NO_CHOICES, "",
        "Keys of the service, for Negotiate: every HTTP/... principal in it is accepted. Read again on SIGHUP. Empty: no Kerberos."},
    {"kerberos", "realms", SETTING_TEXT, FIELD(realms), 0, 0, NO_CHOICES, "",
        "Realms whose users may log on, with spaces between, as REALM, or as REALM=domain where the directory has them under another\n"
        "domain. Empty: the realms of the keytab."},

    {"bearer", "jwks", SETTING_TEXT, FIELD(jwks), 0, 0, NO_CHOICES, "",
        "Where the identity provider's keys are (a JSON Web Key Set): https://..., or a file. Empty: no bearer tokens."},
    {"bearer", "ca_file", SETTING_PATH, FIELD(jwks_ca_path), 0, 0, NO_CHOICES, "",
        "Authorities to trust for that address, PEM; empty: the system's."},
    {"bearer", "refresh", SETTING_DURATION, FIELD(jwks_refresh_ms), 1000, 24 * HOUR_MS, NO_CHOICES, "1h",
        "Keys older than this are fetched again."},
    {"bearer", "retry", SETTING_DURATION, FIELD(jwks_retry_ms), 100, HOUR_MS, NO_CHOICES, "30s",
        "A token with an unknown key, or a failure, has them fetched again no sooner than this."},
    {"bearer", "keep", SETTING_DURATION, FIELD(jwks_keep_ms), MINUTE_MS, 30 * 24 * HOUR_MS, NO_CHOICES, "24h",
        "How long keys serve when they cannot be fetched again."},
    {"bearer", "timeout", SETTING_DURATION, FIELD(jwks_timeout_ms), 100, MINUTE_MS, NO_CHOICES, "10s",
        "How long fetching them may take."},
    {"bearer", "issuers", SETTING_TEXT, FIELD(issuers), 0, 0, NO_CHOICES, "",
        "Whose tokens are accepted (claim 'iss'), exactly as the provider writes it; several with spaces between."},
    {"bearer", "audiences", SETTING_TEXT, FIELD(audiences), 0, 0, NO_CHOICES, "",
        "For whom they must be made (claim 'aud'), one of these."},
    {"bearer", "algorithms", SETTING_WORDS, FIELD(algorithms), 0, 0, JWS_ALGORITHM_WORDS, "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512",
        "With which they may be signed."},
    {"bearer", "claims", SETTING_TEXT, FIELD(claims), 0, 0, NO_CHOICES, "upn preferred_username",
        "Claims that say whose mailbox it is; the first that a token has decides. With '=address', '=account' or '=id' behind it a\n"
        "claim holds that; otherwise a user principal name (name@domain)."},
    {"bearer", "unverified_email", SETTING_BOOLEAN, FIELD(unverified_email), 0, 0, NO_CHOICES, "no",
        "Accept the claim 'email' without 'email_verified': only where users cannot choose it themselves."},
    {"bearer", "scopes", SETTING_TEXT, FIELD(scopes), 0, 0, NO_CHOICES, "",
        "One of these must be in the token's 'scp' or 'scope'; empty: not asked for."},
    {"bearer", "roles", SETTING_TEXT, FIELD(roles), 0, 0, NO_CHOICES, "",
        "One of these must be in the token's 'roles'; empty: not asked for."},
    {"bearer", "clock_skew", SETTING_DURATION, FIELD(clock_skew_ms), 0, 10 * MINUTE_MS, NO_CHOICES, "60s",
        "How far the provider's clock may differ from ours."},
    {"bearer", "token_size_max", SETTING_SIZE, FIELD(token_size_max), 512, BEARER_TOKEN_SIZE_MAX, NO_CHOICES, "16K",
        "Longer tokens are refused unread."},
    {"bearer", "authorization_uri", SETTING_TEXT, FIELD(authorization_uri), 0, 0, NO_CHOICES, "",
        "Where Outlook asks its user to log on, such as https://login.microsoftonline.com/common/oauth2/authorize; empty: it is not told."},
    {"bearer", "client_id", SETTING_TEXT, FIELD(client_id), 0, 0, NO_CHOICES, "00000002-0000-0ff1-ce00-000000000000",
        "For whom it asks for a token there; this is what Exchange says."},
    {"bearer", "trusted_issuers", SETTING_TEXT, FIELD(trusted_issuers), 0, 0, NO_CHOICES, "",
        "What else Exchange says of its token issuers, such as 00000001-0000-0000-c000-000000000000@TENANT; empty: left out."},
    {"bearer", "issuer_kind", SETTING_CHOICE, FIELD(issuer_kind), 0, 0, "none|ADFS", "none",
        "What Exchange says where AD FS is the provider."},

    {"directory", "backend", SETTING_CHOICE, FIELD(directory_backend), 0, 0, "embedded|ldap", "embedded",
        "Where the users are: in this server's own file, or on an LDAP server (docs/ldap.md); what LDAP has no place for stays in\n"
        "the file. The settings below are for LDAP and hold from the next start."},
    {"directory", "servers", SETTING_TEXT, FIELD(ldap_urls), 0, 0, NO_CHOICES, "",
        "ldap://host, ldaps://host or ldapi://socket; several, with blanks between, are tried in this order."},
    {"directory", "starttls", SETTING_BOOLEAN, FIELD(ldap_start_tls), 0, 0, NO_CHOICES, "yes",
        "Use StartTLS on ldap:// addresses. Without it passwords travel in the clear."},
    {"directory", "verify_certificate", SETTING_BOOLEAN, FIELD(ldap_verify_certificate), 0, 0, NO_CHOICES, "yes",
        "Check the servers' certificates; 'no' is for tests only."},
    {"directory", "ca_file", SETTING_PATH, FIELD(ldap_ca_path), 0, 0, NO_CHOICES, "",
        "Certificates (PEM) of those who may have signed theirs; empty: the system's."},
    {"directory", "bind_dn", SETTING_TEXT, FIELD(ldap_bind_dn), 0, 0, NO_CHOICES, "",
        "As whom this server searches; empty: anonymously, on ldapi:// as the user it runs as."},
    {"directory", "bind_password_file", SETTING_PATH, FIELD(ldap_bind_password_path), 0, 0, NO_CHOICES, "",
        "File with the password for that, in its first line; nobody but this server's user should be able to read it."},
    {"directory", "base_dn", SETTING_TEXT, FIELD(ldap_base_dn), 0, 0, NO_CHOICES, "",
        "Where users, groups and contacts are, such as dc=example,dc=org."},
    {"directory", "schema", SETTING_CHOICE, FIELD(ldap_schema), 0, 0, "active-directory|inetorgperson|freeipa", "inetorgperson",
        "By which names the servers have what is asked of them."},
    {"directory", "user_filter", SETTING_TEXT, FIELD(ldap_user_filter), 0, 0, NO_CHOICES, "",
        "Filters (RFC 4515) that say which entries are users, groups and so on; empty: the schema's own."},
    {"directory", "shared_filter", SETTING_TEXT, FIELD(ldap_shared_filter), 0, 0, NO_CHOICES, "",
        "Shared mailboxes. This filter and those of rooms and equipment come before that of users."},
    {"directory", "room_filter", SETTING_TEXT, FIELD(ldap_room_filter), 0, 0, NO_CHOICES, "",
        "Rooms."},
    {"directory", "equipment_filter", SETTING_TEXT, FIELD(ldap_equipment_filter), 0, 0, NO_CHOICES, "",
        "Equipment."},
    {"directory", "group_filter", SETTING_TEXT, FIELD(ldap_group_filter), 0, 0, NO_CHOICES, "",
        "Groups."},
    {"directory", "contact_filter", SETTING_TEXT, FIELD(ldap_contact_filter), 0, 0, NO_CHOICES, "",
        "Contacts: people outside, without a mailbox here."},
    {"directory", "administrators", SETTING_TEXT, FIELD(ldap_administrators_dn), 0, 0, NO_CHOICES, "",
        "DN of the group whose members, and their members, are administrators."},
    {"directory", "writable", SETTING_BOOLEAN, FIELD(ldap_writable), 0, 0, NO_CHOICES, "no",
        "Write changes that users make (their cards, members of groups they own) to the server, as bind_dn."},
    {"directory", "page_size", SETTING_NUMBER, FIELD(ldap_page_size), 10, 100000, NO_CHOICES, "500",
        "Entries asked for at a time when the address book is read; servers have limits of their own, mostly 500 or 1000."},
    {"directory", "connections_max", SETTING_NUMBER, FIELD(ldap_connections_max), 1, 64, NO_CHOICES, "8",
        "Connections kept for searches. Checking a password takes one of its own."},
    {"directory", "connect_timeout", SETTING_DURATION, FIELD(ldap_connect_timeout_ms), 100, MINUTE_MS, NO_CHOICES, "3s",
        "How long connecting, TLS and the bind may take; then the next server is tried."},
    {"directory", "timeout", SETTING_DURATION, FIELD(ldap_timeout_ms), 200, 5 * MINUTE_MS, NO_CHOICES, "10s",
        "How long one question may take in all, and one page of the address book."},
    {"directory", "cache", SETTING_DURATION, FIELD(ldap_cache_ms), 0, HOUR_MS, NO_CHOICES, "60s",
        "How long an answer about one user is taken to be still true, 'nobody' included. Passwords are always asked."},
    {"directory", "refresh", SETTING_DURATION, FIELD(ldap_refresh_ms), 1000, 24 * HOUR_MS, NO_CHOICES, "15min",
        "How often the address book is read from the server."},

    {"mapi", "pending_period", SETTING_DURATION, FIELD(pending_period_ms), 50, 5 * MINUTE_MS, NO_CHOICES, "15s",
        "Sign of life while a request is worked on (X-PendingPeriod)."},
    {"mapi", "context_idle", SETTING_DURATION, FIELD(context_idle_ms), 1000, 24 * HOUR_MS, NO_CHOICES, "15min",
        "A session context without requests ends after this (X-ExpirationInfo)."},
    {"mapi", "notification_wait", SETTING_DURATION, FIELD(notification_wait_ms), 100, HOUR_MS, NO_CHOICES, "5min",
        "How long a NotificationWait without an event is kept."},
    {"mapi", "contexts_per_user_max", SETTING_NUMBER, FIELD(contexts_per_user_max), 1, 100000, NO_CHOICES, "100",
        "Session contexts of one user; beyond it the longest idle one ends."},
    {"mapi", "parked_waits_max", SETTING_NUMBER, FIELD(parked_waits_max), 1, 1000000, NO_CHOICES, "20000",
        "NotificationWaits kept at a time, all users."},
    {"mapi", "resend", SETTING_BOOLEAN, FIELD(resend), 0, 0, NO_CHOICES, "yes",
        "Answer a resent request, whose answer was lost, from the kept answer."},
    {"mapi", "kept_answers_size_max", SETTING_SIZE, FIELD(kept_answers_size_max), 0, 2047u << 20, NO_CHOICES, "64M",
        "Memory for kept answers, all users."},
    {"mapi", "emsmdb", SETTING_BOOLEAN, FIELD(emsmdb_enabled), 0, 0, NO_CHOICES, "yes",
        "The mailbox endpoint; switched off it answers 16, Endpoint Disabled."},
    {"mapi", "nspi", SETTING_BOOLEAN, FIELD(nspi_enabled), 0, 0, NO_CHOICES, "yes",
        "The address book endpoint, the same."},
    {"mapi", "fault_injection", SETTING_BOOLEAN, FIELD(fault_injection), 0, 0, NO_CHOICES, "no",
        "Obey X-MapiHttp-Fault, with which tests ask for the response codes 1 and 17."},

    {"oab", "enabled", SETTING_BOOLEAN, FIELD(oab_enabled), 0, 0, NO_CHOICES, "yes",
        "Make and serve the offline address book under /oab, which Outlook in cached mode needs. Read at the start only."},
    {"oab", "interval", SETTING_DURATION, FIELD(oab_interval_ms), 1000, 7 * 24 * HOUR_MS, NO_CHOICES, "1h",
        "It is made anew when the directory has changed, but not more often than this."},
    {"oab", "keep", SETTING_NUMBER, FIELD(oab_keep), 0, 1000, NO_CHOICES, "30",
        "Generations from which clients come to the newest by patches; from older ones they download it whole."},
    {"oab", "retain", SETTING_DURATION, FIELD(oab_retain_ms), 0, 30 * 24 * HOUR_MS, NO_CHOICES, "24h",
        "How long the files of a generation stay once there is a newer one, for downloads under way."},
    {"oab", "photos", SETTING_BOOLEAN, FIELD(oab_photos), 0, 0, NO_CHOICES, "no",
        "Put photos into it. Otherwise it says who has one, and clients ask the server."},
    {"oab", "certificates", SETTING_BOOLEAN, FIELD(oab_certificates), 0, 0, NO_CHOICES, "yes",
        "Put certificates into it, so that mail can be encrypted offline."},
    {"oab", "members", SETTING_BOOLEAN, FIELD(oab_members), 0, 0, NO_CHOICES, "no",
        "Put the members of groups into it. Otherwise clients ask the server for them."},
    {"oab", "compression", SETTING_CHOICE, FIELD(oab_compression), 0, 0, "lzx|stored", "lzx",
        "How its files are compressed."},

    {"organisation", "name", SETTING_TEXT, FIELD(organisation_name), 0, 0, NO_CHOICES, "First Organization",
        "Name of the organisation, as clients show it."},
    {"organisation", "public_url", SETTING_TEXT, FIELD(public_url), 0, 0, NO_CHOICES, "",
        "What clients reach this server at, such as https://mail.example.org; empty: the name they asked for."},
    {"organisation", "internal_url", SETTING_TEXT, FIELD(internal_url), 0, 0, NO_CHOICES, "",
        "The same for clients inside of the organisation's network, where it is another; empty: public_url."},
    {"organisation", "external_url", SETTING_TEXT, FIELD(external_url), 0, 0, NO_CHOICES, "",
        "The same for clients outside. Mailboxes with block_external_connectivity are not told it."},
    {"organisation", "default_domain", SETTING_TEXT, FIELD(default_domain), 0, 0, NO_CHOICES, "",
        "Domain of users who log on with a bare name."},

    {"network", "internal", SETTING_TEXT, FIELD(internal_networks), 0, 0, NO_CHOICES, "",
        "The organisation's own network: addresses and ranges, blanks between: 10.0.0.0/8 192.168.0.0/16 fd00::/8. Mailboxes with\n"
        "MAPIBlockOutlookExternalConnectivity are refused to clients from elsewhere; empty: nobody counts as outside, they are only\n"
        "not told the external addresses. Behind a proxy all clients have its address."},

    {"autodiscover", "authentication", SETTING_BOOLEAN, FIELD(autodiscover_authentication), 0, 0, NO_CHOICES, "yes",
        "Ask for a log-on before settings are told. Without it anybody can find out which addresses exist."},
    {"autodiscover", "requests_per_address", SETTING_NUMBER, FIELD(autodiscover_requests_per_address), 0, 1000000, NO_CHOICES, "600",
        "Autodiscover requests a minute of one client address (IPv6: of its /64); beyond it 429. 0: any number, as it has to\n"
        "be behind a proxy from which all requests come."},
    {"autodiscover", "requests_per_user", SETTING_NUMBER, FIELD(autodiscover_requests_per_user), 0, 1000000, NO_CHOICES, "60",
        "The same of one user who is logged on."},
    {"autodiscover", "json_reveals_users", SETTING_BOOLEAN, FIELD(autodiscover_json_reveals_users), 0, 0, NO_CHOICES, "no",
        "Answer Autodiscover version 2, which needs no log-on, with 404 for addresses that do not exist."},

    {"logs", "enabled", SETTING_BOOLEAN, FIELD(logs_enabled), 0, 0, NO_CHOICES, "yes",
        "Write every request into CSV files, for 'mapihttp log' and for scripts made for Exchange's logs."},
    {"logs", "write", SETTING_WORDS, FIELD(logs_write), 0, 0, "http_proxy|client_access|address_book",
        "http_proxy client_access address_book", "Which of them, with spaces between."},
    {"logs", "folder", SETTING_PATH, FIELD(logs_path), 0, 0, NO_CHOICES, "",
        "Where they are, below HttpProxy/, MAPI Client Access/ and MAPI Address Book Service/. Empty: logs in the data folder."},
    {"logs", "rotate", SETTING_CHOICE, FIELD(logs_rotate), 0, 0, "hour|day", "hour", "How long one file is written to."},
    {"logs", "file_size_max", SETTING_SIZE, FIELD(logs_file_size_max), 4096, 2048u << 20, NO_CHOICES, "10M",
        "A larger file is followed by another one at once."},
    {"logs", "total_size_max", SETTING_SIZE, FIELD(logs_total_size_max), 0, 4095u << 20, NO_CHOICES, "1000M",
        "Size of all files of one log together, beyond which the oldest are removed; 0: no limit."},
    {"logs", "keep_days", SETTING_NUMBER, FIELD(logs_keep_days), 0, 3660, NO_CHOICES, "30",
        "Days after which a file is removed; 0: never."},

    {"metrics", "enabled", SETTING_BOOLEAN, FIELD(metrics_enabled), 0, 0, NO_CHOICES, "yes",
        "Answer GET /metrics, for Prometheus."},
    {"metrics", "allow", SETTING_TEXT, FIELD(metrics_allow), 0, 0, NO_CHOICES, "127.0.0.0/8 ::1",
        "Addresses that may read it without a log-on, unless a proxy's headers say that they ask for somebody else; others have to log\n"
        "on as an administrator."},

    {"usage", "enabled", SETTING_BOOLEAN, FIELD(usage_enabled), 0, 0, NO_CHOICES, "yes",
        "Write down by day who used which client and transport, for 'mapihttp report'."},
    {"usage", "retain_days", SETTING_NUMBER, FIELD(usage_retain_days), 1, 3660, NO_CHOICES, "190",
        "Days after which that is removed. The longest report is of 180."},

    {"administration", "socket", SETTING_TEXT, FIELD(admin_socket_path), 0, 0, NO_CHOICES, "",
        "Unix socket by which the command reaches the running server; empty: admin.sock in the data folder; none: there is none."},
    {"administration", "group", SETTING_TEXT, FIELD(admin_group), 0, 0, NO_CHOICES, "",
        "Group whose members administer the server by the socket, as root and the server's own user do. The server's user must\n"
        "be in it, and the socket in a folder that the group can enter, such as /run/mapihttp/admin.sock."},
    {"administration", "https", SETTING_BOOLEAN, FIELD(admin_https), 0, 0, NO_CHOICES, "yes",
        "Let administrators (users with that right) work from elsewhere, at /admin/, with a browser or the command."},
    {"administration", "methods", SETTING_WORDS, FIELD(admin_methods), 0, 0, METHODS, ALL_METHODS,
        "Those of [authentication] methods that are offered at /admin/."},
    {"administration", "requests_per_user", SETTING_NUMBER, FIELD(admin_requests_per_user), 0, 1000000, NO_CHOICES, "1200",
        "Requests a minute of one administrator over HTTPS; beyond it 429. 0: any number."},
};
#define SETTING_COUNT (sizeof settings / sizeof *settings)

/* --- listeners --- */

bool config_parse_listener(const char *text, struct config_listener *ret_listener, char *ret_error, size_t error_size)
{
    char address[128], mode[16] = "", excess;
    if (sscanf(text, "%127s %15s %c", address, mode, &excess) > 2 || sscanf(text, "%127s", address) < 1) {
        snprintf(ret_error, error_size, "'%s' is not an address and 'tls' or 'plain'", text);
        return false;
    }
    if (strcmp(mode, "tls") != 0 && strcmp(mode, "plain") != 0) {
        snprintf(ret_error, error_size, "'%s': say 'tls' or 'plain' behind the address", text);
        return false;
    }
    char *colon = strrchr(address, ':');
    const char *port_text = colon ? colon + 1 : address;
    const char *host = "::";
    if (colon) {
        *colon = 0;
        host = address;
        size_t host_size = strlen(host);
        if (*host == '[' && host_size > 2 && host[host_size - 1] == ']') {
            address[host_size - 1] = 0;
            host++;
        } else if (strchr(host, ':') || strchr(host, '[') || !*host) {
            snprintf(ret_error, error_size, "'%s': write IPv6 addresses as [address]:port", text);
            return false;
        }
    }
    size_t digits = strspn(port_text, "0123456789");
    unsigned long port = digits && digits <= 5 && !port_text[digits] ? strtoul(port_text, NULL, 10) : 65536;
    if (port > 65535) {
        snprintf(ret_error, error_size, "'%s' has no valid port", text);
        return false;
    }
    char *copy = strdup(host);
    if (!copy)
        return false;
    *ret_listener = (struct config_listener){copy, (uint16_t)port, mode[0] == 't'};
    return true;
}

static bool add_listener(struct config *config, const char *value, char *error, size_t error_size)
{
    if (config->listener_count == CONFIG_LISTENERS_MAX) {
        snprintf(error, error_size, "more than %u addresses", CONFIG_LISTENERS_MAX);
        return false;
    }
    if (!config_parse_listener(value, &config->listeners[config->listener_count], error, error_size))
        return false;
    config->listener_count++;
    return true;
}

static bool assign(const struct setting *setting, struct config *config, const char *value, char *error, size_t error_size)
{
    return setting->kind == SETTING_LISTENER ? add_listener(config, value, error, error_size)
                                             : setting_assign(setting, config, value, error, error_size);
}

/* --- names that somebody may have meant --- */

#define NAME_SIZE_MAX 64u

static unsigned edit_distance(const char *a, const char *b)
{
    unsigned row[NAME_SIZE_MAX + 1];
    size_t b_size = strlen(b);
    if (b_size > NAME_SIZE_MAX)
        return UINT32_MAX;
    for (unsigned j = 0; j <= b_size; j++)
        row[j] = j;
    for (unsigned i = 1; *a; a++, i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            unsigned above = row[j];
            unsigned replaced = diagonal + (*a != b[j - 1]);
            unsigned shorter = (row[j - 1] < above ? row[j - 1] : above) + 1;
            row[j] = replaced < shorter ? replaced : shorter;
            diagonal = above;
        }
    }
    return row[b_size];
}

static void explain_unknown(const char *section, const char *name, char *error, size_t error_size)
{
    const struct setting *likely = NULL;
    bool section_known = false;
    unsigned least = 8; /* more than three letters off it is no likeness */
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        bool same_section = strcmp(settings[i].section, section) == 0;
        section_known |= same_section;
        unsigned letters = edit_distance(name, settings[i].name);
        if (letters < strlen(settings[i].name) / 2 && letters * 2 + !same_section < least) {
            least = letters * 2 + !same_section;
            likely = &settings[i];
        }
    }
    int used = snprintf(error, error_size, section_known ? "unknown setting" : "unknown section");
    if (likely)
        snprintf(error + used, error_size - (size_t)used, "; did you mean %s in [%s]?", likely->name, likely->section);
}

/* --- reading --- */

struct reading {
    const char *name;
    const char *rest;  /* of the text */
    unsigned line;     /* of the line last read */
    bool line_too_long;
    struct config *config;
    unsigned set_in_line[SETTING_COUNT]; /* 0: not set */
    struct config_error *error;
    unsigned failed_line; /* 0: all well */
};

/* inih's line source: counts lines, which its callback does not tell. */
static char *read_line(char *line, int size, void *argument)
{
    struct reading *reading = argument;
    if (!*reading->rest)
        return NULL;
    size_t line_size = strcspn(reading->rest, "\n");
    size_t taken = line_size + (reading->rest[line_size] == '\n');
    reading->line++;
    if (line_size + 2 > (size_t)size) {
        reading->line_too_long = true;
        line_size = 0;
    }
    memcpy(line, reading->rest, line_size);
    line[line_size] = '\n';
    line[line_size + 1] = 0;
    reading->rest += taken;
    return line;
}

static int reject(struct reading *reading, const char *section, const char *name, const char *what)
{
    if (!reading->failed_line)
        snprintf(reading->error->text, sizeof reading->error->text, "%s:%u: [%s] %s: %s", reading->name, reading->line,
            section, name, what);
    reading->failed_line = reading->failed_line ? reading->failed_line : reading->line;
    return 0;
}

static int take_setting(void *argument, const char *section, const char *name, const char *value)
{
    struct reading *reading = argument;
    char error[256];
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (strcmp(settings[i].section, section) != 0 || strcmp(settings[i].name, name) != 0)
            continue;
        if (reading->set_in_line[i] && settings[i].kind != SETTING_LISTENER) {
            snprintf(error, sizeof error, "already set in line %u", reading->set_in_line[i]);
            return reject(reading, section, name, error);
        }
        reading->set_in_line[i] = reading->line;
        return assign(&settings[i], reading->config, value, error, sizeof error) || reject(reading, section, name, error);
    }
    explain_unknown(section, name, error, sizeof error);
    return reject(reading, section, name, error);
}

static bool assign_defaults(struct reading *reading)
{
    char error[256];
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (!reading->set_in_line[i] && !assign(&settings[i], reading->config, settings[i].standard, error, sizeof error)) {
            snprintf(reading->error->text, sizeof reading->error->text, "default of %s: %s", settings[i].name, error);
            return false;
        }
    return true;
}

static bool check_together(const struct reading *reading)
{
    char wrong[400];
    if (config_check(reading->config, wrong, sizeof wrong))
        return true;
    snprintf(reading->error->text, sizeof reading->error->text, "%.100s: %s", reading->name, wrong);
    return false;
}

bool config_parse(const char *name, const char *text, struct config **ret_config, struct config_error *ret_error)
{
    struct config *config = calloc(1, sizeof *config);
    if (!config) {
        snprintf(ret_error->text, sizeof ret_error->text, "out of memory");
        return false;
    }
    struct reading reading = {.name = name, .rest = text, .config = config, .error = ret_error};
    ini_allow_multiline = false; /* an indented line is a setting like any other */
    int line = ini_parse_stream(read_line, &reading, take_setting, &reading);
    bool done = false;
    if (reading.failed_line && (unsigned)line == reading.failed_line)
        done = false; /* already said */
    else if (reading.line_too_long)
        snprintf(ret_error->text, sizeof ret_error->text, "%s: a line is longer than 198 characters", name);
    else if (line > 0)
        snprintf(ret_error->text, sizeof ret_error->text, "%s:%d: neither a [section] nor 'name = value'", name, line);
    else
        done = assign_defaults(&reading) && check_together(&reading);
    if (!done) {
        config_free(config);
        return false;
    }
    *ret_config = config;
    return true;
}

static bool read_file(const char *path, struct buffer *content)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    content->size_max = 1u << 20;
    char part[4096];
    size_t size;
    while ((size = fread(part, 1, sizeof part, file)) > 0)
        buffer_append(content, part, size);
    bool failed = ferror(file) || content->failed;
    fclose(file);
    return !failed;
}

bool config_read(const char *path, struct config **ret_config, struct config_error *ret_error)
{
    if (!path)
        return config_parse("(defaults)", "", ret_config, ret_error);
    struct buffer content = {0};
    const char *text = NULL;
    errno = 0;
    if (read_file(path, &content))
        text = buffer_string(&content);
    if (!text)
        snprintf(ret_error->text, sizeof ret_error->text, "%s: %s", path, errno ? strerror(errno) : "cannot be read");
    else if (strlen(text) != content.size) {
        snprintf(ret_error->text, sizeof ret_error->text, "%s: contains NUL octets", path);
        text = NULL;
    }
    bool done = text && config_parse(path, text, ret_config, ret_error);
    buffer_free(&content);
    return done;
}

void config_free(struct config *config)
{
    if (!config)
        return;
    for (size_t i = 0; i < SETTING_COUNT; i++)
        setting_clear(&settings[i], config);
    network_ranges_free(config->inside);
    network_ranges_free(config->metrics_allowed);
    for (uint32_t i = 0; i < config->listener_count; i++)
        free(config->listeners[i].host);
    free(config);
}

const struct setting *config_setting(size_t index)
{
    return index < SETTING_COUNT ? &settings[index] : NULL;
}

bool config_describe(struct buffer *output)
{
    const char *section = "";
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting *setting = &settings[i];
        char range[80];
        if (strcmp(section, setting->section) != 0)
            buffer_append_format(output, "%s[%s]\n", *section ? "\n" : "", setting->section);
        section = setting->section;
        setting_range(setting, range, sizeof range);
        buffer_append_string(output, "\n# ");
        for (const char *p = setting->explanation; *p; p++) {
            buffer_append_u8(output, (uint8_t)*p);
            if (*p == '\n')
                buffer_append_string(output, "# ");
        }
        if (*range)
            buffer_append_format(output, " (%s)", range);
        buffer_append_format(output, "\n#%s =%s%s\n", setting->name, *setting->standard ? " " : "", setting->standard);
    }
    return !output->failed;
}
