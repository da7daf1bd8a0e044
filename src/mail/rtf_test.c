/* Rich text: rtf_compressed against the examples of MS-OXRTFCP 3, rtf_read against MS-OXRTFEX; cut and garbled input. */
#include "mail/mail_testing.h"

#include "base/text.h"
#include "mail/rtf.h"
#include "protocol/property_tags.h"

/* MS-OXRTFCP 3.1.1 and 3.1.2 */
static const uint8_t hello[] = {0x2d, 0x00, 0x00, 0x00, 0x2b, 0x00, 0x00, 0x00, 0x4c, 0x5a, 0x46, 0x75, 0xf1, 0xc5, 0xc7, 0xa7, 0x03, 0x00,
    0x0a, 0x00, 0x72, 0x63, 0x70, 0x67, 0x31, 0x32, 0x35, 0x42, 0x32, 0x0a, 0xf3, 0x20, 0x68, 0x65, 0x6c, 0x09, 0x00, 0x20, 0x62, 0x77,
    0x05, 0xb0, 0x6c, 0x64, 0x7d, 0x0a, 0x80, 0x0f, 0xa0};
static const uint8_t repeated[] = {0x1a, 0x00, 0x00, 0x00, 0x1c, 0x00, 0x00, 0x00, 0x4c, 0x5a, 0x46, 0x75, 0xe2, 0xd4, 0x4b, 0x51, 0x41, 0x00,
    0x04, 0x20, 0x57, 0x58, 0x59, 0x5a, 0x0d, 0x6e, 0x7d, 0x01, 0x0e, 0xb0};

static void examples_of_the_specification(void **state)
{
    struct arena arena = {0};
    struct bytes rtf;
    bool damaged;
    assert_true(rtf_decompress(&arena, bytes_of(hello, sizeof hello), &rtf, &damaged));
    assert_false(damaged);
    assert_true(bytes_equal(rtf, BYTES_LITERAL("{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n")));
    assert_true(rtf_decompress(&arena, bytes_of(repeated, sizeof repeated), &rtf, &damaged));
    assert_false(damaged);
    assert_true(bytes_equal(rtf, BYTES_LITERAL("{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}")));
    arena_free(&arena);
}

static void cut_and_lying_data(void **state)
{
    struct arena arena = {0};
    struct bytes rtf;
    bool damaged = false;
    for (size_t size = 0; size < sizeof hello; size++)
        if (rtf_decompress(&arena, bytes_of(hello, size), &rtf, &damaged))
            assert_true(damaged);
    uint8_t lying[sizeof hello];
    memcpy(lying, hello, sizeof hello);
    store_u32(lying + 4, 0x7FFFFFFF); /* announces gigabytes */
    assert_false(rtf_decompress(&arena, bytes_of(lying, sizeof lying), &rtf, &damaged));
    memcpy(lying, hello, sizeof hello);
    lying[20] ^= 1;
    assert_true(rtf_decompress(&arena, bytes_of(lying, sizeof lying), &rtf, &damaged));
    assert_true(damaged); /* the checksum */
    arena_free(&arena);
}

static void expect(const char *rtf, bool is_html, const char *text)
{
    struct arena arena = {0};
    struct rtf_content content;
    assert_true(rtf_read(&arena, bytes_of_string(rtf), &content));
    assert_int_equal(content.is_html, is_html);
    assert_string_equal(text_utf8_of_utf16(&arena, content.utf16), text);
    arena_free(&arena);
}

static void text_is_found(void **state)
{
    expect("{\\rtf1\\ansi{\\fonttbl{\\f0 Arial;}}{\\*\\generator x;}\\pard one\\par two\\tab three\\par}", false, "one\r\ntwo\tthree\r\n");
    expect("{\\rtf1\\ansi\\ansicpg1252 caf\\'e9 \\u8364? \\{\\\\\\}}", false, "caf\xC3\xA9 \xE2\x82\xAC {\\}");
    expect("{\\rtf1\\ansicpg932 \\'93\\'fa\\'96\\'7b}", false, "\xE6\x97\xA5\xE6\x9C\xAC");
    expect("{\\rtf1\\uc2 \\u-4051\\'3f\\'3f\\u-8703 ??end}", false, "\xEF\x80\xAD\xEF\xBF\xBD" "end");
    expect("{\\rtf1 a{\\b bold}{\\pict 00ff}{\\object{\\*\\objdata 01}}b}", false, "aboldb");
    expect("{\\rtf1 not closed {\\b x", false, "not closed x");
    struct arena arena = {0};
    struct rtf_content content;
    assert_false(rtf_read(&arena, BYTES_LITERAL("no rtf"), &content));
    arena_free(&arena);
}

static void encapsulated_html_is_found(void **state)
{
    /* after the example of MS-OXRTFEX 4.1 */
    expect("{\\rtf1\\ANSI\\ansicpg1251\\fromhtml1 \\deff0{\\fonttbl {\\f0\\fmodern Courier New;}}{\\colortbl\\red0\\green0\\blue0;}\r\n"
           "{\\*\\htmltag64}{\\*\\htmltag34 <html>}\\htmlrtf {\\htmlrtf0 {\\*\\htmltag84 <b>}\\htmlrtf {\\b \\htmlrtf0 bold\\htmlrtf }\\htmlrtf0 "
           "{\\*\\htmltag92 </b>}\\par {\\*\\htmltag84 &nbsp;}\\htmlrtf \\'a0\\htmlrtf0 {\\*\\mhtmltag84 <i>}end{\\*\\htmltag </html>}}}",
        true, "<html><b>bold</b>\r\n&nbsp;end</html>");
}

static void nesting_ends_at_a_cap(void **state)
{
    struct buffer rtf = {0};
    buffer_append_string(&rtf, "{\\rtf1 a");
    for (int i = 0; i < 100000; i++)
        buffer_append_string(&rtf, "{");
    buffer_append_string(&rtf, "deep");
    for (int i = 0; i < 100000; i++)
        buffer_append_string(&rtf, "}");
    buffer_append_string(&rtf, "b}");
    expect(buffer_string(&rtf), false, "ab");
    buffer_free(&rtf);
}

static void rich_bodies_are_exported(void **state)
{
    struct message *message = message_new();
    message_set_binary(message, &message->properties, PID_TAG_RTF_COMPRESSED, bytes_of(hello, sizeof hello));
    struct buffer notices = {0}, out = testing_export(message, &notices);
    assert_true(testing_contains(&out, "\nhello world"));
    assert_true(testing_contains(&notices, "its formatting"));
    buffer_free(&notices);
    buffer_free(&out);
    message_free(message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_of_the_specification),
        cmocka_unit_test(cut_and_lying_data),
        cmocka_unit_test(text_is_found),
        cmocka_unit_test(encapsulated_html_is_found),
        cmocka_unit_test(nesting_ends_at_a_cap),
        cmocka_unit_test(rich_bodies_are_exported),
    };
    mime_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
