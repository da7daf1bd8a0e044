/* Makes a directory of N entries for benchmarks: people with names of many languages, groups (one of a twentieth of all, nested
 * ones, dynamic ones), contacts, rooms, shared mailboxes. The same N gives the same names, attributes and memberships each time;
 * only the ids differ.
 *
 * usage: fill_directory FOLDER COUNT
 *
 * FOLDER/directory.sqlite is made, with the organization 'Bench' of bench.test if there is none. The first entry is the user
 * 'bench' with the password 'benchmark 1'; nobody else can log on. 'everyone' is a group of a twentieth of all.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/filetime.h"
#include "directory/embedded.h"

#define VALUES_MAX 16u

struct name {
    const char *text, *ascii;
};
struct language {
    const char *country, *city;
    bool family_first;
    struct name given[8], family[8];
};
static const struct language languages[] = {
    {"United Kingdom", "Leeds", false,
     {{"Emma", "emma"}, {"Oliver", "oliver"}, {"Grace", "grace"}, {"Harry", "harry"}, {"Isla", "isla"}, {"Jack", "jack"}, {"Amelia", "amelia"}, {"Noah", "noah"}},
     {{"Smith", "smith"}, {"Taylor", "taylor"}, {"O'Brien", "obrien"}, {"MacDonald", "macdonald"}, {"Wright", "wright"}, {"Evans", "evans"}, {"Walker", "walker"}, {"Hughes", "hughes"}}},
    {"Deutschland", "K\u00f6ln", false,
     {{"J\u00fcrgen", "juergen"}, {"Anna", "anna"}, {"S\u00f6ren", "soeren"}, {"Uta", "uta"}, {"Lukas", "lukas"}, {"Hannah", "hannah"}, {"B\u00e4rbel", "baerbel"}, {"Max", "max"}},
     {{"M\u00fcller", "mueller"}, {"Schmidt", "schmidt"}, {"Wei\u00df", "weiss"}, {"Sch\u00e4fer", "schaefer"}, {"von der Heide", "vonderheide"}, {"K\u00f6nig", "koenig"}, {"Becker", "becker"}, {"Hoffmann", "hoffmann"}}},
    {"France", "Besan\u00e7on", false,
     {{"C\u00e9line", "celine"}, {"Fran\u00e7ois", "francois"}, {"Zo\u00e9", "zoe"}, {"Andr\u00e9", "andre"}, {"L\u00e9a", "lea"}, {"Hugo", "hugo"}, {"Ana\u00efs", "anais"}, {"Jean-Luc", "jean-luc"}},
     {{"Lef\u00e8vre", "lefevre"}, {"Dubois", "dubois"}, {"B\u00e9ranger", "beranger"}, {"Moreau", "moreau"}, {"d'Alembert", "dalembert"}, {"Garnier", "garnier"}, {"No\u00ebl", "noel"}, {"Petit", "petit"}}},
    {"Espa\u00f1a", "M\u00e1laga", false,
     {{"Jos\u00e9", "jose"}, {"Luc\u00eda", "lucia"}, {"\u00c1ngel", "angel"}, {"Bego\u00f1a", "begona"}, {"Pablo", "pablo"}, {"Carmen", "carmen"}, {"I\u00f1igo", "inigo"}, {"Sof\u00eda", "sofia"}},
     {{"Garc\u00eda", "garcia"}, {"Nu\u00f1ez", "nunez"}, {"Fern\u00e1ndez", "fernandez"}, {"Ib\u00e1\u00f1ez", "ibanez"}, {"L\u00f3pez", "lopez"}, {"de la Cruz", "delacruz"}, {"Mu\u00f1oz", "munoz"}, {"Ortega", "ortega"}}},
    {"Polska", "\u0141\u00f3d\u017a", false,
     {{"\u0141ukasz", "lukasz"}, {"Ma\u0142gorzata", "malgorzata"}, {"Zbigniew", "zbigniew"}, {"\u017baneta", "zaneta"}, {"Micha\u0142", "michal"}, {"Ewa", "ewa"}, {"Pawe\u0142", "pawel"}, {"Agnieszka", "agnieszka"}},
     {{"Kowalski", "kowalski"}, {"W\u00f3jcik", "wojcik"}, {"D\u0105browski", "dabrowski"}, {"Zieli\u0144ski", "zielinski"}, {"\u015awi\u0105tek", "swiatek"}, {"Nowak", "nowak"}, {"Lewandowski", "lewandowski"}, {"G\u00f3rski", "gorski"}}},
    {"\u010cesko", "Plze\u0148", false,
     {{"Ji\u0159\u00ed", "jiri"}, {"V\u011bra", "vera"}, {"Ond\u0159ej", "ondrej"}, {"\u0160t\u011bp\u00e1n", "stepan"}, {"Ludmila", "ludmila"}, {"Ch\u00edrina", "chirina"}, {"Tom\u00e1\u0161", "tomas"}, {"Eli\u0161ka", "eliska"}},
     {{"Dvo\u0159\u00e1k", "dvorak"}, {"Chalupa", "chalupa"}, {"Novotn\u00fd", "novotny"}, {"\u010cern\u00fd", "cerny"}, {"H\u00e1jek", "hajek"}, {"R\u016f\u017ei\u010dka", "ruzicka"}, {"Svoboda", "svoboda"}, {"\u017d\u00e1k", "zak"}}},
    {"\u0395\u03bb\u03bb\u03ac\u03b4\u03b1", "\u03a0\u03ac\u03c4\u03c1\u03b1", false,
     {{"\u0393\u03b9\u03ce\u03c1\u03b3\u03bf\u03c2", "giorgos"}, {"\u0395\u03bb\u03ad\u03bd\u03b7", "eleni"}, {"\u039d\u03af\u03ba\u03bf\u03c2", "nikos"}, {"\u039c\u03b1\u03c1\u03af\u03b1", "maria"}, {"\u0386\u03bd\u03bd\u03b1", "anna-g"}, {"\u0399\u03c9\u03ac\u03bd\u03bd\u03b7\u03c2", "ioannis"}, {"\u03a3\u03bf\u03c6\u03af\u03b1", "sofia-g"}, {"\u038c\u03bb\u03b3\u03b1", "olga"}},
     {{"\u03a0\u03b1\u03c0\u03b1\u03b4\u03cc\u03c0\u03bf\u03c5\u03bb\u03bf\u03c2", "papadopoulos"}, {"\u039d\u03b9\u03ba\u03bf\u03bb\u03b1\u0390\u03b4\u03b7\u03c2", "nikolaidis"}, {"\u0391\u03b3\u03b3\u03b5\u03bb\u03ae\u03c2", "angelis"}, {"\u0394\u03ae\u03bc\u03bf\u03c5", "dimou"}, {"\u039a\u03cc\u03c3\u03c4\u03b1\u03c2", "kostas"}, {"\u039b\u03ac\u03bc\u03c0\u03c1\u03bf\u03c5", "lamprou"}, {"\u03a1\u03ae\u03b3\u03b1\u03c2", "rigas"}, {"\u03a7\u03b1\u03c4\u03b6\u03ae\u03c2", "chatzis"}}},
    {"\u0420\u043e\u0441\u0441\u0438\u044f", "\u0422\u0432\u0435\u0440\u044c", false,
     {{"\u0410\u043d\u0430\u0441\u0442\u0430\u0441\u0438\u044f", "anastasiya"}, {"\u0411\u043e\u0440\u0438\u0441", "boris"}, {"\u0421\u0435\u0440\u0433\u0435\u0439", "sergey"}, {"\u041e\u043b\u044c\u0433\u0430", "olga-r"}, {"\u0424\u0451\u0434\u043e\u0440", "fyodor"}, {"\u042e\u043b\u0438\u044f", "yuliya"}, {"\u041f\u0451\u0442\u0440", "pyotr"}, {"\u0418\u0440\u0438\u043d\u0430", "irina"}},
     {{"\u0418\u0432\u0430\u043d\u043e\u0432", "ivanov"}, {"\u041a\u0443\u0437\u043d\u0435\u0446\u043e\u0432", "kuznetsov"}, {"\u0421\u043e\u043b\u043e\u0432\u044c\u0451\u0432", "solovyov"}, {"\u0416\u0443\u043a\u043e\u0432", "zhukov"}, {"\u0429\u0435\u0440\u0431\u0430\u043a\u043e\u0432", "shcherbakov"}, {"\u0415\u0433\u043e\u0440\u043e\u0432", "yegorov"}, {"\u041b\u0435\u0431\u0435\u0434\u0435\u0432", "lebedev"}, {"\u042f\u043a\u043e\u0432\u043b\u0435\u0432", "yakovlev"}}},
    {"\u65e5\u672c", "\u4eac\u90fd", true,
     {{"\u592a\u90ce", "taro"}, {"\u82b1\u5b50", "hanako"}, {"\u5065\u4e00", "kenichi"}, {"\u7f8e\u54b2", "misaki"}, {"\u76f4\u6a39", "naoki"}, {"\u6075\u5b50", "keiko"}, {"\u7fd4", "sho"}, {"\u3055\u304f\u3089", "sakura"}},
     {{"\u7530\u4e2d", "tanaka"}, {"\u4f50\u85e4", "sato"}, {"\u9234\u6728", "suzuki"}, {"\u9ad8\u6a4b", "takahashi"}, {"\u6e21\u8fba", "watanabe"}, {"\u5c0f\u6797", "kobayashi"}, {"\u5c71\u672c", "yamamoto"}, {"\u4e2d\u6751", "nakamura"}}},
    {"\u4e2d\u56fd", "\u6210\u90fd", true,
     {{"\u4f1f", "wei"}, {"\u82b3", "fang"}, {"\u5a1c", "na"}, {"\u654f", "min"}, {"\u9759", "jing"}, {"\u78ca", "lei"}, {"\u6d0b", "yang"}, {"\u8273", "yan"}},
     {{"\u738b", "wang"}, {"\u674e", "li"}, {"\u5f20", "zhang"}, {"\u5218", "liu"}, {"\u9648", "chen"}, {"\u6768", "yang-x"}, {"\u8d75", "zhao"}, {"\u5434", "wu"}}},
    {"\u0645\u0635\u0631", "\u0627\u0644\u062c\u064a\u0632\u0629", false,
     {{"\u0645\u062d\u0645\u062f", "mohamed"}, {"\u0641\u0627\u0637\u0645\u0629", "fatma"}, {"\u0623\u062d\u0645\u062f", "ahmed"}, {"\u0644\u064a\u0644\u0649", "layla"}, {"\u0643\u0631\u064a\u0645", "karim"}, {"\u0646\u0648\u0631", "nour"}, {"\u064a\u0648\u0633\u0641", "youssef"}, {"\u0645\u0631\u064a\u0645", "maryam"}},
     {{"\u062d\u0633\u0646", "hassan"}, {"\u0627\u0644\u0633\u064a\u062f", "elsayed"}, {"\u0625\u0628\u0631\u0627\u0647\u064a\u0645", "ibrahim"}, {"\u0639\u0644\u064a", "ali"}, {"\u0645\u062d\u0645\u0648\u062f", "mahmoud"}, {"\u0635\u0627\u0644\u062d", "saleh"}, {"\u0639\u062b\u0645\u0627\u0646", "osman"}, {"\u0641\u0631\u062c", "farag"}}},
    {"T\u00fcrkiye", "\u0130zmir", false,
     {{"I\u015f\u0131l", "isil"}, {"\u0130brahim", "ibrahim-t"}, {"\u015eule", "sule"}, {"\u00c7a\u011fla", "cagla"}, {"Emre", "emre"}, {"Ay\u015fe", "ayse"}, {"O\u011fuz", "oguz"}, {"\u00dclk\u00fc", "ulku"}},
     {{"Y\u0131lmaz", "yilmaz"}, {"\u015eahin", "sahin"}, {"\u00d6zt\u00fcrk", "ozturk"}, {"Ayd\u0131n", "aydin"}, {"\u00c7elik", "celik"}, {"Do\u011fan", "dogan"}, {"I\u015f\u0131k", "isik"}, {"\u0130nan", "inan"}}},
};
#define LANGUAGE_COUNT (sizeof languages / sizeof *languages)
static const char *const departments[] = {"Research", "Sales", "Finance", "Legal", "Operations", "Human Resources", "Support", "Purchasing"};
static const char *const titles[] = {"Engineer", "Manager", "Assistant", "Director", "Analyst", "Clerk", "Consultant", "Apprentice"};

struct fill {
    struct directory *directory;
    struct arena arena; /* of one entry */
    struct guid *ids;   /* of all entries so far */
    uint32_t count, total;
    uint64_t random;
    struct guid managers[64];
    uint32_t manager_count;
    struct directory_value values[VALUES_MAX];
    struct bytes items[VALUES_MAX];
    uint32_t value_count;
};

