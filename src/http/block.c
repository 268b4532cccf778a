/* Blocks: lent to a connection while it is read or answered. Those of the profile's size are kept
 * for the next, up to SPARE_BLOCKS, the one that was used last being lent first, as it is in the
 * cache; so a steady load allocates nothing. Memory: the loop's slab. */
#include "http/connection.h"

#include <string.h>

#define GROW_LEAST 1024u /* bytes to read into */

static void *take(struct loop *loop, size_t bytes)
{
    void *memory = firn_slab_alloc(&loop->slab, bytes);
    count(&loop->stats.allocations, 1);
    if (memory != NULL)
        count(&loop->stats.block_bytes, (int64_t)bytes);
    return memory;
}

static void give(struct loop *loop, void *memory, size_t bytes)
{
    count(&loop->stats.block_bytes, -(int64_t)bytes);
    (void)!firn_slab_release(&loop->slab, memory);
}

static size_t block_bytes(const struct loop *loop)
{
    const firn_http_profile_info *profile = loop->profile;
    return sizeof(struct block) + profile->field_count * sizeof(firn_http_field) +
           profile->input_bytes;
}

static firn_http_field *own_fields(struct block *block)
{
    return (firn_http_field *)(block + 1);
}

static char *own_data(const struct loop *loop, struct block *block)
{
    return (char *)(own_fields(block) + loop->profile->field_count);
}

bool firn_http_block_lend(struct connection *connection)
{
    struct loop *loop = connection->loop;
    struct block *block = loop->spare;
    if (block != NULL) {
        loop->spare = block->next;
        loop->spare_count--;
    } else {
        block = take(loop, block_bytes(loop));
        if (block == NULL)
            return false;
        memset(block, 0, sizeof *block);
        block->exchange.file = -1;
    }
    block->fields = own_fields(block);
    block->field_capacity = loop->profile->field_count;
    block->data = own_data(loop, block);
    block->capacity = loop->profile->input_bytes;
    block->used = block->start = block->read_at = 0;
    connection->block = block;
    return true;
}

/* Gives back what lies apart. */
static void shrink(struct loop *loop, struct block *block)
{
    if (block->wait != NULL)
        give(loop, block->wait, block->wait_capacity);
    block->wait = NULL;
    block->wait_size = block->wait_at = block->wait_capacity = 0;
    if (block->fields != own_fields(block))
        give(loop, block->fields, block->field_capacity * sizeof *block->fields);
    if (block->data != own_data(loop, block))
        give(loop, block->data, block->capacity);
}

void firn_http_block_return(struct connection *connection)
{
    struct loop *loop = connection->loop;
    struct block *block = connection->block;
    connection->block = NULL;
    if (block == NULL)
        return;
    shrink(loop, block);
    if (loop->spare_count >= SPARE_BLOCKS) {
        give(loop, block, block_bytes(loop));
        return;
    }
    block->next = loop->spare;
    loop->spare = block;
    loop->spare_count++;
}

bool firn_http_block_grow_data(struct connection *connection)
{
    struct loop *loop = connection->loop;
    struct block *block = connection->block;
    if (block->start > 0) { /* the message under way goes to the front */
        memmove(block->data, block->data + block->start, block->used - block->start);
        block->used -= block->start;
        block->read_at -= block->start;
        block->start = 0;
    }
    if (block->capacity - block->used >= GROW_LEAST)
        return true;
    uint32_t capacity = block->capacity * 2;
    char *data = take(loop, capacity);
    if (data == NULL)
        return false;
    count(&loop->stats.spills, 1);
    memcpy(data, block->data, block->used);
    if (block->data != own_data(loop, block))
        give(loop, block->data, block->capacity);
    block->data = data;
    block->capacity = capacity;
    return true;
}

bool firn_http_block_grow_fields(struct connection *connection, uint32_t fields)
{
    struct loop *loop = connection->loop;
    struct block *block = connection->block;
    struct firn_http_exchange *exchange = &block->exchange;
    firn_http_field *larger = take(loop, fields * sizeof *larger);
    if (larger == NULL)
        return false;
    count(&loop->stats.spills, 1);
    memcpy(larger, block->fields, block->field_capacity * sizeof *larger);
    if (exchange->in_trailers) { /* they stand behind the head's */
        exchange->trailers.fields = larger + exchange->head.field_count;
        exchange->trailers.field_capacity = fields - exchange->head.field_count;
    }
    exchange->head.fields = larger;
    exchange->head.field_capacity = fields;
    if (block->fields != own_fields(block))
        give(loop, block->fields, block->field_capacity * sizeof *larger);
    block->fields = larger;
    block->field_capacity = fields;
    return true;
}

void firn_http_blocks_fini(struct loop *loop)
{
    while (loop->spare != NULL) {
        struct block *block = loop->spare;
        loop->spare = block->next;
        give(loop, block, block_bytes(loop));
    }
    loop->spare_count = 0;
}
