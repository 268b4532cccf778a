// Ranges and the selection (DOM standard, 5; Selection API). Boundaries follow removals and insertions of
// nodes, and changes of texts.
"use strict"; {
const { $, web, global } = this;
const { expose, constants, fail, idOf, isNode, wrap, needNode, toText, token, illegal, TEXT, CDATA, COMMENT, INSTRUCTION, DOCTYPE, FRAGMENT, ELEMENT } = web;

const isData = id => [TEXT, CDATA, COMMENT, INSTRUCTION].includes($.kind(id));
const lengthOf = id => isData(id) ? $.value(id).length : $.kind(id) === DOCTYPE ? 0 : web.childrenOf(id).length;
function indexOf(id) {
    let index = 0;
    while ((id = $.previous(id)) !== 0 && $.next(id) !== 0)
        index++;
    return index;
}
const childAt = (id, index) => web.childrenOf(id)[index] ?? 0;

// Where one boundary stands seen from another: below 0, 0 or above 0.
function compare(a, offsetA, b, offsetB) {
    if (a === b)
        return offsetA - offsetB;
    if ($.within(b, a)) {
        let child = b;
        while ($.parent(child) !== a)
            child = $.parent(child);
        return indexOf(child) < offsetA ? 1 : -1;
    }
    return $.within(a, b) ? -compare(b, offsetB, a, offsetA) : $.compare(a, b);
}

const ranges = new Set(); // weak references to those that follow changes
class AbstractRange {
    constructor(key) { if (key !== token) illegal(); }
    get startContainer() { return web.bounds(this)[0]; }
    get startOffset() { return web.bounds(this)[1]; }
    get endContainer() { return web.bounds(this)[2]; }
    get endOffset() { return web.bounds(this)[3]; }
    get collapsed() { return this.startContainer === this.endContainer && this.startOffset === this.endOffset; }
}
class StaticRange extends AbstractRange {
    #bounds;
    constructor({ startContainer, startOffset, endContainer, endOffset }) {
        super(token);
        this.#bounds = [startContainer, startOffset, endContainer, endOffset];
    }
    static { web.staticBounds = range => #bounds in range ? range.#bounds : undefined; }
}

class Range extends AbstractRange {
    #bounds;
    constructor() {
        super(token);
        this.#bounds = [web.document, 0, web.document, 0];
        ranges.add(new WeakRef(this));
    }
    static { web.bounds = range => #bounds in range ? range.#bounds : web.staticBounds(range) ?? illegal(); }
    get commonAncestorContainer() {
        let id = idOf(this.startContainer);
        while (!$.within(idOf(this.endContainer), id))
            id = $.parent(id);
        return wrap(id);
    }
    #check(node, offset) {
        const id = idOf(needNode(node, "setStart"));
        offset = Number(offset) >>> 0;
        if ($.kind(id) === DOCTYPE)
            fail("InvalidNodeTypeError", "The node provided is of an invalid type: a document type.");
        if (offset > lengthOf(id))
            fail("IndexSizeError", `The offset ${offset} is larger than the node's length (${lengthOf(id)}).`);
        return offset;
    }
    setStart(node, offset) {
        offset = this.#check(node, offset);
        const [, , end, at] = this.#bounds, id = idOf(node);
        const beyond = $.root(id) !== $.root(idOf(end)) || compare(id, offset, idOf(end), at) > 0;
        this.#bounds = beyond ? [node, offset, node, offset] : [node, offset, end, at];
        web.selectionMoved(this);
    }
    setEnd(node, offset) {
        offset = this.#check(node, offset);
        const [start, at] = this.#bounds, id = idOf(node);
        const beyond = $.root(id) !== $.root(idOf(start)) || compare(id, offset, idOf(start), at) < 0;
        this.#bounds = beyond ? [node, offset, node, offset] : [start, at, node, offset];
        web.selectionMoved(this);
    }
    #beside(node, more) {
        const id = idOf(needNode(node, "setStartBefore")), parent = $.parent(id);
        if (parent === 0)
            fail("InvalidNodeTypeError", "the given Node has no parent.");
        return [wrap(parent), indexOf(id) + more];
    }
    setStartBefore(node) { this.setStart(...this.#beside(node, 0)); }
    setStartAfter(node) { this.setStart(...this.#beside(node, 1)); }
    setEndBefore(node) { this.setEnd(...this.#beside(node, 0)); }
    setEndAfter(node) { this.setEnd(...this.#beside(node, 1)); }
    collapse(toStart = false) {
        const [start, at, end, offset] = this.#bounds;
        this.#bounds = toStart ? [start, at, start, at] : [end, offset, end, offset];
        web.selectionMoved(this);
    }
    selectNode(node) {
        const [parent, index] = this.#beside(node, 0);
        this.#bounds = [parent, index, parent, index + 1];
        web.selectionMoved(this);
    }
    selectNodeContents(node) {
        this.#check(node, 0);
        this.#bounds = [node, 0, node, lengthOf(idOf(node))];
        web.selectionMoved(this);
    }
    compareBoundaryPoints(how, other) {
        const [a, b] = [[[0, 1], [0, 1]], [[2, 3], [0, 1]], [[2, 3], [2, 3]], [[0, 1], [2, 3]]][how] ?? fail("NotSupportedError", "The comparison method provided is none.");
        const mine = web.bounds(this), its = web.bounds(other);
        if ($.root(idOf(mine[0])) !== $.root(idOf(its[0])))
            fail("WrongDocumentError", "The source range is in a different document than this range.");
        return Math.sign(compare(idOf(mine[a[0]]), mine[a[1]], idOf(its[b[0]]), its[b[1]]));
    }
    comparePoint(node, offset) {
        const id = idOf(node), [start, at, end, until] = this.#bounds;
        if ($.root(id) !== $.root(idOf(start)))
            fail("WrongDocumentError", "The node provided is in a different document than this range.");
        offset = this.#check(node, offset);
        return compare(id, offset, idOf(start), at) < 0 ? -1 : compare(id, offset, idOf(end), until) > 0 ? 1 : 0;
    }
    isPointInRange(node, offset) { return $.root(idOf(node)) === $.root(idOf(this.startContainer)) && this.comparePoint(node, offset) === 0; }
    intersectsNode(node) {
        const id = idOf(node), parent = $.parent(id), [start, at, end, until] = this.#bounds;
        if ($.root(id) !== $.root(idOf(start)))
            return false;
        if (parent === 0)
            return true;
        const index = indexOf(id);
        return compare(parent, index, idOf(end), until) < 0 && compare(parent, index + 1, idOf(start), at) > 0;
    }
    // Goes over what is in the range: `part` takes a text and what of it is in, `whole` a node.
    #visit(part, whole) {
        const [start, at, end, until] = this.#bounds, a = idOf(start), b = idOf(end);
        if (a === b && isData(a)) {
            part(a, at, until);
            return;
        }
        const first = isData(a) ? a : 0, top = idOf(this.commonAncestorContainer);
        const from = first !== 0 ? $.after(a, top) : childAt(a, at) || $.after(a, top);
        if (first !== 0)
            part(a, at, $.value(a).length);
        const nodes = [];
        for (let id = from; id !== 0 && compare($.parent(id), indexOf(id), b, until) < 0;) {
            const inside = !$.within(b, id);
            if (inside)
                nodes.push(id);
            id = inside ? $.after(id, top) : $.follow(id, top);
        }
        nodes.forEach(whole);
        if (isData(b))
            part(b, 0, until);
    }
    toString() {
        let text = "";
        this.#visit((id, from, to) => { if ($.kind(id) === TEXT || $.kind(id) === CDATA) text += $.value(id).slice(from, to); },
            id => { if ($.kind(id) !== COMMENT && $.kind(id) !== INSTRUCTION) text += $.text(id); });
        return text;
    }
    // Where the range is when its contents are gone.
    #collapsedAt() {
        const [start, at, end] = this.#bounds;
        let id = idOf(start);
        if ($.within(idOf(end), id))
            return [start, at];
        while (!$.within(idOf(end), $.parent(id)))
            id = $.parent(id);
        return [wrap($.parent(id)), indexOf(id) + 1];
    }
    deleteContents() {
        const target = this.#collapsedAt();
        this.#visit((id, from, to) => wrap(id).replaceData(from, to - from, ""), id => web.remove(id));
        this.#bounds = [...target, ...target];
    }
    #take(move) {
        const fragment = wrap($.container(FRAGMENT));
        const common = idOf(this.commonAncestorContainer);
        // copies of the elements between the common one and a boundary, made as they are needed
        const copies = new Map([[common, fragment]]);
        const copyOf = id => {
            if (!copies.has(id)) {
                const copy = wrap(id).cloneNode(false);
                copyOf($.parent(id)).append(copy);
                copies.set(id, copy);
            }
            return copies.get(id);
        };
        const place = id => id === common ? fragment : copyOf($.parent(id));
        this.#visit((id, from, to) => {
            const copy = wrap(id).cloneNode(false);
            copy.data = $.value(id).slice(from, to);
            place(id).append(copy);
            if (move)
                wrap(id).replaceData(from, to - from, "");
        }, id => place(id).append(move ? wrap(id) : wrap(id).cloneNode(true)));
        return fragment;
    }
    cloneContents() { return this.#take(false); }
    extractContents() {
        const target = this.#collapsedAt();
        const fragment = this.#take(true);
        this.#bounds = [...target, ...target];
        return fragment;
    }
    insertNode(node) {
        let [start, at] = this.#bounds, id = idOf(start);
        let parent = id, before = 0;
        const collapsed = this.collapsed;
        if ($.kind(id) === TEXT || $.kind(id) === CDATA) {
            if ($.parent(id) === 0)
                fail("HierarchyRequestError", "This node has no parent.");
            before = idOf(start.splitText(at));
            parent = $.parent(id);
        } else {
            before = childAt(id, at);
        }
        if (before === idOf(needNode(node, "insertNode")))
            before = $.next(before);
        web.insertBefore(parent, idOf(node), before);
        const offset = before !== 0 ? indexOf(before) : lengthOf(parent);
        if (collapsed)
            this.#bounds = [this.#bounds[0], this.#bounds[1], wrap(parent), offset];
    }
    surroundContents(element) {
        const [start, , end] = this.#bounds, common = idOf(this.commonAncestorContainer);
        const cuts = id => id !== common && ($.kind(id) !== TEXT || cuts($.parent(id)));
        if (cuts(idOf(start)) || cuts(idOf(end)))
            fail("InvalidStateError", "The Range has partially selected a non-Text node.");
        const fragment = this.extractContents();
        element.replaceChildren();
        this.insertNode(element);
        element.append(fragment);
        this.selectNode(element);
    }
    cloneRange() {
        const made = new Range();
        made.#bounds = [...this.#bounds];
        return made;
    }
    createContextualFragment(text) {
        let id = idOf(this.startContainer);
        if ($.kind(id) !== ELEMENT)
            id = $.parent(id);
        const plain = id === 0 || $.kind(id) !== ELEMENT || ($.name(id) === "html" && $.space(id) === web.HTML);
        const fragment = plain ? $.parseFragment(web.HTML, "body", toText(text)) : $.parseFragment($.space(id), $.name(id), toText(text));
        for (const script of $.elements(fragment, "script", "script", false))
            $.setFlag(script, web.STARTED, false);
        return wrap(fragment);
    }
    detach() {}
    getBoundingClientRect() { return new global.DOMRect(0, 0, 0, 0); }
    getClientRects() { return []; }
    static {
        web.followRemoval = (range, id, parent, index) => {
            const bounds = range.#bounds;
            for (const at of [0, 2]) {
                const container = idOf(bounds[at]);
                if ($.within(container, id))
                    [bounds[at], bounds[at + 1]] = [wrap(parent), index];
                else if (container === parent && bounds[at + 1] > index)
                    bounds[at + 1]--;
            }
        };
        web.followInsertion = (range, parent, index, count) => {
            const bounds = range.#bounds;
            for (const at of [0, 2])
                if (idOf(bounds[at]) === parent && bounds[at + 1] > index)
                    bounds[at + 1] += count;
        };
        web.followText = (range, id, offset, count, added) => {
            const bounds = range.#bounds;
            for (const at of [0, 2])
                if (idOf(bounds[at]) === id && bounds[at + 1] > offset)
                    bounds[at + 1] = bounds[at + 1] <= offset + count ? offset : bounds[at + 1] + added - count;
        };
        web.followSplit = (range, id, rest, offset) => {
            const bounds = range.#bounds;
            for (const at of [0, 2])
                if (idOf(bounds[at]) === id && bounds[at + 1] > offset)
                    [bounds[at], bounds[at + 1]] = [wrap(rest), bounds[at + 1] - offset];
        };
    }
}
constants(Range, { START_TO_START: 0, START_TO_END: 1, END_TO_END: 2, END_TO_START: 3 });
for (const type of [AbstractRange, StaticRange, Range])
    expose(type);
const each = visit => {
    for (const reference of ranges) {
        const range = reference.deref();
        range === undefined ? ranges.delete(reference) : visit(range);
    }
};
web.also("leaving", id => {
    if (ranges.size > 0) {
        const parent = $.parent(id), index = indexOf(id);
        each(range => web.followRemoval(range, id, parent, index));
    }
});
web.also("inserted", (nodes, parent) => {
    if (ranges.size > 0 && nodes.length > 0 && $.parent(nodes[0]) === parent) {
        const index = indexOf(nodes[0]);
        each(range => web.followInsertion(range, parent, index, nodes.length));
    }
});
web.also("textChanged", (id, ...how) => {
    if (ranges.size > 0)
        each(range => web.followText(range, id, ...how));
});
web.also("textSplit", (id, rest, offset) => {
    if (ranges.size > 0)
        each(range => web.followSplit(range, id, rest, offset));
});

// --- the selection ---

let selected = null, backward = false, queued = false;
web.selectionMoved = range => { if (range === selected) tell(); };
function tell() {
    if (queued)
        return;
    queued = true;
    web.task(() => {
        queued = false;
        web.tell(web.document, new global.Event("selectionchange"));
    });
}
function select(range, back = false) {
    selected = range;
    backward = back;
    tell();
}
class Selection {
    constructor(key) { if (key !== token) illegal(); }
    get anchorNode() { return selected === null ? null : backward ? selected.endContainer : selected.startContainer; }
    get anchorOffset() { return selected === null ? 0 : backward ? selected.endOffset : selected.startOffset; }
    get focusNode() { return selected === null ? null : backward ? selected.startContainer : selected.endContainer; }
    get focusOffset() { return selected === null ? 0 : backward ? selected.startOffset : selected.endOffset; }
    get isCollapsed() { return selected === null || selected.collapsed; }
    get rangeCount() { return selected === null ? 0 : 1; }
    get type() { return selected === null ? "None" : selected.collapsed ? "Caret" : "Range"; }
    get direction() { return selected === null || selected.collapsed ? "none" : backward ? "backward" : "forward"; }
    getRangeAt(index) {
        if (selected === null || index !== 0)
            fail("IndexSizeError", `${index} is not a valid index.`);
        return selected;
    }
    addRange(range) { if (selected === null && $.root(idOf(range.startContainer)) === web.documentId) select(range); }
    removeRange(range) {
        if (range !== selected)
            fail("NotFoundError", "The given Range isn't in the Selection.");
        select(null);
    }
    removeAllRanges() { if (selected !== null) select(null); }
    empty() { this.removeAllRanges(); }
    collapse(node, offset = 0) {
        if (node === null) {
            this.removeAllRanges();
            return;
        }
        const range = new Range();
        range.setStart(node, offset);
        range.collapse(true);
        select(range);
    }
    setPosition(node, offset) { this.collapse(node, offset); }
    collapseToStart() { this.#need(); this.collapse(selected.startContainer, selected.startOffset); }
    collapseToEnd() { this.#need(); this.collapse(selected.endContainer, selected.endOffset); }
    #need() { if (selected === null) fail("InvalidStateError", "There is no selection."); }
    extend(node, offset = 0) {
        this.#need();
        this.setBaseAndExtent(this.anchorNode, this.anchorOffset, node, offset);
    }
    setBaseAndExtent(anchor, from, focus, to) {
        const range = new Range(), back = $.root(idOf(anchor)) === $.root(idOf(focus)) && compare(idOf(focus), to, idOf(anchor), from) < 0;
        back ? range.setStart(focus, to) : range.setStart(anchor, from);
        back ? range.setEnd(anchor, from) : range.setEnd(focus, to);
        select(range, back);
    }
    selectAllChildren(node) {
        const range = new Range();
        range.selectNodeContents(node);
        select(range);
    }
    deleteFromDocument() { selected?.deleteContents(); }
    containsNode(node, partly = false) {
        if (selected === null || !isNode(node) || !selected.intersectsNode(node))
            return false;
        const parent = node.parentNode, index = indexOf(idOf(node));
        return partly || (parent !== null && selected.comparePoint(parent, index) === 0 && selected.comparePoint(parent, index + 1) === 0);
    }
    modify() {}
    toString() { return selected === null ? "" : selected.toString(); }
}
expose(Selection);
const selection = new Selection(token);
global.getSelection = function getSelection() { return selection; };
web.also("began", () => { selected = null; });
}
