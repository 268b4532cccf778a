// What runs later: tasks, timers and frames (HTML standard, 8.1.7 and 8.6). Each runs in a call of its
// own from outside, behind which the engine goes on with what waits for promises.
"use strict"; {
const { $, web, global } = this;
const { toText } = web;

const timers = new Map(); // by number
let nextTimer = 1, depth = 0, armed = Infinity;
const frames = new Map();
let nextFrame = 1, frameDue = Infinity;
let tasks = []; // in the order in which they were queued
let due = []; // what was due when the round began

function setTimer(handler, ms, repeat, values) {
    const number = nextTimer++;
    ms = Math.max(Number(ms) || 0, depth > 5 ? 4 : 0);
    const at = $.now() + ms;
    timers.set(number, { number, due: at, ms: Math.max(ms, repeat ? 1 : 0), repeat, handler, values, depth: depth + 1 });
    wake(at);
    return number;
}
function clear(number) {
    const timer = timers.get(Number(number));
    if (timer !== undefined && timers.delete(timer.number) && timer.due <= armed)
        arm();
}

// Asks to be called at a time, where nothing was asked for before it.
function wake(at) {
    if (at < armed) {
        armed = at;
        $.wakeIn(Math.max(0, at - $.now()));
    }
}
function arm() {
    const now = $.now();
    armed = tasks.length > 0 ? now : frames.size > 0 ? frameDue : Infinity;
    for (const timer of timers.values())
        armed = Math.min(armed, timer.due);
    $.wakeIn(armed === Infinity ? -1 : Math.max(0, armed - now));
}

function fire(timer) {
    if (!timers.has(timer.number))
        return;
    if (timer.repeat)
        timer.due = $.now() + timer.ms;
    else
        timers.delete(timer.number);
    depth = timer.depth;
    try {
        typeof timer.handler === "function" ? timer.handler.apply(global, timer.values) : web.run(toText(timer.handler), "timer");
    } finally {
        depth = 0;
    }
}
function draw() {
    const drawn = [...frames], now = $.now();
    frames.clear();
    for (const [, callback] of drawn)
        web.guard(() => callback(now));
}

// Begins a round, or goes on with it: runs one thing that is due, and says whether there is more.
web.entry.timers = going => {
    if (!going) {
        const now = $.now();
        const late = [...timers.values()].filter(timer => timer.due <= now).sort((a, b) => a.due - b.due || a.number - b.number);
        due = [...tasks, ...late.map(timer => () => fire(timer)), ...frames.size > 0 && frameDue <= now ? [draw] : []];
        tasks = [];
    }
    const next = due.shift();
    if (next !== undefined)
        web.guard(next);
    web.settle();
    if (due.length > 0)
        return true;
    web.sweep();
    arm();
    return false;
};

// Runs what may throw; what it throws is told as a script's.
web.guard = run => {
    try { run(); } catch (error) { web.report(error); }
};
// Queues a task.
web.task = run => {
    tasks.push(run);
    wake($.now());
};
// Called when a task is over.
web.settle = () => {};
web.entry.sweep = web.sweep;

Object.assign(global, {
    setTimeout(handler, ms, ...values) { return setTimer(handler, ms, false, values); },
    setInterval(handler, ms, ...values) { return setTimer(handler, ms, true, values); },
    clearTimeout(number) { clear(number); },
    clearInterval(number) { clear(number); },
    requestAnimationFrame(callback) {
        if (frames.size === 0)
            wake(frameDue = $.now() + 16);
        frames.set(nextFrame, callback);
        return nextFrame++;
    },
    cancelAnimationFrame(number) { frames.delete(number); },
    requestIdleCallback(callback) {
        return setTimer(() => callback({ didTimeout: false, timeRemaining: () => 10 }), 1, false, []);
    },
    cancelIdleCallback(number) { clear(number); },
    queueMicrotask(callback) {
        if (typeof callback !== "function")
            throw new TypeError("queueMicrotask: parameter 1 is not of type 'Function'.");
        Promise.resolve().then(() => web.guard(callback));
    },
});
}
