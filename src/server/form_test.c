#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "server/form.h"

static void test_fields(void **state)
{
    json_t *form = form_read(BYTES_LITERAL("Identity=ada%40example.org&Methods=Basic&Methods=Ntlm&empty=&flag&&a+b=c%2Bd+e"));
    assert_non_null(form);
    assert_string_equal(form_value(form, "Identity"), "ada@example.org");
    assert_int_equal(json_array_size(json_object_get(form, "Methods")), 2);
    assert_string_equal(json_string_value(json_array_get(json_object_get(form, "Methods"), 1)), "Ntlm");
    assert_string_equal(form_value(form, "empty"), "");
    assert_string_equal(form_value(form, "flag"), "");
    assert_string_equal(form_value(form, "a b"), "c+d e");
    assert_null(form_value(form, "methods"));
    assert_int_equal(json_object_size(form), 5);
    json_decref(form);
    form = form_read(BYTES_NONE);
    assert_int_equal(json_object_size(form), 0);
    json_decref(form);
}

static void test_refuses(void **state)
{
    static const char *const malformed[] = {"a=%", "a=%4", "a=%zz", "a=%00", "%00=a", "a=%FF", "a=%C3%28", "%C3=a"};
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++)
        assert_null(form_read(bytes_of_string(malformed[i])));
    assert_null(form_read(BYTES_LITERAL("a=b\0c")));
    char many[2 * (FORM_FIELDS_MAX + 1)];
    for (size_t i = 0; i < sizeof many; i++)
        many[i] = i % 2 ? '&' : 'a';
    assert_null(form_read(bytes_of(many, sizeof many)));
    json_t *form = form_read(bytes_of(many, sizeof many - 2));
    assert_int_equal(json_array_size(json_object_get(form, "a")), FORM_FIELDS_MAX);
    json_decref(form);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_fields), cmocka_unit_test(test_refuses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
