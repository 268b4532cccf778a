// Declarations of style: an element's own, as its style attribute has them (CSSOM, 6.6).
(function ($, web, global) {
"use strict";
const { expose, idOf, toText, token, illegal, setAttribute, removeAttribute } = web;

const toDashes = key => key === "cssFloat" ? "float" : key.replace(/^(webkit|Webkit|moz|Moz|ms)(?=[A-Z])/, "-$1").replace(/[A-Z]/g, letter => "-" + letter.toLowerCase());

// Splits a text at a byte, but not within brackets, strings and comments.
function split(text, separator) {
    const parts = [];
    let depth = 0, quote = "", from = 0;
    for (let i = 0; i < text.length; i++) {
        const byte = text[i];
        if (byte === "\\") {
            i++;
        } else if (quote !== "") {
            quote = byte === quote ? "" : quote;
        } else if (byte === "\"" || byte === "'") {
            quote = byte;
        } else if (byte === "(" || byte === "[" || byte === "{") {
            depth++;
        } else if (byte === ")" || byte === "]" || byte === "}") {
            depth--;
        } else if (byte === separator && depth === 0) {
            parts.push(text.slice(from, i));
            from = i + 1;
        }
    }
    parts.push(text.slice(from));
    return parts;
}

// The declarations of a text: from name to [value, priority], later ones in the place of earlier.
function parse(text) {
    const all = new Map();
    for (const part of split(text.replace(/\/\*[^]*?(\*\/|$)/g, " "), ";")) {
        const at = part.indexOf(":");
        if (at < 0)
            continue;
        let name = part.slice(0, at).trim(), value = part.slice(at + 1).trim();
        name = name.startsWith("--") ? name : name.toLowerCase();
        const priority = /\s*!\s*important$/i.test(value) ? "important" : "";
        value = value.replace(/\s*!\s*important$/i, "").trim();
        if (/^(--[^\s]+|-?[a-z][a-z0-9-]*)$/.test(name) && (value !== "" || name.startsWith("--"))) {
            all.delete(name);
            all.set(name, [value, priority]);
        }
    }
    return all;
}

const write = all => [...all].map(([name, [value, priority]]) => `${name}: ${value}${priority === "" ? "" : " !important"};`).join(" ");

// What a declaration is of: read() gives its text, write(text) sets it.
const states = new WeakMap();
const stateOf = style => states.get(style) ?? illegal();
function declarations(style) {
    const state = stateOf(style), text = state.read();
    if (state.text !== text || state.all === undefined) {
        state.text = text;
        state.all = parse(text);
    }
    return state.all;
}
function store(style, all) {
    const state = stateOf(style);
    state.text = write(all);
    state.all = all;
    state.write(state.text);
}

class CSSStyleDeclaration {
    constructor() { illegal(); }
    get cssText() { return write(declarations(this)); }
    set cssText(text) { store(this, parse(toText(text))); }
    get length() { return declarations(this).size; }
    item(index) { return [...declarations(this).keys()][index >>> 0] ?? ""; }
    getPropertyValue(name) { return declarations(this).get(name.startsWith("--") ? name : toText(name).toLowerCase())?.[0] ?? ""; }
    getPropertyPriority(name) { return declarations(this).get(toText(name).toLowerCase())?.[1] ?? ""; }
    setProperty(name, value, priority = "") {
        name = toText(name);
        name = name.startsWith("--") ? name : name.toLowerCase();
        value = value === null ? "" : toText(value).trim();
        if (value === "") {
            this.removeProperty(name);
            return;
        }
        if (priority !== "" && String(priority).toLowerCase() !== "important")
            return;
        const made = parse(`${name}: ${value}`);
        if (made.size !== 1)
            return;
        const all = new Map(declarations(this));
        all.set(name, [made.get(name)?.[0] ?? value, priority === "" ? "" : "important"]);
        store(this, all);
    }
    removeProperty(name) {
        const all = new Map(declarations(this)), old = this.getPropertyValue(name);
        if (all.delete(toText(name)))
            store(this, all);
        return old;
    }
    get parentRule() { return null; }
    *[Symbol.iterator]() { yield* declarations(this).keys(); }
}
expose(CSSStyleDeclaration);

// Properties by the names that scripts use: style.fontSize, style["font-size"], style[0].
const handler = {
    get(target, key, receiver) {
        if (typeof key !== "string" || key in target)
            return Reflect.get(target, key, receiver);
        if (/^\d+$/.test(key))
            return target.item(Number(key));
        const name = toDashes(key), value = target.getPropertyValue(name);
        return value === "" && !known.has(name) ? undefined : value;
    },
    has: (target, key) => key in target || (typeof key === "string" && known.has(toDashes(key))),
    set(target, key, value, receiver) {
        if (typeof key !== "string" || key in target)
            return Reflect.set(target, key, value, receiver);
        target.setProperty(toDashes(key), value);
        return true;
    },
};
// Properties that there are; others read as undefined, which is how pages see what is supported.
const known = new Set(`accent-color align-content align-items align-self all animation animation-delay animation-direction animation-duration
    animation-fill-mode animation-iteration-count animation-name animation-play-state animation-timing-function appearance
    aspect-ratio backdrop-filter backface-visibility background background-attachment background-blend-mode background-clip
    background-color background-image background-origin background-position background-position-x background-position-y
    background-repeat background-size block-size border border-block border-block-end border-block-start border-bottom
    border-bottom-color border-bottom-left-radius border-bottom-right-radius border-bottom-style border-bottom-width
    border-collapse border-color border-image border-image-outset border-image-repeat border-image-slice border-image-source
    border-image-width border-inline border-inline-end border-inline-start border-left border-left-color border-left-style
    border-left-width border-radius border-right border-right-color border-right-style border-right-width border-spacing
    border-style border-top border-top-color border-top-left-radius border-top-right-radius border-top-style
    border-top-width border-width bottom box-decoration-break box-shadow box-sizing break-after break-before break-inside
    caption-side caret-color clear clip clip-path clip-rule color color-scheme column-count column-fill column-gap
    column-rule column-rule-color column-rule-style column-rule-width column-span column-width columns contain
    container container-name container-type content content-visibility counter-increment counter-reset counter-set cursor
    cx cy d direction display empty-cells fill fill-opacity fill-rule filter flex flex-basis flex-direction flex-flow
    flex-grow flex-shrink flex-wrap float flood-color flood-opacity font font-family font-feature-settings font-kerning
    font-optical-sizing font-size font-size-adjust font-stretch font-style font-synthesis font-variant font-variant-caps
    font-variant-ligatures font-variant-numeric font-variation-settings font-weight gap grid grid-area grid-auto-columns
    grid-auto-flow grid-auto-rows grid-column grid-column-end grid-column-gap grid-column-start grid-gap grid-row
    grid-row-end grid-row-gap grid-row-start grid-template grid-template-areas grid-template-columns grid-template-rows
    height hyphens image-orientation image-rendering inline-size inset inset-block inset-block-end inset-block-start
    inset-inline inset-inline-end inset-inline-start isolation justify-content justify-items justify-self left
    letter-spacing lighting-color line-break line-height list-style list-style-image list-style-position list-style-type
    margin margin-block margin-block-end margin-block-start margin-bottom margin-inline margin-inline-end
    margin-inline-start margin-left margin-right margin-top marker marker-end marker-mid marker-start mask mask-clip
    mask-composite mask-image mask-mode mask-origin mask-position mask-repeat mask-size mask-type max-block-size
    max-height max-inline-size max-width min-block-size min-height min-inline-size min-width mix-blend-mode object-fit
    object-position offset offset-distance offset-path offset-rotate opacity order orphans outline outline-color
    outline-offset outline-style outline-width overflow overflow-anchor overflow-wrap overflow-x overflow-y
    overscroll-behavior overscroll-behavior-x overscroll-behavior-y padding padding-block padding-block-end
    padding-block-start padding-bottom padding-inline padding-inline-end padding-inline-start padding-left padding-right
    padding-top page page-break-after page-break-before page-break-inside paint-order perspective perspective-origin
    place-content place-items place-self pointer-events position quotes r resize right rotate row-gap ruby-position rx ry
    scale scroll-behavior scroll-margin scroll-padding scroll-snap-align scroll-snap-stop scroll-snap-type scrollbar-color
    scrollbar-gutter scrollbar-width shape-image-threshold shape-margin shape-outside shape-rendering speak stop-color
    stop-opacity stroke stroke-dasharray stroke-dashoffset stroke-linecap stroke-linejoin stroke-miterlimit
    stroke-opacity stroke-width tab-size table-layout text-align text-align-last text-anchor text-combine-upright
    text-decoration text-decoration-color text-decoration-line text-decoration-skip-ink text-decoration-style
    text-decoration-thickness text-emphasis text-emphasis-color text-emphasis-position text-emphasis-style text-indent
    text-orientation text-overflow text-rendering text-shadow text-size-adjust text-transform text-underline-offset
    text-underline-position text-wrap top touch-action transform transform-box transform-origin transform-style transition
    transition-behavior transition-delay transition-duration transition-property transition-timing-function translate
    unicode-bidi user-select vector-effect vertical-align view-transition-name visibility white-space widows width
    will-change word-break word-spacing word-wrap writing-mode x y z-index zoom -webkit-animation -webkit-appearance
    -webkit-background-clip -webkit-box-orient -webkit-box-shadow -webkit-font-smoothing -webkit-line-clamp
    -webkit-mask -webkit-mask-image -webkit-tap-highlight-color -webkit-text-fill-color -webkit-text-stroke
    -webkit-transform -webkit-transform-origin -webkit-transition -webkit-transition-duration -webkit-user-select`.split(/\s+/));

function makeStyle(read, write) {
    const target = Object.create(CSSStyleDeclaration.prototype), proxy = new Proxy(target, handler);
    const state = { read, write };
    states.set(target, state);
    states.set(proxy, state);
    return proxy;
}

Object.assign(web, {
    styleOf: web.keptBy(element => {
        const id = idOf(element);
        return makeStyle(() => $.attribute(id, "style") ?? "",
            text => text === "" && $.attribute(id, "style") === null ? undefined : setAttribute(id, "style", text));
    }),
});
})
