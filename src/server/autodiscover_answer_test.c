/* The XML of Autodiscover answers, read back with a parser: well-formed whatever names contain, elements as MS-OXDSCLI 2.2.4
 * has them. */
#include "server/autodiscover_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <libxml/parser.h>

#define INSIDE "https://inside.example.org"
#define OUTSIDE "https://mail.example.org:8443"

static struct directory_user user_of(void)
{
    return (struct directory_user){.display_name = "Ada \"&\" <Lovelace>\x01 \xC3\xA4", .address = "ada@example.org",
                                   .legacy_dn = "/o=Example/ou=x/cn=Recipients/cn=ada",
                                   .mailbox_guid = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}}};
}

static struct autodiscover_settings settings_of(const struct directory_user *user)
{
    return (struct autodiscover_settings){
        .user = user, .mapi_version = 1, .auth_package = "Negotiate", .organization = "Example", .public_folder_address = "",
        .internal = {INSIDE, INSIDE "/mapi/emsmdb/?MailboxId=a@b", INSIDE "/mapi/nspi/?MailboxId=a@b", INSIDE},
        .external = {OUTSIDE, OUTSIDE "/mapi/emsmdb/?MailboxId=a@b", OUTSIDE "/mapi/nspi/?MailboxId=a@b", OUTSIDE},
        .paths = {.address_book_files = "/oab/11111111-2222-3333-4444-555555555555/"}};
}

static xmlNode *child(xmlNode *node, const char *name, unsigned index)
{
    for (xmlNode *at = node ? node->children : NULL; at; at = at->next)
        if (at->type == XML_ELEMENT_NODE && strcmp((const char *)at->name, name) == 0 && index-- == 0)
            return at;
    return NULL;
}

/* The text at a path such as 'Response/Account/Protocol[1]/Server'; "(absent)" where there is no such element. */
static const char *text_at(xmlDoc *document, const char *path)
{
    static char text[2048];
    xmlNode *node = xmlDocGetRootElement(document);
    while (*path && node) {
        char name[64];
        unsigned index = 0;
        size_t size = strcspn(path, "/[");
        snprintf(name, sizeof name, "%.*s", (int)size, path);
        path += size;
        if (sscanf(path, "[%u]", &index) == 1)
            path += strcspn(path, "]") + 1;
        path += *path == '/';
        node = child(node, name, index);
    }
    xmlChar *content = node ? xmlNodeGetContent(node) : NULL;
    snprintf(text, sizeof text, "%s", content ? (const char *)content : "(absent)");
    xmlFree(content);
    return text;
}

static xmlDoc *document_of(struct buffer *answer)
{
    xmlDoc *document = xmlReadMemory(buffer_string(answer), (int)answer->size, NULL, NULL, XML_PARSE_NOBLANKS);
    assert_non_null(document);
    return document;
}

static xmlDoc *settings_document(const struct autodiscover_settings *settings)
{
    struct buffer answer = {0};
    assert_true(autodiscover_append_settings(&answer, settings));
    xmlDoc *document = document_of(&answer);
    buffer_free(&answer);
    return document;
}

#define ACCOUNT "Response/Account/"
#define expect_text(document, path, text) assert_string_equal(text_at(document, path), text)

