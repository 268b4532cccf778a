// Messages within the page (HTML standard, 9): structuredClone, ports, channels. Workers are not here,
// and hosts that would be talked to by sockets and streams of events answer as those that are dead.
"use strict"; {
const { $, web, global } = this;
const { expose, constants, fail, toText, token, illegal } = web;

// --- copies of values (HTML standard, 2.7) ---

const errors = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };
const typed = Object.getPrototypeOf(Int8Array);

function refuse(value) {
    let text;
    try { text = typeof value === "symbol" ? value.toString() : typeof value === "function" ? String(value) : `#<${value.constructor?.name ?? "Object"}>`; } catch { text = "#<Object>"; }
    fail("DataCloneError", `Failed to execute 'structuredClone' on 'Window': ${text} could not be cloned.`);
}
// A copy of an object whose parts are copied by themselves; undefined for one with parts.
function copyWhole(value, moved) {
    if (value instanceof Boolean || value instanceof Number || value instanceof String || value instanceof BigInt)
        return Object(value.valueOf());
    if (value instanceof Date)
        return new Date(value.getTime());
    if (value instanceof RegExp)
        return new RegExp(value.source, value.flags);
    if (value instanceof ArrayBuffer)
        return moved.get(value) ?? value.slice(0);
    if (value instanceof global.DOMException)
        return new global.DOMException(value.message, value.name);
    if (value instanceof global.File)
        return new global.File([value], value.name, { type: value.type, lastModified: value.lastModified });
    if (value instanceof global.Blob)
        return value.slice(0, value.size, value.type);
    return undefined;
}
function copy(value, seen, moved) {
    if (typeof value === "symbol" || typeof value === "function")
        refuse(value);
    if (typeof value !== "object" || value === null)
        return value;
    if (seen.has(value))
        return seen.get(value);
    const note = made => { seen.set(value, made); return made; };
    if (value instanceof MessagePort)
        return moved.has(value) ? note(moved.get(value)) : refuse(value);
    const whole = copyWhole(value, moved);
    if (whole !== undefined)
        return note(whole);
    if (ArrayBuffer.isView(value)) {
        const buffer = copy(value.buffer, seen, moved);
        return note(value instanceof typed ? new value.constructor(buffer, value.byteOffset, value.length) : new DataView(buffer, value.byteOffset, value.byteLength));
    }
    if (value instanceof Map) {
        const made = note(new Map());
        for (const [key, each] of [...value])
            made.set(copy(key, seen, moved), copy(each, seen, moved));
        return made;
    }
    if (value instanceof Set) {
        const made = note(new Set());
        for (const each of [...value])
            made.add(copy(each, seen, moved));
        return made;
    }
    if (value instanceof Error) {
        const type = errors[value.name] ?? Error, made = note(Object.create(type.prototype));
        const error = new type(value.message);
        seen.set(value, error);
        error.stack = value.stack;
        if ("cause" in value)
            error.cause = copy(value.cause, seen, moved);
        return made instanceof Error ? error : made;
    }
    if (web.isNode(value) || value === global || value instanceof WeakMap || value instanceof WeakSet || value instanceof Promise || value instanceof WeakRef || value instanceof web.EventTarget)
        refuse(value);
    const made = note(Array.isArray(value) ? new Array(value.length) : {});
    for (const key of Object.keys(value))
        made[key] = copy(value[key], seen, moved);
    return made;
}
// A copy of a value and the ports that go with it.
function transfer(value, list = []) {
    const moved = new Map(), ports = [];
    if (new Set(list).size !== list.length)
        fail("DataCloneError", "Failed to execute 'structuredClone' on 'Window': the transfer list has an object twice.");
    for (const each of list) {
        if (each instanceof MessagePort) {
            const made = web.movePort(each);
            moved.set(each, made);
            ports.push(made);
        } else if (each instanceof ArrayBuffer) {
            if (each.detached)
                fail("DataCloneError", "Failed to execute 'structuredClone' on 'Window': An ArrayBuffer is detached and could not be cloned.");
            moved.set(each, each.slice(0));
        } else {
            fail("DataCloneError", "Failed to execute 'structuredClone' on 'Window': Value at index 0 does not have a transferable type.");
        }
    }
    const data = copy(value, new Map(), moved);
    for (const each of list)
        if (each instanceof ArrayBuffer)
            each.transfer?.();
    return { data, ports };
}
global.structuredClone = function structuredClone(value, options) {
    web.need(1, arguments.length, "structuredClone");
    return transfer(value, [...options?.transfer ?? []]).data;
};
web.cloneValue = value => transfer(value).data;
const listOf = options => [...Array.isArray(options) ? options : options?.transfer ?? []];

// --- ports ---

