// XML to nodes, for DOMParser and XMLHttpRequest (XML 1.0, with namespaces): what is not well-formed
// becomes a document that says so. Entities are the five of XML and those by number.
"use strict"; {
const { $, web, global } = this;
const { wrap, ELEMENT, TEXT, CDATA, COMMENT, DOCUMENT } = web;

const named = { amp: "&", lt: "<", gt: ">", quot: "\"", apos: "'" };
class Malformed extends Error {}

const name = "[A-Za-z_:\\u00c0-\\uffff][-.\\w:\\u00b7\\u00c0-\\uffff]*";
const patterns = {
    tag: new RegExp(`<(${name})`, "y"), attribute: new RegExp(`\\s+(${name})\\s*=\\s*("[^"<]*"|'[^'<]*')`, "y"), end: new RegExp(`</(${name})\\s*>`, "y"),
    close: /\s*(\/?)>/y, text: /[^<]+/y, comment: /<!--((?:(?!--)[^])*)-->/y, cdata: /<!\[CDATA\[([^]*?)\]\]>/y,
    instruction: new RegExp(`<\\?(${name})(?:\\s+([^]*?))?\\?>`, "y"), xml: /<\?xml\s[^]*?\?>/y,
    doctype: new RegExp(`<!DOCTYPE\\s+(${name})(?:\\s+PUBLIC\\s+("[^"]*"|'[^']*')\\s+("[^"]*"|'[^']*')|\\s+SYSTEM\\s+("[^"]*"|'[^']*'))?\\s*(?:\\[[^\\]]*\\]\\s*)?>`, "y"),
};

function reader(text) {
    let at = 0;
    return {
        take(kind) {
            const pattern = patterns[kind];
            pattern.lastIndex = at;
            const found = pattern.exec(text);
            if (found !== null)
                at = pattern.lastIndex;
            return found;
        },
        get over() { return at >= text.length; },
        wrong(why) {
            const before = text.slice(0, at).split("\n");
            return new Malformed(`error on line ${before.length} at column ${before.at(-1).length + 1}: ${why}\n`);
        },
    };
}
function unescape(text, input) {
    return text.replace(/&(?:#(\d+)|#x([0-9A-Fa-f]+)|(\w+));|&/g, (all, decimal, hex, entity) => {
        if (decimal ?? hex)
            return String.fromCodePoint(parseInt(decimal ?? hex, hex ? 16 : 10));
        if (entity === undefined || !Object.hasOwn(named, entity))
            throw input.wrong(entity === undefined ? "xmlParseEntityRef: no name" : `Entity '${entity}' not defined`);
        return named[entity];
    });
}

function readElement(input, tag, parent, spaces) {
    const list = [], own = { ...spaces };
    for (let found; (found = input.take("attribute")) !== null;) {
        const value = unescape(found[2].slice(1, -1).replace(/[\t\n\r]/g, " "), input);
        if (list.some(([key]) => key === found[1]))
            throw input.wrong(`Attribute ${found[1]} redefined`);
        list.push([found[1], value]);
        if (found[1] === "xmlns")
            own[""] = value;
        else if (found[1].startsWith("xmlns:"))
            own[found[1].slice(6)] = value;
    }
    const prefix = tag.includes(":") ? tag.split(":")[0] : "";
    if (prefix !== "" && own[prefix] === undefined)
        throw input.wrong(`Namespace prefix ${prefix} on ${tag.split(":")[1]} is not defined`);
    const space = own[prefix] ? $.spaceNumber(own[prefix]) : 0;
    const id = $.element(space, tag);
    $.insert(parent, id, 0);
    for (const [key, value] of list) {
        const before = key.includes(":") ? key.split(":")[0] : "";
        const address = key === "xmlns" || before === "xmlns" ? "http://www.w3.org/2000/xmlns/" : before === "" ? "" : own[before];
        $.setAttribute(id, key, value, address ? $.spaceNumber(address) : 0);
    }
    const close = input.take("close");
    if (close === null)
        throw input.wrong("attributes construct error");
    return close[1] === "/" ? null : { id, tag, spaces: own };
}

// Characters, comments and the like; false where there is none of them.
function readOther(input, parent, content) {
    let found;
    if ((found = input.take("comment")) !== null)
        $.insert(parent, $.characters(COMMENT, found[1]), 0);
    else if ((found = input.take("instruction")) !== null)
        $.insert(parent, $.instruction(found[1], found[2] ?? ""), 0);
    else if (content && (found = input.take("cdata")) !== null)
        $.insert(parent, $.characters(CDATA, found[1]), 0);
    else if ((found = input.take("text")) !== null) {
        if (content)
            $.insert(parent, $.characters(TEXT, unescape(found[0].replace(/\r\n?/g, "\n"), input)), 0);
        else if (/\S/.test(found[0]))
            throw input.wrong("Document is empty");
    } else
        return false;
    return true;
}

function read(text, document) {
    const input = reader(text.replace(/^\ufeff/, ""));
    const open = [];
    let spaces = { xml: "http://www.w3.org/XML/1998/namespace" }, top = false;
    input.take("xml");
    while (!input.over) {
        const within = open.at(-1), parent = within?.id ?? document;
        const end = input.take("end");
        if (end !== null) {
            if (within?.tag !== end[1])
                throw input.wrong(`Opening and ending tag mismatch: ${within?.tag ?? "none"} and ${end[1]}`);
            open.pop();
            continue;
        }
        const doctype = top ? null : input.take("doctype");
        if (doctype !== null) {
            const bare = quoted => (quoted ?? "\"\"").slice(1, -1);
            $.insert(document, $.doctype(doctype[1], bare(doctype[2]), bare(doctype[3] ?? doctype[4])), 0);
            continue;
        }
        const tag = within === undefined && top ? null : input.take("tag");
        if (tag !== null) {
            top = true;
            const made = readElement(input, tag[1], parent, within?.spaces ?? spaces);
            if (made !== null)
                open.push(made);
        } else if (!readOther(input, parent, within !== undefined)) {
            throw input.wrong(top && within === undefined ? "Extra content at the end of the document" : "StartTag: invalid element name");
        }
    }
    if (open.length > 0)
        throw input.wrong(`Premature end of data in tag ${open.at(-1).tag}`);
    if (!top)
        throw input.wrong("Document is empty");
}

web.parseXML = (text, type) => {
    const document = $.container(DOCUMENT);
    web.kinds.set(web.asXML(wrap(document)), type);
    try {
        read(text, document);
    } catch (error) {
        if (!(error instanceof Malformed))
            throw error;
        for (const id of web.childrenOf(document))
            web.remove(id);
        const html = $.spaceNumber("http://www.w3.org/1999/xhtml"), top = $.element(html, "html"), said = $.element(html, "parsererror");
        $.insert(document, top, 0);
        $.insert(top, said, 0);
        $.insert(said, $.characters(TEXT, error.message), 0);
    }
    return wrap(document);
};
}
