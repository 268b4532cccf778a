/* The host of `firn tabs`: it reads commands, has a zygote fork a page for each tab, fetches for
 * the pages, and keeps the images of those that sleep.
 *
 *     tabs.c      the command line: options, the script, the end
 *     lines.c     commands, one a line, and their answers (answer.c writes these)
 *     table.c     the tabs
 *     loop.c      what comes from pages, the zygote and the fetching threads
 *     pages.c     the zygote, and the processes of pages
 *     load.c      documents: opened, navigated to, come back to
 *     sleep.c     active, warm, cold, frozen, and back
 *     ageing.c    who is to sleep by age, by the budget and by the machine's memory
 *     images.c    the images of sleeping tabs, and which stand on others; frozen.c: the store;
 *                 alike.c: what awake tabs of one document have in common
 *     fetch.c     threads that fetch; resource.c: what one of them does
 *     kept.c      responses and visits that are kept (tabs/resources, tabs/history)
 *     cookies.c   cookies, for all tabs
 *     storage.c   localStorage and sessionStorage; saved.c: files of fields; stats.c: memory
 *
 * Invariants:
 *   H1  one command at a time: while one waits, the loop serves all pages, and reads no command
 *   H2  a tab that is asleep is sent nothing but its image; all else is held until it is awake
 *   H3  an image is in one place: with the page, in the tab, or in the store
 *   H4  what the host holds for a page (its frame that is not whole, answers that it has not taken,
 *       bodies that it sends) is bounded by what a tab may have; see loop.c
 * Threads: one, but for those of fetch.c, which see their jobs only. */
#ifndef TABS_HOST_HOST_H
#define TABS_HOST_HOST_H

#include "common/options.h"
#include "common/readable.h"
#include "tabs/message/message.h"

#include <firn/firn.h>

#include <limits.h>
#include <stdatomic.h>
#include <sys/types.h>

typedef enum tab_state {
    TAB_ACTIVE,
    TAB_WARM,   /* a husk stays, the image lies in RAM, quickly packed */
    TAB_COLD,   /* no process, the image in RAM, packed well */
    TAB_FROZEN, /* the image lies in the store */
    TAB_LOST,   /* its process is gone; url and title remain */
} tab_state;

/* A growing list of texts. */
struct visits {
    char **urls;
    size_t count, room, at; /* at: the one that is shown */
};

struct storage;

#define ALIKE_FILES_MAX 4 /* of a document */

/* What a sleeping process was packed to; see images.c. */
struct image {
    unsigned holders;
    uint64_t number; /* counts the images of a host */
    char *key;       /* the URL of the document, of which it is */
    uint64_t id, base_id;
    bool is_quick;       /* of a warm tab */
    uint64_t bytes;      /* of it */
    message_buffer data; /* in RAM: the image alone; empty: it is not there */
    uint32_t *segments;  /* in the store; NULL: it is not there */
    size_t segment_count;
};

/* How an awake tab shares pages with others of its document; see alike.c. All 0: it does not. */
struct sharing {
    bool is_settled;
    uint64_t file, told_ns; /* what it was told of and has not answered, 0: nothing; and when */
    uint64_t tried;         /* it knows all files up to that */
    uint64_t uses[ALIKE_FILES_MAX]; /* from which it maps */
    size_t use_count;
    uint64_t own_bytes; /* that no file has */
    unsigned writes;    /* files that it was to write */
};

struct tab {
    uint32_t number;
    uint32_t instance; /* of its process; 0: none */
    tab_state state;
    int socket;        /* -1: none */
    pid_t process;     /* 0: not known */
    bool is_loading;   /* a document is fetched, or has not told that it has loaded */
    bool is_gone;      /* the socket is closed; why, the zygote will tell */
    bool is_replacing; /* the document that is fetched takes the place of the one in visits */
    bool has_reply;
    bool is_asked;     /* a script's value is awaited: the page is not left before it is there */
    char *url, *title; /* never NULL */
    char *failed;      /* why it is lost, or why a document did not come; NULL */
    message_buffer in, out, held;
    size_t taken, sent;     /* of in and out */
    message_buffer reply;   /* the last one's frame */
    message_buffer leaving; /* the frame by which it wants to leave its document meanwhile */
    message_buffer image;   /* that a page has just sent */
    struct image *own;      /* of a sleeping tab; NULL: it is awake or lost */
    struct image *base;     /* on which own stands; NULL: on none */
    uint64_t image_bytes, plain_bytes; /* of the last image */
    uint32_t packed_crc, woken_crc;    /* of it as it was packed, and as a process got it last */
    uint64_t used_ns;                  /* when a command last touched it */
    uint64_t asleep_ns;
    uint64_t due_ns;              /* of a sleeping tab's next timer; UINT64_MAX: none */
    uint64_t gone_ns, seen_bytes; /* seen: its PSS when it was last looked at */
    unsigned fetching;            /* fetches under way */
    uint64_t fetching_bytes;      /* of the bodies that they send */
    unsigned hops;                /* documents that were left before they had loaded */
    unsigned told;                /* lines on stderr since the last command */
    uint64_t document; /* the number of the fetch that brings its next document; 0: none */
    struct visits visits;
    struct storage *session;
    struct sharing sharing;
    char *console; /* its last lines */
    size_t console_bytes;
};

