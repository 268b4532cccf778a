/* Texts that the build puts into the program: properties.txt and html.css, in this order. */
#ifndef TABS_CSS_FILES_H
#define TABS_CSS_FILES_H

struct css_file {
    const char *name; /* NULL behind the last */
    const char *text;
};
extern const struct css_file css_files[];

#endif
