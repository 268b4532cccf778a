/* What a page that is in other hands sends its host: whatever it is, each command has its one
 * answer, and the host holds no more than it says. The first byte chooses the commands, the rest is
 * what pages do (tabs_world.h). */
#include "tabs_world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const commands[] = {
    "eval 1 1",       "state 1 cold", "click 1 a", "state 1 warm",   "text 1",    "state 1 cold",
    "fill 1 a value", "reload 1",     "query 1 p", "open http://a/", "console 1", "state 1 active",
    "history x",      "eval 2 1",     "close 2",   "state 1 warm",   "list",      "eval 1 2+2",
};

static void look_at_tabs(void)
{
    const struct host *host = &world.host;
    for (size_t i = 0; i < host->tab_count; i++) {
        const struct tab *tab = host->tabs[i];
        check(tab->url != NULL && tab->title != NULL && strlen(tab->url) <= URL_MAX_BYTES);
        check(tab->socket < 0 || tab->instance != 0);
        check(tab->state != TAB_LOST || (tab->socket < 0 && tab->own == NULL));
        check(tab->state == TAB_ACTIVE || tab->state == TAB_LOST || tab->own != NULL);
        check(tab->visits.count <= 50 && tab->visits.at <= tab->visits.count);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t count = sizeof commands / sizeof commands[0];
    if (size == 0)
        return 0;
    world_begin(data + 1, size - 1);
    world.host.json = data[0] & 1;
    (void)world_ask("open about:blank", 16);
    for (size_t i = 0; i < count; i++) {
        const char *command = commands[(i + (data[0] >> 1)) % count];
        (void)world_ask(command, strlen(command));
        look_at_tabs();
    }
    world_end();
    return 0;
}
