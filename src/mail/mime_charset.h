/* Character sets as mail names them, and Windows code page numbers as MAPI does (PidTagInternetCodepage, MS-OXCMAIL
 * 2.2.3.3.1). Stateless; any thread. */
#pragma once
#include "base/arena.h"

#define CODEPAGE_ASCII 20127u
#define CODEPAGE_UTF8 65001u
#define CODEPAGE_WINDOWS_1252 1252u

/* The code page of a charset name (any case, quotes and blanks around it ignored); 0 when unknown. */
uint32_t charset_codepage(const char *name);
/* The name that mail uses for a code page; NULL when there is none. */
const char *charset_name(uint32_t codepage);
/* For text without a (usable) declaration: ASCII, UTF-8 or ISO-2022-JP if it is valid in it, otherwise Windows-1252. */
uint32_t charset_detect(struct bytes text);

enum charset_repair {
    CHARSET_AS_DECLARED,
    CHARSET_UNDECLARED,   /* 8-bit text without a declaration, or declared as ASCII: detected */
    CHARSET_UNKNOWN,      /* declared with a name nobody knows: detected */
    CHARSET_MISDECLARED,  /* declared as UTF-8, but is not: read as Windows-1252 */
    CHARSET_BROKEN,       /* some bytes are not of the declared charset: they became U+FFFD */
};

struct charset_text {
    struct bytes utf16;         /* data NULL without memory */
    uint32_t codepage;          /* in which the source bytes can be read again */
    enum charset_repair repair;
};

/* Decodes a text whose declaration ('name') may be NULL, wrong or unknown. */
struct charset_text charset_decode(struct arena *arena, const char *name, struct bytes text);
/* Encodes for that code page if every character survives it; otherwise (or for an unknown code page) as UTF-8. ASCII
 * text is always given as it is. *ret_codepage says which one it became. */
struct bytes charset_encode(struct arena *arena, uint32_t codepage, struct bytes utf16, uint32_t *ret_codepage);
