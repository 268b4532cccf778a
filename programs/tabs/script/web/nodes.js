// Nodes and the changes of their trees (DOM standard, 4), with who watches them.
"use strict"; {
const { $, web, global } = this;
const { expose, constants, fail, idOf, isNode, wrap, toText, token, illegal, need, needNode } = web;

const ELEMENT = 1, ATTRIBUTE = 2, TEXT = 3, CDATA = 4, INSTRUCTION = 7, COMMENT = 8, DOCUMENT = 9,
    DOCTYPE = 10, FRAGMENT = 11;
const isText = kind => kind === TEXT || kind === CDATA;
const isCharacters = kind => kind === TEXT || kind === CDATA || kind === COMMENT || kind === INSTRUCTION;

// --- watching ---

const watchers = new WeakMap(); // from node to [observer, options]
let watching = false, pending = new Set();

class MutationRecord {
    constructor(key, values) {
        if (key !== token)
            illegal();
        Object.assign(this, {
            type: "", target: null, addedNodes: web.fixedList([]), removedNodes: web.fixedList([]), previousSibling: null,
            nextSibling: null, attributeName: null, attributeNamespace: null, oldValue: null,
        }, values);
    }
}

// Tells all that watch a node, or one above it with subtree; old is its value before.
function notify(id, type, values, old, name) {
    if (!watching)
        return;
    const told = new Map();
    for (let at = id; at !== 0; at = $.parent(at)) {
        const object = web.known(at);
        const list = object !== undefined ? watchers.get(object) : undefined;
        for (const [observer, options] of list ?? []) {
            if ((at !== id && !options.subtree) || !options[type])
                continue;
            if (type === "attributes" && options.attributeFilter && !options.attributeFilter.includes(name))
                continue;
            const wanted = (type === "attributes" && options.attributeOldValue) ||
                (type === "characterData" && options.characterDataOldValue);
            if (!told.has(observer) || wanted)
                told.set(observer, wanted ? old : told.get(observer) ?? null);
        }
    }
    for (const [observer, oldValue] of told) {
        observer.take(token).push(new MutationRecord(token, { type, target: wrap(id), ...values, oldValue }));
        if (pending.size === 0)
            Promise.resolve().then(deliver);
        pending.add(observer);
    }
}

function deliver() {
    const due = pending;
    pending = new Set();
    for (const observer of due)
        observer.deliver(token);
}

class MutationObserver {
    #callback; #records = []; #targets = new Set();
    constructor(callback) {
        if (typeof callback !== "function")
            throw new TypeError("MutationObserver: parameter 1 is not of type 'Function'.");
        this.#callback = callback;
    }
    observe(target, options = {}) {
        needNode(target, "observe");
        options = { ...options };
        if (options.attributes === undefined && (options.attributeOldValue !== undefined || options.attributeFilter !== undefined))
            options.attributes = true;
        if (options.characterData === undefined && options.characterDataOldValue !== undefined)
            options.characterData = true;
        if (!options.childList && !options.attributes && !options.characterData)
            throw new TypeError("observe: one of childList, attributes and characterData must be true.");
        watching = true;
        const list = (watchers.get(target) ?? []).filter(([observer]) => observer !== this);
        list.push([this, options]);
        watchers.set(target, list);
        this.#targets.add(target);
    }
    disconnect() {
        for (const target of this.#targets)
            watchers.set(target, (watchers.get(target) ?? []).filter(([observer]) => observer !== this));
        this.#targets.clear();
        this.#records = [];
    }
    takeRecords() {
        const records = this.#records;
        this.#records = [];
        return records;
    }
    take(key) { return key === token ? this.#records : illegal(); }
    deliver(key) {
        if (key !== token)
            illegal();
        const records = this.takeRecords();
        if (records.length === 0)
            return;
        try {
            this.#callback.call(this, records, this);
        } catch (error) {
            web.report(error);
        }
    }
}

// --- changing trees, by numbers ---

function children(id) {
    const list = [];
    for (let at = $.first(id); at !== 0; at = $.next(at))
        list.push(at);
    return list;
}

function remove(id) {
    const parent = $.parent(id);
    if (parent === 0)
        return;
    const root = $.root(parent), before = $.previous(id), after = $.next(id);
    const values = watching ? { removedNodes: web.fixedList([id]), previousSibling: wrap(before), nextSibling: wrap(after) } : null;
    web.leaving(id, root);
    $.remove(id);
    web.rehold(id);
    if (watching)
        notify(parent, "childList", values);
    web.removed(id, root);
}

function insert(parent, id, before) {
    const fragment = $.kind(id) === FRAGMENT;
    const nodes = fragment ? children(id) : [id];
    if (before === id)
        before = $.next(id);
    if (fragment) {
        if (watching && nodes.length > 0)
            notify(id, "childList", { removedNodes: web.fixedList(nodes) });
    } else {
        remove(id);
    }
    const previous = before !== 0 ? $.previous(before) : $.last(parent);
    $.insert(parent, id, before);
    if (fragment) // one that no script has was made for this
        $.flag(id, 1) ? web.rehold(id) : $.free(id);
    if (nodes.length === 0)
        return;
    for (const node of nodes)
        web.rehold(node);
    if (watching)
        notify(parent, "childList", { addedNodes: web.fixedList(nodes), previousSibling: wrap(previous), nextSibling: wrap(before) });
    web.inserted(nodes, parent);
}

// Puts a node, or none (0), in place of all children.
function replaceAll(parent, id) {
    const gone = children(parent);
    const added = id === 0 ? [] : $.kind(id) === FRAGMENT ? children(id) : [id];
    const was = watching;
    watching = false; // one record tells all
    for (const child of gone)
        remove(child);
    if (id !== 0)
        insert(parent, id, 0);
    watching = was;
    if (watching && gone.length + added.length > 0)
        notify(parent, "childList", { addedNodes: web.fixedList(added), removedNodes: web.fixedList(gone) });
    for (const child of gone)
        web.discard(child);
}

function setValue(id, text, offset = 0, count = Infinity, added = text.length) {
    const old = watching ? $.value(id) : "";
    $.setValue(id, text);
    web.textChanged(id, offset, count, added);
    if (watching)
        notify(id, "characterData", {}, old);
}

// --- what may stand where (DOM standard, 4.2.3) ---

function checkInsertion(parent, id, before, replacing) {
    const kind = $.kind(parent), node = $.kind(id);
    if (kind !== DOCUMENT && kind !== FRAGMENT && kind !== ELEMENT)
        fail("HierarchyRequestError", "This node type does not support this method.");
    if ($.within(parent, id))
        fail("HierarchyRequestError", "The new child element contains the parent.");
    if (before !== 0 && $.parent(before) !== parent)
        fail("NotFoundError", "The node before which the new node is to be inserted is not a child of this node.");
    if (node === DOCUMENT || node === ATTRIBUTE || (isText(node) && kind === DOCUMENT) ||
        (node === DOCTYPE && kind !== DOCUMENT))
        fail("HierarchyRequestError", "Nodes of this type may not be inserted here.");
    if (kind === DOCUMENT)
        checkDocument(parent, id, before, replacing);
}

function checkDocument(parent, id, before, replacing) {
    const node = $.kind(id);
    const there = children(parent).filter(child => child !== replacing);
    const added = node === FRAGMENT ? children(id) : [id];
    const elements = added.filter(child => $.kind(child) === ELEMENT).length;
    const wrong = added.some(child => isText($.kind(child))) || elements > 1 ||
        (elements === 1 && there.some(child => child !== id && $.kind(child) === ELEMENT)) ||
        (node === DOCTYPE && there.some(child => child !== id && $.kind(child) === DOCTYPE));
    const at = before !== 0 ? there.indexOf(before) : there.length;
    const after = at < 0 ? [] : there.slice(at);
    if (wrong || (elements === 1 && after.some(child => $.kind(child) === DOCTYPE)) ||
        (node === DOCTYPE && there.slice(0, at).some(child => $.kind(child) === ELEMENT)))
        fail("HierarchyRequestError", "A document has one element and one document type, in this order.");
}

// Nodes and texts as append() and the like take them: one number, of a fragment where there are more.
function gather(values) {
    const ids = values.map(value => isNode(value) ? idOf(value) : $.characters(TEXT, toText(value)));
    if (ids.length === 1)
        return ids[0];
    const fragment = $.container(FRAGMENT);
    for (const id of ids)
        insert(fragment, id, 0);
    return fragment;
}

function insertBefore(parent, id, before) {
    checkInsertion(parent, id, before, 0);
    insert(parent, id, before);
}

// --- Node ---

class Node extends web.EventTarget {
    constructor(key) {
        super();
        if (key !== token)
            illegal();
    }
    get nodeType() { return $.kind(idOf(this)); }
    get nodeName() {
        const id = idOf(this);
        switch ($.kind(id)) {
        case TEXT: return "#text";
        case CDATA: return "#cdata-section";
        case COMMENT: return "#comment";
        case DOCUMENT: return "#document";
        case FRAGMENT: return "#document-fragment";
        case ELEMENT: return this.tagName;
        default: return $.name(id);
        }
    }
    get baseURI() { return web.baseURL(); }
    get ownerDocument() {
        const id = idOf(this);
        return $.kind(id) === DOCUMENT ? null : web.documentOf(id);
    }
    get parentNode() { return wrap($.parent(idOf(this))); }
    get parentElement() {
        const parent = $.parent(idOf(this));
        return parent !== 0 && $.kind(parent) === ELEMENT ? wrap(parent) : null;
    }
    hasChildNodes() { return $.first(idOf(this)) !== 0; }
    get childNodes() { return web.childNodes(this); }
    get firstChild() { return wrap($.first(idOf(this))); }
    get lastChild() { return wrap($.last(idOf(this))); }
    get previousSibling() { return wrap($.previous(idOf(this))); }
    get nextSibling() { return wrap($.next(idOf(this))); }
    get nodeValue() {
        const id = idOf(this);
        return isCharacters($.kind(id)) ? $.value(id) : null;
    }
    set nodeValue(value) {
        const id = idOf(this);
        if (isCharacters($.kind(id)))
            setValue(id, value === null ? "" : toText(value));
    }
    get textContent() {
        const id = idOf(this), kind = $.kind(id);
        return kind === DOCUMENT || kind === DOCTYPE ? null : $.text(id);
    }
    set textContent(value) {
        const id = idOf(this), kind = $.kind(id);
        const text = value === null ? "" : toText(value);
        if (isCharacters(kind))
            setValue(id, text);
        else if (kind === ELEMENT || kind === FRAGMENT)
            replaceAll(id, text === "" ? 0 : $.characters(TEXT, text));
    }
    normalize() {
        const top = idOf(this);
        for (let at = $.first(top); at !== 0;) {
            let next = $.follow(at, top);
            if ($.kind(at) === TEXT) {
                let text = $.value(at);
                for (let sibling = $.next(at); sibling !== 0 && $.kind(sibling) === TEXT; sibling = $.next(at)) {
                    text += $.value(sibling);
                    remove(sibling);
                }
                next = $.follow(at, top);
                if (text === "")
                    remove(at);
                else if (text !== $.value(at))
                    setValue(at, text);
            }
            at = next;
        }
    }
    cloneNode(deep = false) {
        const id = idOf(this), copy = $.clone(id, Boolean(deep));
        web.cloned(id, copy);
        return wrap(copy);
    }
    isEqualNode(other) {
        if (other === null || other === undefined)
            return false;
        const a = idOf(this), b = idOf(other);
        return $.kind(a) === $.kind(b) && $.html(a, false) === $.html(b, false);
    }
    isSameNode(other) { return this === other; }
    compareDocumentPosition(other) {
        const a = idOf(needNode(other, "compareDocumentPosition")), b = idOf(this);
        if (a === b)
            return 0;
        const before = $.compare(a, b) < 0;
        if ($.root(a) !== $.root(b))
            return 0x21 | (before ? 2 : 4);
        if ($.within(b, a))
            return 8 | 2;
        if ($.within(a, b))
            return 16 | 4;
        return before ? 2 : 4;
    }
    contains(other) { return other !== null && other !== undefined && $.within(idOf(other), idOf(this)); }
    lookupNamespaceURI() { return null; }
    lookupPrefix() { return null; }
    isDefaultNamespace(address) { return (address || null) === this.lookupNamespaceURI(null); }
    insertBefore(node, child) {
        need(2, arguments.length, "insertBefore");
        insertBefore(idOf(this), idOf(needNode(node, "insertBefore")), child ? idOf(needNode(child, "insertBefore")) : 0);
        return node;
    }
    appendChild(node) {
        insertBefore(idOf(this), idOf(needNode(node, "appendChild")), 0);
        return node;
    }
    replaceChild(node, child) {
        const parent = idOf(this), id = idOf(needNode(node, "replaceChild"));
        const old = idOf(needNode(child, "replaceChild"));
        checkInsertion(parent, id, old, old);
        let after = $.next(old);
        if (after === id)
            after = $.next(id);
        if (id !== old)
            remove(old);
        insert(parent, id, after);
        return child;
    }
    removeChild(child) {
        if ($.parent(idOf(needNode(child, "removeChild"))) !== idOf(this))
            fail("NotFoundError", "The node to be removed is not a child of this node.");
        remove(idOf(child));
        return child;
    }
}
constants(Node, {
    ELEMENT_NODE: 1, ATTRIBUTE_NODE: 2, TEXT_NODE: 3, CDATA_SECTION_NODE: 4, ENTITY_REFERENCE_NODE: 5, ENTITY_NODE: 6,
    PROCESSING_INSTRUCTION_NODE: 7, COMMENT_NODE: 8, DOCUMENT_NODE: 9, DOCUMENT_TYPE_NODE: 10,
    DOCUMENT_FRAGMENT_NODE: 11, NOTATION_NODE: 12, DOCUMENT_POSITION_DISCONNECTED: 1, DOCUMENT_POSITION_PRECEDING: 2,
    DOCUMENT_POSITION_FOLLOWING: 4, DOCUMENT_POSITION_CONTAINS: 8, DOCUMENT_POSITION_CONTAINED_BY: 16,
    DOCUMENT_POSITION_IMPLEMENTATION_SPECIFIC: 32,
});

// --- what several kinds of nodes can ---

function mix(type, members) {
    Object.defineProperties(type.prototype, Object.getOwnPropertyDescriptors(members));
}

// The next sibling (or previous one) of a node that is none of those given.
function outside(id, step, nodes) {
    do
        id = $[step](id);
    while (id !== 0 && nodes.includes(web.known(id)));
    return id;
}

// What a node can do among its siblings.
const child = {
    before(...nodes) {
        const id = idOf(this), parent = $.parent(id);
        if (parent === 0)
            return;
        const previous = outside(id, "previous", nodes);
        const added = gather(nodes);
        insertBefore(parent, added, previous === 0 ? $.first(parent) : $.next(previous));
    },
    after(...nodes) {
        const id = idOf(this), parent = $.parent(id);
        if (parent === 0)
            return;
        const next = outside(id, "next", nodes);
        insertBefore(parent, gather(nodes), next);
    },
    replaceWith(...nodes) {
        const id = idOf(this), parent = $.parent(id);
        if (parent === 0)
            return;
        const next = outside(id, "next", nodes);
        const added = gather(nodes);
        if ($.parent(id) === parent && added !== id)
            remove(id);
        insertBefore(parent, added, next);
    },
    remove() { remove(idOf(this)); },
};

function siblingElement(id, step) {
    do
        id = $[step](id);
    while (id !== 0 && $.kind(id) !== ELEMENT);
    return wrap(id);
}
const sibling = {
    get previousElementSibling() { return siblingElement(idOf(this), "previous"); },
    get nextElementSibling() { return siblingElement(idOf(this), "next"); },
};

function select(node, text, first) {
    const found = $.select(idOf(node), toText(text), first);
    if (found === undefined)
        fail("SyntaxError", `'${text}' is not a valid selector.`);
    return found;
}

const parent = {
    get children() { return web.elementChildren(this); },
    get firstElementChild() {
        const first = $.first(idOf(this));
        return first === 0 || $.kind(first) === ELEMENT ? wrap(first) : siblingElement(first, "next");
    },
    get lastElementChild() {
        const last = $.last(idOf(this));
        return last === 0 || $.kind(last) === ELEMENT ? wrap(last) : siblingElement(last, "previous");
    },
    get childElementCount() { return $.elements(idOf(this), "*", "*", true).length; },
    append(...nodes) { insertBefore(idOf(this), gather(nodes), 0); },
    prepend(...nodes) {
        const id = idOf(this), added = gather(nodes);
        insertBefore(id, added, $.first(id));
    },
    replaceChildren(...nodes) {
        const id = idOf(this), added = gather(nodes);
        checkInsertion(id, added, 0, 0);
        replaceAll(id, added);
    },
    querySelector(text) {
        need(1, arguments.length, "querySelector");
        return wrap(select(this, text, true)[0] ?? 0);
    },
    querySelectorAll(text) {
        need(1, arguments.length, "querySelectorAll");
        return web.fixedList(select(this, text, false));
    },
};

// --- texts and the like ---

class CharacterData extends Node {
    get data() { return $.value(idOf(this)); }
    set data(value) { setValue(idOf(this), value === null ? "" : toText(value)); }
    get length() { return $.value(idOf(this)).length; }
    substringData(offset, count) {
        need(2, arguments.length, "substringData");
        const text = this.data;
        offset >>>= 0;
        if (offset > text.length)
            fail("IndexSizeError", "The offset is greater than the node's length.");
        return text.substr(offset, count >>> 0);
    }
    appendData(text) { this.replaceData(this.length, 0, text); }
    insertData(offset, text) { this.replaceData(offset, 0, text); }
    deleteData(offset, count) { this.replaceData(offset, count, ""); }
    replaceData(offset, count, text) {
        const old = this.data;
        offset >>>= 0;
        if (offset > old.length)
            fail("IndexSizeError", "The offset is greater than the node's length.");
        text = toText(text);
        count = Math.min(count >>> 0, old.length - offset);
        setValue(idOf(this), old.slice(0, offset) + text + old.slice(offset + count), offset, count, text.length);
    }
}
mix(CharacterData, child);
mix(CharacterData, sibling);

class Text extends CharacterData {
    constructor(data = "") {
        super(token);
        web.adopt($.characters(TEXT, toText(data)), this);
    }
    get wholeText() {
        let first = idOf(this), text = "";
        while ($.previous(first) !== 0 && isText($.kind($.previous(first))))
            first = $.previous(first);
        for (let at = first; at !== 0 && isText($.kind(at)); at = $.next(at))
            text += $.value(at);
        return text;
    }
    splitText(offset) {
        const id = idOf(this), text = $.value(id);
        offset >>>= 0;
        if (offset > text.length)
            fail("IndexSizeError", "The offset is larger than the node's length.");
        const rest = $.characters(TEXT, text.slice(offset));
        if ($.parent(id) !== 0)
            insert($.parent(id), rest, $.next(id));
        web.textSplit(id, rest, offset);
        setValue(id, text.slice(0, offset), offset, text.length - offset, 0);
        return wrap(rest);
    }
}
class Comment extends CharacterData {
    constructor(data = "") {
        super(token);
        web.adopt($.characters(COMMENT, toText(data)), this);
    }
}
class CDATASection extends Text {}
class ProcessingInstruction extends CharacterData {
    get target() { return $.name(idOf(this)); }
}

class DocumentType extends Node {
    get name() { return $.name(idOf(this)); }
    get publicId() { return $.doctypeIds(idOf(this))[0]; }
    get systemId() { return $.doctypeIds(idOf(this))[1]; }
}
mix(DocumentType, child);

class DocumentFragment extends Node {
    constructor() {
        super(token);
        web.adopt($.container(FRAGMENT), this);
    }
    getElementById(name) { return web.byId(idOf(this), toText(name)); }
}
mix(DocumentFragment, parent);

for (const type of [Node, CharacterData, Text, Comment, CDATASection, ProcessingInstruction, DocumentType,
    DocumentFragment, MutationObserver, MutationRecord])
    expose(type);
delete MutationObserver.prototype.toString;
for (const name of ["take", "deliver"])
    Object.defineProperty(MutationObserver.prototype, name, { enumerable: false });

const kinds = {
    [TEXT]: Text, [CDATA]: CDATASection, [INSTRUCTION]: ProcessingInstruction, [COMMENT]: Comment,
    [DOCTYPE]: DocumentType, [FRAGMENT]: DocumentFragment,
};
web.prototypeOf = id => {
    const kind = $.kind(id);
    if (kind === ELEMENT)
        return web.elementPrototype(id);
    return kind === DOCUMENT ? web.documentPrototype(id) : kinds[kind].prototype;
};

Object.assign(web, {
    ELEMENT, TEXT, CDATA, COMMENT, DOCUMENT, DOCTYPE, FRAGMENT, INSTRUCTION, Node, mix, child, sibling, parent,
    childrenOf: children, insert, insertBefore, remove, replaceAll, notify, gather,
    // what others hang in: see elements.js and document.js
    leaving() {}, removed() {}, inserted() {}, cloned() {}, textChanged() {}, textSplit() {},
});
}
