// What a page learns about the program and the screen, what it measures, and who watches boxes, of which
// all are empty (HTML standard, 8.9; CSSOM View; Performance Timeline; Intersection and Resize Observer).
"use strict"; {
const { $, web, global } = this;
const { expose, toText, token, illegal, idOf } = web;

const WIDTH = 1280, HEIGHT = 720;

function only(type, members, name = type.name) {
    for (const [key, value] of Object.entries(members))
        Object.defineProperty(type.prototype, key, typeof value === "function" && value.prototype === undefined
            ? { value, writable: true, enumerable: true, configurable: true } : { get: () => value, enumerable: true, configurable: true });
    expose(type, name);
    const object = Object.create(type.prototype);
    return object;
}
const read = (name, get) => Object.defineProperty(global, name, { get, set(value) {
    Object.defineProperty(global, name, { value, writable: true, enumerable: true, configurable: true });
}, enumerable: true, configurable: true });

// --- the program ---

class Navigator {
    constructor() { illegal(); }
}
const agent = "5.0 (X11; Linux x86_64) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15";
const reject = name => () => Promise.reject(new global.DOMException("This is not permitted here.", name));
const navigator = only(Navigator, {
    userAgent: "Mozilla/" + agent, appVersion: agent, appName: "Netscape", appCodeName: "Mozilla", product: "Gecko", productSub: "20030107",
    platform: "Linux x86_64", vendor: "", vendorSub: "", oscpu: "Linux x86_64", language: "en-US", languages: Object.freeze(["en-US", "en"]),
    onLine: true, cookieEnabled: true, doNotTrack: null, hardwareConcurrency: 1, maxTouchPoints: 0, webdriver: true, pdfViewerEnabled: false,
    plugins: [], mimeTypes: [],
    javaEnabled: () => false,
    sendBeacon: (url, body = null) => {
        const made = new global.Request(url, { method: "POST", body: body ?? "" });
        web.request(web.FETCH_DATA, { method: "POST", url: made.url, headers: web.headerLines(made.headers), body: web.bodyBytes(made) }, () => {});
        return true;
    },
    vibrate: () => false,
    registerProtocolHandler: () => {},
    clipboard: Object.assign(Object.create(web.EventTarget.prototype), { writeText: reject("NotAllowedError"), readText: reject("NotAllowedError"), write: reject("NotAllowedError"), read: reject("NotAllowedError") }),
    permissions: { query: async ({ name }) => Object.assign(Object.create(web.EventTarget.prototype), { name, state: "denied", onchange: null }) },
    geolocation: {
        getCurrentPosition(done, failed) { web.task(() => failed?.({ code: 1, message: "User denied Geolocation", PERMISSION_DENIED: 1 })); },
        watchPosition() { return 0; }, clearWatch() {},
    },
});
read("navigator", () => navigator);
read("clientInformation", () => navigator);

// --- the screen and the window ---

class Screen extends web.EventTarget {
    constructor() { illegal(); super(); }
}
const screen = only(Screen, { width: WIDTH, height: HEIGHT, availWidth: WIDTH, availHeight: HEIGHT, availLeft: 0, availTop: 0, colorDepth: 24, pixelDepth: 24,
    orientation: Object.assign(Object.create(web.EventTarget.prototype), { type: "landscape-primary", angle: 0, lock: reject("NotSupportedError"), unlock() {}, onchange: null }) });
read("screen", () => screen);
for (const [name, value] of Object.entries({ innerWidth: WIDTH, innerHeight: HEIGHT, outerWidth: WIDTH, outerHeight: HEIGHT, screenX: 0, screenY: 0, screenLeft: 0,
    screenTop: 0, devicePixelRatio: 1, length: 0, closed: false, opener: null, frameElement: null, isSecureContext: true, crossOriginIsolated: false, status: "" }))
    read(name, () => value);
let name = "";
Object.defineProperty(global, "name", { get: () => name, set(value) { name = toText(value); }, enumerable: true, configurable: true });
const scrolled = { x: 0, y: 0 };
for (const [key, axis] of [["scrollX", "x"], ["pageXOffset", "x"], ["scrollY", "y"], ["pageYOffset", "y"]])
    read(key, () => scrolled[axis]);
for (const kind of ["locationbar", "menubar", "personalbar", "scrollbars", "statusbar", "toolbar"])
    read(kind, () => ({ visible: true }));
// Nothing is laid out, so that there is nowhere to scroll to; dialogs are answered as closed.
Object.assign(global, {
    scroll() {}, scrollTo() {}, scrollBy() {}, moveTo() {}, moveBy() {}, resizeTo() {}, resizeBy() {}, focus() {}, blur() {}, print() {},
    alert(text = "") { $.print("info", "alert: " + toText(text)); },
    confirm(text = "") {
        $.print("info", "confirm: " + toText(text));
        return false;
    },
    prompt(text = "") {
        $.print("info", "prompt: " + toText(text));
        return null;
    },
    find() { return false; },
});

// --- times ---

class PerformanceEntry {
    #values;
    constructor(key, values) {
        if (key !== token)
            illegal();
        this.#values = values;
    }
    get name() { return this.#values.name; }
    get entryType() { return this.#values.entryType; }
    get startTime() { return this.#values.startTime; }
    get duration() { return this.#values.duration; }
    get detail() { return this.#values.detail ?? null; }
    toJSON() { return { ...this.#values }; }
}
class PerformanceMark extends PerformanceEntry {
    constructor(name, options) {
        web.need(1, arguments.length, "Failed to construct 'PerformanceMark'");
        super(token, { name: toText(name), entryType: "mark", startTime: options?.startTime ?? $.now(), duration: 0, detail: options?.detail ?? null });
    }
}
class PerformanceMeasure extends PerformanceEntry {}
let entries = [];
const observers = new Set();
function record(entry) {
    entries.push(entry);
    for (const observer of observers)
        web.observed(observer, entry);
    return entry;
}
function timeOf(mark) {
    if (typeof mark === "number")
        return mark;
    if (toText(mark) === "navigationStart")
        return 0;
    const found = entries.findLast(entry => entry.entryType === "mark" && entry.name === toText(mark));
    return found === undefined ? web.fail("SyntaxError", `Failed to execute 'measure' on 'Performance': The mark '${mark}' does not exist.`) : found.startTime;
}
const drop = (type, name) => { entries = entries.filter(entry => entry.entryType !== type || (name !== undefined && entry.name !== toText(name))); };
class Performance extends web.EventTarget {
    constructor(key) {
        super();
        if (key !== token)
            illegal();
    }
    now() { return $.now(); }
    get timeOrigin() { return $.time() - $.now(); }
    mark(name, options) { return record(new PerformanceMark(name, options)); }
    measure(name, from, to) {
        const options = typeof from === "object" && from !== null ? from : { start: from, end: to };
        const end = options.end !== undefined ? timeOf(options.end) : options.duration !== undefined ? timeOf(options.start) + options.duration : $.now();
        const start = options.start !== undefined ? timeOf(options.start) : options.duration !== undefined ? end - options.duration : 0;
        return record(new PerformanceMeasure(token, { name: toText(name), entryType: "measure", startTime: start, duration: end - start, detail: options.detail ?? null }));
    }
    clearMarks(name) { drop("mark", name); }
    clearMeasures(name) { drop("measure", name); }
    clearResourceTimings() {}
    setResourceTimingBufferSize() {}
    getEntries() { return [...entries].sort((a, b) => a.startTime - b.startTime); }
    getEntriesByType(type) { return this.getEntries().filter(entry => entry.entryType === type); }
    getEntriesByName(name, type) { return this.getEntries().filter(entry => entry.name === name && (type === undefined || entry.entryType === type)); }
    get timing() {
        const start = Math.round(this.timeOrigin), timing = {};
        for (const key of ["navigationStart", "fetchStart", "domainLookupStart", "domainLookupEnd", "connectStart", "connectEnd", "requestStart", "responseStart",
            "responseEnd", "domLoading", "domInteractive", "domContentLoadedEventStart", "domContentLoadedEventEnd", "domComplete", "loadEventStart", "loadEventEnd"])
            timing[key] = start;
        return timing;
    }
    get navigation() { return { type: 0, redirectCount: 0 }; }
    get memory() { return undefined; }
    toJSON() { return { timeOrigin: this.timeOrigin }; }
}
for (const type of [PerformanceEntry, PerformanceMark, PerformanceMeasure, Performance])
    expose(type);
const performance = new Performance(token);
read("performance", () => performance);
web.also("began", () => { entries = []; });

class PerformanceObserver {
    #callback; #types = new Set(); #due = [];
    static get supportedEntryTypes() { return Object.freeze(["mark", "measure"]); }
    constructor(callback) { this.#callback = callback; }
    static {
        web.observed = (observer, entry) => {
            if (!observer.#types.has(entry.entryType))
                return;
            if (observer.#due.push(entry) === 1)
                web.task(() => {
                    const list = observer.takeRecords();
                    observer.#callback({ getEntries: () => list, getEntriesByType: type => list.filter(each => each.entryType === type), getEntriesByName: name => list.filter(each => each.name === name) }, observer);
                });
        };
    }
    observe(options) {
        for (const type of options.entryTypes ?? [options.type])
            this.#types.add(type);
        observers.add(this);
    }
    disconnect() { observers.delete(this); }
    takeRecords() { return this.#due.splice(0); }
}
expose(PerformanceObserver);

// --- boxes: all are empty, and at the origin, which is in view ---

const box = () => new global.DOMRectReadOnly(0, 0, 0, 0);
class IntersectionObserverEntry {
    constructor(values) { Object.assign(this, values); }
}
class IntersectionObserver {
    #callback; #targets = new Set(); #due = []; #options;
    constructor(callback, options = {}) {
        if (typeof callback !== "function")
            throw new TypeError("Failed to construct 'IntersectionObserver': parameter 1 is not of type 'Function'.");
        this.#callback = callback;
        this.#options = options;
    }
    get root() { return this.#options.root ?? null; }
    get rootMargin() { return this.#options.rootMargin ?? "0px 0px 0px 0px"; }
    get thresholds() { return [this.#options.threshold ?? 0].flat(); }
    observe(target) {
        web.needNode(target, "observe");
        if (this.#targets.has(target))
            return;
        this.#targets.add(target);
        web.task(() => {
            if (!this.#targets.has(target))
                return;
            const inside = target.isConnected;
            this.#due.push(new IntersectionObserverEntry({ target, time: $.now(), isIntersecting: inside, intersectionRatio: inside ? 1 : 0,
                boundingClientRect: box(), intersectionRect: box(), rootBounds: new global.DOMRectReadOnly(0, 0, WIDTH, HEIGHT) }));
            const list = this.takeRecords();
            this.#callback.call(this, list, this);
        });
    }
    unobserve(target) { this.#targets.delete(target); }
    disconnect() { this.#targets.clear(); }
    takeRecords() { return this.#due.splice(0); }
}
// A box that stays empty has never another size than it had.
class ResizeObserver {
    constructor(callback) {
        if (typeof callback !== "function")
            throw new TypeError("Failed to construct 'ResizeObserver': parameter 1 is not of type 'Function'.");
    }
    observe(target) { idOf(web.needNode(target, "observe")); }
    unobserve() {}
    disconnect() {}
}
class ResizeObserverEntry {
    constructor() { illegal(); }
}
for (const type of [IntersectionObserver, IntersectionObserverEntry, ResizeObserver, ResizeObserverEntry])
    expose(type);
}
