/* Packs the pages of the calling process that differ from its template, and gives them back.
 *
 * For each private mapping the kernel lists the pages that are not a file's (and so not the
 * template's). Of those that have other bytes than the template has there, the words that differ
 * are packed: of many pages together, or, from level 2 on, of all. Where there is a base, an image
 * of another process, what it has for the same page stands for the template's, and a page that is
 * the same is listed only. What is all zero where the template has something is listed only, and
 * what is all zero elsewhere needs nothing: a restore begins with the template's memory and zeros.
 * Then come the tables: mappings, runs of pages, signals, names.
 *
 * Words instead of pages behind the template's pages as a dictionary: 10.3 MB of a dashboard are
 * 4.2 MB for zstd, which packs them in 96 ms, not 210, to a little less, and unpacks them in 7 ms,
 * not 15; against another dashboard's image in 1 ms, not 105.
 *
 * Invariants:
 *   P1  until firn_process_release nothing of the process changes but rights of mappings, which are
 *       set back
 *   P2  a page that is in no run has the template's bytes, or those of its file, or zeros
 * Called by process.c on the window's stack (see process_work.h); calls process_image.c,
 * process_delta.c, process_unpack.c. Threads: the process's only one. Memory: the window.
 * Complexity: linear in the private pages. */
#include "region/process_pack.h"

#include "region/process_delta.h"
#include "region/process_plan.h"
#include "region/process_unpack.h"

#include <string.h>
#include <sys/mman.h>

enum { AGAIN_BYTES = 64 << 10, AGAIN_PART = 8 }; /* of the base: from both on it may pay */

typedef struct packing {
    firn_process_work *work;
    const firn_mapping *mapping; /* at hand */
    bool readable;               /* its rights are as they should be, or were made so */
    firn_block_packer *blocks;
    uint8_t *image;
    uint64_t image_bytes, image_capacity;
    firn_process_image_run *runs;
    uint64_t run_count, run_capacity;
    uint64_t page_count;
    uint64_t stack_low;
    uint8_t *masks, *words; /* of the pages at hand */
    uint64_t filled;        /* pages in these */
    uint64_t words_bytes;
    uint8_t *plain;                   /* what was packed, unpacked again */
    bool whole;                       /* the pages at hand are all */
    bool prefixed;                    /* the words of the base are before theirs */
    uint64_t room;                    /* pages that there may be */
    firn_process_unpacked *reference; /* the base; NULL: none */
    firn_block_unpacker *check;       /* NULL: packed blocks are not unpacked at once */
} packing;

static bool too_small(packing *packer)
{
    return firn_process_work_fail(packer->work, FIRN_LIMIT, 0,
                                  "the template's window is too small");
}

static bool add_block(packing *packer, const uint8_t *prefix, size_t prefix_size,
                      const uint8_t *data, size_t size)
{
    if (packer->image_capacity - packer->image_bytes < size + FIRN_PROCESS_IMAGE_BLOCK_HEADER_BYTES)
        return too_small(packer);
    const uint64_t before = packer->image_bytes;
    packer->image_bytes += firn_process_image_block_pack(packer->blocks, prefix, prefix_size, data,
                                                         size, packer->image + before);
    if (packer->check == NULL)
        return true;
    uint64_t at = before;
    return (firn_process_image_block_unpack(packer->check, packer->image, packer->image_bytes, &at,
                                            prefix, prefix_size, packer->plain, size) &&
            at == packer->image_bytes && memcmp(packer->plain, data, size) == 0) ||
           firn_process_work_fail(packer->work, FIRN_CORRUPT, 0,
                                  "what was packed does not unpack to the same");
}

/* Packs the pages at hand. */
static bool flush_pages(packing *packer)
{
    const uint64_t count = packer->filled, bytes = packer->words_bytes;
    packer->filled = packer->words_bytes = 0;
    return count == 0 ||
           (add_block(packer, NULL, 0, packer->masks, count * FIRN_DELTA_MASK_BYTES) &&
            (bytes == 0 || add_block(packer, NULL, 0, packer->words, bytes)));
}

