/* Frozen texts from hostile bytes, the checksum made to fit: what opens must be in order, answer
 * for each of its texts, and be what freezing its texts gives. */
#include <firn/checksum.h>
#include <firn/intern.h>

#include <stdlib.h>
#include <string.h>

#define CRC_AT 24
#define TEXTS_MAX (1u << 16)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void freeze_again(const firn_intern_frozen *frozen, const uint8_t *copy, size_t size)
{
    firn_intern *intern;
    uint8_t *room = malloc(firn_intern_frozen_longest(frozen) + 1);
    check(room != NULL && firn_intern_create(NULL, &intern) == FIRN_OK);
    for (uint32_t id = 0; id < firn_intern_frozen_count(frozen); id++) {
        uint32_t made;
        size_t text_size = firn_intern_frozen_get(frozen, id, room);
        check(firn_intern_frozen_find(frozen, room, text_size) == id);
        check(firn_intern_frozen_ceiling(frozen, room, text_size) == id);
        check(firn_intern_put(intern, room, text_size, &made, NULL) == FIRN_OK && made == id);
    }
    void *again;
    size_t again_size;
    check(firn_intern_freeze(intern, NULL, NULL, &again, &again_size) == FIRN_OK);
    check(again_size == size && memcmp(again, copy, size) == 0);
    firn_release(NULL, again, again_size);
    firn_intern_destroy(intern);
    free(room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + 1);
    firn_intern_frozen frozen;
    check(copy != NULL);
    if (size > 0)
        memcpy(copy, data, size);
    if (size >= CRC_AT + 4) {
        uint32_t crc = firn_crc32c(0, copy, CRC_AT);
        crc = firn_crc32c(crc, copy + CRC_AT + 4, size - CRC_AT - 4);
        for (int i = 0; i < 4; i++)
            copy[CRC_AT + i] = (uint8_t)(crc >> 8 * i);
    }
    if (firn_intern_frozen_open(copy, size, &frozen) == FIRN_OK &&
        firn_intern_frozen_count(&frozen) <= TEXTS_MAX)
        freeze_again(&frozen, copy, size);
    free(copy);
    return 0;
}
