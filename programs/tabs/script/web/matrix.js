// Points and matrices (Geometry Interfaces Module Level 1).
"use strict"; {
const { $, web, global } = this;
const { expose, fail, toText } = web;

class DOMPointReadOnly {
    constructor(x = 0, y = 0, z = 0, w = 1) { Object.assign(this, { x, y, z, w }); }
    static fromPoint(other = {}) { return new this(other.x, other.y, other.z, other.w); }
    matrixTransform(matrix) { return DOMMatrix.fromMatrix(matrix).transformPoint(this); }
    toJSON() { const { x, y, z, w } = this; return { x, y, z, w }; }
}
class DOMPoint extends DOMPointReadOnly {}
expose(DOMPointReadOnly);
expose(DOMPoint);

// Values lie by columns: m11 m12 m13 m14 m21 ...
const identity = () => [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
const from2d = ([a, b, c, d, e, f]) => [a, b, 0, 0, c, d, 0, 0, 0, 0, 1, 0, e, f, 0, 1];

// What applies b first, then a.
function product(a, b) {
    const out = new Array(16);
    for (let column = 0; column < 4; column++)
        for (let row = 0; row < 4; row++) {
            let sum = 0;
            for (let i = 0; i < 4; i++)
                sum += a[i * 4 + row] * b[column * 4 + i];
            out[column * 4 + row] = sum;
        }
    return out;
}

// By Gauss and Jordan; undefined for what has no inverse.
function inverse(values) {
    const rows = [0, 1, 2, 3].map(row => [0, 1, 2, 3].map(column => values[column * 4 + row]).concat([0, 1, 2, 3].map(i => i === row ? 1 : 0)));
    for (let i = 0; i < 4; i++) {
        let best = i;
        for (let row = i + 1; row < 4; row++)
            best = Math.abs(rows[row][i]) > Math.abs(rows[best][i]) ? row : best;
        if (!(Math.abs(rows[best][i]) > 0))
            return undefined;
        [rows[i], rows[best]] = [rows[best], rows[i]];
        const pivot = rows[i][i];
        rows[i] = rows[i].map(value => value / pivot);
        for (let row = 0; row < 4; row++) {
            const factor = rows[row][i];
            if (row !== i && factor !== 0)
                rows[row] = rows[row].map((value, at) => value - factor * rows[i][at]);
        }
    }
    return identity().map((unused, at) => rows[at % 4][4 + Math.floor(at / 4)]);
}

function rotation(x, y, z, degrees) {
    const length = Math.hypot(x, y, z);
    if (length === 0)
        return identity();
    [x, y, z] = [x / length, y / length, z / length];
    const angle = degrees * Math.PI / 180, s = Math.sin(angle), c = Math.cos(angle), t = 1 - c;
    return [t * x * x + c, t * x * y + s * z, t * x * z - s * y, 0, t * x * y - s * z, t * y * y + c, t * y * z + s * x, 0,
        t * x * z + s * y, t * y * z - s * x, t * z * z + c, 0, 0, 0, 0, 1];
}

// Of a matrix as text: "none", matrix(), matrix3d(), or a list of transforms, by the style of it.
function read(text) {
    text = text.trim();
    const computed = text === "" || text === "none" ? "none" : $.cssTransform(text);
    if (computed === null)
        fail("SyntaxError", `Failed to parse '${text}'.`);
    const numbers = computed === "none" ? [1, 0, 0, 1, 0, 0] : computed.slice(computed.indexOf("(") + 1, -1).split(",").map(Number);
    return numbers.length === 6 ? [from2d(numbers), true] : [numbers, false];
}

function take(init) {
    if (init === undefined)
        return [identity(), true];
    if (typeof init === "string")
        return read(init);
    const numbers = Array.from(init, Number);
    if (numbers.length !== 6 && numbers.length !== 16)
        throw new TypeError("The sequence must contain 6 elements for a 2D matrix or 16 elements for a 3D matrix.");
    return numbers.length === 6 ? [from2d(numbers), true] : [numbers, false];
}

const parts = new WeakMap(); // from a matrix to its values, and whether it is flat
const valuesOf = matrix => parts.get(matrix).values;
const make = (type, values, flat) => {
    const made = new type();
    parts.set(made, { values, flat });
    return made;
};
function fromInit(init = {}) {
    if (parts.has(init))
        return parts.get(init);
    const values = identity(), names = { a: 0, b: 1, c: 4, d: 5, e: 12, f: 13 };
    for (const [name, at] of Object.entries(names))
        values[at] = Number(init[name] ?? values[at]);
    let flat = true;
    for (let at = 0; at < 16; at++) {
        const value = init[`m${Math.floor(at / 4) + 1}${at % 4 + 1}`];
        if (value !== undefined)
            values[at] = Number(value);
        flat &&= Object.values(names).includes(at) || values[at] === identity()[at];
    }
    return { values, flat: init.is2D ?? flat };
}

class DOMMatrixReadOnly {
    constructor(init) {
        const [values, flat] = take(init);
        parts.set(this, { values, flat });
    }
    static fromMatrix(other) { const { values, flat } = fromInit(other); return make(this, [...values], flat); }
    static fromFloat32Array(array) { return new this(array); }
    static fromFloat64Array(array) { return new this(array); }
    get is2D() { return parts.get(this).flat; }
    get isIdentity() { return valuesOf(this).every((value, at) => value === identity()[at]); }
    multiply(other) { return DOMMatrix.fromMatrix(this).multiplySelf(other); }
    translate(x = 0, y = 0, z = 0) { return DOMMatrix.fromMatrix(this).translateSelf(x, y, z); }
    scale(...values) { return DOMMatrix.fromMatrix(this).scaleSelf(...values); }
    scaleNonUniform(x = 1, y = 1) { return this.scale(x, y); }
    scale3d(scale = 1, x = 0, y = 0, z = 0) { return this.scale(scale, scale, scale, x, y, z); }
    rotate(x = 0, y, z) { return DOMMatrix.fromMatrix(this).rotateSelf(x, y, z); }
    rotateFromVector(x = 0, y = 0) { return DOMMatrix.fromMatrix(this).rotateFromVectorSelf(x, y); }
    rotateAxisAngle(x = 0, y = 0, z = 0, angle = 0) { return DOMMatrix.fromMatrix(this).rotateAxisAngleSelf(x, y, z, angle); }
    skewX(angle = 0) { return DOMMatrix.fromMatrix(this).skewXSelf(angle); }
    skewY(angle = 0) { return DOMMatrix.fromMatrix(this).skewYSelf(angle); }
    flipX() { return this.multiply(new DOMMatrix([-1, 0, 0, 1, 0, 0])); }
    flipY() { return this.multiply(new DOMMatrix([1, 0, 0, -1, 0, 0])); }
    inverse() { return DOMMatrix.fromMatrix(this).invertSelf(); }
    transformPoint({ x = 0, y = 0, z = 0, w = 1 } = {}) {
        const m = valuesOf(this), row = at => m[at] * x + m[at + 4] * y + m[at + 8] * z + m[at + 12] * w;
        return new DOMPoint(row(0), row(1), row(2), row(3));
    }
    toFloat32Array() { return Float32Array.from(valuesOf(this)); }
    toFloat64Array() { return Float64Array.from(valuesOf(this)); }
    toJSON() {
        const out = {};
        for (const name of [..."abcdef", ...Array.from({ length: 16 }, (unused, at) => `m${Math.floor(at / 4) + 1}${at % 4 + 1}`), "is2D", "isIdentity"])
            out[name] = this[name];
        return out;
    }
    toString() {
        const { values, flat } = parts.get(this);
        if (!values.every(Number.isFinite))
            fail("InvalidStateError", "The matrix cannot be serialized with NaN or Infinity values.");
        return flat ? `matrix(${[0, 1, 4, 5, 12, 13].map(at => values[at]).join(", ")})` : `matrix3d(${values.join(", ")})`;
    }
}

class DOMMatrix extends DOMMatrixReadOnly {
    #set(values, flat = true) {
        const own = parts.get(this);
        own.values = values;
        own.flat &&= flat;
        return this;
    }
    multiplySelf(other) { const { values, flat } = fromInit(other); return this.#set(product(valuesOf(this), values), flat); }
    preMultiplySelf(other) { const { values, flat } = fromInit(other); return this.#set(product(values, valuesOf(this)), flat); }
    translateSelf(x = 0, y = 0, z = 0) {
        return this.#set(product(valuesOf(this), [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, x, y, z, 1]), z === 0);
    }
    scaleSelf(x = 1, y = x, z = 1, originX = 0, originY = 0, originZ = 0) {
        this.translateSelf(originX, originY, originZ);
        this.#set(product(valuesOf(this), [x, 0, 0, 0, 0, y, 0, 0, 0, 0, z, 0, 0, 0, 0, 1]), z === 1);
        return this.translateSelf(-originX, -originY, -originZ);
    }
    scale3dSelf(scale = 1, x = 0, y = 0, z = 0) { return this.scaleSelf(scale, scale, scale, x, y, z); }
    rotateSelf(x = 0, y, z) {
        if (y === undefined && z === undefined)
            [x, y, z] = [0, 0, x];
        const values = [[0, 0, 1, z ?? 0], [0, 1, 0, y ?? 0], [1, 0, 0, x]]
            .reduce((all, [i, j, k, angle]) => angle === 0 ? all : product(all, rotation(i, j, k, angle)), valuesOf(this));
        return this.#set(values, x === 0 && !y);
    }
    rotateFromVectorSelf(x = 0, y = 0) { return this.rotateSelf(Math.atan2(y, x) * 180 / Math.PI); }
    rotateAxisAngleSelf(x = 0, y = 0, z = 0, angle = 0) {
        return this.#set(product(valuesOf(this), rotation(x, y, z, angle)), x === 0 && y === 0);
    }
    skewXSelf(angle = 0) { return this.multiplySelf(new DOMMatrix([1, 0, Math.tan(angle * Math.PI / 180), 1, 0, 0])); }
    skewYSelf(angle = 0) { return this.multiplySelf(new DOMMatrix([1, Math.tan(angle * Math.PI / 180), 0, 1, 0, 0])); }
    invertSelf() {
        const values = inverse(valuesOf(this));
        return values === undefined ? this.#set(new Array(16).fill(NaN), false) : this.#set(values);
    }
    setMatrixValue(text) {
        const [values, flat] = read(toText(text));
        parts.set(this, { values, flat });
        return this;
    }
}

for (const type of [DOMMatrixReadOnly, DOMMatrix])
    expose(type);
const flat = { a: 0, b: 1, c: 4, d: 5, e: 12, f: 13 };
for (let at = 0; at < 16; at++)
    flat[`m${Math.floor(at / 4) + 1}${at % 4 + 1}`] = at;
for (const [name, at] of Object.entries(flat)) {
    const get = function () { return valuesOf(this)[at]; };
    Object.defineProperty(DOMMatrixReadOnly.prototype, name, { get, enumerable: true, configurable: true });
    Object.defineProperty(DOMMatrix.prototype, name, {
        get, enumerable: true, configurable: true,
        set(value) {
            const own = parts.get(this);
            own.values = own.values.with(at, Number(value));
            own.flat &&= [0, 1, 4, 5, 12, 13].includes(at) || own.values[at] === identity()[at];
        },
    });
}
global.WebKitCSSMatrix = DOMMatrix;
}
