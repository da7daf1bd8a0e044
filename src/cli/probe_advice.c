/* What a person does about a step that failed. The text names commands of this program where the server is ours; where it is
 * another's, the first half of each still holds. */
#include "cli/host_inspection.h"
#include "cli/probe.h"
#include "protocol/error_code.h"
#include "session/response_code.h"
#include <mapihttp/error.h>
#include <stdio.h>
#include <string.h>

#define TIMED_OUT 28u

static const char *advise_network(const char *step, uint32_t code)
{
    if (!strcmp(step, "DNS"))
        return "Is the name spelled right? It needs an A or AAAA record; 'mapihttp dns DOMAIN' says which records clients need, and with --check "
               "what is wrong with them.";
    if (!strcmp(step, "TCP"))
        return code == TIMED_OUT ? "Nothing came back: a firewall or a wrong address swallows the connection. Try it from the server itself: if it works "
                                   "there, the way between is to blame."
                                 : "Nothing listens there: is the server running ('systemctl status mapihttpd'), does [http] listen name this address "
                                   "and port, does a firewall refuse it?";
    if (!strcmp(step, "TLS"))
        return "The connection broke while TLS was being agreed on: is this port one with TLS ('tls' in [http] listen)? A balancer in front that "
               "expects something else does the same.";
    if (code == TIMED_OUT)
        return "The server took the connection and did not answer in time: look at its load and its log ('journalctl -u mapihttpd'); a proxy in "
               "between that holds answers back does the same.";
    return "The connection broke in the middle of an answer: a proxy or balancer that cuts connections, or a server that was restarted; its log "
           "says which ('journalctl -u mapihttpd').";
}

static const char *advise_tls(const char *text)
{
    if (strstr(text, "a password is not sent over http"))
        return "Use an https address; only on the server itself may a log-on go without TLS.";
    if (strstr(text, "expired"))
        return "Renew the certificate and reload ('systemctl reload mapihttpd'): no session is lost by that; 'mapihttp cert check' looks at the new "
               "one first.";
    if (strstr(text, "not yet valid"))
        return "The certificate begins later, or the clock of this machine is slow: compare 'date' with the server's.";
    if (strstr(text, "subject name") || strstr(text, "does not match") || strstr(text, "no alternative"))
        return "The certificate must name the host that clients connect to: get one with that name, or give clients the name that it has "
               "(Set-MapiVirtualDirectory -ExternalUrl).";
    if (strstr(text, "wrong version number") || strstr(text, "packet length too long") || strstr(text, "http request"))
        return "What listens there does not speak TLS: is this port one with TLS ('tls' in [http] listen), or is http meant?";
    if (strstr(text, "self-signed") || strstr(text, "self signed") || strstr(text, "unable to get") || strstr(text, "issuer"))
        return "This machine does not trust who issued the certificate: install the whole chain at the server, or name the authority's certificate "
               "here (--ca-file, MAPIHTTP_CA_FILE). Outlook will not connect before its machine trusts it too.";
    return "'mapihttp cert check' on the server looks at its certificate; 'openssl s_client -connect HOST:PORT' shows what is sent from here.";
}

static const char *advise_http(const char *step, uint32_t code)
{
    if (!strcmp(step, "RpcProxy"))
        return "Clients that cannot speak MAPI over HTTP do not reach their mailbox here; 'mapihttp report old-clients' says whose they are. "
               "Update them, or look whether MapiHttpDisabled is set on their machine.";
    if (code == 404)
        return "No MAPI/HTTP endpoint is at this path: is the URL right, and does a proxy in front pass /mapi on to the server?";
    if (code == 429)
        return "The server has too many requests of this client or address: wait, and look at its limits.";
    if (code == 503)
        return "The server is stopping, overloaded or not well: an administrator who logs on at /mapi/healthcheck.htm sees which part fails; the log "
               "says why ('journalctl -u mapihttpd').";
    if (code >= 300 && code < 400)
        return "The server sends clients elsewhere: give that address, or correct the proxy that does it.";
    if (code == 502 || code == 504)
        return "A proxy in front does not reach the server behind it, or waits too short for it: requests may take minutes (NotificationWait).";
    return "That is not what a MAPI/HTTP endpoint answers: look at what stands between (proxy, balancer) and into the server's log.";
}

