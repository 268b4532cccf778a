// Files and forms' data: Blob, File, FileReader, FormData and addresses of objects (File API; XHR, 4.3).
"use strict"; {
const { $, web, global } = this;
const { expose, constants, fail, toText, token, illegal } = web;

let blobBytes; // gives those of a blob

// The bytes of a buffer, a view or a blob; undefined of anything else.
function bytesOf(value) {
    if (value instanceof ArrayBuffer)
        return new Uint8Array(value);
    if (ArrayBuffer.isView(value))
        return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    return value instanceof Blob ? blobBytes(value) : undefined;
}
web.bytesOf = bytesOf;
web.encodeText = text => new Uint8Array($.encode(toText(text).toWellFormed()));

class Blob {
    #bytes; #type;
    constructor(parts = [], options) {
        if (typeof parts !== "object" || parts === null || parts[Symbol.iterator] === undefined)
            throw new TypeError("Failed to construct 'Blob': The provided value cannot be converted to a sequence.");
        const type = toText(options?.type ?? "");
        const native = options?.endings === "native" ? text => text.replace(/\r\n?/g, "\n") : text => text;
        const list = [...parts].map(part => bytesOf(part) ?? web.encodeText(native(toText(part))));
        this.#bytes = new Uint8Array(list.reduce((size, bytes) => size + bytes.length, 0));
        let at = 0;
        for (const bytes of list) {
            this.#bytes.set(bytes, at);
            at += bytes.length;
        }
        this.#type = /[^\x20-\x7e]/.test(type) ? "" : type.toLowerCase();
    }
    static { blobBytes = blob => blob.#bytes; }
    get size() { return this.#bytes.length; }
    get type() { return this.#type; }
    slice(start = 0, end = this.size, type = "") {
        return new Blob([this.#bytes.slice(start, end)], { type });
    }
    async text() { return $.decode(this.#bytes).replace(/^\ufeff/, ""); }
    async arrayBuffer() { return this.#bytes.slice().buffer; }
    async bytes() { return this.#bytes.slice(); }
    stream() { return web.streamOf(this.#bytes); }
}
class File extends Blob {
    #name; #time;
    constructor(parts, name, options) {
        web.need(2, arguments.length, "Failed to construct 'File'");
        super(parts, options);
        this.#name = toText(name);
        this.#time = options?.lastModified ?? $.time();
    }
    get name() { return this.#name; }
    get lastModified() { return Math.trunc(this.#time); }
    get lastModifiedDate() { return new Date(this.lastModified); }
    get webkitRelativePath() { return ""; }
}
expose(Blob);
expose(File);

class FileList {
    constructor(key) { if (key !== token) illegal(); }
    get length() { return 0; }
    item() { return null; }
    *[Symbol.iterator]() {}
}
expose(FileList);
const noFiles = new FileList(token);
const files = Object.getOwnPropertyDescriptor(global.HTMLInputElement.prototype, "files");
Object.defineProperty(global.HTMLInputElement.prototype, "files", { ...files, get() { return this.type === "file" ? noFiles : null; } });

// --- addresses of objects ---

const objects = new Map();
global.URL.createObjectURL = object => {
    if (!(object instanceof Blob))
        throw new TypeError("Failed to execute 'createObjectURL' on 'URL': Overload resolution failed.");
    const origin = global.location.origin;
    const url = `blob:${origin === "file://" ? "null" : origin}/${global.crypto.randomUUID()}`;
    objects.set(url, object);
    return url;
};
global.URL.revokeObjectURL = url => { objects.delete(toText(url)); };
web.blobAt = url => {
    const found = objects.get(url.replace(/#.*$/s, ""));
    return found === undefined ? undefined : { type: found.type, bytes: blobBytes(found) };
};

// --- reading ---

const base64 = bytes => {
    let text = "";
    for (let i = 0; i < bytes.length; i += 0x8000)
        text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
    return global.btoa(text);
};
class FileReader extends web.EventTarget {
    #state = 0; #result = null; #error = null; #run = 0;
    get readyState() { return this.#state; }
    get result() { return this.#result; }
    get error() { return this.#error; }
    #read(blob, make) {
        if (!(blob instanceof Blob))
            throw new TypeError("FileReader: parameter 1 is not of type 'Blob'.");
        if (this.#state === 1)
            fail("InvalidStateError", "The object is already busy reading Blobs.");
        const run = ++this.#run, bytes = blobBytes(blob);
        this.#state = 1;
        this.#result = null;
        const tell = name => web.tell(this, new global.ProgressEvent(name, { lengthComputable: true, loaded: name === "loadstart" ? 0 : bytes.length, total: bytes.length }));
        web.task(() => {
            if (run !== this.#run)
                return;
            tell("loadstart");
            tell("progress");
            this.#state = 2;
            this.#result = make(bytes);
            tell("load");
            if (this.#state !== 1)
                tell("loadend");
        });
    }
    readAsText(blob, label) { this.#read(blob, bytes => new global.TextDecoder(label).decode(bytes)); }
    readAsArrayBuffer(blob) { this.#read(blob, bytes => bytes.slice().buffer); }
    readAsDataURL(blob) { this.#read(blob, bytes => `data:${blob.type || "application/octet-stream"};base64,${base64(bytes)}`); }
    readAsBinaryString(blob) { this.#read(blob, bytes => global.atob(base64(bytes))); }
    abort() {
        this.#run++;
        if (this.#state !== 1)
            return;
        this.#state = 2;
        this.#result = null;
        this.#error = new global.DOMException("The reading was given up.", "AbortError");
        for (const name of ["abort", "loadend"])
            web.dispatch(this, web.trust(new global.ProgressEvent(name)));
    }
}
constants(FileReader, { EMPTY: 0, LOADING: 1, DONE: 2 });
expose(FileReader);
web.handlers(FileReader, ["loadstart", "progress", "load", "abort", "error", "loadend"]);

// --- forms' data ---

const entry = (value, name) => value instanceof Blob
    ? value instanceof File && name === undefined ? value : new File([value], name ?? "blob", { type: value.type }) : toText(value);
class FormData {
    #list = [];
    constructor(form, submitter = null) {
        if (form === undefined)
            return;
        if (!(form instanceof global.HTMLFormElement))
            throw new TypeError("Failed to construct 'FormData': parameter 1 is not of type 'HTMLFormElement'.");
        this.#list = collect(form, submitter);
    }
    append(name, value, as) { this.#list.push([toText(name), entry(value, as)]); }
    delete(name) { this.#list = this.#list.filter(([is]) => is !== toText(name)); }
    get(name) { return this.#list.find(([is]) => is === toText(name))?.[1] ?? null; }
    getAll(name) { return this.#list.filter(([is]) => is === toText(name)).map(([, value]) => value); }
    has(name) { return this.#list.some(([is]) => is === toText(name)); }
    set(name, value, as) {
        const first = this.#list.findIndex(([is]) => is === toText(name)), made = [toText(name), entry(value, as)];
        if (first < 0)
            this.#list.push(made);
        else
            this.#list = this.#list.filter(([is], at) => at <= first || is !== made[0]).map((pair, at) => at === first ? made : pair);
    }
    forEach(callback, self) { for (const [name, value] of this) callback.call(self, value, name, this); }
    *entries() { for (let i = 0; i < this.#list.length; i++) yield [...this.#list[i]]; }
    *keys() { for (const [name] of this.entries()) yield name; }
    *values() { for (const [, value] of this.entries()) yield value; }
    [Symbol.iterator]() { return this.entries(); }
}
expose(FormData);

function isLeftOut(control, submitter) {
    if (control.localName === "fieldset" || control.localName === "output" || control.localName === "object" || control.matches(":disabled"))
        return true;
    if (control.closest("datalist") !== null)
        return true;
    const button = control.localName === "button" || /^(submit|image|button|reset)$/.test(control.type);
    return (button && control !== submitter) || (/^(checkbox|radio)$/.test(control.type) && !control.checked);
}
// The entry list of a form (HTML standard, 4.10.22.4).
function collect(form, submitter) {
    const list = [];
    const controls = [...form.elements];
    if (submitter !== null && !controls.includes(submitter))
        controls.push(submitter);
    for (const control of controls) {
        const name = control.getAttribute("name") ?? "";
        if (isLeftOut(control, submitter))
            continue;
        if (control.type === "image") {
            const prefix = name === "" ? "" : name + ".";
            list.push([prefix + "x", "0"], [prefix + "y", "0"]);
        } else if (name === "") {
            continue;
        } else if (control.localName === "select") {
            for (const option of control.selectedOptions)
                if (!option.disabled)
                    list.push([name, option.value]);
        } else if (control.type === "file") {
            list.push([name, new File([], "", { type: "application/octet-stream" })]);
        } else {
            list.push([name, control.value]);
        }
    }
    return list;
}
web.formData = (form, submitter) => {
    const data = new FormData(form, submitter);
    const event = new global.Event("formdata", { bubbles: true });
    Object.defineProperty(event, "formData", { value: data });
    web.dispatch(form, web.trust(event));
    return data;
};
}
