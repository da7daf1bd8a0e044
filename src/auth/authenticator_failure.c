#include "auth/authenticator_state.h"

#include <stdio.h>
#include <string.h>

void authenticator_account_key(const char *logon, char key[FAILURE_KEY_SIZE_MAX])
{
    const char *backslash = strrchr(logon, '\\');
    const char *start = backslash ? backslash + 1 : logon;
    size_t size = strcspn(start, "@");
    if (size >= FAILURE_KEY_SIZE_MAX)
        size = FAILURE_KEY_SIZE_MAX - 1;
    for (size_t i = 0; i < size; i++)
        key[i] = (char)(start[i] >= 'A' && start[i] <= 'Z' ? start[i] + ('a' - 'A') : start[i]);
    key[size] = '\0';
}

const char *authenticator_locked_cause(struct authenticator *authenticator, const char *account, const char *peer,
                                       uint64_t now_ms)
{
    if (failure_table_locked(authenticator->accounts, account, now_ms))
        return "account locked after failed log-ons";
    if (failure_table_locked(authenticator->addresses, peer, now_ms))
        return "address locked after failed log-ons";
    return NULL;
}

/* A lock that guessing has brought about also ends what is remembered: the guesser may have had luck. */
static bool count_account(struct authenticator *authenticator, const char *account, const uint8_t secret[16], uint64_t now_ms)
{
    const struct authenticator_settings *settings = &authenticator->settings;
    struct failure_limits limits = {settings->failures_per_account, settings->failure_window_ms, settings->lock_ms};
    bool locked = failure_table_count(authenticator->accounts, account, secret, &limits, now_ms);
    if (locked)
        remembered_forget_account(authenticator->remembered, account);
    return locked;
}

static bool count_address(struct authenticator *authenticator, const char *peer, const uint8_t secret[16], uint64_t now_ms)
{
    const struct authenticator_settings *settings = &authenticator->settings;
    struct failure_limits limits = {settings->failures_per_address, settings->failure_window_ms, settings->lock_ms};
    return failure_table_count(authenticator->addresses, peer, secret, &limits, now_ms);
}

bool authenticator_count_password(struct authenticator *authenticator, const char *typed, const char *account,
                                  const char *peer, const uint8_t *secret, uint64_t now_ms)
{
    bool locked = count_account(authenticator, typed, secret, now_ms);
    if (account && strcmp(account, typed) != 0)
        locked |= count_account(authenticator, account, secret, now_ms);
    return count_address(authenticator, peer, secret, now_ms) || locked;
}

bool authenticator_count_attempt(struct authenticator *authenticator, const char *typed, const char *account,
                                 const char *peer, enum mechanism_blame blame, uint64_t now_ms)
{
    char text[FAILURE_KEY_SIZE_MAX + 64];
    uint8_t hash[REMEMBERED_KEY_SIZE], fresh[16];
    bool locked = false;
    if (blame == BLAME_NOBODY)
        return false;
    if (blame == BLAME_GUESS) {
        random_bytes(fresh, sizeof fresh); /* no two responses are alike, whatever the password: each counts */
        locked = count_account(authenticator, typed, fresh, now_ms);
        if (account && strcmp(account, typed) != 0)
            locked |= count_account(authenticator, account, fresh, now_ms);
    }
    /* A pair of address and account has an entry of its own that only says that it was counted. */
    int size = snprintf(text, sizeof text, "%s %s", peer, typed);
    if (!authenticator_hash(authenticator, bytes_of(text, (size_t)size), hash))
        return locked;
    char pair[2 * 16 + 2] = "=";
    for (unsigned i = 0; i < 16; i++)
        snprintf(pair + 1 + 2 * i, 3, "%02x", hash[16 + i]);
    uint32_t window_ms = authenticator->settings.failure_window_ms;
    if (failure_table_failed_lately(authenticator->addresses, pair, hash, window_ms, now_ms))
        return locked;
    (void)failure_table_count(authenticator->addresses, pair, hash, &(struct failure_limits){.window_ms = window_ms}, now_ms);
    return count_address(authenticator, peer, hash, now_ms) || locked;
}

void authentication_outcome_name(struct authentication_outcome *outcome, const char *domain, const char *account)
{
    bool plain = !domain || !*domain;
    snprintf(outcome->account, sizeof outcome->account, "%s%s%s", plain ? "" : domain, plain ? "" : "\\",
             account && *account ? account : "?");
    for (char *c = outcome->account; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7F || *c == '\'')
            *c = '?';
}
