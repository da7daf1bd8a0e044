/* What a client with a Kerberos ticket sends, for tests: a GSSAPI token in base64 on standard output.
 *
 * usage: negotiate_token [--raw] [--binding HEX] [--complete] SERVICE@HOST
 *   --raw       the Kerberos mechanism's own token, without SPNEGO around it
 *   --binding   channel binding 'tls-server-end-point:' and these octets (or, with --binding-type, another prefix)
 *   --complete  then reads the server's token, in base64, from standard input; prints 'complete' when the server has proved
 *               itself, and ends with 1 when it has not */
#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_SIZE_MAX 65536u

static void die(const char *what, OM_uint32 major, OM_uint32 minor)
{
    OM_uint32 ignored, more = 0;
    gss_buffer_desc text;
    fprintf(stderr, "negotiate_token: %s", what);
    gss_display_status(&ignored, major, GSS_C_GSS_CODE, GSS_C_NO_OID, &more, &text);
    fprintf(stderr, ": %.*s", (int)text.length, (char *)text.value);
    gss_release_buffer(&ignored, &text);
    more = 0;
    gss_display_status(&ignored, minor, GSS_C_MECH_CODE, GSS_C_NO_OID, &more, &text);
    fprintf(stderr, ": %.*s\n", (int)text.length, (char *)text.value);
    gss_release_buffer(&ignored, &text);
    exit(1);
}

static size_t read_hex(const char *hex, char *octets, size_t size_max)
{
    size_t size = 0;
    for (unsigned octet; size < size_max && sscanf(hex + 2 * size, "%2x", &octet) == 1; size++)
        octets[size] = (char)octet;
    return size;
}

static void print_base64(const gss_buffer_desc *token)
{
    unsigned char *text = malloc(token->length * 2 + 4);
    if (!text)
        exit(1);
    EVP_EncodeBlock(text, token->value, (int)token->length);
    puts((char *)text);
    fflush(stdout);
    free(text);
}

static size_t read_base64(unsigned char *octets)
{
    static char line[TOKEN_SIZE_MAX];
    if (!fgets(line, sizeof line, stdin))
        return 0;
    size_t size = strcspn(line, "\r\n");
    int decoded = EVP_DecodeBlock(octets, (unsigned char *)line, (int)size);
    for (size_t i = size; decoded > 0 && i && line[i - 1] == '='; i--)
        decoded--;
    return decoded > 0 ? (size_t)decoded : 0;
}

int main(int argc, char **argv)
{
    static gss_OID_desc spnego = {6, "\x2b\x06\x01\x05\x05\x02"};
    static unsigned char answer[TOKEN_SIZE_MAX];
    bool raw = false, complete = false;
    const char *binding = NULL, *type = "tls-server-end-point:", *service = NULL;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--raw"))
            raw = true;
        else if (!strcmp(argv[i], "--complete"))
            complete = true;
        else if (!strcmp(argv[i], "--binding") && i + 1 < argc)
            binding = argv[++i];
        else if (!strcmp(argv[i], "--binding-type") && i + 1 < argc)
            type = argv[++i];
        else
            service = argv[i];
    }
    if (!service)
        return 2;
    char data[256];
    struct gss_channel_bindings_struct bindings = {.application_data = {0, data}};
    if (binding) {
        size_t prefix = (size_t)snprintf(data, sizeof data, "%s", type);
        bindings.application_data.length = prefix + read_hex(binding, data + prefix, sizeof data - prefix);
    }
    OM_uint32 minor, flags;
    gss_name_t target;
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;
    gss_buffer_desc name = {strlen(service), (void *)service}, input = GSS_C_EMPTY_BUFFER, output = GSS_C_EMPTY_BUFFER;
    OM_uint32 major = gss_import_name(&minor, &name, GSS_C_NT_HOSTBASED_SERVICE, &target);
    if (GSS_ERROR(major))
        die("name", major, minor);
    for (int leg = 0; leg < 2; leg++) {
        major = gss_init_sec_context(&minor, GSS_C_NO_CREDENTIAL, &context, target, raw ? gss_mech_krb5 : &spnego,
                                     GSS_C_MUTUAL_FLAG, 0, binding ? &bindings : GSS_C_NO_CHANNEL_BINDINGS, &input, NULL, &output,
                                     &flags, NULL);
        if (GSS_ERROR(major))
            die(leg ? "the server's token" : "token", major, minor);
        if (leg == 0)
            print_base64(&output);
        OM_uint32 ignored;
        gss_release_buffer(&ignored, &output);
        if (!complete)
            break;
        if (leg == 0)
            input = (gss_buffer_desc){read_base64(answer), answer};
    }
    bool proved = major == GSS_S_COMPLETE && flags & GSS_C_MUTUAL_FLAG;
    gss_delete_sec_context(&minor, &context, GSS_C_NO_BUFFER);
    gss_release_name(&minor, &target);
    if (complete)
        puts(proved ? "complete" : "incomplete");
    return complete && !proved;
}
