/* Dictionaries for the cold groups of a cache. */
#ifndef FIRN_TIER_CACHE_DICTIONARY_H
#define FIRN_TIER_CACHE_DICTIONARY_H

#include "tier/cache.h"

FIRN_NODISCARD firn_status firn_cache_dictionaries_init(firn_cache *cache);
void firn_cache_dictionaries_fini(firn_cache *cache);
/* In a child of fork: whether no other thread was at them. */
bool firn_cache_dictionaries_at_rest(firn_cache *cache);
uint64_t firn_cache_dictionaries_bytes(firn_cache *cache);

/* Packs a cold group by zstd-3, with the dictionary of now where there is one; its number goes to
 * *ret_dictionary, 0 for none. out has room for firn_codec_bound(size). Learns from what it sees.
 */
FIRN_NODISCARD firn_status firn_cache_dictionary_pack(firn_cache *cache, firn_codec *codec,
                                                      const void *data, size_t size, void *out,
                                                      size_t *ret_size, uint8_t *ret_dictionary);

/* Unpacks a group's frame; number 0: one without a dictionary. Errors as firn_codec_unpack's. */
FIRN_NODISCARD firn_status firn_cache_dictionary_unpack(firn_cache *cache, firn_codec *codec,
                                                        uint8_t number, const void *frame,
                                                        size_t frame_size, void *out,
                                                        size_t out_size);

#endif
