/* Unpacks images of processes into the window; see process_unpack.h.
 *
 * Pages are in blocks of 16, each with what the template has for the same pages before it, or in
 * one block that has before it all pages of the base and, of those that the base lacks, what the
 * template has:
 *
 *     window    | pages of the base | of the template | pages |
 *
 * They lie side by side so that zstd takes them for one piece of memory, which is quicker.
 *
 * Called by process_restore.c and process_pack.c; calls process_image.c. Threads: the process's
 * only one. Memory: the window. Complexity: linear in the image; a page is found in O(log runs),
 * the next one at once. */
#include "region/process_unpack.h"

#include <string.h>

static bool damaged(firn_process_work *work)
{
    return firn_process_work_fail(work, FIRN_CORRUPT, 0, "the image of the process is damaged");
}

/* --- tables --- */

static bool read_header(firn_process_work *work, uint64_t image_bytes,
                        firn_process_unpacked *unpacked)
{
    const char *cause;
    firn_status status =
        firn_process_image_read(unpacked->image, image_bytes, &unpacked->header, &cause);
    if (status != FIRN_OK)
        return firn_process_work_fail(work, status, 0, cause);
    if (unpacked->header.template_id != work->zygote->id)
        return firn_process_work_fail(work, FIRN_NOT_FOUND, 0,
                                      "is an image against another template than this process has");
    return true;
}

static bool count_pages(firn_process_work *work, firn_process_unpacked *unpacked)
{
    const uint32_t count = unpacked->header.run_count;
    uint64_t pages = 0;
    unpacked->firsts = firn_process_work_take(work, (count + 1) * sizeof unpacked->firsts[0]);
    if (unpacked->firsts == NULL)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        unpacked->firsts[i] = pages;
        if (unpacked->tables.runs[i].kind == FIRN_RUN_DATA)
            pages += unpacked->tables.runs[i].page_count;
    }
    return true;
}

static bool unpack_tables(firn_process_work *work, firn_process_unpacked *unpacked)
{
    const firn_process_template *zygote = work->zygote;
    const firn_process_image_header *header = &unpacked->header;
    const uint64_t size = firn_process_image_tables_bytes(header);
    const uint64_t known_bytes = zygote->mapping_count * sizeof(firn_mapping);
    if (size > zygote->window_bytes)
        return damaged(work);
    uint8_t *known = firn_process_work_take(work, known_bytes);
    uint8_t *tables = known != NULL ? firn_process_work_take(work, size) : NULL;
    if (tables == NULL)
        return false;
    long result = firn_raw_read_at(zygote->fd, known, known_bytes, 0);
    if (result < 0)
        return firn_process_work_fail_call(work, result, "the template cannot be read");
    uint64_t image_at = header->tables_at;
    for (uint64_t at = 0; at < size; at += FIRN_BLOCK_BYTES) {
        uint64_t part = size - at < FIRN_BLOCK_BYTES ? size - at : FIRN_BLOCK_BYTES;
        uint64_t prefix = known_bytes > at ? known_bytes - at : 0;
        prefix = prefix < FIRN_BLOCK_BYTES ? prefix : FIRN_BLOCK_BYTES;
        if (!firn_process_image_block_unpack(unpacked->blocks, unpacked->image, header->image_bytes,
                                             &image_at, known + (prefix > 0 ? at : 0), prefix,
                                             tables + at, part))
            return damaged(work);
    }
    unpacked->tables = firn_process_image_tables_in(header, tables);
    return (image_at == header->image_bytes &&
            firn_process_image_tables_check(header, &unpacked->tables)) ||
           damaged(work);
}

bool firn_process_unpack_tables(firn_process_work *work, const void *image, uint64_t image_bytes,
                                firn_process_unpacked *ret_unpacked)
{
    firn_process_unpacked unpacked = {.image = image};
    if (!read_header(work, image_bytes, &unpacked))
        return false;
    const size_t bytes = firn_block_unpacker_bytes();
    void *memory = firn_process_work_take(work, bytes);
    if (memory != NULL)
        unpacked.prefix = firn_process_work_take(work, FIRN_BLOCK_BYTES);
    if (unpacked.prefix == NULL)
        return false;
    unpacked.blocks = firn_block_unpacker_init(memory, bytes);
    if (unpacked.blocks == NULL)
        return firn_process_work_fail(work, FIRN_UNSUPPORTED, 0, "zstd does not work as expected");
    if (!unpack_tables(work, &unpacked) || !count_pages(work, &unpacked))
        return false;
    if (unpacked.header.page_count > work->zygote->window_bytes / FIRN_PAGE)
        return firn_process_work_fail(work, FIRN_LIMIT, 0, "the template's window is too small");
    *ret_unpacked = unpacked;
    return true;
}

