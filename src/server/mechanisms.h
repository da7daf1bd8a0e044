/* NTLM and Negotiate as the configuration asks for them (Kerberos and bearer tokens: log_on_methods.h), and the certificates of
 * balancers: made and handed to the authenticator at the start and at each reload. */
#pragma once
#include "auth/authenticator.h"
#include "server/config.h"

struct mechanisms;

struct mechanisms_context {
    struct authenticator *authenticator;
    struct directory *directory;
    const char *host_name;
};

/* NULL without memory. */
struct mechanisms *mechanisms_new(const struct mechanisms_context *context);
/* Main thread. 'kerberos', NULL or not, becomes a part of Negotiate. False (logged) where something named in the configuration cannot be used; then that part is as it was before. */
bool mechanisms_configure(struct mechanisms *mechanisms, const struct config *config, struct mechanism *kerberos);
/* The certificates of balancers as they are now; the hashes live as long as 'mechanisms'. */
void mechanisms_balancers(const struct mechanisms *mechanisms, struct authenticator_settings *settings);
/* The authenticator is gone. */
void mechanisms_free(struct mechanisms *mechanisms);
