/* The manifest as a file in a store's folder. */
#ifndef FIRN_TIER_MANIFEST_FILE_H
#define FIRN_TIER_MANIFEST_FILE_H

#include "tier/manifest.h"

/* Reads and checks the manifest of the store in folder path; *ret_bytes is the file's size.
 * FIRN_NOT_FOUND when there is no manifest; else as firn_file_read_all and firn_manifest_read say,
 * and FIRN_NOT_STORE for a manifest that is no regular file. The error names file, cause and way
 * out. */
FIRN_NODISCARD firn_status firn_manifest_load(const char *path, const firn_allocator *allocator,
                                              firn_manifest *ret_manifest, uint64_t *ret_bytes,
                                              firn_error *ret_error);

/* Puts the manifest in the place of the folder's old one, durably. *ret_replaced tells, after a
 * failure too, that the new one may be what a reader finds now. FIRN_NO_MEMORY, FIRN_LIMIT (the
 * path is too long), else as firn_file_replace. */
FIRN_NODISCARD firn_status firn_manifest_store(const char *path, const firn_allocator *allocator,
                                               const firn_manifest *manifest, bool *ret_replaced,
                                               firn_error *ret_error);

#endif
