/* Pictures from hostile bytes: measured, and decoded where they are small; the decoded one has the
 * size that was measured. */
#include "tabs/resources/pictures.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    picture_size measured;
    pictures *all;
    picture shown;
    if (picture_measure(data, size, &measured) != FIRN_OK)
        return 0;
    check(measured.width > 0 && measured.height > 0 && measured.width <= PICTURE_SIDE_MAX &&
          measured.height <= PICTURE_SIDE_MAX);
    check(measured.orientation >= 1 && measured.orientation <= 8);
    if ((uint64_t)measured.width * measured.height > 1u << 20)
        return 0;
    check(pictures_create(NULL, 0, &all) == FIRN_OK);
    if (pictures_get(all, 1, data, size, &shown) == FIRN_OK) {
        check(shown.width == measured.width && shown.height == measured.height);
        check(pictures_bytes(all) == (uint64_t)shown.width * shown.height * 4);
        pictures_let_go(all, &shown);
    }
    pictures_destroy(all);
    return 0;
}
