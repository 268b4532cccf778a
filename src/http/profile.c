/* The profiles of the server, as data. */
#include "http/connection.h"

#define BLOCK_BYTES(fields, input)                                                                 \
    (sizeof(struct block) + (fields) * sizeof(firn_http_field) + (input))
#define MEMORY(fields, input, output)                                                              \
    .field_count = fields, .input_bytes = input, .output_bytes = output,                           \
    .entry_bytes = sizeof(struct connection), .block_bytes = BLOCK_BYTES(fields, input),           \
    .loop_bytes = sizeof(struct loop) + (output) + SPARE_BLOCKS * BLOCK_BYTES(fields, input)

static const firn_http_profile_info profiles[FIRN_HTTP_PROFILE_COUNT] = {
    [FIRN_HTTP_BALANCED] = {.name = "balanced",
                            MEMORY(48, 8u << 10, 32u << 10),
                            .field_limit = 200,
                            .head_limit = 64u << 10,
                            .target_limit = 8u << 10},
    [FIRN_HTTP_LOW] = {.name = "low",
                       MEMORY(24, 2u << 10, 16u << 10),
                       .field_limit = 100,
                       .head_limit = 16u << 10,
                       .target_limit = 4u << 10},
    [FIRN_HTTP_HIGH] = {.name = "high",
                        MEMORY(96, 16u << 10, 64u << 10),
                        .field_limit = 400,
                        .head_limit = 256u << 10,
                        .target_limit = 16u << 10},
    [FIRN_HTTP_MAX] = {.name = "max",
                       MEMORY(256, 64u << 10, 256u << 10),
                       .field_limit = 2000,
                       .head_limit = 1u << 20,
                       .target_limit = 64u << 10},
};

const firn_http_profile_info *firn_http_profile_get(firn_http_profile profile)
{
    return (unsigned)profile < FIRN_HTTP_PROFILE_COUNT ? &profiles[profile] : NULL;
}
