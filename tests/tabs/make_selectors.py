#!/usr/bin/env python3
"""Makes tests/tabs/selectors.txt: documents, selectors, and what headless Chromium selects.

    make_selectors.py [CHROMIUM] > selectors.txt

A line that begins with "#" is a comment, with "D" a document in JSON; every other line is a selector
in JSON and the numbers of the elements that match, as document.querySelectorAll("*") counts them,
"none" or "error". The same seed makes the same cases.
"""
import json
import random
import re
import subprocess
import sys
import tempfile

DOCUMENTS = [
    "<!doctype html><html lang=en><title>t</title><body class='a b'><div id=one class='a'><p>x<b>y</b>"
    "</p><p class='b c'></p><!--c--><p lang=en-GB>z</p></div><ul><li class=a>1<li>2<li class='a b'>3"
    "<li id=four>4</ul><svg viewBox='0 0 1 1'><linearGradient id=g /><a xlink:href='#x'/></svg>"
    "<table><tr><td>1<td>2<tr><td dir=rtl>3</table><a href=x>l</a><a name=n>m</a><span> </span><i></i>",
    "<!doctype html><form id=f><fieldset disabled><legend><input id=i1></legend><input id=i2 type=text>"
    "<select id=s><option selected>a<option>b</select></fieldset><input type=CHECKBOX checked id=c1>"
    "<input type=checkbox id=c2><input type=radio name=r checked><input required placeholder=x>"
    "<textarea readonly></textarea><textarea></textarea><button>k</button><button disabled></button>"
    "<label for=i1>l</label><optgroup disabled><option>x</optgroup></form><p contenteditable>e</p>"
    "<x-y>c</x-y><p title='Hello World' data-x='a-b c' class='Mixed mixed'>q</p><a href>z</a>",
    "<!doctype html><main><section><h1>a</h1><p>b</p><h2>c</h2><p>d</p><p class=k>e</p></section>"
    "<section class=k><h1 class=k>f</h1><div><p>g</p><div><p id=deep>h</p></div></div></section>"
    "<section></section></main><aside><p>i</p><div>j</div><p>k</p><div class=k>l</div></aside>",
    "<p class=Quirk id=Id>quirks<div CLASS=quirk id=id><p>a</p></div><span class=QUIRK></span>",
]

TYPES = ["*", "p", "div", "li", "P", "section", "input", "b", "td", "a", "option", "svg", "linearGradient",
         "lineargradient", "span", "*|p", "|p", "x-y", "h1"]
PARTS = [".a", ".b", ".c", ".k", ".mixed", ".Mixed", "#one", "#deep", "#i2", "#Id", "#id", ".quirk",
         "[class]", "[class=a]", "[class~=b]", "[class|=a]", "[lang|=en]", "[title^=Hello]",
         "[title$=World]", "[title*='lo Wo']", "[title='hello world' i]", "[title=hello]",
         "[data-x~=c]", "[data-x|='a']", "[type=checkbox]", "[type=CHECKBOX s]", "[TYPE=radio]",
         "[href]", "[href='']", "[href^='']", "[id$=e]", "[ class = 'a b' ]", "[*|href]", "[viewBox]",
         "[dir=RTL]", ":empty", ":root", ":first-child", ":last-child", ":only-child",
         ":first-of-type", ":last-of-type", ":only-of-type", ":link", ":any-link", ":visited",
         ":enabled", ":disabled", ":checked", ":required", ":optional", ":read-only", ":read-write",
         ":default", ":defined", ":not(:defined)", ":hover", ":focus", ":lang(en)", ":lang('en-GB')",
         ":dir(rtl)", ":dir(ltr)", ":scope", ":target", ":placeholder-shown", ":indeterminate",
         ":nth-child(odd)", ":nth-child(even)", ":nth-child(2n+1)", ":nth-child(-n+2)",
         ":nth-child( 3n - 1 )", ":nth-child(n)", ":nth-child(0)", ":nth-last-child(2)",
         ":nth-of-type(2)", ":nth-last-of-type(2n)", ":nth-child(2 of .k)", ":nth-child(odd of p, h1)",
         ":nth-last-child(1 of .a)", ":nth-child(+3)", ":nth-child(-2n+3)", ":NTH-CHILD(EVEN)"]
