// Declarations of style: an element's own, as its style attribute has them, those of rules, and computed
// ones (CSSOM, 6.6 and 7.2).
"use strict"; {
const { $, web, global } = this;
const { expose, idOf, toText, lower, illegal, setAttribute } = web;

const toDashes = key => key === "cssFloat" ? "float" : key.replace(/^(webkit|Webkit|moz|Moz|ms)(?=[A-Z])/, "-$1").replace(/[A-Z]/g, letter => "-" + letter.toLowerCase());

// What a name of a property is: 0 for none, 1 for a longhand, 2 for a shorthand.
const kinds = new Map();
function kindOf(name) {
    let kind = kinds.get(name);
    if (kind === undefined)
        kinds.set(name, kind = $.cssProperty(name));
    return kind;
}
const isCustom = name => name.startsWith("--");
const nameOf = name => isCustom(name = toText(name)) ? name : lower(name);

// Declarations: from longhand to [value, priority]. Values that begin with \x01 are those of a shorthand
// with var() in it, which is not taken apart.
function put(all, name, value, important) {
    if (all.get(name)?.[1] === "important" && !important)
        return;
    all.delete(name);
    all.set(name, [value, important ? "important" : ""]);
}
function parse(text) {
    const all = new Map(), list = text === "" ? [] : $.cssBody(text, false);
    for (let i = 0; i < list.length; i += 3)
        put(all, list[i], list[i + 1], list[i + 2]);
    if ([...all.values()].some(([, priority]) => priority !== ""))
        return new Map([...all].sort((a, b) => (a[1][1] !== "") - (b[1][1] !== ""))); // important ones come last
    return all;
}
const flatten = all => [...all].flatMap(([name, [value, priority]]) => [name, value, priority !== ""]);
const write = all => all.size === 0 ? "" : $.cssWrite(flatten(all), "");

// What a declaration is of: get(name), names(), text(), and where it can be changed, change(map).
const states = new WeakMap();
const stateOf = style => states.get(style) ?? illegal();

// The state of declarations that read() gives as text and write(text) sets.
function written(read, write_) {
    let text, all;
    const declarations = () => {
        const now = read();
        if (now !== text || all === undefined) {
            text = now;
            all = parse(text);
        }
        return all;
    };
    const longhand = name => isCustom(name) ? name : $.cssSet(name)[0];
    return {
        text: () => write(declarations()),
        names: () => [...declarations().keys()],
        get(name) {
            if (kindOf(name) === 2)
                return ($.cssWrite(flatten(declarations()), name) ?? "").replace(/ !important$/, "");
            const value = isCustom(name) || kindOf(name) === 1 ? declarations().get(longhand(name))?.[0] ?? "" : "";
            return value.startsWith("\x01") ? "" : value;
        },
        priority(name) {
            if (kindOf(name) === 2)
                return ($.cssWrite(flatten(declarations()), name) ?? "").endsWith(" !important") ? "important" : "";
            return isCustom(name) || kindOf(name) === 1 ? declarations().get(longhand(name))?.[1] ?? "" : "";
        },
        change(name, value, important) {
            const list = isCustom(name) ? [name, value] : $.cssDeclare(name, value);
            if (list === null)
                return;
            const next = new Map(declarations());
            for (let i = 0; i < list.length; i += 2) {
                if (!next.has(list[i]))
                    next.delete(list[i]);
                next.set(list[i], [list[i + 1], important ? "important" : ""]);
            }
            this.store(next);
        },
        remove(name) {
            const next = new Map(declarations());
            let gone = false;
            for (const each of isCustom(name) ? [name] : kindOf(name) === 0 ? [] : $.cssSet(name))
                gone = next.delete(each) || gone;
            if (gone)
                this.store(next);
        },
        replace(value) { this.store(parse(value)); },
        store(next) {
            all = next;
            text = write(next);
            write_(text);
        },
    };
}

class CSSStyleDeclaration {
    constructor() { illegal(); }
    get cssText() { return stateOf(this).text(); }
    set cssText(text) { changeable(this).replace(toText(text)); }
    get length() { return stateOf(this).names().length; }
    item(index) { return stateOf(this).names()[index >>> 0] ?? ""; }
    getPropertyValue(name) { return stateOf(this).get(nameOf(name)); }
    getPropertyPriority(name) { return stateOf(this).priority?.(nameOf(name)) ?? ""; }
    setProperty(name, value, priority = "") {
        const state = changeable(this);
        name = nameOf(name);
        value = value === null ? "" : toText(value).trim();
        priority = priority === null ? "" : lower(toText(priority));
        if (value === "")
            state.remove(name);
        else if (priority === "" || priority === "important")
            state.change(name, value, priority !== "");
    }
    removeProperty(name) {
        const state = changeable(this), old = kindOf(nameOf(name)) === 2 ? "" : state.get(nameOf(name));
        state.remove(nameOf(name));
        return old;
    }
    get parentRule() { return stateOf(this).rule ?? null; }
    *[Symbol.iterator]() { yield* stateOf(this).names(); }
}
function changeable(style) {
    const state = stateOf(style);
    if (state.change === undefined)
        web.fail("NoModificationAllowedError", "These styles are computed, and therefore the property is read-only.");
    return state;
}
expose(CSSStyleDeclaration);

// Properties by the names that scripts use: style.fontSize, style["font-size"], style[0].
const handler = {
    get(target, key, receiver) {
        if (typeof key !== "string" || key in target)
            return Reflect.get(target, key, receiver);
        if (/^\d+$/.test(key))
            return target.item(Number(key)) || undefined;
        const name = toDashes(key);
        return kindOf(name) !== 0 ? target.getPropertyValue(name) : undefined;
    },
    has: (target, key) => key in target || (typeof key === "string" && kindOf(toDashes(key)) !== 0),
    set(target, key, value, receiver) {
        if (typeof key !== "string" || key in target || kindOf(toDashes(key)) === 0)
            return Reflect.set(target, key, value, receiver);
        target.setProperty(toDashes(key), value);
        return true;
    },
};

function makeStyle(state) {
    const target = Object.create(CSSStyleDeclaration.prototype), proxy = new Proxy(target, handler);
    states.set(target, state);
    states.set(proxy, state);
    return proxy;
}

Object.assign(web, {
    makeStyle, writtenStyle: (read, write, rule) => makeStyle(Object.assign(written(read, write), { rule })),
    styleOf: web.keptBy(element => {
        const id = idOf(element);
        return makeStyle(written(() => $.attribute(id, "style") ?? "",
            text => text === "" && $.attribute(id, "style") === null ? undefined : setAttribute(id, "style", text)));
    }),
});

// --- computed style ---

const names = $.cssNames().sort((a, b) => a.startsWith("-") - b.startsWith("-") || (a < b ? -1 : 1));
global.getComputedStyle = function getComputedStyle(element, pseudo = null) {
    if (!web.isNode(element) || element.nodeType !== web.ELEMENT)
        throw new TypeError("Failed to execute 'getComputedStyle' on 'Window': parameter 1 is not of type 'Element'.");
    const id = idOf(element), of = pseudo === null || pseudo === "" ? "" : toText(pseudo).replace(/^::?/, "");
    const get = name => {
        if (!web.isConnected(id))
            return "";
        web.flushStyle();
        return $.style(id, of, name);
    };
    return makeStyle({ get, names: () => web.isConnected(id) ? names : [], text: () => "" });
};
}
