// Events and their targets (DOM standard, 2), and the kinds of events that pages make and look at.
"use strict"; {
const { $, web, global } = this;
const { expose, constants, fail, toText } = web;

const NONE = 0, CAPTURING = 1, AT_TARGET = 2, BUBBLING = 3;

class Event {
    #type; #bubbles; #cancelable; #composed; #time;
    #target = null; #current = null; #phase = NONE; #path = [];
    #stopped = false; #stoppedNow = false; #canceled = false; #passive = false; #dispatched = false;
    #trusted = false; #initialized = true;
    constructor(type, init) {
        web.need(1, arguments.length, "Event");
        this.#type = toText(type);
        this.#bubbles = Boolean(init?.bubbles);
        this.#cancelable = Boolean(init?.cancelable);
        this.#composed = Boolean(init?.composed);
        this.#time = $.now();
    }
    get type() { return this.#type; }
    get target() { return this.#target; }
    get srcElement() { return this.#target; }
    get currentTarget() { return this.#current; }
    get eventPhase() { return this.#phase; }
    get bubbles() { return this.#bubbles; }
    get cancelable() { return this.#cancelable; }
    get composed() { return this.#composed; }
    get timeStamp() { return this.#time; }
    get isTrusted() { return this.#trusted; }
    get defaultPrevented() { return this.#canceled; }
    get cancelBubble() { return this.#stopped; }
    set cancelBubble(value) { this.#stopped ||= Boolean(value); }
    get returnValue() { return !this.#canceled; }
    set returnValue(value) { if (!value) this.preventDefault(); }
    composedPath() { return this.#current === null ? [] : this.#path.map(([each]) => each); }
    stopPropagation() { this.#stopped = true; }
    stopImmediatePropagation() { this.#stopped = this.#stoppedNow = true; }
    preventDefault() { this.#canceled ||= this.#cancelable && !this.#passive; }
    initEvent(type, bubbles = false, cancelable = false) {
        if (this.#dispatched)
            return;
        this.#initialized = true;
        this.#stopped = this.#stoppedNow = this.#canceled = this.#trusted = false;
        this.#target = null;
        this.#type = toText(type);
        this.#bubbles = Boolean(bubbles);
        this.#cancelable = Boolean(cancelable);
    }
    static {
        web.trust = event => { event.#trusted = true; return event; };
        web.uninitialized = event => { event.#initialized = false; return event; };
        web.dispatch = (target, event) => event.#dispatch(target);
        web.mayDispatch = event => !event.#dispatched && event.#initialized;
    }
    #dispatch(target) {
        const path = web.pathOf(target, this); // of [what it passes, the target as seen from there]
        const activated = this.#type === "click" && this instanceof MouseEvent
            ? web.activation(path.map(([each]) => each), this.#bubbles) : undefined;
        this.#dispatched = true;
        this.#path = path;
        const atTarget = at => path[at][0] === path[at][1];
        for (let i = path.length - 1; i >= 0 && !this.#stopped; i--)
            this.#invoke(path[i], atTarget(i) ? AT_TARGET : CAPTURING, true);
        for (let i = 0; i < path.length && !this.#stopped; i++)
            if (this.#bubbles || atTarget(i))
                this.#invoke(path[i], atTarget(i) ? AT_TARGET : BUBBLING, false);
        this.#target = path.at(-1)[1];
        this.#phase = NONE;
        this.#current = null;
        this.#path = [];
        this.#stopped = this.#stoppedNow = this.#dispatched = false;
        activated?.(!this.#canceled);
        return !this.#canceled;
    }
    #invoke([current, target], phase, capture) {
        this.#target = target;
        this.#current = current;
        this.#phase = phase;
        if (!capture)
            web.readHandler(current, this.#type);
        web.eachListener(current, this.#type, capture, (callback, passive) => {
            this.#passive = passive;
            call(callback, current, this);
            this.#passive = false;
            return !this.#stoppedNow;
        });
    }
}
constants(Event, { NONE, CAPTURING_PHASE: CAPTURING, AT_TARGET, BUBBLING_PHASE: BUBBLING });

// Calls a listener. Where no script stands around it, what waits for promises comes behind it.
let outside = false;
function call(callback, current, event) {
    const before = global.event, top = outside;
    global.event = event;
    outside = false;
    try {
        if (callback.handler !== undefined)
            callback.handler(current, event);
        else if (typeof callback.listener === "function")
            callback.listener.call(current, event);
        else
            callback.listener.handleEvent(event);
    } catch (error) {
        web.report(error);
    } finally {
        global.event = before;
    }
    if (top)
        $.checkpoint();
    outside = top;
}
// Dispatches an event that no script has asked for, from a task.
web.tell = (target, event) => {
    outside = true;
    try {
        return web.dispatch(target, web.trust(event));
    } finally {
        outside = false;
    }
};

// --- targets ---

class Listening extends (class { constructor(object) { return object; } }) {
    #lists = new Map(); // from type to its listeners, in order
    #handlers = new Map(); // from type to what an on... attribute or property has
    constructor(object) { super(object); }
    static of(object) { return #lists in object ? object.#lists : undefined; }
    static handlers(object) { return #handlers in object ? object.#handlers : undefined; }
}

function listsOf(target) {
    let lists = Listening.of(target);
    if (lists === undefined) {
        new Listening(target);
        lists = Listening.of(target);
    }
    return lists;
}

web.eachListener = (target, type, capture, visit) => {
    const list = Listening.of(target)?.get(type);
    if (list === undefined)
        return;
    for (const each of [...list]) {
        if (each.removed || each.capture !== capture)
            continue;
        if (each.once)
            remove(target, type, each);
        if (!visit(each, each.passive))
            return;
    }
};

web.listening = () => {}; // told of listeners that come
web.hasListener = (target, type) => (Listening.of(target)?.get(type)?.length ?? 0) > 0;

function remove(target, type, entry) {
    const list = Listening.of(target).get(type);
    entry.removed = true;
    const at = list.indexOf(entry);
    if (at >= 0)
        list.splice(at, 1);
}

class EventTarget {
    addEventListener(type, listener, options) {
        const target = this ?? global;
        web.need(2, arguments.length, "addEventListener");
        if (listener === null || listener === undefined)
            return;
        if (typeof listener !== "function" && typeof listener !== "object")
            throw new TypeError("addEventListener: parameter 2 is not of type 'Object'.");
        type = toText(type);
        const object = typeof options === "object" && options !== null;
        const capture = Boolean(object ? options.capture : options);
        const signal = object ? options.signal : undefined;
        if (signal?.aborted)
            return;
        const lists = listsOf(target);
        let list = lists.get(type);
        if (list === undefined)
            lists.set(type, list = []);
        if (list.some(each => each.listener === listener && each.capture === capture))
            return;
        const entry = { listener, capture, removed: false, once: Boolean(object && options.once),
            passive: Boolean(object && options.passive) };
        list.push(entry);
        web.listening(target, type);
        signal?.addEventListener("abort", () => remove(target, type, entry), { once: true });
    }
    removeEventListener(type, listener, options) {
        const target = this ?? global;
        const capture = Boolean(typeof options === "object" && options !== null ? options.capture : options);
        type = toText(type);
        const entry = Listening.of(target)?.get(type)
            ?.find(each => each.listener === listener && each.capture === capture);
        if (entry !== undefined)
            remove(target, type, entry);
    }
    dispatchEvent(event) {
        if (!(event instanceof Event))
            throw new TypeError("dispatchEvent: parameter 1 is not of type 'Event'.");
        if (!web.mayDispatch(event))
            fail("InvalidStateError", "The event is already being dispatched.");
        return web.dispatch(this ?? global, event);
    }
}

// What an event passes: of a node all above it, out of a shadow tree where it is composed, and the
// window at last; with each the target as it is seen from there.
web.pathOf = (target, event) => {
    const path = [[target, target]];
    if (!web.isNode(target))
        return path;
    let seen = target, id = web.idOf(target);
    for (;;) {
        const parent = $.parent(id);
        const host = parent === 0 ? web.hostOf(id) : undefined;
        if (parent === 0 && (host === undefined || !(event.composed || id !== $.root(web.idOf(target)))))
            break;
        if (host !== undefined)
            seen = host;
        id = host !== undefined ? web.idOf(host) : parent;
        path.push([web.wrap(id), seen]);
    }
    if (id === web.documentId && event.type !== "load")
        path.push([global, seen]);
    return path;
};
// The element that a tree is the shadow of.
web.hostOf = () => undefined;

// --- handlers: onclick and the like ---

function handle(entry) {
    return (current, event) => {
        const value = compiled(entry, current);
        if (typeof value !== "function")
            return;
        if (event.type === "error" && event instanceof global.ErrorEvent && current === global) {
            if (value.call(current, event.message, event.filename, event.lineno, event.colno, event.error) === true)
                event.preventDefault();
        } else if (value.call(current, event) === false) {
            event.preventDefault();
        }
    };
}

web.setHandler = (target, type, value, first = false) => {
    const lists = listsOf(target), handlers = Listening.handlers(target);
    let entry = handlers.get(type);
    value = typeof value === "function" || (typeof value === "object" && value !== null) ? value : null;
    if (entry === undefined && value !== null) {
        entry = { value: null, capture: false, once: false, passive: false, removed: true };
        entry.handler = handle(entry);
        handlers.set(type, entry);
    }
    if (entry === undefined)
        return;
    entry.value = value;
    if (value !== null && entry.removed) {
        entry.removed = false;
        if (!lists.has(type))
            lists.set(type, []);
        first ? lists.get(type).unshift(entry) : lists.get(type).push(entry);
    } else if (value === null && !entry.removed) {
        remove(target, type, entry);
    }
};
web.handlerOf = (target, type) => {
    web.readHandler(target, type);
    const entry = Listening.handlers(target)?.get(type);
    return entry === undefined ? null : compiled(entry, target) ?? null;
};

// The text of an attribute on..., made a function when it is first wanted.
class Source {
    constructor(text, element, type) { Object.assign(this, { text, element, type }); }
}
function compiled(entry, target) {
    if (!(entry.value instanceof Source))
        return entry.value;
    const { text, element, type } = entry.value;
    const names = target === global && type === "error" ? "event, source, lineno, colno, error" : "event";
    try {
        const around = target === global ? "" : "with (document) with (form) with (element) ";
        entry.value = global.Function("document", "form", "element", `${around}return function on${type}(${names}) {\n${text}\n};`)(
            web.document, element.form ?? {}, element);
    } catch (error) {
        entry.value = null;
        web.report(error);
    }
    return entry.value;
}
// Of these a body's attributes and properties are the window's.
const ofWindow = type => web.windowHandlers.includes(type) || /^(blur|error|focus|load|resize|scroll)$/.test(type);
const bodyTarget = (target, type) => target === web.document?.body && ofWindow(type) ? global : target;
const readFrom = new WeakMap(); // from target to the types whose attribute was read

// Sees to an attribute on... that the document came with.
web.readHandler = (target, type) => {
    const element = target === global ? ofWindow(type) ? web.document?.body : undefined : web.isNode(target) ? target : undefined;
    if (element === undefined || element === null || $.kind(web.idOf(element)) !== 1)
        return;
    const text = $.attribute(web.idOf(element), "on" + type);
    if (text === null || readFrom.get(target)?.has(type))
        return;
    if (target !== global && bodyTarget(target, type) === global)
        return;
    if (Listening.handlers(target)?.get(type) === undefined)
        web.setHandler(target, type, new Source(text, element, type), true);
    readFrom.get(target)?.add(type) ?? readFrom.set(target, new Set([type]));
};
web.handlerAttribute = (element, type, text) => {
    const target = bodyTarget(element, type);
    readFrom.get(target)?.add(type) ?? readFrom.set(target, new Set([type]));
    web.setHandler(target, type, text === null ? null : new Source(text, element, type));
};

// Gives an interface properties on<type>; an element's attribute of the name makes one, too.
web.handlers = (type, names) => {
    for (const name of names)
        Object.defineProperty(type.prototype ?? type, "on" + name, {
            get() { return web.handlerOf(bodyTarget(this ?? global, name), name); },
            set(value) {
                const target = bodyTarget(this ?? global, name);
                web.readHandler(target, name);
                web.setHandler(target, name, value);
            },
            enumerable: true, configurable: true,
        });
};
web.globalHandlers = [
    "abort", "auxclick", "beforeinput", "beforetoggle", "blur", "cancel", "canplay", "canplaythrough", "change",
    "click", "close", "contextmenu", "copy", "cuechange", "cut", "dblclick", "drag", "dragend", "dragenter",
    "dragleave", "dragover", "dragstart", "drop", "durationchange", "emptied", "ended", "error", "focus", "formdata",
    "input", "invalid", "keydown", "keypress", "keyup", "load", "loadeddata", "loadedmetadata", "loadstart",
    "mousedown", "mouseenter", "mouseleave", "mousemove", "mouseout", "mouseover", "mouseup", "paste", "pause", "play",
    "playing", "pointercancel", "pointerdown", "pointerenter", "pointerleave", "pointermove", "pointerout",
    "pointerover", "pointerup", "progress", "ratechange", "reset", "resize", "scroll", "scrollend", "seeked",
    "seeking", "select", "selectionchange", "selectstart", "slotchange", "stalled", "submit", "suspend", "timeupdate",
    "toggle", "touchcancel", "touchend", "touchmove", "touchstart", "transitioncancel", "transitionend",
    "transitionrun", "transitionstart", "animationcancel", "animationend", "animationiteration", "animationstart",
    "volumechange", "waiting", "wheel",
];
web.windowHandlers = [
    "afterprint", "beforeprint", "beforeunload", "hashchange", "languagechange", "message", "messageerror", "offline",
    "online", "pagehide", "pageshow", "popstate", "rejectionhandled", "storage", "unhandledrejection", "unload",
];

// --- kinds of events: each a list of what its init has, with the value that it has without ---

function kind(name, base, members, old) {
    const type = {
        [name]: class extends base {
            #values = {};
            constructor(type, init) {
                super(type, init);
                for (const key of Object.keys(members))
                    this.#values[key] = init?.[key] === undefined ? members[key] : init[key];
            }
            static value(event, key) { return event.#values[key]; }
            static set(event, key, value) { event.#values[key] = value; }
        },
    }[name];
    const { value, set } = type;
    delete type.value;
    delete type.set;
    for (const key of Object.keys(members))
        Object.defineProperty(type.prototype, key, { get() { return value(this, key); }, configurable: true });
    if (old !== undefined)
        Object.defineProperty(type.prototype, "init" + name, {
            value(type, bubbles, cancelable, ...rest) {
                this.initEvent(type, bubbles, cancelable);
                old.forEach((key, at) => set(this, key, rest[at] === undefined ? members[key] : rest[at]));
            }, configurable: true, writable: true,
        });
    return expose(type, name);
}

expose(Event);
expose(EventTarget);
const CustomEvent = kind("CustomEvent", Event, { detail: null }, ["detail"]);
const UIEvent = kind("UIEvent", Event, { view: null, detail: 0 }, ["view", "detail"]);
const modifiers = { ctrlKey: false, shiftKey: false, altKey: false, metaKey: false };
const MouseEvent = kind("MouseEvent", UIEvent, {
    screenX: 0, screenY: 0, clientX: 0, clientY: 0, ...modifiers, button: 0, buttons: 0, relatedTarget: null,
    movementX: 0, movementY: 0,
});
for (const [name, from] of [["pageX", "clientX"], ["pageY", "clientY"], ["x", "clientX"], ["y", "clientY"]])
    Object.defineProperty(MouseEvent.prototype, name, { get() { return this[from]; }, enumerable: true, configurable: true });
kind("PointerEvent", MouseEvent, {
    pointerId: 0, width: 1, height: 1, pressure: 0, tiltX: 0, tiltY: 0, pointerType: "", isPrimary: false,
});
kind("WheelEvent", MouseEvent, { deltaX: 0, deltaY: 0, deltaZ: 0, deltaMode: 0 });
kind("KeyboardEvent", UIEvent, {
    key: "", code: "", location: 0, ...modifiers, repeat: false, isComposing: false, keyCode: 0, charCode: 0, which: 0,
});
kind("InputEvent", UIEvent, { data: null, isComposing: false, inputType: "" });
kind("FocusEvent", UIEvent, { relatedTarget: null });
kind("CompositionEvent", UIEvent, { data: "" });
kind("ErrorEvent", Event, { message: "", filename: "", lineno: 0, colno: 0, error: undefined });
kind("PromiseRejectionEvent", Event, { promise: undefined, reason: undefined });
kind("MessageEvent", Event, { data: null, origin: "", lastEventId: "", source: null, ports: [] });
kind("ProgressEvent", Event, { lengthComputable: false, loaded: 0, total: 0 });
kind("CloseEvent", Event, { wasClean: false, code: 0, reason: "" });
kind("HashChangeEvent", Event, { oldURL: "", newURL: "" });
kind("PopStateEvent", Event, { state: null });
kind("PageTransitionEvent", Event, { persisted: false });
kind("StorageEvent", Event, { key: null, oldValue: null, newValue: null, url: "", storageArea: null });
kind("SubmitEvent", Event, { submitter: null });
kind("AnimationEvent", Event, { animationName: "", elapsedTime: 0, pseudoElement: "" });
kind("TransitionEvent", Event, { propertyName: "", elapsedTime: 0, pseudoElement: "" });

// --- giving up ---

class AbortSignal extends EventTarget {
    #aborted = false; #reason = undefined;
    constructor(key) {
        super();
        if (key !== web.token)
            web.illegal();
    }
    get aborted() { return this.#aborted; }
    get reason() { return this.#reason; }
    throwIfAborted() { if (this.#aborted) throw this.#reason; }
    static abort(reason) {
        const signal = new AbortSignal(web.token);
        web.abort(signal, reason);
        return signal;
    }
    static timeout(ms) {
        const signal = new AbortSignal(web.token);
        global.setTimeout(() => web.abort(signal, new global.DOMException("signal timed out", "TimeoutError")), ms);
        return signal;
    }
    static any(signals) {
        const all = new AbortSignal(web.token);
        for (const signal of signals) {
            if (signal.aborted) {
                web.abort(all, signal.reason);
                break;
            }
            signal.addEventListener("abort", () => web.abort(all, signal.reason), { once: true });
        }
        return all;
    }
    static {
        web.abort = (signal, reason) => {
            if (signal.#aborted)
                return;
            signal.#aborted = true;
            signal.#reason = reason === undefined
                ? new global.DOMException("signal is aborted without reason", "AbortError") : reason;
            web.dispatch(signal, web.trust(new Event("abort")));
        };
    }
}
web.handlers(AbortSignal, ["abort"]);

class AbortController {
    #signal = new AbortSignal(web.token);
    get signal() { return this.#signal; }
    abort(reason) { web.abort(this.#signal, reason); }
}
expose(AbortSignal);
expose(AbortController);

// What a click does to the element that it is meant for: see html.js.
web.activation = () => undefined;

Object.assign(web, { Event, EventTarget, CustomEvent, UIEvent, MouseEvent });
}