struct fetcher;
struct frozen;

/* A page's process that waits for a document, so that none is started while somebody waits. */
struct spare {
    uint32_t instance; /* 0: there is none */
    int socket;
    pid_t process; /* 0: not known */
};

struct host {
    struct tab **tabs; /* by number, ascending */
    size_t tab_count, tab_room;
    uint32_t next_number, next_instance;
    uint64_t next_image;
    int zygote; /* socket; -1: not started */
    pid_t zygote_process;
    bool zygote_ready;
    char zygote_failed[256];
    struct spare spare;
    bool wants_spare; /* a document was shown, and the next may follow */
    struct fetcher *fetcher;
    struct frozen *frozen;
    struct storage **locals; /* localStorage by origin */
    size_t local_count, local_room;
    char folder[PATH_MAX]; /* of all that is kept: --store, or a private one */
    bool is_private;       /* which goes away in the end */
    bool list_changed;     /* the list of tabs in the folder is to be written */
    bool list_moved;       /* and when pages changed it, which may be often, at list_due_ns */
    uint64_t list_due_ns;
    uint64_t looked_ns; /* when ages and memory were looked at */
    uint64_t asked_ns;  /* when the last command was there */
    uint64_t saved_ns;  /* when what changes was last saved */
    /* options */
    uint64_t memory_bytes, tab_memory_bytes;
    uint32_t tab_seconds;
    uint64_t warm_ns, cold_ns, frozen_ns;
    bool wakes_timers, json, quiet;
    bool failed; /* a command did */
    bool is_over;
    bool reads_stdin; /* for commands, so that `open -` cannot */
};

/* Longer ones are none for a page. */
#define URL_MAX_BYTES (64u << 10)

/* --- table.c --- */

struct tab *tab_add(struct host *host);
struct tab *tab_find(struct host *host, uint64_t number);
void tab_remove(struct host *host, struct tab *tab);
/* Puts a copy of text in the place of *kept; keeps what is there when memory is short. */
void tab_set_text(char **kept, const char *text);
void tab_set_text_sized(char **kept, const char *text, size_t size);
void tab_drop_text(char **kept);
/* Ends whatever the tab has of processes and images, and says why. NULL: it stays as it is. */
void tab_lose(struct host *host, struct tab *tab, const char *why);
const char *tab_state_name(tab_state state);

/* --- loop.c --- */

/* Serves pages until something happened, or timeout_ms are over (-1: as long as it takes). With a
 * descriptor of commands, it also returns, with true, when there is something to read. */
bool loop_turn(struct host *host, int timeout_ms, int commands);
/* Serves until the tab has a reply, is lost, has another document, or the time is over; false but
 * for the first. */
bool loop_wait_reply(struct host *host, struct tab *tab, uint64_t limit_ms);
/* Does what the page asked for while a script's value was awaited. */
void loop_leave(struct host *host, struct tab *tab);
/* Sends what is in the tab's out buffer, as far as it goes at once. */
void loop_send(struct host *host, struct tab *tab);

/* --- pages.c --- */

/* Starts the zygote, unless it runs, and does not wait for it. False: `zygote_failed` says why not.
 */
bool pages_begin(struct host *host);
/* Waits until the zygote is ready. False: likewise. */
bool pages_wait(struct host *host);
void pages_end(struct host *host);
/* Has a process for a tab: the spare, or one that is forked. rebuilds: to become that of its image.
 * False: the tab is lost. */
bool pages_start(struct host *host, struct tab *tab, bool rebuilds);
/* Starts a spare, where there is none; ends it. */
void pages_spare(struct host *host);
void pages_spare_end(struct host *host);
/* Ends a tab's process, if it has one, and forgets what it sent. */
void pages_stop(struct host *host, struct tab *tab);
void pages_notice(struct host *host);
/* The buffer that a message to the tab's page is written to: held while it is asleep. */
message_buffer *pages_out(struct tab *tab);

