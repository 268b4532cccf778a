// The window: the console, and what else a page finds there (HTML standard, 7.2 and 8).
"use strict"; {
const { $, web, global } = this;
const { expose, fail, idOf, wrap, toText, toNumber, token, illegal } = web;

// Behind what the window has itself stand the elements with an id or a name (HTML standard, 7.2.2.3).
web.entry.named = key => {
    if (web.documentId === 0 || key === "")
        return undefined;
    const quoted = key.replace(/["\\\n]/g, match => "\\" + match.charCodeAt(0).toString(16) + " ");
    const found = $.select(web.documentId, `[id="${quoted}"], :is(embed, form, img, object)[name="${quoted}"]`, true)[0];
    return found === undefined ? undefined : wrap(found);
};
const elements = Object.setPrototypeOf($.named(), web.EventTarget.prototype);
function Window() { illegal(); }
Window.prototype = Object.getPrototypeOf(global);
Object.defineProperty(Window.prototype, "constructor", { value: Window, writable: true, configurable: true });
Object.setPrototypeOf(Window.prototype, elements);
expose(Window);
for (const name of ["window", "self", "frames", "top", "parent"])
    Object.defineProperty(global, name, { value: global, configurable: true, enumerable: true });
web.handlers({ prototype: global }, [...web.globalHandlers, ...web.windowHandlers]);

// --- what went wrong ---

function describe(error) {
    if (error instanceof Error || error instanceof global.DOMException)
        return `${error.name}: ${error.message}`;
    try { return String(error); } catch { return "an object"; }
}
let reporting = false;
web.report = (error, url = "") => {
    if (!reporting) {
        reporting = true;
        try {
            const event = new global.ErrorEvent("error", { cancelable: true, message: "Uncaught " + describe(error), error,
                filename: error?.sourceURL ?? url, lineno: error?.line ?? 0, colno: error?.column ?? 0 });
            if (!web.dispatch(global, web.trust(event)))
                return;
        } finally {
            reporting = false;
        }
    }
    $.print("error", `Uncaught ${describe(error)}${error?.line ? ` (${error.sourceURL ?? url}:${error.line})` : ""}`);
};
// Promises that were rejected, and nothing has handled it.
web.entry.rejected = (promise, reason) => {
    const event = new global.PromiseRejectionEvent("unhandledrejection", { cancelable: true, promise, reason });
    if (web.dispatch(global, web.trust(event)))
        $.print("error", `Uncaught (in promise) ${describe(reason)}`);
};
global.reportError = error => web.report(error);

// --- the console ---

function show(value, deep = 0) {
    if (typeof value === "string")
        return deep === 0 ? value : JSON.stringify(value);
    if (typeof value === "function")
        return `function ${value.name}`;
    if (typeof value !== "object" || value === null)
        return String(value);
    if (web.isNode(value))
        return value.outerHTML?.slice(0, 200) ?? value.nodeName;
    if (value instanceof Error)
        return describe(value);
    if (deep > 2)
        return Array.isArray(value) ? "[...]" : "{...}";
    if (Array.isArray(value))
        return `[${value.slice(0, 100).map(each => show(each, deep + 1)).join(", ")}]`;
    if (value instanceof Map || value instanceof Set)
        return `${value.constructor.name}(${value.size}) ${show([...value].slice(0, 100), deep + 1)}`;
    const keys = Object.keys(value).slice(0, 100);
    return `{${keys.map(key => `${key}: ${show(value[key], deep + 1)}`).join(", ")}}`;
}
function format(values) {
    if (typeof values[0] !== "string" || !values[0].includes("%"))
        return values.map(value => show(value)).join(" ");
    let at = 1;
    const text = values[0].replace(/%([sdifoOc%])/g, (all, kind) => {
        if (kind === "%" || at >= values.length)
            return kind === "%" ? "%" : all;
        const value = values[at++];
        return kind === "c" ? "" : /[di]/.test(kind) ? String(parseInt(value, 10)) : kind === "f" ? String(parseFloat(value)) : show(value);
    });
    return [text, ...values.slice(at).map(value => show(value))].join(" ");
}
const counts = new Map(), times = new Map();
const console = {};
for (const level of ["log", "info", "warn", "error", "debug"])
    console[level] = (...values) => $.print(level, format(values));
Object.assign(console, {
    trace: console.log, dir: console.log, dirxml: console.log, table: console.log, group: console.log, groupCollapsed: console.log,
    groupEnd() {}, clear() {},
    assert(holds, ...values) { if (!holds) $.print("error", "Assertion failed" + (values.length > 0 ? ": " + format(values) : "")); },
    count(label = "default") {
        counts.set(label, (counts.get(label) ?? 0) + 1);
        $.print("log", `${label}: ${counts.get(label)}`);
    },
    countReset(label = "default") { counts.delete(label); },
    time(label = "default") { times.set(label, $.now()); },
    timeLog(label = "default") { $.print("log", `${label}: ${$.now() - times.get(label)} ms`); },
    timeEnd(label = "default") {
        this.timeLog(label);
        times.delete(label);
    },
});
global.console = console;

// --- numbers, texts and bytes ---

class TextEncoder {
    get encoding() { return "utf-8"; }
    encode(text = "") { return new Uint8Array($.encode(toText(text).toWellFormed())); }
    encodeInto(text, into) {
        let read = 0, written = 0;
        for (const character of toText(text).toWellFormed()) {
            const bytes = this.encode(character);
            if (written + bytes.length > into.length)
                break;
            into.set(bytes, written);
            written += bytes.length;
            read += character.length;
        }
        return { read, written };
    }
}
class TextDecoder {
    #encoding; #fatal; #keep; #rest = [];
    constructor(label = "utf-8", options) {
        const name = toText(label).trim().toLowerCase();
        const known = { "utf-8": "utf-8", utf8: "utf-8", "unicode-1-1-utf-8": "utf-8", latin1: "windows-1252", ascii: "windows-1252",
            "iso-8859-1": "windows-1252", "windows-1252": "windows-1252", "utf-16le": "utf-16le", "utf-16": "utf-16le" };
        if (!Object.hasOwn(known, name))
            throw new RangeError(`TextDecoder: The encoding label provided ('${label}') is invalid.`);
        this.#encoding = known[name];
        this.#fatal = Boolean(options?.fatal);
        this.#keep = Boolean(options?.ignoreBOM);
    }
    get encoding() { return this.#encoding; }
    get fatal() { return this.#fatal; }
    get ignoreBOM() { return this.#keep; }
    decode(data, options) {
        const view = data === undefined ? new Uint8Array(0) : ArrayBuffer.isView(data)
            ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);
        const bytes = this.#rest.length > 0 ? [...this.#rest, ...view] : view;
        this.#rest = [];
        let text = "";
        if (this.#encoding === "windows-1252")
            for (const byte of bytes)
                text += "\u20ac\x81\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\x8d\u017d\x8f\x90\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\x9d\u017e\u0178"[byte - 128] ?? String.fromCharCode(byte);
        else if (this.#encoding === "utf-16le")
            for (let i = 0; i + 1 < bytes.length; i += 2)
                text += String.fromCharCode(bytes[i] | bytes[i + 1] << 8);
        else if (!this.#fatal && !options?.stream && bytes === view)
            text = $.decode(view);
        else
            text = this.#utf8(bytes, Boolean(options?.stream));
        return !this.#keep && text.startsWith("\ufeff") ? text.slice(1) : text;
    }
    #utf8(bytes, stream) {
        let text = "";
        for (let i = 0; i < bytes.length;) {
            const first = bytes[i];
            const more = first < 0x80 ? 0 : first >= 0xf0 && first < 0xf5 ? 3 : first >= 0xe0 ? 2 : first >= 0xc2 ? 1 : -1;
            let code = more <= 0 ? first : first & (0x3f >> more), taken = 1;
            let low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80, high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
            while (more > 0 && taken <= more && i + taken < bytes.length && bytes[i + taken] >= low && bytes[i + taken] <= high) {
                code = code << 6 | bytes[i + taken++] & 0x3f;
                low = 0x80;
                high = 0xbf;
            }
            const whole = more >= 0 && first < 0xf5 && taken === more + 1;
            if (!whole && stream && more > 0 && i + taken === bytes.length) {
                this.#rest = [...bytes.slice(i)];
                break;
            }
            if (!whole && this.#fatal)
                throw new TypeError("The encoded data was not valid.");
            text += whole ? String.fromCodePoint(code) : "\ufffd";
            i += taken;
        }
        return text;
    }
}
expose(TextEncoder);
expose(TextDecoder);

const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
global.btoa = text => {
    text = toText(text);
    if (/[^\0-\xff]/.test(text))
        fail("InvalidCharacterError", "The string to be encoded contains characters outside of the Latin1 range.");
    let out = "";
    for (let i = 0; i < text.length; i += 3) {
        const three = text.charCodeAt(i) << 16 | (text.charCodeAt(i + 1) || 0) << 8 | (text.charCodeAt(i + 2) || 0);
        out += digits[three >> 18] + digits[three >> 12 & 63] + (i + 1 < text.length ? digits[three >> 6 & 63] : "=") +
            (i + 2 < text.length ? digits[three & 63] : "=");
    }
    return out;
};
global.atob = text => {
    text = toText(text).replace(/[ \t\n\f\r]+/g, "");
    if (text.length % 4 === 0)
        text = text.replace(/==?$/, "");
    if (text.length % 4 === 1 || /[^A-Za-z0-9+/]/.test(text))
        fail("InvalidCharacterError", "The string to be decoded is not correctly encoded.");
    let out = "", bits = 0, count = 0;
    for (const digit of text) {
        bits = bits << 6 | digits.indexOf(digit);
        if ((count += 6) >= 8)
            out += String.fromCharCode(bits >> (count -= 8) & 255);
    }
    return out;
};

const typed = Object.getPrototypeOf(Int8Array);
Object.defineProperty(global, "crypto", { value: {
    getRandomValues(array) {
        if (!(array instanceof typed) || array instanceof Float32Array || array instanceof Float64Array)
            fail("TypeMismatchError", "The provided array is not of an integer type.");
        if (array.byteLength > 65536)
            fail("QuotaExceededError", `The ArrayBufferView's byte length (${array.byteLength}) exceeds the number of bytes of entropy available via this API (65536).`);
        $.random(array);
        return array;
    },
    randomUUID() {
        const bytes = this.getRandomValues(new Uint8Array(16));
        bytes[6] = bytes[6] & 15 | 64;
        bytes[8] = bytes[8] & 63 | 128;
        const text = Array.from(bytes, byte => byte.toString(16).padStart(2, "0")).join("");
        return text.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
    },
}, configurable: true });

class DOMRectReadOnly {
    constructor(x = 0, y = 0, width = 0, height = 0) { Object.assign(this, { x, y, width, height }); }
    get top() { return Math.min(this.y, this.y + this.height); }
    get bottom() { return Math.max(this.y, this.y + this.height); }
    get left() { return Math.min(this.x, this.x + this.width); }
    get right() { return Math.max(this.x, this.x + this.width); }
    toJSON() { const { x, y, width, height, top, right, bottom, left } = this; return { x, y, width, height, top, right, bottom, left }; }
    static fromRect(other = {}) { return new this(other.x, other.y, other.width, other.height); }
}
class DOMRect extends DOMRectReadOnly {}
expose(DOMRectReadOnly);
expose(DOMRect);

// Evaluates the text of a script as one of the page.
web.run = web.entry.run;
Object.assign(web, { describe, format, show });
}
