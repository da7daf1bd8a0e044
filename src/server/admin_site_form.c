/* Forms of the pages of /admin/, made from an operation's declaration: a control for each kind of value, its explanation beside it, and
 * the mistake where one was made. A form says what it showed, so that only what was changed in it is sent on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "server/admin_site_view.h"
#include "server/form.h"

#define SHOWN_PREFIX "shown."
#define NULL_WORD "$null" /* as a choice of its own */

/* --- values as text --- */

static bool null_is_choice(const struct operation_parameter *parameter)
{
    return parameter->flags & OPERATION_NULLABLE && (parameter->kind == OPERATION_BOOLEAN || parameter->kind == OPERATION_CHOICE);
}

static bool is_list(const struct operation_parameter *parameter)
{
    return parameter->kind == OPERATION_CHOICES || parameter->kind == OPERATION_TEXTS;
}

/* Strings with ', ' between. */
static const char *joined(struct arena *arena, const json_t *items)
{
    struct buffer text = {0};
    const json_t *item;
    size_t i;
    json_array_foreach(items, i, item)
        buffer_append_format(&text, "%s%s", i ? ", " : "", json_is_string(item) ? json_string_value(item) : "");
    const char *result = arena_string_of(arena, buffer_bytes(&text));
    buffer_free(&text);
    return result ? result : "";
}

/* What a control shows of a value. */
static const char *text_of(struct site_view *view, const struct operation_parameter *parameter, const json_t *value)
{
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_STRING: return json_string_value(value);
    case JSON_TRUE: return "true";
    case JSON_FALSE: return "false";
    case JSON_ARRAY: return joined(view->arena, value);
    case JSON_INTEGER: return arena_format(view->arena, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    default: return value && null_is_choice(parameter) ? NULL_WORD : "";
    }
}

/* Whether 'word' is an item of 'first, second', in any case. */
static bool among(const char *items, const char *word, size_t size)
{
    while (*items) {
        size_t length = strcspn(items, ",");
        if (length == size && strncasecmp(items, word, size) == 0)
            return true;
        items += length;
        items += strspn(items, ", ");
    }
    return false;
}

/* --- controls --- */

