/* Real values, of the file that scripts/values packs: its documents, cut into pieces. */
#ifndef FIRN_BENCH_VALUES_H
#define FIRN_BENCH_VALUES_H

#include <stddef.h>
#include <stdint.h>

enum { VALUES_PIECE_MAX = 64 << 10 };

struct values {
    int file;
    uint32_t count;
    struct values_piece {
        uint64_t offset;
        uint32_t size;
    } * pieces;
};

/* Opens `count` pieces of at most piece_bytes from all over the file, or as many as there are. Ends
 * the program when the file cannot be read. */
void values_open(struct values *values, const char *path, uint32_t count, uint32_t piece_bytes);
void values_close(struct values *values);

/* Copies one to out, which has room for a piece; returns its size. */
size_t values_read(const struct values *values, uint32_t at, void *out);

#endif
