// Style sheets and their rules for scripts (CSSOM, 6), media queries (CSSOM View, 4.2), and which sheets
// a document has. What a sheet says is looked at when somebody asks about it, or about computed style.
"use strict"; {
const { $, web, global } = this;
const { expose, fail, idOf, wrap, toText, token, illegal, constants } = web;

// --- which sheets apply ---

const sheets = new WeakMap(); // from an element to its sheet
let version = -1, changed = true, applied = [];
const handleOf = sheet => own(sheet).handle;
function change() { changed = true; }

// A sheet of the text that an element has now; the old one while that is the same.
function sheetOf(id) {
    const element = wrap(id), old = sheets.get(element);
    if ($.name(id) !== "style")
        return old ?? null;
    const type = $.attribute(id, "type");
    if (type !== null && type !== "" && web.lower(type) !== "text/css")
        return null;
    if (old !== undefined && $.sheetFollows(own(old).handle, id))
        return old;
    const made = makeSheet($.sheet($.text(id)), { element });
    if (old !== undefined)
        own(old).element = null;
    sheets.set(element, made);
    return made;
}
function documentSheets() {
    return $.select(web.documentId, "style, link", false).map(sheetOf).filter(sheet => sheet !== null);
}
function collect(list, sheet, layer) {
    const state = own(sheet);
    if (state.disabled || !$.mediaHolds(mediaOf(state)))
        return;
    for (const { sheet: inner, layer: name } of importsOf(sheet))
        collect(list, inner, layer === "" ? name : name === "" ? layer : `${layer}.${name}`);
    list.push(state.handle, layer);
}
web.flushStyle = () => {
    if (!changed && $.version() === version)
        return;
    const list = [];
    for (const sheet of [...documentSheets(), ...adopted])
        collect(list, sheet, "");
    if (changed || list.length !== applied.length || list.some((entry, at) => entry !== applied[at])) {
        applied = list; // which holds the sheets while they are applied
        $.applySheets(list);
    }
    changed = false;
    version = $.version();
};

// Of a link, when it has loaded; text null: it has none.
web.sheetLoaded = (element, text, url) => {
    change();
    if (sheets.has(element))
        own(sheets.get(element)).element = null;
    if (text === null)
        sheets.delete(element);
    else
        sheets.set(element, makeSheet($.sheet(text), { element, url }));
    if (text !== null && /@import/i.test(text))
        importsOf(sheets.get(element));
};

// The sheets that a sheet imports, which are fetched when they are first asked for.
function importsOf(sheet) {
    const state = own(sheet);
    if (state.imports === undefined) {
        state.imports = [];
        const list = $.sheetRules(state.handle, 0);
        for (let i = 0; i < list.length && (list[i + 1] === IMPORT || list[i + 1] === LAYER_STATEMENT); i += 2)
            if (list[i + 1] === IMPORT)
                state.imports.push(beginImport(sheet, $.sheetText(state.handle, list[i], false)));
    }
    return state.imports.filter(({ sheet: inner, supports }) => inner !== null && (supports === null || $.cssSupports(supports)));
}
function readImport(text) {
    const found = /^(?:url\(\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^"')\s]*))\s*\)|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')\s*([^]*)$/i.exec(text);
    if (found === null)
        return null;
    let rest = found[6].trim(), layer = "", layered = false, supports = null;
    const named = /^layer(?:\(\s*([^)]*?)\s*\))?(?=\s|$)/i.exec(rest);
    if (named !== null) {
        layered = true;
        layer = named[1] ?? "";
        rest = rest.slice(named[0].length).trim();
    }
    const condition = /^supports\(/i.exec(rest);
    if (condition !== null) {
        let depth = 1, at = condition[0].length;
        for (; at < rest.length && depth > 0; at++)
            depth += rest[at] === "(" ? 1 : rest[at] === ")" ? -1 : 0;
        supports = rest.slice(condition[0].length, at - 1);
        supports = /^\s*(\(|not\b|[-\w]+\()/i.test(supports) ? supports : `(${supports})`;
        rest = rest.slice(at).trim();
    }
    return { href: found.slice(1, 6).find(part => part !== undefined), layer, layered, supports, media: rest };
}
let anonymous = 0;
function beginImport(sheet, text) {
    const state = own(sheet), read = readImport(text), base = state.url ?? web.baseURL();
    const url = read === null ? null : web.resolve(read.href, base);
    const entry = { sheet: null, layer: "", supports: null, read, url };
    for (let at = sheet; at !== null; at = own(at).parent)
        if (own(at).url === url)
            return entry; // it imports itself
    if (url === null || web.request === undefined)
        return entry;
    entry.layer = read.layered && read.layer === "" ? ` ${anonymous++}` : read.layer;
    entry.supports = read.supports;
    const done = web.delayLoad();
    const take = answer => {
        if (web.isOk(answer)) {
            entry.sheet = makeSheet($.sheet(answer.body), { url, parent: sheet, media: read.media });
            importsOf(entry.sheet);
            change();
        }
        done();
    };
    web.areSheetsAwaited() ? take(web.requestNow(web.FETCH_STYLE, { url })) : web.request(web.FETCH_STYLE, { url }, take);
    return entry;
}

// --- lists ---

// A list of what get() gives, by index.
const lists = new WeakMap();
const listHandler = {
    get: (target, key, receiver) => typeof key === "string" && /^\d+$/.test(key) ? lists.get(target)()[key] : Reflect.get(target, key, receiver),
    has: (target, key) => typeof key === "string" && /^\d+$/.test(key) ? Number(key) < lists.get(target)().length : Reflect.has(target, key),
    ownKeys: target => [...lists.get(target)().keys()].map(String).concat(Reflect.ownKeys(target)),
    getOwnPropertyDescriptor(target, key) {
        const value = typeof key === "string" && /^\d+$/.test(key) ? lists.get(target)()[key] : undefined;
        return value === undefined ? Reflect.getOwnPropertyDescriptor(target, key) : { value, enumerable: true, configurable: true, writable: false };
    },
};
function makeList(type, get) {
    const list = Object.create(type.prototype), proxy = new Proxy(list, listHandler);
    lists.set(list, get);
    lists.set(proxy, get);
    return proxy;
}
const listOf = list => (lists.get(list) ?? illegal())();
class CSSRuleList {
    constructor() { illegal(); }
    get length() { return listOf(this).length; }
    item(index) { return listOf(this)[index >>> 0] ?? null; }
    [Symbol.iterator]() { return listOf(this)[Symbol.iterator](); }
}
class StyleSheetList {
    constructor() { illegal(); }
    get length() { return listOf(this).length; }
    item(index) { return listOf(this)[index >>> 0] ?? null; }
    [Symbol.iterator]() { return listOf(this)[Symbol.iterator](); }
}
class MediaList {
    constructor() { illegal(); }
    get mediaText() { return $.mediaText(listOf(this).get()); }
    set mediaText(text) { listOf(this).set(text === null ? "" : toText(text)); }
    get length() { return mediaParts(this).length; }
    item(index) { return mediaParts(this)[index >>> 0] ?? null; }
    appendMedium(text) {
        const parts = mediaParts(this), made = $.mediaText(toText(text));
        if (!parts.includes(made))
            listOf(this).set([...parts, made].join(", "));
    }
    deleteMedium(text) {
        const parts = mediaParts(this), at = parts.indexOf($.mediaText(toText(text)));
        if (at < 0)
            fail("NotFoundError", `Failed to delete '${text}'.`);
        listOf(this).set(parts.toSpliced(at, 1).join(", "));
    }
    toString() { return this.mediaText; }
    *[Symbol.iterator]() { yield* mediaParts(this); }
}
const mediaParts = list => list.mediaText === "" ? [] : list.mediaText.split(", ");
const makeMedia = access => {
    const list = Object.create(MediaList.prototype), proxy = new Proxy(list, mediaHandler);
    lists.set(list, () => access);
    lists.set(proxy, () => access);
    return proxy;
};
const mediaHandler = {
    get: (target, key, receiver) => typeof key === "string" && /^\d+$/.test(key) ? mediaParts(target)[key] : Reflect.get(target, key, receiver),
};
for (const type of [CSSRuleList, StyleSheetList, MediaList])
    expose(type);

// --- sheets ---

const IMPORT = 3, LAYER_STATEMENT = 101;
const states = new WeakMap();
const own = object => states.get(object) ?? illegal();
const mediaOf = state => state.element ? $.attribute(idOf(state.element), "media") ?? "" : state.media ?? "";

function makeSheet(handle, { element = null, url = null, parent = null, media = "", made = false }) {
    const sheet = Object.create(CSSStyleSheet.prototype);
    states.set(sheet, { handle, element, url, parent, media, made, disabled: false, rules: new Map(), lists: new Map() });
    return sheet;
}

class StyleSheet {
    constructor() { illegal(); }
    get type() { return own(this), "text/css"; }
    get href() { return own(this).url; }
    get ownerNode() { return own(this).element; }
    get parentStyleSheet() { return own(this).parent; }
    get title() { const { element } = own(this); return element === null ? null : $.attribute(idOf(element), "title"); }
    get media() {
        const state = own(this);
        return state.mediaList ??= makeMedia({
            get: () => mediaOf(state),
            set(text) {
                state.element ? web.setAttribute(idOf(state.element), "media", text) : state.media = text;
                change();
            },
        });
    }
    set media(text) { this.media.mediaText = text; }
    get disabled() { return own(this).disabled; }
    set disabled(value) {
        own(this).disabled = Boolean(value);
        change();
    }
}
class CSSStyleSheet extends StyleSheet {
    constructor({ media = "", disabled = false } = {}) {
        const sheet = makeSheet($.sheet(""), { made: true, media: typeof media === "string" ? media : media.mediaText });
        own(sheet).disabled = Boolean(disabled);
        Object.setPrototypeOf(sheet, new.target.prototype);
        return sheet;
    }
    get ownerRule() { return own(this).ownerRule ?? null; }
    get cssRules() { return rulesOf(this, 0); }
    get rules() { return this.cssRules; }
    insertRule(text, index = 0) { return insertRule(this, 0, toText(text), index); }
    deleteRule(index) { deleteRule(this, 0, index); }
    addRule(selector = "undefined", body = "undefined", index = this.cssRules.length) {
        this.insertRule(`${selector} { ${body} }`, index);
        return -1;
    }
    removeRule(index = 0) { this.deleteRule(index); }
    replaceSync(text) {
        const state = own(this);
        if (!state.made)
            fail("NotAllowedError", "Can't call replaceSync on non-constructed CSSStyleSheets.");
        $.sheetReplace(state.handle, toText(text));
        state.rules.clear();
        state.imports = [];
        change();
    }
    replace(text) {
        try {
            this.replaceSync(text);
            return Promise.resolve(this);
        } catch (error) {
            return Promise.reject(error);
        }
    }
}
expose(StyleSheet);
expose(CSSStyleSheet);

// --- rules: an object for each that a script has asked for ---

function idsOf(sheet, parent) {
    return $.sheetRules(own(sheet).handle, parent);
}
function ruleOf(sheet, number, kind, parent) {
    const { rules } = own(sheet);
    let rule = rules.get(number);
    if (rule === undefined) {
        rule = Object.create((kinds[kind] ?? CSSRule).prototype);
        states.set(rule, { sheet, number, kind, parent });
        rules.set(number, rule);
    }
    return rule;
}
function rulesOf(sheet, parent) {
    const { lists: all } = own(sheet);
    if (!all.has(parent))
        all.set(parent, makeList(CSSRuleList, () => {
            const ids = idsOf(sheet, parent), rules = [];
            for (let i = 0; i < ids.length; i += 2)
                rules.push(ruleOf(sheet, ids[i], ids[i + 1], parent));
            return rules;
        }));
    return all.get(parent);
}
function insertRule(sheet, parent, text, index) {
    index >>>= 0;
    const { handle, made } = own(sheet), count = idsOf(sheet, parent).length / 2;
    if (index > count)
        fail("IndexSizeError", `The index provided (${index}) is larger than the maximum index (${count}).`);
    if (made && /^\s*@import/i.test(text))
        fail("SyntaxError", "Can't insert @import rules into a constructed stylesheet.");
    if ($.sheetInsert(handle, parent, index, text) <= 0)
        fail("SyntaxError", `Failed to parse the rule '${text}'.`);
    change();
    return index;
}
function deleteRule(sheet, parent, index) {
    index >>>= 0;
    const ids = idsOf(sheet, parent);
    if (index >= ids.length / 2)
        fail("IndexSizeError", `The index provided (${index}) is larger than the maximum index (${ids.length / 2 - 1}).`);
    const gone = own(sheet).rules.get(ids[2 * index]);
    $.sheetRemove(own(sheet).handle, ids[2 * index]);
    if (gone !== undefined)
        own(gone).gone = true;
    change();
}
const prelude = rule => $.sheetText(own(own(rule).sheet).handle, own(rule).number, false);
const body = rule => $.sheetText(own(own(rule).sheet).handle, own(rule).number, true);
const inside = rule => {
    const all = [...rulesOf(own(rule).sheet, own(rule).number)];
    return all.length === 0 ? "{\n}" : `{\n${all.map(each => "  " + each.cssText.replace(/\n/g, "\n  ") + "\n").join("")}}`;
};

class CSSRule {
    constructor() { illegal(); }
    get type() { const { kind } = own(this); return kind >= 100 ? 0 : kind; }
    get cssText() { return ""; }
    set cssText(text) {}
    get parentStyleSheet() { const state = own(this); return state.gone ? null : state.sheet; }
    get parentRule() { const state = own(this); return state.gone || state.parent === 0 ? null : own(state.sheet).rules.get(state.parent) ?? null; }
}
constants(CSSRule, { STYLE_RULE: 1, CHARSET_RULE: 2, IMPORT_RULE: 3, MEDIA_RULE: 4, FONT_FACE_RULE: 5, PAGE_RULE: 6, KEYFRAMES_RULE: 7,
    KEYFRAME_RULE: 8, NAMESPACE_RULE: 10, COUNTER_STYLE_RULE: 11, SUPPORTS_RULE: 12, FONT_FEATURE_VALUES_RULE: 14 });

// The declarations of a rule, whose names may be no properties.
function declarationsOf(rule, descriptors) {
    const state = own(rule);
    if (state.style === undefined) {
        const { handle } = own(state.sheet), read = () => $.sheetText(handle, state.number, true);
        state.style = descriptors ? web.makeStyle(Object.assign(descriptorsOf(read), { rule })) : web.writtenStyle(read, text => {
            $.sheetSetText(handle, state.number, true, text);
            change();
        }, rule);
    }
    return state.style;
}
function descriptorsOf(read) {
    const all = () => {
        const list = $.cssBody(read(), true), map = new Map();
        for (let i = 0; i < list.length; i += 3)
            map.set(web.lower(list[i]), list[i + 1]);
        return map;
    };
    return { get: name => all().get(name) ?? "", names: () => [...all().keys()],
        text: () => [...all()].map(([name, value]) => `${name}: ${value};`).join(" ") };
}
const block = text => text === "" ? "{ }" : `{ ${text} }`;

// Selectors as CSSOM writes them, from their text.
function selectorText(text) {
    const strings = [];
    text = text.replace(/\/\*[^]*?\*\//g, " ").replace(/"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'/g, (all, a, b) => `\x02${strings.push(JSON.stringify(a ?? b)) - 1}\x03`);
    text = text.replace(/\[[^\]]*\]/g, part => part.replace(/\s+/g, " ").replace(/\s*([~|^$*]?=)\s*/, "$1").replace(/\[\s+/, "[").replace(/\s+\]/, "]")
        .replace(/=([^\s\x02\]]+)/, (all, word) => `="${word}"`));
    text = text.replace(/\s+/g, " ").trim().replace(/(\\.)|\s*,\s*/g, (all, escaped) => escaped ?? ", ");
    text = text.replace(/(\\.|\[[^\]]*\]|:nth-[-a-z]*\([^)]*\))|\s*([>+~])\s*/gi, (all, kept, sign) => kept ?? ` ${sign} `).replace(/(^|\(|, )\s+(?=[>+~])/g, "$1");
    text = text.replace(/:nth-[-a-z]*\(\s*([^)]*?)\s*\)/gi, (all, what) => all.slice(0, all.indexOf("(") + 1).toLowerCase() +
        what.replace(/^even/i, "2n").replace(/^odd/i, "2n+1").replace(/\s*([+-])\s*(?=\d)/g, "$1").replace(/^\+/, "") + ")");
    text = text.replace(/(^|[^:]):(before|after|first-line|first-letter)\b/gi, (all, front, name) => `${front}::${name.toLowerCase()}`);
    text = text.replace(/(^|[\s>+~,(])\*(?=[.#:\[])/g, "$1");
    return text.replace(/\x02(\d+)\x03/g, (all, at) => strings[at]);
}

class CSSGroupingRule extends CSSRule {
    get cssRules() { return rulesOf(own(this).sheet, own(this).number); }
    insertRule(text, index = 0) { return insertRule(own(this).sheet, own(this).number, toText(text), index); }
    deleteRule(index) { deleteRule(own(this).sheet, own(this).number, index); }
}
class CSSStyleRule extends CSSGroupingRule {
    get selectorText() { return selectorText(prelude(this)); }
    set selectorText(text) {
        text = toText(text);
        if (!$.isSelectors(text))
            return;
        $.sheetSetText(own(own(this).sheet).handle, own(this).number, false, text);
        change();
    }
    get style() { return declarationsOf(this, false); }
    set style(text) { this.style.cssText = text; }
    get cssText() { return `${this.selectorText} ${block(this.style.cssText)}`; }
}
class CSSConditionRule extends CSSGroupingRule {
    get conditionText() { return prelude(this).replace(/\s+/g, " "); }
}
class CSSMediaRule extends CSSConditionRule {
    get conditionText() { return $.mediaText(prelude(this)); }
    get media() {
        const state = own(this);
        return state.media ??= makeMedia({
            get: () => prelude(this),
            set(text) {
                $.sheetSetText(own(state.sheet).handle, state.number, false, text);
                change();
            },
        });
    }
    set media(text) { this.media.mediaText = text; }
    get cssText() { return `@media ${this.conditionText} ${inside(this)}`; }
}
class CSSSupportsRule extends CSSConditionRule {
    get cssText() { return `@supports ${this.conditionText} ${inside(this)}`; }
}
class CSSContainerRule extends CSSConditionRule {
    get cssText() { return `@container ${this.conditionText} ${inside(this)}`; }
}
class CSSScopeRule extends CSSGroupingRule {
    get cssText() { return `@scope${prelude(this) === "" ? "" : " " + prelude(this)} ${inside(this)}`; }
}
class CSSStartingStyleRule extends CSSGroupingRule {
    get cssText() { return `@starting-style ${inside(this)}`; }
}
class CSSLayerBlockRule extends CSSGroupingRule {
    get name() { return prelude(this); }
    get cssText() { return `@layer${this.name === "" ? "" : " " + this.name} ${inside(this)}`; }
}
class CSSLayerStatementRule extends CSSRule {
    get nameList() { return Object.freeze(prelude(this).split(",").map(name => name.trim())); }
    get cssText() { return `@layer ${this.nameList.join(", ")};`; }
}
class CSSImportRule extends CSSRule {
    get href() { return readImport(prelude(this))?.href ?? ""; }
    get media() { return makeMedia({ get: () => readImport(prelude(this))?.media ?? "", set() {} }); }
    get layerName() { const read = readImport(prelude(this)); return read?.layered ? read.layer : null; }
    get supportsText() { return readImport(prelude(this))?.supports ?? null; }
    get styleSheet() { importsOf(own(this).sheet); return own(own(this).sheet).imports.find(({ read }) => read?.href === this.href)?.sheet ?? null; }
    get cssText() {
        const { layered, layer, supports, media } = readImport(prelude(this)) ?? {};
        return `@import url("${this.href}")${layered ? layer === "" ? " layer" : ` layer(${layer})` : ""}${supports ? ` supports(${supports})` : ""}${media ? " " + $.mediaText(media) : ""};`;
    }
}
class CSSFontFaceRule extends CSSRule {
    get style() { return declarationsOf(this, true); }
    get cssText() { return `@font-face ${block(this.style.cssText)}`; }
}
class CSSPageRule extends CSSGroupingRule {
    get selectorText() { return prelude(this); }
    get style() { return declarationsOf(this, false); }
    get cssText() { return `@page${prelude(this) === "" ? "" : " " + prelude(this)} ${block(this.style.cssText)}`; }
}
class CSSKeyframeRule extends CSSRule {
    get keyText() { return prelude(this).split(",").map(part => part.trim().replace(/^from$/i, "0%").replace(/^to$/i, "100%")).join(", "); }
    set keyText(text) { $.sheetSetText(own(own(this).sheet).handle, own(this).number, false, toText(text)); }
    get style() { return declarationsOf(this, false); }
    get cssText() { return `${this.keyText} ${block(this.style.cssText)}`; }
}
class CSSKeyframesRule extends CSSRule {
    get name() { return prelude(this).replace(/^(["'])(.*)\1$/, "$2"); }
    set name(text) { $.sheetSetText(own(own(this).sheet).handle, own(this).number, false, toText(text)); }
    get cssRules() { return rulesOf(own(this).sheet, own(this).number); }
    get length() { return this.cssRules.length; }
    appendRule(text) { insertRule(own(this).sheet, own(this).number, toText(text), this.length); }
    findRule(key) { return [...this.cssRules].findLast(rule => rule.keyText === key) ?? null; }
    deleteRule(key) {
        const at = [...this.cssRules].findLastIndex(rule => rule.keyText === key);
        if (at >= 0)
            deleteRule(own(this).sheet, own(this).number, at);
    }
    get cssText() {
        return `@keyframes ${this.name} { ${[...this.cssRules].map(rule => `\n  ${rule.cssText}`).join("")}\n}`;
    }
}
class CSSNamespaceRule extends CSSRule {
    get prefix() { return /^([-\w]+)\s/.exec(prelude(this))?.[1] ?? ""; }
    get namespaceURI() { return readImport(prelude(this).replace(/^[-\w]+\s+(?=["'u])/i, ""))?.href ?? ""; }
    get cssText() { return `@namespace ${this.prefix === "" ? "" : this.prefix + " "}url("${this.namespaceURI}");`; }
}
class CSSCounterStyleRule extends CSSRule {
    get name() { return prelude(this); }
    get cssText() { return `@counter-style ${this.name} ${block(descriptorsOf(() => body(this)).text())}`; }
}
class CSSPropertyRule extends CSSRule {
    get name() { return prelude(this); }
    get syntax() { return descriptorsOf(() => body(this)).get("syntax").replace(/^(["'])(.*)\1$/, "$2"); }
    get inherits() { return descriptorsOf(() => body(this)).get("inherits") === "true"; }
    get initialValue() { return descriptorsOf(() => body(this)).get("initial-value") || null; }
    get cssText() { return `@property ${this.name} ${block(descriptorsOf(() => body(this)).text())}`; }
}
const kinds = { 1: CSSStyleRule, 3: CSSImportRule, 4: CSSMediaRule, 5: CSSFontFaceRule, 6: CSSPageRule, 7: CSSKeyframesRule, 8: CSSKeyframeRule,
    10: CSSNamespaceRule, 11: CSSCounterStyleRule, 12: CSSSupportsRule, 100: CSSLayerBlockRule, 101: CSSLayerStatementRule,
    102: CSSContainerRule, 103: CSSPropertyRule, 104: CSSScopeRule, 105: CSSStartingStyleRule };
for (const type of [CSSRule, CSSGroupingRule, CSSConditionRule, ...Object.values(kinds)])
    expose(type);

// --- where sheets are found ---

let adopted = [];
const all = makeList(StyleSheetList, documentSheets);
Object.defineProperties(global.Document.prototype, {
    styleSheets: { get() { return all; }, enumerable: true, configurable: true },
    adoptedStyleSheets: {
        get() { return adoptedList; },
        set(list) {
            const next = [...list];
            if (next.some(sheet => !(sheet instanceof CSSStyleSheet)))
                throw new TypeError("Failed to convert value to 'CSSStyleSheet'.");
            if (next.some(sheet => !own(sheet).made))
                fail("NotAllowedError", "Can't adopt non-constructed stylesheets.");
            adopted = next;
            adoptedList = watched(adopted);
            change();
        }, enumerable: true, configurable: true,
    },
});
// An array of which each change is noted.
const watched = list => new Proxy(list, {
    set(target, key, value) { change(); return Reflect.set(target, key, value); },
    deleteProperty(target, key) { change(); return Reflect.deleteProperty(target, key); },
});
let adoptedList = watched(adopted);
for (const type of [global.HTMLStyleElement, global.HTMLLinkElement])
    Object.defineProperty(type.prototype, "sheet", {
        get() { return web.isConnected(idOf(this)) ? sheetOf(idOf(this)) : null; }, enumerable: true, configurable: true,
    });
Object.defineProperty(global.HTMLStyleElement.prototype, "disabled", {
    get() { return this.sheet?.disabled ?? false; },
    set(value) { if (this.sheet !== null) this.sheet.disabled = value; }, enumerable: true, configurable: true,
});

// --- CSS ---

global.CSS = {
    supports(name, ...values) {
        if (values.length === 0)
            return $.cssSupports(toText(name)) || $.cssSupports(`(${toText(name)})`);
        name = toText(name);
        return name.startsWith("--") || $.cssDeclare(name, toText(values[0])) !== null;
    },
    escape(text) {
        if (arguments.length === 0)
            throw new TypeError("1 argument required, but only 0 present.");
        text = toText(text);
        return Array.from(text, (character, at) => {
            const code = character.codePointAt(0);
            if (code === 0)
                return "\ufffd";
            if (code < 0x20 || code === 0x7f || (/\d/.test(character) && (at === 0 || (at === 1 && text[0] === "-"))))
                return `\\${code.toString(16)} `;
            return (text.length === 1 && character === "-") || !(code >= 0x80 || /[-\w]/.test(character)) ? "\\" + character : character;
        }).join("");
    },
};
Object.defineProperty(global.CSS, Symbol.toStringTag, { value: "CSS", configurable: true });
for (const unit of ["px", "em", "rem", "percent", "deg", "s", "ms", "vw", "vh", "number"])
    global.CSS[unit] = value => ({ value: Number(value), unit, toString: () => `${Number(value)}${unit === "percent" ? "%" : unit === "number" ? "" : unit}` });

// --- the viewport, and queries about it ---

const viewport = { width: 1280, height: 720, dark: false };
const fixed = (names, get) => {
    for (const name of names)
        Object.defineProperty(global, name, { get, set(value) { Object.defineProperty(global, name, { value, writable: true, configurable: true }); }, enumerable: true, configurable: true });
};
fixed(["innerWidth", "outerWidth"], () => viewport.width);
fixed(["innerHeight", "outerHeight"], () => viewport.height);
fixed(["devicePixelRatio"], () => 1);
if (global.screen === undefined)
    fixed(["screen"], () => ({ width: viewport.width, height: viewport.height, availWidth: viewport.width, availHeight: viewport.height,
        availLeft: 0, availTop: 0, colorDepth: 24, pixelDepth: 24, orientation: { type: "landscape-primary", angle: 0 } }));

const queries = new Set(); // weak references to those that somebody listens to
class MediaQueryList extends web.EventTarget {
    #text; #held; #onchange = null;
    constructor(key, text) {
        if (key !== token)
            illegal();
        super();
        this.#text = text;
        this.#held = $.mediaHolds(text);
    }
    get media() { return $.mediaText(this.#text); }
    get matches() { return $.mediaHolds(this.#text); }
    get onchange() { return this.#onchange; }
    set onchange(listener) {
        if (this.#onchange !== null)
            this.removeEventListener("change", this.#onchange);
        this.#onchange = typeof listener === "function" ? listener : null;
        if (this.#onchange !== null)
            this.addEventListener("change", this.#onchange);
    }
    addEventListener(...values) {
        queries.add(this);
        super.addEventListener(...values);
    }
    addListener(listener) { if (listener) this.addEventListener("change", listener); }
    removeListener(listener) { if (listener) this.removeEventListener("change", listener); }
    static tell(list) {
        const now = list.matches;
        if (now === list.#held)
            return;
        list.#held = now;
        web.dispatch(list, web.trust(new MediaQueryListEvent("change", { media: list.media, matches: now })));
    }
}
const { tell } = MediaQueryList;
delete MediaQueryList.tell;
class MediaQueryListEvent extends global.Event {
    #media; #matches;
    constructor(type, options = {}) {
        super(type, options);
        this.#media = options.media ?? "";
        this.#matches = Boolean(options.matches);
    }
    get media() { return this.#media; }
    get matches() { return this.#matches; }
}
expose(MediaQueryList);
expose(MediaQueryListEvent);
global.matchMedia = function matchMedia(text) { return new MediaQueryList(token, toText(text)); };

// Makes the page another size, or dark, and tells those who listen.
web.setViewport = changes => {
    Object.assign(viewport, changes);
    $.setViewport(viewport.width, viewport.height, viewport.dark);
    change();
    web.dispatch(global, web.trust(new global.Event("resize")));
    for (const list of queries)
        tell(list);
};
}
