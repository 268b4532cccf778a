/* Unpacks images of processes into the window; see process_unpack.h.
 *
 * Of its pages an image has the words in which they differ from what is known of them: what the
 * template has there, or zeros, and over that the words of the base for the same page. So a page is
 * made in its place, from the template's, by those of the base and then by those of the image;
 * nowhere are pages as a whole.
 *
 * Called by process_restore.c and process_pack.c; calls process_image.c, process_delta.c. Threads:
 * the process's only one. Memory: the window. Complexity: linear in the image; a page is found in
 * O(log runs), the next one at once. */
#include "region/process_unpack.h"

#include "region/process_delta.h"

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
    if (memory == NULL)
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

/* The index of the page at an address among those of data; UINT64_MAX: it is none. */
static uint64_t find_page(firn_process_unpacked *unpacked, uint64_t address)
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
        return UINT64_MAX;
found:
    unpacked->found_at = at;
    if (runs[at].kind != FIRN_RUN_DATA)
        return UINT64_MAX;
    return unpacked->firsts[at] + (address - runs[at].start) / FIRN_PAGE;
}

bool firn_process_unpacked_apply(firn_process_unpacked *unpacked, uint64_t address, void *page)
{
    const uint64_t at = find_page(unpacked, address);
    if (at == UINT64_MAX)
        return false;
    firn_delta_apply(page, unpacked->masks + at * FIRN_DELTA_MASK_BYTES,
                     unpacked->words + unpacked->places[at]);
    return true;
}

static void *take_filled(firn_process_work *work, uint64_t bytes)
{
    void *memory = firn_process_work_take(work, bytes > 0 ? bytes : 1);
    if (memory != NULL)
        firn_raw_populate((uint64_t)(uintptr_t)memory, firn_page_up(bytes));
    return memory;
}

/* Notes where the words of pages from first on lie; the bytes of their words. */
static uint64_t place_words(firn_process_unpacked *unpacked, uint64_t first, uint64_t count)
{
    uint64_t bytes = 0;
    for (uint64_t i = first; i < first + count; i++) {
        unpacked->places[i] = unpacked->words_bytes + bytes;
        bytes += firn_delta_bytes(unpacked->masks + i * FIRN_DELTA_MASK_BYTES);
    }
    return bytes;
}

static bool unpack_block(firn_process_unpacked *unpacked, uint64_t *image_at,
                         const firn_process_unpacked *prefix, void *out, uint64_t bytes)
{
    return bytes == 0 || firn_process_image_block_unpack(
                             unpacked->blocks, unpacked->image, unpacked->header.tables_at,
                             image_at, prefix != NULL ? prefix->words : NULL,
                             prefix != NULL ? prefix->words_bytes : 0, out, bytes);
}

static bool unpack_words(firn_process_work *work, firn_process_unpacked *unpacked,
                         const firn_process_unpacked *prefix)
{
    const firn_process_image_header *header = &unpacked->header;
    const bool is_whole = (header->flags & FIRN_PROCESS_IMAGE_WHOLE) != 0;
    uint64_t image_at = sizeof *header;
    for (uint64_t done = 0; done < header->page_count;) {
        uint64_t count = header->page_count - done;
        if (!is_whole && count > FIRN_PROCESS_IMAGE_PIECE_PAGES)
            count = FIRN_PROCESS_IMAGE_PIECE_PAGES;
        if (!unpack_block(unpacked, &image_at, NULL, unpacked->masks + done * FIRN_DELTA_MASK_BYTES,
                          count * FIRN_DELTA_MASK_BYTES))
            return damaged(work);
        const uint64_t bytes = place_words(unpacked, done, count);
        if (is_whole) {
            unpacked->words = take_filled(work, bytes);
            if (unpacked->words == NULL)
                return false;
        }
        if (!unpack_block(unpacked, &image_at, prefix, unpacked->words + unpacked->words_bytes,
                          bytes))
            return damaged(work);
        unpacked->words_bytes += bytes;
        done += count;
    }
    return image_at == header->tables_at || damaged(work);
}

/* Every page that is said to be the base's is there. */
static bool base_has_all(firn_process_unpacked *unpacked, firn_process_unpacked *base)
{
    for (uint32_t i = 0; i < unpacked->header.run_count; i++) {
        const firn_process_image_run *run = &unpacked->tables.runs[i];
        for (uint32_t page = 0; run->kind == FIRN_RUN_BASE && page < run->page_count; page++) {
            if (find_page(base, run->start + (uint64_t)page * FIRN_PAGE) == UINT64_MAX)
                return false;
        }
    }
    return true;
}

bool firn_process_unpack_pages(firn_process_work *work, firn_process_unpacked *unpacked,
                               firn_process_unpacked *base)
{
    const firn_process_image_header *header = &unpacked->header;
    const bool is_prefixed = (header->flags & FIRN_PROCESS_IMAGE_PREFIXED) != 0;
    if ((base != NULL && !base_has_all(unpacked, base)) || (is_prefixed && base == NULL))
        return damaged(work);
    unpacked->masks = take_filled(work, header->page_count * FIRN_DELTA_MASK_BYTES);
    if (unpacked->masks != NULL)
        unpacked->places = take_filled(work, header->page_count * sizeof unpacked->places[0]);
    if (unpacked->places != NULL && (header->flags & FIRN_PROCESS_IMAGE_WHOLE) == 0)
        unpacked->words = firn_process_work_take(work, (header->page_count + 1) * FIRN_PAGE);
    return unpacked->places != NULL &&
           ((header->flags & FIRN_PROCESS_IMAGE_WHOLE) != 0 || unpacked->words != NULL) &&
           unpack_words(work, unpacked, is_prefixed ? base : NULL);
}
