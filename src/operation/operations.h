/* The table's rows: one for each operation, defined in the file of its noun as 'const struct operation operation_<row>'. */
#pragma once
#include "operation/operation.h"

#define OPERATIONS(ROW)                                                                                                                          \
    /* connection_status.c */                                                                                                                    \
    ROW(get_connection_status)                                                                                                                   \
    ROW(show_connection_status)                                                                                                                  \
    ROW(remove_connection_status)                                                                                                                \
    /* mapi_http_metric.c */                                                                                                                     \
    ROW(get_mapi_http_metric)                                                                                                                    \
    ROW(get_mapi_http_metric_history)                                                                                                            \
    /* mailbox.c, cas_mailbox.c */                                                                                                               \
    ROW(get_mailbox)                                                                                                                             \
    ROW(set_mailbox)                                                                                                                             \
    ROW(get_cas_mailbox)                                                                                                                         \
    ROW(set_cas_mailbox)                                                                                                                         \
    /* virtual_directory.c */                                                                                                                    \
    ROW(get_virtual_directory)                                                                                                                   \
    ROW(set_virtual_directory)                                                                                                                   \
    ROW(get_mapi_virtual_directory)                                                                                                              \
    ROW(set_mapi_virtual_directory)                                                                                                              \
    ROW(get_autodiscover_virtual_directory)                                                                                                      \
    ROW(set_autodiscover_virtual_directory)                                                                                                      \
    ROW(get_oab_virtual_directory)                                                                                                               \
    ROW(set_oab_virtual_directory)                                                                                                               \
    ROW(get_outlook_anywhere)                                                                                                                    \
    ROW(set_outlook_anywhere)                                                                                                                    \
    /* authentication_policy.c, user.c */                                                                                                        \
    ROW(get_authentication_policy)                                                                                                               \
    ROW(new_authentication_policy)                                                                                                               \
    ROW(set_authentication_policy)                                                                                                               \
    ROW(remove_authentication_policy)                                                                                                            \
    ROW(get_user)                                                                                                                                \
    ROW(set_user)                                                                                                                                \
    /* certificate.c */                                                                                                                          \
    ROW(test_mapi_http_certificate)                                                                                                              \
    /* organization_config.c */                                                                                                                  \
    ROW(get_organization_config)                                                                                                                 \
    ROW(set_organization_config)                                                                                                                 \
    /* audit_log.c */                                                                                                                            \
    ROW(search_mailbox_audit_log)                                                                                                                \
    ROW(test_mailbox_audit_log)                                                                                                                  \
    ROW(get_mailbox_audit_log_state)                                                                                                             \
    /* change_log.c */                                                                                                                           \
    ROW(get_admin_change_record)                                                                                                                 \
    ROW(test_admin_change_record)                                                                                                                \
    /* protocol_usage.c, user_usage.c, email_app_usage.c */                                                                                      \
    ROW(get_mail_protocol_usage)                                                                                                                 \
    ROW(get_mail_client_usage)                                                                                                                   \
    ROW(get_mail_usage_detail)                                                                                                                   \
    ROW(get_mail_user_usage)                                                                                                                     \
    ROW(get_mail_legacy_client)                                                                                                                  \
    ROW(get_email_app_usage)                                                                                                                     \
    /* readiness.c */                                                                                                                            \
    ROW(get_mapi_http_readiness)

#define DECLARATION(row) extern const struct operation operation_##row;
OPERATIONS(DECLARATION)
#undef DECLARATION
