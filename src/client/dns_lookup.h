/* Questions to the DNS: by the system's resolver or by a given server. Blocks as long as the resolver does. A resolver is used
 * by one thread. */
#pragma once
#include <netinet/in.h>
#include <resolv.h>
#include <stdbool.h>
#include <stdint.h>

#define DNS_NAME_SIZE 256
#define DNS_ANSWERS_MAX 16u

enum dns_type { DNS_A, DNS_AAAA, DNS_CNAME, DNS_SRV };

enum dns_status {
    DNS_FOUND,
    DNS_NONE,   /* no such name, or nothing of that type there */
    DNS_FAILED, /* no answer, or none that can be read */
};

struct dns_record {
    char text[DNS_NAME_SIZE]; /* the address; the target's name, without a dot at its end ("" for '.') */
    uint16_t priority, weight, port; /* SRV */
};

struct dns_answer {
    uint32_t count;
    struct dns_record records[DNS_ANSWERS_MAX]; /* SRV: in order of priority */
};

struct dns_resolver {
    struct __res_state state;
};

/* 'server': 'address' or 'address:port' (IPv4), NULL for the system's. False: it is none. */
bool dns_resolver_open(struct dns_resolver *resolver, const char *server);
void dns_resolver_close(struct dns_resolver *resolver);
enum dns_status dns_ask(struct dns_resolver *resolver, const char *name, enum dns_type type, struct dns_answer *ret_answer);
/* The records of a type out of a message's bytes; false where it is malformed. */
bool dns_answer_read(const unsigned char *message, int size, enum dns_type type, struct dns_answer *ret_answer);
