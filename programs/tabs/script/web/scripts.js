// Script elements, and the life of the page's document (HTML standard, 4.12.1 and 13.2.7).
"use strict"; {
const { $, web, global } = this;
const { idOf, wrap, lower, ELEMENT, STARTED, pageState: state } = web;

// --- what the load of the document waits for ---

let delays = 0, atLoad = null;
// The document is not loaded before the function that this gives has been called.
web.delayLoad = () => {
    let over = false;
    delays++;
    return () => {
        if (over)
            return;
        over = true;
        if (--delays === 0 && atLoad !== null)
            web.task(load);
    };
};
function load() {
    if (delays > 0 || atLoad === null)
        return;
    const run = atLoad;
    atLoad = null;
    run();
}

// --- how a script runs ---

let running = 0;
web.evaluate = (element, source, url) => {
    const before = state.current;
    state.current = element;
    running++;
    try {
        web.run(source, url);
    } catch (error) {
        web.report(error, url);
    } finally {
        running--;
        state.current = before;
    }
    if (running === 0)
        $.checkpoint();
};
web.tellElement = (element, name) => {
    const event = new global.Event(name);
    running > 0 ? web.dispatch(element, web.trust(event)) : web.tell(element, event);
};
function finish(element, answer, url) {
    if (web.isOk(answer)) {
        web.evaluate(element, answer.body, url);
        web.tellElement(element, "load");
    } else {
        $.print("error", `Failed to load script ${url}: ${answer.error ?? `status ${answer.status}`}`);
        web.tellElement(element, "error");
    }
}

const ordered = new WeakSet(); // whose async was set by a script
web.isForcedAsync = element => !$.flag(idOf(element), STARTED) && !ordered.has(element);
web.setAsync = (element, on) => {
    ordered.add(element);
    on ? web.setAttribute(idOf(element), "async", "") : web.removeAttribute(idOf(element), "async");
};

const classic = /^(|text\/javascript|application\/javascript|text\/ecmascript|application\/ecmascript|application\/x-javascript|text\/x-javascript|text\/x-ecmascript|application\/x-ecmascript|text\/jscript|text\/livescript|text\/javascript1\.[0-5])$/;
function typeOf(id) {
    const type = $.attribute(id, "type"), language = $.attribute(id, "language");
    const text = lower((type ?? (language === null || language === "" ? "" : "text/" + language)).trim());
    return classic.test(text) ? "classic" : text === "module" ? "module" : "data";
}

// Scripts that wait for each other: those of defer, and those that a script has put in with async off.
class Queue {
    #list = [];
    #last = null;
    add(element, url) {
        const entry = { element, url, answer: null, done: web.delayLoad() };
        this.#list.push(entry);
        web.request(web.FETCH_SCRIPT, { url }, answer => {
            entry.answer = answer;
            this.run();
        });
    }
    // Modules of the document stand among its deferred scripts: what is to run is a function then. To be
    // called when it can.
    addRun(run) {
        const entry = { run, answer: null, done: web.delayLoad() };
        this.#list.push(entry);
        return () => {
            entry.answer = true;
            this.run();
        };
    }
    open = true;
    run() {
        while (this.open && this.#list.length > 0 && this.#list[0].answer !== null) {
            const { element, url, answer, done, run } = this.#list.shift();
            run !== undefined ? web.guard(run) : finish(element, answer, url);
            done();
        }
        if (this.open && this.#list.length === 0 && this.#last !== null) {
            const last = this.#last;
            this.#last = null;
            last();
        }
    }
    whenEmpty(last) {
        this.#last = last;
        this.run();
    }
}
let deferred = new Queue(), inOrder = new Queue();
web.deferRun = run => deferred.addRun(run);

// Runs a script element that is in the document and has not run. One that the parser has made, or that
// is written by another, holds up what comes after it, unless it says otherwise.
web.runScript = (id, parsing) => {
    if ($.flag(id, STARTED))
        return;
    const src = $.attribute(id, "src"), source = src === null ? $.text(id) : "";
    const type = typeOf(id);
    if ((src === null && source === "") || !web.isConnected(id) || type === "data")
        return;
    const element = wrap(id);
    const forced = !parsing && web.isForcedAsync(element);
    $.setFlag(id, STARTED, true);
    if (type === "classic" && $.attribute(id, "nomodule") !== null)
        return;
    const url = src === null ? null : src === "" ? null : web.resolve(src);
    if (src !== null && url === null) {
        web.task(() => web.tellElement(element, "error"));
        return;
    }
    const async = $.attribute(id, "async") !== null || forced;
    if (type === "module") {
        web.runModule?.(element, url, source, { async, parsing });
        return;
    }
    if (src === null) {
        if (parsing)
            web.settleSheets();
        web.evaluate(element, source, state.url);
        return;
    }
    if (async) {
        const done = web.delayLoad();
        web.request(web.FETCH_SCRIPT, { url }, answer => {
            finish(element, answer, url);
            done();
        });
    } else if (!parsing) {
        inOrder.add(element, url);
    } else if ($.attribute(id, "defer") !== null) {
        deferred.add(element, url);
    } else {
        web.settleSheets();
        finish(element, web.requestNow(web.FETCH_SCRIPT, { url }), url);
    }
};
// Waits for the style sheets that a script may ask about: see resources.js.
web.settleSheets = () => {};

// --- what comes into the document ---

// What was put in or read begins to load, run or be; see $.fresh.
let writing = false;
function begin(ids, parsing) {
    for (const id of ids) {
        if (!web.isConnected(id))
            continue;
        const name = $.name(id);
        if (name === "script")
            web.runScript(id, parsing);
        else
            web.begins[name]?.(id, parsing);
        if (name.includes("-"))
            web.connectCustom(id);
    }
}
web.begins = {}; // from tag to what is done when such an element comes into the document
web.connectCustom = () => {};
web.hasCustoms = false;
web.inserted = (nodes, parent) => {
    if (!web.isConnected(parent))
        return;
    for (const node of nodes)
        if ($.kind(node) === ELEMENT)
            begin(web.freshIn(node, web.hasCustoms), writing);
    web.connected(nodes, parent);
};
web.connected = () => {};
// A copy has run where its original has.
web.cloned = (from, copy) => {
    const olds = $.elements(from, "script", "script", false), news = $.elements(copy, "script", "script", false);
    if ($.kind(from) === ELEMENT) {
        olds.unshift(from);
        news.unshift(copy);
    }
    olds.forEach((old, at) => $.setFlag(news[at], STARTED, $.flag(old, STARTED)));
};

// What document.write writes while a script of the document runs comes behind that script, or behind
// what that has written; else it is the whole of a new document.
let written = null; // [the script, the last node that it has written]
web.write = text => {
    const script = state.current, parent = script === null ? 0 : $.parent(idOf(script));
    if (parent !== 0 && state.ready === "loading") {
        const fragment = $.parseFragment($.space(parent), $.name(parent), text);
        for (const id of $.elements(fragment, "script", "script", false))
            $.setFlag(id, STARTED, false);
        const behind = written?.[0] === script && $.parent(written[1]) === parent ? written[1] : idOf(script);
        const last = $.last(fragment);
        if (last !== 0)
            written = [script, last];
        const before = writing;
        writing = true;
        web.insert(parent, fragment, $.next(behind));
        writing = before;
    } else {
        const made = $.parseDocument(text), children = web.childrenOf(made);
        web.replaceAll(web.documentId, 0);
        for (const id of children)
            web.insert(web.documentId, id, 0);
    }
};

// --- the life of the page's document ---

let seen = 0; // the last node that was looked at for what is to load
function scan() {
    if (seen !== 0 && $.root(seen) !== web.documentId)
        seen = 0;
    const ids = $.fresh(web.documentId, seen, web.hasCustoms);
    begin(ids.filter(id => $.name(id) !== "script"), true);
}
web.entry.begin = (id, url) => {
    Object.assign(state, { ready: "loading", url, current: null, focused: null });
    web.documentId = id;
    web.document = wrap(id);
    global.document = web.document;
    deferred = new Queue();
    inOrder = new Queue();
    deferred.open = false;
    seen = delays = 0;
    atLoad = null;
    web.keepTrees();
    web.began();
};
web.began = () => {};
web.entry.script = id => {
    scan();
    seen = id;
    web.runScript(id, true);
};
web.entry.parsed = () => {
    seen = 0;
    scan();
    web.releaseTrees();
    state.ready = "interactive";
    const done = web.delayLoad();
    web.tell(web.document, new global.Event("readystatechange"));
    deferred.open = true;
    web.sheetsLater();
    deferred.whenEmpty(() => {
        web.tell(web.document, new global.Event("DOMContentLoaded", { bubbles: true }));
        atLoad = () => {
            state.ready = "complete";
            web.tell(web.document, new global.Event("readystatechange"));
            web.tell(global, new global.Event("load"));
            web.tell(global, new global.PageTransitionEvent("pageshow"));
            web.loaded();
        };
        done();
        load();
    });
    web.settle();
};
web.entry.loaded = () => {
    if (state.ready !== "complete")
        return undefined;
    const id = $.select(web.documentId, "title", true)[0];
    return id === undefined ? "" : $.text(id);
};
web.sheetsLater = () => {};
web.loaded = () => {};
}
