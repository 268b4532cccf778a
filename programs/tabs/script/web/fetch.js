// fetch, with Headers, Request and Response (Fetch standard, 5). Which origins may see an answer is the
// host's to say, as it fetches; there are no service workers and no caches here.
"use strict"; {
const { $, web, global } = this;
const { expose, fail, toText, token } = web;

// --- headers ---

const nameOk = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const trimmed = value => toText(value).replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, "");
const forbidden = /^(accept-charset|accept-encoding|access-control-request-headers|access-control-request-method|connection|content-length|cookie2?|date|dnt|expect|host|keep-alive|origin|referer|set-cookie|te|trailer|transfer-encoding|upgrade|via|proxy-.*|sec-.*)$/;

class Headers {
    #list = []; #guard = "none";
    constructor(init) {
        if (init === undefined || init === null)
            return;
        if (typeof init !== "object")
            throw new TypeError("Failed to construct 'Headers': The provided value is not of type '(record<ByteString, ByteString> or sequence<sequence<ByteString>>)'.");
        for (const pair of init[Symbol.iterator] !== undefined ? init : Object.entries(init)) {
            const list = [...pair];
            if (list.length !== 2)
                throw new TypeError("Failed to construct 'Headers': Invalid value");
            this.append(list[0], list[1]);
        }
    }
    static {
        web.guardHeaders = (headers, guard) => {
            headers.#guard = guard;
            if (guard === "request")
                headers.#list = headers.#list.filter(([name]) => !forbidden.test(name));
            return headers;
        };
        // As lines, and read from lines.
        web.headerLines = headers => headers.#list.map(([name, value]) => `${name}: ${value}\r\n`).join("");
        web.readHeaders = lines => {
            const headers = new Headers();
            headers.#list = lines.split(/\r?\n/).map(line => /^([^:]+):[ \t]*(.*?)[ \t]*$/.exec(line)).filter(match => match !== null && nameOk.test(match[1]))
                .map(match => [match[1].toLowerCase(), match[2]]);
            return headers;
        };
    }
    #check(name, value) {
        name = toText(name);
        if (!nameOk.test(name))
            throw new TypeError(`Headers: Invalid name`);
        if (/[\0\r\n]|[^\0-\xff]/.test(value))
            throw new TypeError("Headers: Invalid value");
        if (this.#guard === "immutable")
            throw new TypeError("Headers are immutable");
        name = name.toLowerCase();
        return this.#guard === "request" && forbidden.test(name) ? null : name;
    }
    append(name, value) {
        value = trimmed(value);
        name = this.#check(name, value);
        if (name !== null)
            this.#list.push([name, value]);
    }
    delete(name) {
        name = this.#check(name, "");
        this.#list = this.#list.filter(([is]) => is !== name);
    }
    get(name) {
        name = this.#known(name);
        const values = this.#list.filter(([is]) => is === name).map(([, value]) => value);
        return values.length === 0 ? null : values.join(", ");
    }
    #known(name) {
        name = toText(name).toLowerCase();
        if (!nameOk.test(name))
            throw new TypeError("Headers: Invalid name");
        return name;
    }
    has(name) { return this.#list.some(([is]) => is === this.#known(name)); }
    set(name, value) {
        value = trimmed(value);
        name = this.#check(name, value);
        if (name === null)
            return;
        const first = this.#list.findIndex(([is]) => is === name);
        first < 0 ? this.#list.push([name, value])
            : this.#list = this.#list.filter(([is], at) => at <= first || is !== name).map((pair, at) => at === first ? [name, value] : pair);
    }
    getSetCookie() { return this.#list.filter(([is]) => is === "set-cookie").map(([, value]) => value); }
    forEach(callback, self) { for (const [name, value] of this) callback.call(self, value, name, this); }
    *entries() {
        for (const name of [...new Set(this.#list.map(([name]) => name))].sort())
            yield [name, this.get(name)];
    }
    *keys() { for (const [name] of this.entries()) yield name; }
    *values() { for (const [, value] of this.entries()) yield value; }
    [Symbol.iterator]() { return this.entries(); }
}
expose(Headers);

// --- bodies ---

// What a body is made of: { bytes or stream, type }.
web.readBody = body => {
    if (body instanceof global.ReadableStream)
        return { stream: body, type: null };
    if (body instanceof global.FormData) {
        const [type, bytes] = web.multipart(body, web.boundary());
        return { bytes, type };
    }
    if (body instanceof global.URLSearchParams)
        return { bytes: web.encodeText(body.toString()), type: "application/x-www-form-urlencoded;charset=UTF-8" };
    if (body instanceof global.Blob)
        return { bytes: web.bytesOf(body), type: body.type || null };
    const bytes = web.bytesOf(body);
    return bytes !== undefined ? { bytes: bytes.slice(), type: null } : { bytes: web.encodeText(body), type: "text/plain;charset=UTF-8" };
};

// The parts of a body in multipart/form-data.
function readMultipart(bytes, type) {
    const boundary = /boundary="?([^";]+)/i.exec(type)?.[1];
    const text = Array.from(bytes, byte => String.fromCharCode(byte)).join(""), data = new global.FormData();
    if (boundary === undefined)
        throw new TypeError("Failed to fetch: no boundary");
    for (const part of text.split("--" + boundary).slice(1, -1)) {
        const end = part.indexOf("\r\n\r\n"), head = $.decode(Uint8Array.from(part.slice(0, end), byte => byte.charCodeAt(0)));
        const content = Uint8Array.from(part.slice(end + 4, -2), byte => byte.charCodeAt(0));
        const name = /[;\s]name="([^"]*)"/.exec(head)?.[1] ?? "", file = /filename="([^"]*)"/.exec(head)?.[1];
        data.append(name, file === undefined ? $.decode(content)
            : new global.File([content], file, { type: /content-type:\s*([^\r\n]*)/i.exec(head)?.[1] ?? "text/plain" }));
    }
    return data;
}

class Body {
    #bytes = null; #stream = null; #used = false;
    static {
        web.setBody = (object, { bytes = null, stream = null }) => {
            object.#bytes = bytes;
            object.#stream = stream;
        };
        web.copyBody = (from, to) => {
            if (from.bodyUsed)
                throw new TypeError(`Failed to execute 'clone' on '${from.constructor.name}': body is already used`);
            to.#bytes = from.#bytes;
            if (from.#stream !== null && from.#bytes === null)
                [from.#stream, to.#stream] = from.#stream.tee();
        };
        web.takeBody = object => object.#take();
        web.bodyBytes = object => object.#bytes;
    }
    get bodyUsed() { return this.#used || (this.#stream !== null && web.isDisturbed(this.#stream)); }
    get body() {
        if (this.#stream === null && this.#bytes !== null)
            this.#stream = web.streamOf(this.#bytes);
        return this.#stream;
    }
    async #take() {
        if (this.bodyUsed)
            throw new TypeError(`Failed to execute 'text' on '${this.constructor.name}': body stream already read`);
        if (this.#bytes === null && this.#stream === null)
            return new Uint8Array(0);
        this.#used = true;
        return this.#bytes ?? web.drain(this.#stream);
    }
    async text() { return $.decode(await this.#take()).replace(/^\ufeff/, ""); }
    async json() { return JSON.parse(await this.text()); }
    async arrayBuffer() { return (await this.#take()).slice().buffer; }
    async bytes() { return (await this.#take()).slice(); }
    async blob() { return new global.Blob([await this.#take()], { type: this.headers.get("content-type") ?? "" }); }
    async formData() {
        const bytes = await this.#take(), type = this.headers.get("content-type") ?? "";
        if (/^multipart\/form-data/i.test(type))
            return readMultipart(bytes, type);
        if (!/^application\/x-www-form-urlencoded/i.test(type))
            throw new TypeError("Failed to fetch: the body is no form's data");
        const data = new global.FormData();
        for (const [name, value] of new global.URLSearchParams($.decode(bytes)))
            data.append(name, value);
        return data;
    }
}

// Bodies' members belong to both interfaces, which have no common one that pages see.
function flatten(type) {
    for (const key of Reflect.ownKeys(Body.prototype))
        if (key !== "constructor")
            Object.defineProperty(type.prototype, key, Object.getOwnPropertyDescriptor(Body.prototype, key));
    return expose(type);
}

// --- requests ---

const methodOf = method => {
    method = toText(method);
    if (!nameOk.test(method) || /^(connect|trace|track)$/i.test(method))
        throw new TypeError(`Failed to construct 'Request': '${method}' is not a valid HTTP method.`);
    return /^(delete|get|head|options|post|put|patch)$/i.test(method) && !/^patch$/.test(method) ? method.toUpperCase() : method;
};
class Request extends Body {
    #url; #method; #headers; #signal; #options;
    constructor(input, init = {}) {
        super();
        web.need(1, arguments.length, "Failed to construct 'Request'");
        const other = input instanceof Request ? input : null;
        init ??= {};
        const url = other === null ? web.resolve(toText(input), web.baseURL()) : other.url;
        if (url === null || /^[a-z]+:\/\/[^/]*@/.test(url))
            throw new TypeError(`Failed to construct 'Request': Failed to parse URL from ${input}`);
        this.#url = url;
        this.#method = methodOf(init.method ?? other?.method ?? "GET");
        this.#headers = web.guardHeaders(new Headers(init.headers ?? other?.headers), "request");
        const signals = [init.signal === undefined ? other?.signal : init.signal].filter(signal => signal !== undefined && signal !== null);
        this.#signal = global.AbortSignal.any(signals);
        this.#options = {};
        for (const [name, value] of [["mode", "cors"], ["credentials", "same-origin"], ["cache", "default"], ["redirect", "follow"],
            ["referrer", "about:client"], ["referrerPolicy", ""], ["integrity", ""], ["keepalive", false]])
            this.#options[name] = init[name] ?? other?.[name] ?? value;
        const has = init.body !== undefined && init.body !== null;
        if ((has || (other !== null && web.bodyBytes(other) !== null)) && /^(GET|HEAD)$/.test(this.#method))
            throw new TypeError("Failed to construct 'Request': Request with GET/HEAD method cannot have body.");
        if (has) {
            const body = web.readBody(init.body);
            web.setBody(this, body);
            if (body.type !== null && !this.#headers.has("content-type"))
                this.#headers.append("content-type", body.type);
        } else if (other !== null) {
            web.copyBody(other, this);
        }
    }
    get url() { return this.#url; }
    get method() { return this.#method; }
    get headers() { return this.#headers; }
    get signal() { return this.#signal; }
    get destination() { return ""; }
    get duplex() { return "half"; }
    get isHistoryNavigation() { return false; }
    static { web.requestOption = (request, name) => request.#options[name]; }
    clone() {
        const made = new Request(this.#url, { ...this.#options, method: this.#method, headers: this.#headers, signal: this.#signal });
        web.copyBody(this, made);
        return made;
    }
}
for (const name of ["mode", "credentials", "cache", "redirect", "referrer", "referrerPolicy", "integrity", "keepalive"])
    Object.defineProperty(Request.prototype, name, { get() { return web.requestOption(this, name); }, configurable: true });
flatten(Request);

// --- answers ---

class Response extends Body {
    #status; #statusText; #headers; #url = ""; #type = "default"; #redirected = false;
    constructor(body = null, init = {}) {
        super();
        const status = init?.status ?? 200;
        if (!(status >= 200 && status <= 599))
            throw new RangeError(`Failed to construct 'Response': The status provided (${status}) is outside the range [200, 599].`);
        this.#status = Math.trunc(status);
        this.#statusText = toText(init?.statusText ?? "");
        this.#headers = web.guardHeaders(new Headers(init?.headers), "response");
        if (body === null)
            return;
        if ([204, 205, 304].includes(this.#status))
            throw new TypeError("Failed to construct 'Response': Response with null body status cannot have body");
        const read = web.readBody(body);
        web.setBody(this, read);
        if (read.type !== null && !this.#headers.has("content-type"))
            this.#headers.append("content-type", read.type);
    }
    static {
        web.responseFrom = (answer, from) => {
            const response = new Response();
            response.#status = answer.status;
            response.#statusText = web.statusText(answer.status);
            response.#headers = web.guardHeaders(web.readHeaders(answer.headers), "immutable");
            response.#url = answer.url || from;
            response.#redirected = response.#url.replace(/#.*/s, "") !== from.replace(/#.*/s, "");
            response.#type = "basic";
            if (answer.body !== null && ![204, 205, 304].includes(answer.status))
                web.setBody(response, { bytes: new Uint8Array(answer.body) });
            return response;
        };
    }
    static error() {
        const response = new Response();
        response.#type = "error";
        response.#status = 0;
        return response;
    }
    static redirect(url, status = 302) {
        if (![301, 302, 303, 307, 308].includes(status))
            throw new RangeError("Failed to execute 'redirect' on 'Response': Invalid status code");
        const response = new Response();
        response.#status = status;
        response.#headers.set("location", web.resolve(toText(url)));
        return response;
    }
    static json(data, init = {}) {
        const headers = new Headers(init.headers);
        if (!headers.has("content-type"))
            headers.set("content-type", "application/json");
        return new Response(JSON.stringify(data), { ...init, headers });
    }
    get status() { return this.#status; }
    get statusText() { return this.#statusText; }
    get headers() { return this.#headers; }
    get url() { return this.#url.replace(/#.*/s, ""); }
    get ok() { return this.#status >= 200 && this.#status < 300; }
    get redirected() { return this.#redirected; }
    get type() { return this.#type; }
    clone() {
        const made = new Response();
        [made.#status, made.#statusText, made.#url, made.#type, made.#redirected] = [this.#status, this.#statusText, this.#url, this.#type, this.#redirected];
        made.#headers = new Headers(this.#headers);
        web.copyBody(this, made);
        return made;
    }
}
flatten(Response);

const statuses = { 200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 206: "Partial Content", 301: "Moved Permanently",
    302: "Found", 303: "See Other", 304: "Not Modified", 307: "Temporary Redirect", 308: "Permanent Redirect", 400: "Bad Request",
    401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 409: "Conflict", 410: "Gone",
    422: "Unprocessable Entity", 429: "Too Many Requests", 500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable",
    504: "Gateway Timeout" };
web.statusText = status => statuses[status] ?? "";

global.fetch = function fetch(input, init) {
    return new Promise((resolve, reject) => {
        const request = new Request(input, init), { signal } = request;
        if (signal.aborted) {
            reject(signal.reason);
            return;
        }
        const send = body => {
            const number = web.request(web.FETCH_DATA, { method: request.method, url: request.url, headers: web.headerLines(request.headers), body }, answer => {
                if (answer.error === null)
                    resolve(web.responseFrom(answer, request.url));
                else
                    reject(new TypeError("Failed to fetch"));
            });
            signal.addEventListener("abort", () => {
                web.abortFetch(number);
                reject(signal.reason);
            }, { once: true });
        };
        const bytes = web.bodyBytes(request);
        bytes === null && request.body !== null ? web.takeBody(request).then(send, reject) : send(bytes);
    });
};
}
