#include "cli/operation_words.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "operation/object_property.h"

struct reading {
    struct arena *arena;
    const struct operation *operation;
    const struct operation_other_options *other;
    int argc;
    char **argv;
    int index;
    struct operation_words *words;
    const char **ret_error;
    bool plain; /* behind '--': everything is a value */
};

static bool fail(struct reading *reading, const char *text)
{
    *reading->ret_error = text ? text : "out of memory";
    return false;
}

/* --- words --- */

/* Behind a minus sign or one of the dashes that text programs make of it: hyphen U+2010 to horizontal bar U+2015, minus U+2212. */
static const char *after_dash(const char *word)
{
    const unsigned char *at = (const unsigned char *)word;
    if (at[0] == '-')
        return word + 1;
    if (at[0] == 0xE2 && at[1] == 0x80 && at[2] >= 0x90 && at[2] <= 0x95)
        return word + 3;
    if (at[0] == 0xE2 && at[1] == 0x88 && at[2] == 0x92)
        return word + 3;
    return NULL;
}

/* The name and what follows of '-Name' or '-Name:value'; NULL for a value (which may be a negative number). */
static const char *parameter_of(const char *word)
{
    const char *name = after_dash(word);
    return name && (isalpha((unsigned char)*name) || (*name == '?' && !name[1])) ? name : NULL;
}

static const char *option_of(const char *word)
{
    return word[0] == '-' && word[1] == '-' && word[2] ? word + 2 : NULL;
}

static bool is_list(const struct operation_parameter *parameter)
{
    return parameter->kind == OPERATION_TEXTS || parameter->kind == OPERATION_CHOICES;
}

/* --- values --- */

static bool ends_with_comma(const char *word)
{
    size_t size = strlen(word);
    return size && word[size - 1] == ',';
}

/* 'a, b ,c' came as several words; '@(a,b)' is the list in it. */
static const char *gather_list(struct reading *reading, const char *first)
{
    const char *text = first;
    while (reading->index + 1 < reading->argc && text && (ends_with_comma(text) || reading->argv[reading->index + 1][0] == ','))
        text = arena_format(reading->arena, "%s%s", text, reading->argv[++reading->index]);
    size_t size = text ? strlen(text) : 0;
    if (size >= 3 && text[0] == '@' && text[1] == '(' && text[size - 1] == ')')
        text = arena_format(reading->arena, "%.*s", (int)(size - 3), text + 2);
    return text;
}

static bool store(struct reading *reading, const struct operation_parameter *parameter, json_t *value)
{
    if (!value)
        return fail(reading, arena_format(reading->arena, "the value of -%s is not UTF-8", parameter->name));
    if (json_object_get(reading->words->given, parameter->name)) {
        json_decref(value);
        return fail(reading, arena_format(reading->arena, "%s is given twice", parameter->name));
    }
    return json_object_set_new(reading->words->given, parameter->name, value) == 0 || fail(reading, NULL);
}

static bool store_text(struct reading *reading, const struct operation_parameter *parameter, const char *text)
{
    if (is_list(parameter))
        text = gather_list(reading, text);
    return text ? store(reading, parameter, json_string(text)) : fail(reading, NULL);
}

/* The next word, as the value of what 'shown' names. */
static const char *next_value(struct reading *reading, const char *shown, bool boolean)
{
    const char *next = reading->index + 1 < reading->argc ? reading->argv[reading->index + 1] : NULL;
    if (next && !parameter_of(next) && !option_of(next)) {
        reading->index++;
        return next;
    }
    if (boolean && !strncmp(shown, "--", 2))
        fail(reading, arena_format(reading->arena, "%s needs a value: on or off", shown));
    else
        fail(reading, boolean ? arena_format(reading->arena, "%s needs a value: '$true' or '$false', in quotes, since a shell takes a bare $true away", shown)
                              : arena_format(reading->arena, "%s needs a value", shown));
    return NULL;
}

