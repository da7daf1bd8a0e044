#include "client/service_record.h"
#include <arpa/nameser.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>

bool service_record_read(const unsigned char *answer, int size, char ret_host[256], uint16_t *ret_port)
{
    ns_msg message;
    if (size <= 0 || ns_initparse(answer, size, &message))
        return false;
    unsigned best = 0x10000;
    for (int i = 0; i < ns_msg_count(message, ns_s_an); i++) {
        ns_rr record;
        char host[256];
        if (ns_parserr(&message, ns_s_an, i, &record) || ns_rr_type(record) != ns_t_srv || ns_rr_rdlen(record) < 7)
            continue;
        const unsigned char *data = ns_rr_rdata(record);
        unsigned priority = ns_get16(data);
        if (priority >= best || dn_expand(ns_msg_base(message), ns_msg_end(message), data + 6, host, sizeof host) < 0 || !*host)
            continue; /* a target of '.' says that the service is not offered */
        best = priority;
        snprintf(ret_host, 256, "%s", host);
        *ret_port = ns_get16(data + 4);
    }
    return best < 0x10000;
}

bool service_record_find(const char *name, char ret_host[256], uint16_t *ret_port)
{
    unsigned char answer[4096];
    int size = res_query(name, ns_c_in, ns_t_srv, answer, sizeof answer);
    return service_record_read(answer, size, ret_host, ret_port);
}
