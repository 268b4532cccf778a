// Walking trees by filters (DOM standard, 6), and texts to documents and back: DOMParser and
// XMLSerializer.
"use strict"; {
const { $, web, global } = this;
const { expose, constants, fail, idOf, wrap, needNode, toText, token, illegal } = web;

const ACCEPT = 1, REJECT = 2, SKIP = 3;
const NodeFilter = { FILTER_ACCEPT: 1, FILTER_REJECT: 2, FILTER_SKIP: 3, SHOW_ALL: 0xffffffff, SHOW_ELEMENT: 1, SHOW_ATTRIBUTE: 2,
    SHOW_TEXT: 4, SHOW_CDATA_SECTION: 8, SHOW_ENTITY_REFERENCE: 16, SHOW_ENTITY: 32, SHOW_PROCESSING_INSTRUCTION: 64, SHOW_COMMENT: 128,
    SHOW_DOCUMENT: 256, SHOW_DOCUMENT_TYPE: 512, SHOW_DOCUMENT_FRAGMENT: 1024, SHOW_NOTATION: 2048 };
Object.defineProperty(global, "NodeFilter", { value: Object.assign(function NodeFilter() { illegal(); }, NodeFilter), writable: true, configurable: true });

class Walking {
    #root; #what; #filter; #active = false;
    constructor(key, root, what, filter) {
        if (key !== token)
            illegal();
        this.#root = needNode(root, "createTreeWalker");
        this.#what = what === null ? 0 : what >>> 0;
        this.#filter = filter ?? null;
    }
    get root() { return this.#root; }
    get whatToShow() { return this.#what; }
    get filter() { return this.#filter; }
    static {
        web.judge = (walking, id) => {
            if (walking.#active)
                fail("InvalidStateError", "The filter is already running.");
            if ((walking.#what >>> ($.kind(id) - 1) & 1) === 0)
                return SKIP;
            if (walking.#filter === null)
                return ACCEPT;
            walking.#active = true;
            try {
                const filter = walking.#filter;
                return Number(typeof filter === "function" ? filter(wrap(id)) : filter.acceptNode(wrap(id)));
            } finally {
                walking.#active = false;
            }
        };
    }
}

class TreeWalker extends Walking {
    #current;
    constructor(key, root, what, filter) {
        super(key, root, what, filter);
        this.#current = root;
    }
    get currentNode() { return this.#current; }
    set currentNode(node) { this.#current = needNode(node, "currentNode"); }
    #take(id) { return this.#current = wrap(id); }
    parentNode() {
        const root = idOf(this.root);
        for (let id = idOf(this.#current); id !== 0 && id !== root;) {
            id = $.parent(id);
            if (id !== 0 && web.judge(this, id) === ACCEPT)
                return this.#take(id);
        }
        return null;
    }
    #child(start, step) {
        const root = idOf(this.root), current = idOf(this.#current);
        for (let id = $[start](current); id !== 0;) {
            const result = web.judge(this, id);
            if (result === ACCEPT)
                return this.#take(id);
            const inner = result === SKIP ? $[start](id) : 0;
            if (inner !== 0) {
                id = inner;
                continue;
            }
            while (id !== 0) {
                const beside = $[step](id);
                if (beside !== 0) {
                    id = beside;
                    break;
                }
                id = $.parent(id);
                if (id === 0 || id === root || id === current)
                    return null;
            }
        }
        return null;
    }
    firstChild() { return this.#child("first", "next"); }
    lastChild() { return this.#child("last", "previous"); }
    #sibling(start, step) {
        const root = idOf(this.root);
        let id = idOf(this.#current);
        if (id === root)
            return null;
        for (;;) {
            for (let beside = $[step](id); beside !== 0;) {
                id = beside;
                const result = web.judge(this, id);
                if (result === ACCEPT)
                    return this.#take(id);
                beside = result === REJECT ? 0 : $[start](id);
                if (beside === 0)
                    beside = $[step](id);
            }
            id = $.parent(id);
            if (id === 0 || id === root || web.judge(this, id) === ACCEPT)
                return null;
        }
    }
    nextSibling() { return this.#sibling("first", "next"); }
    previousSibling() { return this.#sibling("last", "previous"); }
    nextNode() {
        const root = idOf(this.root);
        let id = idOf(this.#current), result = ACCEPT;
        for (;;) {
            while (result !== REJECT && $.first(id) !== 0) {
                id = $.first(id);
                result = web.judge(this, id);
                if (result === ACCEPT)
                    return this.#take(id);
            }
            id = $.after(id, root);
            if (id === 0)
                return null;
            result = web.judge(this, id);
            if (result === ACCEPT)
                return this.#take(id);
        }
    }
    previousNode() {
        const root = idOf(this.root);
        for (let id = idOf(this.#current); id !== root;) {
            for (let beside = $.previous(id); beside !== 0; beside = $.previous(id)) {
                id = beside;
                let result = web.judge(this, id);
                while (result !== REJECT && $.first(id) !== 0) {
                    id = $.last(id);
                    result = web.judge(this, id);
                }
                if (result === ACCEPT)
                    return this.#take(id);
            }
            id = $.parent(id);
            if (id === 0)
                return null;
            if (web.judge(this, id) === ACCEPT)
                return this.#take(id);
        }
        return null;
    }
}

const iterators = new Set(); // weak references, so that removals can move them
class NodeIterator extends Walking {
    #reference; #before = true;
    constructor(key, root, what, filter) {
        super(key, root, what, filter);
        this.#reference = root;
        iterators.add(new WeakRef(this));
    }
    get referenceNode() { return this.#reference; }
    get pointerBeforeReferenceNode() { return this.#before; }
    detach() {}
    nextNode() {
        const root = idOf(this.root);
        let id = idOf(this.#reference), before = this.#before;
        for (;;) {
            if (!before)
                id = $.follow(id, root);
            before = false;
            if (id === 0)
                return null;
            if (web.judge(this, id) === ACCEPT)
                break;
        }
        this.#before = false;
        return this.#reference = wrap(id);
    }
    previousNode() {
        const root = idOf(this.root);
        let id = idOf(this.#reference), before = this.#before;
        for (;;) {
            if (before) {
                if (id === root)
                    return null;
                const beside = $.previous(id);
                id = beside === 0 ? $.parent(id) : last(beside);
            }
            before = true;
            if (web.judge(this, id) === ACCEPT)
                break;
        }
        this.#before = true;
        return this.#reference = wrap(id);
    }
    static {
        web.moveIterator = (iterator, id) => {
            const root = idOf(iterator.root), at = idOf(iterator.#reference);
            if (!$.within(at, id) || $.within(root, id))
                return;
            if (iterator.#before) {
                const next = $.after(id, root);
                if (next !== 0) {
                    iterator.#reference = wrap(next);
                    return;
                }
                iterator.#before = false;
            }
            const beside = $.previous(id);
            iterator.#reference = wrap(beside === 0 ? $.parent(id) : last(beside));
        };
    }
}
function last(id) {
    while ($.last(id) !== 0)
        id = $.last(id);
    return id;
}
web.also("leaving", id => {
    for (const reference of iterators) {
        const iterator = reference.deref();
        iterator === undefined ? iterators.delete(reference) : web.moveIterator(iterator, id);
    }
});
for (const type of [TreeWalker, NodeIterator]) {
    for (const name of ["root", "whatToShow", "filter"])
        Object.defineProperty(type.prototype, name, Object.getOwnPropertyDescriptor(Walking.prototype, name));
    expose(type);
    constants(type, {});
}

// --- texts and documents ---

class DOMParser {
    parseFromString(text, type) {
        if (!/^(text\/html|text\/xml|application\/xml|application\/xhtml\+xml|image\/svg\+xml)$/.test(type))
            throw new TypeError(`Failed to execute 'parseFromString' on 'DOMParser': The provided value '${type}' is not a valid enum value of type SupportedType.`);
        const made = type === "text/html" ? wrap($.parseDocument(toText(text))) : web.parseXML(toText(text), type);
        web.others.set(made, web.pageState.url);
        return made;
    }
}
expose(DOMParser);

const voids = /^(area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr)$/;
const escapeText = text => text.replace(/[&<>\u00a0]/g, match => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", "\u00a0": "\u00a0" })[match]);
const escapeValue = text => text.replace(/[&<>"\t\n\r]/g, match => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;" })[match]);
// XML serialization (DOM Parsing standard, 3.2), with namespaces declared where they change.
function writeXML(node, space) {
    switch (node.nodeType) {
    case 3: return escapeText(node.data);
    case 4: return `<![CDATA[${node.data}]]>`;
    case 7: return `<?${node.target} ${node.data}?>`;
    case 8: return `<!--${node.data}-->`;
    case 10: {
        const ids = node.publicId ? ` PUBLIC "${node.publicId}"${node.systemId ? ` "${node.systemId}"` : ""}` : node.systemId ? ` SYSTEM "${node.systemId}"` : "";
        return `<!DOCTYPE ${node.name}${ids}>`;
    }
    case 1: break;
    default: return [...node.childNodes].map(child => writeXML(child, space)).join("");
    }
    const name = node.prefix ? node.tagName : node.localName, own = node.namespaceURI;
    let out = `<${name}`;
    const declared = node.getAttributeNames();
    if (!node.prefix && own !== space && !declared.includes("xmlns"))
        out += ` xmlns="${escapeValue(own ?? "")}"`;
    for (const { name: key, value } of node.attributes)
        out += ` ${key}="${escapeValue(value)}"`;
    const children = node.localName === "template" && own === "http://www.w3.org/1999/xhtml" ? node.content.childNodes : node.childNodes;
    if (children.length === 0)
        return out + (own !== "http://www.w3.org/1999/xhtml" ? "/>" : voids.test(name) ? " />" : `></${name}>`);
    const inner = node.prefix ? space : own;
    return `${out}>${[...children].map(child => writeXML(child, inner)).join("")}</${name}>`;
}
class XMLSerializer {
    serializeToString(node) { return writeXML(needNode(node, "serializeToString"), null); }
}
expose(XMLSerializer);
let xml = false; // whether there is any document of XML
web.also("madeXML", () => { xml = true; });
web.isXML = node => xml && web.kinds.has(web.known($.root(idOf(node))));
web.writeXML = node => writeXML(node, null);
web.writeInner = node => [...node.childNodes].map(child => writeXML(child, node.namespaceURI)).join("");
}
