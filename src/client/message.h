/* The inside of mapihttp_message: the mail layer's struct message (mail/message.h). For src/cli's import and export, which
 * make and read those. */
#pragma once
#include "mail/message.h"
#include <mapihttp/message.h>

/* Takes over an outermost message: mapihttp_message_free() frees both. NULL without memory (the message is then still the
 * caller's). */
struct mapihttp_message *client_message_of(struct message *message);
/* Borrowed: lives as long as the public one. */
struct message *client_message_content(struct mapihttp_message *message);