static bool add_run(packing *packer, uint64_t address, firn_run_kind kind)
{
    firn_process_image_run *last =
        packer->run_count > 0 ? &packer->runs[packer->run_count - 1] : NULL;
    if (last != NULL && last->kind == (uint32_t)kind && last->page_count < UINT32_MAX &&
        last->start + (uint64_t)last->page_count * FIRN_PAGE == address &&
        address > packer->mapping->start) {
        last->page_count++;
        return true;
    }
    if (packer->run_count == packer->run_capacity)
        return too_small(packer);
    packer->runs[packer->run_count++] = (firn_process_image_run){address, 1, (uint32_t)kind};
    return true;
}

static bool is_zero(const uint8_t *page)
{
    return page[0] == 0 && memcmp(page, page + 1, FIRN_PAGE - 1) == 0;
}

/* Whether what was taken of the page makes it again. */
static bool is_taken(packing *packer, const uint8_t *page, const uint8_t *known,
                     const uint8_t *mask, const uint8_t *words)
{
    uint64_t again[FIRN_PAGE / sizeof(uint64_t)];
    if (packer->check == NULL)
        return true;
    memcpy(again, known, FIRN_PAGE);
    firn_delta_apply(again, mask, words);
    return memcmp(again, page, FIRN_PAGE) == 0 ||
           firn_process_work_fail(packer->work, FIRN_CORRUPT, 0,
                                  "a page cannot be made of what differs");
}

static bool add_data(packing *packer, uint64_t address, const uint8_t *page, const uint8_t *known)
{
    if (packer->page_count == packer->room)
        return too_small(packer);
    uint8_t *mask = packer->masks + packer->filled * FIRN_DELTA_MASK_BYTES;
    uint8_t *words = packer->words + packer->words_bytes;
    packer->words_bytes += firn_delta_take(page, known, mask, words);
    packer->filled++;
    packer->page_count++;
    return is_taken(packer, page, known, mask, words) && add_run(packer, address, FIRN_RUN_DATA) &&
           (packer->whole || packer->filled < FIRN_PROCESS_IMAGE_PIECE_PAGES ||
            flush_pages(packer));
}

/* base: NULL where the template has nothing for the page. */
static bool add_page(packing *packer, uint64_t address, const uint8_t *page, const uint8_t *base)
{
    uint64_t known[FIRN_PAGE / sizeof(uint64_t)];
    if (base != NULL && memcmp(page, base, FIRN_PAGE) == 0)
        return true;
    if (is_zero(page)) {
        bool zero_anyway = base == NULL && packer->mapping->kind != FIRN_MAPPING_FILE;
        return zero_anyway || add_run(packer, address, FIRN_RUN_ZERO);
    }
    if (base != NULL)
        memcpy(known, base, FIRN_PAGE);
    else
        memset(known, 0, FIRN_PAGE);
    if (packer->reference != NULL &&
        firn_process_unpacked_apply(packer->reference, address, known) &&
        memcmp(page, known, FIRN_PAGE) == 0)
        return add_run(packer, address, FIRN_RUN_BASE);
    return add_data(packer, address, page, (const uint8_t *)known);
}

static bool make_readable(packing *packer)
{
    const firn_mapping *mapping = packer->mapping;
    if (packer->readable)
        return true;
    long result = firn_raw_protect(mapping->start, mapping->end - mapping->start,
                                   mapping->rights | PROT_READ);
    packer->readable = result == 0;
    return packer->readable ||
           firn_process_work_fail_call(packer->work, result, "a mapping cannot be made readable");
}