/* --- pages --- */

const uint8_t *firn_process_unpacked_page(firn_process_unpacked *unpacked, uint64_t address)
{
    const firn_process_image_run *runs = unpacked->tables.runs;
    const uint32_t count = unpacked->header.run_count;
    uint32_t at = unpacked->found_at;
    for (uint32_t step = 0; step < 2 && at < count && address >= runs[at].start; step++, at++) {
        const uint64_t page = (address - runs[at].start) / FIRN_PAGE;
        if (page < runs[at].page_count)
            goto found;
    }
    uint32_t low = 0, high = count;
    while (low < high) { /* the first run that ends behind the address */
        const uint32_t middle = low + (high - low) / 2;
        if (runs[middle].start + (uint64_t)runs[middle].page_count * FIRN_PAGE <= address)
            low = middle + 1;
        else
            high = middle;
    }
    at = low;
    if (at == count || address < runs[at].start)
        return NULL;
found:
    unpacked->found_at = at;
    if (runs[at].kind != FIRN_RUN_DATA)
        return NULL;
    return unpacked->pages +
           (unpacked->firsts[at] + (address - runs[at].start) / FIRN_PAGE) * FIRN_PAGE;
}

bool firn_process_unpack_prefix(firn_process_work *work, const firn_mapping *mapping,
                                uint64_t address, uint32_t page_count, uint8_t *prefix,
                                bool *ret_based)
{
    const firn_process_template *zygote = work->zygote;
    const uint32_t step = mapping->kind == FIRN_MAPPING_STACK ? 1 : page_count;
    for (uint32_t i = 0; i < page_count; i += step) {
        uint8_t *to = prefix + (size_t)i * FIRN_PAGE;
        const size_t size = (size_t)step * FIRN_PAGE;
        uint64_t offset;
        if (!firn_template_base(zygote, mapping, address + (uint64_t)i * FIRN_PAGE, &offset)) {
            memset(to, 0, size);
            continue;
        }
        *ret_based = true;
        long result = firn_raw_read_at(zygote->fd, to, size, offset);
        if (result < 0)
            return firn_process_work_fail_call(work, result, "the template cannot be read");
    }
    return true;
}

/* The mapping of a run; runs come in order. */
static const firn_mapping *mapping_of(const firn_process_unpacked *unpacked, uint64_t address,
                                      uint32_t *mapping_at)
{
    const firn_mapping *mappings = unpacked->tables.mappings;
    while (mappings[*mapping_at].end <= address)
        ++*mapping_at;
    return &mappings[*mapping_at];
}

static bool unpack_in_blocks(firn_process_work *work, firn_process_unpacked *unpacked)
{
    const firn_process_image_header *header = &unpacked->header;
    uint64_t image_at = sizeof *header, done = 0; /* pages unpacked */
    uint32_t run_at = 0, run_done = 0;            /* pages of the run in a prefix */
    uint32_t mapping_at = 0;
    while (done < header->page_count) {
        uint32_t filled = 0;
        bool based = false;
        for (; filled < FIRN_PROCESS_IMAGE_BLOCK_PAGES && run_at < header->run_count;) {
            const firn_process_image_run *run = &unpacked->tables.runs[run_at];
            uint32_t part = run->page_count - run_done;
            if (run->kind != FIRN_RUN_DATA || part == 0) {
                run_at++;
                run_done = 0;
                continue;
            }
            part = part < FIRN_PROCESS_IMAGE_BLOCK_PAGES - filled
                       ? part
                       : FIRN_PROCESS_IMAGE_BLOCK_PAGES - filled;
            if (!firn_process_unpack_prefix(work, mapping_of(unpacked, run->start, &mapping_at),
                                            run->start + (uint64_t)run_done * FIRN_PAGE, part,
                                            unpacked->prefix + (size_t)filled * FIRN_PAGE, &based))
                return false;
            run_done += part;
            filled += part;
        }
        const size_t size = (size_t)filled * FIRN_PAGE;
        if (!firn_process_image_block_unpack(unpacked->blocks, unpacked->image, header->tables_at,
                                             &image_at, unpacked->prefix, based ? size : 0,
                                             unpacked->pages + done * FIRN_PAGE, size))
            return damaged(work);
        done += filled;
    }
    return image_at == header->tables_at || damaged(work);
}

