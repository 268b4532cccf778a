/* The comparison of a scan with the store: both are in the order of their paths and are gone over
 * once, side by side.
 *
 * A time is trusted as git trusts it: a file that changes twice within the grain of its file
 * system's clock, the second time behind the scan, keeps size and time. So what was changed less
 * than RACY_NS before the last scan began is read again.
 *
 * Memory: 4 bytes a file of the store, a record for each file that is read. */
#include "code/updating/diff.h"

#include "code/listing.h"

#define RACY_NS 2000000000 /* FAT keeps times of 2 s; others' are finer */

static firn_status out_of_memory(firn_error *ret_error)
{
    return firn_error_set(ret_error, FIRN_NO_MEMORY, 0, "out of memory while looking for changes");
}

static firn_status make_fates(struct diff *diff, const struct opened *opened)
{
    const struct meta *meta = &opened->meta;
    diff->layers = meta->layers;
    diff->fates = firn_allocate_zeroed(diff->allocator, meta->layer_count, sizeof(uint32_t *));
    if (diff->fates == NULL)
        return FIRN_NO_MEMORY;
    diff->layer_count = meta->layer_count;
    for (uint32_t i = 0; i < meta->layer_count; i++) {
        diff->fates[i] = firn_allocate_zeroed(diff->allocator, meta->layers[i].files + 1,
                                              sizeof *diff->fates[i]);
        if (diff->fates[i] == NULL)
            return FIRN_NO_MEMORY;
        for (uint32_t file = 0; file < meta->layers[i].files; file++)
            if (changes_is_hidden(&opened->layers[i].changes, file))
                diff->fates[i][file] = FATE_GONE;
    }
    return FIRN_OK;
}

static void set_fate(struct diff *diff, const struct opened *opened, uint64_t number, uint32_t fate)
{
    uint32_t layer = opened->meta.layer_count - 1;
    while (layer > 0 && number < opened->layers[layer].first)
        layer--;
    diff->fates[layer][number - opened->layers[layer].first] = fate;
}

/* Keeps a file of the scan as the next one that is to be read; former has no path when it is new,
 * and is taken over. */
static firn_status keep(struct diff *diff, struct scan *scan, size_t file,
                        const struct opened_file *former)
{
    void *formers = diff->formers;
    if (!firn_grow(diff->allocator, &formers, &diff->former_capacity, diff->former_count + 1,
                   sizeof *diff->formers))
        return FIRN_NO_MEMORY;
    diff->formers = formers;
    diff->formers[diff->former_count] = *former;
    scan->files[diff->former_count++] = scan->files[file];
    return FIRN_OK;
}

static bool is_damaged(const struct diff *diff, const struct opened_file *file)
{
    return diff->damage != NULL && damage_hits(diff->damage, &file->record);
}

static bool may_have_changed(const struct diff *diff, const struct opened *opened,
                             const struct scan_file *found, const struct opened_file *file)
{
    const uint32_t language = file->record.language;
    return is_damaged(diff, file) || found->size != file->record.size ||
           found->mtime_ns != file->record.mtime_ns ||
           found->mtime_ns >= opened->meta.scanned_ns - RACY_NS ||
           language >= opened->meta.language_count ||
           language_by_name(opened->meta.languages[language].name) != found->language;
}

/* Takes a file that both have. */
static firn_status take_both(struct diff *diff, struct opened *opened, struct scan *scan,
                             size_t number, struct opened_file *file, firn_error *ret_error)
{
    if (!may_have_changed(diff, opened, &scan->files[number], file)) {
        diff->unchanged++;
        return FIRN_OK;
    }
    set_fate(diff, opened, file->number, (uint32_t)diff->former_count + 1);
    if (keep(diff, scan, number, file) != FIRN_OK)
        return out_of_memory(ret_error);
    file->path = NULL; /* it is the diff's now, as is the record */
    file->record = (struct file_record){.language = 0};
    return FIRN_OK;
}

/* Takes what comes first of the two lists. file is on the store's next file, unless its path is
 * NULL; it is freed when it was taken. */
static firn_status take_next(struct diff *diff, struct opened *opened, struct scan *scan,
                             size_t *next, struct opened_file *file, firn_error *ret_error)
{
    static const struct opened_file none;
    int order = file->path == NULL ? -1 : 1;
    if (file->path != NULL && *next < scan->file_count)
        order = strcmp(scan->files[*next].path, file->path);
    firn_status status = FIRN_OK;
    if (order < 0)
        return keep(diff, scan, (*next)++, &none) == FIRN_OK ? FIRN_OK : out_of_memory(ret_error);
    if (order == 0) {
        status = take_both(diff, opened, scan, (*next)++, file, ret_error);
    } else {
        set_fate(diff, opened, file->number, FATE_GONE);
        diff->removed++;
    }
    opened_file_fini(opened, file);
    return status;
}

static void drop_rest(struct scan *scan, size_t count)
{
    scan->file_count = count;
    scan->source_bytes = 0;
    for (size_t i = 0; i < count; i++)
        scan->source_bytes += scan->files[i].size;
}

firn_status diff_run(struct diff *diff, struct opened *opened, struct scan *scan,
                     const struct damage *damage, firn_error *ret_error)
{
    struct listing listing = {.opened = NULL};
    struct opened_file file = {.path = NULL};
    bool is_at_end = false;
    size_t next = 0;
    *diff = (struct diff){.allocator = opened->allocator, .damage = damage};
    firn_status status = make_fates(diff, opened) == FIRN_OK ? FIRN_OK : out_of_memory(ret_error);
    if (status == FIRN_OK)
        status = listing_begin(&listing, opened, "", ret_error);
    while (status == FIRN_OK && (!is_at_end || next < scan->file_count)) {
        if (file.path == NULL && !is_at_end) {
            status = listing_next(&listing, &file, ret_error);
            is_at_end = status == FIRN_END_OF_DATA;
            if (is_at_end)
                status = FIRN_OK;
        }
        if (status == FIRN_OK && (file.path != NULL || next < scan->file_count))
            status = take_next(diff, opened, scan, &next, &file, ret_error);
    }
    opened_file_fini(opened, &file);
    listing_end(&listing);
    if (status == FIRN_OK)
        drop_rest(scan, diff->former_count);
    return status;
}

void diff_fini(struct diff *diff, struct opened *opened)
{
    for (size_t i = 0; i < diff->former_count; i++)
        opened_file_fini(opened, &diff->formers[i]);
    firn_release(diff->allocator, diff->formers, diff->former_capacity * sizeof *diff->formers);
    for (uint32_t i = 0; diff->fates != NULL && i < diff->layer_count; i++)
        if (diff->fates[i] != NULL)
            firn_release(diff->allocator, diff->fates[i],
                         (diff->layers[i].files + 1) * sizeof *diff->fates[i]);
    firn_release(diff->allocator, diff->fates, diff->layer_count * sizeof(uint32_t *));
    *diff = (struct diff){.allocator = diff->allocator};
}
