/* Reads what libfirn-track noted: see profile.h. Called by track.c; calls symbols.c. The file was
 * written by another process, which may have been ended in the middle: every length is checked.
 * Memory: the file, and the profile. Complexity: a look into a table for each frame, and sorting of
 * the sites. */
#include "tune/profile.h"

#include "common/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct module {
    uint64_t start, end, offset;
    uint32_t from, to;
    const char *path;
};

struct known {
    uint32_t id;
    uint16_t found, is_own;
};

struct reading {
    struct profile *profile;
    struct symbols *symbols;
    const uint8_t *data;
    size_t size;
    struct module *modules;
    size_t module_count, module_capacity;
    firn_map_type *type;
    firn_map known; /* a module's number and an address, to the id of a name */
};

static bool no_memory(void)
{
    report("a profile: out of memory; close something else and try again");
    return false;
}

/* --- frames --- */

static size_t module_of(const struct reading *reading, uint64_t address, uint32_t generation)
{
    size_t at = 0;
    for (; at < reading->module_count; at++) {
        const struct module *module = &reading->modules[at];
        if (address >= module->start && address < module->end && generation >= module->from &&
            generation <= module->to)
            break;
    }
    return at;
}

static void count_name(struct profile *profile, const struct known *known)
{
    struct profile_names *const counts[] = {&profile->names_all, &profile->names_own};
    for (unsigned i = 0; i < 1u + known->is_own; i++) {
        counts[i]->all++;
        counts[i]->named += known->found != SYMBOL_NONE;
        counts[i]->placed += known->found == SYMBOL_LINE;
    }
}

/* A return address lies behind the call, which may be the last code of its function. */
static bool name_frame(struct reading *reading, uint64_t address, uint32_t generation,
                       uint32_t *ret_id)
{
    char name[2048];
    const size_t at = module_of(reading, address - 1, generation);
    const uint64_t key = (uint64_t)at << 47 ^ address;
    void *value = NULL;
    bool is_new = false;
    if (firn_map_entry(&reading->known, &key, &value, &is_new) != FIRN_OK)
        return no_memory();
    struct known *known = value;
    if (!is_new) {
        count_name(reading->profile, known);
        *ret_id = known->id;
        return true;
    }
    const struct module *module = at < reading->module_count && reading->modules[at].path[0] != '\0'
                                      ? &reading->modules[at]
                                      : NULL;
    enum symbol_found found = SYMBOL_NONE;
    if (module == NULL)
        snprintf(name, sizeof name, "0x%llx", (unsigned long long)(address - 1));
    else
        found = symbols_name(reading->symbols, module->path,
                             address - 1 - module->start + module->offset, name, sizeof name);
    if (firn_intern_put(reading->profile->names, name, strlen(name), ret_id, NULL) != FIRN_OK)
        return no_memory();
    *known = (struct known){.id = *ret_id,
                            .found = (uint16_t)found,
                            .is_own = module != NULL &&
                                      strcmp(module->path, reading->profile->command) == 0};
    count_name(reading->profile, known);
    return true;
}

/* --- records --- */

static bool read_module(struct reading *reading, const struct trace_module *record)
{
    const size_t path_bytes = record->record.bytes - sizeof *record;
    if (memchr(record->path, '\0', path_bytes) == NULL)
        return true;
    if (!firn_grow(NULL, (void **)&reading->modules, &reading->module_capacity,
                   reading->module_count + 1, sizeof *reading->modules))
        return no_memory();
    reading->modules[reading->module_count++] = (struct module){
        record->start, record->end, record->offset, record->from, record->to, record->path};
    return true;
}

static bool read_site(struct reading *reading, const struct trace_head *head,
                      const struct trace_site *record)
{
    struct profile *profile = reading->profile;
    if (record->frame_count > (record->record.bytes - sizeof *record) / sizeof record->frames[0])
        return true;
    if (!firn_grow(NULL, (void **)&profile->sites, &profile->site_capacity, profile->site_count + 1,
                   sizeof *profile->sites) ||
        !firn_grow(NULL, (void **)&profile->frames, &profile->frame_capacity,
                   profile->frame_count + record->frame_count + 1, sizeof *profile->frames))
        return no_memory();
    struct profile_site *site = &profile->sites[profile->site_count++];
    *site = (struct profile_site){
        .first = (uint32_t)profile->frame_count,
        .count = record->frame_count,
        .calls = record->begun.calls,
        .bytes = record->begun.bytes,
        .malloc_bytes = record->begun.malloc_bytes,
        .arena_bytes = record->begun.arena_bytes,
        .calls_variance = record->begun.calls_variance,
        .bytes_variance = record->begun.bytes_variance,
        .peak_bytes = record->version == head->version ? record->peak_bytes : record->live_bytes,
        .leaked_bytes = record->live_bytes,
        .leaked_calls = record->live_calls,
    };
    for (uint32_t i = 0; i < record->frame_count; i++)
        if (!name_frame(reading, record->frames[i], record->generation,
                        &profile->frames[profile->frame_count++]))
            return false;
    return true;
}

