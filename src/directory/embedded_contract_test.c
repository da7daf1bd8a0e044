#include "directory/directory_contract.h"
#include "directory/embedded_fixture.h"

static struct guid id_of(struct embedded_fixture *fixture, const char *account)
{
    return entry_by(fixture, DIRECTORY_KEY_LOGON, account).id;
}

/* Entries first, then what leads from one to another. */
static void add_contract_entry(struct embedded_fixture *fixture, const struct contract_entry *from)
{
    struct directory_value values[10];
    struct bytes items[10];
    const char *old_dn = CONTRACT_OLD_DN;
    bool ada = !strcmp(from->account, "ada");
    struct embedded_entry entry = {.kind = from->kind, .account = from->account, .display_name = from->display_name,
                                   .addresses = from->addresses, .principal = from->principal, .password = from->password,
                                   .administrator = from->administrator, .disabled = from->disabled, .hidden = from->hidden,
                                   .rule = from->rule, .values = values, .nt_hash_wanted = ada, .old_legacy_dns = &old_dn,
                                   .old_legacy_dn_count = ada};
    while (from->addresses[entry.address_count])
        entry.address_count++;
    for (; from->texts[entry.value_count].text; entry.value_count++) {
        items[entry.value_count] = bytes_of_string(from->texts[entry.value_count].text);
        values[entry.value_count] = (struct directory_value){from->texts[entry.value_count].attribute, 1, &items[entry.value_count]};
    }
    add_entry(fixture, &entry);
}

static void refer(struct embedded_fixture *fixture, const char *account, enum directory_attribute attribute, const char *target)
{
    struct guid id = id_of(fixture, target);
    struct bytes item = {id.data, sizeof id.data};
    struct directory_value value = {attribute, 1, &item};
    assert_done(fixture, embedded_directory_put_values(fixture->directory, id_of(fixture, account), 1, &value, &fixture->error));
}

static void populate(struct embedded_fixture *fixture)
{
    assert_done(fixture, embedded_directory_add_domain(fixture->directory, CONTRACT_OTHER_DOMAIN, &fixture->error));
    assert_done(fixture, embedded_directory_begin(fixture->directory, &fixture->error));
    for (size_t i = 0; i < CONTRACT_ENTRY_COUNT; i++)
        add_contract_entry(fixture, &contract_entries[i]);
    for (size_t i = 0; i < CONTRACT_ENTRY_COUNT; i++) {
        const struct contract_entry *from = &contract_entries[i];
        if (from->manager)
            refer(fixture, from->account, DIRECTORY_ATTRIBUTE_MANAGER, from->manager);
        if (from->managed_by)
            refer(fixture, from->account, DIRECTORY_ATTRIBUTE_MANAGED_BY, from->managed_by);
        for (size_t j = 0; from->members[j]; j++) {
            struct guid member = id_of(fixture, from->members[j]);
            assert_done(fixture, embedded_directory_change_group(fixture->directory, id_of(fixture, from->account), true, 1, &member,
                                                                 &fixture->error));
        }
    }
    for (size_t i = 0; i < CONTRACT_GRANT_COUNT; i++) {
        struct embedded_grant grant = {.owner = id_of(fixture, contract_grants[i].owner), .right = contract_grants[i].right,
                                       .actor = id_of(fixture, contract_grants[i].actor), .automap = contract_grants[i].automap};
        assert_done(fixture, embedded_directory_grant(fixture->directory, &grant, &fixture->error));
    }
    assert_done(fixture, embedded_directory_commit(fixture->directory, &fixture->error));
}

int main(void)
{
    void *state;
    open_embedded_fixture(&state);
    struct embedded_fixture *fixture = state;
    populate(fixture);
    struct directory_contract contract = {.directory = fixture->directory};
    int failed = directory_contract_run(&contract);
    close_embedded_fixture(&state);
    return failed;
}
