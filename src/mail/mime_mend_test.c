/* The two faults of GMime that mime_mend works around, and that sound input stays as it is. */
#include "mail/mail_testing.h"

#include "mail/mime_mend.h"
#include "protocol/property_tags.h"

static void expect_joined(const char *raw, const char *expected)
{
    char *joined = mime_join_encoded_words(raw);
    if (expected)
        assert_string_equal(joined, expected);
    else
        assert_null(joined);
    g_free(joined);
}

static void neighbouring_words_are_joined(void **state)
{
    expect_joined("=?utf-8?B?YWI=?= =?utf-8?B?Y2Q=?=", "=?utf-8?B?YWJjZA==?=");
    expect_joined(" =?utf-8?B?YWI=?=\r\n\t=?UTF-8?b?Y2Q=?= x", " =?utf-8?B?YWJjZA==?= x");
    expect_joined("=?utf-8?B?YWI=?= =?utf-8*en?B?Y2Q=?=", "=?utf-8?B?YWJjZA==?=");
    expect_joined("=?utf-8?B?YWI=?= =?iso-8859-1?B?Y2Q=?=", NULL); /* another charset */
    expect_joined("=?utf-8?B?YWI=?= x =?utf-8?B?Y2Q=?=", NULL);    /* text between */
    expect_joined("=?utf-8?B?YWI=?=", NULL);
    expect_joined("=?utf-8?B?YW", NULL);
    expect_joined("=?=?=?=", NULL);
}

static void subjects_and_names_are_whole(void **state)
{
    struct message *message = testing_import("From: =?utf-8?B?YWI=?= =?utf-8?B?Y2Q=?= <a@b.c>\n"
                                             "Subject: =?utf-8?B?YWI=?=\n =?utf-8?B?Y2Q=?=\n\ntext\n", NULL);
    assert_string_equal(message_get_text(message, &message->properties, PID_TAG_SUBJECT), "abcd");
    assert_string_equal(message_get_text(message, &message->properties, PID_TAG_SENT_REPRESENTING_NAME), "abcd");
    /* the headers are kept as they stood */
    assert_non_null(strstr(message_get_text(message, &message->properties, PID_TAG_TRANSPORT_MESSAGE_HEADERS), "YWI=?=\r\n =?utf"));
    message_free(message);
}

static void expect_base64(const char *encoded, const char *decoded, bool damaged)
{
    uint8_t out[64];
    bool found;
    size_t size = mime_decode_base64(bytes_of_string(encoded), out, &found);
    assert_int_equal(size, strlen(decoded));
    assert_memory_equal(out, decoded, size);
    assert_int_equal(found, damaged);
}

static void base64_goes_on_behind_padding(void **state)
{
    expect_base64("VklSVVM=", "VIRUS", false);
    expect_base64("VkU=\r\nUlVT\n", "VERUS", false); /* two pieces one after the other */
    expect_base64("YQ==YQ==YWI", "aaab", false);     /* padding missing at the end */
    expect_base64("Y!W-Jj", "abc", true);
    expect_base64("YWJjY", "abc", true); /* one digit says nothing */
    expect_base64("", "", false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbouring_words_are_joined),
        cmocka_unit_test(subjects_and_names_are_whole),
        cmocka_unit_test(base64_goes_on_behind_padding),
    };
    mime_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
