/* All of Firn's public interface. */
#ifndef FIRN_H
#define FIRN_H

#include <firn/allocator.h>
#include <firn/api.h>
#include <firn/arena.h>
#include <firn/bytes.h>
#include <firn/cache.h>
#include <firn/checksum.h>
#include <firn/codec.h>
#include <firn/columns.h>
#include <firn/context.h>
#include <firn/delta.h>
#include <firn/file.h>
#include <firn/fixed.h>
#include <firn/heap.h>
#include <firn/http_client.h>
#include <firn/http_message.h>
#include <firn/http_pool.h>
#include <firn/http_server.h>
#include <firn/intern.h>
#include <firn/journal.h>
#include <firn/map.h>
#include <firn/mapped.h>
#include <firn/page_source.h>
#include <firn/policy.h>
#include <firn/pool.h>
#include <firn/process.h>
#include <firn/query.h>
#include <firn/region.h>
#include <firn/slab.h>
#include <firn/status.h>
#include <firn/store.h>
#include <firn/string.h>
#include <firn/swapper.h>
#include <firn/system.h>
#include <firn/tree.h>
#include <firn/tune.h>
#include <firn/url.h>
#include <firn/usage.h>
#include <firn/varint.h>

#endif
