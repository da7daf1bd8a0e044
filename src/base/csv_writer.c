#include "base/csv_writer.h"

#include <string.h>

static void append_cell(struct buffer *output, const struct csv_style *style, bool first, const char *prefix, const char *text)
{
    const char special[] = {style->delimiter, '"', '\r', '\n', 0};
    size_t size = strlen(text);
    bool outer_blank = size && (text[0] == ' ' || text[size - 1] == ' ');
    if (!first)
        buffer_append_u8(output, (uint8_t)style->delimiter);
    if (!style->quote_all && !outer_blank && !text[strcspn(text, special)]) {
        buffer_append_string(output, prefix);
        buffer_append_string(output, text);
        return;
    }
    buffer_append_u8(output, '"');
    buffer_append_string(output, prefix);
    for (;;) {
        size_t plain = strcspn(text, "\"");
        buffer_append(output, text, plain);
        if (!text[plain])
            break;
        buffer_append_string(output, "\"\"");
        text += plain + 1;
    }
    buffer_append_u8(output, '"');
}

/* Behind any apostrophes, so that one that was there already is told from ours. */
static bool begins_formula(const char *text)
{
    text += strspn(text, "'");
    return *text && strchr("=+-@\t\r\n", *text);
}

void csv_writer_text(struct buffer *output, const struct csv_style *style, bool first, const char *text)
{
    append_cell(output, style, first, style->for_spreadsheets && begins_formula(text) ? "'" : "", text);
}

const char *csv_writer_text_of_cell(const char *cell)
{
    return *cell == '\'' && begins_formula(cell) ? cell + 1 : cell;
}

void csv_writer_number(struct buffer *output, const struct csv_style *style, bool first, const char *digits)
{
    append_cell(output, style, first, "", digits);
}

void csv_writer_end_line(struct buffer *output, const struct csv_style *style)
{
    buffer_append_string(output, style->line_end);
}