WRONG = ["", ",", "p,", ",p", "p,,p", ">", "p >", "> p", "p > > b", "..a", ".", "#", "#1a", ".1a", "[",
         "[]", "[=a]", "[a=]", "[a==b]", "[a=b c]", "[a=b i s]", "p:", "p::", ":nope", ":nope(a)",
         "::nope", "p::before", "p:before", "::part(x)", ":not()", ":not(,)", ":not(p", ":is()",
         ":is(:nope)", ":is(:nope, p)", ":where(:nope, .a)", ":has()", ":has(:nope)", ":has(:has(p))",
         ":nth-child()", ":nth-child(n n)", ":nth-child(+ 3)", ":nth-child(--n)", ":nth-child(2n1)",
         ":nth-child(2 of)", ":nth-of-type(2 of p)", ":nth-child(n + 1)", ":nth-child(n +1)",
         ":nth-child(n+ 1)", ":nth-child(n 1)", "p p p", "p\\", "\\70", "\\70 .a", ".\\61", "#\\6fne",
         "#\\6f ne", "p/**/b", "p/**/ b", "a/**/b", "/**/p", "p b", "p\tb", "p\nb", "p  ", "  p",
         "p{", "p;", "p!", "p&b", "@p", "ns|p", "*|*", "|*", "p||b", "p b!", ":lang()", ":lang(en,de)",
         ":dir()", ":dir(x)", ":NOT(P)", ":not(p):not(div)", "p:not(.a, .b)", "[a='b", "[a='b'", ":not(p b)",
         ":is(p b, div)", "\"p\"", "p'", "1p", "-p", "--p", "-1p", "p-1", "\u00e9", ".\u00e9", "p\u0000",
         ":host", ":host(p)", "p:first-line", "::first-letter", ":first-child()", ":nth-child", "*.a",
         ".a*", "p*", "**", "*p", ":scope > p", "html > body", "body :scope", ":root:root", ":has(> p)",
         ":has(+ p)", ":has(~ .k)", ":has(p b)", "p:has(b)", ":not(:has(*))", "section:has(h1 + p)",
         "section:has(> .k, div)", ":is(h1, h2):has(+ p)", ":has(:is(.k) > p)", ":has(~ p:last-child)"]


def compound(rng, depth):
    text = rng.choice(TYPES) if rng.random() < 0.6 else ""
    for _ in range(rng.choice([0, 1, 1, 2]) if text else rng.choice([1, 1, 2])):
        if depth < 2 and rng.random() < 0.25:
            kind = rng.choice([":is", ":not", ":where", ":not", ":has"])
            inner = [relative(rng) if kind == ":has" else chain(rng, depth + 1, False)
                     for _ in range(rng.choice([1, 1, 2]))]
            text += f"{kind}({', '.join(inner)})"
        else:
            text += rng.choice(PARTS)
    return text


def relative(rng):
    return rng.choice(["", "> ", "+ ", "~ "]) + compound(rng, 2) + rng.choice(["", "", " " + compound(rng, 2)])


def chain(rng, depth, lists=True):
    text = compound(rng, depth)
    for _ in range(rng.choice([0, 0, 1, 1, 2])):
        text += rng.choice([" ", " > ", " + ", " ~ ", ">", "  "]) + compound(rng, depth)
    if lists and rng.random() < 0.15:
        text += rng.choice([", ", ",", " , "]) + chain(rng, depth, False)
    return text


def answers(chromium, document, selectors):
    script = """<script>
const all = [...document.querySelectorAll("*")].filter(e => e.id != "answers" && e.localName != "script");
const out = SELECTORS.map(s => {
    try { return [...document.querySelectorAll(s)].map(e => all.indexOf(e)).filter(i => i >= 0) }
    catch (e) { return "error" } });
document.title = "";
document.documentElement.textContent = "ANSWERS" + JSON.stringify(out) + "END";
</script>""".replace("SELECTORS", json.dumps(selectors).replace("<", "\\u003c"))
    with tempfile.NamedTemporaryFile("w", suffix=".html", encoding="utf-8") as page:
        page.write(document + script)
        page.flush()
        dumped = subprocess.run([chromium, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
                                 "file://" + page.name], capture_output=True, check=True, timeout=120)
    found = re.search(r"ANSWERS(.*)END", dumped.stdout.decode())
    return json.loads(found[1].replace("&amp;", "&"))


def main():
    chromium = sys.argv[1] if len(sys.argv) > 1 else "chromium"
    rng = random.Random(20261121)
    print("# Made by make_selectors.py: documents, selectors, and what Chromium selects.")
    for number, document in enumerate(DOCUMENTS):
        selectors = [chain(rng, 0) for _ in range(170)] + PARTS + (WRONG if number in (0, 2) else [])
        selectors = list(dict.fromkeys(selectors))
        print("D", json.dumps(document))
        for selector, answer in zip(selectors, answers(chromium, document, selectors)):
            print(json.dumps(selector), answer if answer == "error" else " ".join(map(str, answer)) or "none")


main()