/* All of one kind: modules come first, as frames need them. */
static bool read_records(struct reading *reading, const struct trace_head *head,
                         enum trace_kind kind)
{
    size_t at = TRACE_RECORDS_AT;
    while (at + sizeof(struct trace_record) <= reading->size) {
        const struct trace_record *record =
            (const struct trace_record *)(const void *)(reading->data + at);
        const size_t least = record->kind == TRACE_SITE     ? sizeof(struct trace_site)
                             : record->kind == TRACE_MODULE ? sizeof(struct trace_module)
                                                            : SIZE_MAX;
        if (record->bytes % 8 != 0 || record->bytes < least || record->bytes > reading->size - at)
            break;
        if (record->kind == (uint32_t)kind &&
            !(kind == TRACE_MODULE
                  ? read_module(reading, (const struct trace_module *)(const void *)record)
                  : read_site(reading, head, (const struct trace_site *)(const void *)record)))
            return false;
        at += record->bytes;
    }
    return true;
}

/* --- merging --- */

static const struct profile *ordered;

static int compare_stacks(const void *a, const void *b)
{
    const struct profile_site *left = a, *right = b;
    const uint32_t least = left->count < right->count ? left->count : right->count;
    for (uint32_t i = 0; i < least; i++) {
        const uint32_t x = ordered->frames[left->first + i], y = ordered->frames[right->first + i];
        if (x != y)
            return x < y ? -1 : 1;
    }
    return (left->count > right->count) - (left->count < right->count);
}

static int compare_bytes(const void *a, const void *b)
{
    const struct profile_site *left = a, *right = b;
    if (left->bytes != right->bytes)
        return left->bytes < right->bytes ? 1 : -1;
    return (left->first > right->first) - (left->first < right->first);
}

/* Sites with the same frames become one; returns how many there are, the most bytes first. */
static uint32_t merge(const struct profile *profile, struct profile_site *sites, uint32_t count)
{
    uint32_t kept = 0;
    ordered = profile;
    if (count == 0)
        return 0;
    qsort(sites, count, sizeof *sites, compare_stacks);
    for (uint32_t i = 1; i < count; i++) {
        struct profile_site *into = &sites[kept];
        const struct profile_site *site = &sites[i];
        if (compare_stacks(into, site) != 0) {
            sites[++kept] = *site;
            continue;
        }
        into->calls += site->calls;
        into->bytes += site->bytes;
        into->malloc_bytes += site->malloc_bytes;
        into->arena_bytes += site->arena_bytes;
        into->peak_bytes += site->peak_bytes;
        into->leaked_bytes += site->leaked_bytes;
        into->leaked_calls += site->leaked_calls;
        into->calls_variance += site->calls_variance;
        into->bytes_variance += site->bytes_variance;
    }
    qsort(sites, kept + 1, sizeof *sites, compare_bytes);
    return kept + 1;
}

struct profile_site *profile_group(const struct profile *profile, uint32_t depth,
                                   uint32_t *ret_count)
{
    const size_t bytes = (profile->site_count + 1) * sizeof *profile->sites;
    struct profile_site *sites = firn_allocate(NULL, bytes);
    if (sites == NULL)
        return NULL;
    for (uint32_t i = 0; i < profile->site_count; i++) {
        sites[i] = profile->sites[i];
        sites[i].count = sites[i].count < depth ? sites[i].count : depth;
    }
    *ret_count = merge(profile, sites, profile->site_count);
    return sites;
}

/* --- a file --- */

