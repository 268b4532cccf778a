/* Interpreters that sleep: a Lua state each, wholly in a region of its own. */
#ifndef SLEEPY_H
#define SLEEPY_H

#include <firn/adapters/lua.h>
#include <firn/region.h>

typedef struct interpreter {
    firn_region *region;
    firn_allocator memory; /* the region's; the state points to it */
    lua_State *state;      /* in the region */
    uint32_t number;
    uint32_t digest;                   /* of its data when it last went to sleep */
    struct interpreter *older, *newer; /* of those awake */
} interpreter;

/* Begins one and runs the script in it. False when there is no memory. */
bool interpreter_open(interpreter *lua, uint32_t number);
/* Ends it, awake or asleep. */
void interpreter_close(interpreter *lua);

/* Calls a function of the script with a number; the interpreter must be awake. */
uint32_t interpreter_call(interpreter *lua, const char *function, uint32_t argument);

bool interpreter_sleep(interpreter *lua, int level, firn_region_template *sibling);
bool interpreter_wake(interpreter *lua);

/* What the process takes, in bytes: pages, and what the kernel keeps to know of them. */
typedef struct memory {
    double pages, page_tables, mappings;
} memory;
memory memory_now(void);

#endif
