/* Pictures from hostile bytes: measured, and decoded where they are small, here and not in a
 * process of their own, so that what goes wrong is seen. */
#include "tabs/resources/decode.h"

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
    if (picture_measure(data, size, &measured) != FIRN_OK)
        return 0;
    check(measured.width > 0 && measured.height > 0 && measured.width <= PICTURE_SIDE_MAX &&
          measured.height <= PICTURE_SIDE_MAX);
    check(measured.orientation >= 1 && measured.orientation <= 8);
    const size_t pixels = (size_t)measured.width * measured.height;
    if (pixels > 1u << 20 || (measured.kind != PICTURE_PNG && measured.kind != PICTURE_JPEG &&
                              measured.kind != PICTURE_WEBP))
        return 0;
    uint8_t *out = malloc(pixels * 4);
    check(out != NULL);
    (void)!decode_picture(&measured, data, size, out);
    free(out);
    return 0;
}
