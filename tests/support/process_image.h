/* An image made by hand, of a process that never was: one page with data and one of zeros in a
 * mapping, and the context's place on a stack. */
#ifndef FIRN_TESTS_PROCESS_IMAGE_H
#define FIRN_TESTS_PROCESS_IMAGE_H

#include "region/process_image.h"

#include <stdlib.h>
#include <string.h>

enum { MADE_BYTES = 1 << 16, MADE_MAPPINGS = 3, MADE_RUNS = 2, MADE_SIGNALS = 1 };

typedef struct hand_made {
    _Alignas(8) uint8_t image[MADE_BYTES];
    _Alignas(8) uint8_t tables[4096];
    uint8_t page[4096];
    size_t size;
    void *memory;
} hand_made;

static inline size_t made_add(hand_made *made, firn_block_packer *packer, size_t at,
                              const void *data, size_t size)
{
    return at + firn_process_image_block_pack(packer, NULL, 0, data, size, made->image + at);
}

static inline void make_image(hand_made *made)
{
    const size_t bytes = firn_block_packer_bytes(1);
    made->memory = malloc(bytes);
    firn_block_packer *packer = firn_block_packer_init(made->memory, bytes, 1);
    firn_process_image_header header = {
        .magic = FIRN_PROCESS_IMAGE_MAGIC,
        .version = FIRN_PROCESS_IMAGE_VERSION,
        .machine = FIRN_PROCESS_IMAGE_MACHINE,
        .page_bytes = 4096,
        .build = firn_process_image_build(),
        .template_id = 5,
        .mapping_count = MADE_MAPPINGS,
        .run_count = MADE_RUNS,
        .signal_count = MADE_SIGNALS,
        .name_bytes = 4,
        .page_count = 1,
        .brk = 0x20000,
        .context = 0x51000,
        .stack_low = 0x51000,
        .process = 77,
    };
    firn_process_image_tables tables = firn_process_image_tables_in(&header, made->tables);
    tables.mappings[0] = (firn_mapping){.start = 0x10000, .end = 0x20000, .rights = 3};
    tables.mappings[1] = (firn_mapping){.start = 0x30000,
                                        .end = 0x34000,
                                        .rights = 5,
                                        .kind = FIRN_MAPPING_FILE,
                                        .inode = 9,
                                        .name_bytes = 4};
    tables.mappings[2] =
        (firn_mapping){.start = 0x50000, .end = 0x60000, .rights = 3, .kind = FIRN_MAPPING_STACK};
    tables.runs[0] = (firn_process_image_run){0x11000, 1, FIRN_RUN_DATA};
    tables.runs[1] = (firn_process_image_run){0x12000, 2, FIRN_RUN_ZERO};
    tables.signals[0] = (firn_process_image_signal){10, {.handler = 0x10000}};
    memcpy(tables.names, "/etc", 4);
    memset(made->page, 'a', sizeof made->page);
    header.tables_at = made_add(made, packer, sizeof header, made->page, sizeof made->page);
    made->size = made_add(made, packer, header.tables_at, made->tables,
                          (size_t)firn_process_image_tables_bytes(&header));
    header.image_bytes = made->size;
    memcpy(made->image, &header, sizeof header);
    firn_process_image_finish((firn_process_image_header *)(void *)made->image);
    free(made->memory);
}

#endif
