#include "oab/manifest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "oab/publication.h"

static bool read_xml(struct arena *arena, const char *xml, struct oab_manifest *manifest)
{
    return oab_manifest_read(arena, bytes_of_string(xml), manifest);
}

#define HASH "0123456789abcdef0123456789ABCDEF01234567"
#define FULL(name) "<OAB><OAL id='2e3eaccd-85a0-4abe-84f8-603a49801bb6' dn='/' name='\\G'>" \
    "<Full seq='4' ver='32' size='574' uncompressedsize='1872' SHA='" HASH "'>" name "</Full></OAL></OAB>"

static void test_manifest_comes_back(void **state)
{
    struct arena arena = {0};
    struct buffer xml = {0};
    const struct oab_file files[] = {
        {OAB_FULL, 4, 32, 574, 1872, "0123456789abcdef0123456789abcdef01234567", 0, OAB_WINDOWS, "a-data-4.lzx"},
        {OAB_TEMPLATE, 4, 7, 5, 6, "0123456789abcdef0123456789abcdef01234567", 0x40C, OAB_MAC, "a-mac040c-4.lzx"},
        {OAB_DIFFERENCE, 4, 32, 7, UINT32_MAX, "0123456789abcdef0123456789abcdef01234567", 0, OAB_WINDOWS, "a-binpatch-4.lzx"},
    };
    const struct oab_list list = {"2e3eaccd-85a0-4abe-84f8-603a49801bb6", "/", "\\R&D <\"all\">\x01", 3, files};
    assert_true(oab_manifest_write(&(struct oab_manifest){1, &list}, &xml));
    struct oab_manifest again;
    assert_true(oab_manifest_read(&arena, buffer_bytes(&xml), &again));
    assert_int_equal(again.list_count, 1);
    assert_string_equal(again.lists[0].id, list.id);
    assert_string_equal(again.lists[0].name, "\\R&D <\"all\">");
    assert_int_equal(again.lists[0].file_count, 3);
    for (unsigned i = 0; i < 3; i++) {
        const struct oab_file *file = &again.lists[0].files[i];
        assert_int_equal(file->kind, files[i].kind);
        assert_int_equal(file->sequence, files[i].sequence);
        assert_int_equal(file->version, files[i].version);
        assert_int_equal(file->size, files[i].size);
        assert_int_equal(file->content_size, files[i].content_size);
        assert_string_equal(file->hash, files[i].hash);
        assert_int_equal(file->language, files[i].language);
        assert_int_equal(file->platform, files[i].platform);
        assert_string_equal(file->name, files[i].name);
    }
    assert_ptr_equal(oab_list_newest(&again.lists[0]), &again.lists[0].files[0]);
    assert_ptr_equal(oab_list_find(&again.lists[0], OAB_TEMPLATE, 4, 0x40C, OAB_MAC), &again.lists[0].files[1]);
    assert_null(oab_list_find(&again.lists[0], OAB_TEMPLATE, 4, 0x40C, OAB_WINDOWS));
    buffer_free(&xml);
    arena_free(&arena);
}