static void test_mapi_http(void **state)
{
    struct directory_user user = user_of();
    struct autodiscover_settings settings = settings_of(&user);
    settings.decision = (struct autodiscover_decision){.mapi_http = true, .exhttp_internal = true, .exhttp_external = true, .external = true};
    xmlDoc *document = settings_document(&settings);
    expect_text(document, "Response/User/DisplayName", "Ada \"&\" <Lovelace>\xEF\xBF\xBD \xC3\xA4");
    expect_text(document, "Response/User/LegacyDN", user.legacy_dn);
    expect_text(document, "Response/User/AutoDiscoverSMTPAddress", "ada@example.org");
    expect_text(document, "Response/User/DeploymentId", "00000000-0000-0000-0000-000000000000");
    expect_text(document, ACCOUNT "AccountType", "email");
    expect_text(document, ACCOUNT "Action", "settings");
    expect_text(document, ACCOUNT "MicrosoftOnline", "False");
    expect_text(document, ACCOUNT "ConsumerMailbox", "False");
    expect_text(document, ACCOUNT "Protocol/Type", "(absent)");
    expect_text(document, ACCOUNT "Protocol/MailStore/InternalUrl", settings.internal.mailbox_url);
    expect_text(document, ACCOUNT "Protocol/MailStore/ExternalUrl", settings.external.mailbox_url);
    expect_text(document, ACCOUNT "Protocol/AddressBook/InternalUrl", settings.internal.address_book_url);
    expect_text(document, ACCOUNT "Protocol/AddressBook/ExternalUrl", settings.external.address_book_url);
    expect_text(document, ACCOUNT "Protocol[1]/Type", "EXHTTP"); /* the inside first */
    expect_text(document, ACCOUNT "Protocol[1]/Server", "inside.example.org");
    expect_text(document, ACCOUNT "Protocol[1]/SSL", "On");
    expect_text(document, ACCOUNT "Protocol[1]/AuthPackage", "Negotiate");
    expect_text(document, ACCOUNT "Protocol[1]/OABUrl", INSIDE "/oab/11111111-2222-3333-4444-555555555555/");
    expect_text(document, ACCOUNT "Protocol[1]/EwsUrl", "(absent)");
    expect_text(document, ACCOUNT "Protocol[2]/Type", "EXHTTP");
    expect_text(document, ACCOUNT "Protocol[2]/Server", "mail.example.org");
    expect_text(document, ACCOUNT "Protocol[2]/OABUrl", OUTSIDE "/oab/11111111-2222-3333-4444-555555555555/");
    expect_text(document, ACCOUNT "Protocol[3]", "(absent)");
    expect_text(document, ACCOUNT "PublicFolderInformation", "(absent)");
    xmlFreeDoc(document);
}

/* What is not told of one side does not stand there; the other side keeps its own. */
static void test_addresses_that_are_not_told(void **state)
{
    struct directory_user user = user_of();
    struct autodiscover_settings settings = settings_of(&user);
    settings.decision = (struct autodiscover_decision){.mapi_http = true, .exhttp_internal = true, .exhttp_external = true, .external = true};
    settings.external = (struct autodiscover_side){.files_base = "https://files.example.org"};
    xmlDoc *document = settings_document(&settings);
    expect_text(document, ACCOUNT "Protocol/MailStore/InternalUrl", settings.internal.mailbox_url);
    expect_text(document, ACCOUNT "Protocol/MailStore/ExternalUrl", "(absent)");
    expect_text(document, ACCOUNT "Protocol/AddressBook/ExternalUrl", "(absent)");
    expect_text(document, ACCOUNT "Protocol[2]/Server", "files.example.org");
    expect_text(document, ACCOUNT "Protocol[2]/OABUrl", "https://files.example.org/oab/11111111-2222-3333-4444-555555555555/");
    xmlFreeDoc(document);
    settings = settings_of(&user);
    settings.decision = (struct autodiscover_decision){.mapi_http = true, .exhttp_internal = true, .exhttp_external = true, .external = true};
    settings.internal = (struct autodiscover_side){0};
    settings.external.files_base = NULL;
    document = settings_document(&settings);
    expect_text(document, ACCOUNT "Protocol/MailStore/InternalUrl", "(absent)");
    expect_text(document, ACCOUNT "Protocol/MailStore/ExternalUrl", settings.external.mailbox_url);
    expect_text(document, ACCOUNT "Protocol[1]/Server", "mail.example.org"); /* of the outside: the inside has nothing to tell */
    expect_text(document, ACCOUNT "Protocol[1]/OABUrl", "(absent)");
    expect_text(document, ACCOUNT "Protocol[2]", "(absent)");
    xmlFreeDoc(document);
}

static void test_external_blocked(void **state)
{
    struct directory_user user = user_of();
    struct autodiscover_settings settings = settings_of(&user);
    struct buffer answer = {0};
    settings.paths.web_mail = "/owa/";
    settings.decision = (struct autodiscover_decision){.mapi_http = true, .exhttp_internal = true, .web = true};
    assert_true(autodiscover_append_settings(&answer, &settings));
    assert_null(strstr(buffer_string(&answer), "mail.example.org"));
    assert_null(strstr(buffer_string(&answer), "xternal"));
    buffer_free(&answer);
}

