/* Connections to LDAP servers: bound ones kept in a pool, since libldap's handles belong to one thread at a time, and single
 * ones for checking passwords. Servers are tried in the order given; one that did not answer in time rests for a while.
 * Every wait has a deadline. Any thread; blocks. */
#pragma once
#include <ldap.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ldap_pool;

struct ldap_pool_settings {
    const char *urls;
    bool start_tls, verify_certificate;
    const char *ca_file;
    const char *bind_dn, *bind_password;
    uint32_t connections_max;
    uint32_t connect_timeout_ms, timeout_ms;
    void (*notice)(void *user, const char *text); /* may be NULL */
    void *notice_user;
};

/* Settings and their texts must outlive the pool. NULL where they are wrong (ret_error says what is) or without memory. */
struct ldap_pool *ldap_pool_new(const struct ldap_pool_settings *settings, char *ret_error, size_t error_size);
void ldap_pool_free(struct ldap_pool *pool);

/* What is done on a connection: returns LDAP's result code. It is run again on a new connection, once, where the first turned
 * out to be dead; so it must be able to begin anew. */
typedef int (*ldap_operation)(LDAP *handle, uint64_t deadline_ms, void *argument);
/* LDAP's result code; LDAP_SERVER_DOWN where no server was to be had, LDAP_TIMEOUT. */
int ldap_pool_run(struct ldap_pool *pool, ldap_operation operation, void *argument);

/* The server's answer to a password. */
struct ldap_bind_answer {
    int code;                 /* LDAP's result code */
    uint32_t windows_error;   /* of Active Directory's diagnostic message; 0: none */
    int policy_error;         /* LDAPPasswordPolicyError of the password policy control; PP_noError: none */
};
/* Binds on a connection of its own, closed afterwards. 'password' is not empty: an empty one would be an anonymous bind that
 * every server accepts (RFC 4513 5.1.2). */
struct ldap_bind_answer ldap_pool_bind(struct ldap_pool *pool, const char *dn, const char *password);

/* Waits for the answer to a message until the deadline; abandons it where none came. LDAP's result code of the wait; on
 * LDAP_SUCCESS the answer is the caller's (ldap_msgfree). */
int ldap_await(LDAP *handle, int message_id, uint64_t deadline_ms, LDAPMessage **ret_answer);
/* Result code of a finished operation: that in the answer. */
int ldap_answer_code(LDAP *handle, LDAPMessage *answer);
/* Whether the code says that the connection (or the server behind it) is no good. */
bool ldap_connection_is_lost(int code);
