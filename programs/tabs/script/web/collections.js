// Lists of nodes: some stay as they were made, others follow the tree (DOM standard, 4.2.10).
"use strict"; {
const { $, web, global } = this;
const { expose, idOf, wrap, token, illegal, toText } = web;

// What a list is of: a function that gives the numbers, asked again when the page has changed. Its
// objects answer to indices and names through a proxy, and stay the same for a node.
class Source {
    #find; #version = -1; #ids = [];
    constructor(find) { this.#find = find; }
    ids() {
        const version = $.version();
        if (version !== this.#version) {
            this.#ids = this.#find();
            this.#version = version;
        }
        return this.#ids;
    }
}

const sources = new WeakMap();
const idsOf = list => {
    const source = sources.get(list);
    return source === undefined ? illegal() : Array.isArray(source) ? source : source.ids();
};
const isIndex = key => typeof key === "string" && /^(0|[1-9][0-9]{0,9})$/.test(key);

function at(list, key) {
    const id = idsOf(list)[key];
    return id === undefined ? undefined : wrap(id);
}

const handler = {
    get(target, key, receiver) {
        if (isIndex(key))
            return at(target, key);
        const value = Reflect.get(target, key, receiver);
        return value !== undefined || typeof key !== "string" ? value : target.named?.(token, key);
    },
    has(target, key) {
        return (isIndex(key) ? idsOf(target).length > Number(key) : Reflect.has(target, key)) ||
            (typeof key === "string" && target.named?.(token, key) !== undefined);
    },
    set(target, key, value) { return isIndex(key) ? false : Reflect.set(target, key, value); },
    deleteProperty(target, key) { return isIndex(key) ? !(key in idsOf(target)) : Reflect.deleteProperty(target, key); },
    ownKeys(target) {
        return [...idsOf(target).keys()].map(String).concat(Reflect.ownKeys(target));
    },
    getOwnPropertyDescriptor(target, key) {
        if (!isIndex(key))
            return Reflect.getOwnPropertyDescriptor(target, key);
        const value = at(target, key);
        return value === undefined ? undefined : { value, enumerable: true, configurable: true, writable: false };
    },
};

function make(type, source) {
    const list = Object.create(type.prototype);
    const proxy = new Proxy(list, handler);
    sources.set(list, source);
    sources.set(proxy, source);
    return proxy;
}

class NodeList {
    constructor(key) { illegal(); }
    get length() { return idsOf(this).length; }
    item(index) { return at(this, index >>> 0) ?? null; }
    forEach(callback, self = undefined) {
        idsOf(this).forEach((id, index) => callback.call(self, wrap(id), index, this));
    }
    *entries() { for (let i = 0; i < this.length; i++) yield [i, at(this, i)]; }
    *keys() { for (let i = 0; i < this.length; i++) yield i; }
    *values() { for (let i = 0; i < this.length; i++) yield at(this, i); }
    [Symbol.iterator]() { return this.values(); }
}

class HTMLCollection {
    constructor(key) { illegal(); }
    get length() { return idsOf(this).length; }
    item(index) { return at(this, index >>> 0) ?? null; }
    namedItem(name) { return this.named(token, toText(name)) ?? null; }
    *[Symbol.iterator]() { for (let i = 0; i < this.length; i++) yield at(this, i); }
    named(key, name) {
        if (key !== token)
            illegal();
        if (name === "")
            return undefined;
        const ids = idsOf(this), text = name.replace(/["\\\n\r\f]/g, character => "\\" + character.charCodeAt(0).toString(16) + " ");
        const found = ids.length === 0 ? [] : $.select($.root(ids[0]), `[id="${text}"], [name="${text}"]`, false);
        const id = found.find(id => ids.includes(id) && ($.space(id) === 1 || $.attribute(id, "id") === name));
        return id === undefined ? undefined : wrap(id);
    }
}
expose(NodeList);
expose(HTMLCollection);
Object.defineProperty(HTMLCollection.prototype, "named", { enumerable: false });

// The same list for the same node, as scripts expect of childNodes and children.
function once(type, find) {
    const lists = new WeakMap();
    return node => {
        let list = lists.get(node);
        if (list === undefined)
            lists.set(node, list = make(type, new Source(() => find(idOf(node)))));
        return list;
    };
}

// The same list for the same node and question.
function onceFor(make) {
    const all = new WeakMap();
    return (node, question) => {
        let lists = all.get(node);
        if (lists === undefined)
            all.set(node, lists = new Map());
        question = toText(question);
        if (!lists.has(question))
            lists.set(question, make(node, question));
        return lists.get(question);
    };
}

// Elements below a node by tag: "*" is all; names are lower-cased for elements of HTML.
function byTag(node, name) {
    return make(HTMLCollection, new Source(() => $.elements(idOf(node), name, web.lower(name), false)));
}

// A name as it stands in a selector.
const inSelector = name => name.replace(/^[0-9-]|[^\w\u0080-\u{10ffff}-]/gu,
    character => "\\" + character.codePointAt(0).toString(16) + " ");

function byClass(node, names) {
    const wanted = names.split(/[ \t\n\f\r]+/).filter(name => name !== "");
    const selector = wanted.map(name => "." + inSelector(name)).join("");
    return make(HTMLCollection, new Source(() => selector === "" ? [] : $.select(idOf(node), selector, false)));
}

Object.assign(web, {
    fixedList: ids => make(NodeList, ids),
    liveList: find => make(NodeList, new Source(find)),
    liveElements: find => make(HTMLCollection, new Source(find)),
    childNodes: once(NodeList, id => web.childrenOf(id)),
    elementChildren: once(HTMLCollection, id => $.elements(id, "*", "*", true)),
    byTag: onceFor(byTag), byClass: onceFor(byClass),
});
}
