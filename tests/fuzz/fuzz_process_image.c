/* Images of processes from any bytes: as they are, with header and checksum made to fit, and as
 * tables behind a header that fits. */
#include "region/process_image.h"

#include <firn/process.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool is)
{
    if (!is)
        abort();
}

static void look(const void *image, size_t size)
{
    firn_process_image_info info;
    firn_error error;
    firn_status status = firn_process_image_look(image, size, &info, &error);
    check(status == FIRN_OK || error.text[0] != '\0');
}

/* Reads all blocks and tables as a restore does, with no template. */
static void read_all(const uint8_t *image, size_t size)
{
    firn_process_image_header header;
    const char *cause;
    if (firn_process_image_read(image, size, &header, &cause) != FIRN_OK)
        return;
    const uint64_t bytes = firn_process_image_tables_bytes(&header);
    if (bytes > 1 << 20)
        return;
    const size_t room = firn_block_unpacker_bytes();
    void *memory = malloc(room);
    uint8_t *tables = malloc(bytes);
    check(memory != NULL && tables != NULL);
    firn_block_unpacker *unpacker = firn_block_unpacker_init(memory, room);
    check(unpacker != NULL);
    uint64_t at = header.tables_at;
    bool whole = true;
    for (uint64_t done = 0; whole && done < bytes; done += FIRN_BLOCK_BYTES) {
        uint64_t part = bytes - done;
        part = part < FIRN_BLOCK_BYTES ? part : FIRN_BLOCK_BYTES;
        whole = firn_process_image_block_unpack(unpacker, image, size, &at, NULL, 0, tables + done,
                                                part);
    }
    if (whole) {
        firn_process_image_tables parts = firn_process_image_tables_in(&header, tables);
        (void)firn_process_image_tables_check(&header, &parts);
    }
    free(tables);
    free(memory);
}

static void read_fitting(const uint8_t *data, size_t size)
{
    firn_process_image_header *header = malloc(size);
    check(header != NULL);
    memcpy(header, data, size);
    header->magic = FIRN_PROCESS_IMAGE_MAGIC;
    header->version = FIRN_PROCESS_IMAGE_VERSION;
    header->machine = FIRN_PROCESS_IMAGE_MACHINE;
    header->page_bytes = 4096;
    header->build = firn_process_image_build();
    header->image_bytes = size;
    firn_process_image_finish(header);
    look(header, size);
    read_all((const uint8_t *)header, size);
    free(header);
}

/* The rest of the input as plain tables. */
static void read_tables(const uint8_t *data, size_t size)
{
    firn_process_image_header header;
    memcpy(&header, data, sizeof header);
    header.mapping_count %= 8;
    header.run_count %= 8;
    header.signal_count %= 4;
    header.name_bytes %= 64;
    const uint64_t bytes = firn_process_image_tables_bytes(&header);
    uint8_t *tables = calloc(1, bytes + 1);
    check(tables != NULL);
    size -= sizeof header;
    memcpy(tables, data + sizeof header, size < bytes ? size : bytes);
    firn_process_image_tables parts = firn_process_image_tables_in(&header, tables);
    if (header.mapping_count > 0 && firn_process_image_tables_check(&header, &parts)) {
        for (uint32_t i = 0; i < header.run_count; i++)
            check(parts.runs[i].page_count > 0);
    }
    free(tables);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    look(data, size);
    if (size >= sizeof(firn_process_image_header)) {
        read_fitting(data, size);
        read_tables(data, size);
    }
    return 0;
}
