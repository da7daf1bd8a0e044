#include "rop/id_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

/* A GLOBSET behind a GUID of zeroes. */
static bool well_formed(const char *globset, size_t size)
{
    uint8_t set[256] = {0};
    memcpy(set + 16, globset, size);
    return id_set_is_well_formed(bytes_of(set, 16 + size));
}
#define WELL_FORMED(globset) well_formed(globset, sizeof(globset) - 1)

/* MS-OXCFXICS 2.2.2.6: the commands and what they need. */
static void good_sets(void **state)
{
    assert_true(id_set_is_well_formed(BYTES_NONE));
    assert_true(WELL_FORMED("\x00"));
    assert_true(WELL_FORMED("\x06\x00\x00\x00\x00\x01\x05\x00"));
    assert_true(WELL_FORMED("\x04\x00\x00\x00\x01\x52\x00\x01\x02\x00\x50\x00"));
    assert_true(WELL_FORMED("\x52\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x09\x00"));
    assert_true(WELL_FORMED("\x05\x00\x00\x00\x00\x01\x42\x01\xEB\x50\x00"));
    assert_true(WELL_FORMED("\x03\x00\x00\x00\x02\x00\x00\x01\x05\x50\x50\x00"));
    (void)state;
}

static void bad_sets(void **state)
{
    assert_false(id_set_is_well_formed(bytes_of("0123456789", 10)));
    assert_false(WELL_FORMED(""));                          /* a GUID alone */
    assert_false(WELL_FORMED("\x06\x00\x00\x00"));          /* cut off */
    assert_false(WELL_FORMED("\x04\x00\x00\x00\x01"));      /* without an end */
    assert_false(WELL_FORMED("\x04\x00\x00\x00\x01\x00"));  /* something is left on the stack */
    assert_false(WELL_FORMED("\x50\x00"));                  /* nothing to pop (R1966) */
    assert_false(WELL_FORMED("\x42\x01\xEB\x00"));          /* a bitmask needs five bytes */
    assert_false(WELL_FORMED("\x77\x00"));                  /* no such command */
    assert_false(WELL_FORMED("\x05\x00\x00\x00\x00\x01\x02\x00\x01\x00")); /* seven bytes */
    assert_false(WELL_FORMED("\x52\x00\x00\x00\x00\x00\x09\x00\x00\x00\x00\x00\x01\x00")); /* R214: low over high */
    assert_false(WELL_FORMED("\x00\x00"));                  /* behind the end another GUID would stand */
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(good_sets), cmocka_unit_test(bad_sets)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
