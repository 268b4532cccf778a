/* The profiles of the server, as data. */
#include <firn/http_server.h>

static const firn_http_profile_info profiles[FIRN_HTTP_PROFILE_COUNT] = {
    [FIRN_HTTP_BALANCED] = {.name = "balanced",
                            .field_count = 48,
                            .input_bytes = 8u << 10,
                            .output_bytes = 32u << 10,
                            .field_limit = 200,
                            .head_limit = 64u << 10,
                            .target_limit = 8u << 10},
    [FIRN_HTTP_LOW] = {.name = "low",
                       .field_count = 24,
                       .input_bytes = 2u << 10,
                       .output_bytes = 16u << 10,
                       .field_limit = 100,
                       .head_limit = 16u << 10,
                       .target_limit = 4u << 10},
    [FIRN_HTTP_HIGH] = {.name = "high",
                        .field_count = 96,
                        .input_bytes = 16u << 10,
                        .output_bytes = 64u << 10,
                        .field_limit = 400,
                        .head_limit = 256u << 10,
                        .target_limit = 16u << 10},
    [FIRN_HTTP_MAX] = {.name = "max",
                       .field_count = 256,
                       .input_bytes = 64u << 10,
                       .output_bytes = 256u << 10,
                       .field_limit = 2000,
                       .head_limit = 1u << 20,
                       .target_limit = 64u << 10},
};

const firn_http_profile_info *firn_http_profile_get(firn_http_profile profile)
{
    return (unsigned)profile < FIRN_HTTP_PROFILE_COUNT ? &profiles[profile] : NULL;
}
