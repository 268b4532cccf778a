// What a page has fetched for it: numbers of requests and their answers; what an address has in itself
// (data:) or in the page (blob:) is answered here.
"use strict"; {
const { $, web, global } = this;

// As engine_destination has them.
const DOCUMENT = 0, SCRIPT = 1, STYLE = 2, IMAGE = 3, DATA = 4;

const waiting = new Map(); // from number to what its answer is for
let next = 1;

const failed = error => ({ error, status: 0, url: "", headers: "", body: null, width: 0, height: 0 });
const answerOf = ([error, status, url, headers, body, width, height]) =>
    ({ error, status, url: url ?? "", headers: headers ?? "", body, width, height });

// The type and the bytes of a data: address; null for one that is none (Fetch standard, 6).
function readData(url) {
    const comma = url.indexOf(",");
    if (comma < 0)
        return null;
    let type = url.slice(5, comma).trim(), text = url.slice(comma + 1);
    const coded = /;\s*base64$/i.test(type);
    type = type.replace(/;\s*base64$/i, "");
    if (type.startsWith(";"))
        type = "text/plain" + type;
    if (!/^[^/;]+\/[^/;]+/.test(type))
        type = "text/plain;charset=US-ASCII";
    let bytes = text.replace(/%([0-9A-Fa-f]{2})/g, (all, hex) => String.fromCharCode(parseInt(hex, 16)));
    if (coded)
        try { bytes = global.atob(bytes); } catch { return null; }
    const wide = /[^\0-\xff]/.test(bytes) ? new Uint8Array($.encode(bytes)) : Uint8Array.from(bytes, byte => byte.charCodeAt(0));
    return { type, bytes: wide };
}

// The answer that an address has without a fetch; undefined where there is need of one.
function ownAnswer(destination, { url }) {
    const scheme = /^(data|blob|about|javascript):/.exec(url)?.[1];
    if (scheme === undefined)
        return undefined;
    const found = scheme === "data" ? readData(url) : scheme === "blob" ? web.blobAt(url) : null;
    if (found === null || found === undefined)
        return failed("there is nothing at this address");
    const text = destination === SCRIPT || destination === STYLE;
    const [width, height] = destination === IMAGE ? web.measureImage(found.type, found.bytes) : [0, 0];
    if (destination === IMAGE && width === 0)
        return failed("no image that can be read");
    return { error: null, status: 200, url, headers: `Content-Type: ${found.type}\r\n`, width, height,
        body: text ? $.decode(found.bytes) : found.bytes.slice().buffer };
}

// Fetches, and gives the answer to a function in a task of its own; a number that web.abortFetch takes.
web.request = (destination, request, answer) => {
    const number = next++, own = ownAnswer(destination, request);
    waiting.set(number, { answer, destination });
    const { method = "GET", url, headers = "", body = null } = request;
    if (own !== undefined)
        web.task(() => settle(number, own));
    else if (!$.fetch(number, destination, method, url.replace(/#.*$/s, ""), headers, body))
        web.task(() => settle(number, failed("this page cannot fetch")));
    return number;
};
web.abortFetch = number => {
    const entry = waiting.get(number);
    if (waiting.delete(number))
        $.abort(number, entry.destination);
};
// The same while the page waits.
web.requestNow = (destination, request) => {
    const { method = "GET", url, headers = "", body = null } = request;
    return ownAnswer(destination, request) ?? answerOf($.fetchNow(destination, method, url.replace(/#.*$/s, ""), headers, body));
};
function settle(number, answer) {
    const entry = waiting.get(number);
    if (waiting.delete(number))
        entry.answer(answer);
}
web.entry.fetched = (number, ...values) => {
    web.guard(() => settle(number, answerOf(values)));
    web.settle();
};

// Whether what was fetched is there.
web.isOk = answer => answer.error === null && answer.status >= 200 && answer.status < 300;

// Width and height of an image, from its first bytes; [0, 0] for what is none.
web.measureImage = (type, bytes) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), size = bytes.length;
    const mark = String.fromCharCode(...bytes.subarray(0, 16));
    if (mark.startsWith("\x89PNG\r\n\x1a\n") && size >= 24)
        return [view.getUint32(16), view.getUint32(20)];
    if (/^GIF8[79]a/.test(mark) && size >= 10)
        return [view.getUint16(6, true), view.getUint16(8, true)];
    if (mark.startsWith("BM") && size >= 26)
        return [view.getInt32(18, true), Math.abs(view.getInt32(22, true))];
    if (mark.startsWith("\xff\xd8"))
        return measureJpeg(view);
    if (/^RIFF....WEBPVP8/s.test(mark) && size >= 30)
        return measureWebp(mark[15], view);
    return /svg/.test(type) ? measureSvg($.decode(bytes)) : [0, 0];
};
function measureJpeg(view) {
    for (let at = 2; at + 9 <= view.byteLength && view.getUint8(at) === 0xff;) {
        const kind = view.getUint8(at + 1);
        if (kind >= 0xc0 && kind <= 0xcf && kind !== 0xc4 && kind !== 0xc8 && kind !== 0xcc)
            return [view.getUint16(at + 7), view.getUint16(at + 5)];
        at += 2 + view.getUint16(at + 2);
    }
    return [0, 0];
}
function measureWebp(form, view) {
    if (form === "X")
        return [24, 27].map(at => 1 + view.getUint16(at, true) + (view.getUint8(at + 2) << 16));
    if (form === "L") {
        const bits = view.getUint32(21, true);
        return [1 + (bits & 0x3fff), 1 + (bits >>> 14 & 0x3fff)];
    }
    return [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff];
}
function measureSvg(text) {
    const tag = /<svg[^>]*>/.exec(text)?.[0];
    if (tag === undefined)
        return [0, 0];
    const length = name => Number(new RegExp(`\\s${name}\\s*=\\s*["']\\s*([0-9.]+)(px)?\\s*["']`).exec(tag)?.[1] ?? NaN);
    const box = /\sviewBox\s*=\s*["']([^"']*)["']/.exec(tag)?.[1].trim().split(/[\s,]+/).map(Number) ?? [];
    const ratio = box[2] > 0 && box[3] > 0 ? box[2] / box[3] : NaN;
    let width = length("width"), height = length("height");
    width = width || (height && ratio ? height * ratio : ratio ? 150 * ratio : 300);
    height = height || (ratio ? width / ratio : 150);
    return [Math.round(width), Math.round(height)];
}

Object.assign(web, { FETCH_DOCUMENT: DOCUMENT, FETCH_SCRIPT: SCRIPT, FETCH_STYLE: STYLE, FETCH_IMAGE: IMAGE, FETCH_DATA: DATA, readData });
}
