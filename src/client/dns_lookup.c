#include "client/dns_lookup.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int wire_types[] = {[DNS_A] = ns_t_a, [DNS_AAAA] = ns_t_aaaa, [DNS_CNAME] = ns_t_cname, [DNS_SRV] = ns_t_srv};

bool dns_resolver_open(struct dns_resolver *resolver, const char *server)
{
    *resolver = (struct dns_resolver){0};
    if (res_ninit(&resolver->state))
        return false;
    if (!server)
        return true;
    char address[64];
    unsigned port = 53;
    struct in_addr parsed;
    if (sscanf(server, "%63[^:]:%u", address, &port) < 1 || port == 0 || port > 65535 || inet_pton(AF_INET, address, &parsed) != 1) {
        res_nclose(&resolver->state);
        return false;
    }
    resolver->state.nscount = 1;
    resolver->state.nsaddr_list[0] = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = parsed};
    return true;
}

void dns_resolver_close(struct dns_resolver *resolver)
{
    res_nclose(&resolver->state);
}

static bool read_record(const ns_msg *message, const ns_rr *record, enum dns_type type, struct dns_record *ret_record)
{
    const unsigned char *data = ns_rr_rdata(*record);
    unsigned size = ns_rr_rdlen(*record);
    *ret_record = (struct dns_record){0};
    if (type == DNS_A || type == DNS_AAAA)
        return size == (type == DNS_A ? 4 : 16) &&
               inet_ntop(type == DNS_A ? AF_INET : AF_INET6, data, ret_record->text, sizeof ret_record->text);
    if (type == DNS_SRV) {
        if (size < 7)
            return false;
        ret_record->priority = ns_get16(data);
        ret_record->weight = ns_get16(data + 2);
        ret_record->port = ns_get16(data + 4);
        data += 6;
    }
    return dn_expand(ns_msg_base(*message), ns_msg_end(*message), data, ret_record->text, sizeof ret_record->text) >= 0;
}

static int by_priority(const void *a, const void *b)
{
    return (int)((const struct dns_record *)a)->priority - (int)((const struct dns_record *)b)->priority;
}

bool dns_answer_read(const unsigned char *message, int size, enum dns_type type, struct dns_answer *ret_answer)
{
    struct dns_answer answer = {0};
    ns_msg parsed;
    if (size <= 0 || ns_initparse(message, size, &parsed))
        return false;
    for (int i = 0; i < ns_msg_count(parsed, ns_s_an); i++) {
        ns_rr record;
        if (ns_parserr(&parsed, ns_s_an, i, &record))
            return false;
        if ((int)ns_rr_type(record) != wire_types[type] || answer.count == DNS_ANSWERS_MAX)
            continue;
        if (!read_record(&parsed, &record, type, &answer.records[answer.count]))
            return false;
        answer.count++;
    }
    if (type == DNS_SRV)
        qsort(answer.records, answer.count, sizeof *answer.records, by_priority);
    *ret_answer = answer;
    return true;
}

enum dns_status dns_ask(struct dns_resolver *resolver, const char *name, enum dns_type type, struct dns_answer *ret_answer)
{
    unsigned char message[8192];
    struct dns_answer answer;
    int size = res_nquery(&resolver->state, name, ns_c_in, wire_types[type], message, sizeof message);
    if (size < 0)
        return resolver->state.res_h_errno == HOST_NOT_FOUND || resolver->state.res_h_errno == NO_DATA ? DNS_NONE : DNS_FAILED;
    if (size > (int)sizeof message || !dns_answer_read(message, size, type, &answer))
        return DNS_FAILED;
    *ret_answer = answer;
    return answer.count ? DNS_FOUND : DNS_NONE;
}
