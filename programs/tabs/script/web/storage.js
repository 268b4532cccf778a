// localStorage and sessionStorage (HTML standard, 12.2): read from the host when a script first asks.
"use strict"; {
const { $, web, global } = this;
const { expose, toText, token, illegal, fail } = web;

const LIMIT = 5 << 20; // of keys and values together, in code units

const areas = new WeakMap(); // from storage to what it has
class Area {
    #map; #session;
    size = 0;
    constructor(session) { this.#session = session; }
    get map() {
        if (this.#map === undefined) {
            const list = $.stored(this.#session);
            this.#map = new Map();
            for (let i = 0; i < list.length; i += 2)
                this.#map.set(list[i], list[i + 1]);
            for (const [key, value] of this.#map)
                this.size += key.length + value.length;
        }
        return this.#map;
    }
    set(key, value) {
        const old = this.map.get(key), size = this.size + value.length - (old === undefined ? -key.length : old.length);
        if (size > LIMIT)
            fail("QuotaExceededError", `Failed to execute 'setItem' on 'Storage': Setting the value of '${key}' exceeded the quota.`);
        this.size = size;
        this.map.set(key, value);
        if (old !== value)
            $.store(this.#session, key, value);
    }
    delete(key) {
        const old = this.map.get(key);
        if (old === undefined)
            return false;
        this.size -= key.length + old.length;
        this.map.delete(key);
        $.store(this.#session, key, null);
        return true;
    }
    clear() {
        if (this.map.size === 0)
            return;
        this.map.clear();
        this.size = 0;
        $.store(this.#session, null, null);
    }
}
const areaOf = storage => areas.get(storage) ?? illegal();

class Storage {
    constructor(key) { if (key !== token) illegal(); }
    get length() { return areaOf(this).map.size; }
    key(index) { return [...areaOf(this).map.keys()][index >>> 0] ?? null; }
    getItem(key) { return areaOf(this).map.get(toText(key)) ?? null; }
    setItem(key, value) {
        web.need(2, arguments.length, "setItem");
        areaOf(this).set(toText(key), toText(value));
    }
    removeItem(key) { areaOf(this).delete(toText(key)); }
    clear() { areaOf(this).clear(); }
}
expose(Storage);

const handler = {
    get: (target, key, receiver) => typeof key === "symbol" || key in target ? Reflect.get(target, key, receiver) : areaOf(target).map.get(key),
    has: (target, key) => Reflect.has(target, key) || (typeof key === "string" && areaOf(target).map.has(key)),
    set(target, key, value) {
        if (typeof key === "symbol")
            return Reflect.set(target, key, value);
        areaOf(target).set(key, toText(value));
        return true;
    },
    deleteProperty(target, key) {
        typeof key === "string" ? areaOf(target).delete(key) : Reflect.deleteProperty(target, key);
        return true;
    },
    defineProperty(target, key, descriptor) {
        if (typeof key === "symbol")
            return Reflect.defineProperty(target, key, descriptor);
        areaOf(target).set(key, toText(descriptor.value));
        return true;
    },
    ownKeys: target => [...areaOf(target).map.keys(), ...Reflect.ownKeys(target)],
    getOwnPropertyDescriptor(target, key) {
        const value = typeof key === "string" && !(key in target) ? areaOf(target).map.get(key) : undefined;
        return value === undefined ? Reflect.getOwnPropertyDescriptor(target, key) : { value, enumerable: true, configurable: true, writable: true };
    },
};
for (const [name, session] of [["localStorage", false], ["sessionStorage", true]]) {
    const target = new Storage(token), proxy = new Proxy(target, handler), area = new Area(session);
    areas.set(target, area);
    areas.set(proxy, area);
    Object.defineProperty(global, name, { get: () => proxy, enumerable: true, configurable: true });
}
}
