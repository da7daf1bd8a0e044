/* The suite of the contract against a slapd that stands for Active Directory, with the embedded directory beside for what the
 * attributes do not say: full access and sending, an NT hash, a dynamic group by rule. */
#include "directory/directory_contract.h"
#include "directory/embedded_fixture.h"
#include "directory/slapd_fixture.h"

#define BASE "dc=example,dc=org"

static const char *const organizational =
    "dn: " BASE "\nobjectClass: domain\ndc: example\n\n"
    "dn: cn=reader," BASE "\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: reader\n"
    "userPassword: " SLAPD_READER_PASSWORD "\n\n";

/* --- the population as LDIF --- */

static void write_base64(FILE *file, const char *name, const void *data, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *bytes = data;
    fprintf(file, "%s:: ", name);
    for (size_t i = 0; i < size; i += 3) {
        uint32_t group = (uint32_t)bytes[i] << 16 | (uint32_t)(i + 1 < size ? bytes[i + 1] : 0) << 8 | (i + 2 < size ? bytes[i + 2] : 0);
        fprintf(file, "%c%c%c%c", digits[group >> 18], digits[group >> 12 & 63], i + 1 < size ? digits[group >> 6 & 63] : '=',
                i + 2 < size ? digits[group & 63] : '=');
    }
    fputc('\n', file);
}

static void write_text(FILE *file, const char *name, const char *text)
{
    write_base64(file, name, text, strlen(text));
}

static struct guid made_id(size_t index)
{
    struct guid id = {{0x77, 0x10, (uint8_t)(index * 37), 0x44}};
    id.data[15] = (uint8_t)(index + 1);
    return id;
}

static void write_addresses(FILE *file, const struct contract_entry *entry)
{
    char text[300];
    fprintf(file, "mail: %s\n", entry->addresses[0]);
    for (size_t i = 0; entry->addresses[i]; i++) {
        snprintf(text, sizeof text, "%s:%s", i ? "smtp" : "SMTP", entry->addresses[i]);
        write_text(file, "proxyAddresses", text);
    }
    if (!strcmp(entry->account, "ada"))
        fprintf(file, "proxyAddresses: X500:" CONTRACT_OLD_DN "\n");
}

static void write_person(FILE *file, const struct contract_entry *entry)
{
    static const int types[] = {[DIRECTORY_USER] = 1, [DIRECTORY_SHARED_MAILBOX] = 4, [DIRECTORY_ROOM] = 16};
    bool surname = false;
    for (size_t i = 0; i < 10 && entry->texts[i].text; i++) {
        write_text(file, directory_attributes[entry->texts[i].attribute].name, entry->texts[i].text);
        surname |= entry->texts[i].attribute == DIRECTORY_ATTRIBUTE_SURNAME;
    }
    if (!surname)
        fprintf(file, "sn: None\n");
    if (entry->kind == DIRECTORY_CONTACT)
        return;
    fprintf(file, "objectCategory: person\nmsExchRecipientTypeDetails: %d\nuserAccountControl: %d\n", types[entry->kind],
            entry->disabled || entry->kind != DIRECTORY_USER ? 514 : 512);
    if (entry->principal)
        fprintf(file, "userPrincipalName: %s\n", entry->principal);
    if (entry->password)
        write_text(file, "userPassword", entry->password);
    if (entry->manager)
        fprintf(file, "manager: cn=%s," BASE "\n", entry->manager);
}

static void write_entry(FILE *file, const struct contract_entry *entry, size_t index)
{
    struct guid id = made_id(index);
    const char *class = entry->kind == DIRECTORY_GROUP ? "group" : entry->kind == DIRECTORY_CONTACT ? "contact" : "user";
    fprintf(file, "dn: cn=%s," BASE "\nobjectClass: %s\nobjectClass: exchangeAttributes\ncn: %s\nsAMAccountName: %s\n"
                  "mailNickname: %s\n", entry->account, class, entry->account, entry->account, entry->account);
    write_base64(file, "objectGUID", id.data, sizeof id.data);
    write_text(file, "displayName", entry->display_name);
    write_addresses(file, entry);
    if (entry->hidden)
        fprintf(file, "msExchHideFromAddressLists: TRUE\n");
    if (entry->kind == DIRECTORY_GROUP) {
        for (size_t i = 0; entry->members[i]; i++)
            fprintf(file, "member: cn=%s," BASE "\n", entry->members[i]);
        if (entry->managed_by)
            fprintf(file, "managedBy: cn=%s," BASE "\n", entry->managed_by);
    } else
        write_person(file, entry);
    fputc('\n', file);
}

static void write_population(const char *path)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(organizational, file);
    for (size_t i = 0; i < CONTRACT_ENTRY_COUNT; i++)
        if (contract_entries[i].kind != DIRECTORY_DYNAMIC_GROUP)
            write_entry(file, &contract_entries[i], i);
    fprintf(file, "dn: cn=administrators," BASE "\nobjectClass: group\nobjectClass: exchangeAttributes\ncn: administrators\n"
                  "objectGUID: administrators..\nmember: cn=charles," BASE "\n");
    assert_int_equal(fclose(file), 0);
}

/* --- what stands beside --- */

static struct guid beside(struct embedded_fixture *fixture, const char *account)
{
    char name[GUID_TEXT_SIZE];
    struct directory_entry entry;
    size_t index = 0;
    while (strcmp(contract_entries[index].account, account) != 0)
        index++;
    if (contract_entries[index].kind == DIRECTORY_DYNAMIC_GROUP)
        return entry_by(fixture, DIRECTORY_KEY_LOGON, account).id;
    ldap_directory_beside(made_id(index), name);
    if (directory_find_entry(fixture->directory, &fixture->arena, DIRECTORY_KEY_LOGON, name, &entry) == DIRECTORY_OK)
        return entry.id;
    enum directory_kind kind = contract_entries[index].kind;
    return add_entry(fixture, &(struct embedded_entry){.kind = kind, .account = name, .display_name = account}).id;
}

