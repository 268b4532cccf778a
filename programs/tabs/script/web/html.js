// The interfaces of HTML's elements (HTML standard, 3.2 and 4): what they reflect of their attributes,
// by tables, and what form controls keep for themselves.
"use strict"; {
const { $, web, global } = this;
const { expose, fail, idOf, wrap, known, toText, toNumber, lower, setAttribute, removeAttribute, Element, keptBy } = web;

// --- reflecting: a property of the name of an attribute, or of another, by the type of its value ---

const get = (element, name) => $.attribute(idOf(element), name);
const reflections = {
    text: name => ({
        get() { return get(this, name) ?? ""; },
        set(value) { setAttribute(idOf(this), name, toText(value)); },
        enumerable: true, configurable: true,
    }),
    flag: name => ({
        get() { return get(this, name) !== null; },
        set(value) { value ? setAttribute(idOf(this), name, "") : removeAttribute(idOf(this), name); },
        enumerable: true, configurable: true,
    }),
    number: name => ({
        get() { const value = parseInt(get(this, name), 10); return Number.isFinite(value) ? value : 0; },
        set(value) { setAttribute(idOf(this), name, String(toNumber(value))); },
        enumerable: true, configurable: true,
    }),
    url: name => ({
        get() { const value = get(this, name); return value === null ? "" : web.resolve(value) ?? value; },
        set(value) { setAttribute(idOf(this), name, toText(value)); },
        enumerable: true, configurable: true,
    }),
    words: name => {
        const lists = keptBy(element => web.tokenList(element, name));
        return { get() { return lists(this); }, set(value) { lists(this).value = value; }, enumerable: true, configurable: true };
    },
};

function reflect(type, how, names) {
    for (const entry of names.split(" ")) {
        const [property, attribute = property.toLowerCase()] = entry.split("=");
        Object.defineProperty(type.prototype, property, reflections[how](attribute));
    }
}

// An attribute that knows some values alone; others read as the one that stands first.
function choose(type, property, values, attribute = property.toLowerCase()) {
    Object.defineProperty(type.prototype, property, {
        get() { const value = lower(get(this, attribute) ?? ""); return values.includes(value) ? value : values[0]; },
        set(value) { setAttribute(idOf(this), attribute, toText(value)); },
        enumerable: true, configurable: true,
    });
}

// --- HTMLElement ---

class HTMLElement extends Element {
    constructor() { super(web.token); return web.construct(this, new.target); }
    get dataset() { return web.dataOf(this); }
    get style() { return web.styleOf(this); }
    set style(value) { web.styleOf(this).cssText = value; }
    get innerText() { return web.renderedText(idOf(this)); }
    set innerText(value) { this.textContent = value; }
    get outerText() { return this.innerText; }
    get isContentEditable() { return this.closest("[contenteditable]:not([contenteditable=false])") !== null; }
    get contentEditable() { return get(this, "contenteditable") ?? "inherit"; }
    set contentEditable(value) { setAttribute(idOf(this), "contenteditable", toText(value)); }
    get hidden() { return get(this, "hidden") !== null; }
    set hidden(value) { value ? setAttribute(idOf(this), "hidden", "") : removeAttribute(idOf(this), "hidden"); }
    get tabIndex() {
        const value = parseInt(get(this, "tabindex"), 10);
        return Number.isFinite(value) ? value : this.matches("a[href], area[href], button, input, select, textarea, iframe, summary") ? 0 : -1;
    }
    set tabIndex(value) { setAttribute(idOf(this), "tabindex", String(toNumber(value))); }
    get draggable() { const value = get(this, "draggable"); return value === null ? this.matches("img, a[href]") : value === "true"; }
    set draggable(value) { setAttribute(idOf(this), "draggable", String(Boolean(value))); }
    get spellcheck() { return get(this, "spellcheck") !== "false"; }
    set spellcheck(value) { setAttribute(idOf(this), "spellcheck", String(Boolean(value))); }
    click() {
        if (this.disabled === true)
            return;
        web.dispatch(this, new global.PointerEvent("click", { bubbles: true, cancelable: true, composed: true }));
    }
    focus() { web.focus(this); }
    blur() { web.focus(null, this); }
    get offsetParent() { return null; }
    attachInternals() { fail("NotSupportedError", "Element internals are not supported."); }
}
for (const name of ["offsetTop", "offsetLeft", "offsetWidth", "offsetHeight"])
    Object.defineProperty(HTMLElement.prototype, name, { get() { idOf(this); return 0; }, configurable: true });
expose(HTMLElement);
reflect(HTMLElement, "text", "title lang accessKey nonce enterKeyHint inputMode");
choose(HTMLElement, "dir", ["", "ltr", "rtl", "auto"]);
reflect(HTMLElement, "flag", "autofocus inert");
web.handlers(HTMLElement, web.globalHandlers);

class SVGElement extends Element {
    get dataset() { return web.dataOf(this); }
    get style() { return web.styleOf(this); }
    get className() { return { baseVal: get(this, "class") ?? "", animVal: get(this, "class") ?? "" }; }
    get ownerSVGElement() { return this.parentElement?.closest("svg") ?? null; }
    get tabIndex() { return -1; }
    focus() { web.focus(this); }
    blur() { web.focus(null, this); }
    getBBox() { return new global.DOMRect(0, 0, 0, 0); }
}
expose(SVGElement);
web.handlers(SVGElement, web.globalHandlers);
class MathMLElement extends Element {
    get dataset() { return web.dataOf(this); }
    get style() { return web.styleOf(this); }
}
expose(MathMLElement);

// --- one interface after another: its name, its elements, and what it reflects ---

const types = new Map(); // from tag to interface

function define(name, tags, { base = HTMLElement, text, flag, number, url, words } = {}) {
    const type = expose({ [name]: class extends base {} }[name], name);
    for (const [how, names] of Object.entries({ text, flag, number, url, words }))
        if (names !== undefined)
            reflect(type, how, names);
    for (const tag of tags.split(" "))
        if (tag !== "")
            types.set(tag, type);
    return type;
}

define("HTMLUnknownElement", "");
define("HTMLHtmlElement", "html", { text: "version" });
define("HTMLHeadElement", "head");
define("HTMLTitleElement", "title");
define("HTMLBaseElement", "base", { url: "href", text: "target" });
const Link = define("HTMLLinkElement", "link", {
    url: "href", text: "rel media hreflang type as integrity referrerPolicy charset rev target", flag: "disabled",
    words: "relList=rel sizes",
});
define("HTMLMetaElement", "meta", { text: "name content httpEquiv=http-equiv media scheme" });
const Style = define("HTMLStyleElement", "style", { text: "media type" });
const Body = define("HTMLBodyElement", "body", { text: "text link vLink aLink bgColor background" });
define("HTMLHeadingElement", "h1 h2 h3 h4 h5 h6", { text: "align" });
define("HTMLParagraphElement", "p", { text: "align" });
define("HTMLHRElement", "hr", { text: "align color size width", flag: "noShade" });
define("HTMLPreElement", "pre listing xmp", { number: "width" });
define("HTMLQuoteElement", "blockquote q", { url: "cite" });
define("HTMLOListElement", "ol", { flag: "reversed compact", number: "start", text: "type" });
define("HTMLUListElement", "ul", { flag: "compact", text: "type" });
define("HTMLLIElement", "li", { number: "value", text: "type" });
define("HTMLDListElement", "dl", { flag: "compact" });
define("HTMLDivElement", "div", { text: "align" });
const Anchor = define("HTMLAnchorElement", "a", {
    url: "href", text: "target download ping rel hreflang type referrerPolicy charset coords name rev shape", words: "relList=rel",
});
define("HTMLDataElement", "data", { text: "value" });
define("HTMLTimeElement", "time", { text: "dateTime" });
define("HTMLSpanElement", "span");
define("HTMLBRElement", "br", { text: "clear" });
define("HTMLModElement", "ins del", { url: "cite", text: "dateTime" });
define("HTMLPictureElement", "picture");
define("HTMLSourceElement", "source", { url: "src", text: "type srcset sizes media", number: "width height" });
const Image = define("HTMLImageElement", "img", {
    url: "src", text: "alt srcset sizes crossOrigin useMap referrerPolicy decoding loading name lowsrc align border longDesc",
    flag: "isMap", number: "hspace vspace",
});
define("HTMLIFrameElement", "iframe", {
    url: "src", text: "srcdoc name allow width height referrerPolicy loading align scrolling frameBorder marginHeight marginWidth",
    flag: "allowFullscreen", words: "sandbox",
});
define("HTMLEmbedElement", "embed", { url: "src", text: "type width height align name" });
define("HTMLObjectElement", "object", { url: "data", text: "type name useMap width height align archive code standby codeType border" });
define("HTMLParamElement", "param", { text: "name value type valueType" });
const Media = define("HTMLMediaElement", "", {
    url: "src", text: "crossOrigin preload", flag: "autoplay loop controls defaultMuted=muted",
});
define("HTMLVideoElement", "video", { base: Media, url: "poster", number: "width height", flag: "playsInline" });
define("HTMLAudioElement", "audio", { base: Media });
define("HTMLTrackElement", "track", { url: "src", text: "kind srclang label", flag: "default" });
define("HTMLMapElement", "map", { text: "name" });
define("HTMLAreaElement", "area", { url: "href", text: "alt coords shape target download ping rel referrerPolicy", words: "relList=rel" });
const Table = define("HTMLTableElement", "table", { text: "align border frame rules summary width bgColor cellPadding cellSpacing" });
define("HTMLTableCaptionElement", "caption", { text: "align" });
define("HTMLTableColElement", "col colgroup", { number: "span", text: "align ch=char chOff=charoff vAlign width" });
const Section = define("HTMLTableSectionElement", "tbody thead tfoot", { text: "align ch=char chOff=charoff vAlign" });
const Row = define("HTMLTableRowElement", "tr", { text: "align ch=char chOff=charoff vAlign bgColor" });
const Cell = define("HTMLTableCellElement", "td th", {
    number: "colSpan rowSpan", text: "headers abbr scope align axis height width ch=char chOff=charoff vAlign bgColor", flag: "noWrap",
});
const Form = define("HTMLFormElement", "form", {
    text: "acceptCharset=accept-charset autocomplete name target rel", flag: "noValidate", url: "action", words: "relList=rel",
});
define("HTMLLabelElement", "label", { text: "htmlFor=for" });
const controls = { text: "name autocomplete placeholder pattern formTarget formEnctype", flag: "autofocus disabled required readOnly formNoValidate" };
const Input = define("HTMLInputElement", "input", {
    ...controls, text: controls.text + " accept alt dirName list max min step align useMap", flag: controls.flag + " multiple defaultChecked=checked",
    url: "src formAction", number: "height width",
});
const Button = define("HTMLButtonElement", "button", { text: "name formEnctype formTarget value", flag: "disabled formNoValidate", url: "formAction" });
const Select = define("HTMLSelectElement", "select", { text: "name autocomplete", flag: "disabled multiple required", number: "size" });
define("HTMLDataListElement", "datalist");
define("HTMLOptGroupElement", "optgroup", { flag: "disabled", text: "label" });
const Option = define("HTMLOptionElement", "option", { flag: "disabled defaultSelected=selected" });
const TextArea = define("HTMLTextAreaElement", "textarea", { ...controls, text: controls.text + " dirName wrap" });
define("HTMLOutputElement", "output", { text: "name", words: "htmlFor=for" });
define("HTMLProgressElement", "progress", {});
define("HTMLMeterElement", "meter", {});
const FieldSet = define("HTMLFieldSetElement", "fieldset", { flag: "disabled", text: "name" });
define("HTMLLegendElement", "legend", { text: "align" });
define("HTMLDetailsElement", "details", { flag: "open", text: "name" });
const Dialog = define("HTMLDialogElement", "dialog", { flag: "open" });
define("HTMLMenuElement", "menu", { flag: "compact" });
const Script = define("HTMLScriptElement", "script", {
    url: "src", text: "type charset crossOrigin integrity referrerPolicy event htmlFor=for", flag: "noModule defer",
});
const Template = define("HTMLTemplateElement", "template");
define("HTMLSlotElement", "slot", { text: "name" });
define("HTMLCanvasElement", "canvas");
define("HTMLDirectoryElement", "dir", { flag: "compact" });
define("HTMLFontElement", "font", { text: "color face size" });
define("HTMLFrameElement", "frame", { text: "name scrolling frameBorder", url: "src" });
define("HTMLFrameSetElement", "frameset", { text: "cols rows" });
define("HTMLMarqueeElement", "marquee", { text: "behavior direction" });
const plain = new Set(["abbr", "acronym", "address", "article", "aside", "b", "bdi", "bdo", "big", "center", "cite", "code", "dd",
    "dfn", "dt", "em", "figcaption", "figure", "footer", "header", "hgroup", "i", "kbd", "main", "mark", "nav", "nobr", "noembed",
    "noframes", "noscript", "plaintext", "rb", "rp", "rt", "rtc", "ruby", "s", "samp", "search", "section", "small", "strike",
    "strong", "sub", "summary", "sup", "tt", "u", "var", "wbr", "basefont"]);
const svg = (name, base, members = {}) => {
    const type = { [name]: class extends base {} }[name];
    web.mix(type, members);
    return expose(type, name);
};
const Graphics = svg("SVGGraphicsElement", SVGElement);
const svgTypes = {
    svg: svg("SVGSVGElement", Graphics, { createSVGRect: () => new global.DOMRect(0, 0, 0, 0) }),
    g: svg("SVGGElement", Graphics), a: svg("SVGAElement", Graphics), path: svg("SVGPathElement", Graphics),
    rect: svg("SVGRectElement", Graphics), circle: svg("SVGCircleElement", Graphics), text: svg("SVGTextElement", Graphics),
    use: svg("SVGUseElement", Graphics), line: svg("SVGLineElement", Graphics), script: svg("SVGScriptElement", SVGElement),
    style: svg("SVGStyleElement", SVGElement), title: svg("SVGTitleElement", SVGElement), defs: svg("SVGDefsElement", Graphics),
};

web.elementPrototype = id => {
    const space = $.space(id), name = $.name(id);
    if (space === web.HTML)
        return (types.get(name) ??
            (plain.has(name) || name.includes("-") ? HTMLElement : global.HTMLUnknownElement)).prototype;
    if (space === 2)
        return (Object.hasOwn(svgTypes, name) ? svgTypes[name] : SVGElement).prototype;
    return (space === 3 ? MathMLElement : Element).prototype;
};

// --- what has more than its attributes ---

const mix = web.mix;
const above = (element, selector) => element.parentElement?.closest(selector) ?? null;
const childrenNamed = (element, ...names) => web.childrenOf(idOf(element)).filter(id => $.kind(id) === web.ELEMENT && names.includes($.name(id)));
const below = (element, selector) => web.liveElements(() => $.select(idOf(element), selector, false));

mix(global.HTMLTitleElement, {
    get text() { return this.textContent; },
    set text(value) { this.textContent = value; },
});
const url = {};
for (const part of ["protocol", "host", "hostname", "port", "pathname", "search", "hash", "username", "password"])
    Object.defineProperty(url, part, {
        get() { const href = this.href; try { return new global.URL(href)[part]; } catch { return part === "protocol" ? ":" : ""; } },
        set(value) {
            try {
                const made = new global.URL(this.href);
                made[part] = value;
                this.href = made.href;
            } catch { /* an address that is none stays */ }
        }, enumerable: true, configurable: true,
    });
Object.defineProperties(url, {
    origin: { get() { try { return new global.URL(this.href).origin; } catch { return ""; } }, configurable: true },
    toString: { value() { return this.href; }, configurable: true, writable: true },
});
mix(Anchor, url);
mix(global.HTMLAreaElement, url);
Object.defineProperty(Anchor.prototype, "text", {
    get() { return this.textContent; }, set(value) { this.textContent = value; }, configurable: true,
});

// The contents of a template are a tree of their own: each is held by the other.
const contents = new Map(); // from a fragment's number to its template's
const templates = new WeakMap();
mix(Template, {
    get content() {
        const id = $.contents(idOf(this)), made = wrap(id);
        templates.set(made, this);
        templates.set(this, made);
        contents.set(id, idOf(this));
        return made;
    },
});
web.isHeld = root => {
    const template = contents.get(root), held = template !== undefined && $.isContents(template, root);
    if (!held)
        contents.delete(root);
    return held;
};
mix(Script, {
    get text() { return web.childrenOf(idOf(this)).filter(id => $.kind(id) === web.TEXT).map(id => $.value(id)).join(""); },
    set text(value) { this.textContent = value; },
    get async() { return get(this, "async") !== null || web.isForcedAsync(this); },
    set async(value) { web.setAsync(this, Boolean(value)); },
});
Script.supports = type => type === "classic" || type === "module";

mix(Image, {
    get naturalWidth() { return web.imageSize(this)[0]; },
    get naturalHeight() { return web.imageSize(this)[1]; },
    get width() { return parseInt(get(this, "width"), 10) || web.imageSize(this)[0]; },
    set width(value) { setAttribute(idOf(this), "width", String(toNumber(value))); },
    get height() { return parseInt(get(this, "height"), 10) || web.imageSize(this)[1]; },
    set height(value) { setAttribute(idOf(this), "height", String(toNumber(value))); },
    get complete() { return true; },
    get currentSrc() { return this.src; },
    get x() { return 0; },
    get y() { return 0; },
    decode() { return Promise.resolve(); },
});
web.imageSize ??= () => [0, 0];
Object.defineProperty(global, "Image", {
    value: function Image(width, height) {
        const image = global.document.createElement("img");
        if (width !== undefined)
            image.width = width;
        if (height !== undefined)
            image.height = height;
        return image;
    }, writable: true, configurable: true,
});

mix(Media, {
    get paused() { return true; },
    get ended() { return false; },
    get duration() { return NaN; },
    get currentTime() { return 0; },
    set currentTime(value) {},
    get readyState() { return 0; },
    get networkState() { return 0; },
    get volume() { return 1; },
    set volume(value) {},
    get muted() { return false; },
    set muted(value) {},
    play() { return Promise.reject(new global.DOMException("Nothing is played here.", "NotSupportedError")); },
    pause() {},
    load() {},
    canPlayType() { return ""; },
});

// --- tables ---

function insertRow(parent, index, rows, tag) {
    const count = rows.length;
    index = index === undefined ? -1 : toNumber(index);
    if (index < -1 || index > count)
        fail("IndexSizeError", `The index provided (${index}) is greater than the number of rows (${count}).`);
    const made = global.document.createElement(tag);
    const next = index === -1 || index === count ? null : rows[index];
    next === null ? parent.appendChild(made) : next.parentNode.insertBefore(made, next);
    return made;
}
function removeAt(list, index) {
    index = toNumber(index);
    if (index < -1 || index >= list.length)
        fail("IndexSizeError", `The index provided (${index}) is greater than the number of rows (${list.length}).`);
    list[index === -1 ? list.length - 1 : index]?.remove();
}
mix(Table, {
    get caption() { return wrap(childrenNamed(this, "caption")[0] ?? 0); },
    get tHead() { return wrap(childrenNamed(this, "thead")[0] ?? 0); },
    get tFoot() { return wrap(childrenNamed(this, "tfoot")[0] ?? 0); },
    get tBodies() { return web.liveElements(() => childrenNamed(this, "tbody")); },
    get rows() {
        return web.liveElements(() => {
            const of = tag => childrenNamed(this, tag).flatMap(id => childrenNamed(wrap(id), "tr"));
            const middle = childrenNamed(this, "tr", "tbody").flatMap(id => $.name(id) === "tr" ? [id] : childrenNamed(wrap(id), "tr"));
            return [...of("thead"), ...middle, ...of("tfoot")];
        });
    },
    createTBody() {
        const made = global.document.createElement("tbody"), last = childrenNamed(this, "tbody").at(-1);
        this.insertBefore(made, last === undefined ? null : wrap(last).nextSibling);
        return made;
    },
    createTHead() {
        const made = this.tHead ?? global.document.createElement("thead");
        if (made.parentNode === null)
            this.insertBefore(made, [...this.children].find(child => !/^(caption|colgroup)$/.test(child.localName)) ?? null);
        return made;
    },
    createTFoot() {
        const made = this.tFoot ?? global.document.createElement("tfoot");
        return made.parentNode === null ? this.appendChild(made) : made;
    },
    createCaption() {
        const made = this.caption ?? global.document.createElement("caption");
        if (made.parentNode === null)
            this.prepend(made);
        return made;
    },
    deleteTHead() { this.tHead?.remove(); },
    deleteTFoot() { this.tFoot?.remove(); },
    deleteCaption() { this.caption?.remove(); },
    insertRow(index) {
        const rows = this.rows;
        return insertRow(rows.length === 0 ? wrap(childrenNamed(this, "tbody").at(-1) ?? 0) ?? this.createTBody() : rows[rows.length - 1].parentNode,
            index, rows, "tr");
    },
    deleteRow(index) { removeAt(this.rows, index); },
});
mix(Section, {
    get rows() { return web.liveElements(() => childrenNamed(this, "tr")); },
    insertRow(index) { return insertRow(this, index, this.rows, "tr"); },
    deleteRow(index) { removeAt(this.rows, index); },
});
mix(Row, {
    get cells() { return web.liveElements(() => childrenNamed(this, "td", "th")); },
    get rowIndex() { return [...above(this, "table")?.rows ?? []].indexOf(this); },
    get sectionRowIndex() { return [...this.parentNode?.rows ?? []].indexOf(this); },
    insertCell(index) { return insertRow(this, index, this.cells, "td"); },
    deleteCell(index) { removeAt(this.cells, index); },
});
mix(Cell, { get cellIndex() { return [...this.parentNode?.cells ?? []].indexOf(this); } });
for (const name of ["colSpan", "rowSpan"])
    Object.defineProperty(Cell.prototype, name, {
        get() { const value = parseInt(get(this, name.toLowerCase()), 10); return value > 0 ? value : 1; },
        set(value) { setAttribute(idOf(this), name.toLowerCase(), String(toNumber(value))); },
        enumerable: true, configurable: true,
    });

// --- forms ---

const values = new WeakMap();  // what was typed into a control
const checks = new WeakMap();  // whether a box was checked, apart from its attribute
const choices = new WeakMap(); // whether an option was chosen
const formOf = element => {
    const name = get(element, "form");
    return name !== null ? web.document.getElementById(name) : above(element, "form");
};
for (const type of [Input, Button, Select, TextArea, FieldSet, global.HTMLOutputElement, global.HTMLObjectElement, global.HTMLLegendElement])
    mix(type, { get form() { return formOf(this); } });
const labels = {
    get labels() {
        return web.liveList(() => {
            const name = get(this, "id"), around = above(this, "label:not([for])");
            return $.select($.root(idOf(this)), "label", false).filter(id =>
                (name !== null && $.attribute(id, "for") === name) || (around !== null && id === idOf(around)));
        });
    },
};
const validity = {
    get willValidate() { return !this.disabled && !this.readOnly; },
    get validity() {
        const missing = this.willValidate && this.required === true &&
            (/^(checkbox|radio)$/.test(this.type) ? !this.checked : this.value === "");
        const state = { badInput: false, customError: custom.has(this), patternMismatch: false, rangeOverflow: false,
            rangeUnderflow: false, stepMismatch: false, tooLong: false, tooShort: false, typeMismatch: false, valueMissing: missing };
        const pattern = get(this, "pattern");
        if (pattern !== null && this.value !== "")
            try { state.patternMismatch = !new RegExp(`^(?:${pattern})$`, "v").test(this.value); } catch { /* it is ignored */ }
        if (this.value && this.type === "email")
            state.typeMismatch = !/^[^@\s]+@[^@\s.]+(\.[^@\s.]+)*$/.test(this.value);
        if (this.value && this.type === "url")
            state.typeMismatch = web.resolve(this.value, "about:blank") === null;
        state.valid = !Object.values(state).includes(true);
        return state;
    },
    get validationMessage() { return custom.get(this) ?? (this.validity.valid ? "" : "Please fill out this field."); },
    checkValidity() {
        if (!this.willValidate || this.validity.valid)
            return true;
        web.dispatch(this, web.trust(new global.Event("invalid", { cancelable: true })));
        return false;
    },
    reportValidity() { return this.checkValidity(); },
    setCustomValidity(text) { text === "" ? custom.delete(this) : custom.set(this, toText(text)); },
};
const custom = new WeakMap();
for (const type of [Input, Button, Select, TextArea, FieldSet, global.HTMLOutputElement]) {
    mix(type, labels);
    mix(type, validity);
}
const selection = {
    get selectionStart() { return ranges.get(this)?.[0] ?? this.value.length; },
    set selectionStart(value) { this.setSelectionRange(value, Math.max(value, this.selectionEnd)); },
    get selectionEnd() { return ranges.get(this)?.[1] ?? this.value.length; },
    set selectionEnd(value) { this.setSelectionRange(Math.min(value, this.selectionStart), value); },
    get selectionDirection() { return "none"; },
    setSelectionRange(start, end) { ranges.set(this, [Math.min(start, this.value.length), Math.min(end, this.value.length)]); },
    setRangeText(text, start = this.selectionStart, end = this.selectionEnd) {
        this.value = this.value.slice(0, start) + text + this.value.slice(end);
    },
    select() { this.setSelectionRange(0, this.value.length); },
};
const ranges = new WeakMap();
mix(Input, selection);
mix(TextArea, selection);

const inputTypes = ["text", "hidden", "search", "tel", "url", "email", "password", "date", "month", "week", "time", "datetime-local",
    "number", "range", "color", "checkbox", "radio", "file", "submit", "image", "reset", "button"];
choose(Input, "type", inputTypes);
choose(Button, "type", ["submit", "reset", "button"]);
for (const type of [Form])
    choose(type, "method", ["get", "post", "dialog"]);
choose(Form, "enctype", ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"]);
choose(Form, "encoding", ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"], "enctype");
for (const [type, names] of [[Input, ["maxLength", "minLength"]], [TextArea, ["maxLength", "minLength"]]])
    for (const name of names)
        Object.defineProperty(type.prototype, name, {
            get() { const value = parseInt(get(this, name.toLowerCase()), 10); return value >= 0 ? value : -1; },
            set(value) { setAttribute(idOf(this), name.toLowerCase(), String(toNumber(value))); },
            enumerable: true, configurable: true,
        });
for (const [name, without] of [["size", 20]])
    Object.defineProperty(Input.prototype, name, {
        get() { return parseInt(get(this, name), 10) || without; },
        set(value) { setAttribute(idOf(this), name, String(toNumber(value))); }, enumerable: true, configurable: true,
    });

function group(input) {
    const name = get(input, "name"), form = formOf(input);
    if (name === null || name === "")
        return [];
    return $.select($.root(idOf(input)), "input[type=radio]", false).map(wrap)
        .filter(other => other !== input && get(other, "name") === name && formOf(other) === form);
}
web.isGroupChecked = input => input.checked || group(input).some(other => other.checked);
web.isValid = element => /^(form|fieldset)$/.test(element.localName) ? [...element.elements].every(web.isValid)
    : element.willValidate === false || element.validity?.valid !== false;
mix(Input, {
    get value() {
        const kind = this.type;
        if (/^(checkbox|radio)$/.test(kind))
            return get(this, "value") ?? "on";
        if (/^(hidden|submit|image|reset|button)$/.test(kind))
            return get(this, "value") ?? "";
        return values.get(this) ?? get(this, "value") ?? (kind === "range" ? "50" : kind === "color" ? "#000000" : "");
    },
    set value(value) {
        value = value === null ? "" : toText(value);
        if (/^(hidden|submit|image|reset|button|checkbox|radio)$/.test(this.type))
            setAttribute(idOf(this), "value", value);
        else
            values.set(this, this.type === "number" && !/^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value) ? "" : value.replace(/[\r\n]/g, ""));
    },
    get defaultValue() { return get(this, "value") ?? ""; },
    set defaultValue(value) { setAttribute(idOf(this), "value", toText(value)); },
    get checked() { return checks.get(this) ?? get(this, "checked") !== null; },
    set checked(value) {
        checks.set(this, Boolean(value));
        if (value && this.type === "radio")
            for (const other of group(this))
                checks.set(other, false);
    },
    get indeterminate() { return this.mixed === true; },
    set indeterminate(value) { Object.defineProperty(this, "mixed", { value: Boolean(value), configurable: true }); },
    get valueAsNumber() { return this.value === "" ? NaN : Number(this.value); },
    set valueAsNumber(value) { this.value = String(value); },
    get files() { return null; },
    stepUp(count = 1) { this.value = String((Number(this.value) || 0) + count * (Number(get(this, "step")) || 1)); },
    stepDown(count = 1) { this.stepUp(-count); },
});
mix(TextArea, {
    get type() { return "textarea"; },
    get value() { return values.get(this) ?? $.text(idOf(this)); },
    set value(value) { values.set(this, value === null ? "" : toText(value).replace(/\r\n?/g, "\n")); },
    get defaultValue() { return $.text(idOf(this)); },
    set defaultValue(value) { this.textContent = value; },
    get textLength() { return this.value.length; },
    get rows() { return parseInt(get(this, "rows"), 10) || 2; },
    set rows(value) { setAttribute(idOf(this), "rows", String(toNumber(value))); },
    get cols() { return parseInt(get(this, "cols"), 10) || 20; },
    set cols(value) { setAttribute(idOf(this), "cols", String(toNumber(value))); },
});
const optionsOf = select => $.select(idOf(select), "option", false).map(wrap);
mix(Option, {
    get value() { return get(this, "value") ?? this.text; },
    set value(value) { setAttribute(idOf(this), "value", toText(value)); },
    get text() { return this.textContent.replace(/[ \t\n\f\r]+/g, " ").trim(); },
    set text(value) { this.textContent = value; },
    get label() { return get(this, "label") ?? this.text; },
    set label(value) { setAttribute(idOf(this), "label", toText(value)); },
    get index() { const select = above(this, "select"); return select === null ? 0 : optionsOf(select).indexOf(this); },
    get form() { return above(this, "select")?.form ?? null; },
    get selected() {
        const select = above(this, "select");
        if (select === null || select.multiple)
            return choices.get(this) ?? get(this, "selected") !== null;
        return select.selectedIndex === this.index;
    },
    set selected(value) {
        const select = above(this, "select");
        if (value && select !== null && !select.multiple)
            for (const other of optionsOf(select))
                choices.set(other, false);
        choices.set(this, Boolean(value));
    },
});
Object.defineProperty(global, "Option", {
    value: function Option(text = "", value, byDefault = false, selected = false) {
        const option = global.document.createElement("option");
        if (text !== "")
            option.textContent = text;
        if (value !== undefined)
            option.value = value;
        option.defaultSelected = byDefault;
        choices.set(option, Boolean(selected));
        return option;
    }, writable: true, configurable: true,
});
mix(Select, {
    get type() { return this.multiple ? "select-multiple" : "select-one"; },
    get options() { return below(this, "option"); },
    get length() { return optionsOf(this).length; },
    get selectedOptions() { return web.liveElements(() => optionsOf(this).filter(option => option.selected).map(idOf)); },
    get selectedIndex() {
        const options = optionsOf(this);
        const chosen = options.findLastIndex(option => choices.get(option) ?? get(option, "selected") !== null);
        if (chosen >= 0 || this.multiple || this.size > 1)
            return this.multiple ? options.findIndex(option => option.selected) : chosen;
        return options.findIndex(option => !option.disabled);
    },
    set selectedIndex(index) { optionsOf(this).forEach((option, at) => choices.set(option, at === index)); },
    get value() { return optionsOf(this)[this.selectedIndex]?.value ?? ""; },
    set value(value) {
        const options = optionsOf(this), at = options.findIndex(option => option.value === toText(value));
        options.forEach((option, index) => choices.set(option, index === at));
    },
    item(index) { return optionsOf(this)[index] ?? null; },
    namedItem(name) { return this.options.namedItem(name); },
    add(option, before = null) { this.insertBefore(option, typeof before === "number" ? this.item(before) : before); },
    remove(index) { index === undefined ? web.remove(idOf(this)) : this.item(index)?.remove(); },
    [Symbol.iterator]() { return optionsOf(this)[Symbol.iterator](); },
});
mix(Form, {
    get elements() {
        return web.liveElements(() => $.select($.root(idOf(this)),
            "button, fieldset, input:not([type=image]), object, output, select, textarea", false).filter(id => formOf(wrap(id)) === this));
    },
    get length() { return this.elements.length; },
    submit() { web.submit(this, null); },
    requestSubmit(submitter = null) {
        if (!this.noValidate && !this.checkValidity())
            return;
        const event = new global.SubmitEvent("submit", { bubbles: true, cancelable: true, submitter });
        if (web.dispatch(this, web.trust(event)))
            web.submit(this, submitter);
    },
    reset() {
        if (!web.dispatch(this, web.trust(new global.Event("reset", { bubbles: true, cancelable: true }))))
            return;
        for (const control of this.elements) {
            values.delete(control);
            checks.delete(control);
            for (const option of control.options ?? [])
                choices.delete(option);
        }
    },
    checkValidity() { return [...this.elements].map(control => control.checkValidity?.() ?? true).every(Boolean); },
    reportValidity() { return this.checkValidity(); },
});
mix(FieldSet, {
    get type() { return "fieldset"; },
    get elements() { return below(this, "button, fieldset, input, object, output, select, textarea"); },
});
mix(global.HTMLLabelElement, {
    get control() {
        const name = get(this, "for");
        return name !== null ? web.document.getElementById(name)
            : this.querySelector("button, input:not([type=hidden]), meter, output, progress, select, textarea");
    },
    get form() { return this.control?.form ?? null; },
});
for (const type of [global.HTMLProgressElement, global.HTMLMeterElement]) {
    mix(type, labels);
    for (const [name, without] of [["value", 0], ["max", 1], ["min", 0], ["low", 0], ["high", 1], ["optimum", 0.5]])
        Object.defineProperty(type.prototype, name, {
            get() { const value = parseFloat(get(this, name)); return Number.isFinite(value) ? value : without; },
            set(value) { setAttribute(idOf(this), name, String(Number(value))); }, enumerable: true, configurable: true,
        });
}
mix(global.HTMLProgressElement, { get position() { return get(this, "value") === null ? -1 : this.value / this.max; } });
mix(global.HTMLDataListElement, { get options() { return below(this, "option"); } });
mix(Dialog, {
    get returnValue() { return values.get(this) ?? ""; },
    set returnValue(value) { values.set(this, toText(value)); },
    show() { this.open = true; },
    showModal() { this.open = true; },
    close(value) {
        if (!this.open)
            return;
        this.open = false;
        if (value !== undefined)
            this.returnValue = value;
        global.setTimeout(() => web.dispatch(this, web.trust(new global.Event("close"))), 0);
    },
});
web.handlers(Body, web.windowHandlers);

// What a click does when no listener has prevented it: to the element clicked, or the next one above it
// that does something.
web.activation = (path, bubbles) => {
    const does = path.slice(0, bubbles ? path.length : 1).find(each => each instanceof HTMLElement &&
        /^(a|button|input|label|summary)$/.test(each.localName));
    return does === undefined ? undefined : activate(does);
};
function activate(element) {
    if (element instanceof Input && /^(checkbox|radio)$/.test(element.type)) {
        const kind = element.type, was = element.checked;
        element.checked = kind === "checkbox" ? !was : true;
        return changed => {
            if (!changed)
                element.checked = was;
            else if (element.isConnected && element.checked !== was)
                for (const name of ["input", "change"])
                    web.dispatch(element, web.trust(new global.Event(name, { bubbles: true })));
        };
    }
    return changed => {
        if (!changed)
            return;
        const form = element.form ?? null;
        if (form !== null && (element instanceof Button || element instanceof Input) && form.isConnected) {
            if (element.type === "submit" || element.type === "image")
                form.requestSubmit(element);
            else if (element.type === "reset")
                form.reset();
        } else if (element instanceof Anchor && get(element, "href") !== null) {
            web.follow(element);
        } else if (element instanceof global.HTMLLabelElement && element.control !== null) {
            element.control.click();
        } else if (element.localName === "summary" && element.parentElement?.localName === "details") {
            element.parentElement.open = !element.parentElement.open;
        }
    };
}
Object.assign(web, { HTMLElement, Script, Style, Link });
}