static void read_head(struct profile *profile, const struct trace_head *head,
                      const struct trace_thread *threads)
{
    memcpy(profile->command, head->command, sizeof profile->command);
    profile->command[sizeof profile->command - 1] = '\0';
    memcpy(profile->arguments, head->arguments, sizeof profile->arguments);
    profile->argument_bytes =
        head->argument_bytes <= TRACE_ARGUMENTS_BYTES ? head->argument_bytes : 0;
    profile->pid = head->pid;
    profile->threads = head->thread_count;
    profile->begin_ns = head->begin_ns;
    profile->end_ns = head->end_ns;
    profile->cpu_ns = head->cpu_ns;
    profile->interval_bytes = head->interval_bytes;
    profile->samples = head->samples;
    profile->lost = head->lost;
    profile->peak_bytes = head->peak_bytes;
    profile->kept_peak_bytes = head->kept_peak_bytes;
    profile->slab_peak_bytes = head->slab_peak_bytes;
    profile->malloc_peak_bytes = head->malloc_peak_bytes;
    for (unsigned i = 0; i < TRACE_SIZES; i++) {
        struct trace_size *size = &profile->sizes[i];
        *size = head->sizes[i];
        if (size->version != head->version) {
            size->peak_calls = size->live_calls;
            size->peak_bytes = size->live_bytes;
        }
    }
    memcpy(profile->lifetimes, head->lifetimes, sizeof profile->lifetimes);
    for (unsigned i = 0; i < TRACE_THREADS; i++) {
        profile->calls += threads[i].calls;
        profile->bytes += threads[i].bytes;
    }
}

static bool read_trace(struct reading *reading)
{
    struct profile *profile = reading->profile;
    const struct trace_head *head = (const struct trace_head *)(const void *)reading->data;
    read_head(profile, head,
              (const struct trace_thread *)(const void *)(reading->data + TRACE_THREADS_AT));
    if (head->used_bytes < reading->size)
        reading->size =
            head->used_bytes > TRACE_RECORDS_AT ? (size_t)head->used_bytes : TRACE_RECORDS_AT;
    const firn_map_type_options options = {.key = FIRN_KEY_U64,
                                           .value_bytes = sizeof(struct known)};
    if (firn_intern_create(NULL, &profile->names) != FIRN_OK ||
        firn_map_type_create(&options, &reading->type) != FIRN_OK)
        return no_memory();
    firn_map_init(&reading->known, reading->type);
    if (!read_records(reading, head, TRACE_MODULE) || !read_records(reading, head, TRACE_SITE))
        return false;
    profile->site_count = merge(profile, profile->sites, profile->site_count);
    for (uint32_t i = 0; i < profile->site_count; i++) {
        profile->leaked_bytes += profile->sites[i].leaked_bytes;
        profile->leaked_calls += profile->sites[i].leaked_calls;
    }
    return true;
}

static bool read_file(const char *path, uint8_t **ret_data, size_t *ret_size)
{
    FILE *file = fopen(path, "re");
    long size = -1;
    if (file != NULL && fseek(file, 0, SEEK_END) == 0)
        size = ftell(file);
    uint8_t *data = size > 0 ? firn_allocate(NULL, (size_t)size) : NULL;
    const bool is_read = data != NULL && fseek(file, 0, SEEK_SET) == 0 &&
                         fread(data, 1, (size_t)size, file) == (size_t)size;
    if (file != NULL)
        fclose(file);
    if (!is_read && data != NULL)
        firn_release(NULL, data, (size_t)size);
    if (is_read) {
        *ret_data = data;
        *ret_size = (size_t)size;
    }
    return is_read;
}

bool profile_read(struct profile *profile, const char *path, struct symbols *symbols,
                  bool *ret_empty)
{
    uint8_t *data = NULL;
    size_t size = 0;
    *profile = (struct profile){.pid = 0};
    *ret_empty = true;
    if (!read_file(path, &data, &size))
        return false;
    struct reading reading = {.profile = profile, .symbols = symbols, .data = data, .size = size};
    const struct trace_head *head = (const struct trace_head *)(void *)data;
    bool is_good = false;
    if (size >= TRACE_RECORDS_AT && head->magic == TRACE_MAGIC) {
        *ret_empty = false;
        is_good = read_trace(&reading);
    }
    firn_map_fini(&reading.known);
    firn_map_type_destroy(reading.type);
    firn_release(NULL, reading.modules, reading.module_capacity * sizeof *reading.modules);
    firn_release(NULL, data, size);
    if (!is_good)
        profile_release(profile);
    return is_good;
}

void profile_release(struct profile *profile)
{
    firn_intern_destroy(profile->names);
    firn_release(NULL, profile->sites, profile->site_capacity * sizeof *profile->sites);
    firn_release(NULL, profile->frames, profile->frame_capacity * sizeof *profile->frames);
    *profile = (struct profile){.pid = 0};
}
