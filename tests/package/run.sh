#!/bin/sh
# Installs a release build and uses it as a user would: by pkg-config and by CMake, from C11 and
# C++17, shared and static. Also checks what the libraries export.
#
#     run.sh SOURCE BUILD
set -eu
source=$1
build=$2
here=$(dirname "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "package: $*" >&2
    exit 1
}

DESTDIR=$work/stage cmake --install "$build" --prefix /opt/firn >"$work/install.log"
prefix=$work/stage/opt/firn
library=$(dirname "$(find "$prefix" -name libfirn.a)")
export PKG_CONFIG_PATH="$library/pkgconfig" LD_LIBRARY_PATH="$library"

# Each header alone, as C11 and as C++17; those of adapters with the flags of their libraries.
strict='-Wall -Wextra -Wpedantic -Werror -fsyntax-only'
alone() {
    echo "#include <firn/$1>" >"$work/alone.c"
    cp "$work/alone.c" "$work/alone.cc"
    for compiler in gcc clang; do
        # shellcheck disable=SC2086
        "$compiler" -std=c11 $strict -I "$prefix/include" $2 "$work/alone.c" ||
            fail "$1 does not compile alone as C11 with $compiler"
    done
    # shellcheck disable=SC2086
    c++ -std=c++17 $strict -I "$prefix/include" $2 "$work/alone.cc" ||
        fail "$1 does not compile alone as C++17"
}
for header in "$prefix"/include/firn/*.h; do
    alone "$(basename "$header")" ''
done
alone adapters/current.h ''
for pair in lua:lua5.4 duktape:duktape sqlite:sqlite3 jansson:jansson; do
    [ -f "$prefix/include/firn/adapters/${pair%:*}.h" ] || fail "${pair%:*}.h is not installed"
    if pkg-config --exists "${pair#*:}"; then
        alone "adapters/${pair%:*}.h" "$(pkg-config --cflags "${pair#*:}")"
    fi
done

# The examples of a page: each ```c block becomes NAME1.c, NAME2.c, ...
examples() {
    awk -v name="$work/$2" '/^```c$/ { on = 1; n++; next } /^```$/ { on = 0 }
        on { print >(name n ".c") }' "$1"
    [ -s "$work/${2}1.c" ] || fail "$1 has no example"
}

# Those of the README are programs, built by pkg-config; those of the other pages are parts of one.
examples "$source/README.md" example
examples "$source/docs/regions.md" example_regions
examples "$source/docs/tune.md" example_tune
examples "$source/docs/contexts.md" part
examples "$source/docs/swapper.md" part_swapper
flags=$(pkg-config --cflags --libs firn)
static=$(pkg-config --static --cflags --libs firn)
# shellcheck disable=SC2086
for example in "$work"/example*.c; do
    cc -std=c11 -Wall -Wextra -Werror "$example" -o "$work/shared" $flags
    cc -std=c11 "$example" -o "$work/static" $(echo "$static" | sed 's/-lfirn/-l:libfirn.a/')
    (cd "$work" && ./shared && ./static) || fail "$example does not run"
done
# shellcheck disable=SC2086
for part in "$work"/part*.c; do
    cc -std=c11 -Wall -Wextra -Wpedantic -Werror -c "$part" -o "$work/part.o" $flags
done
# shellcheck disable=SC2086
c++ -std=c++17 -Wall -Wextra -Werror "$here/consumer/every_header.cc" -o "$work/cxx" $flags
(cd "$work" && ./cxx) || fail 'a program built by pkg-config does not run'
[ "$(pkg-config --modversion firn)" = "$(sed -n 's/.*VERSION_STRING "\(.*\)"/\1/p' \
    "$prefix/include/firn/api.h")" ] || fail 'pkg-config and api.h differ in the version'

# The same by find_package.
cmake -S "$here/consumer" -B "$work/consumer" -DCMAKE_PREFIX_PATH="$prefix" \
    -DEXAMPLE="$work/example1.c" >"$work/cmake.log" || fail "$(cat "$work/cmake.log")"
cmake --build "$work/consumer" >"$work/cmake.log" 2>&1 || fail "$(cat "$work/cmake.log")"
for program in c_firn c_firn_static cxx_firn cxx_firn_static; do
    (cd "$work" && "consumer/$program") || fail "$program does not run"
done

# What is exported: all that the headers promise, and nothing else.
nm -D --defined-only "$library/libfirn.so" | awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' |
    sort -u >"$work/exported"
grep -v '^firn_' "$work/exported" && fail 'libfirn.so exports these'
cat "$prefix"/include/firn/*.h | tr '\n' ' ' | grep -oE 'FIRN_API[^;(]*[( ]' |
    grep -oE '\bfirn_\w+ *\($' | tr -d '( ' | sort -u >"$work/promised"
comm -13 "$work/exported" "$work/promised" | grep . && fail 'libfirn.so lacks these'
nm -g --defined-only "$library/libfirn.a" 2>/dev/null | awk 'NF == 3 { print $3 }' |
    grep -v '^firn_' && fail 'libfirn.a has these names outside its own'
readelf -d "$library/libfirn.so" | grep -q 'soname: \[libfirn.so.0\]' || fail 'the soname is wrong'

# The program, what it preloads, and its papers.
if [ -x "$prefix/bin/firn" ]; then
    "$prefix/bin/firn" --version
    FIRN=$prefix/bin/firn FIRN_RUN_LIBRARY=$library/firn/libfirn-run.so \
        python3 "$source/tests/e2e/run.py" PassesThrough Summaries || fail 'firn run does not run'
    nm -D --defined-only "$library/firn/libfirn-run.so" | grep -v ' T ' &&
        fail 'libfirn-run.so exports what is no function'
    man=$prefix/share/man/man1
    grep -q '^\.TH "firn" "1"' "$man/firn.1" || fail 'there is no manual page'
    "$prefix/bin/firn" --manuals >"$work/pages"
    while read -r name; do
        page=firn-$(echo "$name" | tr ' ' -)
        grep -q "^\.TH \"$page\" \"1\"" "$man/$page.1" || fail "there is no page of firn $name"
    done <"$work/pages"
    [ "$(find "$man" -type f | wc -l)" = $(($(wc -l <"$work/pages") + 1)) ] || fail 'there are other pages'
    for file in zsh/site-functions/_firn fish/vendor_completions.d/firn.fish; do
        [ -s "$prefix/share/$file" ] || fail "$file is not installed"
    done
    bash -n "$prefix/share/bash-completion/completions/firn" || fail 'the completion is broken'
fi
echo "package: $(wc -l <"$work/exported") functions exported"
