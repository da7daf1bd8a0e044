#include "operation/subject.h"

#include <stdlib.h>
#include <string.h>

bool subject_directory_done(struct operation_call *call, enum directory_status status, const char *parameter, const char *what)
{
    static const enum operation_error errors[] = {
        [DIRECTORY_OK] = OPERATION_DONE, [DIRECTORY_NOT_FOUND] = OPERATION_NOT_FOUND, [DIRECTORY_EXISTS] = OPERATION_CONFLICT,
        [DIRECTORY_INVALID] = OPERATION_INVALID_ARGUMENT, [DIRECTORY_WRONG_PASSWORD] = OPERATION_DENIED,
        [DIRECTORY_DISABLED] = OPERATION_CONFLICT, [DIRECTORY_UNAVAILABLE] = OPERATION_UNAVAILABLE,
        [DIRECTORY_READ_ONLY] = OPERATION_CONFLICT, [DIRECTORY_NEWER_FORMAT] = OPERATION_UNAVAILABLE};
    if (status == DIRECTORY_OK)
        return true;
    operation_fail(call, errors[status], parameter, "%s: %s", what, directory_status_text(status));
    return false;
}

bool subject_settings_done(struct operation_call *call, enum settings_status status)
{
    if (status == SETTINGS_OK)
        return true;
    operation_fail(call, OPERATION_UNAVAILABLE, NULL, "%s", settings_status_text(status));
    return false;
}

bool subject_organization(struct operation_call *call, struct directory_organization *ret_organization)
{
    enum directory_status status = directory_organization(call->host->directory, call->arena, ret_organization);
    if (status == DIRECTORY_NOT_FOUND)
        operation_fail(call, OPERATION_NOT_FOUND, NULL, "there is no organization yet: begin with 'mapihttp organization init'");
    return status == DIRECTORY_OK || (status != DIRECTORY_NOT_FOUND && subject_directory_done(call, status, NULL, "the organization"));
}

json_t *subject_settings(struct operation_call *call, const char *scope, const char *name)
{
    json_t *kept, *copy;
    enum settings_status status = settings_get(call->host->settings, scope, name, &kept);
    if (status == SETTINGS_NOT_FOUND)
        return json_object();
    if (!subject_settings_done(call, status))
        return NULL;
    copy = json_deep_copy(kept);
    json_decref(kept);
    return copy;
}

/* --- changing --- */

bool subject_change_given(struct operation_call *call)
{
    size_t others = json_object_size(call->parameters) - operation_given(call, "Identity");
    if (others == 0)
        operation_fail(call, OPERATION_INVALID_ARGUMENT, NULL, "nothing to change was given");
    return others != 0;
}

void subject_tell_what_if(struct operation_call *call, const char *target)
{
    const char *name;
    json_t *value;
    json_object_foreach(call->parameters, name, value) {
        char *text = strcmp(name, "Identity") == 0 ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        if (text)
            operation_warn(call, "What if: %s of '%s' would become %s", name, target, text);
        free(text);
    }
}

void subject_changed(struct operation_call *call, const char *target, json_t *before, json_t *after)
{
    if (before && after && json_equal(before, after))
        operation_warn(call, "'%s' is so already: nothing was changed", *target ? target : "the organization");
    operation_changed(call, target, before, after);
}