class MessagePort extends web.EventTarget {
    #other = null; #waiting = []; #started = false; #closed = false;
    constructor(key) {
        super();
        if (key !== token)
            illegal();
    }
    static {
        web.joinPorts = (a, b) => {
            a.#other = b;
            b.#other = a;
        };
        web.movePort = port => {
            const made = new MessagePort(token);
            made.#waiting = port.#waiting;
            if (port.#other !== null)
                web.joinPorts(made, port.#other);
            port.#other = null;
            port.#waiting = [];
            return made;
        };
    }
    #deliver() {
        const next = this.#waiting.shift();
        if (next !== undefined && !this.#closed)
            web.tell(this, new global.MessageEvent("message", next));
    }
    postMessage(value, options) {
        const message = transfer(value, listOf(options)), other = this.#other;
        if (other === null || other.#closed)
            return;
        other.#waiting.push(message);
        if (other.#started)
            web.task(() => other.#deliver());
    }
    start() {
        if (this.#started)
            return;
        this.#started = true;
        for (const _ of this.#waiting)
            web.task(() => this.#deliver());
    }
    close() {
        this.#closed = true;
        this.#other = null;
    }
    get onmessage() { return web.handlerOf(this, "message"); }
    set onmessage(value) {
        web.setHandler(this, "message", value);
        this.start();
    }
}
web.handlers(MessagePort, ["messageerror", "close"]);
class MessageChannel {
    #one = new MessagePort(token);
    #two = new MessagePort(token);
    constructor() { web.joinPorts(this.#one, this.#two); }
    get port1() { return this.#one; }
    get port2() { return this.#two; }
}
expose(MessagePort);
expose(MessageChannel);

global.postMessage = function postMessage(value, target, list) {
    web.need(1, arguments.length, "postMessage");
    const wanted = typeof target === "object" ? target?.targetOrigin ?? "/" : target ?? "/";
    const { data, ports } = transfer(value, typeof target === "object" ? listOf(target) : listOf(list)), { origin } = global;
    if (wanted !== "*" && wanted !== "/") {
        const url = global.URL.parse(wanted);
        if (url === null)
            fail("SyntaxError", `Failed to execute 'postMessage' on 'Window': Invalid target origin '${wanted}' in a call to 'postMessage'.`);
        if (url.origin !== origin)
            return;
    }
    web.task(() => web.tell(global, new global.MessageEvent("message", { data, ports, origin, source: global })));
};

// --- channels by name: those of this page ---

const channels = new Map();
class BroadcastChannel extends web.EventTarget {
    #name; #closed = false;
    constructor(name) {
        super();
        web.need(1, arguments.length, "Failed to construct 'BroadcastChannel'");
        this.#name = toText(name);
        if (!channels.has(this.#name))
            channels.set(this.#name, new Set());
        channels.get(this.#name).add(this);
    }
    get name() { return this.#name; }
    postMessage(value) {
        if (this.#closed)
            fail("InvalidStateError", "Failed to execute 'postMessage' on 'BroadcastChannel': Channel is closed");
        const { data } = transfer(value);
        for (const other of channels.get(this.#name))
            if (other !== this)
                web.task(() => { if (!other.#closed) web.tell(other, new global.MessageEvent("message", { data: copy(data, new Map(), new Map()), origin: global.origin })); });
    }
    close() {
        this.#closed = true;
        channels.get(this.#name)?.delete(this);
    }
}
expose(BroadcastChannel);
web.handlers(BroadcastChannel, ["message", "messageerror"]);

// --- what is not here ---

class Worker extends web.EventTarget {
    constructor(url) {
        super();
        web.need(1, arguments.length, "Failed to construct 'Worker'");
        web.task(() => web.tell(this, new global.ErrorEvent("error", { message: `workers are not run: ${url}`, cancelable: true })));
    }
    postMessage() {}
    terminate() {}
}
expose(Worker);
web.handlers(Worker, ["message", "messageerror", "error"]);

class WebSocket extends web.EventTarget {
    #url; #state = 0; #binary = "blob";
    constructor(url) {
        super();
        web.need(1, arguments.length, "Failed to construct 'WebSocket'");
        const resolved = web.resolve(toText(url))?.replace(/^http/, "ws");
        if (!/^wss?:/.test(resolved ?? "") || resolved.includes("#"))
            fail("SyntaxError", `Failed to construct 'WebSocket': The URL '${url}' is invalid.`);
        this.#url = resolved;
        web.task(() => {
            if (this.#state === 3)
                return;
            this.#state = 3;
            $.print("error", `WebSocket connection to '${this.#url}' failed`);
            web.tell(this, new global.Event("error"));
            web.tell(this, new global.CloseEvent("close", { code: 1006 }));
        });
    }
    get url() { return this.#url; }
    get readyState() { return this.#state; }
    get bufferedAmount() { return 0; }
    get extensions() { return ""; }
    get protocol() { return ""; }
    get binaryType() { return this.#binary; }
    set binaryType(type) { if (type === "blob" || type === "arraybuffer") this.#binary = type; }
    send() {
        if (this.#state === 0)
            fail("InvalidStateError", "Failed to execute 'send' on 'WebSocket': Still in CONNECTING state.");
    }
    close() { if (this.#state < 2) this.#state = 2; }
}
constants(WebSocket, { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 });
expose(WebSocket);
web.handlers(WebSocket, ["open", "message", "error", "close"]);

class EventSource extends web.EventTarget {
    #url; #state = 0; #credentials;
    constructor(url, options) {
        super();
        web.need(1, arguments.length, "Failed to construct 'EventSource'");
        this.#url = web.resolve(toText(url)) ?? fail("SyntaxError", `Failed to construct 'EventSource': Cannot open an EventSource to '${url}'. The URL is invalid.`);
        this.#credentials = Boolean(options?.withCredentials);
        web.task(() => {
            this.#state = 2;
            web.tell(this, new global.Event("error"));
        });
    }
    get url() { return this.#url; }
    get readyState() { return this.#state; }
    get withCredentials() { return this.#credentials; }
    close() { this.#state = 2; }
}
constants(EventSource, { CONNECTING: 0, OPEN: 1, CLOSED: 2 });
expose(EventSource);
web.handlers(EventSource, ["open", "message", "error"]);
}