static bool visit_pages(void *context, uint64_t start, uint64_t end)
{
    packing *packer = context;
    const firn_process_template *zygote = packer->work->zygote;
    uint64_t base[8 * FIRN_PAGE / sizeof(uint64_t)];
    if (!make_readable(packer))
        return false;
    while (start < end) {
        uint64_t size = end - start < sizeof base ? end - start : sizeof base;
        uint64_t offset = 0;
        bool based = firn_template_base(zygote, packer->mapping, start, &offset);
        if (packer->mapping->kind == FIRN_MAPPING_STACK)
            size = FIRN_PAGE; /* a part of it has a base */
        long result = based ? firn_raw_read_at(zygote->fd, base, size, offset) : 0;
        if (result < 0)
            return firn_process_work_fail_call(packer->work, result, "the template cannot be read");
        for (uint64_t at = 0; at < size; at += FIRN_PAGE) {
            if (!add_page(packer, start + at, (const uint8_t *)(uintptr_t)(start + at),
                          based ? (const uint8_t *)base + at : NULL))
                return false;
        }
        start += size;
    }
    return true;
}

static bool pack_mapping(packing *packer, const firn_mapping *mapping)
{
    packer->mapping = mapping;
    packer->readable = (mapping->rights & FIRN_MAPPING_READ) != 0;
    if (mapping->kind == FIRN_MAPPING_STACK) {
        /* Looked at page by page: a restore writes those in no run from the template. */
        if (packer->stack_low < mapping->start || packer->stack_low >= mapping->end)
            return firn_process_work_fail(packer->work, FIRN_UNSUPPORTED, 0,
                                          "the process does not run on its own stack");
        return visit_pages(packer, packer->stack_low, mapping->end);
    }
    bool done =
        firn_process_work_scan(packer->work, mapping->start, mapping->end, visit_pages, packer);
    if (packer->readable && (mapping->rights & FIRN_MAPPING_READ) == 0) {
        long result =
            firn_raw_protect(mapping->start, mapping->end - mapping->start, mapping->rights);
        if (result < 0)
            return firn_process_work_fail_call(packer->work, result, "a mapping's rights are lost");
    }
    return done;
}

/* --- tables --- */

static bool same_place(const firn_mapping *a, const firn_mapping *b)
{
    return a->start == b->start && a->end == b->end && a->device == b->device &&
           a->inode == b->inode && a->offset == b->offset;
}

/* Whether a new child of the zygote lacks a mapping that cannot be made anew. */
static bool is_confined(const firn_process_work_list *list, const firn_mapping *zygote,
                        size_t zygote_count)
{
    for (size_t i = 0; i < list->count; i++) {
        const firn_mapping *mapping = &list->mappings[i];
        if (mapping->kind != FIRN_MAPPING_SHARED)
            continue;
        size_t at = firn_maps_find(zygote, zygote_count, mapping->start);
        if (at == zygote_count || !same_place(&zygote[at], mapping))
            return true;
    }
    return false;
}

/* Appends the names that a new child may need, those of files. */
static size_t gather_names(const firn_process_work_list *list, firn_mapping *mappings, char *names)
{
    size_t size = 0;
    for (size_t i = 0; i < list->count; i++) {
        firn_mapping *mapping = &mappings[i];
        *mapping = list->mappings[i];
        const char *name = list->text + mapping->name_at;
        mapping->name_at = (uint32_t)size;
        if (mapping->kind != FIRN_MAPPING_FILE) {
            mapping->name_at = mapping->name_bytes = 0;
            continue;
        }
        /* Mappings of one file lie together. */
        if (i > 0 && list->mappings[i - 1].inode == mapping->inode &&
            list->mappings[i - 1].device == mapping->device &&
            mappings[i - 1].kind == FIRN_MAPPING_FILE) {
            mapping->name_at = mappings[i - 1].name_at;
            mapping->name_bytes = mappings[i - 1].name_bytes;
            continue;
        }
        memcpy(names + size, name, mapping->name_bytes);
        size += mapping->name_bytes;
    }
    return size;
}