/* 'attached' is what stood behind ':' or '='; NULL for none. */
static bool take_value(struct reading *reading, const struct operation_parameter *parameter, const char *shown, const char *attached)
{
    if (parameter->kind == OPERATION_SWITCH && !attached)
        return store(reading, parameter, json_true());
    if (!attached)
        attached = next_value(reading, shown, parameter->kind == OPERATION_BOOLEAN || parameter->kind == OPERATION_SWITCH);
    return attached && store_text(reading, parameter, attached);
}

/* --- what every operation has --- */

static const struct operation_parameter own_parameters[] = {
    {.name = "ErrorAction", .alias = "ea", .kind = OPERATION_CHOICE, .choices = "Continue|Stop|SilentlyContinue|Ignore|Inquire"},
    {.name = "WarningAction", .alias = "wa", .kind = OPERATION_CHOICE, .choices = "Continue|SilentlyContinue|Ignore|Stop|Inquire"},
    {.name = "Verbose", .alias = "vb", .kind = OPERATION_SWITCH},
    {.name = NULL},
};

static const struct operation_parameter *own_parameter(const char *name)
{
    const struct operation_parameter *found = NULL;
    for (const struct operation_parameter *own = own_parameters; own->name; own++) {
        if (!strcasecmp(own->name, name) || !strcasecmp(own->alias, name))
            return own;
        if (*name && !strncasecmp(own->name, name, strlen(name)))
            found = own; /* no two begin alike */
    }
    return found;
}

static bool take_own(struct reading *reading, const struct operation_parameter *own, const char *attached)
{
    const char *shown = arena_format(reading->arena, "-%s", own->name);
    struct operation_words *words = reading->words;
    if (own->kind == OPERATION_SWITCH) {
        words->verbose = !attached || (strcasecmp(attached, "$false") != 0 && strcasecmp(attached, "false") != 0);
        return true;
    }
    const char *value = attached ? attached : next_value(reading, shown, false);
    if (!value)
        return false;
    bool silent = !strcasecmp(value, "SilentlyContinue") || !strcasecmp(value, "Ignore") || !strcmp(value, "0");
    bool stop = !strcasecmp(value, "Stop"), standard = !strcasecmp(value, "Continue");
    bool errors = own == &own_parameters[0];
    if (!silent && !standard && !(stop && errors))
        return fail(reading, arena_format(reading->arena, "%s takes %s, not '%.64s'", shown,
                                          errors ? "Continue, Stop, SilentlyContinue or Ignore" : "Continue, SilentlyContinue or Ignore", value));
    if (errors)
        words->error_action = silent ? OPERATION_ERROR_SILENT : stop ? OPERATION_ERROR_STOP : OPERATION_ERROR_CONTINUE;
    else
        words->warnings_hidden = silent;
    return true;
}

/* --- parameters --- */

static bool take_parameter(struct reading *reading, const char *word)
{
    size_t size = strcspn(word, ":");
    char *name = arena_format(reading->arena, "%.*s", (int)size, word);
    const char *attached = word[size] && word[size + 1] ? word + size + 1 : NULL, *error = NULL;
    if (!name)
        return fail(reading, NULL);
    if (!strcmp(name, "?")) {
        reading->words->help = true;
        return true;
    }
    const struct operation_parameter *parameter = operation_parameter_find(reading->operation, name, reading->arena, &error);
    const struct operation_parameter *own = parameter ? NULL : own_parameter(name);
    if (own)
        return take_own(reading, own, attached);
    if (!parameter)
        return fail(reading, error);
    if (word[size] && !attached && parameter->kind == OPERATION_SWITCH) /* '-Confirm: $false' */
        attached = next_value(reading, arena_format(reading->arena, "-%s:", parameter->name), true);
    if (word[size] && !attached && parameter->kind == OPERATION_SWITCH)
        return false;
    return take_value(reading, parameter, arena_format(reading->arena, "-%s", parameter->name), attached);
}

/* --- options --- */

