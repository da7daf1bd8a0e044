/* GetMailboxUrl and GetAddressBookUrl (MS-OXCMAPIHTTP 2.2.5.18, 2.2.5.19). */
#include <string.h>

#include "base/text.h"
#include "nspi/request.h"

#define SERVERS "/cn=Configuration/cn=Servers/cn="
#define MAILBOX_PARAMETER "MailboxId="

/* The same URL for another mailbox: it ends with 'MailboxId=<guid>@<domain>'. */
static const char *url_of_mailbox(struct nspi_call *call, const char *own, struct guid mailbox, const char *domain)
{
    const char *parameter = strstr(own, MAILBOX_PARAMETER);
    char text[GUID_TEXT_SIZE];
    guid_format(mailbox, text);
    return parameter ? arena_format(call->arena, "%.*s" MAILBOX_PARAMETER "%s@%s", (int)(parameter - own), own, text, domain)
                     : NULL;
}

/* A server's DN names a mailbox, '<guid>@<domain>' (server_dn_make); what stands before that does not count, so that names from
 * an earlier organisation lead here too. Empty: the user's own. */
static uint32_t url_of_server(struct nspi_call *call, const char *dn, const char *own, const char **ret_url)
{
    struct directory_user user;
    struct guid mailbox;
    char text[GUID_TEXT_SIZE];
    const char *servers = strcasestr(dn, SERVERS), *name = servers ? servers + strlen(SERVERS) : "";
    *ret_url = own;
    if (!*dn)
        return EC_SUCCESS;
    if (strlen(name) < GUID_TEXT_SIZE || name[GUID_TEXT_SIZE - 1] != '@')
        return EC_NOT_FOUND;
    memcpy(text, name, GUID_TEXT_SIZE - 1);
    text[GUID_TEXT_SIZE - 1] = '\0';
    if (!guid_parse(text, &mailbox))
        return EC_NOT_FOUND;
    guid_format(mailbox, text);
    if (guid_equal(mailbox, call->user->mailbox_guid))
        return EC_SUCCESS;
    switch (directory_find(call->directory, call->arena, DIRECTORY_KEY_MAILBOX, text, &user)) {
    case DIRECTORY_OK: break;
    case DIRECTORY_NOT_FOUND: return EC_NOT_FOUND;
    default: return EC_GENERAL_FAILURE;
    }
    const char *domain = strchr(user.address, '@');
    *ret_url = url_of_mailbox(call, own, mailbox, domain ? domain + 1 : "");
    return *ret_url ? EC_SUCCESS : EC_NOT_ENOUGH_MEMORY;
}

/* The DN of somebody with a mailbox. */
static uint32_t url_of_user(struct nspi_call *call, const char *dn, const char *own, const char **ret_url)
{
    *ret_url = own;
    if (!*dn || text_equal_ignoring_case(dn, call->user->legacy_dn))
        return EC_SUCCESS;
    uint32_t index = address_book_find_dn(call->book, dn);
    if (index == ADDRESS_BOOK_NONE)
        return EC_NOT_FOUND;
    const struct directory_entry *entry = address_book_entry(call->book, index);
    const char *domain = strchr(entry->address, '@');
    if (!directory_kind_has_mailbox(entry->kind) || !domain)
        return EC_NOT_FOUND;
    *ret_url = url_of_mailbox(call, own, entry->mailbox_guid, domain + 1);
    return *ret_url ? EC_SUCCESS : EC_NOT_ENOUGH_MEMORY;
}

static uint32_t give_url(struct nspi_call *call, struct bytes dn_utf16, const char *own,
                         uint32_t (*find)(struct nspi_call *, const char *, const char *, const char **),
                         struct bytes *ret_url)
{
    const char *url, *dn = text_utf8_of_utf16(call->arena, dn_utf16);
    uint32_t error = dn ? find(call, dn, own, &url) : EC_NOT_ENOUGH_MEMORY;
    if (error != EC_SUCCESS)
        return error;
    struct bytes bytes = text_utf16_of_utf8(call->arena, bytes_of_string(url));
    if (!bytes.data)
        return EC_NOT_ENOUGH_MEMORY;
    *ret_url = bytes;
    return EC_SUCCESS;
}

uint32_t nspi_get_mailbox_url(struct nspi_call *call, const struct nspi_get_mailbox_url_request *request,
                              struct nspi_get_mailbox_url_success *ret_answer)
{
    return give_url(call, request->server_dn, call->mailbox_url, url_of_server, &ret_answer->server_url);
}

uint32_t nspi_get_address_book_url(struct nspi_call *call, const struct nspi_get_address_book_url_request *request,
                                   struct nspi_get_address_book_url_success *ret_answer)
{
    return give_url(call, request->user_dn, call->address_book_url, url_of_user, &ret_answer->server_url);
}
