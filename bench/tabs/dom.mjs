// Pages in a library of the DOM for node, and what they take: prints the figures that firn.py prints,
// as far as the library has them.
//
//     node --expose-gc dom.mjs jsdom|linkedom PAGES
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [name, pages] = process.argv.slice(2);
const require = createRequire(join(import.meta.dirname ?? ".", "..", "package.json"));
const library = require(name);
const kept = [];

async function settled() {
  for (let i = 0; i < 3; i++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const rollup = readFileSync("/proc/self/smaps_rollup", "utf8");
  return Number(/^Pss:\s+(\d+)/m.exec(rollup)[1]) * 1024;
}

// jsdom runs scripts and fetches what they need; linkedom has neither.
async function open(file) {
  const begun = performance.now();
  if (name === "linkedom") {
    kept.push(library.parseHTML(readFileSync(join(pages, file), "utf8")));
  } else {
    const { JSDOM, VirtualConsole } = library;
    const dom = await JSDOM.fromFile(join(pages, file), {
      runScripts: "dangerously", resources: "usable", pretendToBeVisual: true, virtualConsole: new VirtualConsole(),
    });
    kept.push(dom);
    if (dom.window.document.readyState !== "complete")
      await new Promise((resolve) => dom.window.addEventListener("load", resolve, { once: true }));
  }
  return performance.now() - begun;
}

async function tab(key, file, count) {
  const before = await settled();
  let took;
  for (let i = 0; i < count; i++) took = await open(file);
  console.log(`${key}_bytes ${(await settled() - before) / count}\nopen_${key}_ms ${took}`);
}

console.log(`none_bytes ${await settled()}`);
await open("blank/index.html");
await tab("blank", "blank/index.html", 20);
await open("sbadmin/index.html");
await tab("dashboard", "sbadmin/index.html", 3);
await tab("document", "py/genindex-all.html", 1);
process.exit(0);
