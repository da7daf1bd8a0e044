/* Charsets: declared, undeclared, unknown, wrong, broken; and back without loss. */
#include "mail/mail_testing.h"

#include "base/text.h"
#include "mail/mime_charset.h"

static void expect(const char *name, struct bytes text, const char *utf8, uint32_t codepage, enum charset_repair repair)
{
    struct arena arena = {0};
    struct charset_text decoded = charset_decode(&arena, name, text);
    assert_string_equal(text_utf8_of_utf16(&arena, decoded.utf16), utf8);
    assert_int_equal(decoded.codepage, codepage);
    assert_int_equal(decoded.repair, repair);
    arena_free(&arena);
}

static void declared_charsets_hold(void **state)
{
    expect("ISO-8859-1", BYTES_LITERAL("caf\xE9"), "caf\xC3\xA9", 28591, CHARSET_AS_DECLARED);
    expect("\"utf-8\"", BYTES_LITERAL("\xE2\x82\xAC"), "\xE2\x82\xAC", 65001, CHARSET_AS_DECLARED);
    expect("Shift_JIS", BYTES_LITERAL("\x93\xFA\x96\x7B"), "\xE6\x97\xA5\xE6\x9C\xAC", 932, CHARSET_AS_DECLARED);
    expect("iso-2022-jp", BYTES_LITERAL("\033$BF|K\\\033(B"), "\xE6\x97\xA5\xE6\x9C\xAC", 50220, CHARSET_AS_DECLARED);
    expect("ks_c_5601-1987", BYTES_LITERAL("\xC7\xD1"), "\xED\x95\x9C", 949, CHARSET_AS_DECLARED);
    expect("gb2312", BYTES_LITERAL("\xD6\xD0"), "\xE4\xB8\xAD", 936, CHARSET_AS_DECLARED);
    expect("big5", BYTES_LITERAL("\xA4\xA4"), "\xE4\xB8\xAD", 950, CHARSET_AS_DECLARED);
    expect("koi8-r", BYTES_LITERAL("\xC1"), "\xD0\xB0", 20866, CHARSET_AS_DECLARED);
    expect(NULL, BYTES_LITERAL("plain"), "plain", 20127, CHARSET_AS_DECLARED);
}

static void broken_declarations_are_repaired_and_said(void **state)
{
    expect(NULL, BYTES_LITERAL("caf\xC3\xA9"), "caf\xC3\xA9", 65001, CHARSET_UNDECLARED);
    expect("us-ascii", BYTES_LITERAL("caf\xE9"), "caf\xC3\xA9", 1252, CHARSET_UNDECLARED);
    expect("x-nobody-knows", BYTES_LITERAL("caf\xE9"), "caf\xC3\xA9", 1252, CHARSET_UNKNOWN);
    expect("x-nobody-knows", BYTES_LITERAL("\033$BF|\033(B"), "\xE6\x97\xA5", 50220, CHARSET_UNKNOWN);
    expect("utf-8", BYTES_LITERAL("caf\xE9!"), "caf\xC3\xA9!", 1252, CHARSET_MISDECLARED);
    expect("utf-8", BYTES_LITERAL("\xC3\xA9 \xE9"), "\xC3\xA9 \xEF\xBF\xBD", 65001, CHARSET_BROKEN);
    expect("big5", BYTES_LITERAL("\xFF"), "\xEF\xBF\xBD", 950, CHARSET_BROKEN);
}

static void every_name_that_is_written_is_read(void **state)
{
    static const uint32_t codepages[] = {20127, 65001, 1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258, 28591, 28592, 28605, 20866,
        932, 50220, 51932, 949, 51949, 936, 54936, 950, 874};
    for (size_t i = 0; i < sizeof codepages / sizeof *codepages; i++) {
        assert_non_null(charset_name(codepages[i]));
        assert_int_equal(charset_codepage(charset_name(codepages[i])), codepages[i]);
        assert_true(text_codepage_known(codepages[i]));
    }
    assert_null(charset_name(12345));
    assert_int_equal(charset_codepage(""), 0);
}

static void text_is_encoded_only_where_nothing_is_lost(void **state)
{
    struct arena arena = {0};
    uint32_t codepage;
    struct bytes latin = text_utf16_of_utf8(&arena, BYTES_LITERAL("caf\xC3\xA9"));
    struct bytes encoded = charset_encode(&arena, 28591, latin, &codepage);
    assert_int_equal(codepage, 28591);
    assert_true(bytes_equal(encoded, BYTES_LITERAL("caf\xE9")));
    struct bytes fox = text_utf16_of_utf8(&arena, BYTES_LITERAL("\xF0\x9F\xA6\x8A"));
    encoded = charset_encode(&arena, 28591, fox, &codepage);
    assert_int_equal(codepage, CODEPAGE_UTF8);
    assert_true(bytes_equal(encoded, BYTES_LITERAL("\xF0\x9F\xA6\x8A")));
    encoded = charset_encode(&arena, 932, text_utf16_of_utf8(&arena, BYTES_LITERAL("ascii")), &codepage);
    assert_int_equal(codepage, CODEPAGE_ASCII);
    assert_int_equal(encoded.size, 5);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(declared_charsets_hold),
        cmocka_unit_test(broken_declarations_are_repaired_and_said),
        cmocka_unit_test(every_name_that_is_written_is_read),
        cmocka_unit_test(text_is_encoded_only_where_nothing_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
