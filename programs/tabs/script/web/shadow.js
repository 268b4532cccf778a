// Shadow trees and slots (DOM standard, 4.2.2 and 4.8): a tree of its own, which its host holds. What is
// not here: trees declared in HTML (shadowrootmode), and slots given by hand.
"use strict"; {
const { $, web, global } = this;
const { expose, fail, idOf, isNode, wrap, toText, lower, token, illegal, FRAGMENT, ELEMENT, TEXT } = web;

const roots = new WeakMap(); // from host to its shadow root
const hosts = new WeakMap(); // from shadow root to its host
let any = false;

const may = /^(article|aside|blockquote|body|div|footer|h[1-6]|header|main|nav|p|section|span)$/;

class ShadowRoot extends global.DocumentFragment {
    #mode; #options;
    constructor(key, mode, options) {
        if (key !== token)
            illegal();
        super();
        this.#mode = mode;
        this.#options = options;
    }
    get mode() { return this.#mode; }
    get host() { return hosts.get(this); }
    get delegatesFocus() { return Boolean(this.#options.delegatesFocus); }
    get slotAssignment() { return "named"; }
    get clonable() { return Boolean(this.#options.clonable); }
    get serializable() { return Boolean(this.#options.serializable); }
    get innerHTML() { return $.html(idOf(this), true); }
    set innerHTML(text) {
        web.replaceAll(idOf(this), $.parseFragment(web.HTML, "template", text === null ? "" : toText(text)));
        web.upgradeIn(idOf(this));
    }
    getHTML() { return this.innerHTML; }
    setHTMLUnsafe(text) { this.innerHTML = text; }
    get activeElement() {
        const focused = web.pageState.focused;
        return focused !== null && focused.getRootNode() === this ? focused : null;
    }
    elementFromPoint() { return null; }
    elementsFromPoint() { return []; }
    getSelection() { return global.getSelection(); }
    getAnimations() { return []; }
    cloneNode() { fail("NotSupportedError", "ShadowRoot nodes are not clonable."); }
}
expose(ShadowRoot);
web.handlers(ShadowRoot, ["slotchange"]);

web.hostOf = any_id => {
    if (!any || $.kind(any_id) !== FRAGMENT)
        return undefined;
    const object = web.known(any_id);
    return object === undefined ? undefined : hosts.get(object);
};
// The root of a node's tree, out of shadow trees.
web.composedRoot = id => {
    for (;;) {
        const root = $.root(id), host = web.hostOf(root);
        if (host === undefined)
            return root;
        id = idOf(host);
    }
};
web.isConnected = id => web.composedRoot(id) === web.documentId;
// Calls for a tree, and for the shadow trees of what is in it.
web.eachTree = (id, visit) => {
    visit(id);
    if (any)
        for (const each of $.wrapped(id)) {
            const object = web.known(each), root = object === undefined ? undefined : roots.get(object);
            if (root !== undefined)
                web.eachTree(idOf(root), visit);
        }
};
web.shadowOf = element => roots.get(element);

// --- slots ---

const slotName = id => $.attribute(id, "name") ?? "";
function slotFor(id) {
    const parent = $.parent(id), kind = $.kind(id);
    const host = parent !== 0 && (kind === ELEMENT || kind === TEXT) ? web.known(parent) : undefined;
    const root = host === undefined ? undefined : roots.get(host);
    if (root === undefined)
        return undefined;
    const name = kind === ELEMENT ? $.attribute(id, "slot") ?? "" : "";
    return $.elements(idOf(root), "slot", "slot", false).find(slot => slotName(slot) === name);
}
function assigned(slot) {
    const id = idOf(slot), host = web.hostOf($.root(id));
    return host === undefined ? [] : web.childrenOf(idOf(host)).filter(child => slotFor(child) === id);
}
function flat(slot) {
    const own = assigned(slot);
    const list = own.length > 0 || web.hostOf($.root(idOf(slot))) === undefined ? own
        : web.childrenOf(idOf(slot)).filter(id => $.kind(id) === ELEMENT || $.kind(id) === TEXT);
    return list.flatMap(id => $.kind(id) === ELEMENT && $.name(id) === "slot" && web.hostOf($.root(id)) !== undefined ? flat(wrap(id)) : [id]);
}
web.mix(global.HTMLSlotElement, {
    assignedNodes(options) { return (options?.flatten ? flat(this) : assigned(this)).map(wrap); },
    assignedElements(options) { return this.assignedNodes(options).filter(node => node.nodeType === ELEMENT); },
    assign() { fail("NotSupportedError", "Slots are assigned by name."); },
});
const signalled = new Set();
function signal(slot) {
    if (slot === undefined)
        return;
    if (signalled.size === 0)
        Promise.resolve().then(() => {
            const slots = [...signalled];
            signalled.clear();
            for (const each of slots)
                web.dispatch(each, web.trust(new global.Event("slotchange", { bubbles: true })));
        });
    signalled.add(wrap(slot));
}
const named = (host, name) => $.elements(idOf(roots.get(host)), "slot", "slot", false).find(slot => slotName(slot) === name);
web.also("inserted", (nodes, parent) => {
    if (any && roots.has(web.known(parent)))
        nodes.forEach(id => signal(slotFor(id)));
});
web.also("leaving", id => {
    if (any)
        signal(slotFor(id));
});
web.also("attributeChanged", (id, name, old, value) => {
    if (!any || name !== "slot" || $.parent(id) === 0 || !roots.has(web.known($.parent(id))))
        return;
    const host = web.known($.parent(id));
    signal(named(host, old ?? ""));
    signal(named(host, value ?? ""));
});
const openSlot = id => {
    const slot = any ? slotFor(id) : undefined;
    return slot === undefined || wrap($.root(slot)).mode === "closed" ? null : wrap(slot);
};
for (const type of [global.Element, global.Text])
    Object.defineProperty(type.prototype, "assignedSlot", { get() { return openSlot(idOf(this)); }, enumerable: true, configurable: true });

web.mix(global.Element, {
    attachShadow(options) {
        const id = idOf(this), name = $.name(id), mode = options?.mode;
        if (mode !== "open" && mode !== "closed")
            throw new TypeError("Failed to execute 'attachShadow' on 'Element': The provided value is not a valid enum value of type ShadowRootMode.");
        if ($.space(id) !== web.HTML || !(may.test(name) || name.includes("-")))
            fail("NotSupportedError", "Failed to execute 'attachShadow' on 'Element': This element does not support attachShadow");
        if (roots.has(this))
            fail("NotSupportedError", "Failed to execute 'attachShadow' on 'Element': Shadow root cannot be created on a host which already hosts a shadow tree.");
        const root = new ShadowRoot(token, mode, options);
        any = true;
        roots.set(this, root);
        hosts.set(root, this);
        return root;
    },
    get shadowRoot() {
        const root = roots.get(this);
        return root === undefined || root.mode === "closed" ? null : root;
    },
});
web.mix(web.Node, {
    getRootNode(options) { return wrap(options?.composed ? web.composedRoot(idOf(this)) : $.root(idOf(this))); },
    get isConnected() { return $.kind(web.composedRoot(idOf(this))) === web.DOCUMENT; },
});

// What comes into the document with a host comes with its shadow tree.
web.freshIn = (id, customs) => {
    const found = $.fresh(id, 0, customs);
    if (any)
        for (const each of $.wrapped(id)) {
            const object = web.known(each), root = object === undefined ? undefined : roots.get(object);
            if (root !== undefined)
                found.push(...web.freshIn(idOf(root), customs));
        }
    return found;
};
}