/* As Exchange writes it: single quotes, blanks around names, several lists (MS-OXWOAB 3). */
static void test_manifest_of_exchange(void **state)
{
    struct arena arena = {0};
    struct oab_manifest manifest;
    assert_true(read_xml(&arena,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<OAB>\n"
        "<OAL id='f867b9e0-d01e-43e3-8708-ba86a1c77dff' dn='/guid=F8E7206B268E404B9519453F0F184D24' name='\\All Rooms'>\n"
        "<Full seq='2' ver='32' size='554' uncompressedsize='1165' SHA='d626d8d782332b7e8d689eea266ee315c31f19da'>\n"
        "    f867b9e0-d01e-43e3-8708-ba86a1c77dff-data-2.lzx\n</Full>\n"
        "<Template seq='2' ver='7' size='5794' uncompressedsize='25620' SHA='53fb16d6dcdf1a559b8649e9b269eee84b85c91b' "
        "langid='0409' type='mac'>f867b9e0-d01e-43e3-8708-ba86a1c77dff-mac0409-2.lzx</Template>\n"
        "<Diff seq='2' ver='32' size='132' uncompressedsize='1165' SHA='f53ec568b6fc3e4adce0e7d7dfd51ace604a9234'>\n"
        "f867b9e0-d01e-43e3-8708-ba86a1c77dff-binpatch-2.lzx</Diff></OAL>\n"
        "<OAL id='2e3eaccd-85a0-4abe-84f8-603a49801bb6' dn='/' name='\\Global Address List'/><Later/></OAB>", &manifest));
    assert_int_equal(manifest.list_count, 2);
    assert_int_equal(manifest.lists[0].file_count, 3);
    assert_string_equal(manifest.lists[0].files[0].name, "f867b9e0-d01e-43e3-8708-ba86a1c77dff-data-2.lzx");
    assert_int_equal(manifest.lists[0].files[1].platform, OAB_MAC);
    assert_int_equal(manifest.lists[0].files[1].language, 0x409);
    assert_null(oab_list_newest(&manifest.lists[1]));
    arena_free(&arena);
}

static void test_names_that_lead_elsewhere_are_refused(void **state)
{
    struct arena arena = {0};
    struct oab_manifest manifest;
    assert_true(read_xml(&arena, FULL("data.lzx"), &manifest));
    assert_false(read_xml(&arena, FULL("../data.lzx"), &manifest));
    assert_false(read_xml(&arena, FULL("/etc/passwd"), &manifest));
    assert_false(read_xml(&arena, FULL("a\\b"), &manifest));
    assert_false(read_xml(&arena, FULL(".."), &manifest));
    assert_false(read_xml(&arena, FULL(""), &manifest));
    assert_false(read_xml(&arena, FULL("a b"), &manifest));
    assert_false(read_xml(&arena, FULL("a%2Fb"), &manifest));
    arena_free(&arena);
}

static void test_hostile_manifests(void **state)
{
    struct arena arena = {0};
    struct oab_manifest manifest;
    assert_false(read_xml(&arena, "", &manifest));
    assert_false(read_xml(&arena, "<OAB", &manifest));
    assert_false(read_xml(&arena, "<Other/>", &manifest));
    assert_false(read_xml(&arena, "<!DOCTYPE OAB [<!ENTITY a 'b'>]><OAB/>", &manifest));
    assert_false(read_xml(&arena, "<!DOCTYPE OAB SYSTEM 'file:///etc/passwd'><OAB/>", &manifest));
    assert_false(read_xml(&arena, "<OAB><OAL id='x' dn='/' name='n'/></OAB>", &manifest));
    assert_false(read_xml(&arena, "<OAB><OAL id='2e3eaccd-85a0-4abe-84f8-603a49801bb6' dn='/' name='n'>"
        "<Full seq='-4' ver='32' size='574' uncompressedsize='1872' SHA='" HASH "'>n</Full></OAL></OAB>", &manifest));
    assert_false(read_xml(&arena, "<OAB><OAL id='2e3eaccd-85a0-4abe-84f8-603a49801bb6' dn='/' name='n'>"
        "<Full seq='4' ver='32' size='4294967296' uncompressedsize='1872' SHA='" HASH "'>n</Full></OAL></OAB>", &manifest));
    assert_false(read_xml(&arena, "<OAB><OAL id='2e3eaccd-85a0-4abe-84f8-603a49801bb6' dn='/' name='n'>"
        "<Full seq='4' ver='32' size='4' uncompressedsize='1872' SHA='12'>n</Full></OAL></OAB>", &manifest));
    assert_true(read_xml(&arena, "<OAB/>", &manifest));
    arena_free(&arena);
}