static bool gather_signals(firn_process_work *work, firn_process_image_signal *signals,
                           uint32_t *ret_count)
{
    uint32_t count = 0;
    for (int number = 1; number <= FIRN_RAW_SIGNALS; number++) {
        firn_raw_action action;
        long result = firn_raw_action_of(number, NULL, &action);
        if (result < 0)
            return firn_process_work_fail_call(work, result, "signals cannot be looked at");
        if (action.handler != 0)
            signals[count++] = (firn_process_image_signal){(uint64_t)number, action};
    }
    *ret_count = count;
    return true;
}

/* The template's mappings, padded, as the prefix of each block of tables. */
static bool pack_tables(packing *packer, const uint8_t *tables, uint64_t size,
                        const uint8_t *prefix, uint64_t prefix_size)
{
    for (uint64_t at = 0; at < size; at += FIRN_BLOCK_BYTES) {
        uint64_t part = size - at < FIRN_BLOCK_BYTES ? size - at : FIRN_BLOCK_BYTES;
        uint64_t known = prefix_size > at ? prefix_size - at : 0;
        known = known < FIRN_BLOCK_BYTES ? known : FIRN_BLOCK_BYTES;
        if (!add_block(packer, prefix + (known > 0 ? at : 0), known, tables + at, part))
            return false;
    }
    return true;
}

static bool add_tables(packing *packer, const firn_process_work_list *list,
                       firn_process_image_header *header)
{
    firn_process_work *work = packer->work;
    const uint64_t zygote_bytes = work->zygote->mapping_count * sizeof(firn_mapping);
    firn_mapping *zygote = firn_process_work_take(work, zygote_bytes);
    const size_t mapping_bytes = list->count * sizeof(firn_mapping);
    const size_t run_bytes = packer->run_count * sizeof(firn_process_image_run);
    uint8_t *tables = zygote != NULL
                          ? firn_process_work_take(work, mapping_bytes + run_bytes +
                                                             FIRN_RAW_SIGNALS *
                                                                 sizeof(firn_process_image_signal) +
                                                             FIRN_MAPS_TEXT_MAX_BYTES)
                          : NULL;
    if (tables == NULL)
        return false;
    long result = firn_raw_read_at(work->zygote->fd, zygote, zygote_bytes, 0);
    if (result < 0)
        return firn_process_work_fail_call(work, result, "the template cannot be read");
    header->flags =
        is_confined(list, zygote, work->zygote->mapping_count) ? FIRN_PROCESS_IMAGE_CONFINED : 0;
    header->tables_at = packer->image_bytes;
    header->mapping_count = (uint32_t)list->count;
    header->run_count = (uint32_t)packer->run_count;
    memcpy(tables + mapping_bytes, packer->runs, run_bytes);
    firn_process_image_tables place = firn_process_image_tables_in(header, tables);
    if (!gather_signals(work, place.signals, &header->signal_count))
        return false;
    place = firn_process_image_tables_in(header, tables);
    header->name_bytes = (uint32_t)gather_names(list, place.mappings, place.names);
    return pack_tables(packer, tables, firn_process_image_tables_bytes(header),
                       (const uint8_t *)zygote, zygote_bytes);
}

static bool fill_header(packing *packer, firn_process_image_header *header)
{
    firn_process_work *work = packer->work;
    firn_raw_stack signal_stack;
    long result = firn_raw_signal_stack(NULL, &signal_stack);
    if (result < 0)
        return firn_process_work_fail_call(work, result, "the signal stack cannot be looked at");
    header->magic = FIRN_PROCESS_IMAGE_MAGIC;
    header->version = FIRN_PROCESS_IMAGE_VERSION;
    header->machine = FIRN_PROCESS_IMAGE_MACHINE;
    header->page_bytes = FIRN_PAGE;
    header->build = firn_process_image_build();
    header->template_id = work->zygote->id;
    header->page_count = packer->page_count;
    header->brk = firn_raw_brk(0);
    header->context = (uint64_t)(uintptr_t)work->caller;
    header->stack_low = packer->stack_low;
    header->signal_stack = signal_stack.address;
    header->signal_stack_bytes = signal_stack.size;
    header->signal_stack_flags = signal_stack.flags;
    header->process = (uint32_t)firn_raw_tid();
    return true;
}

