#include "server/config_json.h"

#include <stdio.h>

#include "server/setting.h"

static json_t *listeners(const struct config *config)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < config->listener_count; i++) {
        const struct config_listener *listener = &config->listeners[i];
        char text[300];
        bool six = false;
        for (const char *c = listener->host; *c; c++)
            six |= *c == ':';
        snprintf(text, sizeof text, six ? "[%s]:%u %s" : "%s:%u %s", listener->host, listener->port, listener->tls ? "tls" : "plain");
        if (json_array_append_new(list, json_string(text)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *value_of(const struct setting *setting, const struct config *config)
{
    const void *field = (const char *)config + setting->offset;
    char text[1024];
    switch (setting->kind) {
    case SETTING_LISTENER: return listeners(config);
    case SETTING_BOOLEAN: return json_boolean(*(const bool *)field);
    case SETTING_NUMBER: return json_integer(*(const uint32_t *)field);
    case SETTING_TEXT:
    case SETTING_PATH:
    case SETTING_CHOICE: {
        const char *value = *(char *const *)field;
        json_t *string = json_string(value ? value : "");
        return string ? string : json_string("(not UTF-8)");
    }
    case SETTING_OCTAL:
    case SETTING_DURATION:
    case SETTING_SIZE:
    case SETTING_WORDS:
        setting_format(setting, config, text, sizeof text);
        return json_string(text);
    }
    return NULL;
}

json_t *config_json(const struct config *config)
{
    json_t *object = json_object();
    const struct setting *setting;
    for (size_t i = 0; (setting = config_setting(i)); i++) {
        char name[128];
        snprintf(name, sizeof name, "%s.%s", setting->section, setting->name);
        if (json_object_set_new(object, name, value_of(setting, config)) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}
