#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/html.h"

static void assert_page(struct buffer *page, const char *expected)
{
    assert_false(page->failed);
    assert_string_equal(buffer_string(page), expected);
    buffer_free(page);
}

static void test_escapes_what_it_is_given(void **state)
{
    struct buffer page = {0};
    const char *volatile nothing = NULL;
    html(&page, "<b title=\"%s\">%s</b>", "\"'", "<script>&amp;");
    assert_page(&page, "<b title=\"&quot;&#39;\">&lt;script&gt;&amp;amp;</b>");
    html(&page, "%s|%s|%s", "", nothing, "<");
    assert_page(&page, "||&lt;");
}

static void test_numbers(void **state)
{
    struct buffer page = {0};
    html(&page, "%d %u %llu %lu %zu %.1f %c 100%% %5u", -7, 4000000000u, 18446744073709551615ull, 5ul, (size_t)6, 2.25, '<', 3u);
    assert_page(&page, "-7 4000000000 18446744073709551615 5 6 2.2 &lt; 100%     3");
    html(&page, "%lld then %s", -5ll, "text");
    assert_page(&page, "-5 then text");
}

static void test_urls(void **state)
{
    struct buffer page = {0};
    html_url(&page, "ada@example.org?a=b&c d/\"<\xC3\xA4");
    assert_page(&page, "ada@example.org%3Fa%3Db%26c%20d%2F%22%3C%C3%A4");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escapes_what_it_is_given),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_urls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
