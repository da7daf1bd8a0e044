#include "oab/publication.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <dirent.h>

#include "oab/difference.h"
#include "oab/mapping.h"

#define SEQUENCE_NAME "sequence" /* "<id> <the last reserved sequence>\n" */
#define LOCK_NAME "lock"
#define MAKING_SUFFIX ".new"     /* what stands under such a name was never published */
#define LISTED_DN "/"            /* the global address list is the root of address lists */
#define RECORD_ARENA_SIZE_MAX (16u << 20)

/* One publication under way. */
struct making {
    const struct oab_publication *publication;
    struct arena arena;
    int folder_fd, lock_fd;
    char id[GUID_TEXT_SIZE];
    uint32_t reserved;              /* the last sequence that may ever have been used */
    uint32_t sequence;              /* of this generation */
    const struct oab_list *before;  /* what is published; NULL for nothing that can be built on */
    const struct oab_file *before_full;
    struct oab_mapping old_content, content;
    struct oab_file *files;
    uint32_t file_count;
    struct oab_published result;
};

/* --- single files --- */

static int create(struct making *making, const char *name)
{
    int fd = openat(making->folder_fd, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    return fd;
}

/* The file is complete: on disk, then under its own name. Closes it. */
static bool settle(struct making *making, int fd, const char *making_name, const char *name)
{
    bool synced = fsync(fd) == 0;
    close(fd);
    return synced && renameat(making->folder_fd, making_name, making->folder_fd, name) == 0;
}

static bool write_text(struct making *making, const char *name, struct bytes text)
{
    const char *making_name = arena_format(&making->arena, "%s" MAKING_SUFFIX, name);
    int fd = making_name ? create(making, making_name) : -1;
    if (fd < 0)
        return false;
    struct oab_output output = {.fd = fd};
    oab_output_write(&output, text);
    if (!oab_output_flush(&output)) {
        close(fd);
        return false;
    }
    return settle(making, fd, making_name, name) && fsync(making->folder_fd) == 0;
}

/* --- what there is --- */

static void read_sequence(struct making *making)
{
    struct oab_mapping mapping;
    char id[GUID_TEXT_SIZE] = "", text[64];
    unsigned sequence = 0;
    struct guid guid;
    if (!oab_mapping_open(making->folder_fd, SEQUENCE_NAME, &mapping))
        return;
    size_t size = mapping.bytes.size < sizeof text ? mapping.bytes.size : sizeof text - 1;
    if (size)
        memcpy(text, mapping.bytes.data, size);
    text[size] = 0;
    oab_mapping_close(&mapping);
    if (sscanf(text, "%36s %10u", id, &sequence) != 2 || !guid_parse(id, &guid))
        return;
    guid_format(guid, making->id);
    making->reserved = sequence;
}

/* Takes over the list of the published manifest; NULL where there is none of ours. */
static void read_manifest(struct making *making)
{
    struct oab_mapping mapping;
    struct oab_manifest manifest;
    if (!oab_mapping_open(making->folder_fd, OAB_MANIFEST_NAME, &mapping))
        return;
    bool read = oab_manifest_read(&making->arena, mapping.bytes, &manifest);
    oab_mapping_close(&mapping);
    struct guid guid;
    if (!read || manifest.list_count != 1 || !guid_parse(manifest.lists[0].id, &guid))
        return;
    const struct oab_list *list = &manifest.lists[0];
    const struct oab_file *full = oab_list_newest(list);
    char id[GUID_TEXT_SIZE];
    guid_format(guid, id);
    if (!full || (making->id[0] && strcmp(making->id, id) != 0))
        return;
    memcpy(making->id, id, sizeof id);
    if (full->sequence > making->reserved)
        making->reserved = full->sequence;
    making->before = list;
    making->before_full = full;
}

/* Half of a generation that never came to be. */
static void remove_leftovers(struct making *making)
{
    int fd = openat(making->folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (!folder)
        return;
    for (struct dirent *entry; (entry = readdir(folder));) {
        size_t size = strlen(entry->d_name), suffix = sizeof MAKING_SUFFIX - 1;
        if (size > suffix && strcmp(entry->d_name + size - suffix, MAKING_SUFFIX) == 0)
            unlinkat(making->folder_fd, entry->d_name, 0);
    }
    closedir(folder);
}

static bool open_folder(struct making *making)
{
    const char *folder = making->publication->folder;
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return false;
    making->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (making->folder_fd < 0)
        return false;
    making->lock_fd = openat(making->folder_fd, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (making->lock_fd < 0)
        return false;
    while (flock(making->lock_fd, LOCK_EX) != 0)
        if (errno != EINTR)
            return false;
    remove_leftovers(making);
    read_sequence(making);
    read_manifest(making);
    if (!making->id[0])
        guid_format(guid_random(), making->id);
    making->sequence = making->reserved + 1;
    return making->sequence != 0;
}

static bool cancelled(const struct making *making)
{
    return making->publication->cancelled && atomic_load_explicit(making->publication->cancelled, memory_order_relaxed);
}

/* --- the details --- */

static bool write_entries(struct making *making, struct oab_details_writer *writer)
{
    const struct oab_source *source = &making->publication->source;
    struct arena arena = {.size_max = RECORD_ARENA_SIZE_MAX};
    struct oab_record record = {0};
    bool written = true;
    uint32_t count = address_book_count(source->book);
    for (uint32_t i = 0; i < count && written; i++) {
        if (cancelled(making)) {
            written = false;
            break;
        }
        if (!oab_entry_included(address_book_entry(source->book, i)))
            continue;
        struct bytes finished = oab_entry_record(&arena, source, i, &record);
        written = finished.size != 0;
        if (written)
            oab_details_add(writer, finished);
        arena_reset(&arena);
    }
    arena_free(&arena);
    buffer_free(&record.data);
    return written;
}

/* A file without a name any more: only the mapping holds it. */
static bool keep_mapped(struct making *making, int fd, const char *making_name, struct oab_mapping *ret_mapping)
{
    bool mapped = oab_mapping_of(fd, ret_mapping);
    close(fd);
    return unlinkat(making->folder_fd, making_name, 0) == 0 && mapped;
}

static bool make_details(struct making *making)
{
    struct oab_details_header header = {.name = making->publication->list_name, .dn = LISTED_DN, .sequence = making->sequence};
    int fd = create(making, "details" MAKING_SUFFIX);
    if (fd < 0 || !guid_parse(making->id, &header.container))
        return false;
    struct oab_details_writer writer;
    oab_details_begin(&writer, fd, &header, oab_entry_properties, oab_entry_property_count);
    bool written = write_entries(making, &writer);
    written &= oab_details_end(&writer);
    making->result.entry_count = writer.record_count;
    if (!written) {
        close(fd);
        return false;
    }
    return keep_mapped(making, fd, "details" MAKING_SUFFIX, &making->content);
}

/* The content of the published full file. Where it is damaged or gone, the next generation has no patch. */
static void expand_before(struct making *making)
{
    struct oab_mapping file;
    char hash[OAB_HASH_TEXT_SIZE];
    if (!making->before || !oab_mapping_open(making->folder_fd, making->before_full->name, &file))
        return;
    oab_hash(file.bytes, hash);
    int fd = strcmp(hash, making->before_full->hash) == 0 ? create(making, "old" MAKING_SUFFIX) : -1;
    enum oab_status status = fd < 0 ? OAB_FAILED : oab_expand(file.bytes, fd);
    oab_mapping_close(&file);
    if (fd >= 0 && status != OAB_OK) {
        close(fd);
        unlinkat(making->folder_fd, "old" MAKING_SUFFIX, 0);
    } else if (fd >= 0 && !keep_mapped(making, fd, "old" MAKING_SUFFIX, &making->old_content)) {
        oab_mapping_close(&making->old_content);
    }
}

/* --- the files of this generation --- */

/* Compresses into a new file, or makes a patch with cuts, and adds it to the manifest. */
static bool add_file(struct making *making, struct oab_file file, struct bytes content, const struct oab_cuts *cuts)
{
    struct oab_file_name name = {.kind = file.kind, .sequence = making->sequence, .language = file.language,
        .platform = file.platform};
    memcpy(name.id, making->id, sizeof name.id);
    file.name = oab_file_name_make(&making->arena, &name);
    const char *making_name = file.name ? arena_format(&making->arena, "%s" MAKING_SUFFIX, file.name) : NULL;
    int fd = making_name ? create(making, making_name) : -1;
    if (fd < 0 || cancelled(making)) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    enum oab_status status = cuts
        ? oab_make_patch(making->old_content.bytes, content, cuts->cuts, cuts->count, fd)
        : oab_compress(content, making->publication->method, fd);
    struct oab_mapping mapping;
    if (status != OAB_OK || !oab_mapping_of(fd, &mapping)) {
        close(fd);
        return false;
    }
    oab_hash(mapping.bytes, file.hash);
    file.size = (uint32_t)mapping.bytes.size;
    file.content_size = (uint32_t)content.size;
    file.sequence = making->sequence;
    oab_mapping_close(&mapping);
    making->files[making->file_count++] = file;
    return settle(making, fd, making_name, file.name) && file.hash[0];
}

static bool add_full(struct making *making)
{
    if (!add_file(making, (struct oab_file){.kind = OAB_FULL, .version = OAB_DETAILS_VERSION}, making->content.bytes, NULL))
        return false;
    making->result.file_size = making->files[making->file_count - 1].size;
    making->result.content_size = making->content.bytes.size;
    return true;
}

/* The patch from the generation before, if that was the sequence before, and the older ones behind it. */
static bool add_differences(struct making *making)
{
    struct oab_cuts cuts = {0};
    uint32_t kept_max = making->publication->difference_count_max;
    if (kept_max == 0 || !making->old_content.bytes.size || making->before_full->sequence != making->sequence - 1)
        return true;
    enum oab_status status = oab_cut_files(making->old_content.bytes, making->content.bytes, &cuts);
    if (status != OAB_OK)
        return status != OAB_FAILED; /* none can be made: the chain begins anew */
    bool added = add_file(making, (struct oab_file){.kind = OAB_DIFFERENCE, .version = OAB_DETAILS_VERSION},
        making->content.bytes, &cuts);
    free(cuts.cuts);
    if (!added)
        return false;
    making->result.difference_size = making->files[making->file_count - 1].size;
    for (uint32_t sequence = making->sequence - 1, kept = 1; sequence && kept < kept_max; sequence--, kept++) {
        const struct oab_file *older = oab_list_find(making->before, OAB_DIFFERENCE, sequence, 0, OAB_WINDOWS);
        if (!older || faccessat(making->folder_fd, older->name, R_OK, 0) != 0)
            break;
        making->files[making->file_count++] = *older;
    }
    return true;
}

/* The same content under one more name. */
static bool add_link(struct making *making, struct oab_file file, uint32_t language, enum oab_platform platform)
{
    const char *target = file.name;
    struct oab_file_name name = {.kind = OAB_TEMPLATE, .sequence = making->sequence, .language = language, .platform = platform};
    memcpy(name.id, making->id, sizeof name.id);
    file.name = oab_file_name_make(&making->arena, &name);
    file.language = language;
    file.platform = platform;
    making->files[making->file_count++] = file;
    if (!file.name || (unlinkat(making->folder_fd, file.name, 0) != 0 && errno != ENOENT))
        return false;
    return linkat(making->folder_fd, target, making->folder_fd, file.name, 0) == 0;
}

static bool add_language(struct making *making, const struct oab_language *language, struct buffer *first_content,
                         const struct oab_file **first)
{
    struct buffer content = {0};
    bool added = oab_template_file_write(&language->templates, &content);
    if (added && *first && bytes_equal(buffer_bytes(&content), buffer_bytes(first_content))) {
        added = add_link(making, **first, language->lcid, OAB_WINDOWS);
    } else if (added) {
        added = add_file(making, (struct oab_file){.kind = OAB_TEMPLATE, .version = OAB_TEMPLATE_VERSION,
            .language = language->lcid}, buffer_bytes(&content), NULL);
    }
    const struct oab_file *windows = &making->files[making->file_count - 1];
    added = added && add_link(making, *windows, language->lcid, OAB_MAC);
    if (added && !*first) {
        *first = windows;
        *first_content = content;
        return true;
    }
    buffer_free(&content);
    return added;
}

static bool add_templates(struct making *making)
{
    struct buffer first_content = {0};
    const struct oab_file *first = NULL;
    bool added = true;
    for (uint32_t i = 0; i < making->publication->language_count && added; i++)
        added = add_language(making, &making->publication->languages[i], &first_content, &first);
    buffer_free(&first_content);
    return added;
}

/* Whether the published templates are those of now: of the same languages, with the same content. */
static bool templates_same(const struct making *making)
{
    const struct oab_publication *publication = making->publication;
    uint32_t published = 0;
    for (uint32_t i = 0; i < making->before->file_count; i++)
        published += making->before->files[i].kind == OAB_TEMPLATE;
    bool same = published == 2 * publication->language_count;
    for (uint32_t i = 0; i < publication->language_count && same; i++) {
        struct buffer content = {0};
        const struct oab_file *file = oab_list_find(making->before, OAB_TEMPLATE, making->before_full->sequence,
            publication->languages[i].lcid, OAB_WINDOWS);
        struct oab_mapping mapping = {BYTES_NONE};
        FILE *target = tmpfile();
        same = file && target && oab_template_file_write(&publication->languages[i].templates, &content)
            && content.size == file->content_size && oab_mapping_open(making->folder_fd, file->name, &mapping)
            && oab_expand(mapping.bytes, fileno(target)) == OAB_OK;
        struct oab_mapping target_mapping = {BYTES_NONE};
        same = same && oab_mapping_of(fileno(target), &target_mapping)
            && bytes_equal(target_mapping.bytes, buffer_bytes(&content));
        oab_mapping_close(&target_mapping);
        oab_mapping_close(&mapping);
        if (target)
            fclose(target);
        buffer_free(&content);
    }
    return same;
}

/* --- publishing --- */

static bool write_sequence(struct making *making)
{
    const char *text = arena_format(&making->arena, "%s %u\n", making->id, making->sequence);
    return text && write_text(making, SEQUENCE_NAME, bytes_of_string(text));
}

static bool write_manifest(struct making *making)
{
    struct oab_list list = {.id = making->id, .dn = LISTED_DN, .name = making->publication->list_name,
        .file_count = making->file_count, .files = making->files};
    struct oab_manifest manifest = {1, &list};
    struct buffer xml = {0};
    bool written = oab_manifest_write(&manifest, &xml) && fsync(making->folder_fd) == 0
        && write_text(making, OAB_MANIFEST_NAME, buffer_bytes(&xml));
    buffer_free(&xml);
    return written;
}

/* When the generation after that of 'sequence' was published, as far as its full file still tells; 0 for unknown. */
static time_t superseded_at(const struct making *making, struct dirent **entries, int entry_count, uint32_t sequence)
{
    uint32_t next = UINT32_MAX;
    time_t since = 0;
    for (int i = 0; i < entry_count; i++) {
        struct oab_file_name name;
        struct stat status;
        if (oab_file_name_read(entries[i]->d_name, &name) && strcmp(name.id, making->id) == 0 && name.kind == OAB_FULL
            && name.sequence > sequence && name.sequence < next
            && fstatat(making->folder_fd, entries[i]->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
            next = name.sequence;
            since = status.st_mtime;
        }
    }
    return since;
}

static bool is_listed(const struct oab_file *files, uint32_t count, const char *name)
{
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(files[i].name, name) == 0)
            return true;
    return false;
}

/* Files of generations that nobody can be downloading any more. The full file of the sequence behind is asked for its time, so
 * files go before those that tell their time: the lowest sequences first. */
static void retire(struct making *making, const struct oab_file *files, uint32_t count, uint32_t sequence)
{
    struct dirent **entries;
    int entry_count = scandirat(making->folder_fd, ".", &entries, NULL, NULL);
    time_t now = time(NULL);
    uint32_t next = 0;
    while (entry_count > 0 && next != UINT32_MAX) { /* one round for each sequence, ascending */
        uint32_t current = next;
        next = UINT32_MAX;
        time_t since = superseded_at(making, entries, entry_count, current);
        bool over = now >= since && now - since >= (time_t)making->publication->retain_s;
        for (int i = 0; i < entry_count; i++) {
            struct oab_file_name name;
            if (!oab_file_name_read(entries[i]->d_name, &name))
                continue;
            bool foreign = strcmp(name.id, making->id) != 0;
            if (!foreign && name.sequence > current && name.sequence < next)
                next = name.sequence;
            if ((foreign || (name.sequence == current && current < sequence && over))
                && !is_listed(files, count, entries[i]->d_name))
                unlinkat(making->folder_fd, entries[i]->d_name, 0);
        }
    }
    for (int i = 0; i < entry_count; i++)
        free(entries[i]);
    if (entry_count >= 0)
        free(entries);
}

static bool unchanged(struct making *making)
{
    return !making->publication->forced && making->old_content.bytes.size
        && oab_details_same(making->old_content.bytes, making->content.bytes) && templates_same(making);
}

static bool make_generation(struct making *making)
{
    uint32_t files_max = 2 + making->publication->difference_count_max + 2 * making->publication->language_count;
    making->files = arena_array(&making->arena, struct oab_file, files_max);
    return making->files && write_sequence(making) && add_full(making) && add_templates(making) && add_differences(making)
        && write_manifest(making);
}

static bool publish(struct making *making)
{
    if (!open_folder(making) || !make_details(making))
        return false;
    expand_before(making);
    if (unchanged(making)) {
        making->result.sequence = making->before_full->sequence;
        making->result.content_size = making->before_full->content_size;
        making->result.file_size = making->before_full->size;
        retire(making, making->before->files, making->before->file_count, making->result.sequence);
        return true;
    }
    if (!make_generation(making))
        return false;
    making->result.changed = true;
    making->result.sequence = making->sequence;
    retire(making, making->files, making->file_count, making->sequence);
    return true;
}

enum oab_status oab_publish(const struct oab_publication *publication, struct oab_published *ret_published)
{
    struct making making = {.publication = publication, .folder_fd = -1, .lock_fd = -1};
    bool published = publish(&making);
    oab_mapping_close(&making.content);
    oab_mapping_close(&making.old_content);
    if (making.lock_fd >= 0) {
        if (!published)
            remove_leftovers(&making);
        close(making.lock_fd);
    }
    if (making.folder_fd >= 0)
        close(making.folder_fd);
    arena_free(&making.arena);
    if (!published)
        return OAB_FAILED;
    *ret_published = making.result;
    return OAB_OK;
}
