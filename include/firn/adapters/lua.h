/* Lua 5.4 in memory of a firn_allocator, such as a region's: all that a state holds (strings,
 * tables, closures, coroutines with their stacks, userdata) is then in there, and sleeps with it.
 * Header-only; Firn does not link with Lua.
 *
 * Outside nevertheless: what C code keeps for itself. Of the standard libraries that is io's FILE
 * (its buffer too), the handles of modules that `require` loaded as shared objects, and the locale.
 * A file that is open stays open and is at the same place when the state wakes.
 *
 * Each state draws a seed for its hashes from addresses and the time, so that two which ran the
 * same script differ in the order of their tables; docs/adapters.md says more.
 *
 * Threads: as the state and the allocator, one at a time. */
#ifndef FIRN_ADAPTERS_LUA_H
#define FIRN_ADAPTERS_LUA_H

#include <firn/allocator.h>

FIRN_BEGIN
#include <lua.h>
FIRN_END

FIRN_BEGIN

/* The lua_Alloc function; context is a const firn_allocator *, which must outlive the state. */
static inline void *firn_lua_allocate(void *context, void *block, size_t old_size, size_t new_size)
{
    const firn_allocator *allocator = (const firn_allocator *)context;
    if (new_size == 0) {
        if (block != NULL)
            firn_release(allocator, block, old_size);
        return NULL;
    }
    /* Without a block, old_size tells what kind of object the new one will be. */
    if (block == NULL)
        return firn_allocate(allocator, new_size);
    return firn_reallocate(allocator, block, old_size, new_size);
}

/* A new state in memory of the allocator, without libraries; NULL when there is none. lua_close
 * ends it; where the whole region goes, that may be left out unless finalizers must run. An error
 * outside of a protected call ends the process: use lua_pcall, or lua_atpanic. */
static inline lua_State *firn_lua_open(const firn_allocator *allocator)
{
    return lua_newstate(firn_lua_allocate, (void *)(uintptr_t)allocator);
}

FIRN_END

#endif