static bool option_is(struct reading *reading, const struct operation_parameter *parameter, const char *name)
{
    const char *option = operation_parameter_option(parameter, reading->arena);
    return option && !strcmp(option, name);
}

static const struct operation_parameter *option_parameter(struct reading *reading, const char *name)
{
    for (const struct operation_parameter *p = reading->operation->parameters; p && p->name; p++)
        if (option_is(reading, p, name))
            return p;
    for (const struct operation_parameter *p = operation_common_parameters; reading->operation->flags & OPERATION_CHANGES && p->name; p++)
        if (option_is(reading, p, name))
            return p;
    return NULL;
}

static bool take_fixed(struct operation_words *words, const char *name)
{
    static const struct {
        const char *name;
        enum object_form form;
    } forms[] = {{"json", OBJECT_FORM_JSON}, {"csv", OBJECT_FORM_CSV}, {"table", OBJECT_FORM_TABLE}, {"list", OBJECT_FORM_LIST},
                 {"json-lines", OBJECT_FORM_LINES}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (!strcmp(name, forms[i].name)) {
            words->form = forms[i].form;
            return true;
        }
    if (!strcmp(name, "help"))
        words->help = true;
    else if (!strcmp(name, "verbose"))
        words->verbose = true;
    else
        return false;
    return true;
}

static const char *options_of(struct reading *reading)
{
    const char *list = "";
    for (const struct operation_parameter *p = reading->operation->parameters; p && p->name && list; p++)
        list = arena_format(reading->arena, "%s--%s, ", list, operation_parameter_option(p, reading->arena));
    return list ? list : "";
}

static bool take_option(struct reading *reading, const char *word)
{
    size_t size = strcspn(word, "=");
    char *name = arena_format(reading->arena, "%.*s", (int)size, word);
    const char *attached = word[size] ? word + size + 1 : NULL;
    if (!name)
        return fail(reading, NULL);
    const struct operation_parameter *parameter = option_parameter(reading, name);
    if (parameter)
        return take_value(reading, parameter, arena_format(reading->arena, "--%s", name), attached);
    bool changes = reading->operation->flags & OPERATION_CHANGES;
    if (changes && !attached && !strcmp(name, "dry-run"))
        return store(reading, &operation_common_parameters[0], json_true());
    if (changes && !attached && !strcmp(name, "yes")) {
        reading->words->confirm = OPERATION_CONFIRM_NEVER;
        return true;
    }
    if (!attached && take_fixed(reading->words, name))
        return true;
    int taken = reading->other ? reading->other->take(reading->other->state, reading->argc, reading->argv, &reading->index, reading->ret_error) : 0;
    if (taken)
        return taken > 0;
    return fail(reading, arena_format(reading->arena, "no option '--%.64s'; there are %s--json, --csv, --table, --list%s", name, options_of(reading),
                                      changes ? ", --dry-run, --yes" : ""));
}

/* --- words without a name --- */

static const struct operation_parameter *first_parameter(const struct operation *operation)
{
    for (const struct operation_parameter *p = operation->parameters; p && p->name; p++)
        if (p->flags & OPERATION_POSITION_0)
            return p;
    return NULL;
}

static bool take_plain(struct reading *reading, const char *word)
{
    const struct operation_parameter *parameter = first_parameter(reading->operation);
    if (!parameter)
        return fail(reading, arena_format(reading->arena, "'%.64s': %s takes no word without its parameter's name", word, reading->operation->name));
    if (json_object_get(reading->words->given, parameter->name))
        return fail(reading, arena_format(reading->arena, "'%.64s': of which parameter? %s is given already", word, parameter->name));
    return store_text(reading, parameter, word);
}

static bool take_word(struct reading *reading)
{
    const char *word = reading->argv[reading->index], *name;
    if (reading->plain)
        return take_plain(reading, word);
    if (!strcmp(word, "--")) {
        reading->plain = true;
        return true;
    }
    if ((name = option_of(word)))
        return take_option(reading, name);
    if ((name = parameter_of(word)))
        return take_parameter(reading, name);
    return take_plain(reading, word);
}

/* WhatIf stays, since the operation's function follows it; Confirm is ours alone. */
static bool take_confirm(struct reading *reading)
{
    json_t *given = reading->words->given, *confirm = json_object_get(given, "Confirm");
    const char *text = json_string_value(confirm);
    bool no = text && (!strcasecmp(text, "$false") || !strcasecmp(text, "false") || !strcasecmp(text, "no") || !strcasecmp(text, "off") || !strcmp(text, "0"));
    bool yes = text && (!strcasecmp(text, "$true") || !strcasecmp(text, "true") || !strcasecmp(text, "yes") || !strcasecmp(text, "on") || !strcmp(text, "1"));
    if (!confirm)
        return true;
    if (text && !no && !yes)
        return fail(reading, arena_format(reading->arena, "Confirm: '%.64s' is neither $true nor $false", text));
    reading->words->confirm = no ? OPERATION_CONFIRM_NEVER : OPERATION_CONFIRM_ALWAYS;
    return json_object_del(given, "Confirm") == 0;
}

bool operation_words_read(struct arena *arena, const struct operation *operation, const struct operation_other_options *other, int argc,
                          char **argv, struct operation_words *ret_words, const char **ret_error)
{
    struct operation_words words = {.given = json_object()};
    struct reading reading = {.arena = arena, .operation = operation, .other = other, .argc = argc, .argv = argv, .words = &words,
                              .ret_error = ret_error};
    bool good = words.given || fail(&reading, NULL);
    for (; good && reading.index < argc; reading.index++)
        good = take_word(&reading);
    good = good && (!(operation->flags & OPERATION_CHANGES) || take_confirm(&reading));
    if (good)
        *ret_words = words;
    else
        operation_words_free(&words);
    return good;
}

void operation_words_free(struct operation_words *words)
{
    json_decref(words->given);
    words->given = NULL;
}

/* --- objects of the pipe --- */

bool operation_words_want_objects(const struct operation *operation, const json_t *given)
{
    bool wanted = false;
    for (const struct operation_parameter *p = operation->parameters; p && p->name; p++) {
        if (p->flags & OPERATION_PIPED && json_object_get(given, p->name))
            return false; /* who is meant was said */
        wanted |= (p->flags & OPERATION_PIPED) != 0;
    }
    return wanted;
}

bool operation_words_are_complete(const struct operation *operation, const json_t *given)
{
    for (const struct operation_parameter *p = operation->parameters; p && p->name; p++)
        if (p->flags & OPERATION_REQUIRED && !json_object_get(given, p->name))
            return false;
    return true;
}

static const json_t *value_for(const struct operation_parameter *parameter, bool first, const json_t *object)
{
    if (!json_is_object(object)) /* a text says who is meant */
        return first ? object : NULL;
    const json_t *value = object_property(object, parameter->name, NULL);
    if (!value && parameter->alias)
        value = object_property(object, parameter->alias, NULL);
    if (!value && first)
        value = object_property(object, "Identity", NULL);
    return json_is_null(value) ? NULL : value;
}

json_t *operation_words_bind(struct arena *arena, const struct operation *operation, const json_t *given, const json_t *object,
                             const char **ret_error)
{
    json_t *bound = json_copy((json_t *)given);
    const char *first_name = NULL;
    bool any = false;
    for (const struct operation_parameter *p = operation->parameters; bound && p && p->name; p++) {
        if (!(p->flags & OPERATION_PIPED) || json_object_get(given, p->name))
            continue;
        const json_t *value = value_for(p, !first_name, object);
        first_name = first_name ? first_name : p->name;
        if (value && json_object_set(bound, p->name, (json_t *)value) == 0)
            any = true;
    }
    if (bound && any)
        return bound;
    json_decref(bound);
    *ret_error = arena_format(arena, "an object came by the pipe without the property %s", first_name ? first_name : "Identity");
    return NULL;
}
