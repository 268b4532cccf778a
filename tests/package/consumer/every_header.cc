// A C++ program over the whole interface.
#include <firn/firn.h>

#include <cstdio>

int main()
{
    firn_arena arena;
    if (firn_arena_init(&arena, nullptr) != FIRN_OK)
        return 1;
    const bool given = firn_arena_alloc(&arena, 100) != nullptr;
    firn_arena_fini(&arena);
    std::puts(firn_status_text(FIRN_OK));
    return given ? 0 : 1;
}
