/* A Lua state in a region: begun, called, put to sleep and woken. */
#include "sleepy.h"

#include <lauxlib.h>
#include <lualib.h>

#include <stdio.h>
#include <stdlib.h>

extern const char app_script[];
extern const size_t app_script_size;

/* Only what the script needs, so that a state is small. */
static int set_up(lua_State *state)
{
    luaL_requiref(state, "_G", luaopen_base, 1);
    luaL_requiref(state, LUA_STRLIBNAME, luaopen_string, 1);
    luaL_requiref(state, LUA_TABLIBNAME, luaopen_table, 1);
    luaL_requiref(state, LUA_COLIBNAME, luaopen_coroutine, 1);
    lua_Integer number = lua_tointeger(state, 1);
    lua_settop(state, 0);
    if (luaL_loadbufferx(state, app_script, app_script_size, "=app.lua", "t") != LUA_OK)
        return lua_error(state);
    lua_pushinteger(state, number);
    lua_call(state, 1, 0);
    lua_gc(state, LUA_GCCOLLECT);
    return 0;
}

bool interpreter_open(interpreter *lua, uint32_t number)
{
    *lua = (interpreter){.number = number};
    if (firn_region_create(NULL, &lua->region) != FIRN_OK)
        return false;
    lua->memory = firn_region_allocator(lua->region);
    lua->state = firn_lua_open(&lua->memory);
    if (lua->state == NULL)
        goto fail;
    lua_pushcfunction(lua->state, set_up);
    lua_pushinteger(lua->state, number);
    if (lua_pcall(lua->state, 1, 0, 0) != LUA_OK) {
        fprintf(stderr, "sleepy-lua: %s\n", lua_tostring(lua->state, -1));
        goto fail;
    }
    return true;
fail:
    interpreter_close(lua);
    return false;
}

void interpreter_close(interpreter *lua)
{
    firn_region_destroy(lua->region); /* and the state with it, without lua_close */
    lua->region = NULL;
}

uint32_t interpreter_call(interpreter *lua, const char *function, uint32_t argument)
{
    lua_getglobal(lua->state, function);
    lua_pushinteger(lua->state, argument);
    if (lua_pcall(lua->state, 1, 1, 0) != LUA_OK) {
        fprintf(stderr, "sleepy-lua: interpreter %u: %s\n", lua->number,
                lua_tostring(lua->state, -1));
        exit(1);
    }
    uint32_t result = (uint32_t)lua_tointeger(lua->state, -1);
    lua_pop(lua->state, 1);
    return result;
}

bool interpreter_sleep(interpreter *lua, int level, firn_region_template *sibling)
{
    firn_region_hibernate_options options = {.level = level, .sibling = sibling};
    return firn_region_hibernate(lua->region, &options) == FIRN_OK;
}

bool interpreter_wake(interpreter *lua)
{
    return firn_region_wake(lua->region) == FIRN_OK;
}
