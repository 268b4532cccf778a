// Style sheets, images and frames that a document names (HTML standard, 4.6.7, 4.8.4, 4.8.5). Frames
// have a document of their own and no scripts: what they would show is not loaded.
"use strict"; {
const { $, web, global } = this;
const { idOf, wrap, lower, STARTED, HTML } = web;

const get = (element, name) => $.attribute(idOf(element), name);

// --- style sheets ---

const sheets = new WeakMap(); // from link to the number of its fetch, or undefined when it is over
let early = []; // links of the document that is being read, whose sheets nothing has waited for

function sheetAddress(element) {
    const words = lower(get(element, "rel") ?? "").split(/[ \t\n\f\r]+/), href = get(element, "href");
    if (!words.includes("stylesheet") || words.includes("alternate") || href === null || href === "" || get(element, "disabled") !== null)
        return null;
    const type = get(element, "type");
    return type === null || type === "" || /^\s*text\/css\s*(;|$)/i.test(type) ? web.resolve(href) : null;
}
function takeSheet(element, url, answer) {
    const type = /^content-type:\s*([^\r\n;]*)/im.exec(answer.headers)?.[1].trim().toLowerCase() ?? "";
    const wrong = type !== "" && type !== "text/css" && !$.isQuirks() && /^http/.test(answer.url);
    if (web.isOk(answer) && !wrong) {
        web.sheetLoaded?.(element, answer.body, answer.url || url);
        web.tellElement(element, "load");
    } else {
        web.sheetLoaded?.(element, null, url);
        $.print("error", `Failed to load style sheet ${url}: ${wrong ? "it is " + type : answer.error ?? `status ${answer.status}`}`);
        web.tellElement(element, "error");
    }
}
function fetchSheet(element, url) {
    const done = web.delayLoad(), old = sheets.get(element);
    if (old !== undefined)
        web.abortFetch(old);
    const number = web.request(web.FETCH_STYLE, { url }, answer => {
        if (sheets.get(element) === number && sheets.delete(element) && element.isConnected)
            takeSheet(element, url, answer);
        done();
    });
    sheets.set(element, number);
}
function beginSheet(id, parsing) {
    const element = wrap(id), url = sheetAddress(element);
    if (url === null)
        return;
    parsing ? early.push([element, url]) : fetchSheet(element, url);
}
let awaited = false; // whether a script waits for what is loaded
web.areSheetsAwaited = () => awaited;
web.settleSheets = () => {
    const due = early;
    early = [];
    for (const [element, url] of due) {
        if (!element.isConnected)
            continue;
        const answer = web.requestNow(web.FETCH_STYLE, { url });
        awaited = true;
        try {
            takeSheet(element, url, answer);
        } finally {
            awaited = false;
        }
    }
};
web.sheetsLater = () => {
    for (const [element, url] of early)
        fetchSheet(element, url);
    early = [];
};
web.begins.link = beginSheet;

// --- images ---

const images = new WeakMap(); // from image to what was made of its address

// The candidates of a srcset, as [address, width or density].
function candidates(text) {
    return [...text.matchAll(/\s*,*\s*([^\s,]\S*[^\s,]|[^\s,])(?:\s+([0-9.]+)([wx]))?\s*(?:,|$)/g)]
        .map(([, url, size, unit]) => [url, unit === "w" ? Number(size) : 0, unit === "x" ? Number(size) : 1]);
}
function pick(text, sizes) {
    const wanted = parseFloat(/([0-9.]+)px\s*$/.exec(sizes ?? "")?.[1] ?? global.innerWidth ?? 1280);
    const all = candidates(text).map(([url, width, density]) => [url, width > 0 ? width / wanted : density]).sort((a, b) => a[1] - b[1]);
    return (all.find(([, density]) => density >= 1) ?? all.at(-1))?.[0];
}
function imageAddress(element) {
    const parent = element.parentElement;
    const sources = parent?.localName === "picture" ? [...parent.children] : [];
    for (const source of sources.slice(0, Math.max(0, sources.indexOf(element)))) {
        const set = source.localName === "source" ? source.getAttribute("srcset") : null, media = source.getAttribute("media");
        if (set === null || (media !== null && global.matchMedia?.(media).matches === false) ||
            /^(?!image\/(png|jpeg|gif|webp|svg\+xml|bmp|x-icon)$)./.test(source.getAttribute("type") ?? ""))
            continue;
        const found = pick(set, source.getAttribute("sizes"));
        if (found !== undefined)
            return found;
    }
    const set = get(element, "srcset");
    return set !== null && set.trim() !== "" ? pick(set, get(element, "sizes")) ?? get(element, "src") : get(element, "src");
}
function loadImage(element) {
    const old = images.get(element), address = imageAddress(element);
    if (old?.number !== undefined)
        web.abortFetch(old.number);
    old?.done?.();
    if (address === null) {
        images.delete(element);
        return;
    }
    const url = address === "" ? null : web.resolve(address);
    const state = { url: url ?? address, width: 0, height: 0, complete: false, broken: false, number: undefined, done: undefined };
    images.set(element, state);
    if (url === null) {
        state.complete = state.broken = true;
        web.task(() => web.tellElement(element, "error"));
        return;
    }
    state.done = lower(get(element, "loading") ?? "") === "lazy" ? () => {} : web.delayLoad();
    state.number = web.request(web.FETCH_IMAGE, { url }, answer => {
        const { done } = state;
        Object.assign(state, { complete: true, number: undefined, done: undefined });
        state.broken = answer.error !== null || answer.width === 0;
        if (!state.broken)
            [state.width, state.height] = [answer.width, answer.height];
        web.tellElement(element, state.broken ? "error" : "load");
        done();
    });
}
web.imageSize = element => {
    const state = images.get(element);
    return state === undefined ? [0, 0] : [state.width, state.height];
};
web.imageState = element => images.get(element);
web.begins.img = id => {
    const element = wrap(id);
    if (!images.has(element))
        loadImage(element);
};
web.mix(global.HTMLImageElement, {
    get complete() {
        const state = images.get(this);
        return state === undefined ? get(this, "src") === null || get(this, "src") === "" || !this.isConnected : state.complete;
    },
    get currentSrc() { return images.get(this)?.url ?? ""; },
    decode() {
        const state = images.get(this), refuse = () => new global.DOMException("The source image cannot be decoded.", "EncodingError");
        if (state === undefined || state.complete)
            return state === undefined || state.broken ? Promise.reject(refuse()) : Promise.resolve();
        return new Promise((resolve, reject) => {
            this.addEventListener("load", () => resolve(), { once: true });
            this.addEventListener("error", () => reject(refuse()), { once: true });
        });
    },
});

// --- frames ---

const frames = new WeakMap(); // from frame to its window
class FrameWindow extends web.EventTarget {
    constructor(element, document) {
        super();
        Object.assign(this, { document, frameElement: element, parent: global, top: global, closed: false, length: 0,
            location: { href: document.URL, toString() { return this.href; }, assign() {}, replace() {}, reload() {} } });
        this.self = this.window = this;
    }
    get name() { return get(this.frameElement, "name") ?? ""; }
    postMessage() {}
    focus() {}
    blur() {}
    close() {}
    getComputedStyle(element) { return global.getComputedStyle(element); }
}
function frameOf(element) {
    let frame = frames.get(element);
    if (frame === undefined && element.isConnected) {
        const made = wrap($.parseDocument(get(element, "srcdoc") ?? "<html><head></head><body></body></html>"));
        web.others.set(made, get(element, "srcdoc") === null ? "about:blank" : "about:srcdoc");
        frames.set(element, frame = new FrameWindow(element, made));
        web.setView(made, frame);
    }
    return element.isConnected ? frame : undefined;
}
web.begins.iframe = id => {
    const element = wrap(id), done = web.delayLoad();
    web.task(() => {
        if (element.isConnected)
            web.tellElement(element, "load");
        done();
    });
};
web.mix(global.HTMLIFrameElement, {
    get contentWindow() { return frameOf(this) ?? null; },
    get contentDocument() { return frameOf(this)?.document ?? null; },
    getSVGDocument() { return null; },
});

// --- attributes that load something, or listen ---

web.also("attributeChanged", (id, name, old, value) => {
    if (name.startsWith("on") && $.space(id) !== 0) {
        web.handlerAttribute(wrap(id), name.slice(2), value);
        return;
    }
    if ($.space(id) !== HTML)
        return;
    const tag = $.name(id);
    if (tag === "img" && /^(src|srcset|sizes|crossorigin)$/.test(name)) {
        loadImage(wrap(id));
    } else if (tag === "link" && /^(rel|href|disabled|media|type)$/.test(name) && old !== value && web.isConnected(id)) {
        const element = wrap(id), url = sheetAddress(element);
        if (url !== null && name !== "media")
            fetchSheet(element, url);
    } else if (tag === "script" && name === "src" && value !== null && old === null && web.isConnected(id)) {
        web.runScript(id, false);
    }
});
}
