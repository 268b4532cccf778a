/* A Duktape heap as a subject: objects, arrays, strings, closures that share variables, accessors,
 * regular expressions, buffers, and threads that stand within loops. */
#ifndef FIRN_TESTS_DUKTAPE_SUBJECT_H
#define FIRN_TESTS_DUKTAPE_SUBJECT_H

#include "subject.h"

#include <firn/adapters/duktape.h>

typedef struct duktape_subject {
    firn_duktape engine;
    uint32_t random, result;
    bool failed;
} duktape_subject;

static const char duktape_subject_script[] =
    "var words = [], counters = [], threads = [], boxes = {}, sum = 0;\n"
    "function fold(n) { sum = (sum * 31 + n) % 4294967291; }\n"
    "function counter(start) {\n"
    "  var value = start;\n"
    "  return { next: function () { return ++value; }, get now() { return value; } };\n"
    "}\n"
    "function walker(r) {\n"
    "  return new Duktape.Thread(function () {\n"
    "    function walk(depth, n) {\n"
    "      if (depth === 0) { Duktape.Thread.yield(n); return; }\n"
    "      for (var i = 1; i <= 2; i++) { walk(depth - 1, n * 2 + i); }\n"
    "    }\n"
    "    for (;;) { walk(r % 6, r % 977); }\n"
    "  });\n"
    "}\n"
    "function Box(n) { this.n = n; }\n"
    "Box.prototype.get = function () { return this.n; };\n"
    "var acts = [\n"
    "  function (r) { words.push(new Array(r % 40 + 2).join(r.toString(16))); },\n"
    "  function (r) { counters.push(counter(r % 1000)); },\n"
    "  function (r) { if (counters.length) { fold(counters[r % counters.length].next()); } },\n"
    "  function (r) { threads.push(walker(r)); },\n"
    "  function (r) { if (threads.length) {\n"
    "    fold(Duktape.Thread.resume(threads[r % threads.length])); } },\n"
    "  function (r) { boxes['b' + r % 500] = new Box(r % 10000); },\n"
    "  function (r) { fold(JSON.stringify(boxes['b' + r % 500] || null).length); },\n"
    "  function (r) { if (words.length) {\n"
    "    fold(words[r % words.length].replace(/([0-4])([a-f])/g, '$2$1x').length); } },\n"
    "  function (r) { var b = new Uint8Array(r % 5000 + 1); b[r % 7 % b.length] = r; \n"
    "    boxes['u' + r % 20] = new Box(b); },\n"
    "  function (r) { if (words.length > 300) { words.splice(50, 200); } },\n"
    "  function (r) { if (threads.length > 60) { threads.splice(0, 30); } },\n"
    "  function (r) { if (r % 16 === 0) { Duktape.gc(); } },\n"
    "];\n"
    "function step(r) { acts[r % acts.length](Math.floor(r / 16)); }\n"
    "function digest() {\n"
    "  words.forEach(function (w) {\n"
    "    fold(w.length); for (var i = 0; i < w.length; i += 5) { fold(w.charCodeAt(i)); } });\n"
    "  counters.forEach(function (c) { fold(c.now); });\n"
    "  Object.keys(boxes).forEach(function (k) {\n"
    "    var n = boxes[k].get(); fold(typeof n === 'number' ? n : n.length + n[0]); });\n"
    "  return sum;\n"
    "}\n";

static inline duk_ret_t duktape_subject_set_up(duk_context *context, void *self)
{
    (void)self;
    duk_eval_lstring_noresult(context, duktape_subject_script, sizeof duktape_subject_script - 1);
    return 0;
}

static inline duk_ret_t duktape_subject_do_step(duk_context *context, void *self)
{
    duk_get_global_string(context, "step");
    duk_push_uint(context, ((duktape_subject *)self)->random);
    duk_call(context, 1);
    return 0;
}

static inline duk_ret_t duktape_subject_do_digest(duk_context *context, void *self)
{
    duk_get_global_string(context, "digest");
    duk_call(context, 0);
    ((duktape_subject *)self)->result = duk_get_uint(context, -1);
    return 0;
}

/* Any other error than the lack of memory is a breach. */
static inline void duktape_subject_look(duktape_subject *script, duk_context *context,
                                        duk_int_t status)
{
    script->failed = status != DUK_EXEC_SUCCESS;
    const char *text = script->failed ? duk_safe_to_string(context, -1) : "";
    if (script->failed && strstr(text, "alloc") == NULL && strstr(text, "memory") == NULL)
        subject_breach(text);
    duk_set_top(context, 0);
}

static inline void duktape_subject_begin(duk_context *context, void *self)
{
    duktape_subject_look(self, context, duk_safe_call(context, duktape_subject_set_up, self, 0, 1));
}

static inline void duktape_subject_work(duk_context *context, void *self)
{
    duktape_subject_look(self, context,
                         duk_safe_call(context, duktape_subject_do_step, self, 0, 1));
}

static inline void duktape_subject_end(duk_context *context, void *self)
{
    duktape_subject_look(self, context,
                         duk_safe_call(context, duktape_subject_do_digest, self, 0, 1));
}

static inline bool duktape_subject_open(void *self, const firn_allocator *allocator)
{
    duktape_subject *script = self;
    if (firn_duktape_open(&script->engine, allocator) == NULL)
        return false;
    if (firn_duktape_call(&script->engine, duktape_subject_begin, script) && !script->failed)
        return true;
    firn_duktape_close(&script->engine);
    return false;
}

static inline bool duktape_subject_step(void *self, uint32_t random)
{
    duktape_subject *script = self;
    script->random = random;
    return firn_duktape_call(&script->engine, duktape_subject_work, script) && !script->failed;
}

static inline uint32_t duktape_subject_digest(void *self)
{
    duktape_subject *script = self;
    if (!firn_duktape_call(&script->engine, duktape_subject_end, script) || script->failed)
        subject_breach("no memory for a digest");
    return script->result;
}

static inline void duktape_subject_close(void *self)
{
    firn_duktape_close(&((duktape_subject *)self)->engine);
}

static const subject duktape_subject_kind = {duktape_subject_open, duktape_subject_step,
                                             duktape_subject_digest, duktape_subject_close};

#endif
