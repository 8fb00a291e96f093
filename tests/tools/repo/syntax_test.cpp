#include "tools/repo/syntax.h"

#include <catch2/catch.hpp>
#include <random>

#include "tools/repo/symbols.h"

using namespace wright;
using namespace wright::tools;

namespace {

SyntaxTree parsed(Language language, std::string text) {
  auto tree = SyntaxTree::parse(language, std::move(text));
  REQUIRE(tree.ok());
  return std::move(*tree);
}

std::string shape(const SyntaxTree& tree) {
  std::string out;
  tree.walk([&](const SyntaxNode& n) {
    out += std::string(n.kind()) + "@" + std::to_string(n.start()) + "-" + std::to_string(n.end()) + "\n";
    return true;
  });
  return out;
}

// "kind name" of every definition, indented by nesting.
std::string outline(Language language, std::string text) {
  const SyntaxTree tree = parsed(language, std::move(text));
  const auto symbols = file_symbols(tree);
  REQUIRE(symbols.ok());
  std::string out;
  for (const Symbol& s : symbols->definitions) {
    for (int up = s.parent; up >= 0; up = symbols->definitions[static_cast<std::size_t>(up)].parent) out += "  ";
    out += std::string(to_string(s.kind)) + " " + s.name + (s.declaration ? " (declared)" : "") + "\n";
  }
  return out;
}

std::string references(Language language, std::string text) {
  const SyntaxTree tree = parsed(language, std::move(text));
  const auto symbols = file_symbols(tree);
  REQUIRE(symbols.ok());
  std::string out;
  for (const NameUse& r : symbols->references) out += r.name + ":" + std::to_string(r.line) + " ";
  return out;
}

}  // namespace

TEST_CASE("syntax: nodes answer with kinds, fields, ranges and neighbours") {
  const SyntaxTree tree = parsed(Language::python, "def f(a):\n    return a + 1\n");
  const SyntaxNode function = tree.root().named_child(0);
  CHECK(tree.root().kind() == "module");
  CHECK(function.kind() == "function_definition");
  CHECK(function.child("name").text() == "f");
  CHECK(function.child("name").parent() == function);
  CHECK(function.field_of_child(1) == "name");
  CHECK(function.children().size() == function.child_count());
  const SyntaxNode plus = tree.node_at(23, 24);
  CHECK(plus.text() == "+");
  CHECK_FALSE(plus.named());
  CHECK(plus.line() == 1);
  CHECK(plus.column() == 13);
  CHECK(plus.previous().text() == "a");
  CHECK(plus.next().text() == "1");
  CHECK(plus.parent().kind() == "binary_operator");
  CHECK_FALSE(tree.root().has_error());
  const SyntaxNode null;
  CHECK(null.null());
  CHECK(null.parent().null());
  CHECK(null.child("x").null());
  CHECK(null.text().empty());
}

TEST_CASE("syntax: a tree keeps its nodes alive when it is moved") {
  SyntaxTree tree = parsed(Language::c, "int x = 3;\n");
  const SyntaxNode root = tree.root();
  const SyntaxTree moved = std::move(tree);
  CHECK(root.text() == "int x = 3;\n");
  CHECK(root == moved.root());
}

TEST_CASE("syntax: broken text still parses and says where") {
  const SyntaxTree tree = parsed(Language::cpp, "int f( { return 1; }");
  CHECK(tree.root().has_error());
  const SyntaxTree binary = parsed(Language::json, std::string("\0\xff{]\x80", 5));
  CHECK(binary.root().has_error());
}

TEST_CASE("syntax: every language has a grammar and a query that fit") {
  for (const LanguageInfo& info : languages()) {
    INFO(info.name);
    const SyntaxTree tree = parsed(info.id, "");
    CHECK(file_symbols(tree).ok());
    CHECK(find_language(info.name)->id == info.id);
  }
}

TEST_CASE("syntax: languages by extension, file name and interpreter line") {
  CHECK(language_of("a/b.CPP") == Language::cpp);
  CHECK(language_of("x.h") == Language::cpp);
  CHECK(language_of("x.tsx") == Language::tsx);
  CHECK(language_of("run", "#!/usr/bin/env -S python3.11 -u\nprint()") == Language::python);
  CHECK(language_of("run", "#!/bin/sh\n") == Language::bash);
  CHECK(language_of("run", "#!/usr/bin/env FOO=1 node\r\n") == Language::javascript);
  CHECK_FALSE(language_of("run", "#!/usr/bin/perl\n"));
  CHECK_FALSE(language_of("notes.md", "#!/bin/sh\n"));
  CHECK_FALSE(language_of("", ""));
  CHECK_FALSE(language_of("x", "#!"));
}

