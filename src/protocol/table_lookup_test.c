/* Tags, named properties and error codes by name and value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "protocol/body_definition.h"
#include "protocol/error_code.h"
#include "protocol/named_properties.h"
#include "protocol/property_tags.h"

static void property_tags(void **state)
{
    assert_string_equal(property_tag_name(PID_TAG_SUBJECT), "PidTagSubject");
    assert_string_equal(property_tag_name(0x0037001E), "PidTagSubject"); /* another type of the same id */
    assert_string_equal(property_tag_name(0x0037000A), "PidTagSubject");
    assert_null(property_tag_name(0x5ABC0003));
    assert_int_equal(property_tag_of_name("PidTagSubject"), PID_TAG_SUBJECT);
    assert_int_equal(property_tag_of_name("PR_SUBJECT"), PID_TAG_SUBJECT);
    assert_int_equal(property_tag_of_name("PR_SUB"), 0);
    assert_int_equal(property_tag_of_name(""), 0);
    assert_int_equal(PID_TAG_MESSAGE_DELIVERY_TIME, 0x0E060040);
}

static void error_codes(void **state)
{
    assert_int_equal(EC_NULL_OBJECT, 0x4B9);
    assert_int_equal(EC_RPC_FORMAT, 0x4B6);
    assert_int_equal((uint32_t)EC_NOT_FOUND, 0x8004010F);
    assert_int_equal((uint32_t)EC_INVALID_OBJECT, 0x80040108);
    assert_int_equal(EC_DST_NULL_OBJECT, 0x503);
    assert_string_equal(error_code_name(0), "Success");
    assert_string_equal(error_code_name(0x8004010F), "NotFound");
    assert_null(error_code_name(0xDEAD));
}

static void named_properties_by_name(void **state)
{
    struct property_name name = { .kind = 0, .guid = PSETID_Common, .lid = 0x8503 };
    const struct named_property_definition *found = named_property_find(&name);
    assert_ptr_equal(found, &named_properties[PID_LID_REMINDER_SET]);
    assert_int_equal(found->type, PTYP_BOOLEAN);
    name.lid = 0xFFFF;
    assert_null(named_property_find(&name));
    name = (struct property_name){ .kind = 1, .guid = PS_PUBLIC_STRINGS, .name = bytes_of(u"Keywords", 16) };
    found = named_property_find(&name);
    assert_non_null(found);
    assert_string_equal(found->spec_name, "PidNameKeywords");
    name.guid = PSETID_Common;
    assert_null(named_property_find(&name));
}

static void bodies(void **state)
{
    assert_non_null(body_definition_find("Execute", false));
    assert_null(body_definition_find("Execute", true)); /* another endpoint */
    assert_null(body_definition_find("execute", false)); /* the spelling counts */
    assert_null(body_definition_find("PING", false));
    assert_string_equal(body_definition_find("DNToMId", true)->request->name, "nspi_dn_to_mid_request");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(property_tags),
        cmocka_unit_test(error_codes),
        cmocka_unit_test(named_properties_by_name),
        cmocka_unit_test(bodies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
