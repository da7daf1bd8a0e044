#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "directory/nt_hash.h"

static const char *hex(const uint8_t digest[16], char text[33])
{
    for (unsigned i = 0; i < 16; i++)
        sprintf(text + 2 * i, "%02x", digest[i]);
    return text;
}

/* RFC 1320 appendix A.5. */
static void md4_gives_the_digests_of_its_rfc(void **state)
{
    (void)state;
    static const char *const vectors[][2] = {
        {"", "31d6cfe0d16ae931b73c59d7e0c089c0"},
        {"a", "bde52cb31de33e46245e05fbdbd6fb24"},
        {"abc", "a448017aaf21d8525fc10ae87aa6729d"},
        {"message digest", "d9130a8164549fe818874806e1c7014b"},
        {"abcdefghijklmnopqrstuvwxyz", "d79e1c308aa5bbcdeea8ed63df412da9"},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "043f8582f241db351ce627e153e7f0e4"},
        {"12345678901234567890123456789012345678901234567890123456789012345678901234567890", "e33b4ddc9c38f2199c3e7b164fcc0536"},
    };
    uint8_t digest[16];
    char text[33];
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        md4(bytes_of_string(vectors[i][0]), digest);
        assert_string_equal(hex(digest, text), vectors[i][1]);
    }
}

/* MS-NLMP 4.2.2.1.2: NTOWFv1 of 'Password'. */
static void the_hash_is_of_utf_16(void **state)
{
    (void)state;
    uint8_t hash[NT_HASH_SIZE];
    char text[33];
    assert_true(nt_hash_of_password("Password", hash));
    assert_string_equal(hex(hash, text), "a4f49c406510bdcab6824ee7c30fd852");
    assert_true(nt_hash_of_password("", hash));
    assert_string_equal(hex(hash, text), "31d6cfe0d16ae931b73c59d7e0c089c0");
    /* U+00E4 is two bytes of UTF-8 and E4 00 of UTF-16. */
    uint8_t expected[16];
    md4(BYTES_LITERAL("\xE4\0"), expected);
    assert_true(nt_hash_of_password("\xC3\xA4", hash));
    assert_memory_equal(hash, expected, sizeof hash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(md4_gives_the_digests_of_its_rfc),
        cmocka_unit_test(the_hash_is_of_utf_16),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
