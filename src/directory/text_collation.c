#include "directory/text_collation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/ucol.h>
#include <unicode/uloc.h>
#include <unicode/usearch.h>
#include <unicode/ustring.h>

/* One collator for each strength, since a collator that is changed is not safe to share. */
struct text_collation {
    UCollator *match;
    UCollator *sort;
};

#define DEFAULT_NAME "default"
#define UNITS_ON_STACK 512

void text_collation_name(uint32_t lcid, char ret_name[TEXT_COLLATION_NAME_SIZE])
{
    char locale[ULOC_FULLNAME_CAPACITY], equivalent[ULOC_FULLNAME_CAPACITY];
    UErrorCode error = U_ZERO_ERROR;
    UBool available;
    snprintf(ret_name, TEXT_COLLATION_NAME_SIZE, "%s", DEFAULT_NAME);
    if (lcid == TEXT_COLLATION_DEFAULT_LCID)
        return;
    int32_t length = uloc_getLocaleForLCID(lcid, locale, sizeof locale, &error);
    if (U_FAILURE(error) || length <= 0 || length >= (int32_t)sizeof locale)
        return;
    length = ucol_getFunctionalEquivalent(equivalent, sizeof equivalent, "collation", locale, &available, &error);
    if (U_SUCCESS(error) && length < (int32_t)sizeof equivalent && length < TEXT_COLLATION_NAME_SIZE)
        memcpy(ret_name, length ? equivalent : "root", length ? (size_t)length + 1 : sizeof "root");
}

static UCollator *open_collator(const char *locale, UCollationStrength strength, bool punctuation)
{
    UErrorCode error = U_ZERO_ERROR;
    UCollator *collator = ucol_open(locale, &error);
    if (U_FAILURE(error))
        return NULL;
    ucol_setStrength(collator, strength);
    ucol_setAttribute(collator, UCOL_ALTERNATE_HANDLING, punctuation ? UCOL_NON_IGNORABLE : UCOL_SHIFTED, &error);
    if (!punctuation) /* blanks, punctuation, symbols and currency signs */
        ucol_setMaxVariable(collator, UCOL_REORDER_CODE_CURRENCY, &error);
    if (U_SUCCESS(error))
        return collator;
    ucol_close(collator);
    return NULL;
}

static struct text_collation *open_collation(const char *locale, bool punctuation)
{
    struct text_collation *collation = calloc(1, sizeof *collation);
    if (!collation)
        return NULL;
    collation->match = open_collator(locale, UCOL_PRIMARY, punctuation);
    collation->sort = open_collator(locale, UCOL_TERTIARY, punctuation);
    if (collation->match && collation->sort)
        return collation;
    text_collation_close(collation);
    return NULL;
}

struct text_collation *text_collation_open(const char *name)
{
    bool is_default = strcmp(name, DEFAULT_NAME) == 0;
    return open_collation(is_default ? "en_US" : name, is_default);
}

struct text_collation *text_collation_open_for_matching(void)
{
    return open_collation("root", false);
}

void text_collation_close(struct text_collation *collation)
{
    if (!collation)
        return;
    if (collation->match)
        ucol_close(collation->match);
    if (collation->sort)
        ucol_close(collation->sort);
    free(collation);
}

/* ICU ends a key with a NUL, which is not part of ours. */
static bool append_key(const UCollator *collator, const UChar *units, int32_t count, struct buffer *key)
{
    uint8_t small[256];
    int32_t size = ucol_getSortKey(collator, units, count, small, sizeof small);
    if (size <= 0)
        return false;
    if (size <= (int32_t)sizeof small)
        return buffer_append(key, small, (size_t)size - 1);
    size_t before = key->size;
    uint8_t *place = buffer_extend(key, (size_t)size);
    if (!place || ucol_getSortKey(collator, units, count, place, size) != size)
        return false;
    key->size = before + (size_t)size - 1;
    return true;
}

