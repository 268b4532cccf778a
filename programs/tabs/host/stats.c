/* What all of it takes, as the kernel counts it. */
#include "tabs/host/host.h"

#include "common/emitter.h"

uint64_t stats_pss(pid_t process, uint64_t *shared_bytes)
{
    char path[64], line[200];
    unsigned long long kilobytes = 0, shared = 0;
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)process);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        (void)sscanf(line, "Pss: %llu", &kilobytes);
        if (sscanf(line, "Pss_Shmem: %llu", &shared) == 1)
            break; /* the latter comes behind */
    }
    if (file != NULL)
        fclose(file);
    if (shared_bytes != NULL)
        *shared_bytes += shared * 1024;
    return kilobytes * 1024;
}

void stats_answer(struct host *host)
{
    struct emitter emitter;
    uint64_t counts[TAB_LOST + 1] = {0}, pages = 0, images = 0;
    firn_process_memory own = {0};
    for (size_t i = 0; i < host->tab_count; i++) {
        const struct tab *tab = host->tabs[i];
        counts[tab->state]++;
        pages += tab->process > 0 ? stats_pss(tab->process, NULL) : 0;
        images += images_bytes(tab);
    }
    pages += host->spare.process > 0 ? stats_pss(host->spare.process, NULL) : 0;
    (void)!firn_process_memory_get(&own);
    const uint64_t zygote = host->zygote_process > 0 ? stats_pss(host->zygote_process, NULL) : 0;
    emitter_begin_line(&emitter, stdout, host->json);
    if (host->json) {
        emitter_object_begin(&emitter, NULL);
        emitter_flag(&emitter, "ok", true);
        emitter_number(&emitter, "tabs", host->tab_count);
        for (tab_state state = TAB_ACTIVE; state <= TAB_LOST; state++)
            emitter_number(&emitter, tab_state_name(state), counts[state]);
        emitter_bytes(&emitter, "host_bytes", own.pss_bytes);
        emitter_bytes(&emitter, "zygote_bytes", zygote);
        emitter_bytes(&emitter, "pages_bytes", pages);
        emitter_bytes(&emitter, "alike_bytes", alike_bytes());
        emitter_bytes(&emitter, "images_bytes", images);
        emitter_bytes(&emitter, "store_bytes", frozen_disk_bytes(host));
        emitter_object_end(&emitter);
    } else {
        char a[READABLE_BYTES], b[READABLE_BYTES], c[READABLE_BYTES], d[READABLE_BYTES],
            e[READABLE_BYTES], f[READABLE_BYTES];
        for (tab_state state = TAB_ACTIVE; state <= TAB_LOST; state++)
            emitter_plain(&emitter, "%s %llu, ", tab_state_name(state),
                          (unsigned long long)counts[state]);
        emitter_plain(&emitter, "host %s, zygote %s, pages %s, alike %s, images %s, store %s\n",
                      readable_bytes(own.pss_bytes, a), readable_bytes(zygote, b),
                      readable_bytes(pages, c), readable_bytes(alike_bytes(), d),
                      readable_bytes(images, e), readable_bytes(frozen_disk_bytes(host), f));
    }
    host->is_over |= emitter_end(&emitter, EXIT_DONE) != EXIT_DONE;
}
