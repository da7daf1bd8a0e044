/* Inside of the auth layer: proofs that need not be checked again for a while: passwords (60 s), bearer tokens. The key is a
 * keyed hash of the header that brought it. Not thread-safe: the authenticator holds its lock. Holds references of identities. */
#pragma once
#include "auth/authenticator.h"

#define REMEMBERED_KEY_SIZE 32u

struct remembered_table;

struct remembered_table *remembered_new(void);
void remembered_free(struct remembered_table *table);
/* A reference, or NULL; an entry that has ended, or was made under another version of the directory, is dropped. */
struct identity *remembered_find(struct remembered_table *table, const uint8_t key[REMEMBERED_KEY_SIZE], uint64_t version,
                                 uint64_t now_ms);
/* Remembers until 'until_ms'; at the cap the oldest makes room. Without memory it is not remembered. */
void remembered_add(struct remembered_table *table, const uint8_t key[REMEMBERED_KEY_SIZE], uint64_t version,
                    struct identity *identity, uint64_t until_ms, uint64_t now_ms, uint32_t count_max);
/* Forgets all that is known of an account. */
void remembered_forget_account(struct remembered_table *table, const char *account);
