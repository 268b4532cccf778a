/* What each language's tables call a definition, and of what kind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/code_tree.h"

static void expect_names(const char *language, const char *text, bool references,
                         const char *expected)
{
    char *names = code_names(language, text, references);

    assert_non_null(names);
    assert_string_equal(names, expected);
    free(names);
}

static void definitions_of_c(void **state)
{
    (void)state;
    expect_names("c",
                 "#include <stdio.h>\n"
                 "#define MAX 3\n"
                 "#define SQUARE(x) ((x) * (x))\n"
                 "#ifdef MAX\n"
                 "extern int shared;\n"
                 "#endif\n"
                 "static const char *names[] = {\"a\"};\n"
                 "int counter = 0, *where;\n"
                 "typedef unsigned char uint8_t;\n"
                 "typedef struct point { int x, y; int (*draw)(struct point *self); unsigned flag"
                 " : 1; } point_t;\n"
                 "struct opaque;\n"
                 "union u { int i; float f; };\n"
                 "enum color { RED, GREEN = 2 };\n"
                 "int (*handler)(int);\n"
                 "int add(int a, int b);\n"
                 "static inline int *find(struct point *p, uint8_t n)\n"
                 "{\n"
                 "    int local = p->x + add(1, n);\n"
                 "    static int kept;\n"
                 "    struct inner { int z; } in;\n"
                 "    p->draw(p);\n"
                 "out:\n"
                 "    return &p->y;\n"
                 "}\n"
                 "typedef int (*callback)(void *);\n",
                 false,
                 "MAX macro 2\nSQUARE macro 3\nshared declaration 5\nnames variable 7\n"
                 "counter variable 8\nwhere variable 8\nuint8_t type 9\npoint struct 10\n"
                 "x field 10\ny field 10\ndraw field 10\nflag field 10\npoint_t type 10\n"
                 "u union 12\ni field 12\nf field 12\ncolor enum 13\nRED enumerator 13\n"
                 "GREEN enumerator 13\nhandler variable 14\nadd declaration 15\nfind function 16\n"
                 "inner struct 20\nz field 20\ncallback type 25\n");
}

static void definitions_of_cpp(void **state)
{
    (void)state;
    expect_names("cpp",
                 "#include <vector>\n"
                 "#define LIMIT 10\n"
                 "namespace app::core {\n"
                 "namespace inner = std::chrono;\n"
                 "using std::string;\n"
                 "using ids = std::vector<int>;\n"
                 "template <typename T> concept Small = sizeof(T) < 8;\n"
                 "enum class Color : int { Red, Green };\n"
                 "class Base;\n"
                 "class Shape final : public Base {\n"
                 "public:\n"
                 "    Shape() : sides_(0) { reset(); }\n"
                 "    explicit Shape(int n);\n"
                 "    virtual ~Shape();\n"
                 "    bool operator==(const Shape &other) const { return true; }\n"
                 "    template <class U> U get() const { return static_cast<U>(sides_); }\n"
                 "    int area() const;\n"
                 "    static int count;\n"
                 "private:\n"
                 "    int sides_ = 0;\n"
                 "    struct Node { Node *next; } *head;\n"
                 "};\n"
                 "template <> struct Box<int> { int v; };\n"
                 "int Shape::count = 0;\n"
                 "int Shape::area() const { auto f = [](int x) { return x; }; return f(sides_);"
                 " }\n"
                 "Shape::~Shape() {}\n"
                 "static const int &reference = Shape::count;\n"
                 "void swap(Shape &a, Shape &b) { int local = a.area(); std::sort(local);"
                 " b.template get<int>(); }\n"
                 "extern \"C\" { int c_api(void); extern int c_var; }\n"
                 "auto trailing() -> int { return 1; }\n"
                 "Shape &operator<<(Shape &s, int) { return s; }\n"
                 "union U { int a; float b; };\n"
                 "int add(int a, int b = 2);\n"
                 "}\n",
                 false,
                 "LIMIT macro 2\napp namespace 3\ncore namespace 3\ninner namespace 4\n"
                 "ids type 6\nSmall type 7\nColor enum 8\nRed enumerator 8\nGreen enumerator 8\n"
                 "Shape class 10\nShape method 12\nShape declaration 13\n~Shape declaration 14\n"
                 "operator== method 15\nget method 16\narea declaration 17\ncount field 18\n"
                 "sides_ field 20\nNode struct 21\nnext field 21\nhead field 21\nBox struct 23\n"
                 "v field 23\ncount variable 24\narea method 25\n~Shape method 26\n"
                 "reference variable 27\nswap function 28\nc_api declaration 29\n"
                 "c_var declaration 29\ntrailing function 30\noperator<< function 31\nU union 32\n"
                 "a field 32\nb field 32\nadd declaration 33\n");
}

static void definitions_of_python(void **state)
{
    (void)state;
    expect_names("python",
                 "import os, sys as system\n"
                 "from .pkg.mod import thing as other, more\n"
                 "from __future__ import annotations\n"
                 "LIMIT = 10\n"
                 "a, (b, c) = 1, (2, 3)\n"
                 "x: int = 3\n"
                 "type Alias = list[int]\n"
                 "class Base: pass\n"
                 "@decorate\n"
                 "class Shape(Base, metaclass=Meta):\n"
                 "    kind = \"x\"\n"
                 "    size: int = 0\n"
                 "    def __init__(self, sides: \"int\", other: Base = None) -> None:\n"
                 "        self.sides = sides\n"
                 "        local = os.path.join(sides)\n"
                 "    @property\n"
                 "    async def area(self): return self.sides\n"
                 "    class Inner:\n"
                 "        deep = 1\n"
                 "if x:\n"
                 "    guarded = 1\n"
                 "def free(arg, *rest, **named):\n"
                 "    def nested(): pass\n"
                 "    inner = lambda q: q\n"
                 "    return free(arg).attr[nested]\n"
                 "lam = lambda z: z\n",
                 false,
                 "LIMIT variable 4\na variable 5\nb variable 5\nc variable 5\nx variable 6\n"
                 "Alias type 7\nBase class 8\nShape class 10\nkind field 11\nsize field 12\n"
                 "__init__ method 13\narea method 17\nInner class 18\ndeep field 19\n"
                 "guarded variable 21\nfree function 22\nnested function 23\nlam variable 26\n");
}

static void definitions_of_javascript(void **state)
{
    (void)state;
    expect_names("javascript",
                 "import fs, { join as j, sep } from 'fs';\n"
                 "import * as path from 'path';\n"
                 "const LIMIT = 10, { one, two: renamed, ...rest } = load();\n"
                 "let counter = 0;\n"
                 "var legacy;\n"
                 "function plain(a, { b }) { const local = 1; function nested() {} const helper ="
                 " () => 1; return a.b(local); }\n"
                 "async function* gen() {}\n"
                 "const arrow = (x) => x;\n"
                 "const Klass = class Named extends Base {};\n"
                 "class Shape extends ns.Base {\n"
                 "  #secret = 1;\n"
                 "  static sides = 3;\n"
                 "  handler = () => {};\n"
                 "  constructor(n) { super(); this.n = n; }\n"
                 "  get area() { return this.#secret; }\n"
                 "  static make() { return new Shape(1); }\n"
                 "}\n"
                 "const obj = { value: 1, method() {}, fn: function () {}, [computed]: 2 };\n"
                 "Shape.prototype.old = function () { label: for (;;) break label; };\n"
                 "module.exports = { plain, Shape };\n"
                 "export default function exported() {}\n"
                 "export const last = 1;\n",
                 false,
                 "LIMIT constant 3\none constant 3\nrenamed constant 3\nrest constant 3\n"
                 "counter variable 4\nlegacy variable 5\nplain function 6\nnested function 6\n"
                 "helper function 6\ngen function 7\narrow function 8\nKlass class 9\n"
                 "Named class 9\nShape class 10\n#secret property 11\nsides property 12\n"
                 "handler method 13\nconstructor method 14\narea method 15\nmake method 16\n"
                 "obj constant 18\nmethod method 18\nfn method 18\nold method 19\n"
                 "exported function 21\nlast constant 22\n");
}

static void definitions_of_typescript(void **state)
{
    (void)state;
    expect_names("typescript",
                 "import type { T1 } from './t';\n"
                 "import fs = require('fs');\n"
                 "export interface Point<T> extends Base { x: number; y?: T; move(dx: number):"
                 " void; }\n"
                 "type Alias = { a: string } | Point<number>;\n"
                 "enum Color { Red, Green = 'g' }\n"
                 "declare module 'mod' { export function f(): void; }\n"
                 "namespace Deep.Inner { export const v = 1; }\n"
                 "abstract class Shape implements Point<string> {\n"
                 "  private readonly sides: number = 3;\n"
                 "  constructor(public name: string, other: number) { super(); }\n"
                 "  abstract area(): number;\n"
                 "  make = () => 1;\n"
                 "  method<T>(this: Shape, arg?: T): T { const local = <T>arg; return local; }\n"
                 "}\n"
                 "function over(a: string): void;\n"
                 "function over(a: any) {}\n"
                 "declare const ambient: number;\n"
                 "export const fn = async (x: number) => x;\n"
                 "let v: Map<string, Shape> = new Map();\n",
                 false,
                 "Point interface 3\nx property 3\ny property 3\nmove method 3\nAlias type 4\n"
                 "a property 4\nColor enum 5\nRed enumerator 5\nGreen enumerator 5\n"
                 "f declaration 6\nDeep namespace 7\nInner namespace 7\nv constant 7\n"
                 "Shape class 8\nsides property 9\nconstructor method 10\nname property 10\n"
                 "area method 11\nmake method 12\nmethod method 13\nover declaration 15\n"
                 "over function 16\nambient constant 17\nfn function 18\nv variable 19\n");
}

static void definitions_of_tsx(void **state)
{
    (void)state;
    expect_names("tsx",
                 "const App: React.FC<Props> = ({ title }) => <Widget name={title} onClick={() =>"
                 " go(1)} />;\n"
                 "class View extends React.Component { render() { return <div/>; } }\n",
                 false, "App function 1\nView class 2\nrender method 2\n");
}

static void definitions_of_go(void **state)
{
    (void)state;
    expect_names("go",
                 "package shapes\n"
                 "import ( \"fmt\"; str \"strings\"; . \"math\" )\n"
                 "const Limit = 10\n"
                 "const ( A = iota; B )\n"
                 "var counter, total int = 1, 2\n"
                 "var ( global string )\n"
                 "type Shape interface { Area() float64; fmt.Stringer }\n"
                 "type Point struct { X, Y int; Base; tag string `json:\"t\"` }\n"
                 "type ID = int\n"
                 "type Func func(int) int\n"
                 "func New(n int) *Point { local := n; var v int; const c = 1; return &Point{X:"
                 " local, Y: v} }\n"
                 "func (p *Point) Move(dx int) (ok bool) { p.X += dx;"
                 " fmt.Println(str.ToUpper(\"a\")); goto end; end: return New(1).Move(2) }\n"
                 "func Map[T any](xs []T, f func(T) T) {}\n"
                 "func init() { Map[int](nil, nil) }\n",
                 false,
                 "shapes module 1\nLimit constant 3\nA constant 4\nB constant 4\n"
                 "counter variable 5\ntotal variable 5\nglobal variable 6\nShape interface 7\n"
                 "Area method 7\nPoint struct 8\nX field 8\nY field 8\ntag field 8\nID type 9\n"
                 "Func type 10\nNew function 11\nMove method 12\nMap function 13\n"
                 "init function 14\n");
}

static void definitions_of_rust(void **state)
{
    (void)state;
    expect_names("rust",
                 "use std::{fmt::{self, Display as D}, io::*};\n"
                 "extern crate alloc;\n"
                 "pub const LIMIT: usize = 10;\n"
                 "static mut COUNTER: u32 = 0;\n"
                 "#[derive(Debug)]\n"
                 "pub struct Point<T> { pub x: T, y: i32 }\n"
                 "struct Unit(u8);\n"
                 "enum Color { Red, Green { v: u8 }, Blue(i32) }\n"
                 "union U { a: u32, b: f32 }\n"
                 "type Alias = Vec<Point<i32>>;\n"
                 "trait Shape { const N: usize; type Out; fn area(&self) -> f64; fn twice(&self)"
                 " -> f64 { self.area() * 2.0 } }\n"
                 "impl<T> Shape for Point<T> { type Out = T; fn area(&self) -> f64 { let local ="
                 " self.x.len(); helper::run(local); Point::new(1) } }\n"
                 "mod deep { pub fn inner() {} }\n"
                 "macro_rules! square { ($x:expr) => { $x * $x } }\n"
                 "fn main() { const C: u8 = 1; fn nested() {} println!(\"{}\", square!(3)); let v"
                 " = Vec::<u8>::with(2); v.iter().map(|q| q); parse::<u8>(); 'l: loop { break 'l;"
                 " } }\n"
                 "extern \"C\" { fn c_api(n: i32) -> i32; }\n",
                 false,
                 "LIMIT constant 3\nCOUNTER variable 4\nPoint struct 6\nx field 6\ny field 6\n"
                 "Unit struct 7\nColor enum 8\nRed enumerator 8\nGreen enumerator 8\nv field 8\n"
                 "Blue enumerator 8\nU union 9\na field 9\nb field 9\nAlias type 10\n"
                 "Shape trait 11\nN constant 11\nOut type 11\narea method 11\ntwice method 11\n"
                 "Out type 12\narea method 12\ndeep module 13\ninner function 13\n"
                 "square macro 14\nmain function 15\nnested function 15\nc_api declaration 16\n");
}

static void definitions_of_java(void **state)
{
    (void)state;
    expect_names("java",
                 "package com.example.app;\n"
                 "import java.util.List;\n"
                 "import static java.lang.Math.*;\n"
                 "@Deprecated\n"
                 "public abstract class Shape<T> extends Base implements Runnable,"
                 " java.io.Serializable {\n"
                 "    static final int LIMIT = 10;\n"
                 "    private int sides, corners[];\n"
                 "    enum Color { RED, GREEN { void paint() {} }; int code; }\n"
                 "    interface Visitor { int MAX = 1; void visit(Shape s); }\n"
                 "    @interface Marker { String value() default \"\"; }\n"
                 "    record Pair(int a, int b) { Pair { check(a); } }\n"
                 "    Shape(int n) throws Exception { this.sides = n; }\n"
                 "    public <U> List<U> map(Visitor v) { int local = v.visit(this).size(); for"
                 " (int i = 0; ; i++) {} }\n"
                 "    abstract double area();\n"
                 "    Runnable r = () -> { int inner = 1; };\n"
                 "}\n",
                 false,
                 "app module 1\nShape class 5\nLIMIT field 6\nsides field 7\ncorners field 7\n"
                 "Color enum 8\nRED enumerator 8\nGREEN enumerator 8\npaint method 8\n"
                 "code field 8\nVisitor interface 9\nMAX constant 9\nvisit method 9\n"
                 "Marker interface 10\nvalue method 10\nPair class 11\nPair method 11\n"
                 "Shape method 12\nmap method 13\narea method 14\nr field 15\n");
}

static void definitions_of_json(void **state)
{
    (void)state;
    expect_names("json",
                 "{\"name\": \"firn\", \"nested\": {\"a\\tb\": [1, {\"\": 2, \"deep\": null}]},"
                 " \"list\": [\"x\"]}\n",
                 false, "name key 1\nnested key 1\na\\tb key 1\ndeep key 1\nlist key 1\n");
}

static void definitions_of_bash(void **state)
{
    (void)state;
    expect_names("bash",
                 "#!/bin/bash\n"
                 "export PATH=/bin LIMIT=3\n"
                 "counter=0 ls -l\n"
                 "names[2]=x\n"
                 "greet() { local who=$1; total=2; echo \"hello $who ${names[1]}\"; }\n"
                 "function other { greet \"$@\"; }\n"
                 "sub() ( x=1 )\n"
                 "for f in *; do last=$f; done\n"
                 "declare -A map\n",
                 false,
                 "PATH variable 2\nLIMIT variable 2\ncounter variable 3\nnames variable 4\n"
                 "greet function 5\nother function 6\nsub function 7\nlast variable 8\n");
}
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(definitions_of_c),          cmocka_unit_test(definitions_of_cpp),
        cmocka_unit_test(definitions_of_python),     cmocka_unit_test(definitions_of_javascript),
        cmocka_unit_test(definitions_of_typescript), cmocka_unit_test(definitions_of_tsx),
        cmocka_unit_test(definitions_of_go),         cmocka_unit_test(definitions_of_rust),
        cmocka_unit_test(definitions_of_java),       cmocka_unit_test(definitions_of_json),
        cmocka_unit_test(definitions_of_bash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
