/* Any bytes as a DNS message; the first byte chooses the type asked for. */
#include "client/dns_lookup.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dns_answer answer;
    if (size == 0 || size > 65536)
        return 0;
    enum dns_type type = (enum dns_type)(data[0] % 4);
    if (!dns_answer_read(data + 1, (int)(size - 1), type, &answer))
        return 0;
    if (answer.count > DNS_ANSWERS_MAX)
        abort();
    for (uint32_t i = 0; i < answer.count; i++)
        if (strnlen(answer.records[i].text, DNS_NAME_SIZE) == DNS_NAME_SIZE ||
            (i && answer.records[i].priority < answer.records[i - 1].priority))
            abort();
    return 0;
}