static bool is_named(const char *const *names, const char *name)
{
    for (; *names; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

struct control {
    struct site_view *view;
    const struct site_form *form;
    const struct operation_parameter *parameter;
    const char *shown; /* the value as it is */
    const char *value; /* as it was filled in; NULL: as shown */
    bool wrong;
};

static const char *value_of(const struct control *control)
{
    return control->value ? control->value : control->shown;
}

/* Name, where its explanation stands, and whether it is wrong. */
static void attributes(const struct control *control)
{
    struct buffer *page = &control->view->main;
    html(page, " name=\"%s\" aria-describedby=\"%s-%s-help\"", control->parameter->name, control->form->id, control->parameter->name);
    if (control->wrong)
        buffer_append_string(page, " aria-invalid=\"true\"");
}

static void choice(const struct control *control, const char *type, const char *value, const char *label, bool chosen)
{
    struct buffer *page = &control->view->main;
    html(page, "<label class=\"choice\"><input type=\"%s\" value=\"%s\"", type, value);
    attributes(control);
    if (chosen)
        buffer_append_string(page, " checked");
    html(page, "> %s</label>\n", label);
}

static void boolean(const struct control *control)
{
    const char *value = value_of(control);
    choice(control, "radio", "true", "on", strcmp(value, "true") == 0);
    choice(control, "radio", "false", "off", strcmp(value, "false") == 0);
    if (null_is_choice(control->parameter))
        choice(control, "radio", NULL_WORD, "inherit", strcmp(value, NULL_WORD) == 0);
}

static void choices(const struct control *control)
{
    for (const char *p = control->parameter->choices; *p;) {
        size_t size = strcspn(p, "|");
        const char *word = arena_string_of(control->view->arena, bytes_of(p, size));
        if (word)
            choice(control, "checkbox", word, word, among(value_of(control), p, size));
        p += size + (p[size] == '|');
    }
}

static void option(const struct control *control, const char *value, const char *label)
{
    html(&control->view->main, text_equal_ignoring_case(value_of(control), value) ? "<option value=\"%s\" selected>%s</option>"
                                                                                  : "<option value=\"%s\">%s</option>", value, label);
}

static void selection(const struct control *control)
{
    struct buffer *page = &control->view->main;
    html(page, "<select id=\"%s-%s\"", control->form->id, control->parameter->name);
    attributes(control);
    buffer_append_string(page, ">");
    if (null_is_choice(control->parameter))
        option(control, NULL_WORD, "inherit");
    else if (!*control->shown)
        option(control, "", "");
    for (const char *p = control->parameter->choices; *p;) {
        size_t size = strcspn(p, "|");
        const char *word = arena_string_of(control->view->arena, bytes_of(p, size));
        if (word)
            option(control, word, word);
        p += size + (p[size] == '|');
    }
    buffer_append_string(page, "</select>\n");
}

static void input(const struct control *control)
{
    struct buffer *page = &control->view->main;
    const struct operation_parameter *parameter = control->parameter;
    bool secret = parameter->flags & OPERATION_SECRET;
    const char *type = secret ? "password" : parameter->kind == OPERATION_URL ? "url" : "text";
    html(page, "<input type=\"%s\" id=\"%s-%s\" value=\"%s\"", type, control->form->id, parameter->name, secret ? "" : value_of(control));
    attributes(control);
    html(page, " autocomplete=\"%s\" spellcheck=\"false\"", secret ? "new-password" : "off");
    if (parameter->kind == OPERATION_NUMBER && parameter->maximum)
        buffer_append_string(page, " inputmode=\"numeric\"");
    if (parameter->flags & OPERATION_REQUIRED)
        buffer_append_string(page, " required");
    buffer_append_string(page, ">\n");
}

static const char *format_hint(const struct operation_parameter *parameter)
{
    switch (parameter->kind) {
    case OPERATION_TIME: return "A date, 2026-11-22, or a date and time.";
    case OPERATION_DURATION: return strstr(parameter->explanation, "90d") ? NULL : "As 90d, 12h or days.hours:minutes:seconds.";
    case OPERATION_TEXTS: return "Several with commas between.";
    case OPERATION_URL: return "Begins with https://.";
    default: return NULL;
    }
}

static void explanation(const struct control *control)
{
    struct buffer *page = &control->view->main;
    const struct operation_parameter *parameter = control->parameter;
    const char *hint = format_hint(parameter);
    html(page, "<p class=\"help\" id=\"%s-%s-help\">", control->form->id, parameter->name);
    if (control->wrong)
        html(page, "<strong class=\"mistake\">%s.</strong> ", control->view->submitted_result.error_text);
    if (parameter->explanation)
        html(page, "%c%s.", parameter->explanation[0] >= 'a' && parameter->explanation[0] <= 'z' ? parameter->explanation[0] - 32
             : parameter->explanation[0], parameter->explanation + 1);
    if (parameter->kind == OPERATION_NUMBER && parameter->maximum)
        html(page, " From %u to %u.", parameter->minimum, parameter->maximum);
    if (hint)
        html(page, " %s", hint);
    buffer_append_string(page, "</p>\n");
}

static void show_control(const struct control *control)
{
    struct buffer *page = &control->view->main;
    const struct operation_parameter *parameter = control->parameter;
    const char *label = site_words(control->view->arena, parameter->name);
    bool group = parameter->kind == OPERATION_BOOLEAN || parameter->kind == OPERATION_CHOICES;
    const char *typed = strcmp(label, parameter->name) == 0 ? "" : parameter->name;
    if (group)
        html(page, "<fieldset class=\"field\"><legend>%s <code>%s</code></legend>\n<div class=\"choices\">", label, typed);
    else
        html(page, "<div class=\"field\"><label for=\"%s-%s\">%s <code>%s</code></label>\n", control->form->id, parameter->name, label, typed);
    switch (parameter->kind) {
    case OPERATION_BOOLEAN: boolean(control); break;
    case OPERATION_CHOICES: choices(control); break;
    case OPERATION_CHOICE: selection(control); break;
    case OPERATION_SWITCH:
        html(page, "<input type=\"checkbox\" id=\"%s-%s\" value=\"true\"%s", control->form->id, parameter->name,
             strcmp(value_of(control), "true") == 0 ? " checked" : "");
        attributes(control);
        buffer_append_string(page, ">\n");
        break;
    default: input(control);
    }
    if (!control->form->asks && !(control->form->always && is_named(control->form->always, parameter->name)))
        html(page, "<input type=\"hidden\" name=\"" SHOWN_PREFIX "%s\" value=\"%s\">\n", parameter->name, control->shown);
    buffer_append_string(page, group ? "</div>\n" : "");
    explanation(control);
    buffer_append_string(page, group ? "</fieldset>\n" : "</div>\n");
}

/* --- the form --- */

/* Whether what was sent and could not be done was this form: the same operation on the same thing. */
static bool was_sent(const struct site_view *view, const struct site_form *form, const struct operation *operation)
{
    const char *name;
    json_t *value;
    if (view->submitted != operation)
        return false;
    json_object_foreach((json_t *)form->fixed, name, value) {
        const char *sent = form_value(view->form, name);
        if (!sent || strcmp(sent, json_string_value(value)) != 0)
            return false;
    }
    return true;
}

static void show_parameter(struct site_view *view, const struct site_form *form, const struct operation *operation,
                           const struct operation_parameter *parameter)
{
    bool sent = was_sent(view, form, operation);
    const json_t *source = sent ? view->form : form->asks ? view->query : NULL;
    const json_t *filled = json_object_get(source, parameter->name);
    struct control control = {.view = view, .form = form, .parameter = parameter};
    control.shown = text_of(view, parameter, json_object_get(form->values, parameter->name));
    if (filled)
        control.value = joined(view->arena, filled);
    else if (sent && (is_list(parameter) || parameter->kind == OPERATION_SWITCH))
        control.value = "";
    control.wrong = view->submitted == operation && (sent || form->asks) && view->submitted_result.error_parameter &&
                    text_equal_ignoring_case(view->submitted_result.error_parameter, parameter->name);
    show_control(&control);
}

/* What goes with the form unseen. */
static void show_hidden(struct site_view *view, const struct site_form *form)
{
    const char *name;
    json_t *value;
    if (!form->asks)
        html(&view->main, "<input type=\"hidden\" name=\"token\" value=\"%s\">\n<input type=\"hidden\" name=\"operation\" value=\"%s\">\n",
             view->token, form->operation);
    json_object_foreach((json_t *)form->fixed, name, value)
        html(&view->main, "<input type=\"hidden\" name=\"%s\" value=\"%s\">\n", name, json_string_value(value));
}

void site_form(struct site_view *view, const struct site_form *form)
{
    const struct operation *operation = operation_find(form->operation);
    struct buffer *page = &view->main;
    if (view->csv_table)
        return;
    if (!operation) {
        site_notice(view, "bad", form->operation, "is not an operation of this server.");
        return;
    }
    html(page, "<form id=\"%s\" class=\"%s\" method=\"%s\" accept-charset=\"utf-8\">\n", form->id, form->dangerous ? "dangerous" : "settings",
         form->asks ? "get" : "post");
    show_hidden(view, form);
    for (const struct operation_parameter *parameter = operation->parameters; parameter && parameter->name; parameter++)
        if (!json_object_get(form->fixed, parameter->name) && (!form->parameters || is_named(form->parameters, parameter->name)))
            show_parameter(view, form, operation, parameter);
    html(page, "<p class=\"buttons\"><button type=\"submit\">%s</button>", form->submit);
    if (!form->asks)
        html(page, " <button type=\"submit\" name=\"WhatIf\" value=\"true\" class=\"quiet\">Try: change nothing</button>");
    buffer_append_string(page, "</p>\n</form>\n");
}

/* --- what was sent --- */

static json_t *split(const char *text)
{
    json_t *items = json_array();
    while (*text) {
        text += strspn(text, ", \r\n");
        size_t size = strcspn(text, ",\r\n"), trimmed = size;
        while (trimmed && text[trimmed - 1] == ' ')
            trimmed--;
        if (trimmed)
            json_array_append_new(items, json_stringn(text, trimmed));
        text += size;
    }
    return items;
}

/* The value as an operation takes it; NULL where the parameter was not given or is as it was shown. */
static json_t *sent_value(const struct operation_parameter *parameter, const json_t *form)
{
    char shown_name[128];
    struct arena arena = {0};
    snprintf(shown_name, sizeof shown_name, SHOWN_PREFIX "%s", parameter->name);
    const json_t *values = json_object_get(form, parameter->name);
    const char *shown = form_value(form, shown_name);
    const char *value = joined(&arena, values);
    json_t *result = NULL;
    bool as_shown = shown && strcmp(value, shown) == 0 && !(parameter->flags & OPERATION_REQUIRED);
    bool left_out = !values && (!shown || !is_list(parameter)); /* boxes of which none is ticked send nothing */
    bool empty_answer = !*value && (!shown || !*shown);         /* a field nobody filled in */
    if (as_shown || left_out || empty_answer)
        result = NULL;
    else if (strcmp(value, NULL_WORD) == 0 || (!*value && !is_list(parameter) && parameter->flags & OPERATION_NULLABLE))
        result = json_null();
    else if (is_list(parameter))
        result = split(value);
    else
        result = json_string(value);
    arena_free(&arena);
    return result;
}

json_t *site_form_parameters(const struct operation *operation, const json_t *form)
{
    json_t *given = json_object();
    for (const struct operation_parameter *parameter = operation->parameters; parameter && parameter->name; parameter++) {
        json_t *value = sent_value(parameter, form);
        if (value)
            json_object_set_new(given, parameter->name, value);
    }
    const char *what_if = form_value(form, "WhatIf");
    if (what_if && operation->flags & OPERATION_CHANGES)
        json_object_set_new(given, "WhatIf", json_boolean(strcmp(what_if, "true") == 0));
    return given;
}
