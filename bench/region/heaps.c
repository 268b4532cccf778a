/* Heaps of Lua, Duktape and SQLite, as a program that embeds them has one per user, and the memory
 * of a process as data. They are never closed: their memory goes with the region. */
#include "region/heaps.h"

#include "support/measure.h"

#include <string.h>

static char *file_read(const char *folder, const char *name, size_t *ret_size)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    fseek(file, 0, SEEK_END);
    *ret_size = (size_t)ftell(file);
    rewind(file);
    char *data = need(malloc(*ret_size + 1));
    if (fread(data, 1, *ret_size, file) != *ret_size) {
        free(data);
        data = NULL;
    } else {
        data[*ret_size] = '\0';
    }
    fclose(file);
    return data;
}

/* --- the memory of a process --- */

static bool make_image(firn_region *region, const firn_allocator *memory, const char *folder,
                       const char *name)
{
    size_t size;
    char *data = file_read(folder, name, &size);
    void *pages = data != NULL ? firn_allocate(memory, size) : NULL;
    bool made = pages != NULL && firn_region_root_set(region, pages) == FIRN_OK;
    if (made)
        memcpy(pages, data, size);
    free(data);
    return made;
}

static bool make_node(firn_region *region, const firn_allocator *memory, const char *folder,
                      bool full)
{
    (void)full;
    return make_image(region, memory, folder, "node.image");
}

static bool make_python(firn_region *region, const firn_allocator *memory, const char *folder,
                        bool full)
{
    (void)full;
    return make_image(region, memory, folder, "python.image");
}

/* --- Lua: documents with an index, and closures --- */

#ifdef FIRN_BENCH_LUA
#include <firn/adapters/lua.h>

#include <lauxlib.h>
#include <lualib.h>

static const char lua_script[] =
    "local full = ...\n"
    "local random = 7\n"
    "local function below(n) random = (random * 1664525 + 1013904223) % 4294967296\n"
    "  return random // 65536 % n end\n"
    "documents, index, undo = {}, {}, {}\n"
    "for i = 1, full and 30000 or 300 do\n"
    "  local words = {}\n"
    "  for j = 1, 5 + below(8) do words[j] = 'word' .. below(2000) end\n"
    "  local document = {id = i, text = table.concat(words, ' '), score = below(1000) / 7}\n"
    "  documents[i] = document\n"
    "  for _, word in ipairs(words) do\n"
    "    index[word] = index[word] or {}\n"
    "    table.insert(index[word], i)\n"
    "  end\n"
    "  undo[i] = function() document.score = nil return document end\n"
    "end\n"
    "collectgarbage()\n";

static bool make_lua(firn_region *region, const firn_allocator *memory, const char *folder,
                     bool full)
{
    (void)folder;
    firn_allocator *kept = firn_allocate(memory, sizeof *kept);
    if (kept == NULL || firn_region_root_set(region, kept) != FIRN_OK)
        return false;
    *kept = *memory;
    lua_State *state = firn_lua_open(kept);
    if (state == NULL)
        return false;
    luaL_openlibs(state);
    if (luaL_loadstring(state, lua_script) != LUA_OK)
        return false;
    lua_pushboolean(state, full);
    return lua_pcall(state, 1, 0, 0) == LUA_OK;
}
#endif

/* --- Duktape: lodash in the globals of some frames, as of a page, and with `full` a small state in
 * each --- */

#ifdef FIRN_BENCH_DUKTAPE
#include <firn/adapters/duktape.h>

static const char duktape_state[] =
    "var items = _.map(_.range(50), function (n) {"
    "  return { id: n, name: 'item ' + n, tags: _.times(n % 5, String) }; });"
    "var byName = _.keyBy(items, 'name');"
    "var later = _.map(items, function (item) { return function () { return item.id; }; });";

struct loading {
    const char *library;
    size_t size;
    bool full, failed;
};

enum { DUKTAPE_FRAMES = 4 };

static void duktape_load(duk_context *context, void *argument)
{
    struct loading *loading = argument;
    for (int i = 0; i < DUKTAPE_FRAMES && !loading->failed; i++) {
        duk_push_thread_new_globalenv(context);
        loading->failed = duk_peval_lstring_noresult(duk_get_context(context, -1), loading->library,
                                                     loading->size) != 0;
    }
    for (int i = 0; i < DUKTAPE_FRAMES && loading->full && !loading->failed; i++)
        loading->failed =
            duk_peval_string_noresult(duk_get_context(context, i), duktape_state) != 0;
    duk_gc(context, 0);
    duk_gc(context, DUK_GC_COMPACT);
}

static bool make_duktape(firn_region *region, const firn_allocator *memory, const char *folder,
                         bool full)
{
    struct loading loading = {.full = full};
    char *library = file_read(folder, "lodash.js", &loading.size);
    struct kept {
        firn_allocator memory;
        firn_duktape engine;
    } *kept = library != NULL ? firn_allocate(memory, sizeof *kept) : NULL;
    bool made = kept != NULL && firn_region_root_set(region, kept) == FIRN_OK;
    if (made) {
        kept->memory = *memory;
        loading.library = library;
        made = firn_duktape_open(&kept->engine, &kept->memory) != NULL &&
               firn_duktape_call(&kept->engine, duktape_load, &loading) && !loading.failed;
    }
    free(library);
    return made;
}
#endif

/* --- SQLite: a table with an index --- */

#ifdef FIRN_BENCH_SQLITE
#include <firn/adapters/sqlite.h>

static const char sqlite_rows[] =
    "CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, price REAL, note TEXT);"
    "CREATE INDEX item_name ON item(name);"
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
    " INSERT INTO item SELECT i, printf('item %%d of %%x', i, i * 2654435761 %% 4294967296),"
    "  (i * 7919 %% 100000) / 100.0, printf('%%.*c', i %% 80, 'n') || (i %% 977) FROM n;";

static bool make_sqlite(firn_region *region, const firn_allocator *memory, const char *folder,
                        bool full)
{
    static bool configured;
    (void)folder;
    if (!configured)
        configured = firn_sqlite_configure() == SQLITE_OK;
    struct kept {
        firn_allocator memory;
        sqlite3 *database;
    } *kept = firn_allocate(memory, sizeof *kept);
    if (!configured || kept == NULL || firn_region_root_set(region, kept) != FIRN_OK)
        return false;
    kept->memory = *memory;
    char script[1024];
    sqlite3_snprintf(sizeof script, script, sqlite_rows, full ? 150000 : 1000);
    const firn_allocator *before = firn_current_enter(&kept->memory);
    bool made = sqlite3_open(":memory:", &kept->database) == SQLITE_OK &&
                sqlite3_exec(kept->database, script, NULL, NULL, NULL) == SQLITE_OK;
    firn_current_enter(before);
    return made;
}
#endif

const struct heap *heap_find(const char *name)
{
    static const struct heap heaps[] = {
        {"node", make_node, false},      {"python", make_python, false},
#ifdef FIRN_BENCH_LUA
        {"lua", make_lua, true},
#endif
#ifdef FIRN_BENCH_DUKTAPE
        {"duktape", make_duktape, true},
#endif
#ifdef FIRN_BENCH_SQLITE
        {"sqlite", make_sqlite, true},
#endif
    };
    for (size_t i = 0; i < sizeof heaps / sizeof *heaps; i++)
        if (strcmp(heaps[i].name, name) == 0)
            return &heaps[i];
    return NULL;
}
