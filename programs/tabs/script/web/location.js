// Where the page is, and where it goes: location, history, links and forms (HTML standard, 7.2.4, 7.2.5,
// 4.6 and 4.10.22). What was shown before this document is the host's.
"use strict"; {
const { $, web, global } = this;
const { expose, fail, idOf, toText, token, illegal, pageState: state } = web;

const bare = url => url.replace(/#.*$/s, "");
const fragmentOf = url => /#.*$/s.exec(url)?.[0] ?? null;

// --- the document's own entries ---

let entries, index;
web.began = () => {
    entries = [{ url: state.url, state: null }];
    index = 0;
};

let told = "", titled = "";
// Tells the host when the address or the title has become another.
function tell() {
    const title = titleNow();
    if (state.url === told && title === titled)
        return;
    [told, titled] = [state.url, title];
    $.moved(told, titled);
}
function titleNow() {
    const head = web.document === undefined ? null : web.document.head;
    const found = head === null ? undefined : $.elements(idOf(head), "title", "title", true)[0];
    return found === undefined ? web.document?.title ?? "" : $.text(found).replace(/[ \t\n\f\r]+/g, " ").trim();
}
let version = -1;
web.settle = () => {
    if (web.documentId === 0 || ($.version() === version && state.url === told))
        return;
    version = $.version();
    tell();
};

function enter(url, data, replace) {
    state.url = url;
    if (replace) {
        entries[index] = { url, state: data };
    } else {
        entries.splice(index + 1, Infinity, { url, state: data });
        index++;
    }
    tell();
}

// Goes to another place of the document: at once, and told afterwards.
function toFragment(url, replace) {
    const old = state.url;
    enter(url, null, replace);
    web.dispatch(global, web.trust(new global.PopStateEvent("popstate", { state: null })));
    if (fragmentOf(old) !== fragmentOf(url))
        web.task(() => web.tell(global, new global.HashChangeEvent("hashchange", { oldURL: old, newURL: url })));
}
function traverse(delta) {
    web.task(() => {
        const at = index + delta;
        if (at < 0 || at >= entries.length) {
            $.traverse(at < 0 ? at : at - entries.length + 1);
            return;
        }
        const old = state.url, { url } = entries[at];
        index = at;
        state.url = url;
        tell();
        web.tell(global, new global.PopStateEvent("popstate", { state: entries[at].state }));
        if (fragmentOf(old) !== fragmentOf(url) && bare(old) === bare(url))
            web.tell(global, new global.HashChangeEvent("hashchange", { oldURL: old, newURL: url }));
    });
}

// Leaves for an address; `request` may have a method and a body.
function go(url, replace, request = {}) {
    if (/^javascript:/i.test(url)) {
        web.task(() => web.guard(() => web.run(decodeURIComponent(url.slice(11)), url)));
        return;
    }
    if (request.method === undefined && fragmentOf(url) !== null && bare(url) === bare(state.url)) {
        toFragment(url, replace || url === state.url);
        return;
    }
    const { method = "GET", headers = "", body = null } = request;
    const replacing = replace || (method === "GET" && url === state.url);
    web.dispatch(global, web.trust(new global.Event("beforeunload", { cancelable: true })));
    $.navigate(method, url, headers, body, replacing);
}
function resolve(text) {
    const url = web.resolve(toText(text), web.baseURL());
    if (url === null)
        fail("SyntaxError", `'${text}' is not a valid URL.`);
    return url;
}

// --- location ---

class Location {
    constructor(key) { if (key !== token) illegal(); }
}
const parts = {
    href: { get: () => state.url, set: text => go(resolve(text), state.ready !== "complete") },
    origin: { get: () => new global.URL(state.url).origin },
    ancestorOrigins: { get: () => [] },
};
for (const name of ["protocol", "host", "hostname", "port", "pathname", "search", "hash"])
    parts[name] = {
        get: () => new global.URL(state.url)[name],
        set(text) {
            const url = new global.URL(state.url);
            url[name] = text;
            if (name === "hash" && url.hash === new global.URL(state.url).hash)
                return;
            go(name === "hash" && url.hash === "" ? bare(state.url) + "#" : url.href, state.ready !== "complete" && name !== "hash");
        },
    };
const methods = {
    assign(text) { go(resolve(text), false); },
    replace(text) { go(resolve(text), true); },
    reload() { $.navigate("GET", bare(state.url), "", null, true); },
    toString() { return state.url; },
};
const location = new Location(token);
for (const [name, part] of Object.entries(parts))
    Object.defineProperty(location, name, { ...part, enumerable: true });
for (const [name, value] of Object.entries(methods))
    Object.defineProperty(location, name, { value, enumerable: true });
Object.defineProperty(location, Symbol.toPrimitive, { value: undefined });
expose(Location);
Object.defineProperty(global, "location", { get: () => location, set(text) { location.href = text; }, enumerable: true });
Object.defineProperty(global, "origin", { get: () => location.origin, enumerable: true, configurable: true });

// --- history ---

function push(data, address, replace) {
    const url = address === undefined || address === null || address === "" && !replace ? state.url : web.resolve(toText(address), web.baseURL());
    const same = url !== null && new global.URL(url).origin === location.origin &&
        (location.protocol !== "file:" || new global.URL(url).pathname === location.pathname);
    if (!same)
        fail("SecurityError", `A history state object with URL '${url ?? address}' cannot be created in a document with origin '${location.origin}' and URL '${state.url}'.`);
    enter(url, web.cloneValue(data), replace);
}
let restoration = "auto";
class History {
    constructor(key) { if (key !== token) illegal(); }
    get length() { return entries?.length ?? 1; }
    get state() { return entries?.[index].state ?? null; }
    get scrollRestoration() { return restoration; }
    set scrollRestoration(value) { if (/^(auto|manual)$/.test(value)) restoration = value; }
    go(delta = 0) { Number(delta) ? traverse(Math.trunc(Number(delta))) : location.reload(); }
    back() { traverse(-1); }
    forward() { traverse(1); }
    pushState(data, unused, url) {
        web.need(2, arguments.length, "pushState");
        push(data, url, false);
    }
    replaceState(data, unused, url) {
        web.need(2, arguments.length, "replaceState");
        push(data, url, true);
    }
}
expose(History);
const history = new History(token);
Object.defineProperty(global, "history", { get: () => history, enumerable: true, configurable: true });
web.cloneValue = data => data; // structuredClone, when it is there

// --- links: there is one window, in which all of them open ---

web.follow = element => {
    const url = web.resolve(element.getAttribute("href").trim());
    if (url !== null && element.getAttribute("download") === null)
        web.task(() => go(url, false));
};
global.open = function open(url = "", target = "_blank") {
    if (/^_(self|top|parent)$/.test(target) && url !== "") {
        location.href = url;
        return global;
    }
    return null; // as where windows that pop up are blocked
};
global.close = function close() {};
global.stop = function stop() {};

// --- forms ---

const newlines = text => text.replace(/\r\n|\r|\n/g, "\r\n");
const quoted = text => newlines(text).replace(/[\r\n"]/g, match => "%" + match.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0"));

// A form's data as multipart: [content type, bytes].
web.multipart = (data, boundary) => {
    const parts = [];
    for (const [name, value] of data) {
        const file = typeof value !== "string";
        let head = `--${boundary}\r\nContent-Disposition: form-data; name="${quoted(name)}"`;
        if (file)
            head += `; filename="${quoted(value.name)}"\r\nContent-Type: ${value.type || "application/octet-stream"}`;
        parts.push(head + "\r\n\r\n", file ? value : newlines(value), "\r\n");
    }
    parts.push(`--${boundary}--\r\n`);
    return [`multipart/form-data; boundary=${boundary}`, web.bytesOf(new global.Blob(parts))];
};
web.boundary = () => "----FirnFormBoundary" + global.crypto.randomUUID().replace(/-/g, "").slice(0, 16);

web.submit = (form, submitter) => {
    if (!form.isConnected)
        return;
    const own = (name, attribute) => submitter?.getAttribute(attribute) ?? form.getAttribute(name);
    const method = (own("method", "formmethod") ?? "get").toLowerCase(), kind = (own("enctype", "formenctype") ?? "").toLowerCase();
    if (method === "dialog") {
        form.closest("dialog")?.close(submitter?.value);
        return;
    }
    const action = own("action", "formaction"), url = action === null || action === "" ? state.url : web.resolve(action);
    if (url === null)
        return;
    const data = web.formData(form, submitter), made = new global.URL(url);
    const pairs = () => new global.URLSearchParams([...data].map(([name, value]) =>
        [newlines(name), newlines(typeof value === "string" ? value : value.name)])).toString();
    if (method !== "post" || !/^https?:$/.test(made.protocol)) {
        made.search = pairs();
        web.task(() => go(made.href, false, { method: "GET" }));
    } else if (kind === "multipart/form-data") {
        const [type, body] = web.multipart(data, web.boundary());
        web.task(() => go(made.href, false, { method: "POST", headers: `Content-Type: ${type}\r\n`, body }));
    } else {
        const plain = kind === "text/plain";
        const body = plain ? [...data].map(([name, value]) => `${name}=${typeof value === "string" ? value : value.name}\r\n`).join("") : pairs();
        const headers = `Content-Type: ${plain ? kind : "application/x-www-form-urlencoded"}\r\n`;
        web.task(() => go(made.href, false, { method: "POST", headers, body }));
    }
};
}
