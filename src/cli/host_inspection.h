/* A look at a host of an https URL from outside, without sending it anything but a TLS handshake: addresses, and the
 * certificate with its names and end. One thread; blocks. */
#pragma once
#include <mapihttp/session.h>

struct host_inspection {
    char addresses[512];   /* 'a, b'; "" : the name does not exist */
    char given[300];       /* where --resolve or --connect-to sent the connection; "" */
    bool encrypted;        /* the URL is https: what follows is about TLS */
    bool connected;        /* a handshake was made, with or without a good certificate */
    bool verified;         /* the certificate is good for the host */
    char failure[300];     /* why not; "" */
    char names[1024];      /* 'DNS:mail.example.org, ...' */
    char issuer[256];
    char expires[64];
};

/* From the options: ca_file, connect_to, resolve, connect_timeout_ms. */
void host_inspect(const struct mapihttp_options *options, const char *url, struct host_inspection *ret_inspection);
/* 'host:port' of a URL, to look at each only once; false where it is none. */
bool host_of_url(const char *url, char *ret_text, size_t size);
