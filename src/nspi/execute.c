#include "nspi/request.h"

/* Handlers by the structure of their success body, which is as good a name as the request type. A request type without a row
 * is answered with NotSupported. */
struct handler {
    const struct wire_structure *success;
    uint32_t (*run)(struct nspi_call *call, const void *request, void *ret_answer);
};

#define HANDLER(name)                                                                                                          \
    static uint32_t run_##name(struct nspi_call *call, const void *request, void *ret_answer)                                  \
    {                                                                                                                          \
        return nspi_##name(call, request, ret_answer);                                                                         \
    }
#define ROW(name) {&nspi_##name##_success_structure, run_##name}

HANDLER(bind)
HANDLER(compare_mids)
HANDLER(dn_to_mid)
HANDLER(get_address_book_url)
HANDLER(get_mailbox_url)
HANDLER(get_matches)
HANDLER(get_prop_list)
HANDLER(get_props)
HANDLER(get_special_table)
HANDLER(get_template_info)
HANDLER(mod_link_att)
HANDLER(mod_props)
HANDLER(query_columns)
HANDLER(query_rows)
HANDLER(resolve_names)
HANDLER(resort_restriction)
HANDLER(seek_entries)
HANDLER(update_stat)

static const struct handler handlers[] = {
    ROW(bind), ROW(compare_mids), ROW(dn_to_mid), ROW(get_address_book_url), ROW(get_mailbox_url), ROW(get_matches),
    ROW(get_prop_list), ROW(get_props), ROW(get_special_table), ROW(get_template_info), ROW(mod_link_att),
    ROW(mod_props), ROW(query_columns), ROW(query_rows), ROW(resolve_names), ROW(resort_restriction),
    ROW(seek_entries), ROW(update_stat),
};

/* All success bodies begin like this. */
struct answer_head {
    uint32_t status_code;
    uint32_t error_code;
};

void nspi_execute(struct nspi_call *call, const struct body_definition *definition, const void *request, void *ret_answer)
{
    struct answer_head *head = ret_answer;
    head->error_code = EC_NOT_SUPPORTED;
    for (size_t i = 0; i < sizeof handlers / sizeof *handlers; i++)
        if (handlers[i].success == definition->success)
            head->error_code = handlers[i].run(call, request, ret_answer);
}
