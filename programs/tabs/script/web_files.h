/* The interfaces' files, as the build puts them into the program. */
#ifndef TABS_SCRIPT_WEB_FILES_H
#define TABS_SCRIPT_WEB_FILES_H

struct web_file {
    const char *name; /* NULL behind the last */
    const char *text;
};
extern const struct web_file web_files[];

#endif
