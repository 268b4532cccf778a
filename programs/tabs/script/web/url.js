// Addresses (URL standard): URL, URLSearchParams, and how a page resolves its own. Names of hosts are
// taken as they are but for case and percent escapes: what is not ASCII is refused. Where browsers and
// the standard differ (the origin of files, blanks in hosts), it is as browsers have it.
"use strict"; {
const { $, web, global } = this;
const { expose, toText } = web;

const special = { "http:": "80", "https:": "443", "ws:": "80", "wss:": "443", "ftp:": "21", "file:": "" };
const isSpecial = url => Object.hasOwn(special, url.protocol);

// --- percent escapes: what each part may not have as it is ---

const sets = {
    control: /[^\x20-\x7e]/u, fragment: /[^\x21\x23-\x3b\x3d\x3f-\x5f\x61-\x7e]/u, query: /[^\x21\x24-\x3b\x3d\x3f-\x7e]/u,
    specialQuery: /[^\x21\x24-\x26\x28-\x3b\x3d\x3f-\x7e]/u, path: /[^\x21\x24-\x3b\x3d\x40-\x5d\x5f\x61-\x7a\x7c\x7e]/u,
};
const userSafe = /[A-Za-z0-9!$%&'()*+,\-._~]/;
const bytesOf = character => new TextEncoder().encode(character);
const escapeByte = byte => "%" + byte.toString(16).toUpperCase().padStart(2, "0");
function escape(text, set) {
    let out = "";
    for (const character of text.toWellFormed())
        out += (set === "user" ? userSafe.test(character) : !sets[set].test(character)) ? character
            : Array.from(bytesOf(character), escapeByte).join("");
    return out;
}
const unescapeBytes = text => text.replace(/(%[0-9A-Fa-f]{2})+/g, run => {
    const bytes = Uint8Array.from(run.slice(1).split("%"), hex => parseInt(hex, 16));
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
});
const { TextEncoder, TextDecoder } = global;

// --- hosts ---

function parseNumber(text) {
    if (text === "")
        return NaN;
    const hex = /^0x/i.test(text), octal = !hex && text.length > 1 && text[0] === "0";
    const digits = hex ? text.slice(2) : octal ? text.slice(1) : text;
    const right = hex ? /^[0-9a-f]*$/i : octal ? /^[0-7]*$/ : /^[0-9]+$/;
    return right.test(digits) ? digits === "" ? 0 : parseInt(digits, hex ? 16 : octal ? 8 : 10) : NaN;
}
function parseIPv4(host) {
    const parts = host.split(".");
    if (parts.at(-1) === "" && parts.length > 1)
        parts.pop();
    const last = parts.at(-1);
    if (!/^[0-9]+$/.test(last) && Number.isNaN(/^0x/i.test(last) ? parseNumber(last) : NaN))
        return undefined; // a name
    const numbers = parts.map(parseNumber);
    if (parts.length > 4 || numbers.some(Number.isNaN) || numbers.slice(0, -1).some(number => number > 255) ||
        numbers.at(-1) >= 256 ** (5 - numbers.length))
        return null;
    let value = numbers.at(-1);
    numbers.slice(0, -1).forEach((number, at) => { value += number * 256 ** (3 - at); });
    return [24, 16, 8, 0].map(shift => Math.floor(value / 2 ** shift) % 256).join(".");
}
function parseIPv6(text) {
    let tail = [];
    const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
    if (dotted !== null) {
        const bytes = dotted[2].split(".").map(part => /^(0|[1-9]\d{0,2})$/.test(part) && part < 256 ? Number(part) : NaN);
        if (bytes.some(Number.isNaN))
            return null;
        tail = [bytes[0] << 8 | bytes[1], bytes[2] << 8 | bytes[3]];
        text = dotted[1].endsWith("::") ? dotted[1] : dotted[1].slice(0, -1);
    }
    const halves = text.split("::");
    if (halves.length > 2)
        return null;
    const read = half => half === "" ? [] : half.split(":").map(part => /^[0-9a-f]{1,4}$/i.test(part) ? parseInt(part, 16) : NaN);
    const first = read(halves[0]), second = halves.length === 2 ? read(halves[1]).concat(tail) : [];
    let pieces = halves.length === 2 ? first : first.concat(tail);
    if (halves.length === 2) {
        const gap = 8 - first.length - second.length;
        if (gap < 1)
            return null;
        pieces = [...first, ...Array(gap).fill(0), ...second];
    }
    if (pieces.length !== 8 || pieces.some(Number.isNaN))
        return null;
    let best = -1, most = 1;
    for (let i = 0; i < 8; i++) {
        let run = 0;
        while (i + run < 8 && pieces[i + run] === 0)
            run++;
        if (run > most)
            [best, most] = [i, run];
    }
    const hex = list => list.map(piece => piece.toString(16)).join(":");
    return best < 0 ? `[${hex(pieces)}]` : `[${hex(pieces.slice(0, best))}::${hex(pieces.slice(best + most))}]`;
}
function parseHost(text, opaque) {
    if (text.startsWith("["))
        return text.endsWith("]") ? parseIPv6(text.slice(1, -1)) : null;
    if (opaque)
        return /[\0\t\n\r #/:<>?@[\\\]^|]/.test(text) ? null : escape(text, "control");
    const host = unescapeBytes(text).toLowerCase().replace(/\u00ad/g, "");
    if (host === "" || /[\0-\x1f"#%/:<>?@[\\\]^`{|}\x7f-\uffff]/.test(host))
        return null;
    if (host.includes(" "))
        return host.replace(/ /g, "%20");
    return parseIPv4(host) ?? (parseIPv4(host) === null ? null : host);
}

// --- whole addresses: protocol, user, password, host (null: none), port, path (a list, or a text where
// it is opaque), query and fragment (null: none) ---

function parsePath(text, base, url) {
    const path = base === null ? [] : [...base];
    const parts = (isSpecial(url) ? text.replace(/\\/g, "/") : text).split("/");
    parts.forEach((part, at) => {
        const last = at === parts.length - 1, plain = part.replace(/%2e/gi, ".");
        if (plain === "..") {
            if (!(url.protocol === "file:" && path.length === 1 && /^[A-Za-z]:$/.test(path[0])))
                path.pop();
            if (last)
                path.push("");
        } else if (plain === ".") {
            if (last)
                path.push("");
        } else {
            const made = escape(part, "path");
            path.push(url.protocol === "file:" ? made.replace(/\|/g, "%7C") : made);
        }
    });
    return path;
}
const pathText = url => typeof url.path === "string" ? url.path
    : (url.host === null && url.path.length > 1 && url.path[0] === "" ? "/." : "") + url.path.map(part => "/" + part).join("");

function parseAuthority(text, url) {
    const at = text.lastIndexOf("@");
    if (at >= 0) {
        const user = text.slice(0, at), colon = user.indexOf(":");
        url.user = escape(colon < 0 ? user : user.slice(0, colon), "user");
        url.password = colon < 0 ? "" : escape(user.slice(colon + 1), "user");
        text = text.slice(at + 1);
        if (text === "")
            return false;
    }
    const match = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/s.exec(text);
    if (match === null || (match[2] !== undefined && !/^\d*$/.test(match[2])))
        return false;
    if (match[1] === "" && (isSpecial(url) || at >= 0 || match[2] !== undefined))
        return false;
    url.host = match[1] === "" ? "" : parseHost(match[1], !isSpecial(url));
    return url.host !== null && setPort(url, match[2] ?? "");
}
function setPort(url, text) {
    if (text !== "" && Number(text) > 65535)
        return false;
    url.port = text === "" || String(Number(text)) === special[url.protocol] ? "" : String(Number(text));
    return true;
}

function parse(text, base) {
    text = text.replace(/^[\0-\x20]+|[\0-\x20]+$/g, "").replace(/[\t\n\r]/g, "");
    const url = { protocol: "", user: "", password: "", host: null, port: "", path: [], query: null, fragment: null };
    const hash = text.indexOf("#");
    if (hash >= 0) {
        url.fragment = escape(text.slice(hash + 1), "fragment");
        text = text.slice(0, hash);
    }
    const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text);
    if (scheme !== null)
        url.protocol = scheme[1].toLowerCase() + ":";
    else if (base === null || (typeof base.path === "string" && (text !== "" || hash < 0)))
        return null;
    const own = scheme !== null && !(base !== null && isSpecial(url) && url.protocol === base.protocol &&
        !/^[/\\]/.test(text.slice(scheme[0].length)) && url.protocol !== "file:" && typeof base.path !== "string");
    if (scheme !== null)
        text = text.slice(scheme[0].length);
    if (scheme === null)
        url.protocol = base.protocol;
    const question = text.indexOf("?");
    if (question >= 0) {
        url.query = escape(text.slice(question + 1), isSpecial(url) ? "specialQuery" : "query");
        text = text.slice(0, question);
    }
    return own ? parseOwn(text, url, base) : parseRelative(text, url, base, question >= 0);
}

function parseOwn(text, url, base) {
    if (url.protocol === "file:")
        return parseFile(text, url, base !== null && base.protocol === "file:" ? base : null);
    const slashes = isSpecial(url) ? /^[/\\]*/.exec(text)[0] : /^\/\//.exec(text)?.[0] ?? "";
    if (!isSpecial(url) && slashes === "") {
        url.path = text.startsWith("/") ? parsePath(text.slice(1), null, url)
            : escape(url.query === null && url.fragment === null ? text.replace(/ +$/, "") : text, "control");
        return url;
    }
    const rest = text.slice(slashes.length), end = rest.search(isSpecial(url) ? /[/\\]/ : /\//);
    if (!parseAuthority(end < 0 ? rest : rest.slice(0, end), url))
        return null;
    url.path = end < 0 ? isSpecial(url) ? [""] : [] : parsePath(rest.slice(end + 1), null, url);
    return url;
}

function parseFile(text, url, base) {
    const slashes = /^[/\\]*/.exec(text)[0].length;
    url.host = "";
    if (slashes >= 2) {
        const rest = text.slice(2), end = rest.search(/[/\\]/), host = end < 0 ? rest : rest.slice(0, end);
        if (/^[A-Za-z]:$/.test(host)) {
            url.path = parsePath(rest, null, url);
            return url;
        }
        url.host = host === "" ? "" : parseHost(host, false);
        if (url.host === null)
            return null;
        url.path = end < 0 ? [""] : parsePath(rest.slice(end + 1), null, url);
        return url;
    }
    if (slashes === 1 || base === null || /^[A-Za-z]:([/\\]|$)/.test(text)) {
        url.path = parsePath(text.slice(slashes), null, url);
        return url;
    }
    return parseRelative(text, url, base, url.query !== null);
}

function parseRelative(text, url, base, hasQuery) {
    const slash = isSpecial(url) ? /^[/\\]/ : /^\//, double = isSpecial(url) ? /^[/\\]{2}/ : /^\/\//;
    if (double.test(text))
        return parseOwn(text, url, base);
    if (url.protocol === "file:" && slash.test(text))
        return Object.assign(parseFile(text, url, base), { host: base.host });
    Object.assign(url, { user: base.user, password: base.password, host: base.host, port: base.port });
    if (slash.test(text)) {
        url.path = parsePath(text.slice(1), null, url);
    } else if (text === "") {
        url.path = base.path;
        url.query = hasQuery ? url.query : base.query;
    } else {
        url.path = parsePath(text, base.path.slice(0, -1), url);
    }
    return url;
}

function write(url) {
    const user = url.user === "" && url.password === "" ? "" : url.user + (url.password === "" ? "" : ":" + url.password) + "@";
    return url.protocol + (url.host === null ? "" : "//" + user + url.host + (url.port === "" ? "" : ":" + url.port)) +
        pathText(url) + (url.query === null ? "" : "?" + url.query) + (url.fragment === null ? "" : "#" + url.fragment);
}

// --- URLSearchParams ---

const formSafe = /[A-Za-z0-9*\-._]/;
const formEscape = text => Array.from(text.toWellFormed(), character => character === " " ? "+" : formSafe.test(character) ? character
    : Array.from(bytesOf(character), escapeByte).join("")).join("");
const formUnescape = text => unescapeBytes(text.replace(/\+/g, " "));
const parseForm = text => text.split("&").filter(part => part !== "").map(part => {
    const at = part.indexOf("=");
    return at < 0 ? [formUnescape(part), ""] : [formUnescape(part.slice(0, at)), formUnescape(part.slice(at + 1))];
});

class URLSearchParams {
    #list = []; #owner = null;
    constructor(init = "") {
        if (typeof init === "object" && init !== null && init[Symbol.iterator] !== undefined)
            for (const pair of init) {
                const [name, value, ...more] = [...pair];
                if (value === undefined || more.length > 0)
                    throw new TypeError("URLSearchParams: Sequence initializer must only contain pair elements.");
                this.#list.push([toText(name), toText(value)]);
            }
        else if (typeof init === "object" && init !== null)
            this.#list = Object.keys(init).map(key => [key, toText(init[key])]);
        else
            this.#list = parseForm(toText(init).replace(/^\?/, ""));
    }
    static {
        web.ownParams = (params, owner) => { params.#owner = owner; };
        web.resetParams = (params, text) => { params.#list = parseForm(text); };
    }
    #changed() { this.#owner?.(this.toString()); }
    get size() { return this.#list.length; }
    append(name, value) { this.#list.push([toText(name), toText(value)]); this.#changed(); }
    delete(name, value) {
        this.#list = this.#list.filter(([is, has]) => is !== toText(name) || (value !== undefined && has !== toText(value)));
        this.#changed();
    }
    get(name) { return this.#list.find(([is]) => is === toText(name))?.[1] ?? null; }
    getAll(name) { return this.#list.filter(([is]) => is === toText(name)).map(([, value]) => value); }
    has(name, value) { return this.#list.some(([is, has]) => is === toText(name) && (value === undefined || has === toText(value))); }
    set(name, value) {
        const first = this.#list.findIndex(([is]) => is === toText(name));
        if (first < 0)
            this.#list.push([toText(name), toText(value)]);
        else
            this.#list = this.#list.filter(([is], at) => at <= first || is !== toText(name)).map((pair, at) => at === first ? [pair[0], toText(value)] : pair);
        this.#changed();
    }
    sort() {
        this.#list.sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
        this.#changed();
    }
    forEach(callback, self = undefined) {
        for (const [name, value] of this.#list)
            callback.call(self, value, name, this);
    }
    *entries() { for (let i = 0; i < this.#list.length; i++) yield [...this.#list[i]]; }
    *keys() { for (const [name] of this.entries()) yield name; }
    *values() { for (const [, value] of this.entries()) yield value; }
    [Symbol.iterator]() { return this.entries(); }
    toString() { return this.#list.map(([name, value]) => `${formEscape(name)}=${formEscape(value)}`).join("&"); }
}
expose(URLSearchParams);

// --- URL ---

class URL {
    #url; #params = null;
    constructor(text, base) {
        web.need(1, arguments.length, "URL");
        const from = base === undefined ? null : parse(toText(base), null);
        const url = base !== undefined && from === null ? null : parse(toText(text), from);
        if (url === null)
            throw new TypeError("Failed to construct 'URL': Invalid URL");
        this.#url = url;
    }
    static canParse(text, base) { return URL.parse(text, base) !== null; }
    static parse(text, base) { try { return new URL(text, base); } catch { return null; } }
    static createObjectURL() { return "blob:" + global.location.origin + "/" + global.crypto.randomUUID(); }
    static revokeObjectURL() {}
    #settle() { if (this.#params !== null) web.resetParams(this.#params, this.#url.query ?? ""); }
    get href() { return write(this.#url); }
    set href(text) {
        const url = parse(toText(text), null);
        if (url === null)
            throw new TypeError("Failed to set the 'href' property on 'URL': Invalid URL");
        this.#url = url;
        this.#settle();
    }
    get origin() {
        const { protocol, host, port } = this.#url;
        return protocol === "blob:" ? URL.parse(pathText(this.#url))?.origin ?? "null"
            : protocol === "file:" ? "file://" : isSpecial(this.#url) ? `${protocol}//${host}${port === "" ? "" : ":" + port}` : "null";
    }
    get protocol() { return this.#url.protocol; }
    set protocol(text) {
        const scheme = /^([A-Za-z][A-Za-z0-9+.-]*)(:|$)/.exec(toText(text));
        const made = scheme === null ? "" : scheme[1].toLowerCase() + ":";
        if (made === "" || Object.hasOwn(special, made) !== isSpecial(this.#url) || made === "file:" && (this.#url.user !== "" || this.#url.port !== ""))
            return;
        this.#url.protocol = made;
        setPort(this.#url, this.#url.port);
    }
    get username() { return this.#url.user; }
    set username(text) { if (this.#mayHaveUser()) this.#url.user = escape(toText(text), "user"); }
    get password() { return this.#url.password; }
    set password(text) { if (this.#mayHaveUser()) this.#url.password = escape(toText(text), "user"); }
    #mayHaveUser() { return this.#url.host !== null && this.#url.host !== "" && this.#url.protocol !== "file:"; }
    get host() { return (this.#url.host ?? "") + (this.#url.port === "" ? "" : ":" + this.#url.port); }
    set host(text) {
        const match = /^(\[[^\]]*\]|[^:/?#\\]*)(?::(\d*))?/.exec(toText(text));
        this.hostname = match[1];
        if (match[2])
            setPort(this.#url, match[2]);
    }
    get hostname() { return this.#url.host ?? ""; }
    set hostname(text) {
        if (typeof this.#url.path === "string")
            return;
        const host = parseHost(toText(text).replace(isSpecial(this.#url) ? /[/?#\\].*$/s : /[/?#].*$/s, ""), !isSpecial(this.#url));
        if (host !== null && (host !== "" || !isSpecial(this.#url)))
            this.#url.host = host;
    }
    get port() { return this.#url.port; }
    set port(text) {
        const digits = /^\d*/.exec(toText(text))[0];
        if (this.#mayHaveUser() && (digits !== "" || text === ""))
            setPort(this.#url, digits);
    }
    get pathname() { return typeof this.#url.path === "string" ? this.#url.path : this.#url.path.map(part => "/" + part).join(""); }
    set pathname(text) {
        if (typeof this.#url.path !== "string")
            this.#url.path = parsePath(toText(text).replace(isSpecial(this.#url) ? /^[/\\]/ : /^\//, ""), null, this.#url);
    }
    get search() { return this.#url.query ? "?" + this.#url.query : ""; }
    set search(text) {
        text = toText(text).replace(/^\?/, "");
        this.#url.query = text === "" ? null : escape(text, isSpecial(this.#url) ? "specialQuery" : "query");
        this.#settle();
    }
    get searchParams() {
        if (this.#params === null) {
            this.#params = new URLSearchParams(this.#url.query ?? "");
            web.ownParams(this.#params, text => { this.#url.query = text === "" ? null : text; });
        }
        return this.#params;
    }
    get hash() { return this.#url.fragment ? "#" + this.#url.fragment : ""; }
    set hash(text) {
        text = toText(text);
        this.#url.fragment = text === "" ? null : escape(text.replace(/^#/, ""), "fragment");
    }
    toString() { return this.href; }
    toJSON() { return this.href; }
}
expose(URL);

// An address of the page, against the document's base; null when it is none.
web.resolve = (text, base = web.baseURL()) => URL.parse(text, base)?.href ?? null;
}
