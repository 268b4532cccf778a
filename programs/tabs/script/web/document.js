// The document, and the scripts in it (HTML standard, 3.1, 4.12.1; DOM standard, 4.5).
"use strict"; {
const { $, web, global } = this;
const { expose, fail, idOf, isNode, wrap, toText, token, illegal, lower, Node, ELEMENT, TEXT, COMMENT, DOCUMENT, FRAGMENT, HTML } = web;

const state = { ready: "loading", url: "about:blank", current: null, focused: null, cookies: new Map(), defaultView: true };
const others = new WeakMap(); // documents beside the page's own: their addresses
const kinds = new WeakMap(); // those of XML: their types
const views = new WeakMap(); // those of frames: their windows

function checkTag(name) {
    if (!/^[A-Za-z_:\u0080-\uffff][^\t\n\f\r />\0]*$/.test(name))
        fail("InvalidCharacterError", `The tag name provided ('${name}') is not a valid name.`);
    return name;
}

// --- finding by id: the first in tree order, looked for anew when the page has changed ---

const byIds = new Map();
let byIdVersion = -1;
web.byId = (top, name) => {
    if (name === "")
        return null;
    const version = $.version();
    if (version !== byIdVersion) {
        byIds.clear();
        byIdVersion = version;
    }
    const key = top + " " + name;
    let found = byIds.get(key);
    if (found === undefined) {
        found = $.select(top, `[id="${name.replace(/["\\\n]/g, match => "\\" + match.charCodeAt(0).toString(16) + " ")}"]`, true)[0] ?? 0;
        byIds.set(key, found);
    }
    return wrap(found);
};

class DOMImplementation {
    constructor(key) { if (key !== token) illegal(); }
    createDocumentType(name, publicId, systemId) { return wrap($.doctype(toText(name), toText(publicId), toText(systemId))); }
    createHTMLDocument(title) {
        const id = $.parseDocument("<!doctype html><html><head></head><body></body></html>");
        const made = wrap(id);
        others.set(made, "about:blank");
        if (title !== undefined)
            made.head.append(Object.assign(made.createElement("title"), { textContent: toText(title) }));
        return made;
    }
    createDocument(space, name, doctype = null) {
        const made = web.asXML(wrap($.container(DOCUMENT)));
        kinds.set(made, space === "http://www.w3.org/1999/xhtml" ? "application/xhtml+xml" : "application/xml");
        if (doctype !== null)
            made.appendChild(doctype);
        if (name)
            made.appendChild(made.createElementNS(space, name));
        return made;
    }
    hasFeature() { return true; }
}
expose(DOMImplementation);

class Document extends Node {
    constructor() {
        super(token);
        web.adopt($.container(DOCUMENT), this);
    }
    get implementation() { return implementation; }
    get URL() { return own(this) ? state.url : others.get(this) ?? state.url; }
    get documentURI() { return this.URL; }
    get compatMode() { return own(this) && $.isQuirks() ? "BackCompat" : "CSS1Compat"; }
    get characterSet() { return "UTF-8"; }
    get charset() { return "UTF-8"; }
    get inputEncoding() { return "UTF-8"; }
    get contentType() { return kinds.get(this) ?? "text/html"; }
    get doctype() { return wrap(web.childrenOf(idOf(this)).find(id => $.kind(id) === web.DOCTYPE) ?? 0); }
    get documentElement() { return wrap(web.childrenOf(idOf(this)).find(id => $.kind(id) === ELEMENT) ?? 0); }
    getElementsByTagName(name) { return web.byTag(this, name); }
    getElementsByTagNameNS(space, name) { return web.byTag(this, name); }
    getElementsByClassName(names) { return web.byClass(this, names); }
    getElementsByName(name) {
        name = toText(name);
        return web.liveList(() => $.elements(idOf(this), "*", "*", false).filter(id => $.attribute(id, "name") === name));
    }
    getElementById(name) { return web.byId(idOf(this), toText(name)); }
    createElement(name) {
        return web.createElement(lower(checkTag(toText(name))));
    }
    createElementNS(space, name) {
        name = checkTag(toText(name));
        const number = space === null || space === "" ? 0 : $.spaceNumber(toText(space));
        return wrap($.element(number, number === HTML ? name.replace(/^[^:]*:/, "") : name));
    }
    createDocumentFragment() { return wrap($.container(FRAGMENT)); }
    createTextNode(text) { return wrap($.characters(TEXT, toText(text))); }
    createComment(text) { return wrap($.characters(COMMENT, toText(text))); }
    createCDATASection() { fail("NotSupportedError", "This operation is not supported for HTML documents."); }
    createProcessingInstruction(target, data) { return wrap($.instruction(checkTag(toText(target)), toText(data))); }
    createAttribute(name) { return new web.Attr(token, null, lower(web.checkName(toText(name))), "", 0); }
    createAttributeNS(space, name) {
        return new web.Attr(token, null, web.checkName(toText(name)), "", space ? $.spaceNumber(toText(space)) : 0);
    }
    createEvent(name) {
        const type = { event: "Event", events: "Event", htmlevents: "Event", customevent: "CustomEvent", uievent: "UIEvent",
            uievents: "UIEvent", mouseevent: "MouseEvent", mouseevents: "MouseEvent", keyboardevent: "KeyboardEvent",
            focusevent: "FocusEvent", messageevent: "MessageEvent", storageevent: "StorageEvent", hashchangeevent: "HashChangeEvent",
        }[lower(toText(name))];
        if (type === undefined)
            fail("NotSupportedError", `The provided event type ('${name}') is invalid.`);
        return web.uninitialized(new global[type](""));
    }
    createRange() { return new global.Range(); }
    createTreeWalker(root, what = 0xffffffff, filter = null) { return new global.TreeWalker(token, root, what, filter); }
    createNodeIterator(root, what = 0xffffffff, filter = null) { return new global.NodeIterator(token, root, what, filter); }
    importNode(node, deep = false) {
        const copy = node.cloneNode(deep);
        web.upgradeIn(idOf(copy));
        return copy;
    }
    adoptNode(node) {
        if (node.nodeType === DOCUMENT)
            fail("NotSupportedError", "The node provided is of type '#document', which may not be adopted.");
        web.remove(idOf(node));
        return node;
    }

    get location() { return own(this) ? global.location : null; }
    set location(value) { if (own(this)) global.location.href = value; }
    get domain() { return global.location.hostname; }
    get referrer() { return ""; }
    get cookie() { return [...state.cookies].map(([name, value]) => name === "" ? value : `${name}=${value}`).join("; "); }
    set cookie(text) {
        const [pair, ...options] = toText(text).split(";"), at = pair.indexOf("=");
        const name = at < 0 ? "" : pair.slice(0, at).trim(), value = pair.slice(at + 1).trim();
        const age = options.map(option => /^\s*max-age=(-?\d+)/i.exec(option)?.[1]).find(found => found !== undefined);
        const until = options.map(option => /^\s*expires=(.*)/i.exec(option)?.[1]).find(found => found !== undefined);
        const over = age !== undefined ? Number(age) <= 0 : until !== undefined && Date.parse(until) <= $.time();
        over ? state.cookies.delete(name) : state.cookies.set(name, value);
    }
    get lastModified() { return new Date($.time()).toLocaleString("en-US"); }
    get readyState() { return own(this) ? state.ready : "complete"; }
    get title() { return ($.select(idOf(this), "title", true).map(id => $.text(id))[0] ?? "").replace(/[ \t\n\f\r]+/g, " ").trim(); }
    set title(text) {
        const title = this.querySelector("title") ?? this.head?.appendChild(this.createElement("title"));
        if (title)
            title.textContent = text;
    }
    get dir() { return this.documentElement?.dir ?? ""; }
    set dir(value) { if (this.documentElement) this.documentElement.dir = value; }
    get body() {
        const top = this.documentElement;
        return top === null ? null : wrap(web.childrenOf(idOf(top)).find(id => $.kind(id) === ELEMENT && /^(body|frameset)$/.test($.name(id))) ?? 0);
    }
    set body(made) {
        const old = this.body;
        old === null ? this.documentElement.appendChild(made) : old.replaceWith(made);
    }
    get head() {
        const top = this.documentElement;
        return top === null ? null : wrap(web.childrenOf(idOf(top)).find(id => $.kind(id) === ELEMENT && $.name(id) === "head") ?? 0);
    }
    get images() { return web.byTag(this, "img"); }
    get embeds() { return web.byTag(this, "embed"); }
    get plugins() { return web.byTag(this, "embed"); }
    get links() { return web.liveElements(() => $.select(idOf(this), "a[href], area[href]", false)); }
    get forms() { return web.byTag(this, "form"); }
    get scripts() { return web.byTag(this, "script"); }
    get anchors() { return web.liveElements(() => $.select(idOf(this), "a[name]", false)); }
    get currentScript() { return own(this) ? state.current : null; }
    get defaultView() { return own(this) ? global : views.get(this) ?? null; }
    get activeElement() {
        let element = state.focused?.isConnected ? state.focused : this.body;
        for (let host; element !== null && (host = web.hostOf($.root(idOf(element)))) !== undefined;)
            element = host;
        return element;
    }
    hasFocus() { return true; }
    get designMode() { return "off"; }
    set designMode(value) {}
    execCommand() { return false; }
    queryCommandSupported() { return false; }
    get hidden() { return false; }
    get visibilityState() { return "visible"; }
    get fullscreenElement() { return null; }
    get fullscreenEnabled() { return false; }
    get pointerLockElement() { return null; }
    get scrollingElement() { return $.isQuirks() ? this.body : this.documentElement; }
    get fonts() { return fonts; }
    get timeline() { return { get currentTime() { return $.now(); } }; }
    elementFromPoint() { return null; }
    elementsFromPoint() { return []; }
    getSelection() { return global.getSelection(); }
    getAnimations() { return []; }
    open() { if (state.ready !== "loading") web.replaceAll(idOf(this), 0); return this; }
    close() {}
    write(...texts) { web.write(texts.join("")); }
    writeln(...texts) { web.write(texts.join("") + "\n"); }
}
web.mix(Document, web.parent);
const fonts = { ready: Promise.resolve(), status: "loaded", load: () => Promise.resolve([]), check: () => true, addEventListener() {}, add() {} };
web.handlers(Document, [...web.globalHandlers, "readystatechange", "visibilitychange", "fullscreenchange"]);
class HTMLDocument extends Document {}
class XMLDocument extends Document {
    createElement(name) {
        return this.createElementNS(/xhtml/.test(this.contentType) ? "http://www.w3.org/1999/xhtml" : null, name);
    }
    createCDATASection(text) { return wrap($.characters(web.CDATA, toText(text))); }
}
web.madeXML = () => {};
web.asXML = document => {
    web.madeXML();
    return Object.setPrototypeOf(document, XMLDocument.prototype);
};
for (const type of [Document, HTMLDocument, XMLDocument])
    expose(type);
const implementation = new DOMImplementation(token);
const own = document => document === web.document;
web.documentPrototype = () => HTMLDocument.prototype;
web.documentOf = id => {
    const root = $.root(id);
    return $.kind(root) === DOCUMENT ? wrap(root) : web.document;
};
web.baseURL = () => {
    const base = web.document === undefined ? undefined : $.select(web.documentId, "base[href]", true)[0];
    return base === undefined ? state.url : web.resolve($.attribute(base, "href"), state.url) ?? state.url;
};

// --- focus ---

web.focus = (element, from = state.focused) => {
    const old = state.focused;
    if (element === old || (element === null && from !== old))
        return;
    state.focused = element;
    const tell = (target, names, related) => {
        for (const [name, bubbles] of names)
            web.dispatch(target, web.trust(new global.FocusEvent(name, { bubbles, relatedTarget: related })));
    };
    if (old !== null)
        tell(old, [["blur", false], ["focusout", true]], element);
    if (element !== null)
        tell(element, [["focus", false], ["focusin", true]], old);
};

// --- what a reader sees, near enough without layout: blocks are lines, and what is hidden is not ---

const blocks = new Set(`address article aside blockquote body center dd details dialog dir div dl dt fieldset figcaption figure footer
    form h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol optgroup option p pre search section summary table tbody
    tfoot thead tr ul xmp`.split(/\s+/));
const unseen = new Set(["script", "style", "template", "head", "noscript", "datalist", "title", "meta", "link", "iframe", "video", "audio", "canvas"]);
web.renderedText = top => {
    const done = []; // in order, and behind them what may still lose its last blank
    let tail = "";
    const add = more => {
        tail += more;
        if (tail.length > 1024) {
            done.push(tail.slice(0, -2));
            tail = tail.slice(-2);
        }
    };
    const bare = () => { if (tail.endsWith(" ")) tail = tail.slice(0, -1); };
    const put = more => {
        more = more.replace(/[ \t\n\f\r]+/g, " ");
        add(tail === "" || tail.endsWith("\n") || tail.endsWith(" ") ? more.replace(/^ /, "") : more);
    };
    const end = mark => {
        bare();
        if (tail !== "" && !tail.endsWith(mark))
            add(tail.endsWith("\n") ? mark.slice(1) : mark);
    };
    const visit = id => {
        const kind = $.kind(id);
        if (kind === TEXT)
            $.parent(id) !== 0 && /^(pre|textarea|listing)$/.test($.name($.parent(id))) ? add($.value(id)) : put($.value(id));
        if (kind !== ELEMENT)
            return;
        const name = $.name(id);
        if (unseen.has(name) || $.attribute(id, "hidden") !== null)
            return;
        if (name === "br") {
            bare();
            add("\n");
        }
        const block = blocks.has(name), mark = name === "p" ? "\n\n" : "\n";
        if (block)
            end(mark);
        for (let child = $.first(id); child !== 0; child = $.next(child))
            visit(child);
        if (block) {
            end(mark);
        } else if ((name === "td" || name === "th") && $.next(id) !== 0) {
            bare();
            add("\t");
        }
    };
    for (let child = $.first(top); child !== 0; child = $.next(child))
        visit(child);
    done.push(tail);
    return done.join("").replace(/^\n+|\n+$/g, "").trimEnd();
};

web.others = others;
web.kinds = kinds;
web.setView = (document, view) => views.set(document, view);
web.pageState = state;
}