/* --- load.c --- */

/* What to ask for. */
struct document {
    const char *method, *url, *headers;
    const void *body;
    size_t body_bytes;
    bool is_reload;
};
/* The URL of what a user names: a URL, or a file. False: `why` says what is wrong with it. */
bool load_name(const char *name, char *ret_url, size_t size, char *why, size_t why_size);
/* Begins to fetch a document for a tab. */
void load_begin(struct host *host, struct tab *tab, const struct document *document, bool replaces);
/* Goes through what the tab has shown. False: there is nothing. */
bool load_traverse(struct host *host, struct tab *tab, int64_t delta);
/* Shows a document that is there. */
void load_given(struct host *host, struct tab *tab, const char *url, const char *html, size_t size);
/* The tab goes on to other documents without ever showing one. */
void load_give_up(struct host *host, struct tab *tab);
/* Waits until the tab shows its document; false: `failed` of the tab says why it does not. */
bool load_wait(struct host *host, struct tab *tab);

/* --- fetch.c --- */

typedef struct fetch_job fetch_job;

/* One fetch. The texts are the job's. */
struct fetch_job {
    fetch_job *next;
    uint64_t number; /* of a document */
    uint32_t tab, instance, id;
    uint32_t destination;
    atomic_bool is_aborted; /* nobody wants it any more */
    bool is_file;
    bool is_reload;      /* what is kept of it does not count */
    bool is_kept;        /* and answered by it */
    bool is_conditional; /* the server is asked whether that is still right */
    int64_t asked_s;     /* since 1970 */
    char *asked_url;
    char *method, *url, *headers, *body; /* body may hold any bytes */
    size_t body_bytes;
    char *origin; /* of the page that asks; "" of the user */
    /* what came */
    bool failed;
    char why[256];
    unsigned status;
    char *final_url;
    message_buffer got_headers, got;
    uint64_t sent_bytes; /* of the body, as the tab counts them */
    uint32_t width, height;
    bool is_binary; /* no text at all */
};

#define JOB_TYPE_BYTES 128

/* Takes a document that a fetch of load_begin has brought. */
void load_arrived(struct host *host, fetch_job *job);
bool fetch_begin(struct host *host);
/* Adds a job, of which all texts are copied. */
void fetch_add(struct host *host, const fetch_job *job);
int fetch_descriptor(const struct host *host);
/* The next one that is done; NULL. The caller lets it go. */
fetch_job *fetch_done(struct host *host);
void fetch_let_go(fetch_job *job);
/* The Content-Type that came; "" for none. */
void job_type(const fetch_job *job, char type[JOB_TYPE_BYTES]);
/* One fetch of a page, that of a document, and all of a page. */
void fetch_abort(uint32_t tab, uint32_t instance, uint32_t id);
void fetch_abort_document(uint64_t number);
void fetch_abort_all(uint32_t tab, uint32_t instance);

/* --- kept.c --- */

struct emitter;

/* Answers a job from what is kept, and if it cannot, says what the server is to be asked. */
bool kept_find(struct host *host, fetch_job *job);
/* Keeps what came (is_new: from the server), and makes of it what a page takes. */
void kept_take(fetch_job *job, bool is_new);
/* Makes UTF-8 of a document. */
void kept_decode(fetch_job *job, bool is_html);
/* Notes that a tab shows a document. */
void kept_visit(struct host *host, const struct tab *tab);
/* Tells of visits whose URL or title has a text in it, the last ones first. */
firn_status kept_history(struct host *host, struct emitter *emitter, const char *text,
                         firn_error *ret_error);
void kept_end(void);

/* --- cookies.c --- */

/* Takes a Set-Cookie that came from a URL. Both may be called by any thread. */
void cookies_take(const char *url, const char *header, size_t size);
/* Writes the value of Cookie for a URL; its size, 0 for none. */
size_t cookies_give(const char *url, char *out, size_t size);
void cookies_end(void);

/* --- resource.c --- */

bool resource_is_file(const char *url);
/* Brings what the job asks for; in a thread. */
void resource_bring(firn_http_client *client, fetch_job *job);
/* Writes scheme, host and port of a URL ("null" where it has none) into out. */
void resource_origin(const char *url, char *out, size_t size);

/* --- sleep.c --- */

