/* The style sheet of a report: dark and light by what the reader prefers, light on paper. */
#ifndef REPORT_PAGE_STYLE_H
#define REPORT_PAGE_STYLE_H

#define PAGE_DARK                                                                                  \
    "{--page:#15181b;--text:#e3e6e8;--quiet:#a0a9b0;--line:#343a40;--own:#62b0f0;--peer:#5f6b75;"  \
    "--target:#ff8a75;--met:#6fd09a;--open:#ff8a75;--s1:#f0955a;--s2:#6fd09a;--s3:#c99bf0;"        \
    "--s4:#e0c060;--s5:#a5b4c0;--s6:#f07ba5;--s7:#5cd6d6}"

static const char page_style[] =
    ":root{color-scheme:light dark;--page:#fff;--text:#1d2327;--quiet:#59636b;--line:#d9dee2;"
    "--own:#1769aa;--peer:#a9b4bd;--target:#c0392b;--met:#1f7a45;--open:#b8321f;--s1:#c2571a;"
    "--s2:#2f8f5b;--s3:#8a4fb0;--s4:#94721a;--s5:#5b6b78;--s6:#c0396b;--s7:#158585}\n"
    "@media screen and (prefers-color-scheme:dark){:root" PAGE_DARK "}\n"
    "body{margin:0 auto;max-width:75rem;padding:1.5rem;background:var(--page);color:var(--text);"
    "font:16px/1.5 system-ui,sans-serif}\n"
    "h1{margin:0;font-size:1.7rem}h2{margin:2.5rem 0 .2rem;font-size:1.35rem}h3{font-size:1rem}\n"
    "a{color:var(--own)}.quiet{color:var(--quiet)}.met{color:var(--met)}.open{color:var(--open)}\n"
    ".verdict{font-weight:600}ul{padding-left:1.2rem}\n"
    ".wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.88rem}\n"
    "th,td{padding:.25rem .6rem;text-align:left;vertical-align:top}"
    "thead th{border-bottom:2px solid var(--line)}"
    "tbody tr.target td{border-top:1px solid var(--line);padding-top:.5rem}"
    "td.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}\n"
    ".plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,27rem),1fr));"
    "gap:1rem;margin:1rem 0}figure{margin:0;break-inside:avoid}figcaption{font-size:.85rem}\n"
    "svg{width:100%;height:auto;display:block}"
    "svg text{font:12px system-ui,sans-serif;fill:var(--text)}\n"
    ".bars .value{paint-order:stroke;stroke:var(--page);stroke-width:4px}\n"
    ".own{fill:var(--own)}.peer{fill:var(--peer)}line.target{stroke:var(--target);"
    "stroke-width:2}.grid{stroke:var(--line)}\n"
    ".s0{--c:var(--own)}.s1{--c:var(--s1)}.s2{--c:var(--s2)}.s3{--c:var(--s3)}.s4{--c:var(--s4)}"
    ".s5{--c:var(--s5)}.s6{--c:var(--s6)}.s7{--c:var(--s7)}\n"
    ".line{fill:none;stroke:var(--c);stroke-width:2}.key,.area{fill:var(--c)}"
    ".bins{fill:var(--c);fill-opacity:.45;stroke:var(--c)}\n"
    "@media print{:root{font-size:9pt}body{max-width:none;padding:0;font-size:1rem}"
    ".wide{overflow:visible}th,td{padding:.2rem .35rem}.plots{grid-template-columns:1fr 1fr}"
    "tbody{break-inside:avoid}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}\n";

#endif
