/* Reading and checking images of processes, and single blocks of them; see process_image.h. Called
 * by process_pack.c, process_restore.c and process.c, also while the process has no memory of its
 * own: nothing here writes but where it is told to.
 *
 * Threads: no state. Memory: the caller's. Complexity: linear in the image. */
#include "region/process_image.h"

#include "core/bytes.h"

#include <firn/checksum.h>

#include <string.h>
#include <ucontext.h>

enum { PAGE = 4096 };

uint64_t firn_process_image_build(void)
{
    static const char version[] = FIRN_VERSION_STRING;
    uint32_t sizes[] = {FIRN_PROCESS_IMAGE_VERSION, sizeof(ucontext_t)};
    uint64_t crc = firn_crc32c(0, version, sizeof version);
    return crc << 32 | firn_crc32c(0, sizes, sizeof sizes);
}

uint64_t firn_process_image_id(const firn_process_image_header *header)
{
    return (uint64_t)header->crc << 32 | (uint32_t)header->image_bytes;
}

static uint32_t image_crc(const firn_process_image_header *header, const void *image)
{
    firn_process_image_header plain = *header;
    plain.crc = 0;
    uint32_t crc = firn_crc32c(0, &plain, sizeof plain);
    return firn_crc32c(crc, (const uint8_t *)image + sizeof plain,
                       header->image_bytes - sizeof plain);
}

void firn_process_image_finish(firn_process_image_header *header)
{
    header->crc = image_crc(header, header);
}

uint64_t firn_process_image_tables_bytes(const firn_process_image_header *header)
{
    return (uint64_t)header->mapping_count * sizeof(firn_mapping) +
           (uint64_t)header->run_count * sizeof(firn_process_image_run) +
           (uint64_t)header->signal_count * sizeof(firn_process_image_signal) + header->name_bytes;
}

firn_process_image_tables firn_process_image_tables_in(const firn_process_image_header *header,
                                                       void *tables)
{
    firn_process_image_tables result = {.mappings = tables};
    result.runs = (firn_process_image_run *)(void *)(result.mappings + header->mapping_count);
    result.signals = (firn_process_image_signal *)(void *)(result.runs + header->run_count);
    result.names = (char *)(result.signals + header->signal_count);
    return result;
}

firn_status firn_process_image_read(const void *image, size_t size,
                                    firn_process_image_header *ret_header, const char **ret_cause)
{
    firn_process_image_header header;
    *ret_cause = "is no image of a process";
    if (size < sizeof header)
        return FIRN_NOT_STORE;
    memcpy(&header, image, sizeof header);
    if (header.magic != FIRN_PROCESS_IMAGE_MAGIC)
        return FIRN_NOT_STORE;
    *ret_cause = "is an image of a process, but damaged";
    if (header.image_bytes != size || header.crc != image_crc(&header, image))
        return FIRN_CORRUPT;
    *ret_cause = "is an image of a later version";
    if (header.version > FIRN_PROCESS_IMAGE_VERSION)
        return FIRN_VERSION;
    *ret_cause = "is an image of another machine type";
    if (header.machine != FIRN_PROCESS_IMAGE_MACHINE || header.page_bytes != PAGE)
        return FIRN_UNSUPPORTED;
    *ret_cause = "is an image of another build";
    if (header.build != firn_process_image_build())
        return FIRN_UNSUPPORTED;
    *ret_cause = "is an image of a process whose parts do not fit together";
    if (header.version != FIRN_PROCESS_IMAGE_VERSION || header.tables_at < sizeof header ||
        header.tables_at > size || header.page_count > UINT64_MAX / PAGE ||
        header.signal_count >= FIRN_RAW_SIGNALS || header.mapping_count == 0 ||
        (header.base_id == 0) != (header.base_bytes == 0))
        return FIRN_CORRUPT;
    *ret_cause = "is an image of a process";
    *ret_header = header;
    return FIRN_OK;
}

