#include "record/csv_row.h"

#include <string.h>

#include "base/filetime.h"

/* So that the end, and every fixed cell, has its place whatever came before it. */
#define RESERVE 64u

static bool has_room(const struct csv_row *row, size_t size)
{
    return row->size + size + RESERVE <= CSV_ROW_SIZE_MAX;
}

static void next_cell(struct csv_row *row)
{
    if (row->size && row->size < CSV_ROW_SIZE_MAX - RESERVE)
        row->data[row->size++] = ',';
}

void csv_row_begin(struct csv_row *row)
{
    row->size = 0;
}

/* Characters that make a cell more than its characters. */
static bool is_special(unsigned char character)
{
    return character < 0x20 || character == '"' || character == ',' || character == 0x7F;
}

/* Sixteen bytes at a time (GCC's vectors): most texts are long, and few have any. */
#define LANES 16u
typedef uint8_t lanes __attribute__((vector_size(LANES)));

static lanes special_lanes(const char *text)
{
    lanes bytes;
    memcpy(&bytes, text, sizeof bytes);
    return (lanes)(bytes < 0x20) | (lanes)(bytes == '"') | (lanes)(bytes == ',') | (lanes)(bytes == 0x7F);
}

static bool has_special(const char *text, size_t size)
{
    if (size < LANES) {
        for (size_t i = 0; i < size; i++)
            if (is_special((unsigned char)text[i]))
                return true;
        return false;
    }
    lanes found = special_lanes(text + size - LANES); /* the last ones, which may overlap with those before */
    for (size_t i = 0; i + LANES < size; i += LANES)
        found |= special_lanes(text + i);
    uint64_t halves[2];
    memcpy(halves, &found, sizeof halves);
    return halves[0] | halves[1];
}

static bool begins_formula(const char *text)
{
    text += strspn(text, "'");
    return *text && strchr("=+-@", *text);
}

static bool may_begin_formula(char first)
{
    return first == '=' || first == '+' || first == '-' || first == '@' || first == '\'';
}

static void append_quoted(struct csv_row *row, const char *text, size_t size)
{
    row->data[row->size++] = '"';
    if (begins_formula(text))
        row->data[row->size++] = '\'';
    for (size_t i = 0; i < size; i++) {
        unsigned char character = (unsigned char)text[i];
        if (character == '"')
            row->data[row->size++] = '"';
        row->data[row->size++] = character < 0x20 || character == 0x7F ? ' ' : (char)character;
    }
    row->data[row->size++] = '"';
}

/* Where a text is cut: not inside of a UTF-8 character. */
static size_t cut_size(const char *text)
{
    size_t size = strnlen(text, CSV_ROW_TEXT_MAX + 1);
    if (size <= CSV_ROW_TEXT_MAX)
        return size;
    size = CSV_ROW_TEXT_MAX;
    while (size && ((unsigned char)text[size] & 0xC0) == 0x80)
        size--;
    return size;
}

void csv_row_text(struct csv_row *row, const char *text)
{
    next_cell(row);
    if (!*text || !has_room(row, 2 * CSV_ROW_TEXT_MAX + 3))
        return;
    size_t size = cut_size(text);
    if (may_begin_formula(*text) || has_special(text, size)) {
        append_quoted(row, text, size);
        return;
    }
    memcpy(row->data + row->size, text, size);
    row->size += size;
}

static void append(struct csv_row *row, const char *text)
{
    size_t size = strlen(text);
    if (!has_room(row, size))
        return;
    memcpy(row->data + row->size, text, size);
    row->size += size;
}

void csv_row_word(struct csv_row *row, const char *word)
{
    next_cell(row);
    append(row, word);
}