static void test_rpc_over_http(void **state)
{
    struct directory_user user = user_of();
    struct autodiscover_settings settings = settings_of(&user);
    settings.auth_package = "Basic";
    settings.paths.web_services = "/ews/exchange.asmx";
    settings.paths.control_panel = "/ecp/";
    settings.paths.web_mail = "/owa/";
    settings.decision = (struct autodiscover_decision){.exch = true, .expr = true, .web = true, .exhttp_internal = true,
                                                       .exhttp_external = true, .external = true};
    xmlDoc *document = settings_document(&settings);
    expect_text(document, ACCOUNT "Protocol/Type", "EXCH");
    expect_text(document, ACCOUNT "Protocol/Server", "04030201-0605-0807-090a-0b0c0d0e0f10@example.org");
    expect_text(document, ACCOUNT "Protocol/ServerDN", "/o=Example/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)"
                "/cn=Configuration/cn=Servers/cn=04030201-0605-0807-090a-0b0c0d0e0f10@example.org");
    expect_text(document, ACCOUNT "Protocol/MdbDN", "/o=Example/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)"
                "/cn=Configuration/cn=Servers/cn=04030201-0605-0807-090a-0b0c0d0e0f10@example.org/cn=Microsoft Private MDB");
    expect_text(document, ACCOUNT "Protocol/ServerVersion", "73C28608");
    expect_text(document, ACCOUNT "Protocol/AuthPackage", "Basic");
    expect_text(document, ACCOUNT "Protocol/ASUrl", INSIDE "/ews/exchange.asmx");
    expect_text(document, ACCOUNT "Protocol/OOFUrl", INSIDE "/ews/exchange.asmx");
    expect_text(document, ACCOUNT "Protocol/EcpUrl", INSIDE "/ecp/");
    expect_text(document, ACCOUNT "Protocol[1]/Type", "EXPR");
    expect_text(document, ACCOUNT "Protocol[1]/Server", "mail.example.org");
    expect_text(document, ACCOUNT "Protocol[1]/SSL", "On");
    expect_text(document, ACCOUNT "Protocol[1]/CertPrincipalName", "msstd:mail.example.org");
    expect_text(document, ACCOUNT "Protocol[1]/EwsUrl", OUTSIDE "/ews/exchange.asmx");
    expect_text(document, ACCOUNT "Protocol[2]/Type", "WEB");
    expect_text(document, ACCOUNT "Protocol[2]/Internal/OWAUrl", INSIDE "/owa/");
    expect_text(document, ACCOUNT "Protocol[2]/Internal/Protocol/Type", "EXCH");
    expect_text(document, ACCOUNT "Protocol[2]/External/Protocol/Type", "EXPR");
    expect_text(document, ACCOUNT "Protocol[2]/External/Protocol/ASUrl", OUTSIDE "/ews/exchange.asmx");
    expect_text(document, ACCOUNT "Protocol[3]/Type", "EXHTTP");
    expect_text(document, ACCOUNT "Protocol[4]/Type", "EXHTTP");
    xmlFreeDoc(document);
}

static void test_mailboxes(void **state)
{
    struct directory_user user = user_of();
    struct autodiscover_settings settings = settings_of(&user);
    struct autodiscover_mailbox mailboxes[] = {
        {.type = "Archive", .display_name = "Online Archive - Ada", .legacy_dn = "/o=x/cn=ada/guid=1", .server = "1@example.org"},
        {.type = "Delegate", .display_name = "Sales & more", .address = "sales@example.org"},
    };
    settings.mailboxes = mailboxes;
    settings.mailbox_count = 2;
    settings.public_folder_address = "public@example.org";
    settings.decision = (struct autodiscover_decision){.mapi_http = true, .external = true};
    xmlDoc *document = settings_document(&settings);
    expect_text(document, ACCOUNT "AlternativeMailbox/Type", "Archive");
    expect_text(document, ACCOUNT "AlternativeMailbox/LegacyDN", "/o=x/cn=ada/guid=1");
    expect_text(document, ACCOUNT "AlternativeMailbox/Server", "1@example.org");
    expect_text(document, ACCOUNT "AlternativeMailbox/SmtpAddress", "(absent)");
    expect_text(document, ACCOUNT "AlternativeMailbox[1]/Type", "Delegate");
    expect_text(document, ACCOUNT "AlternativeMailbox[1]/DisplayName", "Sales & more");
    expect_text(document, ACCOUNT "AlternativeMailbox[1]/SmtpAddress", "sales@example.org");
    expect_text(document, ACCOUNT "AlternativeMailbox[1]/OwnerSmtpAddress", "sales@example.org");
    expect_text(document, ACCOUNT "PublicFolderInformation/SmtpAddress", "public@example.org");
    xmlFreeDoc(document);
}