static void require(enum directory_status status, const struct embedded_error *error)
{
    if (status == DIRECTORY_OK)
        return;
    fprintf(stderr, "fill_directory: %s\n", error ? error->text : directory_status_text(status));
    exit(1);
}

/* The same sequence each time (xorshift). */
static uint32_t draw(struct fill *fill, uint32_t below)
{
    fill->random ^= fill->random << 13;
    fill->random ^= fill->random >> 7;
    fill->random ^= fill->random << 17;
    return (uint32_t)(fill->random >> 20) % below;
}

static void say(struct fill *fill, enum directory_attribute attribute, const char *text)
{
    fill->items[fill->value_count] = bytes_of_string(text);
    fill->values[fill->value_count] = (struct directory_value){attribute, 1, &fill->items[fill->value_count]};
    fill->value_count++;
}

static void add(struct fill *fill, struct embedded_entry *entry)
{
    struct embedded_error error;
    struct directory_entry added;
    entry->values = fill->values;
    entry->value_count = fill->value_count;
    require(embedded_directory_add_entry(fill->directory, &fill->arena, entry, &added, &error), &error);
    fill->ids[fill->count++] = added.id;
    fill->value_count = 0;
}

static void add_person(struct fill *fill, enum directory_kind kind)
{
    struct arena *arena = &fill->arena;
    const struct language *language = &languages[draw(fill, LANGUAGE_COUNT)];
    const struct name *given = &language->given[draw(fill, 8)], *family = &language->family[draw(fill, 8)];
    const char *account = arena_format(arena, "%s.%s.%u", given->ascii, family->ascii, fill->count);
    const char *address = arena_format(arena, "%s@elsewhere%u.test", account, draw(fill, 500));
    uint32_t department = draw(fill, 8);
    struct guid manager;
    struct embedded_entry entry = {.kind = kind, .account = account};
    entry.display_name = language->family_first ? arena_format(arena, "%s %s", family->text, given->text)
                                                : arena_format(arena, "%s %s", given->text, family->text);
    if (kind == DIRECTORY_CONTACT) {
        entry.addresses = &address;
        entry.address_count = 1;
    }
    say(fill, DIRECTORY_ATTRIBUTE_GIVEN_NAME, given->text);
    say(fill, DIRECTORY_ATTRIBUTE_SURNAME, family->text);
    say(fill, DIRECTORY_ATTRIBUTE_COUNTRY, language->country);
    say(fill, DIRECTORY_ATTRIBUTE_LOCALITY, language->city);
    say(fill, DIRECTORY_ATTRIBUTE_TELEPHONE, arena_format(arena, "+%u %u", 30 + draw(fill, 60), 1000000 + draw(fill, 9000000)));
    if (kind == DIRECTORY_USER) {
        say(fill, DIRECTORY_ATTRIBUTE_TITLE, titles[draw(fill, 8)]);
        say(fill, DIRECTORY_ATTRIBUTE_DEPARTMENT, departments[department]);
        say(fill, DIRECTORY_ATTRIBUTE_COMPANY, "Bench");
        say(fill, DIRECTORY_ATTRIBUTE_OFFICE, arena_format(arena, "%c%u", 'A' + (char)draw(fill, 6), 100 + draw(fill, 400)));
        say(fill, DIRECTORY_ATTRIBUTE_MOBILE_TELEPHONE, arena_format(arena, "+%u %u", 30 + draw(fill, 60), 1000000 + draw(fill, 9000000)));
        if (fill->manager_count > 0) {
            manager = fill->managers[draw(fill, fill->manager_count)];
            say(fill, DIRECTORY_ATTRIBUTE_MANAGER, "");
            fill->items[fill->value_count - 1] = bytes_of(manager.data, sizeof manager.data);
        }
    }
    add(fill, &entry);
    if (kind == DIRECTORY_USER && fill->manager_count < 64)
        fill->managers[fill->manager_count++] = fill->ids[fill->count - 1];
}

