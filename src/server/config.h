/* The configuration: an ini file (inih), read whole and checked before anything starts. Every setting is a row of the table
 * in config.c (section, name, kind, range, default, one line of explanation); packaging/mapihttp.conf shows them all. To add
 * one: a field here, a row there, a paragraph in the example. A configuration is immutable once read and may be used on any
 * thread; strings belong to it. */
#pragma once
#include "base/bytes.h"

#define CONFIG_LISTENERS_MAX 16u

struct config_listener {
    char *host; /* "0.0.0.0", "::", "127.0.0.1" */
    uint16_t port;
    bool tls;
};

struct network_ranges;

struct config {
    /* [server] */
    char *data_path; /* folder of mailboxes and directory */
    char *user;      /* to become after the sockets are bound; "" to stay */
    char *log_level; /* error, warning, info, debug */
    uint32_t umask;
    uint32_t loop_threads;   /* 0: one per core */
    uint32_t worker_threads; /* 0: two per core, at least 4 */
    uint32_t blocking_threads;
    uint32_t worker_queue_max;
    uint32_t open_mailboxes_max;
    uint32_t shutdown_timeout_ms;
    uint32_t disk_space_min; /* bytes */
    /* [http] */
    struct config_listener listeners[CONFIG_LISTENERS_MAX];
    uint32_t listener_count;
    uint32_t connections_max;
    uint32_t header_timeout_ms, body_timeout_ms, idle_timeout_ms, send_timeout_ms;
    uint32_t body_size_max;
    /* [tls] */
    char *certificate_path, *key_path;
    /* [authentication] */
    uint32_t methods, mapi_methods, autodiscover_methods, oab_methods; /* DIRECTORY_METHOD_... */
    char *extended_protection, *mapi_extended_protection, *autodiscover_extended_protection, *oab_extended_protection;
    bool basic_over_plain, others_over_plain;
    bool persist;
    uint32_t handshake_ms, handshakes_max;
    char *balancer_certificates; /* PEM files, blanks between */
    bool ntlm_mic_required;
    char *ntlm_helper, *negotiate_helper; /* command lines, "" for our own */
    uint32_t helpers_max, helper_timeout_ms;
    char *realm;
    uint32_t remember_ms;
    uint32_t remembered_max;
    uint32_t failure_delay_ms;
    uint32_t failures_per_account, failures_per_address;
    uint32_t failure_window_ms, lock_ms;
    /* [kerberos] */
    char *keytab_path;   /* "": no Kerberos */
    char *realms;
    /* [bearer] */
    char *jwks;          /* path or address of the key set; "": no bearer tokens */
    char *jwks_ca_path;
    uint32_t jwks_refresh_ms, jwks_retry_ms, jwks_keep_ms, jwks_timeout_ms;
    uint32_t algorithms; /* mask of 1 << enum jws_algorithm */
    char *issuers, *audiences, *scopes, *roles, *claims;
    bool unverified_email;
    uint32_t clock_skew_ms;
    uint32_t token_size_max;
    char *authorization_uri, *client_id, *trusted_issuers, *issuer_kind;
    /* [directory] */
    char *directory_backend; /* embedded, ldap */
    char *ldap_urls;
    bool ldap_start_tls, ldap_verify_certificate;
    char *ldap_ca_path;
    char *ldap_bind_dn, *ldap_bind_password_path;
    char *ldap_base_dn;
    char *ldap_schema; /* of ldap_schema_names */
    char *ldap_user_filter, *ldap_shared_filter, *ldap_room_filter, *ldap_equipment_filter, *ldap_group_filter, *ldap_contact_filter;
    char *ldap_administrators_dn;
    bool ldap_writable;
    uint32_t ldap_page_size, ldap_connections_max;
    uint32_t ldap_connect_timeout_ms, ldap_timeout_ms, ldap_cache_ms, ldap_refresh_ms;
    /* [mapi] */
    uint32_t pending_period_ms;
    uint32_t context_idle_ms;
    uint32_t notification_wait_ms;
    uint32_t contexts_per_user_max;
    uint32_t parked_waits_max;
    bool resend; /* the lost-answer extension, docs/resend.md */
    uint32_t kept_answers_size_max; /* bytes of answers kept for it */
    bool emsmdb_enabled, nspi_enabled; /* an endpoint switched off answers 16 */
    bool fault_injection; /* X-MapiHttp-Fault is obeyed: for tests only */
    /* [oab]: the offline address book */
    bool oab_enabled;
    uint32_t oab_interval_ms, oab_retain_ms;
    uint32_t oab_keep;
    bool oab_photos, oab_certificates, oab_members;
    char *oab_compression;
    /* [organisation] */
    char *organisation_name;
    char *public_url;     /* scheme and host clients reach us at, "https://mail.example.org"; "": the Host they sent */
    char *internal_url;   /* the same for clients inside and outside of the organisation's network; "": public_url */
    char *external_url;
    char *default_domain; /* for user names without one */
    /* [network] */
    char *internal_networks;
    struct network_ranges *inside; /* the same as ranges; NULL: nobody counts as outside */
    /* [autodiscover] */
    bool autodiscover_authentication;
    uint32_t autodiscover_requests_per_address, autodiscover_requests_per_user; /* a minute; 0: no limit */
    bool autodiscover_json_reveals_users;
    /* [logs]: the CSV logs */
    bool logs_enabled;
    uint32_t logs_write;          /* mask of http_proxy, client_access, address_book */
    char *logs_path;              /* "": <data>/logs */
    char *logs_rotate;            /* hour, day */
    uint32_t logs_file_size_max, logs_total_size_max;
    uint32_t logs_keep_days;
    /* [metrics] */
    bool metrics_enabled;
    char *metrics_allow;
    struct network_ranges *metrics_allowed; /* what metrics_allow says */
    /* [usage] */
    bool usage_enabled;
    uint32_t usage_retain_days;
    /* [administration] */
    char *admin_socket_path; /* "": in the data folder, 'none': there is none; admin_socket.h */
    char *admin_group;       /* "": none */
    bool admin_https;
    uint32_t admin_methods;  /* DIRECTORY_METHOD_... */
    uint32_t admin_requests_per_user; /* a minute; 0: no limit */
};

/* What is wrong with a configuration, for a person: "FILE:12: [http] header_timout: unknown setting; did you mean
 * header_timeout?". */
struct config_error {
    char text[512];
};

/* Reads and checks a file; all defaults for path NULL. On failure *ret_error says what and where. Free with config_free. */
bool config_read(const char *path, struct config **ret_config, struct config_error *ret_error);
/* The same from text; 'name' stands for the file in messages. */
bool config_parse(const char *name, const char *text, struct config **ret_config, struct config_error *ret_error);
void config_free(struct config *config);
/* The example file: every setting with its explanation, range and default, commented out. */
bool config_describe(struct buffer *output);
/* The settings that there are, for those who list them; NULL behind the last. 'server/setting.h'. */
struct setting;
const struct setting *config_setting(size_t index);
/* Whether anything listens with TLS. */
bool config_needs_tls(const struct config *config);
/* Like the address in 'listen': "192.0.2.1:443", "[::]:443", "8080" (all addresses). False when malformed. */
bool config_parse_listener(const char *text, struct config_listener *ret_listener, char *ret_error, size_t error_size);
