/* The words that selectors know. */
#include "tabs/css/selector_words.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct pseudo pseudos[] = {
    {.name = "root", .kind = PART_ROOT},
    {.name = "scope", .kind = PART_SCOPE},
    {.name = "empty", .kind = PART_EMPTY},
    {.name = "first-child", .kind = PART_NTH, .b = 1},
    {.name = "last-child", .kind = PART_NTH, .b = 1, .from_last = true},
    {.name = "only-child", .kind = PART_ONLY},
    {.name = "first-of-type", .kind = PART_NTH, .b = 1, .of_type = true},
    {.name = "last-of-type", .kind = PART_NTH, .b = 1, .of_type = true, .from_last = true},
    {.name = "only-of-type", .kind = PART_ONLY, .of_type = true},
    {.name = "link", .kind = PART_LINK},
    {.name = "any-link", .kind = PART_LINK},
    {.name = "-webkit-any-link", .kind = PART_LINK},
    {.name = "visited", .kind = PART_NEVER},
    {.name = "enabled", .kind = PART_ENABLED},
    {.name = "disabled", .kind = PART_DISABLED},
    {.name = "checked", .kind = PART_CHECKED},
    {.name = "required", .kind = PART_REQUIRED},
    {.name = "optional", .kind = PART_OPTIONAL},
    {.name = "read-write", .kind = PART_READ_WRITE},
    {.name = "read-only", .kind = PART_READ_ONLY},
    {.name = "default", .kind = PART_DEFAULT},
    {.name = "defined", .kind = PART_DEFINED, .state = CSS_STATE_DEFINED},
    {.name = "hover", .kind = PART_STATE, .state = CSS_STATE_HOVER},
    {.name = "active", .kind = PART_STATE, .state = CSS_STATE_ACTIVE},
    {.name = "focus", .kind = PART_STATE, .state = CSS_STATE_FOCUS},
    {.name = "focus-visible", .kind = PART_STATE, .state = CSS_STATE_FOCUS},
    {.name = "focus-within", .kind = PART_STATE, .state = CSS_STATE_FOCUS_WITHIN},
    {.name = "target", .kind = PART_STATE, .state = CSS_STATE_TARGET},
    {.name = "indeterminate", .kind = PART_STATE, .state = CSS_STATE_INDETERMINATE},
    {.name = "placeholder-shown", .kind = PART_STATE, .state = CSS_STATE_PLACEHOLDER_SHOWN},
    {.name = "valid", .kind = PART_STATE, .state = CSS_STATE_VALID},
    {.name = "invalid", .kind = PART_INVALID, .state = CSS_STATE_VALID},
    {.name = "user-valid", .kind = PART_NEVER},
    {.name = "user-invalid", .kind = PART_NEVER},
    {.name = "in-range", .kind = PART_NEVER},
    {.name = "out-of-range", .kind = PART_NEVER},
    {.name = "autofill", .kind = PART_NEVER},
    {.name = "-webkit-autofill", .kind = PART_NEVER},
    {.name = "fullscreen", .kind = PART_NEVER},
    {.name = "-webkit-full-screen", .kind = PART_NEVER},
    {.name = "modal", .kind = PART_NEVER},
    {.name = "popover-open", .kind = PART_NEVER},
    {.name = "picture-in-picture", .kind = PART_NEVER},
    {.name = "playing", .kind = PART_NEVER},
    {.name = "paused", .kind = PART_NEVER},
    {.name = "muted", .kind = PART_NEVER},
    {.name = "host", .kind = PART_NEVER},
};

static const struct pseudo functions[] = {
    {.name = "not", .kind = PART_NOT},
    {.name = "is", .kind = PART_IS},
    {.name = "matches", .kind = PART_IS},
    {.name = "-webkit-any", .kind = PART_IS},
    {.name = "where", .kind = PART_IS},
    {.name = "has", .kind = PART_HAS},
    {.name = "nth-child", .kind = PART_NTH},
    {.name = "nth-last-child", .kind = PART_NTH, .from_last = true},
    {.name = "nth-of-type", .kind = PART_NTH, .of_type = true},
    {.name = "nth-last-of-type", .kind = PART_NTH, .of_type = true, .from_last = true},
    {.name = "lang", .kind = PART_LANG},
    {.name = "dir", .kind = PART_DIR},
    {.name = "host", .kind = PART_NEVER},
    {.name = "host-context", .kind = PART_NEVER},
    {.name = "state", .kind = PART_NEVER},
};

const struct pseudo *css_pseudo_find(const css_token *token, bool function)
{
    const struct pseudo *list = function ? functions : pseudos;
    size_t count = function ? COUNT(functions) : COUNT(pseudos);
    for (size_t i = 0; i < count; i++) {
        if (css_is_word(token, list[i].name))
            return &list[i];
    }
    return NULL;
}

static bool is_one_of(const css_token *token, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (css_is_word(token, names[i]))
            return true;
    }
    return false;
}

bool css_is_old_element(const css_token *token)
{
    static const char *const names[] = {"before", "after", "first-line", "first-letter"};
    return is_one_of(token, names, COUNT(names));
}

bool css_is_known_element(const css_token *token)
{
    static const char *const names[] = {"before",
                                        "after",
                                        "first-line",
                                        "first-letter",
                                        "selection",
                                        "placeholder",
                                        "marker",
                                        "backdrop",
                                        "cue",
                                        "details-content",
                                        "spelling-error",
                                        "grammar-error",
                                        "target-text",
                                        "file-selector-button",
                                        "part",
                                        "slotted",
                                        "highlight",
                                        "view-transition"};
    return is_one_of(token, names, COUNT(names)) ||
           (token->text_bytes > 8 && css_equals(token->text, 8, "-webkit-"));
}

bool css_is_caseless_attribute(const css_token *token)
{
    static const char *const names[] = {
        "accept",     "accept-charset", "align",     "alink",    "axis",     "bgcolor", "charset",
        "checked",    "clear",          "codetype",  "color",    "compact",  "declare", "defer",
        "dir",        "direction",      "disabled",  "enctype",  "face",     "frame",   "hreflang",
        "http-equiv", "lang",           "language",  "link",     "media",    "method",  "multiple",
        "nohref",     "noresize",       "noshade",   "nowrap",   "readonly", "rel",     "rev",
        "rules",      "scope",          "scrolling", "selected", "shape",    "target",  "text",
        "type",       "valign",         "valuetype", "vlink"};
    return is_one_of(token, names, COUNT(names));
}
