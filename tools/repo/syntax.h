// Syntax trees of source files: RAII over tree-sitter, whose headers stay behind syntax.cpp. A SyntaxTree owns its source text; a
// SyntaxNode is a cheap value that is valid while its tree lives (moving the tree is fine). A tree may be read from several
// threads; distinct trees are independent. A parse is bounded by limits::kIndexFileBytes, limits::kParseMs and the context.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/context.h"
#include "base/result.h"

namespace wright::tools {

enum class Language { c, cpp, python, javascript, typescript, tsx, rust, go, java, bash, json };

struct LanguageInfo {
  Language id;
  std::string_view name;                         // "cpp": also the stem of its query file
  std::span<const std::string_view> extensions;  // ".cc"; compared without case
  std::string_view line_comment;                 // "//", empty when there is none
};
std::span<const LanguageInfo> languages();
const LanguageInfo& language_info(Language id);
const LanguageInfo* find_language(std::string_view name);
// By extension or well-known file name, else by the "#!" line that `head` (the file's first bytes) starts with.
std::optional<Language> language_of(std::string_view path, std::string_view head = {});

class SyntaxTree;

class SyntaxNode {
 public:
  SyntaxNode() = default;  // the null node: every question has an empty answer
  bool null() const { return raw_.id == nullptr; }
  explicit operator bool() const { return !null(); }
  bool operator==(const SyntaxNode& o) const { return raw_.id == o.raw_.id && raw_.tree == o.raw_.tree; }

  std::string_view kind() const;  // the grammar's name: "if_statement", "+="
  bool named() const;             // false for punctuation and keywords
  bool is_error() const;          // an ERROR node
  bool is_missing() const;        // put in by error recovery, no bytes
  bool has_error() const;         // this node or one below is an error or missing
  bool is_extra() const;          // a comment and the like

  std::size_t start() const;       // byte offsets in the source, [start, end)
  std::size_t end() const;
  std::size_t line() const;        // of start, 0-based
  std::size_t column() const;      // of start, in bytes
  std::size_t end_line() const;
  std::string_view text() const;   // borrowed from the tree

  SyntaxNode parent() const;
  std::size_t child_count() const;
  SyntaxNode child(std::size_t i) const;
  SyntaxNode child(std::string_view field) const;    // node.child("condition"): the first with that field
  std::string_view field_of_child(std::size_t i) const;  // empty when it has none
  std::size_t named_child_count() const;
  SyntaxNode named_child(std::size_t i) const;
  std::vector<SyntaxNode> children() const;          // all, in order: linear, where child(i) in a loop is quadratic
  std::vector<SyntaxNode> named_children() const;
  SyntaxNode next() const;                           // siblings
  SyntaxNode previous() const;
  SyntaxNode next_named() const;
  SyntaxNode previous_named() const;

 private:
  friend class SyntaxTree;
  friend class SyntaxQuery;
  struct Access;
  struct Raw {  // the layout of a TSNode
    std::uint32_t context[4] = {0, 0, 0, 0};
    const void* id = nullptr;
    const void* tree = nullptr;
  };
  Raw raw_;
  const std::string* source_ = nullptr;
};

// What changed between two versions of a text, in bytes.
struct TextEdit {
  std::size_t begin = 0, old_end = 0, new_end = 0;
};

class SyntaxTree {
 public:
  // `limit` when the file is too large or takes too long, `cancelled`/`timeout` by the context. A text with syntax errors
  // parses: root().has_error().
  static Result<SyntaxTree> parse(Language language, std::string source, const Context& context = Context());
  // The tree of `source`, which differs from this one's text by `edit`; unchanged parts are reused. Same result as parse().
  Result<SyntaxTree> reparse(std::string source, const TextEdit& edit, const Context& context = Context()) const;
  SyntaxTree(SyntaxTree&&) noexcept;
  SyntaxTree& operator=(SyntaxTree&&) noexcept;
  ~SyntaxTree();

  SyntaxNode root() const;
  const std::string& source() const;
  Language language() const;
  // The smallest node that covers [begin, end); named ones only when `named`.
  SyntaxNode node_at(std::size_t begin, std::size_t end, bool named = false) const;
  // Every node, parents before children, at most `depth` levels. Iterative: safe on any nesting. `visit` returns false to
  // skip a node's children.
  template <class F>
  void walk(F&& visit) const {
    walk_from(root(), std::forward<F>(visit));
  }
  template <class F>
  static void walk_from(const SyntaxNode& from, F&& visit) {
    std::vector<SyntaxNode> stack{from};
    while (!stack.empty()) {
      const SyntaxNode node = stack.back();
      stack.pop_back();
      if (node.null() || !visit(node)) continue;
      const std::vector<SyntaxNode> below = node.children();
      stack.insert(stack.end(), below.rbegin(), below.rend());
    }
  }

 private:
  struct State;
  explicit SyntaxTree(std::unique_ptr<State> state);
  static Result<SyntaxTree> run(Language language, std::string source, const SyntaxTree* old, const TextEdit* edit,
                                const Context& context);
  std::unique_ptr<State> state_;
};

struct QueryCapture {
  std::string_view name;  // without "@"; lives as long as the query
  SyntaxNode node;
  std::uint32_t match;    // captures of one match share it
  std::uint32_t pattern;  // which pattern of the query, from 0
};

// A compiled tree-sitter query. Predicates (#eq? …) are not evaluated and are refused by compile(). Immutable, any thread.
class SyntaxQuery {
 public:
  // `invalid` names the offset where the query is wrong.
  static Result<SyntaxQuery> compile(Language language, std::string_view text);
  SyntaxQuery(SyntaxQuery&&) noexcept;
  SyntaxQuery& operator=(SyntaxQuery&&) noexcept;
  ~SyntaxQuery();
  // Captures below `root`, in order of match. Ends early, without an error, once `context` is done.
  std::vector<QueryCapture> captures(const SyntaxNode& root, const Context& context = Context()) const;

 private:
  struct State;
  explicit SyntaxQuery(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace wright::tools