static bool append_key_utf8(const UCollator *collator, struct bytes utf8, struct buffer *key)
{
    UChar small[UNITS_ON_STACK], *units = small;
    UErrorCode error = U_ZERO_ERROR;
    int32_t count = 0;
    if (utf8.size > INT32_MAX / 4)
        return false;
    if (utf8.size > UNITS_ON_STACK && !(units = malloc(utf8.size * sizeof *units)))
        return false;
    int32_t capacity = utf8.size > UNITS_ON_STACK ? (int32_t)utf8.size : UNITS_ON_STACK;
    u_strFromUTF8WithSub(units, capacity, &count, utf8.size ? (const char *)utf8.data : "", (int32_t)utf8.size, 0xFFFD, NULL,
                         &error);
    bool good = U_SUCCESS(error) && append_key(collator, units, count, key);
    if (units != small)
        free(units);
    return good;
}

bool text_collation_match_key(const struct text_collation *collation, struct bytes utf8, struct buffer *key)
{
    return append_key_utf8(collation->match, utf8, key);
}

bool text_collation_sort_key(const struct text_collation *collation, struct bytes utf8, struct buffer *key)
{
    return append_key_utf8(collation->sort, utf8, key);
}

bool text_collation_match_key_utf16(const struct text_collation *collation, struct bytes utf16, struct buffer *key)
{
    UChar small[UNITS_ON_STACK], *units = small;
    size_t count = utf16.size / 2;
    small[0] = 0;
    if (count > INT32_MAX / 4)
        return false;
    if (count > UNITS_ON_STACK && !(units = malloc(count * sizeof *units)))
        return false;
    if (count)
        memcpy(units, utf16.data, count * sizeof *units);
    bool good = append_key(collation->match, units, (int32_t)count, key);
    if (units != small)
        free(units);
    return good;
}

/* ICU's search, which borrows the texts it works on. */
struct text_search {
    UStringSearch *icu;
    UChar *pattern;
};

struct text_search *text_search_open(const struct text_collation *collation, struct bytes utf8)
{
    static const UChar nothing[] = {' '};
    UErrorCode error = U_ZERO_ERROR;
    int32_t count = 0;
    struct text_search *search = utf8.size && utf8.size < INT32_MAX / 4 ? calloc(1, sizeof *search) : NULL;
    if (!search)
        return NULL;
    search->pattern = malloc(utf8.size * sizeof *search->pattern);
    if (search->pattern)
        u_strFromUTF8WithSub(search->pattern, (int32_t)utf8.size, &count, (const char *)utf8.data, (int32_t)utf8.size, 0xFFFD,
                             NULL, &error);
    if (search->pattern && U_SUCCESS(error))
        search->icu = usearch_openFromCollator(search->pattern, count, nothing, 1, collation->match, NULL, &error);
    if (search->icu && U_SUCCESS(error))
        return search;
    text_search_close(search);
    return NULL;
}

bool text_search_found(struct text_search *search, struct bytes utf16)
{
    UChar small[UNITS_ON_STACK], *units = small;
    UErrorCode error = U_ZERO_ERROR;
    size_t count = utf16.size / 2;
    if (!count || count > INT32_MAX / 4)
        return false;
    if (count > UNITS_ON_STACK && !(units = malloc(count * sizeof *units)))
        return false;
    memcpy(units, utf16.data, count * sizeof *units);
    usearch_setText(search->icu, units, (int32_t)count, &error);
    bool found = U_SUCCESS(error) && usearch_first(search->icu, &error) != USEARCH_DONE && U_SUCCESS(error);
    if (units != small) {
        usearch_setText(search->icu, search->pattern, 1, &error); /* it keeps no pointer to what goes away */
        free(units);
    }
    return found;
}

void text_search_close(struct text_search *search)
{
    if (!search)
        return;
    if (search->icu)
        usearch_close(search->icu);
    free(search->pattern);
    free(search);
}