static void add_group(struct fill *fill, uint32_t member_count, const char *account, const char *display_name)
{
    struct embedded_entry entry = {.kind = DIRECTORY_GROUP, .account = account, .display_name = display_name};
    struct guid *members = arena_array(&fill->arena, struct guid, member_count + 1);
    for (uint32_t i = 0; i < member_count; i++)
        members[i] = fill->ids[draw(fill, fill->count)];
    entry.members = members;
    entry.member_count = member_count;
    add(fill, &entry);
}

static void add_one(struct fill *fill)
{
    struct arena *arena = &fill->arena;
    uint32_t number = fill->count, kind = number % 200;
    if (number > 0 && kind < 6) {
        add_group(fill, 2 + draw(fill, number < 40 ? 2 : 38), arena_format(arena, "team.%u", number),
                  arena_format(arena, "%s team %u", departments[draw(fill, 8)], number));
    } else if (kind < 8 && number > 0) {
        struct embedded_entry room = {.kind = DIRECTORY_ROOM, .account = arena_format(arena, "room.%u", number),
                                      .display_name = arena_format(arena, "Room %c%u", 'A' + (char)draw(fill, 6), number)};
        say(fill, DIRECTORY_ATTRIBUTE_ROOM_CAPACITY, arena_format(arena, "%u", 2 + draw(fill, 60)));
        add(fill, &room);
    } else if (kind == 8) {
        struct embedded_entry shared = {.kind = DIRECTORY_SHARED_MAILBOX, .account = arena_format(arena, "desk.%u", number),
                                        .display_name = arena_format(arena, "%s desk %u", departments[draw(fill, 8)], number)};
        add(fill, &shared);
    } else if (number % 10000 == 9) {
        struct embedded_entry dynamic = {.kind = DIRECTORY_DYNAMIC_GROUP, .account = arena_format(arena, "all.%u", number),
                                         .display_name = arena_format(arena, "All of %s", departments[number / 10000 % 8]),
                                         .rule = arena_format(arena, "(&(kind=user)(department=%s))", departments[number / 10000 % 8])};
        add(fill, &dynamic);
    } else
        add_person(fill, kind < 20 ? DIRECTORY_CONTACT : DIRECTORY_USER);
    arena_reset(arena);
}

