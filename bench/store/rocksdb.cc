// bench/store: RocksDB with blocks of 16 KB packed by zstd, whose log each commit syncs.
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "store/db.h"

enum { BLOCK_BYTES = 16 << 10 };

static rocksdb::DB *db;
static rocksdb::WriteBatch batch;

static void must(const rocksdb::Status &status)
{
    if (status.ok())
        return;
    std::fprintf(stderr, "rocksdb: %s\n", status.ToString().c_str());
    std::exit(1);
}

// Keys are in the order of their numbers.
struct key_text {
    char bytes[4];
    explicit key_text(uint32_t key)
        : bytes{char(key >> 24), char(key >> 16), char(key >> 8), char(key)}
    {
    }
    operator rocksdb::Slice() const { return {bytes, sizeof bytes}; }
};

void db_open(const char *folder)
{
    rocksdb::BlockBasedTableOptions table;
    rocksdb::Options open;
    table.block_cache = rocksdb::NewLRUCache(DB_CACHE_BYTES);
    table.block_size = BLOCK_BYTES;
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    open.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    open.create_if_missing = true;
    open.compression = rocksdb::kZSTD;
    must(rocksdb::DB::Open(open, folder, &db));
}

void db_close(void)
{
    must(db->Close());
    delete db;
}

void db_put(uint32_t key, const void *value, size_t size)
{
    must(batch.Put(key_text(key), {static_cast<const char *>(value), size}));
}

void db_commit(void)
{
    rocksdb::WriteOptions options;
    options.sync = true;
    must(db->Write(options, &batch));
    batch.Clear();
}

size_t db_get(uint32_t key, void *out, size_t capacity)
{
    rocksdb::PinnableSlice value;
    must(db->Get({}, db->DefaultColumnFamily(), key_text(key), &value));
    std::memcpy(out, value.data(), value.size() < capacity ? value.size() : capacity);
    return value.size();
}

void db_compact(void)
{
    rocksdb::CompactRangeOptions options;
    options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
    must(db->Flush({}));
    must(db->CompactRange(options, nullptr, nullptr));
}
