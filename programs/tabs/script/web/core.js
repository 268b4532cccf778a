// What the interfaces share: objects for nodes, exceptions, and how an interface is laid out.
//
// An object for a node is made when a script first asks for it, and stays the same while any script
// can reach it. While its node is in the page's document it is held here; of a tree apart, all
// objects hold each other, and none is held here, so that a tree that no script reaches goes away:
// the engine collects its objects, and sweep() frees its nodes.
"use strict"; {
const { $, web, global } = this;

const WRAPPED = 1;

// --- errors ---

const codes = {
    IndexSizeError: 1, HierarchyRequestError: 3, WrongDocumentError: 4, InvalidCharacterError: 5,
    NoModificationAllowedError: 7, NotFoundError: 8, NotSupportedError: 9, InUseAttributeError: 10,
    InvalidStateError: 11, SyntaxError: 12, InvalidModificationError: 13, NamespaceError: 14,
    InvalidAccessError: 15, TypeMismatchError: 17, SecurityError: 18, NetworkError: 19,
    AbortError: 20, URLMismatchError: 21, QuotaExceededError: 22, TimeoutError: 23,
    InvalidNodeTypeError: 24, DataCloneError: 25,
};

class DOMException extends Error {
    #name;
    constructor(message = "", name = "Error") {
        super(message);
        this.#name = String(name);
        delete this.name;
    }
    get name() { return this.#name; }
    get code() { return codes[this.#name] ?? 0; }
}
for (const name of Object.keys(codes)) {
    const constant = name.replace(/Error$/, "").replace(/([a-z])([A-Z])/g, "$1_$2").toUpperCase() + "_ERR";
    for (const on of [DOMException, DOMException.prototype])
        Object.defineProperty(on, constant, { value: codes[name], enumerable: true });
}

function fail(name, message) {
    throw new DOMException(message ?? name, name);
}

// --- interfaces ---

const enumerable = { enumerable: true };

// Puts a class into the page's global object, laid out as interfaces are: members are enumerable, and
// objects tell its name.
function expose(type, name = type.name) {
    for (const key of Object.getOwnPropertyNames(type.prototype))
        if (key !== "constructor")
            Object.defineProperty(type.prototype, key, enumerable);
    Object.defineProperty(type.prototype, Symbol.toStringTag, { value: name, configurable: true });
    if (type.name !== name)
        Object.defineProperty(type, "name", { value: name });
    Object.defineProperty(global, name, { value: type, writable: true, configurable: true });
    return type;
}

// Constants of an interface, which it and its objects have.
function constants(type, values) {
    for (const on of [type, type.prototype])
        for (const key of Object.keys(values))
            Object.defineProperty(on, key, { value: values[key], enumerable: true });
}

const token = Symbol("made here");

function illegal() {
    throw new TypeError("Illegal constructor");
}

// --- objects for nodes ---

class Handle {
    constructor(object) { return object; }
}
class Numbered extends Handle {
    #id;
    constructor(object, id) {
        super(object);
        this.#id = id;
    }
    static of(object) { return object.#id; }
    static has(object) { return object !== null && typeof object === "object" && #id in object; }
}

const held = new Map();  // from number to object, of nodes in the page's document
const apart = new Map(); // from number to weak reference, of others
const trees = new WeakMap(); // from an object to the set of its tree's objects

const idOf = Numbered.of;
const isNode = Numbered.has;

function known(id) {
    const object = held.get(id);
    return object !== undefined ? object : apart.get(id)?.deref();
}

const isInDocument = id => $.root(id) === web.documentId;

// The set of the objects of a tree apart: that of the next node above which has one, else of any other
// node of the tree, though not of what was moved with it; a new one where there is none.
function treeOf(id, moved) {
    for (let at = $.parent(id); at !== 0; at = $.parent(at)) {
        const tree = trees.get(known(at));
        if (tree !== undefined)
            return tree;
    }
    for (const other of $.wrapped($.root(id))) {
        const tree = moved && $.within(other, id) ? undefined : trees.get(known(other));
        if (tree !== undefined)
            return tree;
    }
    return new Set();
}

// Puts an object into the set of a tree, and out of the one that it was in.
function join(tree, id, object) {
    trees.get(object)?.delete(object);
    tree.add(object);
    trees.set(object, tree);
    held.delete(id);
    apart.set(id, new WeakRef(object));
}

// Holds an object of a node in the document.
function hold(id, object) {
    trees.get(object)?.delete(object);
    trees.delete(object);
    apart.delete(id);
    held.set(id, object);
}

// The object of a node; null for none.
function wrap(id) {
    if (id === 0)
        return null;
    let object = known(id);
    if (object === undefined)
        object = adopt(id, Object.create(web.prototypeOf(id)));
    return object;
}

// Makes an object that of a node.
function adopt(id, object) {
    new Numbered(object, id);
    if (isInDocument(id))
        hold(id, object);
    else
        join(treeOf(id, false), id, object);
    $.setFlag(id, WRAPPED, true);
    return object;
}

// Must be called for what was put into another tree, or taken out of one: its objects are held
// otherwise. O(what was moved), where a node above it has an object.
function rehold(id) {
    const ids = $.wrapped(id);
    if (ids.length === 0)
        return;
    const tree = isInDocument(id) ? undefined : treeOf(id, true);
    for (const each of ids) {
        const object = known(each);
        if (object !== undefined)
            tree === undefined ? hold(each, object) : join(tree, each, object);
    }
}

// Frees trees that no script can reach any more.
function sweep() {
    for (const [id, reference] of apart) {
        if (reference.deref() !== undefined)
            continue;
        apart.delete(id);
        if (!$.isNode(id)) // it went with a template that it was in
            continue;
        $.setFlag(id, WRAPPED, false);
        const root = $.root(id);
        if (root !== web.documentId && $.wrapped(root).length === 0 && !web.isHeld(root))
            release(root);
    }
}

// While the document is read, what was taken out of it may have to take more in.
let kept = null;
function release(id) {
    kept !== null ? kept.push(id) : $.free(id);
}
web.keepTrees = () => { kept = []; };
web.releaseTrees = () => {
    const ids = [...new Set(kept)].filter(id => $.isNode(id) && $.parent(id) === 0);
    kept = null;
    ids.forEach(discard);
};

// Frees a tree that no script has ever seen.
function discard(id) {
    if ($.wrapped(id).length === 0)
        release(id);
}

// --- conversions of Web IDL ---

const toText = value => `${value}`;
function toNumber(value) {
    value = Number(value);
    return Number.isFinite(value) ? Math.trunc(value) | 0 : 0;
}
function lower(text) {
    return text.replace(/[A-Z]+/g, part => part.toLowerCase());
}
function upper(text) {
    return text.replace(/[a-z]+/g, part => part.toUpperCase());
}
function need(count, given, where) {
    if (given < count)
        throw new TypeError(`${where}: ${count} argument${count > 1 ? "s" : ""} required, but only ${given} present.`);
}
function needNode(value, where) {
    if (!isNode(value))
        throw new TypeError(`${where}: parameter is not of type 'Node'.`);
    return value;
}

web.engineNames = new Set(Reflect.ownKeys(global)); // what is here without the interfaces
expose(DOMException);

// Does more, behind what it does, when a function of what is shared is called.
function also(name, more) {
    const before = web[name];
    web[name] = (...values) => {
        before(...values);
        more(...values);
    };
}

Object.assign(web, {
    documentId: 0, also, fail, expose, constants, token, illegal, idOf, isNode, known, wrap, adopt, rehold,
    sweep, discard, toText, toNumber, lower, upper, need, needNode,
    isHeld: () => false,
});
}
