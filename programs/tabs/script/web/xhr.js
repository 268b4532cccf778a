// XMLHttpRequest (its standard).
"use strict"; {
const { $, web, global } = this;
const { expose, constants, fail, toText } = web;

const names = ["loadstart", "progress", "abort", "error", "load", "timeout", "loadend"];
class XMLHttpRequestEventTarget extends web.EventTarget {}
class XMLHttpRequestUpload extends XMLHttpRequestEventTarget {}
web.handlers(XMLHttpRequestEventTarget, names);

class XMLHttpRequest extends XMLHttpRequestEventTarget {
    #state = 0; #sent = false; #request = null; #headers = new global.Headers(); #answer = null; #number = 0; #type = "";
    #timeout = 0; #timer = 0; #override = null; #credentials = false; #upload = new XMLHttpRequestUpload(); #object = undefined;
    get readyState() { return this.#state; }
    get upload() { return this.#upload; }
    get timeout() { return this.#timeout; }
    set timeout(ms) { this.#timeout = Number(ms) || 0; }
    get withCredentials() { return this.#credentials; }
    set withCredentials(value) { this.#credentials = Boolean(value); }
    open(method, url, async = true, user, password) {
        web.need(2, arguments.length, "open");
        method = toText(method);
        if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(method))
            fail("SyntaxError", `Failed to execute 'open' on 'XMLHttpRequest': '${method}' is not a valid HTTP method.`);
        const address = web.resolve(toText(url));
        if (address === null)
            fail("SyntaxError", "Failed to execute 'open' on 'XMLHttpRequest': Invalid URL");
        const parsed = new global.URL(address);
        if (user !== undefined && user !== null)
            parsed.username = user;
        if (password !== undefined && password !== null)
            parsed.password = password;
        this.#stop();
        this.#request = { method: /^(delete|get|head|options|post|put)$/i.test(method) ? method.toUpperCase() : method, url: parsed.href, async: Boolean(async) };
        this.#headers = web.guardHeaders(new global.Headers(), "request");
        this.#sent = false;
        this.#answer = null;
        this.#object = undefined;
        this.#become(1);
    }
    setRequestHeader(name, value) {
        if (this.#state !== 1 || this.#sent)
            fail("InvalidStateError", "Failed to execute 'setRequestHeader' on 'XMLHttpRequest': The object's state must be OPENED.");
        try {
            this.#headers.append(name, value);
        } catch {
            fail("SyntaxError", `Failed to execute 'setRequestHeader' on 'XMLHttpRequest': '${name}' is not a valid HTTP header field name.`);
        }
    }
    send(body = null) {
        if (this.#state !== 1 || this.#sent)
            fail("InvalidStateError", "Failed to execute 'send' on 'XMLHttpRequest': The object's state must be OPENED.");
        const { method, url, async } = this.#request;
        let bytes = null;
        if (body !== null && body !== undefined && !/^(GET|HEAD)$/.test(method)) {
            const read = web.readBody(web.isNode(body) ? new global.XMLSerializer().serializeToString(body) : body);
            bytes = read.bytes;
            if (read.type !== null && !this.#headers.has("content-type"))
                this.#headers.set("content-type", read.type);
        }
        if (!this.#headers.has("accept"))
            this.#headers.set("accept", "*/*");
        const request = { method, url, headers: web.headerLines(this.#headers), body: bytes };
        this.#sent = true;
        if (!async) {
            this.#sendNow(request);
            return;
        }
        this.#tell("loadstart", 0, 0);
        if (bytes !== null)
            this.#tellUpload("loadstart", 0, bytes.length);
        this.#number = web.request(web.FETCH_DATA, request, answer => this.#finish(answer, bytes?.length ?? 0));
        if (this.#timeout > 0)
            this.#timer = global.setTimeout(() => {
                web.abortFetch(this.#number);
                this.#fail("timeout");
            }, this.#timeout);
    }
    #sendNow(request) {
        const answer = web.requestNow(web.FETCH_DATA, request);
        this.#sent = false;
        if (answer.error !== null) {
            this.#state = 4;
            fail("NetworkError", `Failed to execute 'send' on 'XMLHttpRequest': Failed to load '${request.url}'.`);
        }
        this.#answer = answer;
        this.#become(4);
        for (const name of ["load", "loadend"])
            this.#tell(name, answer.body.byteLength, answer.body.byteLength);
    }
    #finish(answer, sent) {
        global.clearTimeout(this.#timer);
        this.#sent = false;
        if (answer.error !== null) {
            this.#fail("error");
            return;
        }
        const size = answer.body.byteLength;
        const number = this.#number;
        if (sent > 0)
            for (const name of ["progress", "load", "loadend"])
                this.#tellUpload(name, sent, sent);
        this.#answer = { ...answer, body: null };
        this.#become(2);
        if (number !== this.#number || this.#state !== 2)
            return;
        this.#answer = answer;
        if (size > 0) {
            this.#become(3);
            this.#tell("progress", size, size);
        }
        if (number !== this.#number || this.#state === 0)
            return;
        this.#become(4);
        for (const name of ["load", "loadend"])
            this.#tell(name, size, size);
    }
    #fail(name) {
        this.#state = 4;
        this.#sent = false;
        this.#answer = null;
        this.#event(this, new global.Event("readystatechange"));
        this.#tellUpload(name, 0, 0);
        this.#tell(name, 0, 0);
        this.#tell("loadend", 0, 0);
    }
    #stop() {
        global.clearTimeout(this.#timer);
        if (this.#sent)
            web.abortFetch(this.#number);
        this.#number = 0;
    }
    abort() {
        const was = this.#sent;
        this.#stop();
        if (was && this.#state > 0 && this.#state < 4)
            this.#fail("abort");
        if (this.#state === 4)
            this.#state = 0;
        this.#answer = null;
    }
    #event(target, event) { web.dispatch(target, web.trust(event)); }
    #become(state) {
        this.#state = state;
        this.#event(this, new global.Event("readystatechange"));
    }
    #tell(name, loaded, total) { this.#event(this, new global.ProgressEvent(name, { lengthComputable: total > 0, loaded, total })); }
    #tellUpload(name, loaded, total) { this.#event(this.#upload, new global.ProgressEvent(name, { lengthComputable: total > 0, loaded, total })); }

    get status() { return this.#answer?.status ?? 0; }
    get statusText() { return this.#answer === null ? "" : web.statusText(this.#answer.status); }
    get responseURL() { return (this.#answer?.url ?? "").replace(/#.*/s, ""); }
    getResponseHeader(name) { return this.#answer === null ? null : web.readHeaders(this.#answer.headers).get(name); }
    getAllResponseHeaders() {
        return this.#answer === null ? "" : [...web.readHeaders(this.#answer.headers)].map(([name, value]) => `${name}: ${value}\r\n`).join("");
    }
    overrideMimeType(type) { this.#override = toText(type); }
    get responseType() { return this.#type; }
    set responseType(type) {
        if (!/^(|arraybuffer|blob|document|json|text)$/.test(type))
            return;
        if (this.#request !== null && !this.#request.async)
            fail("InvalidAccessError", "Failed to set the 'responseType' property on 'XMLHttpRequest': The response type cannot be changed for synchronous requests made from a document.");
        if (this.#state >= 3)
            fail("InvalidStateError", "Failed to set the 'responseType' property on 'XMLHttpRequest': The response type cannot be set if the object's state is LOADING or DONE.");
        this.#type = toText(type);
    }
    #mime() { return this.#override ?? this.getResponseHeader("content-type") ?? "text/xml"; }
    #text() {
        if (this.#answer === null || this.#answer.body === null)
            return "";
        const label = /charset\s*=\s*"?([^";\s]+)/i.exec(this.#mime())?.[1] ?? "utf-8";
        try { return new global.TextDecoder(label).decode(this.#answer.body); } catch { return $.decode(this.#answer.body); }
    }
    #document() {
        const type = this.#mime().split(";")[0].trim().toLowerCase(), parser = new global.DOMParser();
        if (/^(text\/xml|application\/xml|.*\+xml)$/.test(type)) {
            const made = parser.parseFromString(this.#text(), "application/xml");
            return made.querySelector("parsererror") === null ? made : null;
        }
        return type === "text/html" && this.#type === "document" ? parser.parseFromString(this.#text(), "text/html") : null;
    }
    get responseText() {
        if (this.#type !== "" && this.#type !== "text")
            fail("InvalidStateError", `Failed to read the 'responseText' property from 'XMLHttpRequest': The value is only accessible if the object's 'responseType' is '' or 'text' (was '${this.#type}').`);
        return this.#state >= 3 ? this.#text() : "";
    }
    get responseXML() { return this.#state === 4 && this.#answer !== null ? this.#object ??= this.#document() : null; }
    get response() {
        if (this.#type === "" || this.#type === "text")
            return this.responseText;
        if (this.#state !== 4 || this.#answer === null)
            return null;
        return this.#object ??= this.#make(this.#answer.body);
    }
    #make(body) {
        switch (this.#type) {
        case "arraybuffer": return body;
        case "blob": return new global.Blob([body], { type: this.#mime() });
        case "document": return this.#document();
        default: try { return JSON.parse(this.#text()); } catch { return null; }
        }
    }
}
constants(XMLHttpRequest, { UNSENT: 0, OPENED: 1, HEADERS_RECEIVED: 2, LOADING: 3, DONE: 4 });
for (const type of [XMLHttpRequestEventTarget, XMLHttpRequestUpload, XMLHttpRequest])
    expose(type);
web.handlers(XMLHttpRequest, ["readystatechange"]);
}
