// Animations, as far as scripts are told of them without any being drawn: an element that listens for
// the start of one is told when its style has come to name one, which is how pages notice that it is
// rendered; and of its end.
"use strict"; {
const { $, web, global } = this;
const { idOf } = web;

const names = new WeakMap(); // from element to the animation that it was told of
const due = new Set();

// Whether an element listens; webkit... is the older name, by which it is told where that is all.
const listens = (element, type) => web.hasListener(element, type);
const seconds = text => Math.max(0, ...text.split(",").map(each => parseFloat(each) * (/[0-9.]ms/.test(each) ? 1 : 1000) || 0));

function tell(element, type, old, animationName, elapsedTime) {
    const name = !listens(element, type) && listens(element, old) ? old : type;
    web.tell(element, new global.AnimationEvent(name, { bubbles: true, animationName, elapsedTime }));
}
function look() {
    const elements = [...due];
    due.clear();
    for (const element of elements) {
        const style = element.isConnected ? global.getComputedStyle(element) : null;
        const name = style?.animationName || "none";
        if (name === (names.get(element) ?? "none"))
            continue;
        names.set(element, name);
        if (name === "none")
            continue;
        const ms = seconds(style.animationDuration || "0s");
        for (const each of name.split(",").map(part => part.trim()))
            tell(element, "animationstart", "webkitAnimationStart", each, 0);
        if (style.animationIterationCount !== "infinite")
            global.setTimeout(() => tell(element, "animationend", "webkitAnimationEnd", name, ms / 1000), ms);
    }
}
function note(element) {
    if (due.size === 0)
        global.requestAnimationFrame(look);
    due.add(element);
}
web.also("listening", (target, type) => {
    if (/^(animationstart|webkitAnimationStart)$/.test(type) && web.isNode(target) && $.kind(idOf(target)) === web.ELEMENT) {
        names.set(target, names.get(target));
        note(target);
    }
});
web.also("attributeChanged", (id, name) => {
    if (name !== "class" && name !== "style")
        return;
    const element = web.known(id);
    if (element !== undefined && names.has(element))
        note(element);
});
}