static const char *advise_response_code(const char *step, uint32_t code)
{
    switch (code) {
    case MAPI_RESPONSE_ENDPOINT_DISABLED:
        return "MAPI over HTTP is switched off for this mailbox or this client: 'mapihttp Get-CasMailbox -Identity ADDRESS' shows the mailbox's switches, "
               "'mapihttp Get-OrganizationConfig' the organization's; the server's log names the one that refused.";
    case MAPI_RESPONSE_ENDPOINT_SHUTTING_DOWN: return "The server is stopping: try again in a minute.";
    case MAPI_RESPONSE_NO_PRIVILEGE:
        return "This user may not open that mailbox: 'mapihttp right list' shows who may; is --user the mailbox's owner?";
    case MAPI_RESPONSE_CONTEXT_NOT_FOUND:
        return "The server lost the session in the middle: was it restarted, or does a balancer send requests of one client to several servers?";
    case MAPI_RESPONSE_INVALID_PATH: return "The mailbox's URL is not one of this server: ask Autodiscover ('mapihttp discover ADDRESS').";
    case MAPI_RESPONSE_MISSING_COOKIE:
    case MAPI_RESPONSE_INVALID_CONTEXT_COOKIE: return "A proxy in between drops or changes cookies: it must pass them on as they are.";
    default: return "The server's log has a line with the cause ('mapihttp log', 'journalctl -u mapihttpd').";
    }
}

static const char *advise_server(uint32_t code)
{
    switch (code) {
    case EC_LOGON_FAILED:
    case EC_ACCESS_DENIED:
    case EC_LOGIN_PERMISSION:
        return "This user may not open that mailbox: 'mapihttp right list' shows who may; is --user the mailbox's owner?";
    case EC_UNKNOWN_USER: return "The server has no mailbox of that name: 'mapihttp Get-Mailbox' lists them.";
    default: return "The server's log has a line with the cause ('mapihttp log', 'journalctl -u mapihttpd').";
    }
}

static const char *advise_authentication(const char *text, uint32_t code)
{
    if (code == 403)
        return "The server lets nobody log on this way: without TLS nothing is offered, and a method may be off for this endpoint or mailbox "
               "([authentication] methods, 'mapihttp user show').";
    if (strstr(text, "by Anonymous"))
        return "None of what the server offers can be done with what was given: a password needs Basic or NTLM, a ticket (kinit) Negotiate, a token "
               "Bearer; --auth chooses.";
    return "Is the password right, and the account on and not locked? The answer never says; the server's log does ('journalctl -u mapihttpd', "
           "lines 'log-on failed'). Another method: --auth basic, ntlm, negotiate, bearer.";
}

static const char *advise(const char *step, const struct mapihttp_error *error)
{
    switch (error->status) {
    case MAPIHTTP_NETWORK: return advise_network(step, error->code);
    case MAPIHTTP_TLS: return advise_tls(error->text);
    case MAPIHTTP_HTTP: return advise_http(step, error->code);
    case MAPIHTTP_TRANSPORT: return advise_response_code(step, error->code);
    case MAPIHTTP_SERVER:
    case MAPIHTTP_NOT_FOUND: return advise_server(error->code);
    case MAPIHTTP_AUTHENTICATION: return advise_authentication(error->text, error->code);
    case MAPIHTTP_AUTODISCOVER:
        return "'mapihttp discover ADDRESS' shows each step of the search. Where the server offers other transports only, MAPI over HTTP is switched "
               "off for the mailbox or the organization ('mapihttp Get-CasMailbox', 'mapihttp Get-OrganizationConfig').";
    case MAPIHTTP_DISABLED:
        return strcmp(step, "Client") ? "Only the self test of this transport can be made from here."
                                      : "Set MapiHttpDisabled to 0 or remove it from the environment; in Outlook: the registry value of that name.";
    case MAPIHTTP_PROTOCOL: return "What answered does not speak MAPI/HTTP: is a proxy or another program at this address?";
    case MAPIHTTP_INVALID_ARGUMENT: return "Look at the addresses that were given.";
    default: return "";
    }
}

void probe_advise(const char *step, const struct mapihttp_error *error, const struct mapihttp_options *options, const char *endpoint,
                  char *ret_text, size_t size)
{
    snprintf(ret_text, size, "%s", advise(step, error));
}
