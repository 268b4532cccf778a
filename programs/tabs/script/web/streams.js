// Streams, as far as bodies need them (Streams standard): ReadableStream with a reader that waits,
// WritableStream and TransformStream over it, and those that encode and decode text. Readers that bring
// their own buffers are not here.
"use strict"; {
const { $, web, global } = this;
const { expose } = web;

const states = new WeakMap();
class ReadableStreamDefaultController {
    #stream;
    constructor(stream) { this.#stream = stream; }
    get desiredSize() {
        const state = states.get(this.#stream);
        return state.error !== undefined ? null : state.closed ? 0 : state.room - state.chunks.length;
    }
    enqueue(chunk) {
        const state = states.get(this.#stream);
        if (state.closed)
            throw new TypeError("Cannot enqueue a chunk into a closed stream.");
        const waiting = state.waiting.shift();
        waiting !== undefined ? waiting.resolve({ value: chunk, done: false }) : state.chunks.push(chunk);
        pull(state);
    }
    close() {
        const state = states.get(this.#stream);
        state.closed = true;
        if (state.chunks.length === 0)
            finish(state);
    }
    error(reason) { failStream(states.get(this.#stream), reason); }
}
function finish(state) {
    for (const { resolve } of state.waiting.splice(0))
        resolve({ value: undefined, done: true });
    state.ended.resolve();
}
function failStream(state, reason) {
    if (state.error !== undefined)
        return;
    state.error = { reason };
    state.chunks = [];
    for (const { reject } of state.waiting.splice(0))
        reject(reason);
    state.ended.promise.catch(() => {});
    state.ended.reject(reason);
}
// Asks the source for more, where there is room or somebody waits.
function pull(state) {
    if (state.source.pull === undefined || state.closed || state.error !== undefined || state.starting)
        return;
    if (state.pulling) {
        state.again = true;
        return;
    }
    if (state.chunks.length >= state.room && state.waiting.length === 0)
        return;
    state.pulling = true;
    const over = () => {
        state.pulling = false;
        if (state.again) {
            state.again = false;
            pull(state);
        }
    };
    Promise.resolve().then(() => state.source.pull(state.controller)).then(over, reason => failStream(state, reason));
}

class ReadableStream {
    constructor(source = {}, strategy) {
        const state = { source: source ?? {}, chunks: [], waiting: [], closed: false, error: undefined, reader: null, pulling: false,
            again: false, starting: true, room: strategy?.highWaterMark ?? 1, ended: Promise.withResolvers?.() ?? deferred() };
        states.set(this, state);
        state.controller = new ReadableStreamDefaultController(this);
        const started = state.source.start?.(state.controller);
        Promise.resolve(started).then(() => {
            state.starting = false;
            pull(state);
        }, reason => failStream(state, reason));
    }
    static from(list) {
        const iterator = list[Symbol.asyncIterator]?.() ?? list[Symbol.iterator]();
        return new ReadableStream({ async pull(controller) {
            const { value, done } = await iterator.next();
            done ? controller.close() : controller.enqueue(await value);
        } }, { highWaterMark: 0 });
    }
    get locked() { return states.get(this).reader !== null; }
    getReader(options) {
        if (options?.mode === "byob")
            throw new TypeError("Failed to execute 'getReader' on 'ReadableStream': Cannot use a BYOB reader with a non-byte stream");
        return new ReadableStreamDefaultReader(this);
    }
    cancel(reason) {
        return this.locked ? Promise.reject(new TypeError("Failed to execute 'cancel' on 'ReadableStream': Cannot cancel a locked stream")) : cancel(states.get(this), reason);
    }
    tee() {
        const reader = this.getReader(), controllers = [];
        const copy = () => new ReadableStream({ start: controller => { controllers.push(controller); }, async pull() {
            const { value, done } = await reader.read();
            for (const each of controllers)
                done ? each.close() : each.enqueue(value);
        } });
        return [copy(), copy()];
    }
    async pipeTo(target, options) {
        const reader = this.getReader(), writer = target.getWriter();
        try {
            for (;;) {
                const { value, done } = await reader.read();
                if (done)
                    break;
                await writer.write(value);
            }
            if (!options?.preventClose)
                await writer.close();
        } catch (error) {
            if (!options?.preventAbort)
                await writer.abort(error);
            throw error;
        } finally {
            reader.releaseLock();
            writer.releaseLock();
        }
    }
    pipeThrough({ readable, writable }, options) {
        this.pipeTo(writable, options).catch(() => {});
        return readable;
    }
    async *values() {
        const reader = this.getReader();
        try {
            for (let next; !(next = await reader.read()).done;)
                yield next.value;
        } finally {
            reader.releaseLock();
        }
    }
    [Symbol.asyncIterator]() { return this.values(); }
}
const deferred = () => {
    const made = {};
    made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
    return made;
};
async function cancel(state, reason) {
    if (state.error !== undefined)
        throw state.error.reason;
    state.chunks = [];
    state.closed = true;
    finish(state);
    await state.source.cancel?.(reason);
}
class ReadableStreamDefaultReader {
    #stream;
    constructor(stream) {
        const state = states.get(stream);
        if (state.reader !== null)
            throw new TypeError("ReadableStreamDefaultReader constructor can only accept readable streams that are not yet locked to a reader");
        state.reader = this;
        this.#stream = stream;
    }
    get closed() { return states.get(this.#stream).ended.promise; }
    read() {
        if (this.#stream === null)
            return Promise.reject(new TypeError("This readable stream reader has been released and cannot be used to read from its previous owner stream"));
        const state = states.get(this.#stream);
        if (state.chunks.length > 0) {
            const value = state.chunks.shift();
            if (state.closed && state.chunks.length === 0)
                finish(state);
            pull(state);
            return Promise.resolve({ value, done: false });
        }
        if (state.error !== undefined)
            return Promise.reject(state.error.reason);
        if (state.closed)
            return Promise.resolve({ value: undefined, done: true });
        const made = deferred();
        state.waiting.push(made);
        pull(state);
        return made.promise;
    }
    cancel(reason) { return cancel(states.get(this.#stream), reason); }
    releaseLock() {
        if (this.#stream === null)
            return;
        const state = states.get(this.#stream);
        state.reader = null;
        this.#stream = null;
        for (const { reject } of state.waiting.splice(0))
            reject(new TypeError("Releasing reader"));
    }
}

class WritableStream {
    #sink; #last; #controller; #writer = null; #closed = deferred();
    constructor(sink = {}) {
        this.#sink = sink;
        this.#controller = { signal: new global.AbortController().signal, error: reason => { this.#last = Promise.reject(reason); this.#last.catch(() => {}); } };
        this.#closed.promise.catch(() => {});
        this.#last = Promise.resolve(sink.start?.(this.#controller));
    }
    get locked() { return this.#writer !== null; }
    getWriter() {
        if (this.#writer !== null)
            throw new TypeError("Failed to execute 'getWriter' on 'WritableStream': Cannot create writer when WritableStream is locked");
        const then = run => this.#last = this.#last.then(run);
        return this.#writer = {
            ready: Promise.resolve(), desiredSize: 1, closed: this.#closed.promise,
            write: chunk => then(() => this.#sink.write?.(chunk, this.#controller)),
            close: () => then(() => this.#sink.close?.()).then(() => this.#closed.resolve()),
            abort: async reason => { await this.#sink.abort?.(reason); this.#closed.reject(reason); },
            releaseLock: () => { this.#writer = null; },
        };
    }
    async close() { await this.getWriter().close(); }
    async abort(reason) { await this.#sink.abort?.(reason); }
}
class TransformStream {
    #readable; #writable;
    constructor(transformer = {}) {
        let out;
        this.#readable = new ReadableStream({ start(controller) { out = controller; } });
        const readable = this.#readable;
        const controller = { enqueue: chunk => out.enqueue(chunk), error: reason => out.error(reason), terminate: () => out.close(), get desiredSize() { return out.desiredSize; } };
        this.#writable = new WritableStream({
            start: () => transformer.start?.(controller),
            write: chunk => transformer.transform === undefined ? out.enqueue(chunk) : transformer.transform(chunk, controller),
            async close() { await transformer.flush?.(controller); if (!states.get(readable).closed) out.close(); },
            abort: reason => out.error(reason),
        });
    }
    get readable() { return this.#readable; }
    get writable() { return this.#writable; }
}
class TextDecoderStream extends TransformStream {
    constructor(label, options) {
        const decoder = new global.TextDecoder(label, options);
        super({
            transform(chunk, out) { const text = decoder.decode(chunk, { stream: true }); if (text !== "") out.enqueue(text); },
            flush(out) { const text = decoder.decode(); if (text !== "") out.enqueue(text); },
        });
    }
    get encoding() { return "utf-8"; }
}
class TextEncoderStream extends TransformStream {
    constructor() { super({ transform(chunk, out) { out.enqueue(web.encodeText(chunk)); } }); }
    get encoding() { return "utf-8"; }
}
class CountQueuingStrategy {
    #mark;
    constructor({ highWaterMark }) { this.#mark = highWaterMark; }
    get highWaterMark() { return this.#mark; }
    size() { return 1; }
}
class ByteLengthQueuingStrategy extends CountQueuingStrategy {
    size(chunk) { return chunk.byteLength; }
}
for (const type of [ReadableStream, ReadableStreamDefaultReader, ReadableStreamDefaultController, WritableStream, TransformStream,
    TextDecoderStream, TextEncoderStream, CountQueuingStrategy, ByteLengthQueuingStrategy])
    expose(type);

// A stream of bytes that are there.
web.streamOf = bytes => new ReadableStream({ start(controller) {
    if (bytes.length > 0)
        controller.enqueue(bytes.slice());
    controller.close();
} });
web.isDisturbed = stream => { const state = states.get(stream); return state.reader !== null; };
// All bytes of a stream.
web.drain = async stream => {
    const reader = stream.getReader(), parts = [];
    for (let next; !(next = await reader.read()).done;) {
        const bytes = web.bytesOf(next.value);
        if (bytes === undefined)
            throw new TypeError("Received a chunk that is not a Uint8Array");
        parts.push(bytes);
    }
    return web.bytesOf(new global.Blob(parts));
};
}