/* At least 'width' digits. */
static void append_digits(struct csv_row *row, uint64_t number, unsigned width)
{
    char digits[20];
    unsigned count = 0;
    if (number < 10 && width <= 1 && has_room(row, 1)) { /* codes and sizes are mostly so */
        row->data[row->size++] = (char)('0' + number);
        return;
    }
    for (; number > UINT32_MAX; number /= 10)
        digits[count++] = (char)('0' + number % 10);
    uint32_t rest = (uint32_t)number;
    do {
        digits[count++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest || count < width);
    if (!has_room(row, count))
        return;
    while (count)
        row->data[row->size++] = digits[--count];
}

void csv_row_number(struct csv_row *row, uint64_t number)
{
    next_cell(row);
    append_digits(row, number, 1);
}

static void append_code(struct csv_row *row, uint32_t code)
{
    static const char digits[] = "0123456789ABCDEF";
    char text[11] = "0x";
    for (unsigned i = 0; i < 8; i++)
        text[2 + i] = digits[code >> (28 - 4 * i) & 0xF];
    text[10] = '\0';
    append(row, text);
}

void csv_row_code(struct csv_row *row, uint32_t code)
{
    next_cell(row);
    if (code)
        append_code(row, code);
    else
        append(row, "0");
}

void csv_row_list_code(struct csv_row *row, uint32_t code)
{
    append(row, "=");
    append_code(row, code);
}

/* Days since 1601-01-01 as year, month and day; that day begins a cycle of 400 years. */
static void civil_of_days(uint64_t days, unsigned *ret_year, unsigned *ret_month, unsigned *ret_day)
{
    static const unsigned before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
    uint64_t cycles = days / 146097;
    unsigned rest = (unsigned)(days % 146097), centuries = rest / 36524 < 3 ? rest / 36524 : 3;
    rest -= centuries * 36524;
    unsigned fours = rest / 1461;
    rest -= fours * 1461;
    unsigned years = rest / 365 < 3 ? rest / 365 : 3;
    rest -= years * 365;
    unsigned leap = years == 3 && (fours != 24 || centuries == 3);
    unsigned month = 1;
    while (month < 12 && rest >= before[month] + (month >= 2 ? leap : 0))
        month++;
    *ret_year = (unsigned)(1601 + cycles * 400 + centuries * 100 + fours * 4 + years);
    *ret_month = month;
    *ret_day = rest - before[month - 1] - (month > 2 ? leap : 0) + 1;
}

static void put_two(char *at, unsigned number)
{
    at[0] = (char)('0' + number / 10 % 10);
    at[1] = (char)('0' + number % 10);
}

void csv_row_time(struct csv_row *row, uint64_t filetime)
{
    unsigned year, month, day, milliseconds = (unsigned)(filetime % FILETIME_PER_SECOND / (FILETIME_PER_SECOND / 1000));
    uint64_t seconds = filetime / FILETIME_PER_SECOND;
    unsigned of_day = (unsigned)(seconds % 86400);
    civil_of_days(seconds / 86400, &year, &month, &day);
    char text[] = "0000-00-00T00:00:00.000Z";
    put_two(text, year / 100);
    put_two(text + 2, year % 100);
    put_two(text + 5, month);
    put_two(text + 8, day);
    put_two(text + 11, of_day / 3600);
    put_two(text + 14, of_day / 60 % 60);
    put_two(text + 17, of_day % 60);
    text[20] = (char)('0' + milliseconds / 100);
    put_two(text + 21, milliseconds % 100);
    csv_row_word(row, text);
}

void csv_row_milliseconds(struct csv_row *row, uint32_t microseconds)
{
    next_cell(row);
    append_digits(row, microseconds / 1000, 1);
    append(row, ".");
    append_digits(row, microseconds % 1000, 3);
}

void csv_row_span(struct csv_row *row, uint32_t microseconds)
{
    uint32_t seconds = microseconds / 1000000;
    char text[] = "00:00:00.";
    put_two(text, seconds / 3600);
    put_two(text + 3, seconds / 60 % 60);
    put_two(text + 6, seconds % 60);
    csv_row_word(row, text);
    append_digits(row, microseconds % 1000000 * 10, 7);
}

void csv_row_list(struct csv_row *row)
{
    next_cell(row);
}

void csv_row_list_word(struct csv_row *row, bool first, const char *word)
{
    if (!first)
        append(row, ";");
    append(row, word);
}

void csv_row_end(struct csv_row *row)
{
    row->data[row->size++] = '\n';
}