static void populate_beside(struct embedded_fixture *fixture)
{
    static const uint8_t hash[16] = {0x3D, 0x21, 0x1B, 0x74, 0xDD, 0x72, 0x9B, 0xE1, 0xE5, 0x52, 0xB4, 0x72, 0x75, 0x94, 0xF3, 0xEB};
    assert_done(fixture, embedded_directory_add_domain(fixture->directory, CONTRACT_OTHER_DOMAIN, &fixture->error));
    for (size_t i = 0; i < CONTRACT_ENTRY_COUNT; i++) {
        const struct contract_entry *entry = &contract_entries[i];
        if (entry->kind == DIRECTORY_DYNAMIC_GROUP)
            add_entry(fixture, &(struct embedded_entry){.kind = entry->kind, .account = entry->account, .display_name = entry->display_name,
                                                        .address_count = 1, .addresses = entry->addresses, .rule = entry->rule});
    }
    for (size_t i = 0; i < CONTRACT_GRANT_COUNT; i++) {
        struct embedded_grant grant = {.owner = beside(fixture, contract_grants[i].owner), .right = contract_grants[i].right,
                                       .actor = beside(fixture, contract_grants[i].actor), .automap = contract_grants[i].automap};
        assert_done(fixture, embedded_directory_grant(fixture->directory, &grant, &fixture->error));
    }
    assert_done(fixture, embedded_directory_put_nt_hash(fixture->directory, beside(fixture, "ada"), hash, &fixture->error));
}

/* A group of the embedded directory names ada by what stands beside her; what is read names her. */
static void check_local_group(struct embedded_fixture *fixture, struct directory *directory)
{
    struct directory_entry friends, ada, *entries;
    struct guid members[] = {beside(fixture, "ada")}, again;
    struct bytes owner = {members[0].data, sizeof members[0].data};
    struct directory_value managed_by = {DIRECTORY_ATTRIBUTE_MANAGED_BY, 1, &owner};
    uint32_t count, found = 0;
    struct guid id = add_entry(fixture, &(struct embedded_entry){.kind = DIRECTORY_GROUP, .account = "friends", .member_count = 1,
                                                                 .members = members}).id;
    assert_done(fixture, embedded_directory_put_values(fixture->directory, id, 1, &managed_by, &fixture->error));
    assert_int_equal(directory_find_entry(directory, &fixture->arena, DIRECTORY_KEY_LOGON, "friends", &friends), DIRECTORY_OK);
    assert_int_equal(directory_find_entry(directory, &fixture->arena, DIRECTORY_KEY_LOGON, "ada", &ada), DIRECTORY_OK);
    assert_int_equal(friends.member_count, 1);
    assert_true(guid_equal(friends.members[0], ada.id));
    assert_memory_equal(directory_entry_value(&friends, DIRECTORY_ATTRIBUTE_MANAGED_BY)->items[0].data, ada.id.data, sizeof ada.id.data);
    assert_int_equal(directory_entries(directory, &fixture->arena, NULL, 1000, &count, &entries), DIRECTORY_OK);
    for (uint32_t i = 0; i < count; i++)
        found += guid_equal(entries[i].id, id) && entries[i].member_count == 1 && guid_equal(entries[i].members[0], ada.id);
    assert_int_equal(found, 1);
    again = ada.id;
    assert_int_equal(directory_change_members(directory, id, false, 1, &again), DIRECTORY_OK);
    assert_int_equal(directory_find_entry(directory, &fixture->arena, DIRECTORY_KEY_LOGON, "friends", &friends), DIRECTORY_OK);
    assert_int_equal(friends.member_count, 0);
    assert_true(directory_has_right(directory, ada.id, DIRECTORY_MANAGE_MEMBERS, id));
}

static struct embedded_fixture *local_fixture; /* cmocka's tests take no argument of ours */
static struct directory *directory_under_test;

static void groups_beside_name_people_of_the_server(void **state)
{
    check_local_group(local_fixture, directory_under_test);
}

int main(void)
{
    const struct CMUnitTest beside_tests[] = {cmocka_unit_test(groups_beside_name_people_of_the_server)};
    void *state;
    char path[64] = "/tmp/mapihttp-contract-XXXXXX";
    if (!slapd_is_there())
        return 77;
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    close(descriptor);
    write_population(path);
    struct slapd *slapd = slapd_new(path, "");
    unlink(path);
    open_embedded_fixture(&state);
    struct embedded_fixture *fixture = state;
    populate_beside(fixture);
    struct ldap_directory_settings settings = slapd_settings(slapd, LDAP_SCHEMA_ACTIVE_DIRECTORY);
    settings.writable = true;
    settings.cache_ms = 60000;
    settings.administrators_dn = "cn=administrators," BASE;
    struct directory_contract contract = {.directory = slapd_directory(&settings, fixture->directory)};
    int failed = directory_contract_run(&contract);
    local_fixture = fixture;
    directory_under_test = contract.directory;
    failed += cmocka_run_group_tests(beside_tests, NULL, NULL);
    if (failed)
        fputs(slapd->notices, stderr);
    directory_close(contract.directory);
    unlink(fixture->path);
    arena_free(&fixture->arena);
    free(fixture);
    slapd_free(slapd);
    return failed;
}