/* --- the packer --- */

static bool count_run(void *context, uint64_t start, uint64_t end)
{
    packing *packer = context;
    packer->room += (end - start) / FIRN_PAGE;
    return true;
}

/* How many pages may have to be packed. */
static bool count_pages(packing *packer, const firn_process_work_list *list)
{
    if (!firn_process_work_scan_open(packer->work))
        return false;
    bool done = true;
    for (size_t i = 0; done && i < list->count; i++) {
        const firn_mapping *mapping = &list->mappings[i];
        packer->mapping = mapping;
        if (mapping->kind == FIRN_MAPPING_STACK)
            done = packer->stack_low >= mapping->end ||
                   count_run(packer, packer->stack_low, mapping->end);
        else if (firn_mapping_is_private(mapping))
            done = firn_process_work_scan(packer->work, mapping->start, mapping->end, count_run,
                                          packer);
    }
    firn_process_work_scan_close(packer->work);
    return done;
}

static bool checker_init(packing *packer)
{
    const size_t bytes = firn_block_unpacker_bytes();
    if (!packer->work->options.verify)
        return true;
    void *unpacker = firn_process_work_take(packer->work, bytes);
    if (unpacker != NULL)
        packer->check = firn_block_unpacker_init(unpacker, bytes);
    return unpacker != NULL;
}

/* Room for all that is packed; the image's comes first and has room for the base behind it. */
static bool packer_init(packing *packer, const firn_process_work_list *list)
{
    firn_process_work *work = packer->work;
    packer->image_bytes = sizeof(firn_process_image_header);
    packer->run_capacity = packer->room + 1;
    const uint64_t run_bytes = packer->run_capacity * sizeof packer->runs[0];
    const uint64_t pages = packer->room * (FIRN_PAGE + FIRN_DELTA_MASK_BYTES +
                                           2 * FIRN_PROCESS_IMAGE_BLOCK_HEADER_BYTES);
    const uint64_t tables = run_bytes + list->count * sizeof(firn_mapping) +
                            FIRN_RAW_SIGNALS * sizeof(firn_process_image_signal) +
                            FIRN_MAPS_TEXT_MAX_BYTES;
    packer->image_capacity = packer->image_bytes + pages + tables + tables / 1024 + FIRN_PAGE;
    packer->image = firn_process_work_take(work, packer->image_capacity + work->options.base_bytes);
    if (packer->image != NULL)
        packer->runs = firn_process_work_take(work, run_bytes);
    return packer->runs != NULL && checker_init(packer);
}

/* bytes: of the largest block of pages, with its prefix where is_far. */
static bool blocks_init(packing *packer, uint64_t bytes, bool is_far)
{
    const int level = packer->work->options.level;
    bytes = bytes > 2 * FIRN_BLOCK_BYTES ? bytes : 2 * FIRN_BLOCK_BYTES; /* of tables */
    const size_t size = firn_block_whole_packer_bytes(level, bytes, is_far);
    void *memory = firn_process_work_take(packer->work, size);
    if (memory != NULL && packer->check != NULL)
        packer->plain = firn_process_work_take(packer->work, bytes);
    if (memory == NULL || (packer->check != NULL && packer->plain == NULL))
        return false;
    packer->blocks = firn_block_whole_packer_init(memory, size, level, bytes, is_far);
    return packer->blocks != NULL || firn_process_work_fail(packer->work, FIRN_UNSUPPORTED, 0,
                                                            "zstd does not work as expected");
}