static void test_file_names(void **state)
{
    struct arena arena = {0};
    struct oab_file_name name;
#define ID "2e3eaccd-85a0-4abe-84f8-603a49801bb6"
    assert_true(oab_file_name_read(ID "-data-4.lzx", &name));
    assert_int_equal(name.kind, OAB_FULL);
    assert_int_equal(name.sequence, 4);
    assert_string_equal(oab_file_name_make(&arena, &name), ID "-data-4.lzx");
    assert_true(oab_file_name_read("2E3EACCD-85A0-4ABE-84F8-603A49801BB6-LNG040C-4294967295.LZX", &name));
    assert_int_equal(name.language, 0x40C);
    assert_int_equal(name.sequence, UINT32_MAX);
    assert_string_equal(oab_file_name_make(&arena, &name), ID "-lng040c-4294967295.lzx");
    assert_true(oab_file_name_read(ID "-mac0409-1.lzx", &name));
    assert_int_equal(name.platform, OAB_MAC);
    assert_true(oab_file_name_read(ID "-binpatch-10.lzx", &name));
    static const char *const others[] = {"", "oab.xml", ID, ID "-data-4.lz", ID "-data-.lzx", ID "-data-0.lzx", ID "-data-04.lzx",
        ID "-data-4294967296.lzx", ID "-data-4.lzx.new", ID "-lng409-4.lzx", ID "-lngzzzz-4.lzx", ID "/../a-data-4.lzx",
        "x" ID "-data-4.lzx", "{2e3eaccd-85a0-4abe-84f8-603a49801b}-data-4.lzx", ID "-data--4.lzx", ID "-data-4 .lzx"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(oab_file_name_read(others[i], &name));
    arena_free(&arena);
}

/* MS-OXOAB 2.2 */
static void test_template_files(void **state)
{
    struct arena arena = {0};
    struct buffer file = {0};
    struct oab_template creation = {"/cn=smtp", BYTES_LITERAL("controls"), BYTES_LITERAL("script"), "Internet address"};
    struct oab_templates templates = {.creation_count = 1, .creations = &creation}, again;
    templates.templates[0].controls = BYTES_LITERAL("mail user");
    templates.templates[6].controls = BYTES_LITERAL("contact");
    assert_true(oab_template_file_write(&templates, &file));
    assert_int_equal(load_u32(file.data), 7);
    assert_int_equal(load_u32(file.data + 12), 0); /* oDN */
    assert_int_equal(load_u32(file.data + 20), 12 + 7 * 32 + 16 + 4 + 32); /* oTmplt: the data section */
    assert_int_equal(load_u32(file.data + 24), 9);
    assert_true(oab_template_file_read(&arena, buffer_bytes(&file), &again));
    assert_true(bytes_equal(again.templates[0].controls, templates.templates[0].controls));
    assert_true(bytes_equal(again.templates[6].controls, templates.templates[6].controls));
    assert_int_equal(again.templates[3].controls.size, 0);
    assert_int_equal(again.creation_count, 1);
    assert_string_equal(again.creations[0].dn, "/cn=smtp");
    assert_string_equal(again.creations[0].display_name, "Internet address");
    assert_true(bytes_equal(again.creations[0].script, creation.script));
    for (size_t cut = 0; cut < 12 + 7 * 32 + 16 + 4 + 32; cut++)
        assert_false(oab_template_file_read(&arena, bytes_of(file.data, cut), &again));
    store_u32(file.data + 24, UINT32_MAX);
    assert_false(oab_template_file_read(&arena, buffer_bytes(&file), &again));
    buffer_free(&file);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_manifest_comes_back),
        cmocka_unit_test(test_manifest_of_exchange),
        cmocka_unit_test(test_names_that_lead_elsewhere_are_refused),
        cmocka_unit_test(test_hostile_manifests),
        cmocka_unit_test(test_file_names),
        cmocka_unit_test(test_template_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
