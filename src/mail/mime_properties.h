/* Named properties that carry what MAPI has no property for, so that a mail leaves as it came. Only import and export of this
 * project know those of the set MIME; Outlook shows none of them. docs/mail.md lists them. */
#pragma once
#include "base/guid.h"

/* 00020386-0000-0000-C000-000000000046 */
#define PROPERTY_SET_INTERNET_HEADERS \
    ((struct guid){{0x86, 0x03, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0xC0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46}})
/* 7B0C5E0D-93A4-4B1F-A8C6-51D2E74F3B90, our own */
#define PROPERTY_SET_MIME \
    ((struct guid){{0x0D, 0x5E, 0x0C, 0x7B, 0xA4, 0x93, 0x1F, 0x4B, 0xA8, 0xC6, 0x51, 0xD2, 0xE7, 0x4F, 0x3B, 0x90}})

/* On a message, strings: the Content-Type value of a body part that says more than its charset (format=flowed), and the
 * part's other header lines. */
#define MIME_NAME_TEXT_TYPE "TextContentType"
#define MIME_NAME_TEXT_HEADERS "TextHeaders"
#define MIME_NAME_HTML_TYPE "HtmlContentType"
#define MIME_NAME_HTML_HEADERS "HtmlHeaders"
/* On a message, string: the Content-Type value of a multipart whose kind or parameters matter (report, encrypted). */
#define MIME_NAME_STRUCTURE "Structure"
/* On an attachment, strings: Content-Type with its parameters; the disposition's first word, or 'none'; other header lines. */
#define MIME_NAME_PART_TYPE "PartContentType"
#define MIME_NAME_PART_DISPOSITION "PartDisposition"
#define MIME_NAME_PART_HEADERS "PartHeaders"
/* On an attachment, boolean: its name was made up by import; it was one of the alternatives of the body. */
#define MIME_NAME_PART_NAMELESS "PartNameless"
#define MIME_NAME_PART_ALTERNATIVE "PartAlternative"

/* More x-headers of one message than this do not become properties of their own (they stand in
 * PidTagTransportMessageHeaders anyway), so that a mail cannot use up a mailbox's named properties. */
#define MIME_X_HEADERS_MAX 64u
#define MIME_X_HEADER_NAME_SIZE_MAX 80u
