#!/usr/bin/env python3
"""Makes programs/tabs/css/properties.txt: the properties of CSS, and what each takes, as headless
Chromium knows them.

    make_properties.py [CHROMIUM] > properties.txt

A line has parts between "|". A property: its name; its types, a letter each (properties.h says
which), "i" where it is inherited, and how many components it takes, "," where lists of them; its
initial value; words; functions. "alias", a name, and what it stands for. "short", a name, and the
properties that it sets.
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

WORDS = """none auto normal inherit-x left right center justify start end top bottom middle baseline sub super text-top
text-bottom block inline inline-block flex inline-flex grid inline-grid table inline-table table-row
table-row-group table-header-group table-footer-group table-cell table-column table-column-group table-caption
list-item contents flow-root ruby ruby-text -webkit-box -webkit-inline-box -webkit-flex -webkit-inline-flex
run-in static relative absolute fixed sticky -webkit-sticky visible hidden collapse scroll clip overlay solid
dashed dotted double groove ridge inset outset thin medium thick bold bolder lighter italic oblique small-caps
xx-small x-small small large x-large xx-large xxx-large smaller larger currentcolor transparent repeat
no-repeat repeat-x repeat-y round space cover contain fill scale-down local border-box padding-box content-box
text margin-box fill-box stroke-box view-box row row-reverse column column-reverse nowrap wrap wrap-reverse
flex-start flex-end space-between space-around space-evenly stretch self-start self-end min-content
max-content fit-content -webkit-fill-available -webkit-min-content -webkit-max-content -webkit-fit-content
content dense pointer default cell crosshair help move progress wait vertical-text alias copy no-drop
not-allowed grab grabbing all-scroll col-resize row-resize n-resize e-resize s-resize w-resize ne-resize
nw-resize se-resize sw-resize ew-resize ns-resize nesw-resize nwse-resize zoom-in zoom-out context-menu
-webkit-grab -webkit-grabbing -webkit-zoom-in -webkit-zoom-out underline overline line-through blink wavy
uppercase lowercase capitalize full-width pre pre-wrap pre-line break-spaces balance pretty stable break-word
anywhere break-all keep-all manual disc circle square decimal decimal-leading-zero lower-roman upper-roman
lower-alpha upper-alpha lower-latin upper-latin lower-greek armenian georgian inside outside separate both
horizontal vertical ltr rtl embed bidi-override isolate isolate-override plaintext ease linear ease-in
ease-out ease-in-out step-start step-end infinite alternate reverse alternate-reverse forwards backwards
running paused all flat preserve-3d multiply screen darken lighten color-dodge color-burn hard-light
soft-light difference exclusion hue saturation color luminosity plus-lighter luminance alpha match-source add
subtract intersect exclude open-quote close-quote no-open-quote no-close-quote inherit-none avoid avoid-page
avoid-column always page recto verso region slice clone antialiased subpixel-antialiased optimizespeed
optimizelegibility geometricprecision optimizequality crisp-edges pixelated -webkit-optimize-contrast smooth
from-image strict size layout style paint inline-size scroll-position pan-x pan-y pan-left pan-right pan-up
pan-down pinch-zoom manipulation visiblepainted visiblefill visiblestroke painted stroke bounding-box nonzero
evenodd butt miter bevel hanging ideographic central mathematical text-before-edge text-after-edge alphabetic
auto-pos markers mandatory proximity x y light dark only legacy safe unsafe first last anchor-center textfield
searchfield button checkbox radio listbox menulist slider-horizontal textarea meter progress-bar push-button
square-button menulist-button from-font non-scaling-stroke discretionary-ligatures common-ligatures
no-common-ligatures lining-nums oldstyle-nums tabular-nums proportional-nums ordinal slashed-zero
all-small-caps petite-caps all-petite-caps unicase titling-caps ultra-condensed extra-condensed condensed
semi-condensed semi-expanded expanded extra-expanded ultra-expanded weight position horizontal-tb vertical-rl
vertical-lr sideways mixed upright over under loose show hide edges filled open dot double-circle triangle
sesame each-line swap allow-discrete serif sans-serif monospace cursive fantasy system-ui ui-sans-serif
logical physical element ellipsis sub-pixel emoji unicode economy exact read-only read-write
read-write-plaintext-only block-start block-end inline-start inline-end both-edges self-inline self-block
span-all preserve preserve-breaks preserve-spaces discard no-autospace ideograph-alpha replace accumulate tb
rl lr srgb linearrgb contain-intrinsic grid-order flex-visual flex-flow interleave no-contextual contextual
historical-ligatures no-historical-ligatures no-discretionary-ligatures diagonal-fractions stacked-fractions
historical-forms jis78 simplified traditional hover-none no-clip no-limit trim-start trim-both cap ex ch
ic-width ic-height text-start match-parent -internal-x -webkit-auto -webkit-left -webkit-right -webkit-center
-webkit-match-parent -webkit-isolate -webkit-plaintext -webkit-nowrap unset-x normal-x""".split()

FUNCTIONS = """linear-gradient(red, blue)|radial-gradient(red, blue)|conic-gradient(red, blue)
repeating-linear-gradient(red, blue 5px)|repeating-radial-gradient(red, blue 5px)
-webkit-gradient(linear, 0 0, 0 100%, from(red), to(blue))|-webkit-linear-gradient(red, blue)
image-set(url(a) 1x)|-webkit-image-set(url(a) 1x)|cross-fade(url(a), url(b), 50%)|translate(1px)
translateX(1px)|translateY(1px)|translateZ(1px)|translate3d(1px, 1px, 1px)|scale(2)|scaleX(2)|scaleY(2)
scaleZ(2)|scale3d(1, 1, 2)|rotate(1deg)|rotateX(1deg)|rotateY(1deg)|rotateZ(1deg)|rotate3d(1, 0, 0, 1deg)
skew(1deg)|skewX(1deg)|skewY(1deg)|matrix(1, 0, 0, 1, 0, 0)|matrix3d(1,0,0,0,0,1,0,0,0,0,1,0,0,0,0,1)
perspective(1px)|blur(1px)|brightness(1)|contrast(1)|drop-shadow(1px 1px red)|grayscale(1)|hue-rotate(1deg)
invert(1)|opacity(1)|saturate(1)|sepia(1)|cubic-bezier(0, 0, 1, 1)|steps(2)|linear(0, 1)|counter(a)
counters(a, 'b')||repeat(2, 1px)|minmax(1px, 2px)|fit-content(1px)|rect(1px, 1px, 1px, 1px)|inset(1px)
circle(1px)|ellipse(1px 1px)|polygon(1px 1px, 2px 2px)|path('M0 0')|xywh(0 0 1px 1px)
shape(from 0 0, line to 1px 1px)|ray(1deg)|format('x')|local('x')|symbols('x')|scroll()|view()
light-dark(red, blue)|color-mix(in srgb, red, blue)""".replace("\n", "|").split("|")

SHORT = """all animation animation-range background background-position border border-block border-block-color
border-block-end border-block-start border-block-style border-block-width border-bottom border-color
border-image border-inline border-inline-color border-inline-end border-inline-start border-inline-style
border-inline-width border-left border-radius border-right border-spacing border-style border-top border-width
column-rule columns contain-intrinsic-size container flex flex-flow font font-synthesis font-variant gap grid
grid-area grid-column grid-gap grid-row grid-row-gap grid-column-gap grid-template inset inset-block
inset-inline list-style margin margin-block margin-inline marker mask mask-position offset outline overflow
overscroll-behavior padding padding-block padding-inline page-break-after page-break-before page-break-inside
place-content place-items place-self position-try scroll-margin scroll-margin-block scroll-margin-inline
scroll-padding scroll-padding-block scroll-padding-inline scroll-timeline text-box text-decoration
text-emphasis text-wrap transition view-timeline white-space -webkit-text-stroke -webkit-column-rule word-wrap
-webkit-text-emphasis -webkit-animation -webkit-transition -webkit-transform -webkit-transform-origin
-webkit-border-radius -webkit-box-shadow -webkit-flex -webkit-flex-flow -webkit-mask -webkit-columns
-webkit-appearance -webkit-user-select -webkit-box-sizing -webkit-background-size -webkit-background-clip
-webkit-background-origin -webkit-filter -webkit-clip-path -webkit-align-items -webkit-align-self
-webkit-align-content -webkit-justify-content -webkit-flex-direction -webkit-flex-wrap -webkit-flex-grow
-webkit-flex-shrink -webkit-flex-basis -webkit-order -webkit-transition-property -webkit-transition-duration
-webkit-transition-delay -webkit-transition-timing-function -webkit-animation-name -webkit-animation-duration
-webkit-animation-delay -webkit-animation-timing-function -webkit-animation-iteration-count
-webkit-animation-direction -webkit-animation-fill-mode -webkit-animation-play-state
-webkit-backface-visibility -webkit-perspective -webkit-perspective-origin -webkit-transform-style
-webkit-opacity -webkit-column-count -webkit-column-gap -webkit-column-width -webkit-column-span
-webkit-hyphens -webkit-text-size-adjust -webkit-mask-image -webkit-mask-size -webkit-mask-position
-webkit-mask-repeat -webkit-border-top-left-radius -webkit-border-top-right-radius
-webkit-border-bottom-left-radius -webkit-border-bottom-right-radius -webkit-writing-mode -webkit-margin-start
-webkit-margin-end -webkit-margin-before -webkit-margin-after -webkit-padding-start -webkit-padding-end
-webkit-padding-before -webkit-padding-after -webkit-border-image""".split()



def tidy(lines):
    """Some that Chromium takes apart are whole here, and others that it lists are set by others."""
    whole = {"background-position", "mask-position", "border-spacing"}
    apart = {"contain-intrinsic-size", "font-variant", "text-decoration"}
    seen = set()
    inherited = {"text-shadow", "font-feature-settings", "font-variation-settings", "math-style",
                 "math-shift", "scrollbar-color"}
    for line in lines:
        parts = line.split("|")
        if (parts[0] in apart and len(parts) > 3) or (parts[0] == "short" and parts[1] in whole | seen):
            continue
        if parts[0] == "short":
            seen.add(parts[1])
            line = line.replace("background-position-x background-position-y", "background-position")
            line = line.replace("-webkit-mask-position-x -webkit-mask-position-y", "mask-position")
        if parts[0] == "unicode-bidi":  # isolates are seen from within
            line = line.replace("|i", "|")
        if parts[0] in inherited and "i" not in parts[1]:  # of values that are not tried
            line = line.replace(parts[0] + "|", parts[0] + "|i")
        if parts[0] == "text-align":  # of html.css
            line = line.replace("|start|", "|start|-internal-center ")
        if parts[0] in whole:
            line = line.replace("|LlPpZ2", "|LlPpZ4")
        yield line
    yield "border-spacing|LZi2|0px||"
    yield "short|all|"


def main():
    chromium = sys.argv[1] if len(sys.argv) > 1 else "chromium"
    page_text = (pathlib.Path(__file__).parent / "make_properties.html").read_text(encoding="utf-8")
    page_text = page_text.replace("WORDS", json.dumps(sorted(set(WORDS)))).replace("FUNCTIONS", json.dumps(FUNCTIONS))
    page_text = page_text.replace("SHORT", json.dumps(SHORT))
    with tempfile.NamedTemporaryFile("w", suffix=".html", encoding="utf-8") as page:
        page.write(page_text)
        page.flush()
        dumped = subprocess.run([chromium, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
                                 "file://" + page.name], capture_output=True, check=True, timeout=120)
    found = re.search(r"ANSWERS(.*)END", dumped.stdout.decode())
    lines = json.loads(re.sub(r"%([0-9A-F]{2})", lambda m: chr(int(m[1], 16)), found[1])
                       .encode("latin-1").decode("utf-8"))
    print("# Made by tests/tabs/make_properties.py, which says what stands here.")
    print("\n".join(sorted(tidy(lines), key=lambda l: l.startswith(("alias|", "short|")))))


main()
