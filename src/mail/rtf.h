/* The rich-text body of Outlook: decompression of PidTagRtfCompressed (MS-OXRTFCP), and the text or the HTML that the RTF
 * carries (MS-OXRTFEX). Results are the arena's. Any thread. */
#pragma once
#include "base/arena.h"

#define RTF_SIZE_MAX ((size_t)64 << 20)

/* False when the data is malformed, larger than the cap, or without memory. *ret_damaged: the checksum does not hold, or the
 * data ends early; what was there is given all the same. */
bool rtf_decompress(struct arena *arena, struct bytes compressed, struct bytes *ret_rtf, bool *ret_damaged);

struct rtf_content {
    bool is_html;       /* the RTF encapsulates HTML (\fromhtml1) */
    struct bytes utf16; /* HTML or plain text with CRLF */
};

/* False when it is no RTF, or without memory. Formatting, pictures and objects of RTF that carries no HTML are left out. */
bool rtf_read(struct arena *arena, struct bytes rtf, struct rtf_content *ret_content);
