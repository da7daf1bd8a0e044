/* GetTemplateInfo (MS-OXNSPI 3.1.4.1.18). */
#include "nspi/container.h"
#include "nspi/property.h"
#include "nspi/template.h"
#include "protocol/property_tags.h"

/* TI_TEMPLATE, TI_SCRIPT, TI_EMT; there is no help. */
#define INFO_TEMPLATE 0x00000001u
#define INFO_SCRIPT 0x00000004u
#define INFO_ADDRESS_TYPE 0x00000010u

/* 'dn' names an entry, whose own kind of template that is (PidTagTemplateid is its entry id); else the type and locale count. */
static uint32_t choose(struct nspi_call *call, const struct nspi_get_template_info_request *request, uint32_t *ret_type,
                       uint32_t *ret_lcid)
{
    *ret_type = request->display_type;
    *ret_lcid = request->locale_id;
    if (!request->has_template_dn)
        return nspi_locale_allowed(request->locale_id) ? EC_SUCCESS : EC_INVALID_LOCALE;
    const char *dn = arena_string_of(call->arena, request->template_dn);
    if (dn && nspi_creation_template_find_dn(call, dn, ret_lcid)) {
        *ret_type = TEMPLATE_INTERNET_ADDRESS;
        return EC_SUCCESS;
    }
    uint32_t index = dn ? address_book_find_dn(call->book, dn) : ADDRESS_BOOK_NONE;
    if (!dn || index == ADDRESS_BOOK_NONE)
        return dn ? EC_INVALID_LOCALE : EC_NOT_ENOUGH_MEMORY;
    *ret_type = nspi_display_type(address_book_entry(call->book, index));
    *ret_lcid = NSPI_DEFAULT_LOCALE; /* R1981: the given one is ignored */
    return EC_SUCCESS;
}

uint32_t nspi_get_template_info(struct nspi_call *call, const struct nspi_get_template_info_request *request,
                                struct nspi_get_template_info_success *ret_answer)
{
    uint32_t type, lcid;
    struct bytes data;
    if (!nspi_code_page_allowed(request->code_page))
        return EC_INVALID_CODEPAGE;
    uint32_t error = choose(call, request, &type, &lcid);
    if (error != EC_SUCCESS)
        return error;
    if (!template_make(call->arena, type, lcid, request->code_page, &data))
        return EC_INVALID_LOCALE;
    struct property_value *values = arena_array(call->arena, struct property_value, 3);
    struct bytes script = template_script(call->arena);
    uint32_t count = 0;
    if (!data.data || !values || !script.data)
        return EC_NOT_ENOUGH_MEMORY;
    if (request->flags & INFO_TEMPLATE)
        values[count++] = (struct property_value){.tag = PID_TAG_TEMPLATE_DATA, .bytes = data};
    if (type == TEMPLATE_INTERNET_ADDRESS && (request->flags & INFO_SCRIPT))
        values[count++] = (struct property_value){.tag = PID_TAG_SCRIPT_DATA, .bytes = script};
    if (type == TEMPLATE_INTERNET_ADDRESS && (request->flags & INFO_ADDRESS_TYPE))
        values[count++] = (struct property_value){.tag = nspi_tag_as_string8(PID_TAG_ADDRESS_TYPE), .bytes = BYTES_LITERAL("SMTP")};
    ret_answer->code_page = request->code_page;
    ret_answer->has_row = true;
    ret_answer->row = (struct address_book_property_values){count, values};
    return EC_SUCCESS;
}
