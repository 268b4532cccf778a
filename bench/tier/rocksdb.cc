// bench/tier: RocksDB with blocks of 4 KB, not compressed in the file, in an LRU of limit_bytes. With
// STORE_SECONDARY, a fifth of that is the LRU and the rest the secondary cache behind it, compressed
// by that name.
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/perf_context.h>
#include <rocksdb/table.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include <unistd.h>

#include "tier/store.h"

static rocksdb::DB *db;
static rocksdb::PinnableSlice value; // holds its block until the next get
static uint64_t blocks_read;

static void must(const rocksdb::Status &status)
{
    if (status.ok())
        return;
    std::fprintf(stderr, "rocksdb: %s\n", status.ToString().c_str());
    std::exit(1);
}

static std::shared_ptr<rocksdb::Cache> make_cache(uint64_t limit_bytes)
{
    rocksdb::LRUCacheOptions options;
    options.capacity = limit_bytes != 0 ? limit_bytes : 2000u << 20;
#ifdef STORE_SECONDARY
    rocksdb::CompressedSecondaryCacheOptions secondary;
    secondary.capacity = options.capacity / 5 * 4;
    secondary.compression_type = rocksdb::STORE_SECONDARY;
    options.capacity /= 5;
    options.secondary_cache = rocksdb::NewCompressedSecondaryCache(secondary);
#endif
    return rocksdb::NewLRUCache(options);
}

void store_open(const struct store_options *options)
{
    rocksdb::BlockBasedTableOptions table;
    rocksdb::Options open;
    table.block_cache = make_cache(options->limit_bytes);
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    open.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    open.create_if_missing = true;
    open.compression = rocksdb::kNoCompression;
    open.write_buffer_size = 8 << 20;
    open.max_write_buffer_number = 2;
    must(rocksdb::DB::Open(open, options->folder, &db));
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kEnableCount);
}

void store_close(void)
{
    value.Reset();
    delete db;
}

pid_t store_process(void)
{
    return getpid();
}

bool store_put(const char *key, size_t key_size, const char *value, size_t size)
{
    rocksdb::WriteOptions options;
    options.disableWAL = true;
    must(db->Put(options, {key, key_size}, {value, size}));
    return true;
}

void store_settle(void)
{
    must(db->Flush({}));
    must(db->CompactRange({}, nullptr, nullptr));
}

ptrdiff_t store_get(const char *key, size_t key_size, char *out, size_t capacity)
{
    value.Reset();
    uint64_t before = rocksdb::get_perf_context()->block_read_count;
    rocksdb::Status status =
        db->Get({}, db->DefaultColumnFamily(), {key, key_size}, &value);
    blocks_read += rocksdb::get_perf_context()->block_read_count != before;
    if (status.IsNotFound())
        return -1;
    must(status);
    std::memcpy(out, value.data(), value.size() < capacity ? value.size() : capacity);
    return static_cast<ptrdiff_t>(value.size());
}

bool store_round_trip(void)
{
    return false;
}

int64_t store_disk_gets(void)
{
    uint64_t read = blocks_read;
    blocks_read = 0;
    return static_cast<int64_t>(read);
}