static void test_redirects(void **state)
{
    struct buffer answer = {0};
    assert_true(autodiscover_append_redirect(&answer, "ada@elsewhere.example", NULL));
    xmlDoc *document = document_of(&answer);
    expect_text(document, ACCOUNT "Action", "redirectAddr");
    expect_text(document, ACCOUNT "RedirectAddr", "ada@elsewhere.example");
    xmlFreeDoc(document);
    buffer_clear(&answer);
    assert_true(autodiscover_append_redirect(&answer, NULL, "https://elsewhere.example/autodiscover/autodiscover.xml?a&b"));
    document = document_of(&answer);
    expect_text(document, ACCOUNT "Action", "redirectUrl");
    expect_text(document, ACCOUNT "RedirectUrl", "https://elsewhere.example/autodiscover/autodiscover.xml?a&b");
    xmlFreeDoc(document);
    buffer_free(&answer);
}

/* MS-OXDSCLI 2.2.4.1.1: Time with seven digits of a second, Id of the server, DebugData empty. */
static void test_errors(void **state)
{
    static const unsigned errors[] = {500, 501, 600, 601, 602, 603};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        struct buffer answer = {0};
        char code[8], fraction[8];
        unsigned hour, minute, second;
        snprintf(code, sizeof code, "%u", errors[i]);
        assert_true(autodiscover_append_error(&answer, errors[i], i == 1 ? "because <&>" : NULL, "server.example"));
        xmlDoc *document = document_of(&answer);
        expect_text(document, "Response/Error/ErrorCode", code);
        expect_text(document, "Response/Error/DebugData", "");
        if (i == 1)
            expect_text(document, "Response/Error/Message", "because <&>");
        xmlNode *error = child(child(xmlDocGetRootElement(document), "Response", 0), "Error", 0);
        xmlChar *time = xmlGetProp(error, (const xmlChar *)"Time"), *id = xmlGetProp(error, (const xmlChar *)"Id");
        assert_int_equal(sscanf((char *)time, "%2u:%2u:%2u.%7[0-9]", &hour, &minute, &second, fraction), 4);
        assert_int_equal(strlen(fraction), 7);
        assert_int_equal(strspn((char *)id, "0123456789"), strlen((char *)id));
        assert_string_equal((const char *)child(xmlDocGetRootElement(document), "Response", 0)->ns->href,
                            "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006");
        xmlFree(time);
        xmlFree(id);
        xmlFreeDoc(document);
        buffer_free(&answer);
    }
}

static void test_parts(void **state)
{
    assert_int_equal(autodiscover_server_version("Exchange/14.1.218.0"), 0x738180DA); /* the page of ServerVersion (POX) */
    assert_int_equal(autodiscover_server_version("Exchange"), 0);
    assert_int_equal(autodiscover_server_version("Exchange/15"), 0);
    assert_true(bytes_equal(autodiscover_host_of("https://a.example:8443"), BYTES_LITERAL("a.example")));
    assert_true(bytes_equal(autodiscover_host_of("https://[2001:db8::1]:8443"), BYTES_LITERAL("[2001:db8::1]")));
    assert_true(bytes_equal(autodiscover_host_of("https://["), BYTES_LITERAL("[")));
    assert_true(bytes_equal(autodiscover_host_of(""), BYTES_LITERAL("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mapi_http), cmocka_unit_test(test_external_blocked), cmocka_unit_test(test_addresses_that_are_not_told), cmocka_unit_test(test_rpc_over_http),
        cmocka_unit_test(test_mailboxes), cmocka_unit_test(test_redirects), cmocka_unit_test(test_errors), cmocka_unit_test(test_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
