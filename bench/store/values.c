/* The file is, for each document, its size as a 32-bit number, little-endian, and its bytes. */
#include "store/values.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/measure.h"

/* Goes over all pieces and keeps those that stand at even steps; returns how many there are. */
static uint32_t pass(struct values *values, uint32_t piece_bytes, uint32_t all)
{
    uint64_t offset = 0;
    uint32_t seen = 0, kept = 0;
    uint8_t head[4];
    while (pread(values->file, head, sizeof head, (off_t)offset) == sizeof head) {
        uint32_t left =
            head[0] | (uint32_t)head[1] << 8 | (uint32_t)head[2] << 16 | (uint32_t)head[3] << 24;
        offset += sizeof head;
        while (left > 0) {
            uint32_t size = left < piece_bytes ? left : piece_bytes;
            bool wanted = all > 0 && (uint64_t)seen * values->count / all >= kept;
            if (wanted && kept < values->count)
                values->pieces[kept++] = (struct values_piece){offset, size};
            seen++;
            offset += size;
            left -= size;
        }
    }
    return seen;
}

void values_open(struct values *values, const char *path, uint32_t count, uint32_t piece_bytes)
{
    values->file = open(path, O_RDONLY | O_CLOEXEC);
    uint32_t all = values->file >= 0 ? pass(values, piece_bytes, 0) : 0;
    if (all == 0) {
        fprintf(stderr, "%s: no values; scripts/values packs them\n", path);
        exit(1);
    }
    values->count = count < all ? count : all;
    values->pieces = need(calloc(values->count, sizeof *values->pieces));
    pass(values, piece_bytes, all);
}

void values_close(struct values *values)
{
    close(values->file);
    free(values->pieces);
}

size_t values_read(const struct values *values, uint32_t at, void *out)
{
    const struct values_piece *piece = &values->pieces[at];
    if (pread(values->file, out, piece->size, (off_t)piece->offset) != (ssize_t)piece->size) {
        fprintf(stderr, "cannot read a value\n");
        exit(1);
    }
    return piece->size;
}
