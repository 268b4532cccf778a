/* A Lua state as a subject: tables, strings, closures that share variables, coroutines that stand
 * within loops and calls of others, metatables, weak tables. */
#ifndef FIRN_TESTS_LUA_SUBJECT_H
#define FIRN_TESTS_LUA_SUBJECT_H

#include "subject.h"

#include <firn/adapters/lua.h>

#include <lauxlib.h>
#include <lualib.h>

typedef struct lua_subject {
    lua_State *state;
} lua_subject;

static const char lua_subject_script[] =
    "local words, counters, threads, boxes = {}, {}, {}, {}\n"
    "local weak = setmetatable({}, {__mode = 'v'})\n"
    "local sum = 0\n"
    "local function fold(n) sum = (sum * 31 + n) % 4294967291 end\n"
    "local Box = {}\n"
    "Box.__index = Box\n"
    "Box.__add = function(a, b) return setmetatable({a[1] + b[1]}, Box) end\n"
    "function Box:get() return self[1] end\n"
    "local function counter(start)\n"
    "  local value = start\n"
    "  return {function() value = value + 1 return value end, function() return value end}\n"
    "end\n"
    "local function walk(depth, n)\n"
    "  if depth == 0 then coroutine.yield(n) return 1 end\n"
    "  local made = 0\n"
    "  for i = 1, 2 do made = made + walk(depth - 1, n * 2 + i) end\n"
    "  return made\n"
    "end\n"
    "local acts = {\n"
    "  function(r) words[#words + 1] = string.rep(('%x'):format(r), r % 40 + 1) end,\n"
    "  function(r) counters[#counters + 1] = counter(r % 1000) end,\n"
    "  function(r) if #counters > 0 then fold(counters[r % #counters + 1][1]()) end end,\n"
    "  function(r)\n"
    "    threads[#threads + 1] = coroutine.create(function()\n"
    "      while true do walk(r % 6, r % 977) end end)\n"
    "  end,\n"
    "  function(r)\n"
    "    for _ = 1, #threads > 0 and 3 or 0 do\n"
    "      local _, n = assert(coroutine.resume(threads[r % #threads + 1]))\n"
    "      fold(n or 1)\n"
    "    end\n"
    "  end,\n"
    "  function(r) boxes['b' .. r % 500] = setmetatable({r % 10000}, Box) weak[r % 50] = {} end,\n"
    "  function(r)\n"
    "    local a, b = boxes['b' .. r % 500], boxes['b' .. (r + 1) % 500]\n"
    "    if a and b then fold((a + b):get()) end\n"
    "  end,\n"
    "  function(r) if #words > 300 then for i = 1, 200 do words[#words] = nil end end end,\n"
    "  function(r) if #threads > 60 then threads = {table.unpack(threads, 30)} end end,\n"
    "  function(r) if r % 16 == 0 then collectgarbage() end end,\n"
    "}\n"
    "function step(r) acts[r % #acts + 1](r // 16) end\n"
    "function digest()\n"
    "  for _, word in ipairs(words) do fold(#word) for i = 1, #word, 5 do fold(word:byte(i)) end "
    "end\n"
    "  for _, c in ipairs(counters) do fold(c[2]()) end\n"
    "  local all = 0\n"
    "  for _, box in pairs(boxes) do all = (all + box:get()) % 4294967291 end\n"
    "  fold(all)\n"
    "  return sum\n"
    "end\n";

static inline int lua_subject_set_up(lua_State *state)
{
    luaL_requiref(state, "_G", luaopen_base, 1);
    luaL_requiref(state, LUA_STRLIBNAME, luaopen_string, 1);
    luaL_requiref(state, LUA_TABLIBNAME, luaopen_table, 1);
    luaL_requiref(state, LUA_COLIBNAME, luaopen_coroutine, 1);
    lua_settop(state, 0);
    if (luaL_loadbufferx(state, lua_subject_script, sizeof lua_subject_script - 1, "=subject",
                         "t") != LUA_OK)
        return lua_error(state);
    lua_call(state, 0, 0);
    return 0;
}

/* Whether a protected call went well; any other error than the lack of memory is a breach. */
static inline bool lua_subject_went(lua_State *state, int status)
{
    if (status != LUA_OK && status != LUA_ERRMEM)
        subject_breach(lua_tostring(state, -1));
    return status == LUA_OK;
}

static inline bool lua_subject_open(void *self, const firn_allocator *allocator)
{
    lua_subject *lua = self;
    lua->state = firn_lua_open(allocator);
    if (lua->state == NULL)
        return false;
    lua_pushcfunction(lua->state, lua_subject_set_up);
    if (lua_subject_went(lua->state, lua_pcall(lua->state, 0, 0, 0)))
        return true;
    lua_close(lua->state);
    return false;
}

static inline int lua_subject_do_step(lua_State *state)
{
    lua_getglobal(state, "step");
    lua_insert(state, 1);
    lua_call(state, 1, 0);
    return 0;
}

static inline bool lua_subject_step(void *self, uint32_t random)
{
    lua_State *state = ((lua_subject *)self)->state;
    lua_settop(state, 0);
    lua_pushcfunction(state, lua_subject_do_step);
    lua_pushinteger(state, random);
    return lua_subject_went(state, lua_pcall(state, 1, 0, 0));
}

static inline uint32_t lua_subject_digest(void *self)
{
    lua_State *state = ((lua_subject *)self)->state;
    lua_settop(state, 0);
    lua_getglobal(state, "digest");
    if (!lua_subject_went(state, lua_pcall(state, 0, 1, 0)))
        subject_breach("no memory for a digest");
    return (uint32_t)lua_tointeger(state, -1);
}

static inline void lua_subject_close(void *self)
{
    lua_close(((lua_subject *)self)->state);
}

static const subject lua_subject_kind = {lua_subject_open, lua_subject_step, lua_subject_digest,
                                         lua_subject_close};

#endif
