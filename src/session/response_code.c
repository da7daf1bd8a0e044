#include "session/response_code.h"

#include <stddef.h>

struct response_code_row {
    const char *name;
    const char *meaning;
};

static const struct response_code_row response_codes[] = {
    [0] = {"Success", "The request was properly formatted and accepted."},
    [1] = {"Unknown Failure", "The server failed in a way that it has no name for."},
    [2] = {"Invalid Verb", "Requests of this protocol use POST; GET shows a page for people, every other verb is refused."},
    [3] = {"Invalid Path", "Nothing of this protocol is served under this path."},
    [4] = {"Invalid Header", "A header has a value that its specification does not allow."},
    [5] = {"Invalid Request Type", "X-RequestType names no request of this endpoint."},
    [6] = {"Invalid Context Cookie", "The MapiContext cookie is not one that a server could have given."},
    [7] = {"Missing Header", "A header that every request needs is absent."},
    [8] = {"Anonymous Not Allowed", "The request is anonymous."},
    [9] = {"Too Large", "The request is larger than the server takes."},
    [10] = {"Context Not Found", "The session context has ended, expired, or belongs to somebody else. Connect again."},
    [11] = {"No Privilege", "The account may not use this endpoint."},
    [12] = {"Invalid Request Body", "The request's body could not be read as its type says."},
    [13] = {"Missing Cookie", "The request needs the cookies that Connect or Bind gave."},
    [14] = {"Reserved", "Not used."},
    [15] = {"Invalid Sequence", "Requests of one session context must come one at a time, each with the newest cookies."},
    [16] = {"Endpoint Disabled", "The administrator has switched this endpoint off."},
    [17] = {"Invalid Response", "The server made an answer that it could not send."},
    [18] = {"Endpoint Shutting Down", "The server is stopping; try again shortly."},
};
_Static_assert(sizeof response_codes / sizeof *response_codes == MAPI_RESPONSE_CODE_MAX + 1, "one row for each code");

const char *mapi_response_code_name(uint32_t code)
{
    return code <= MAPI_RESPONSE_CODE_MAX ? response_codes[code].name : "Unknown";
}

const char *mapi_response_code_meaning(uint32_t code)
{
    return code <= MAPI_RESPONSE_CODE_MAX ? response_codes[code].meaning : "A code that the specification does not know.";
}
