// Module scripts (HTML standard, 8.1.5; ECMAScript, 16.2): loaded, linked and evaluated here, each as a
// generator that has made its functions and told its exports at its first yield, and runs from there.
"use strict"; {
const { $, web, global } = this;
const { idOf, toText } = web;

// --- import maps and specifiers ---

const maps = { imports: {}, scopes: {} }, taken = new WeakSet();
function normalize(specifiers, base) {
    const out = {};
    for (const [key, value] of Object.entries(specifiers ?? {})) {
        const name = asURL(key, base) ?? key, url = typeof value === "string" ? asURL(value, base) : null;
        out[name] = url !== null && key.endsWith("/") && !url.endsWith("/") ? null : url;
    }
    return out;
}
function takeMaps() {
    for (const id of $.select(web.documentId, "script[type=importmap i]", false)) {
        const element = web.wrap(id);
        if (taken.has(element))
            continue;
        taken.add(element);
        try {
            const { imports, scopes } = JSON.parse($.text(id)), base = web.baseURL();
            Object.assign(maps.imports, normalize(imports, base));
            for (const [scope, specifiers] of Object.entries(scopes ?? {}))
                Object.assign(maps.scopes[web.resolve(scope, base) ?? scope] ??= {}, normalize(specifiers, base));
        } catch (error) {
            web.report(error, "importmap");
        }
    }
}
function asURL(specifier, base) {
    if (/^(\.{0,2}\/)/.test(specifier))
        return web.resolve(specifier, base);
    return /^[a-z][a-z0-9+.-]*:/i.test(specifier) ? web.resolve(specifier, base) : null;
}
function lookUp(name, table) {
    if (Object.hasOwn(table, name))
        return table[name] ?? blocked(name);
    const prefix = Object.keys(table).filter(key => key.endsWith("/") && name.startsWith(key)).sort((a, b) => b.length - a.length)[0];
    return prefix === undefined ? undefined : table[prefix] === null ? blocked(name) : web.resolve(name.slice(prefix.length), table[prefix]) ?? blocked(name);
}
function blocked(name) {
    throw new TypeError(`Failed to resolve module specifier "${name}" blocked by a null entry or wrong address of the import map.`);
}
function resolve(specifier, base) {
    takeMaps();
    const url = asURL(specifier, base), name = url ?? specifier;
    const scopes = Object.keys(maps.scopes).filter(scope => scope === base || (scope.endsWith("/") && base.startsWith(scope))).sort((a, b) => b.length - a.length);
    for (const table of [...scopes.map(scope => maps.scopes[scope]), maps.imports]) {
        const found = lookUp(name, table);
        if (found !== undefined)
            return found;
    }
    if (url === null)
        throw new TypeError(`Failed to resolve module specifier "${specifier}". Relative references must start with either "/", "./", or "../".`);
    return url;
}

// --- records ---

const modules = new Map(); // from address and type to a module, or the promise of one
class Module {
    status = "linking"; error = undefined; links = []; getters = new Map(); namespace = null; scope = {};
    root = this; index = 0; ancestor = 0; pending = 0; waiting = []; order = -1; promise = null; done = null;
    constructor(url, parts) {
        this.url = url;
        [this.requests, this.imports, this.locals, this.indirect] = parts;
    }
}

// Names of which a text has none.
function freeNames(source) {
    let mark = "$";
    while (source.includes(`${mark}import`) || source.includes(`${mark}call`) || source.includes(`${mark}meta`))
        mark += "$";
    return [`${mark}import`, `${mark}call`, `${mark}meta`];
}
const rows = (list, width) => Array.from({ length: list.length / width }, (unused, at) => list.slice(at * width, (at + 1) * width));

function compile(source, url) {
    const [object, call, meta] = freeNames(source);
    const [text, awaits, returns, requests, imports, locals, indirect, named] = $.module(source, object, call, meta, true);
    if (returns)
        throw Object.assign(new SyntaxError("Return statements are only valid inside functions."), { sourceURL: url });
    const imported = new Map(rows(imports, 3).map(([local, name, request]) => [local, [name, Number(request)]]));
    const own = new Map(), passed = rows(indirect, 3).map(([name, there, request]) => [name, there, Number(request)]);
    for (const [name, local] of rows(locals, 2)) {
        if (own.has(name) || passed.some(([other]) => other === name && name !== "*"))
            throw Object.assign(new SyntaxError(`Duplicate export of '${name}'`), { sourceURL: url });
        imported.has(local) ? passed.push([name, ...imported.get(local)]) : own.set(name, local);
    }
    const module = new Module(url, [rows(requests, 3), imported, own, passed]);
    module.awaits = awaits;
    const getters = [...own].map(([name, local]) => `${JSON.stringify(name)}:()=>${local}`).join(), names = named.map(name => `,${name}`).join("");
    const made = web.run(`(${awaits ? "async " : ""}function*(${object},${call},${meta}){"use strict";${meta}.exports({__proto__:null,${getters}}${names});yield;${text}\n})`, url);
    const meta_ = Object.create(null);
    meta_.url = url;
    meta_.resolve = specifier => resolve(toText(specifier), url);
    module.start = () => {
        const functions = name => module.scope[name];
        module.body = made(module.scope, functions, {
            meta: meta_, import: (specifier, options) => importNow(specifier, url, options),
            exports(table, ...unnamed) {
                for (const name of Object.keys(table))
                    module.getters.set(name, table[name]);
                for (const one of unnamed)
                    Object.defineProperty(one, "name", { value: "default", configurable: true });
            },
        });
        const first = module.body.next();
        first?.then?.(undefined, () => {});
    };
    return module;
}
// What is no script has one export.
function synthetic(url, value) {
    const module = new Module(url, [[], new Map(), new Map([["default", ""]]), []]);
    module.start = () => {
        module.getters.set("default", () => value);
        module.body = { next() {} };
    };
    return module;
}

// --- loading: a module and all that it asks for ---

function fetchModule(url, type) {
    const key = `${type} ${url}`;
    if (!modules.has(key))
        modules.set(key, new Promise((settle, refuse) => {
            const done = web.delayLoad();
            web.request(type === "css" ? web.FETCH_STYLE : web.FETCH_SCRIPT, { url }, answer => {
                try {
                    settle(take(answer, url, type));
                } catch (error) {
                    refuse(error);
                }
                done();
            });
        }));
    return modules.get(key);
}
function take(answer, url, type) {
    if (!web.isOk(answer))
        throw Object.assign(new TypeError(`Failed to fetch module: ${url}`), { missing: true });
    const given = /^content-type:\s*([^\r\n;]*)/im.exec(answer.headers)?.[1].trim().toLowerCase() ?? "";
    const wanted = type === "json" ? /json$/ : type === "css" ? /^text\/css$/ : /(java|ecma)script$/;
    if (given !== "" && /^http/.test(answer.url) && !wanted.test(given))
        throw Object.assign(new TypeError(`Failed to load module script ${url}: it is ${given}`), { missing: true });
    if (type === "json")
        return synthetic(url, JSON.parse(answer.body));
    if (type === "css") {
        const sheet = new global.CSSStyleSheet();
        sheet.replaceSync(answer.body);
        return synthetic(url, sheet);
    }
    return compile(answer.body, answer.url || url);
}
const loads = new WeakMap(); // from a module to the promise that what it asks for is there
function load(module, seen = new Set()) {
    if (seen.has(module))
        return Promise.resolve();
    seen.add(module);
    if (!loads.has(module))
        loads.set(module, Promise.all(module.requests.map(async ([specifier, type]) => {
            if (!["", "json", "css"].includes(type))
                throw new TypeError(`"${type}" is not a valid module type.`);
            return fetchModule(resolve(specifier, module.url), type);
        })).then(links => { module.links = links; }));
    return loads.get(module).then(() => Promise.all(module.links.map(link => load(link, seen))));
}

// --- linking ---

// Where an export is: its module and name, "" for the namespace; null for none, "ambiguous" for two.
function find(module, name, seen = []) {
    if (seen.some(([other, asked]) => other === module && asked === name))
        return null;
    seen.push([module, name]);
    if (module.locals.has(name))
        return { module, name };
    const passed = module.indirect.find(([exported]) => exported === name && exported !== "*");
    if (passed !== undefined) {
        const [, there, request] = passed;
        return there === "*" ? { module: module.links[request], name: "" } : find(module.links[request], there, seen);
    }
    if (name === "default")
        return null;
    let found = null;
    for (const [exported, , request] of module.indirect) {
        const other = exported === "*" ? find(module.links[request], name, seen) : null;
        if (other === "ambiguous" || (other !== null && found !== null && (other.module !== found.module || other.name !== found.name)))
            return "ambiguous";
        found ??= other;
    }
    return found;
}
function exportedNames(module, seen = new Set()) {
    if (seen.has(module))
        return [];
    seen.add(module);
    const names = [...module.locals.keys()];
    for (const [name, , request] of module.indirect)
        names.push(...name === "*" ? exportedNames(module.links[request], seen).filter(other => other !== "default") : [name]);
    return [...new Set(names)];
}
function read({ module, name }) {
    return name === "" ? () => namespaceOf(module) : module.getters.get(name);
}
function namespaceOf(module) {
    if (module.namespace === null) {
        const names = exportedNames(module).map(name => [name, find(module, name)]).filter(([, found]) => found !== null && found !== "ambiguous");
        const table = new Map(names.sort(([a], [b]) => a < b ? -1 : 1)), target = Object.create(null);
        for (const name of table.keys())
            Object.defineProperty(target, name, { value: undefined, writable: true, enumerable: true });
        Object.defineProperty(target, Symbol.toStringTag, { value: "Module" });
        module.namespace = new Proxy(Object.preventExtensions(target), {
            get: (object, key) => table.has(key) ? read(table.get(key))() : object[key],
            getOwnPropertyDescriptor: (object, key) => table.has(key)
                ? { value: read(table.get(key))(), writable: true, enumerable: true, configurable: false } : Reflect.getOwnPropertyDescriptor(object, key),
            set: () => false,
            defineProperty: (object, key, wanted) => table.has(key) && wanted.configurable !== true && wanted.enumerable !== false && wanted.writable !== false &&
                wanted.get === undefined && wanted.set === undefined && (!("value" in wanted) || Object.is(wanted.value, read(table.get(key))())),
        });
    }
    return module.namespace;
}
function missing(module, name, request, found) {
    const [specifier, , line] = module.requests[request];
    return Object.assign(new SyntaxError(found === null ? `The requested module '${specifier}' does not provide an export named '${name}'`
        : `The requested module '${specifier}' contains conflicting star exports for name '${name}'`), { sourceURL: module.url, line: Number(line) });
}
function linkAll(module) {
    const all = [], seen = new Set(), path = [[module, 0]];
    seen.add(module);
    while (path.length > 0) { // what a module asks for before it, without the stack
        const top = path.at(-1), [at, next] = top;
        if (next === at.links.length || at.status !== "linking") {
            path.pop();
            if (at.status === "linking")
                all.push(at);
        } else {
            top[1]++;
            if (!seen.has(at.links[next])) {
                seen.add(at.links[next]);
                path.push([at.links[next], 0]);
            }
        }
    }
    for (const one of all) {
        for (const [name, there, request] of one.indirect) {
            const found = name === "*" || there === "*" ? undefined : find(one, name);
            if (found === null || found === "ambiguous")
                throw missing(one, there, request, found);
        }
        for (const [name, request] of one.imports.values()) {
            const found = name === "*" ? undefined : find(one.links[request], name);
            if (found === null || found === "ambiguous")
                throw missing(one, name, request, found);
        }
    }
    for (const one of all) {
        one.start();
        one.status = "linked";
    }
    for (const one of all)
        for (const [local, [name, request]] of one.imports) {
            const found = name === "*" ? { module: one.links[request], name: "" } : find(one.links[request], name);
            Object.defineProperty(one.scope, local, { get: read(found), enumerable: true });
        }
}

// --- evaluation (ECMAScript, 16.2.1.5.3) ---

let orders = 0;
function evaluate(module) {
    if (module.status === "evaluating-async" || module.status === "evaluated")
        module = module.root;
    if (module.promise !== null)
        return module.promise;
    const stack = [];
    let settle, refuse;
    module.promise = new Promise((resolve_, reject) => { settle = resolve_; refuse = reject; });
    module.done = [settle, refuse];
    try {
        inner(module, stack, { next: 0 });
        if (module.order < 0 || module.status === "evaluated")
            settle();
    } catch (error) {
        for (const one of stack)
            Object.assign(one, { status: "evaluated", failed: true, error });
        refuse(error);
    }
    return module.promise;
}
function inner(module, stack, count) {
    if (module.status === "evaluating-async" || module.status === "evaluated") {
        if (module.failed)
            throw module.error;
        return;
    }
    if (module.status === "evaluating")
        return;
    module.status = "evaluating";
    module.index = module.ancestor = count.next++;
    stack.push(module);
    for (let link of module.links) {
        inner(link, stack, count);
        if (link.status === "evaluating") {
            module.ancestor = Math.min(module.ancestor, link.ancestor);
        } else {
            link = link.root;
            if (link.failed)
                throw link.error;
        }
        if (link.order >= 0 && link.status !== "evaluated") {
            module.pending++;
            link.waiting.push(module);
        }
    }
    if (module.pending > 0 || module.awaits) {
        module.order = orders++;
        if (module.pending === 0)
            start(module);
    } else {
        module.body.next();
    }
    if (module.ancestor !== module.index)
        return;
    for (let one; one !== module;) {
        one = stack.pop();
        one.status = one.order < 0 ? "evaluated" : "evaluating-async";
        one.root = module;
    }
}
function start(module) {
    module.body.next().then(() => finished(module), error => failed(module, error));
}
function gather(module, all) {
    for (const waiting of module.waiting)
        if (!all.includes(waiting) && !waiting.root.failed && --waiting.pending === 0) {
            all.push(waiting);
            if (!waiting.awaits)
                gather(waiting, all);
        }
    return all;
}
function finished(module) {
    if (module.status === "evaluated")
        return;
    module.status = "evaluated";
    module.done?.[0]();
    for (const next of gather(module, []).sort((a, b) => a.order - b.order)) {
        if (next.status === "evaluated")
            continue;
        if (next.awaits) {
            start(next);
            continue;
        }
        try {
            next.body.next();
            next.status = "evaluated";
            next.done?.[0]();
        } catch (error) {
            failed(next, error);
        }
    }
}
function failed(module, error) {
    if (module.status === "evaluated")
        return;
    Object.assign(module, { status: "evaluated", failed: true, error });
    for (const waiting of module.waiting)
        failed(waiting, error);
    module.done?.[1](error);
}

// --- what asks for modules ---

async function importNow(specifier, base, options) {
    const type = options?.with?.type ?? "";
    const module = await fetchModule(resolve(toText(specifier), base), toText(type));
    await load(module);
    linkAll(module);
    await evaluate(module);
    return namespaceOf(module);
}

// Of a script that is no module, whose import() the engine does not know.
const importName = "$firnImport";
Object.defineProperty(global, importName, { value: base => ({ import: (specifier, options) => importNow(specifier, base, options) }) });
const runPlain = web.run;
web.run = (source, url) => {
    if (typeof source === "string" && /\bimport\s*\(/.test(source)) {
        const base = /^[a-z][a-z0-9+.-]*:/i.test(url ?? "") ? url : web.baseURL();
        source = $.module(source, "", "", `${importName}(${JSON.stringify(base)})`, false)[0];
    }
    return runPlain(source, url);
};

// Runs a module script. One of the parser's waits for the document, in order, unless it is async.
web.runModule = (element, url, source, { async, parsing }) => {
    const done = web.delayLoad(), base = web.baseURL();
    const tell = name => { if (url !== null) web.tellElement(element, name); };
    let module = null, wrong = null;
    const run = () => {
        if (wrong !== null) {
            wrong.missing === true ? $.print("error", wrong.message) : web.report(wrong, url ?? base);
            web.tellElement(element, wrong.missing === true || module === null ? "error" : "load");
            done();
            return;
        }
        let over = evaluate(module);
        over.then(() => tell("load"), error => {
            web.report(error, module.url);
            tell("load");
        }).finally(done);
    };
    const ready = async || !parsing ? () => web.guard(run) : web.deferRun(run);
    const begin = async () => {
        module = url === null ? compile(source, base) : await fetchModule(url, "");
        await load(module);
        linkAll(module);
    };
    begin().catch(error => { wrong = error; }).then(ready);
};
}
