// How functions of the interfaces show themselves: as those of the engine do. Libraries ask for that:
// jQuery takes document.querySelectorAll only where its text says that it is native, and else looks at
// all elements itself, which costs a page of 16,000 elements 2.2 MB. The last of the files.
"use strict"; {
const { $, web, global } = this;
const own = new WeakSet(), textOf = Function.prototype.toString;
const { toString } = {
    toString() {
        return own.has(this) ? `function ${this.name}() { [native code] }` : textOf.call(this);
    },
};

// Whether a function is the engine's is not asked: their texts are made for it, and the largest are whole
// classes; it took 4 ms. Noted or not, those show themselves as native.
const describe = Object.getOwnPropertyDescriptor, keysOf = Reflect.ownKeys;
function noteMembers(object, deep) {
    for (const key of keysOf(object)) {
        const member = describe(object, key), { get } = member;
        if (get !== undefined) {
            own.add(get);
            if (member.set !== undefined)
                own.add(member.set);
        } else {
            note(member.value, deep);
        }
    }
}
function note(value, deep) {
    const kind = typeof value;
    if (kind !== "function" && (kind !== "object" || value === null) || own.has(value))
        return;
    own.add(value);
    if (deep > 0)
        noteMembers(value, deep - 1);
}

Object.defineProperty(Function.prototype, "toString", { value: toString, writable: true, configurable: true });
own.add(toString);
for (let at = global; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at))
    for (const key of Reflect.ownKeys(at)) {
        if (web.engineNames.has(key) && key !== "console")
            continue;
        const { value, get, set } = Object.getOwnPropertyDescriptor(at, key);
        if (value === global)
            continue;
        note(value, 2); // an interface, its prototype, the members of that
        note(get, 0);
        note(set, 0);
    }
}