/* Room for the pages at hand. */
static bool words_init(packing *packer)
{
    const uint64_t count = packer->whole ? packer->room + 1 : FIRN_PROCESS_IMAGE_PIECE_PAGES;
    packer->filled = packer->words_bytes = 0;
    packer->masks = firn_process_work_take(packer->work, count * FIRN_DELTA_MASK_BYTES);
    if (packer->masks != NULL)
        packer->words = firn_process_work_take(packer->work, count * FIRN_PAGE);
    return packer->words != NULL &&
           (packer->whole || blocks_init(packer, count * FIRN_PAGE, false));
}

/* What lies elsewhere than in the base is found only with the base's words before those of this
 * image, which takes 50 times as long where little differs. */
static bool pack_again(packing *packer, uint64_t before, uint64_t bytes)
{
    const firn_process_unpacked *base = packer->reference;
    const uint64_t packed = packer->image_bytes - before;
    if (base == NULL || base->words_bytes == 0 || packed < AGAIN_BYTES ||
        packed < packer->work->options.base_bytes / AGAIN_PART)
        return true;
    packer->image_bytes = before;
    packer->prefixed = true;
    return blocks_init(packer, base->words_bytes + bytes, true) &&
           add_block(packer, base->words, base->words_bytes, packer->words, bytes);
}

static bool pack_whole(packing *packer)
{
    const uint64_t masks_bytes = packer->filled * FIRN_DELTA_MASK_BYTES;
    const uint64_t bytes = packer->words_bytes;
    if (!blocks_init(packer, bytes > masks_bytes ? bytes : masks_bytes, false))
        return false;
    if (packer->filled > 0 && !add_block(packer, NULL, 0, packer->masks, masks_bytes))
        return false;
    const uint64_t before = packer->image_bytes;
    return bytes == 0 ||
           (add_block(packer, NULL, 0, packer->words, bytes) && pack_again(packer, before, bytes));
}

static bool pack_pages(packing *packer, const firn_process_work_list *list)
{
    if (!words_init(packer) || !firn_process_work_scan_open(packer->work))
        return false;
    bool done = true;
    for (size_t i = 0; done && i < list->count; i++) {
        if (firn_mapping_is_private(&list->mappings[i]))
            done = pack_mapping(packer, &list->mappings[i]);
    }
    firn_process_work_scan_close(packer->work);
    return done && (packer->whole ? pack_whole(packer) : flush_pages(packer));
}

/* --- the base --- */

/* Reads it and unpacks it. Not one that can be used is no failure: *ret_base is as it was. */
static bool take_base(firn_process_work *work, const uint8_t **ret_bytes,
                      firn_process_unpacked *base, firn_process_unpacked **ret_base)
{
    const size_t size = work->options.base_bytes;
    uint8_t *bytes = firn_process_work_take(work, size);
    if (bytes == NULL)
        return false;
    if (!work->options.base_read(work->context, bytes, size))
        return firn_process_work_fail(work, FIRN_IO, 0, "its base cannot be read");
    *ret_bytes = bytes;
    if (firn_process_unpack_tables(work, bytes, size, base) && base->header.base_id == 0 &&
        firn_process_unpack_pages(work, base, NULL))
        *ret_base = base;
    work->status = FIRN_OK;
    return true;
}

/* --- all of it --- */

static bool pack_all(packing *packer, const firn_process_work_list *list)
{
    firn_process_work *work = packer->work;
    firn_process_image_header header = {0};
    if (!pack_pages(packer, list) || !fill_header(packer, &header) ||
        !add_tables(packer, list, &header))
        return false;
    if (packer->whole)
        header.flags |= FIRN_PROCESS_IMAGE_WHOLE;
    if (packer->prefixed)
        header.flags |= FIRN_PROCESS_IMAGE_PREFIXED;
    if (packer->reference != NULL) {
        header.base_id = firn_process_image_id(&packer->reference->header);
        header.base_bytes = work->options.base_bytes;
    }
    header.image_bytes = packer->image_bytes;
    memcpy(packer->image, &header, sizeof header);
    firn_process_image_finish((firn_process_image_header *)(void *)packer->image);
    return true;
}