static void fill_directory(struct fill *fill)
{
    struct embedded_error error;
    require(embedded_directory_begin(fill->directory, &error), &error);
    struct embedded_entry first = {.kind = DIRECTORY_USER, .account = "bench", .display_name = "Bench User", .password = "benchmark 1"};
    add(fill, &first);
    while (fill->count + 1 < fill->total)
        add_one(fill);
    if (fill->count < fill->total)
        add_group(fill, fill->total / 20, "everyone", "Everyone");
    require(embedded_directory_commit(fill->directory, &error), &error);
}

int main(int argc, char **argv)
{
    struct fill fill = {.random = 88172645463325252ull};
    fill.total = argc == 3 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;
    if (fill.total == 0 || fill.total > 1000000) {
        fprintf(stderr, "usage: fill_directory FOLDER COUNT\n");
        return 2;
    }
    fill.ids = calloc(fill.total, sizeof *fill.ids);
    const char *path = arena_format(&fill.arena, "%s/directory.sqlite", argv[1]);
    require(embedded_directory_open(path, true, &fill.directory), NULL);
    struct directory_organization organization;
    if (directory_organization(fill.directory, &fill.arena, &organization) == DIRECTORY_NOT_FOUND)
        require(embedded_directory_set_organization(fill.directory, "Bench", "bench.test", NULL), NULL);
    uint64_t start = monotonic_ms();
    fill_directory(&fill);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("%u entries in %.1f s, %.1f s of CPU, %ld MiB at most\n", fill.count, (double)(monotonic_ms() - start) / 1000,
           (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6 + (double)usage.ru_stime.tv_sec +
               (double)usage.ru_stime.tv_usec / 1e6, usage.ru_maxrss / 1024);
    directory_close(fill.directory);
    arena_free(&fill.arena);
    free(fill.ids);
    return 0;
}