/* What the template has for pages of data that the base lacks: counts it, and writes it to `to`
 * where that is not NULL. */
static bool gather_whole(firn_process_work *work, firn_process_unpacked *unpacked,
                         firn_process_unpacked *base, uint8_t *to, uint64_t *ret_count)
{
    uint64_t count = 0, offset;
    uint32_t mapping_at = 0;
    bool based;
    for (uint32_t i = 0; i < unpacked->header.run_count; i++) {
        const firn_process_image_run *run = &unpacked->tables.runs[i];
        const firn_mapping *mapping = mapping_of(unpacked, run->start, &mapping_at);
        for (uint32_t page = 0; run->kind == FIRN_RUN_DATA && page < run->page_count; page++) {
            const uint64_t address = run->start + (uint64_t)page * FIRN_PAGE;
            if ((base != NULL && firn_process_unpacked_page(base, address) != NULL) ||
                !firn_template_base(work->zygote, mapping, address, &offset))
                continue;
            if (to != NULL && !firn_process_unpack_prefix(work, mapping, address, 1,
                                                          to + count * FIRN_PAGE, &based))
                return false;
            count++;
        }
    }
    *ret_count = count;
    return true;
}

static uint8_t *take_pages(firn_process_work *work, uint64_t count)
{
    uint8_t *pages = firn_process_work_take(work, (count > 0 ? count : 1) * FIRN_PAGE);
    if (pages != NULL)
        firn_raw_populate((uint64_t)(uintptr_t)pages, count * FIRN_PAGE);
    return pages;
}

static bool unpack_whole(firn_process_work *work, firn_process_unpacked *unpacked,
                         firn_process_unpacked *base)
{
    const firn_process_image_header *header = &unpacked->header;
    uint64_t known = 0, base_count = base != NULL ? base->header.page_count : 0;
    uint64_t image_at = sizeof *header;
    uint8_t *prefix = base_count > 0 ? base->pages : NULL;
    if (!gather_whole(work, unpacked, base, NULL, &known))
        return false;
    if (known > 0) {
        uint8_t *of_template = take_pages(work, known);
        if (of_template == NULL || !gather_whole(work, unpacked, base, of_template, &known))
            return false;
        prefix = prefix != NULL ? prefix : of_template;
    }
    unpacked->pages = take_pages(work, header->page_count);
    if (unpacked->pages == NULL)
        return false;
    if (header->page_count > 0 &&
        !firn_process_image_block_unpack(unpacked->blocks, unpacked->image, header->tables_at,
                                         &image_at, prefix, (base_count + known) * FIRN_PAGE,
                                         unpacked->pages, header->page_count * FIRN_PAGE))
        return damaged(work);
    return image_at == header->tables_at || damaged(work);
}

/* Every page that is said to be the base's is there. */
static bool base_has_all(firn_process_unpacked *unpacked, firn_process_unpacked *base)
{
    for (uint32_t i = 0; i < unpacked->header.run_count; i++) {
        const firn_process_image_run *run = &unpacked->tables.runs[i];
        for (uint32_t page = 0; run->kind == FIRN_RUN_BASE && page < run->page_count; page++) {
            if (firn_process_unpacked_page(base, run->start + (uint64_t)page * FIRN_PAGE) == NULL)
                return false;
        }
    }
    return true;
}

bool firn_process_unpack_pages(firn_process_work *work, firn_process_unpacked *unpacked,
                               firn_process_unpacked *base)
{
    if (base != NULL && !base_has_all(unpacked, base))
        return damaged(work);
    if ((unpacked->header.flags & FIRN_PROCESS_IMAGE_WHOLE) != 0)
        return unpack_whole(work, unpacked, base);
    unpacked->pages = take_pages(work, unpacked->header.page_count);
    return unpacked->pages != NULL && unpack_in_blocks(work, unpacked);
}