/* Once more without the base, all pages together or not. */
static bool pack_alone(packing *packer, const firn_process_work_list *list, uint64_t mark,
                       bool whole)
{
    firn_process_work_release(packer->work, mark);
    packer->reference = NULL;
    packer->work->status = FIRN_OK;
    packer->whole = whole;
    packer->image_bytes = sizeof(firn_process_image_header);
    packer->prefixed = false;
    packer->run_count = packer->page_count = 0;
    return pack_all(packer, list);
}

/* With the base where that is of use, and all pages together where there is room. */
static bool pack_best(packing *packer, const firn_process_work_list *list)
{
    firn_process_work *work = packer->work;
    const uint64_t mark = work->top;
    bool done = pack_all(packer, list);
    if (done && packer->reference != NULL && packer->image_bytes > work->options.base_bytes / 2)
        done = pack_alone(packer, list, mark, true);
    if (!done && packer->whole && (work->status == FIRN_LIMIT || work->status == FIRN_NO_MEMORY)) {
        done = pack_alone(packer, list, mark, false);
    }
    return done;
}

bool firn_process_pack(firn_process_work *work)
{
    packing packer = {.work = work, .whole = work->options.level > 1};
    firn_process_work_list list;
    firn_process_unpacked base;
    const uint8_t *base_bytes = NULL;
    const uint64_t mark = work->top;
    const uint64_t used = (uint64_t)work->caller->uc_mcontext.gregs[REG_RSP];
    packer.stack_low = firn_page_down((uint64_t)(uintptr_t)work->caller);
    if (used - 256 < packer.stack_low) /* with what lies below the stack pointer */
        packer.stack_low = firn_page_down(used - 256);
    if (!firn_process_work_list_own(work, "/proc/self/maps", &list) ||
        !count_pages(&packer, &list) || !packer_init(&packer, &list))
        return false;
    if (work->options.base_bytes > 0 && !take_base(work, &base_bytes, &base, &packer.reference))
        return false;
    if (!pack_best(&packer, &list))
        return false;
    work->image_bytes_all = packer.image_bytes;
    if (packer.reference != NULL) {
        memcpy(packer.image + packer.image_bytes, base_bytes, work->options.base_bytes);
        work->image_bytes_all += work->options.base_bytes;
    }
    /* In the place of the list, which lies before it. */
    memmove((uint8_t *)(uintptr_t)mark, packer.image, work->image_bytes_all);
    work->image = (const void *)(uintptr_t)mark;
    work->image_bytes = packer.image_bytes;
    work->image_mark = mark;
    work->keep_mark = mark + firn_page_up(work->image_bytes_all);
    work->result.private_bytes = packer.page_count * FIRN_PAGE;
    work->result.image_bytes = packer.image_bytes;
    firn_process_work_release(work, work->keep_mark);
    return true;
}

/* --- to a husk --- */

static bool advise(firn_process_work *work, uint64_t start, uint64_t end)
{
    if (start >= end)
        return true;
    long result = firn_raw_advise(start, end - start, MADV_DONTNEED);
    return result == 0 || firn_process_work_fail_call(work, result, "pages cannot be given back");
}

bool firn_process_release(firn_process_work *work)
{
    firn_process_work_list list;
    const uint64_t mark = work->top;
    bool released = firn_process_work_list_own(work, "/proc/self/maps", &list);
    uint64_t start = 0, end = 0; /* mappings side by side, which one call does */
    for (size_t i = 0; released && i < list.count; i++) {
        const firn_mapping *mapping = &list.mappings[i];
        if (mapping->kind == FIRN_MAPPING_STACK) {
            released = firn_process_work_reset_stack(work, mapping->start, mapping->end);
        } else if (firn_mapping_is_private(mapping)) {
            if (mapping->start != end) {
                released = advise(work, start, end);
                start = mapping->start;
            }
            end = mapping->end;
        }
    }
    released = released && advise(work, start, end) && firn_process_plan_renew(work);
    firn_process_work_release(work, mark);
    return released;
}