TEST_CASE("syntax: a text that is too large is a limit, a cancelled parse is cancelled") {
  const auto large = SyntaxTree::parse(Language::c, std::string(3 << 20, ' '));
  REQUIRE_FALSE(large.ok());
  CHECK(large.error().kind == ErrorKind::limit);
  const Context context;
  context.cancel();
  const auto cancelled = SyntaxTree::parse(Language::c, std::string(1 << 20, ';'), context);
  REQUIRE_FALSE(cancelled.ok());
  CHECK(cancelled.error().kind == ErrorKind::cancelled);
}

TEST_CASE("syntax: deep nesting neither overflows nor hangs") {
  const std::string deep = std::string(60'000, '(') + "1" + std::string(60'000, ')');
  const auto tree = SyntaxTree::parse(Language::python, deep);
  if (tree.ok()) {
    std::size_t nodes = 0;
    tree->walk([&](const SyntaxNode&) { return ++nodes < 200'000; });
    CHECK(nodes > 1000);
    CHECK(file_symbols(*tree).ok());
  } else {
    CHECK(tree.error().kind == ErrorKind::limit);
  }
}

TEST_CASE("syntax: a reparse after an edit equals a fresh parse") {
  std::mt19937 random(7);
  std::string text = "class A:\n    x = 1\n    def f(self, y):\n        return g(y) + [1, 2]\n\nz = A().f(3)\n";
  const std::string pieces[] = {"\n", " ", "(", ")", "def q(): pass\n", "x", "\"", "#", "    ", "é", ":"};
  SyntaxTree tree = parsed(Language::python, text);
  for (int i = 0; i < 300; ++i) {
    const std::size_t begin = random() % (text.size() + 1);
    const std::size_t length = std::min<std::size_t>(random() % 4, text.size() - begin);
    const std::string& put = pieces[random() % std::size(pieces)];
    std::string next = text.substr(0, begin) + put + text.substr(begin + length);
    auto edited = tree.reparse(next, {begin, begin + length, begin + put.size()});
    REQUIRE(edited.ok());
    if (!edited->root().has_error()) CHECK(shape(*edited) == shape(parsed(Language::python, next)));
    tree = std::move(*edited);
    text = std::move(next);
  }
  CHECK_FALSE(tree.reparse("short", {0, 0, 0}).ok());
}

TEST_CASE("syntax: queries give captures by match and refuse predicates") {
  const SyntaxTree tree = parsed(Language::go, "package a\nfunc F() { g(1) }\n");
  const auto query = SyntaxQuery::compile(Language::go, "(function_declaration name: (identifier) @n) @d (call_expression) @c");
  REQUIRE(query.ok());
  const auto captures = query->captures(tree.root());
  REQUIRE(captures.size() == 3);
  CHECK(captures[0].name == "d");
  CHECK(captures[1].node.text() == "F");
  CHECK(captures[0].match == captures[1].match);
  CHECK(captures[2].pattern == 1);
  CHECK_FALSE(SyntaxQuery::compile(Language::go, "(nonsense) @x").ok());
  CHECK_FALSE(SyntaxQuery::compile(Language::go, "((identifier) @x (#eq? @x \"a\"))").ok());
}

TEST_CASE("symbols: C and C++") {
  CHECK(outline(Language::c, "#define N 3\n#define M(x) x\nstruct S { int a; };\nenum E { A, B };\ntypedef int T;\nint v = 1;\n"
                             "int **f(void);\nstatic char *g(int (*cb)(int)) { return 0; }\n") ==
        "macro N\nmacro M\nstruct S\n  field a\nenum E\n  enumerator A\n  enumerator B\ntype T\nvariable v\nfunction f (declared)\nfunction g\n");
  CHECK(outline(Language::cpp, "namespace a::b {\ntemplate <class T> class C : D {\n public:\n  C();\n  ~C() {}\n  int m() const;\n  bool operator==(const C& o) const;\n"
                               "  int x_;\n};\nusing U = int;\n}\nint a::b::C<int>::m() const { int y(3); return y; }\n") ==
        "module a::b\n  class C\n    method C (declared)\n    method ~C\n    method m (declared)\n    method operator== (declared)\n    field x_\n  type U\nmethod m\n");
}

TEST_CASE("symbols: Python, JavaScript, TypeScript") {
  CHECK(outline(Language::python, "X = 1\nclass A(B):\n    y = 2\n    @p\n    def m(self):\n        def inner(): pass\n        z = 3\nasync def f(): g(); a.b.h()\n") ==
        "constant X\nclass A\n  field y\n  method m\n    function inner\nfunction f\n");
  CHECK(references(Language::python, "def f():\n  g()\n  a.b.h(k())\n") == "g:2 h:3 k:3 ");
  CHECK(outline(Language::javascript, "export const K = 1;\nconst f = (a) => a;\nclass A { #p() {} m() {} s = 2; }\nmodule.exports.q = function () {};\nfunction* gen() {}\n") ==
        "constant K\nfunction f\nclass A\n  method #p\n  method m\n  field s\nfunction q\nfunction gen\n");
  CHECK(outline(Language::typescript, "interface I { a: number; m(): void }\ntype T = I;\nenum E { A, B = 2 }\nabstract class C<T> implements I { private x = 1; abstract k(): void; m() {} }\n"
                                      "namespace N { export function f(): void {} }\ndeclare function d(): T;\n") ==
        "interface I\n  field a\n  method m\ntype T\nenum E\n  enumerator A\n  enumerator B\nclass C\n  field x\n  method k\n  method m\nmodule N\n  function f\nfunction d (declared)\n");
  CHECK(references(Language::tsx, "const a = <Foo b={bar()}><Baz.Q/></Foo>;\nlet x: Map<Key, V>;") == "Foo:1 bar:1 Map:2 Key:2 V:2 ");
}

TEST_CASE("symbols: Rust, Go, Java, Bash, JSON") {
  CHECK(outline(Language::rust, "pub struct S { a: u8 }\nenum E { A }\ntrait T { fn r(&self); }\nimpl T for S<u8> { fn r(&self) {} }\nmod m { pub fn f() {} }\nconst K: u8 = 1;\nmacro_rules! mac { () => {} }\n") ==
        "struct S\n  field a\nenum E\n  enumerator A\ninterface T\n  method r (declared)\nimplementation S\n  method r\nmodule m\n  function f\nconstant K\nmacro mac\n");
  CHECK(outline(Language::go, "package p\ntype S struct { A int }\ntype I interface { M() }\ntype T = S\nconst C = 1\nvar V int\nfunc (s *S) M() {}\nfunc F() { x := 1 }\n") ==
        "struct S\n  field A\ninterface I\n  method M (declared)\ntype T\nconstant C\nvariable V\nmethod M\nfunction F\n");
  CHECK(outline(Language::java, "interface I { void m(); }\nclass A implements I { int x; A() {} public void m() {} enum E { P, Q } record R(int z) {} }\n") ==
        "interface I\n  method m\nclass A\n  field x\n  method A\n  method m\n  enum E\n    enumerator P\n    enumerator Q\n  class R\n");
  CHECK(outline(Language::bash, "A=1\nexport B=2\nf() { C=3; g; }\nfunction h { :; }\n") == "variable A\nvariable B\nfunction f\nfunction h\n");
  CHECK(outline(Language::json, "{\"a\": {\"b\": [1, {\"c\": 2}]}}") == "key a\n  key b\n    key c\n");
}

TEST_CASE("symbols: uses are identifiers, not words in strings or comments") {
  const SyntaxTree tree = parsed(Language::python, "foo = 1  # foo\nbar(foo, 'foo', food)\nx.foo()\n");
  const auto uses = uses_of(tree, "foo");
  REQUIRE(uses.size() == 3);
  CHECK(uses[0].line == 1);
  CHECK(uses[1].line == 2);
  CHECK(uses[2].line == 3);
  CHECK(uses_of(tree, "").empty());
}

TEST_CASE("symbols: the innermost definition at an offset, and its qualified name") {
  const SyntaxTree tree = parsed(Language::python, "class A:\n    def m(self):\n        pass\n\ndef f(): pass\n");
  const auto symbols = file_symbols(tree);
  REQUIRE(symbols.ok());
  CHECK(qualified_name(*symbols, symbol_at(*symbols, 30)) == "A.m");
  CHECK(qualified_name(*symbols, symbol_at(*symbols, 48)) == "f");
  CHECK(symbol_at(*symbols, 39) == -1);
}
