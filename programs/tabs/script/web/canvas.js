// Canvases (HTML standard, 4.12.5): all state that scripts can read back, and paths, but no pixels: what is
// drawn is let go, so that an image read from a canvas is clear. Texts are as wide as Helvetica has
// them, or Courier where the family is monospace.
"use strict"; {
const { $, web, global } = this;
const { expose, fail, idOf, toText, toNumber, setAttribute, token, illegal } = web;
const Canvas = global.HTMLCanvasElement;

// --- colours and fonts ---

// As canvases write colours: #rrggbb, or rgba() where it is not opaque; null for what is none.
function colour(text) {
    const read = $.cssColor(toText(text)), found = read === null ? null : /^rgb\((\d+), (\d+), (\d+)\)$/.exec(read);
    return found === null ? read : "#" + found.slice(1).map(part => Number(part).toString(16).padStart(2, "0")).join("");
}

const fonts = new Map(); // from what was set to what is read back, and its size and whether it is monospace
function fontOf(text) {
    let font = fonts.get(text);
    if (font === undefined) {
        font = readFont(text);
        if (fonts.size > 256)
            fonts.clear();
        fonts.set(text, font);
    }
    return font;
}
function readFont(text) {
    const list = $.cssDeclare("font", text);
    if (list === null || /^\s*(inherit|initial|unset|revert|revert-layer)\s*$|var\(/i.test(text))
        return null;
    const all = {};
    for (let i = 0; i < list.length; i += 2)
        all[list[i]] = list[i + 1];
    const px = $.cssLength(all["font-size"]);
    if (px === null)
        return null;
    const weight = { normal: "", initial: "", 400: "", bold: "bold", 700: "bold" }[all["font-weight"]] ?? all["font-weight"];
    const parts = [all["font-style"], weight, all["font-variant-caps"], all["font-stretch"]].filter(part => !["normal", "initial", "", undefined].includes(part));
    return { text: [...parts, `${Number(px.toPrecision(6))}px`, all["font-family"]].join(" "), px, bold: /^([6-9]00|bold)$/.test(weight),
        mono: /monospace|courier|consolas|menlo|monaco/i.test(all["font-family"]) };
}

// Of Helvetica, from the blank on, in thousandths of its size.
const widths = [278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556, 556, 556, 556,
    278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611,
    722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584];
function widthOf(text, font) {
    let sum = 0;
    for (const character of text) {
        const code = character.codePointAt(0);
        sum += font.mono ? 600 : code < 32 ? 278 : code >= 0x2e80 ? 1000 : widths[code - 32] ?? 556;
    }
    return sum * font.px * (font.bold && !font.mono ? 1.06 : 1) / 1000;
}

class TextMetrics {
    constructor(key, width, px, align) {
        if (key !== token)
            illegal();
        const left = { right: width, end: width, center: width / 2 }[align] ?? 0;
        const values = { width, actualBoundingBoxLeft: left, actualBoundingBoxRight: width - left, fontBoundingBoxAscent: px * 0.9,
            fontBoundingBoxDescent: px * 0.21, actualBoundingBoxAscent: px * 0.72, actualBoundingBoxDescent: px * 0.21,
            emHeightAscent: px * 0.8, emHeightDescent: px * 0.2, hangingBaseline: px * 0.72, alphabeticBaseline: 0, ideographicBaseline: -px * 0.21 };
        for (const name of Object.keys(values))
            Object.defineProperty(this, name, { value: values[name], enumerable: true });
    }
}
expose(TextMetrics);

// --- gradients, patterns, images ---

class CanvasGradient {
    constructor(key) { if (key !== token) illegal(); }
    addColorStop(offset, text) {
        if (!Number.isFinite(Number(offset)))
            throw new TypeError("The provided double value is non-finite.");
        if (offset < 0 || offset > 1)
            fail("IndexSizeError", `The provided value (${offset}) is outside the range (0.0, 1.0).`);
        if (colour(text) === null)
            fail("SyntaxError", `The value provided ('${text}') could not be parsed as a color.`);
    }
}
class CanvasPattern {
    constructor(key) { if (key !== token) illegal(); }
    setTransform() {}
}
const pixels = new WeakMap();
class ImageData {
    constructor(first, second, third) {
        const given = first instanceof Uint8ClampedArray, [width, height] = given ? [second, third] : [first, second];
        if (!given && arguments.length < 2)
            throw new TypeError("2 arguments required.");
        const columns = toNumber(width), rows = given && height === undefined ? first.length / 4 / columns : toNumber(height);
        if (columns === 0 || rows === 0)
            fail("IndexSizeError", "The source width or height is zero or not a number.");
        if (given && (first.length % 4 !== 0 || rows % 1 !== 0 || first.length !== columns * rows * 4))
            fail(first.length % 4 !== 0 ? "InvalidStateError" : "IndexSizeError", "The input data length is not equal to (4 * width * height).");
        if (Math.abs(columns * rows) > 1 << 28)
            throw new RangeError("Out of memory at ImageData creation.");
        pixels.set(this, { width: Math.abs(columns), height: Math.abs(rows), data: given ? first : new Uint8ClampedArray(Math.abs(columns * rows) * 4) });
    }
    get width() { return pixels.get(this).width; }
    get height() { return pixels.get(this).height; }
    get data() { return pixels.get(this).data; }
    get colorSpace() { return "srgb"; }
}
expose(CanvasGradient);
expose(CanvasPattern);
expose(ImageData);

// --- paths: of each part its points, curves as short lines, in the canvas's own coordinates ---

const flat = [1, 0, 0, 1, 0, 0];
const times = (a, b) => [a[0] * b[0] + a[2] * b[1], a[1] * b[0] + a[3] * b[1], a[0] * b[2] + a[2] * b[3], a[1] * b[2] + a[3] * b[3],
    a[0] * b[4] + a[2] * b[5] + a[4], a[1] * b[4] + a[3] * b[5] + a[5]];
const finite = (...values) => values.every(value => Number.isFinite(Number(value)));

class Path {
    parts = []; matrix = flat; x = 0; y = 0;
    put(x, y) {
        const m = this.matrix;
        this.x = x;
        this.y = y;
        this.parts.at(-1).push(m[0] * x + m[2] * y + m[4], m[1] * x + m[3] * y + m[5]);
    }
    begin(x, y) {
        this.parts.push([]);
        this.put(x, y);
    }
    line(x, y) { this.parts.length === 0 ? this.begin(x, y) : this.put(x, y); }
    close() {
        const last = this.parts.at(-1);
        if (last !== undefined && last.length > 2)
            this.parts.push([last[0], last[1]]);
    }
    curve(at, steps = 8) {
        for (let i = 1; i <= steps; i++)
            this.line(...at(i / steps));
    }
    ellipse(x, y, rx, ry, turn, from, to, backwards) {
        const whole = 2 * Math.PI;
        let sweep = backwards ? from - to : to - from;
        sweep = sweep >= whole ? whole : (sweep % whole + whole) % whole;
        sweep = backwards ? -sweep : sweep;
        const at = part => {
            const angle = from + sweep * part, c = rx * Math.cos(angle), s = ry * Math.sin(angle);
            return [x + c * Math.cos(turn) - s * Math.sin(turn), y + c * Math.sin(turn) + s * Math.cos(turn)];
        };
        this.line(...at(0));
        if (sweep !== 0)
            this.curve(at, Math.max(4, Math.ceil(Math.abs(sweep) * 4)));
    }
    // How often the parts go around a point.
    around(x, y) {
        let winding = 0;
        for (const part of this.parts)
            for (let i = 0; i < part.length; i += 2) {
                const x1 = part[i], y1 = part[i + 1], x2 = part[(i + 2) % part.length], y2 = part[(i + 3) % part.length];
                const side = (x2 - x1) * (y - y1) - (x - x1) * (y2 - y1);
                winding += y1 <= y ? y2 > y && side > 0 ? 1 : 0 : y2 <= y && side < 0 ? -1 : 0;
            }
        return winding;
    }
    near(x, y, distance) {
        return this.parts.some(part => {
            for (let i = 0; i + 3 < part.length; i += 2) {
                const dx = part[i + 2] - part[i], dy = part[i + 3] - part[i + 1], length = dx * dx + dy * dy;
                const t = length === 0 ? 0 : Math.max(0, Math.min(1, ((x - part[i]) * dx + (y - part[i + 1]) * dy) / length));
                if (Math.hypot(x - part[i] - t * dx, y - part[i + 1] - t * dy) <= distance)
                    return true;
            }
            return false;
        });
    }
}

// The methods that paths and contexts share; pathOf gives the path of either.
const paths = new WeakMap();
const pathOf = object => paths.get(object) ?? illegal();
function radius(value) {
    if (value < 0)
        fail("IndexSizeError", `The radius provided (${value}) is negative.`);
}
const pathMethods = {
    closePath() { pathOf(this).close(); },
    moveTo(x, y) { if (finite(x, y)) pathOf(this).begin(Number(x), Number(y)); },
    lineTo(x, y) { if (finite(x, y)) pathOf(this).line(Number(x), Number(y)); },
    quadraticCurveTo(cx, cy, x, y) {
        if (!finite(cx, cy, x, y))
            return;
        const path = pathOf(this);
        if (path.parts.length === 0)
            path.begin(cx, cy);
        const { x: x0, y: y0 } = path;
        path.curve(t => [(1 - t) ** 2 * x0 + 2 * t * (1 - t) * cx + t * t * x, (1 - t) ** 2 * y0 + 2 * t * (1 - t) * cy + t * t * y]);
    },
    bezierCurveTo(ax, ay, bx, by, x, y) {
        if (!finite(ax, ay, bx, by, x, y))
            return;
        const path = pathOf(this);
        if (path.parts.length === 0)
            path.begin(ax, ay);
        const { x: x0, y: y0 } = path, at = (t, p, a, b, q) => (1 - t) ** 3 * p + 3 * t * (1 - t) ** 2 * a + 3 * t * t * (1 - t) * b + t ** 3 * q;
        path.curve(t => [at(t, x0, ax, bx, x), at(t, y0, ay, by, y)]);
    },
    arcTo(x1, y1, x2, y2, r) {
        if (!finite(x1, y1, x2, y2, r))
            return;
        radius(r);
        const path = pathOf(this);
        if (path.parts.length === 0)
            path.begin(x1, y1);
        const ax = path.x - x1, ay = path.y - y1, bx = x2 - x1, by = y2 - y1, a = Math.hypot(ax, ay), b = Math.hypot(bx, by);
        const cross = ax * by - ay * bx;
        if (r === 0 || a === 0 || b === 0 || cross === 0) {
            path.line(x1, y1);
            return;
        }
        const half = Math.acos((ax * bx + ay * by) / (a * b)) / 2, far = r / Math.tan(half), middle = r / Math.sin(half);
        const ux = ax / a + bx / b, uy = ay / a + by / b, u = Math.hypot(ux, uy), cx = x1 + ux / u * middle, cy = y1 + uy / u * middle;
        const from = Math.atan2(y1 + ay / a * far - cy, x1 + ax / a * far - cx), to = Math.atan2(y1 + by / b * far - cy, x1 + bx / b * far - cx);
        path.ellipse(cx, cy, r, r, 0, from, to, cross > 0);
    },
    arc(x, y, r, from, to, backwards = false) {
        if (!finite(x, y, r, from, to))
            return;
        radius(r);
        pathOf(this).ellipse(x, y, r, r, 0, from, to, Boolean(backwards));
    },
    ellipse(x, y, rx, ry, turn, from, to, backwards = false) {
        if (!finite(x, y, rx, ry, turn, from, to))
            return;
        radius(rx);
        radius(ry);
        pathOf(this).ellipse(x, y, rx, ry, turn, from, to, Boolean(backwards));
    },
    rect(x, y, width, height) {
        if (!finite(x, y, width, height))
            return;
        [x, y, width, height] = [x, y, width, height].map(Number);
        const path = pathOf(this);
        path.begin(x, y);
        path.line(x + width, y);
        path.line(x + width, y + height);
        path.line(x, y + height);
        path.close();
    },
    roundRect(x, y, width, height, radii = 0) {
        for (const one of [radii].flat())
            if (typeof one === "number" && one < 0)
                throw new RangeError(`Radius value ${one} is negative.`);
        pathMethods.rect.call(this, x, y, width, height); // its corners are not cut
    },
};

class Path2D {
    constructor(from) {
        const path = new Path();
        if (from instanceof Path2D)
            path.parts = pathOf(from).parts.map(part => [...part]);
        paths.set(this, path);
        if (from !== undefined && !(from instanceof Path2D))
            readPath(this, toText(from));
    }
    addPath(other, matrix) {
        const { a, b, c, d, e, f } = global.DOMMatrix.fromMatrix(matrix), path = pathOf(this);
        for (const part of pathOf(other).parts)
            path.parts.push(part.map((value, at) => at % 2 === 0 ? a * value + c * part[at + 1] + e : b * part[at - 1] + d * value + f));
    }
}
Object.assign(Path2D.prototype, pathMethods);
expose(Path2D);

// Path data of SVG; it ends where it is wrong.
function readPath(into, text) {
    const path = pathOf(into), words = text.match(/[a-zA-Z]|[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?/g) ?? [];
    const counts = { m: 2, l: 2, h: 1, v: 1, c: 6, s: 4, q: 4, t: 2, a: 7, z: 0 };
    let at = 0, command = "", lastX = 0, lastY = 0, before = "";
    while (at < words.length) {
        if (/[a-zA-Z]/.test(words[at][0]))
            command = words[at++];
        const kind = command.toLowerCase(), count = counts[kind], numbers = words.slice(at, at + count).map(Number);
        if (count === undefined || (kind === "z" && command === before) || numbers.length < count || numbers.some(Number.isNaN))
            return;
        at += count;
        const ox = command === kind ? path.x : 0, oy = command === kind ? path.y : 0;
        const n = kind === "h" ? [numbers[0] + ox] : kind === "v" ? [numbers[0] + oy] : numbers.map((value, i) => kind === "a" && i < 5 ? value : value + ((kind === "a" ? i + 1 : i) % 2 === 0 ? ox : oy));
        const smooth = pair => pair.includes(before.toLowerCase()) ? [2 * path.x - lastX, 2 * path.y - lastY] : [path.x, path.y];
        const { x, y } = path;
        let control = null;
        if (kind === "m") into.moveTo(n[0], n[1]);
        else if (kind === "l") into.lineTo(n[0], n[1]);
        else if (kind === "h") into.lineTo(n[0], y);
        else if (kind === "v") into.lineTo(x, n[0]);
        else if (kind === "c") into.bezierCurveTo(...n, control = [n[2], n[3]]);
        else if (kind === "s") into.bezierCurveTo(...smooth("cs"), ...n, control = [n[0], n[1]]);
        else if (kind === "q") into.quadraticCurveTo(...n, control = [n[0], n[1]]);
        else if (kind === "t") into.quadraticCurveTo(...(control = smooth("qt")), ...n);
        else if (kind === "a") into.lineTo(n[5], n[6]); // its chord
        else if (path.parts.length > 0) {
            path.close();
            [path.x, path.y] = path.parts.at(-1);
        }
        [lastX, lastY] = control ?? [path.x, path.y];
        before = command;
        command = kind === "m" ? command === "m" ? "l" : "L" : command;
    }
}

// --- the context ---

const contexts = new WeakMap(), states = new WeakMap();
const stateOf = context => states.get(context) ?? illegal();
const fresh = () => ({ matrix: flat, fillStyle: "#000000", strokeStyle: "#000000", font: fontOf("10px sans-serif"), dash: [],
    globalAlpha: 1, globalCompositeOperation: "source-over", lineWidth: 1, lineCap: "butt", lineJoin: "miter", miterLimit: 10,
    lineDashOffset: 0, shadowBlur: 0, shadowColor: "rgba(0, 0, 0, 0)", shadowOffsetX: 0, shadowOffsetY: 0, textAlign: "start",
    textBaseline: "alphabetic", direction: "inherit", filter: "none", imageSmoothingEnabled: true, imageSmoothingQuality: "low",
    letterSpacing: "0px", wordSpacing: "0px", fontKerning: "auto", fontStretch: "normal", fontVariantCaps: "normal", textRendering: "auto" });

// Makes state and path as they are at first.
function restart(context) {
    states.set(context, { now: fresh(), saved: [] });
    paths.set(context, new Path());
}
function turn(context, matrix) {
    stateOf(context).now.matrix = pathOf(context).matrix = matrix;
}
const given = (args, count) => {
    if (args.length < count)
        throw new TypeError(`${count} arguments required, but only ${args.length} present.`);
};

const drawable = ["HTMLCanvasElement", "HTMLImageElement", "HTMLVideoElement", "SVGElement", "ImageBitmap", "OffscreenCanvas"];
class CanvasRenderingContext2D {
    constructor(key, canvas, options) {
        if (key !== token)
            illegal();
        Object.defineProperty(this, "canvas", { value: canvas, enumerable: true });
        contexts.set(this, { alpha: options?.alpha ?? true, colorSpace: "srgb", desynchronized: false, willReadFrequently: Boolean(options?.willReadFrequently) });
        restart(this);
    }
    getContextAttributes() { return { ...contexts.get(this) }; }
    save() { const state = stateOf(this); state.saved.push({ ...state.now }); }
    restore() {
        const state = stateOf(this);
        state.now = state.saved.pop() ?? state.now;
        pathOf(this).matrix = state.now.matrix;
    }
    reset() { restart(this); }
    isContextLost() { return false; }

    scale(x, y) { given(arguments, 2); if (finite(x, y)) turn(this, times(stateOf(this).now.matrix, [x, 0, 0, y, 0, 0])); }
    rotate(angle) {
        given(arguments, 1);
        if (finite(angle))
            turn(this, times(stateOf(this).now.matrix, [Math.cos(angle), Math.sin(angle), -Math.sin(angle), Math.cos(angle), 0, 0]));
    }
    translate(x, y) { given(arguments, 2); if (finite(x, y)) turn(this, times(stateOf(this).now.matrix, [1, 0, 0, 1, x, y])); }
    transform(...values) { given(arguments, 6); if (finite(...values)) turn(this, times(stateOf(this).now.matrix, values.map(Number))); }
    setTransform(...values) {
        if (values.length === 1 || values.length === 0) {
            const { a, b, c, d, e, f } = global.DOMMatrix.fromMatrix(values[0]);
            values = [a, b, c, d, e, f];
        }
        given(values, 6);
        if (finite(...values))
            turn(this, values.map(Number));
    }
    resetTransform() { turn(this, flat); }
    getTransform() { return new global.DOMMatrix(stateOf(this).now.matrix); }

    createLinearGradient(...values) {
        given(arguments, 4);
        if (!finite(...values))
            throw new TypeError("The provided double value is non-finite.");
        return new CanvasGradient(token);
    }
    createRadialGradient(x0, y0, r0, x1, y1, r1) {
        given(arguments, 6);
        if (!finite(x0, y0, r0, x1, y1, r1))
            throw new TypeError("The provided double value is non-finite.");
        if (r0 < 0 || r1 < 0)
            fail("IndexSizeError", `The ${r0 < 0 ? "r0" : "r1"} provided is less than 0.`);
        return new CanvasGradient(token);
    }
    createConicGradient() { given(arguments, 3); return new CanvasGradient(token); }
    createPattern(image, repetition) {
        given(arguments, 2);
        if (!["", "repeat", "repeat-x", "repeat-y", "no-repeat"].includes(repetition ?? ""))
            fail("SyntaxError", `The provided type ('${repetition}') is not one of 'repeat', 'no-repeat', 'repeat-x', or 'repeat-y'.`);
        return new CanvasPattern(token);
    }

    beginPath() { pathOf(this).parts = []; }
    isPointInPath(...values) {
        const path = values[0] instanceof Path2D ? pathOf(values.shift()) : pathOf(this), [x, y, rule] = values;
        if (!finite(x, y))
            return false;
        const around = path.around(Number(x), Number(y));
        return path.near(Number(x), Number(y), 1e-9) || (rule === "evenodd" ? around % 2 !== 0 : around !== 0);
    }
    isPointInStroke(...values) {
        const path = values[0] instanceof Path2D ? pathOf(values.shift()) : pathOf(this);
        return finite(...values) && path.near(Number(values[0]), Number(values[1]), stateOf(this).now.lineWidth / 2);
    }
    measureText(text) {
        given(arguments, 1);
        const { font, textAlign, letterSpacing } = stateOf(this).now;
        text = toText(text);
        return new TextMetrics(token, widthOf(text, font) + parseFloat(letterSpacing) * text.length, font.px, textAlign);
    }
    setLineDash(segments) {
        const values = Array.from(segments, Number);
        if (values.every(value => Number.isFinite(value) && value >= 0))
            stateOf(this).now.dash = values.length % 2 === 0 ? values : [...values, ...values];
    }
    getLineDash() { return [...stateOf(this).now.dash]; }
    drawImage(image) {
        if (!drawable.some(name => global[name] !== undefined && image instanceof global[name]))
            throw new TypeError("The provided value is not of type '(CSSImageValue or HTMLCanvasElement or HTMLImageElement or HTMLVideoElement or ImageBitmap or OffscreenCanvas or SVGImageElement or VideoFrame)'.");
        if (![3, 5, 9].includes(arguments.length))
            throw new TypeError("Valid arities are: [3, 5, 9].");
    }
    createImageData(width, height) { return width instanceof ImageData ? new ImageData(width.width, width.height) : new ImageData(width, height); }
    getImageData(x, y, width, height) { given(arguments, 4); return new ImageData(width, height); }
    putImageData(data) {
        given(arguments, 3);
        if (!(data instanceof ImageData))
            throw new TypeError("parameter 1 is not of type 'ImageData'.");
    }
    get font() { return stateOf(this).now.font.text; }
    set font(text) {
        const state = stateOf(this).now;
        state.font = fontOf(toText(text)) ?? state.font;
    }
}
Object.assign(CanvasRenderingContext2D.prototype, pathMethods);
const nothing = { clearRect: 4, fillRect: 4, strokeRect: 4, fill: 0, stroke: 0, clip: 0, fillText: 3, strokeText: 3, drawFocusIfNeeded: 1 };
for (const [name, count] of Object.entries(nothing))
    CanvasRenderingContext2D.prototype[name] = { [name]() { given(arguments, count); } }[name];

// A property of the state: what is set is taken as read says, and let go where that is null.
function property(name, read) {
    Object.defineProperty(CanvasRenderingContext2D.prototype, name, {
        get() { return stateOf(this).now[name]; },
        set(value) {
            const taken = read(value);
            if (taken !== null)
                stateOf(this).now[name] = taken;
        }, enumerable: true, configurable: true,
    });
}
const number = holds => value => Number.isFinite(Number(value)) && holds(Number(value)) ? Number(value) : null;
const oneOf = words => value => words.split(" ").includes(toText(value)) ? toText(value) : null;
const style = value => value instanceof CanvasGradient || value instanceof CanvasPattern ? value : colour(value);
const length = value => $.cssLength(toText(value)) === null ? null : toText(value);
for (const [name, read] of Object.entries({
    fillStyle: style, strokeStyle: style, shadowColor: colour,
    globalAlpha: number(value => value >= 0 && value <= 1), lineWidth: number(value => value > 0), miterLimit: number(value => value > 0),
    lineDashOffset: number(() => true), shadowBlur: number(value => value >= 0), shadowOffsetX: number(() => true), shadowOffsetY: number(() => true),
    lineCap: oneOf("butt round square"), lineJoin: oneOf("round bevel miter"), textAlign: oneOf("start end left right center"),
    textBaseline: oneOf("top hanging middle alphabetic ideographic bottom"), direction: oneOf("ltr rtl inherit"),
    globalCompositeOperation: oneOf("source-over source-in source-out source-atop destination-over destination-in destination-out destination-atop lighter copy xor multiply screen overlay darken lighten color-dodge color-burn hard-light soft-light difference exclusion hue saturation color luminosity"),
    imageSmoothingEnabled: Boolean, imageSmoothingQuality: oneOf("low medium high"), filter: toText, letterSpacing: length, wordSpacing: length,
    fontKerning: oneOf("auto normal none"), fontStretch: oneOf("ultra-condensed extra-condensed condensed semi-condensed normal semi-expanded expanded extra-expanded ultra-expanded"),
    fontVariantCaps: oneOf("normal small-caps all-small-caps petite-caps all-petite-caps unicase titling-caps"),
    textRendering: oneOf("auto optimizeSpeed optimizeLegibility geometricPrecision"),
}))
    property(name, read);
expose(CanvasRenderingContext2D);

// --- the element ---

// A clear image of this size as PNG: one colour of a palette, one bit a pixel, which is clear.
function png(width, height) {
    const table = Array.from({ length: 256 }, (unused, n) => {
        for (let i = 0; i < 8; i++)
            n = n & 1 ? 0xedb88320 ^ n >>> 1 : n >>> 1;
        return n;
    });
    const four = n => [n >>> 24, n >>> 16 & 255, n >>> 8 & 255, n & 255];
    const out = [0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10];
    const put = (name, data) => {
        const body = [...Array.from(name, letter => letter.charCodeAt(0)), ...data];
        const crc = body.reduce((sum, byte) => table[(sum ^ byte) & 255] ^ sum >>> 8, -1);
        for (const byte of [...four(data.length), ...body, ...four(~crc >>> 0)])
            out.push(byte);
    };
    put("IHDR", [...four(width), ...four(height), 1, 3, 0, 0, 0]);
    put("PLTE", [0, 0, 0]);
    put("tRNS", [0]);
    put("IDAT", zeros(height * (1 + Math.ceil(width / 8))));
    put("IEND", []);
    return out;
}
// So many zeros, as zlib packs them: one, then copies of what stands before, by the fixed code.
function zeros(count) {
    const out = [0x78, 0x01];
    let bits = 0, used = 0;
    const put = (value, size) => {
        for (let i = 0; i < size; i++) {
            bits |= (value >> i & 1) << used;
            if (++used === 8) {
                out.push(bits);
                bits = used = 0;
            }
        }
    };
    put(3, 3); // the last block, of the fixed code
    put(0b00001100, 8);
    let rest = count - 1;
    for (; rest >= 258; rest -= 258) {
        put(0b10100011, 8); // 258 bytes, 1 byte back
        put(0, 5);
    }
    for (; rest > 0; rest--)
        put(0b00001100, 8);
    put(0, 7);
    put(0, (8 - used) % 8);
    const b = count % 65521;
    return [...out, b >> 8, b & 255, 0, 1];
}

const made = new WeakMap(); // from an element to its context, or null for what is none
const sized = (name, value) => ({
    get() {
        const given = parseInt($.attribute(idOf(this), name), 10);
        return given >= 0 ? given : value;
    },
    set(value) {
        setAttribute(idOf(this), name, String(toNumber(value)));
        if (made.get(this))
            restart(made.get(this));
    }, enumerable: true, configurable: true,
});
Object.defineProperties(Canvas.prototype, { width: sized("width", 300), height: sized("height", 150) });
web.mix(Canvas, {
    getContext(kind, options) {
        given(arguments, 1);
        if (toText(kind) !== "2d")
            return null;
        if (!made.has(this))
            made.set(this, new CanvasRenderingContext2D(token, this, options));
        return made.get(this);
    },
    toDataURL() {
        const { width, height } = this;
        return width === 0 || height === 0 ? "data:," : "data:image/png;base64," + global.btoa(String.fromCharCode(...png(width, height)));
    },
    toBlob(callback) {
        if (typeof callback !== "function")
            throw new TypeError("The callback provided as parameter 1 is not a function.");
        const { width, height } = this, empty = width === 0 || height === 0 || global.Blob === undefined;
        const blob = empty ? null : new global.Blob([Uint8Array.from(png(width, height))], { type: "image/png" });
        global.setTimeout(() => callback(blob), 0);
    },
    captureStream() { fail("NotSupportedError", "Streams of canvases are not supported."); },
});
}