static bool mapping_fits(const firn_process_image_header *header, const firn_mapping *mapping)
{
    return mapping->start < mapping->end && (mapping->start | mapping->end) % PAGE == 0 &&
           mapping->offset % PAGE == 0 && mapping->kind <= FIRN_MAPPING_WINDOW &&
           (mapping->rights & ~FIRN_MAPPING_RIGHTS) == 0 &&
           mapping->name_bytes <= header->name_bytes &&
           mapping->name_at <= header->name_bytes - mapping->name_bytes;
}

/* Each run lies in one private mapping and behind the run before. */
static bool runs_fit(const firn_process_image_header *header,
                     const firn_process_image_tables *tables)
{
    uint64_t pages = 0, before = 0;
    for (uint32_t i = 0; i < header->run_count; i++) {
        const firn_process_image_run *run = &tables->runs[i];
        uint64_t size = (uint64_t)run->page_count * PAGE;
        size_t at = firn_maps_find(tables->mappings, header->mapping_count, run->start);
        if (at == header->mapping_count || size == 0 || run->start % PAGE != 0 ||
            run->start < before || run->kind > FIRN_RUN_BASE ||
            (run->kind == FIRN_RUN_BASE && header->base_id == 0))
            return false;
        const firn_mapping *mapping = &tables->mappings[at];
        if (!firn_mapping_is_private(mapping) || run->start < mapping->start ||
            size > mapping->end - run->start)
            return false;
        before = run->start + size;
        if (run->kind == FIRN_RUN_DATA)
            pages += run->page_count;
    }
    return pages == header->page_count;
}

bool firn_process_image_tables_check(const firn_process_image_header *header,
                                     const firn_process_image_tables *tables)
{
    for (uint32_t i = 0; i < header->mapping_count; i++) {
        if (!mapping_fits(header, &tables->mappings[i]) ||
            (i > 0 && tables->mappings[i].start < tables->mappings[i - 1].end))
            return false;
    }
    for (uint32_t i = 0; i < header->signal_count; i++) {
        if (tables->signals[i].number == 0 || tables->signals[i].number > FIRN_RAW_SIGNALS ||
            (i > 0 && tables->signals[i].number <= tables->signals[i - 1].number))
            return false;
    }
    size_t at = firn_maps_find(tables->mappings, header->mapping_count, header->context);
    if (at == header->mapping_count || tables->mappings[at].kind != FIRN_MAPPING_STACK ||
        header->stack_low > header->context || header->stack_low < tables->mappings[at].start ||
        tables->mappings[at].end - header->context < sizeof(ucontext_t))
        return false;
    return runs_fit(header, tables);
}

bool firn_process_image_block_unpack(firn_block_unpacker *unpacker, const uint8_t *image,
                                     uint64_t end, uint64_t *at, const void *prefix,
                                     size_t prefix_size, void *out, size_t size)
{
    if (end - *at < FIRN_PROCESS_IMAGE_BLOCK_HEADER_BYTES)
        return false;
    const uint32_t packed = get_u32(image + *at);
    const uint32_t crc = get_u32(image + *at + 4);
    *at += FIRN_PROCESS_IMAGE_BLOCK_HEADER_BYTES;
    if (packed > size || packed > end - *at)
        return false;
    if (packed == size)
        memcpy(out, image + *at, size);
    else if (!firn_block_unpack(unpacker, prefix, prefix_size, image + *at, packed, out, size))
        return false;
    if (firn_crc32c(0, out, size) != crc)
        return false;
    *at += packed;
    return true;
}

size_t firn_process_image_block_pack(firn_block_packer *packer, const void *prefix,
                                     size_t prefix_size, const void *data, size_t size,
                                     uint8_t *out)
{
    uint8_t *payload = out + FIRN_PROCESS_IMAGE_BLOCK_HEADER_BYTES;
    size_t packed = firn_block_pack(packer, prefix, prefix_size, data, size, payload, size - 1);
    if (packed == 0) {
        memcpy(payload, data, size);
        packed = size;
    }
    put_u32(out, (uint32_t)packed);
    put_u32(out + 4, firn_crc32c(0, data, size));
    return FIRN_PROCESS_IMAGE_BLOCK_HEADER_BYTES + packed;
}