/* Brings a tab to a state. False: `why`. */
bool sleep_move(struct host *host, struct tab *tab, tab_state to, char *why, size_t why_size);
/* Has a tab awake, which a lost one never is. */
bool sleep_wake(struct host *host, struct tab *tab, char *why, size_t why_size);

/* --- ageing.c --- */

/* Looks at ages, memory and timers; returns the milliseconds until it wants to be called again. */
int ageing_step(struct host *host);

/* --- images.c --- */

/* Takes the data over. NULL: memory is short, and they stay the caller's. */
struct image *images_add(const char *url, message_buffer *data);
void images_hold(struct image *image);
/* Gives up a hold; *image becomes NULL, which it may be. */
void images_drop(struct host *host, struct image **image);
/* What a tab that falls asleep is best packed against; NULL: nothing. */
struct image *images_base_for(struct host *host, const struct tab *tab);
/* Makes a cold tab a frozen one. */
firn_status images_freeze(struct host *host, struct tab *tab, firn_error *ret_error);
/* Has an image in RAM; NULL is there. */
firn_status images_bring(struct host *host, struct image *image, firn_error *ret_error);
/* Leaves it in RAM only where it has to be there. */
void images_settle(struct host *host, struct image *image);
/* Gives up those that a tab has. */
void images_let_go(struct host *host, struct tab *tab);
/* What those of a tab take of RAM; of one that several have, a part. */
uint64_t images_bytes(const struct tab *tab);

/* Whether two documents may have to do with each other's memory: they are the same, and of a place.
 */
bool images_alike(const char *url, const char *other);

/* --- alike.c --- */

/* Takes MESSAGE_SETTLED, MESSAGE_WRITTEN and MESSAGE_SHARED. */
void alike_heard(struct host *host, struct tab *tab, message *from);
/* The tab's process ends, or takes back what it shares. */
void alike_leave(const struct host *host, struct tab *tab);
/* What all such files take. */
uint64_t alike_bytes(void);

/* --- frozen.c --- */

bool frozen_begin(struct host *host);
void frozen_end(struct host *host);
firn_status frozen_put(struct host *host, struct image *image, firn_error *ret_error);
/* Puts the image into RAM again. */
firn_status frozen_get(struct host *host, struct image *image, firn_error *ret_error);
void frozen_remove(struct host *host, struct image *image);
uint64_t frozen_disk_bytes(const struct host *host);

/* --- storage.c --- */

/* Changes what a page stores; tells all of it. */
void storage_change(struct host *host, struct tab *tab, message *from);
void storage_tell(struct host *host, struct tab *tab, bool session, message_buffer *out);
void storage_drop(struct storage *storage);
/* What --store has of an earlier host. */
void storage_load(struct host *host);
/* Writes down what has changed and is due, or all. */
void storage_save(struct host *host, bool all);
void storage_end(struct host *host);

/* --- saved.c --- */

firn_status saved_write(const char *path, const message_buffer *fields, firn_error *ret_error);
/* FIRN_NOT_FOUND; FIRN_CORRUPT, FIRN_VERSION for what is none. The caller lets ret_data go. */
firn_status saved_read(const char *path, message_buffer *ret_data, message *ret_fields,
                       firn_error *ret_error);
/* When a file may be written again whose writing began then: a second later, or when 20 times what
 * it took are over. */
uint64_t saved_due(uint64_t began_ns);
/* The list of tabs. */
void saved_list_write(struct host *host);
void saved_list_read(struct host *host);

/* --- tabs.c --- */

/* Makes the private folder, where there is no --store. */
bool tabs_folder(struct host *host);
/* Ends the program in good order if a signal has asked for it. */
void tabs_heed(struct host *host);

/* --- lines.c --- */

/* Runs a command; false: it was `quit`. */
bool lines_run(struct host *host, char *line, size_t size);

/* --- stats.c --- */

void stats_answer(struct host *host);
/* PSS of a process, by the kernel; 0 where it cannot be read. What of it lies in files in memory is
 * added to *shared_bytes, which may be NULL. */
uint64_t stats_pss(pid_t process, uint64_t *shared_bytes);

/* --- answer.c --- */

FIRN_PRINTF(2, 3) void answer_error(struct host *host, const char *format, ...);
void answer_done(struct host *host);
void answer_tab(struct host *host, const struct tab *tab);
/* Visits that have a text in them. */
void answer_history(struct host *host, const char *text);
/* "value", and the same in plain text, on one line. */
void answer_value(struct host *host, const char *value, size_t size);
/* Values one behind the other, each with a NUL behind it. */
void answer_values(struct host *host, const char *values, size_t size);
void answer_list(struct host *host);

#endif
