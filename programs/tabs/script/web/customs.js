// Custom elements (HTML standard, 4.13): autonomous ones. Reactions come when the change that brings them
// is over. An element of the document is made before its attributes and children are told of, as one
// that is upgraded; those that extend a built-in element stay as they are.
"use strict"; {
const { $, web, global } = this;
const { expose, fail, idOf, wrap, toText, token, illegal, HTML } = web;

const byName = new Map();  // from name to definition
const byType = new Map();  // from constructor to definition
const awaited = new Map(); // from name to the promise of whenDefined
const states = new WeakMap(); // from element to its definition, or to null where its constructor has thrown
const present = new WeakSet(); // elements that were told that they are connected
const making = []; // elements that are being upgraded, innermost last

web.customType = name => byName.get(name)?.type;
web.construct = (object, type) => {
    const definition = byType.get(type);
    if (definition === undefined)
        illegal();
    const upgraded = making.at(-1);
    if (upgraded?.definition === definition && upgraded.element !== null) {
        const { element } = upgraded;
        upgraded.element = null;
        Object.setPrototypeOf(element, type.prototype);
        return element;
    }
    const made = web.adopt($.element(HTML, definition.name), Object.create(type.prototype));
    states.set(made, definition);
    return made;
};

function react(element, name, ...values) {
    const callback = states.get(element)?.[name];
    if (callback !== undefined)
        web.guard(() => callback.apply(element, values));
}

function upgrade(element, definition) {
    if (states.has(element))
        return;
    states.set(element, definition);
    making.push({ element, definition });
    try {
        const made = new definition.type();
        if (made !== element)
            throw new TypeError("The custom element constructor did not produce the element being upgraded.");
    } catch (error) {
        states.set(element, null);
        web.report(error);
        return;
    } finally {
        making.pop();
    }
    for (const name of element.getAttributeNames())
        if (definition.observed.has(name))
            react(element, "attributeChangedCallback", name, null, element.getAttribute(name), null);
}

web.connectCustom = id => {
    const definition = byName.get($.name(id));
    if (definition === undefined || $.space(id) !== HTML)
        return;
    const element = wrap(id);
    upgrade(element, definition);
    if (!states.get(element) || present.has(element))
        return;
    present.add(element);
    react(element, "connectedCallback");
};
function disconnect(id) {
    for (const each of $.fresh(id, 0, true)) {
        const element = $.name(each).includes("-") ? web.known(each) : undefined;
        if (element !== undefined && present.delete(element))
            react(element, "disconnectedCallback");
    }
}
let customs = false;
web.also("removed", (id, root) => {
    if (customs && web.isConnected(root))
        web.eachTree(id, disconnect);
});
web.also("attributeChanged", (id, name, old, value) => {
    if (!customs || !$.name(id).includes("-"))
        return;
    const element = web.known(id);
    if (element !== undefined && states.get(element)?.observed.has(name))
        react(element, "attributeChangedCallback", name, old, value, null);
});
web.createElement = name => {
    const definition = byName.get(name);
    if (definition === undefined)
        return wrap($.element(HTML, name));
    try {
        return new definition.type();
    } catch (error) {
        web.report(error);
        return Object.setPrototypeOf(wrap($.element(HTML, name)), global.HTMLUnknownElement.prototype);
    }
};
// Makes what there is in a tree custom elements, but in the contents of a template.
web.upgradeIn = top => {
    if (!customs || web.isHeld($.root(top)))
        return;
    for (const id of $.fresh(top, 0, true)) {
        const definition = byName.get($.name(id));
        if (definition !== undefined && $.space(id) === HTML)
            upgrade(wrap(id), definition);
    }
};
web.also("cloned", (from, copy) => {
    if (!web.isHeld($.root(from)))
        web.upgradeIn(copy);
});

const valid = /^[a-z][-.\w\u00b7\u00c0-\uffff]*-[-.\w\u00b7\u00c0-\uffff]*$/;
const reserved = new Set(["annotation-xml", "color-profile", "font-face", "font-face-src", "font-face-uri", "font-face-format", "font-face-name", "missing-glyph"]);
const isValid = name => valid.test(name) && !/[A-Z]/.test(name) && !reserved.has(name);

class CustomElementRegistry {
    constructor(key) { if (key !== token) illegal(); }
    define(name, type, options) {
        name = toText(name);
        if (typeof type !== "function")
            throw new TypeError("Failed to execute 'define' on 'CustomElementRegistry': parameter 2 is not of type 'Function'.");
        if (!isValid(name))
            fail("SyntaxError", `Failed to execute 'define' on 'CustomElementRegistry': "${name}" is not a valid custom element name`);
        if (byName.has(name))
            fail("NotSupportedError", `Failed to execute 'define' on 'CustomElementRegistry': the name "${name}" has already been used with this registry`);
        if (byType.has(type))
            fail("NotSupportedError", "Failed to execute 'define' on 'CustomElementRegistry': this constructor has already been used with this registry");
        if (options?.extends !== undefined)
            return; // a built-in element with this name in `is` stays as it is
        const definition = { name, type, observed: new Set() };
        for (const callback of ["connectedCallback", "disconnectedCallback", "adoptedCallback", "attributeChangedCallback"]) {
            const found = type.prototype[callback];
            if (found !== undefined)
                definition[callback] = found;
        }
        if (definition.attributeChangedCallback !== undefined)
            for (const observed of type.observedAttributes ?? [])
                definition.observed.add(toText(observed));
        byName.set(name, definition);
        byType.set(type, definition);
        customs = web.hasCustoms = true;
        if (web.documentId !== 0)
            web.eachTree(web.documentId, id => $.elements(id, name, name, false).forEach(web.connectCustom));
        awaited.get(name)?.resolve(type);
        awaited.delete(name);
    }
    get(name) { return byName.get(toText(name))?.type; }
    getName(type) { return byType.get(type)?.name ?? null; }
    whenDefined(name) {
        name = toText(name);
        if (!isValid(name))
            return Promise.reject(new global.DOMException(`"${name}" is not a valid custom element name`, "SyntaxError"));
        if (byName.has(name))
            return Promise.resolve(byName.get(name).type);
        if (!awaited.has(name)) {
            const entry = {};
            entry.promise = new Promise(resolve => { entry.resolve = resolve; });
            awaited.set(name, entry);
        }
        return awaited.get(name).promise;
    }
    upgrade(root) { web.upgradeIn(idOf(root)); }
}
expose(CustomElementRegistry);
const registry = new CustomElementRegistry(token);
Object.defineProperty(global, "customElements", { get: () => registry, enumerable: true, configurable: true });
// What elements are in that selectors ask for, in the order of css_state.
web.entry.state = (id, state) => {
    const element = wrap(id), { focused, url } = web.pageState;
    switch (state) {
    case 2: return element === focused;
    case 3: return focused !== null && $.within(idOf(focused), id);
    case 4: return url.includes("#") && $.attribute(id, "id") === web.unescape(/#(.*)$/s.exec(url)[1]);
    case 5: return $.name(id) === "option" ? element.selected : element.checked;
    case 6: return $.name(id) === "progress" ? element.position < 0 : element.type === "radio" ? !web.isGroupChecked(element) : element.indeterminate === true;
    case 7: return web.isValid(element);
    case 8: return element.value === "";
    case 9: return web.isDefined(id);
    default: return false;
    }
};
web.unescape = text => { try { return decodeURIComponent(text); } catch { return text; } };
web.isDefined = id => !$.name(id).includes("-") || byName.has($.name(id));
}
