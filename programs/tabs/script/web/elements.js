// Elements and their attributes (DOM standard, 4.9), and the interfaces of HTML's elements.
"use strict"; {
const { $, web, global } = this;
const { expose, fail, idOf, isNode, wrap, toText, toNumber, token, illegal, lower, upper, need, notify } = web;

const HTML = 1, STARTED = 4;
const isHTML = id => $.space(id) === HTML;

// --- attributes ---

// A name as scripts give it: in lower case for elements of HTML.
const nameFor = (id, name) => isHTML(id) ? lower(toText(name)) : toText(name);

function checkName(name) {
    if (name === "" || /[\t\n\f\r />=\0]/.test(name))
        fail("InvalidCharacterError", `'${name}' is not a valid attribute name.`);
    return name;
}

function setAttribute(id, name, value, space = 0) {
    const old = $.attribute(id, name);
    $.setAttribute(id, name, value, space);
    notify(id, "attributes", { attributeName: name, attributeNamespace: space === 0 ? null : $.spaceText(space) }, old, name);
    web.attributeChanged(id, name, old, value);
}

function removeAttribute(id, name) {
    const old = $.attribute(id, name);
    if (old === null)
        return;
    $.removeAttribute(id, name);
    notify(id, "attributes", { attributeName: name }, old, name);
    web.attributeChanged(id, name, old, null);
}

class Attr extends web.Node {
    #owner; #name; #value; #space;
    constructor(key, owner, name, value, space) {
        super(key);
        this.#owner = owner;
        this.#name = name;
        this.#value = value;
        this.#space = space;
    }
    get nodeType() { return 2; }
    get nodeName() { return this.#name; }
    get name() { return this.#name; }
    get localName() { return this.#space === 0 ? this.#name : this.#name.replace(/^[^:]*:/, ""); }
    get prefix() { return this.#space !== 0 && this.#name.includes(":") ? this.#name.split(":")[0] : null; }
    get namespaceURI() { return this.#space === 0 ? null : $.spaceText(this.#space); }
    get value() { return this.#owner === null ? this.#value : $.attribute(idOf(this.#owner), this.#name) ?? this.#value; }
    set value(value) {
        this.#value = toText(value);
        if (this.#owner !== null)
            setAttribute(idOf(this.#owner), this.#name, this.#value, this.#space);
    }
    get nodeValue() { return this.value; }
    set nodeValue(value) { this.value = value ?? ""; }
    get textContent() { return this.value; }
    set textContent(value) { this.value = value ?? ""; }
    get ownerElement() { return this.#owner; }
    get specified() { return true; }
    get ownerDocument() { return web.document; }
    get parentNode() { return null; }
    get firstChild() { return null; }
    get isConnected() { return false; }
    cloneNode() { return new Attr(token, null, this.#name, this.value, this.#space); }
    static {
        web.attach = (attr, owner) => {
            if (owner === null)
                attr.#value = attr.value;
            attr.#owner = owner;
        };
        web.spaceOfAttr = attr => attr.#space;
    }
}
expose(Attr);

const attrs = new WeakMap(); // from element to its objects for attributes, by name
function attrOf(element, name, value, space) {
    let all = attrs.get(element);
    if (all === undefined)
        attrs.set(element, all = new Map());
    let attr = all.get(name);
    if (attr === undefined || attr.ownerElement !== element)
        all.set(name, attr = new Attr(token, element, name, value, space));
    return attr;
}
function attrAt(element, index) {
    const parts = $.attributeAt(idOf(element), index);
    return parts === null ? null : attrOf(element, parts[0], parts[1], parts[2]);
}
function attrNamed(element, name) {
    const id = idOf(element);
    for (let i = 0, count = $.attributeCount(id); i < count; i++) {
        const [is, value, space] = $.attributeAt(id, i);
        if (is === name)
            return attrOf(element, is, value, space);
    }
    return null;
}

const owners = new WeakMap();
class NamedNodeMap {
    constructor(key) { illegal(); }
    get length() { return $.attributeCount(idOf(owners.get(this))); }
    item(index) { return attrAt(owners.get(this), index >>> 0); }
    getNamedItem(name) {
        const owner = owners.get(this);
        return attrNamed(owner, nameFor(idOf(owner), name));
    }
    setNamedItem(attr) { return owners.get(this).setAttributeNode(attr); }
    removeNamedItem(name) {
        const attr = this.getNamedItem(name);
        if (attr === null)
            fail("NotFoundError", "No item with this name was found.");
        return owners.get(this).removeAttributeNode(attr);
    }
    *[Symbol.iterator]() { for (let i = 0; i < this.length; i++) yield this.item(i); }
}
expose(NamedNodeMap);
const isIndex = key => typeof key === "string" && /^(0|[1-9][0-9]{0,9})$/.test(key);
const mapHandler = {
    get(target, key, receiver) {
        if (isIndex(key))
            return target.item(Number(key)) ?? undefined;
        const value = Reflect.get(target, key, receiver);
        return value === undefined && typeof key === "string" ? target.getNamedItem(key) ?? undefined : value;
    },
    has: (target, key) => isIndex(key) ? Number(key) < target.length
        : Reflect.has(target, key) || (typeof key === "string" && target.getNamedItem(key) !== null),
    ownKeys: target => [...Array(target.length).keys()].map(String)
        .concat([...target].map(attr => attr.name)).concat(Reflect.ownKeys(target)),
    getOwnPropertyDescriptor(target, key) {
        const value = typeof key === "string" ? mapHandler.get(target, key, target) : undefined;
        return value === undefined || value === Reflect.get(target, key) ? Reflect.getOwnPropertyDescriptor(target, key)
            : { value, enumerable: isIndex(key), configurable: true, writable: false };
    },
};
function mapOf(element) {
    const target = Object.create(NamedNodeMap.prototype), proxy = new Proxy(target, mapHandler);
    owners.set(target, element);
    owners.set(proxy, element);
    return proxy;
}

// --- lists of words: classList and the like ---

const tokens = new WeakMap(); // from list to [element, attribute]
class DOMTokenList {
    constructor(key) { illegal(); }
    get value() { return read(this) ?? ""; }
    set value(text) { write(this, toText(text)); }
    get length() { return words(this).length; }
    item(index) { return words(this)[index >>> 0] ?? null; }
    contains(word) { return words(this).includes(toText(word)); }
    add(...added) { change(this, added, (list, word) => { if (!list.includes(word)) list.push(word); }); }
    remove(...gone) {
        change(this, gone, (list, word) => {
            const at = list.indexOf(word);
            if (at >= 0)
                list.splice(at, 1);
        });
    }
    toggle(word, force) {
        const has = words(this).includes(checkWord(toText(word)));
        if (has ? force !== true : force !== false)
            has ? this.remove(word) : this.add(word);
        return force === undefined ? !has : Boolean(force);
    }
    replace(old, made) {
        checkWord(toText(old));
        const list = words(this), at = list.indexOf(toText(old));
        checkWord(toText(made));
        if (at < 0)
            return false;
        list[at] = toText(made);
        write(this, [...new Set(list)].join(" "));
        return true;
    }
    supports() { return true; }
    toString() { return this.value; }
    forEach(callback, self) { words(this).forEach((word, index) => callback.call(self, word, index, this)); }
    entries() { return words(this).entries(); }
    keys() { return words(this).keys(); }
    values() { return words(this).values(); }
    [Symbol.iterator]() { return words(this).values(); }
}
expose(DOMTokenList);
const read = list => $.attribute(idOf(tokens.get(list)[0]), tokens.get(list)[1]);
const write = (list, text) => setAttribute(idOf(tokens.get(list)[0]), tokens.get(list)[1], text);
const words = list => [...new Set((read(list) ?? "").split(/[ \t\n\f\r]+/).filter(word => word !== ""))];
function checkWord(word) {
    if (word === "")
        fail("SyntaxError", "The token provided must not be empty.");
    if (/[ \t\n\f\r]/.test(word))
        fail("InvalidCharacterError", "The token provided contains HTML space characters, which are not valid in tokens.");
    return word;
}
function change(list, given, how) {
    const all = words(list);
    for (const word of given.map(word => checkWord(toText(word))))
        how(all, word);
    if (all.length > 0 || read(list) !== null)
        write(list, all.join(" "));
}
const tokenHandler = {
    get: (target, key, receiver) => isIndex(key) ? target.item(Number(key)) ?? undefined : Reflect.get(target, key, receiver),
    has: (target, key) => isIndex(key) ? Number(key) < target.length : Reflect.has(target, key),
};
function tokenList(element, attribute) {
    const target = Object.create(DOMTokenList.prototype), proxy = new Proxy(target, tokenHandler);
    tokens.set(target, [element, attribute]);
    tokens.set(proxy, [element, attribute]);
    return proxy;
}

// What an element has one of, made when it is asked for.
function keptBy(make) {
    const all = new WeakMap();
    return element => {
        let kept = all.get(element);
        if (kept === undefined)
            all.set(element, kept = make(element));
        return kept;
    };
}
const attributesOf = keptBy(mapOf);
const classesOf = keptBy(element => tokenList(element, "class"));

// --- data-... ---

const toDashes = key => "data-" + key.replace(/[A-Z]/g, letter => "-" + letter.toLowerCase());
class DOMStringMap {
    constructor(key) { illegal(); }
}
expose(DOMStringMap);
const dataOf = keptBy(element => new Proxy(Object.create(DOMStringMap.prototype), {
    get: (target, key) => typeof key === "symbol" ? Reflect.get(target, key)
        : $.attribute(idOf(element), toDashes(key)) ?? Reflect.get(target, key),
    has: (target, key) => typeof key === "string" && $.attribute(idOf(element), toDashes(key)) !== null,
    set(target, key, value) {
        if (/-[a-z]/.test(key))
            fail("SyntaxError", `'${key}' is not a valid property name.`);
        setAttribute(idOf(element), checkName(toDashes(key)), toText(value));
        return true;
    },
    deleteProperty(target, key) {
        removeAttribute(idOf(element), toDashes(key));
        return true;
    },
    ownKeys: () => [...attributesOf(element)].map(attr => attr.name).filter(name => /^data-[^A-Z]*$/.test(name))
        .map(name => name.slice(5).replace(/-([a-z])/g, (all, letter) => letter.toUpperCase())),
    getOwnPropertyDescriptor(target, key) {
        const value = typeof key === "string" ? $.attribute(idOf(element), toDashes(key)) : null;
        return value === null ? undefined : { value, enumerable: true, configurable: true, writable: true };
    },
}));

// --- Element ---

// Reads HTML in the place of an element, and gives the fragment's number.
function parseIn(id, text) {
    return $.parseFragment($.space(id), $.name(id), text);
}

function matches(id, text, scope) {
    const found = $.matches(id, toText(text), scope);
    if (found === undefined)
        fail("SyntaxError", `'${text}' is not a valid selector.`);
    return found;
}

class Element extends web.Node {
    get namespaceURI() {
        const space = $.space(idOf(this));
        return space === 0 ? null : $.spaceText(space);
    }
    get prefix() {
        const name = $.name(idOf(this));
        return !isHTML(idOf(this)) && name.includes(":") ? name.split(":")[0] : null;
    }
    get localName() {
        const name = $.name(idOf(this));
        return isHTML(idOf(this)) ? name : name.replace(/^[^:]*:/, "");
    }
    get tagName() {
        const id = idOf(this);
        return isHTML(id) ? upper($.name(id)) : $.name(id);
    }
    get id() { return $.attribute(idOf(this), "id") ?? ""; }
    set id(value) { setAttribute(idOf(this), "id", toText(value)); }
    get className() { return $.attribute(idOf(this), "class") ?? ""; }
    set className(value) { setAttribute(idOf(this), "class", toText(value)); }
    get classList() { return classesOf(this); }
    set classList(value) { classesOf(this).value = value; }
    get slot() { return $.attribute(idOf(this), "slot") ?? ""; }
    set slot(value) { setAttribute(idOf(this), "slot", toText(value)); }
    hasAttributes() { return $.attributeCount(idOf(this)) > 0; }
    get attributes() { return attributesOf(this); }
    getAttributeNames() { return [...attributesOf(this)].map(attr => attr.name); }
    getAttribute(name) {
        need(1, arguments.length, "getAttribute");
        return $.attribute(idOf(this), nameFor(idOf(this), name));
    }
    getAttributeNS(space, name) { return this.getAttributeNodeNS(space, name)?.value ?? null; }
    setAttribute(name, value) {
        need(2, arguments.length, "setAttribute");
        const id = idOf(this);
        setAttribute(id, nameFor(id, checkName(toText(name))), toText(value));
    }
    setAttributeNS(space, name, value) {
        need(3, arguments.length, "setAttributeNS");
        const number = space === null || space === "" ? 0 : $.spaceNumber(toText(space));
        setAttribute(idOf(this), checkName(toText(name)), toText(value), number);
    }
    removeAttribute(name) { removeAttribute(idOf(this), nameFor(idOf(this), name)); }
    removeAttributeNS(space, name) {
        const attr = this.getAttributeNodeNS(space, name);
        if (attr !== null)
            removeAttribute(idOf(this), attr.name);
    }
    toggleAttribute(name, force) {
        const id = idOf(this), key = nameFor(id, checkName(toText(name)));
        const has = $.attribute(id, key) !== null;
        if (has ? force !== true : force !== false)
            has ? removeAttribute(id, key) : setAttribute(id, key, "");
        return $.attribute(id, key) !== null;
    }
    hasAttribute(name) { return $.attribute(idOf(this), nameFor(idOf(this), name)) !== null; }
    hasAttributeNS(space, name) { return this.getAttributeNodeNS(space, name) !== null; }
    getAttributeNode(name) { return attrNamed(this, nameFor(idOf(this), name)); }
    getAttributeNodeNS(space, name) {
        return [...attributesOf(this)].find(attr => attr.namespaceURI === (space || null) && attr.localName === toText(name)) ?? null;
    }
    setAttributeNode(attr) {
        if (attr.ownerElement !== null && attr.ownerElement !== this)
            fail("InUseAttributeError", "The node provided is an attribute node that is already an attribute of another Element.");
        const old = attrNamed(this, attr.name), value = attr.value;
        if (old === attr)
            return attr;
        if (old !== null)
            web.attach(old, null);
        setAttribute(idOf(this), attr.name, value, web.spaceOfAttr(attr));
        web.attach(attr, this);
        attrs.get(this)?.set(attr.name, attr) ?? attrs.set(this, new Map([[attr.name, attr]]));
        return old;
    }
    setAttributeNodeNS(attr) { return this.setAttributeNode(attr); }
    removeAttributeNode(attr) {
        if (attr.ownerElement !== this)
            fail("NotFoundError", "The node provided is owned by another element.");
        web.attach(attr, null);
        attrs.get(this)?.delete(attr.name);
        removeAttribute(idOf(this), attr.name);
        return attr;
    }
    matches(text) { return matches(idOf(this), text, idOf(this)); }
    webkitMatchesSelector(text) { return this.matches(text); }
    closest(text) {
        const scope = idOf(this);
        for (let id = scope; id !== 0 && $.kind(id) === web.ELEMENT; id = $.parent(id))
            if (matches(id, text, scope))
                return wrap(id);
        return null;
    }
    getElementsByTagName(name) { return web.byTag(this, name); }
    getElementsByTagNameNS(space, name) { return web.byTag(this, name); }
    getElementsByClassName(names) { return web.byClass(this, names); }
    insertAdjacentElement(where, element) {
        return adjacent(this, where, idOf(web.needNode(element, "insertAdjacentElement"))) ? element : null;
    }
    insertAdjacentText(where, text) { adjacent(this, where, $.characters(web.TEXT, toText(text))); }
    insertAdjacentHTML(where, text) {
        const id = idOf(this), inside = /^(afterbegin|beforeend)$/i.test(where);
        const context = inside ? id : $.parent(id);
        if (context === 0 || $.kind(context) !== web.ELEMENT)
            fail("NoModificationAllowedError", "The element has no parent.");
        adjacent(this, where, parseIn(context, toText(text)));
    }
    get innerHTML() { return web.isXML(this) ? web.writeInner(this) : $.html(idOf(this), true); }
    set innerHTML(text) {
        const id = idOf(this), template = isHTML(id) && $.name(id) === "template";
        web.replaceAll(template ? $.contents(id) : id, parseIn(id, text === null ? "" : toText(text)));
        if (!template)
            web.upgradeIn(id);
    }
    get outerHTML() { return web.isXML(this) ? web.writeXML(this) : $.html(idOf(this), false); }
    set outerHTML(text) {
        const id = idOf(this), parent = $.parent(id);
        if (parent === 0)
            return;
        if ($.kind(parent) === web.DOCUMENT)
            fail("NoModificationAllowedError", "This element's parent is of type '#document', which is not an element node.");
        const fragment = $.kind(parent) === web.ELEMENT ? parseIn(parent, toText(text)) : $.parseFragment(HTML, "body", toText(text));
        const after = $.next(id);
        web.remove(id);
        web.insert(parent, fragment, after);
        web.discard(id);
    }
    getHTML() { return this.innerHTML; }
    setHTMLUnsafe(text) { this.innerHTML = text; }
    // Nothing is laid out: all boxes are empty and at the origin.
    getBoundingClientRect() { return new global.DOMRect(0, 0, 0, 0); }
    getClientRects() { return []; }
    checkVisibility() { return this.isConnected; }
    scrollIntoView() {}
    scroll() {}
    scrollTo(x, y) {
        this.scrollLeft = typeof x === "object" ? x.left ?? this.scrollLeft : x;
        this.scrollTop = typeof x === "object" ? x.top ?? this.scrollTop : y;
    }
    scrollBy(x, y) { this.scrollTo(this.scrollLeft + toNumber(x), this.scrollTop + toNumber(y)); }
    get scrollTop() { return scrolled.get(this)?.top ?? 0; }
    set scrollTop(value) { scrolled.set(this, { ...scrolled.get(this), top: toNumber(value) }); }
    get scrollLeft() { return scrolled.get(this)?.left ?? 0; }
    set scrollLeft(value) { scrolled.set(this, { ...scrolled.get(this), left: toNumber(value) }); }
    requestFullscreen() { return Promise.reject(new TypeError("Fullscreen request denied")); }
    setPointerCapture() {}
    releasePointerCapture() {}
    hasPointerCapture() { return false; }
    animate() { return { finished: Promise.resolve(), cancel() {}, play() {}, pause() {}, finish() {}, addEventListener() {} }; }
    getAnimations() { return []; }
}
const scrolled = new WeakMap();
for (const name of ["clientTop", "clientLeft", "clientWidth", "clientHeight", "scrollWidth", "scrollHeight"])
    Object.defineProperty(Element.prototype, name, { get() { idOf(this); return 0; }, configurable: true });

function adjacent(element, where, added) {
    const id = idOf(element), parent = $.parent(id);
    switch (lower(toText(where))) {
    case "beforebegin":
    case "afterend":
        if (parent === 0)
            return false;
        web.insertBefore(parent, added, lower(where) === "afterend" ? $.next(id) : id);
        return true;
    case "afterbegin":
        web.insertBefore(id, added, $.first(id));
        return true;
    case "beforeend":
        web.insertBefore(id, added, 0);
        return true;
    default:
        fail("SyntaxError", `The value provided ('${where}') is not one of 'beforeBegin', 'afterBegin', 'beforeEnd', or 'afterEnd'.`);
    }
}
web.mix(Element, web.child);
web.mix(Element, web.sibling);
web.mix(Element, web.parent);
expose(Element);
web.aria = ["role", "ariaLabel", "ariaHidden", "ariaExpanded", "ariaChecked", "ariaSelected", "ariaDisabled", "ariaCurrent",
    "ariaLive", "ariaPressed", "ariaValueNow", "ariaValueMin", "ariaValueMax", "ariaValueText", "ariaHasPopup"];
for (const name of web.aria) {
    const attribute = name === "role" ? name : "aria-" + name.slice(4).toLowerCase();
    Object.defineProperty(Element.prototype, name, {
        get() { return $.attribute(idOf(this), attribute); },
        set(value) { value === null ? removeAttribute(idOf(this), attribute) : setAttribute(idOf(this), attribute, toText(value)); },
        enumerable: true, configurable: true,
    });
}

Object.assign(web, {
    HTML, STARTED, isHTML, Element, Attr, setAttribute, removeAttribute, nameFor, checkName, tokenList, keptBy, dataOf, parseIn,
    attributeChanged() {},
});
}
