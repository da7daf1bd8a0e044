#include "server/connect_client.h"

#include <string.h>

#include "base/text.h"
#include "protocol/auxiliary.h"

static void take(struct arena *arena, struct bytes utf16, char text[64])
{
    const char *utf8 = utf16.size ? text_utf8_of_utf16(arena, utf16) : NULL;
    if (!utf8 || !*utf8)
        return;
    size_t size = strnlen(utf8, 64);
    for (size = size < 64 ? size : 63; size > 0 && ((unsigned char)utf8[size] & 0xC0) == 0x80;)
        size--;
    for (size_t i = 0; i < size; i++)
        text[i] = (unsigned char)utf8[i] < 0x20 || utf8[i] == 0x7F ? '?' : utf8[i];
    text[size] = '\0';
}

void connect_client_read(struct arena *arena, struct bytes auxiliary_buffer, struct connect_client *ret_client)
{
    struct auxiliary_items items;
    *ret_client = (struct connect_client){.mode = CLIENT_MODE_UNKNOWN};
    if (auxiliary_buffer.size == 0 || !auxiliary_read(arena, auxiliary_buffer, &items))
        return;
    for (uint32_t i = 0; i < items.count; i++) {
        const struct auxiliary_item *item = &items.items[i];
        if (item->structure == &auxiliary_perf_clientinfo_structure) {
            const struct auxiliary_perf_clientinfo *info = item->body;
            enum client_mode before = ret_client->mode;
            ret_client->mode = info->client_mode == 1 ? CLIENT_MODE_CLASSIC
                : info->client_mode == 2 ? CLIENT_MODE_CACHED : before; /* MS-OXCRPC R126 */
            take(arena, auxiliary_text(item, info->machine_name_offset), ret_client->machine);
        } else if (item->structure == &auxiliary_perf_processinfo_structure) {
            const struct auxiliary_perf_processinfo *info = item->body;
            take(arena, auxiliary_text(item, info->process_name_offset), ret_client->process);
        } else if (item->structure == &auxiliary_client_connection_info_structure &&
                   ((const struct auxiliary_client_connection_info *)item->body)->connection_flags & 1) {
            ret_client->mode = CLIENT_MODE_CACHED; /* R1531 */
        }
    }
}
