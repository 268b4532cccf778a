/* What every public header of Firn shares: what is exported, what must be looked at. */
#ifndef FIRN_API_H
#define FIRN_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define FIRN_API __attribute__((visibility("default")))
#define FIRN_NODISCARD __attribute__((warn_unused_result))
#define FIRN_PRINTF(text, arguments) __attribute__((format(printf, text, arguments)))
#else
#define FIRN_API
#define FIRN_NODISCARD
#define FIRN_PRINTF(text, arguments)
#endif

#ifdef __cplusplus
#define FIRN_BEGIN extern "C" {
#define FIRN_END }
#else
#define FIRN_BEGIN
#define FIRN_END
#endif

#define FIRN_VERSION_MAJOR 0
#define FIRN_VERSION_MINOR 1
#define FIRN_VERSION_PATCH 0
#define FIRN_VERSION_STRING "0.1.0"

#endif
