#include "tools/repo/syntax.h"

#include <fmt/format.h>
#include <tree_sitter/api.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "base/limits.h"
#include "tools/repo/languages.h"

namespace wright::tools {

struct SyntaxNode::Access {
  static_assert(sizeof(Raw) == sizeof(TSNode));
  static TSNode ts(const SyntaxNode& n) { return std::bit_cast<TSNode>(n.raw_); }
  static SyntaxNode wrap(TSNode node, const std::string* source) {
    SyntaxNode out;
    out.raw_ = std::bit_cast<Raw>(node);
    out.source_ = source;
    return out;
  }
};

namespace {

struct Deleter {
  void operator()(TSParser* p) const { ts_parser_delete(p); }
  void operator()(TSTree* p) const { ts_tree_delete(p); }
  void operator()(TSQuery* p) const { ts_query_delete(p); }
  void operator()(TSQueryCursor* p) const { ts_query_cursor_delete(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Deleter>;

TSPoint point_at(std::string_view text, std::size_t offset) {
  offset = std::min(offset, text.size());
  const std::string_view before = text.substr(0, offset);
  const auto row = static_cast<std::uint32_t>(std::count(before.begin(), before.end(), '\n'));
  const std::size_t start = before.rfind('\n') == before.npos ? 0 : before.rfind('\n') + 1;
  return {row, static_cast<std::uint32_t>(offset - start)};
}

// The parser asks now and then whether it should stop.
struct Progress {
  const Context* context;
  TimePoint deadline;
  bool late = false;
};

bool should_stop(Progress& progress) {
  if (progress.context->done()) return true;
  progress.late = Clock::system().now() > progress.deadline;
  return progress.late;
}

}  // namespace

struct SyntaxTree::State {
  Language language;
  std::string source;
  Owned<TSTree> tree;
};

SyntaxTree::SyntaxTree(std::unique_ptr<State> state) : state_(std::move(state)) {}
SyntaxTree::SyntaxTree(SyntaxTree&&) noexcept = default;
SyntaxTree& SyntaxTree::operator=(SyntaxTree&&) noexcept = default;
SyntaxTree::~SyntaxTree() = default;

Result<SyntaxTree> SyntaxTree::parse(Language language, std::string source, const Context& context) {
  return run(language, std::move(source), nullptr, nullptr, context);
}

Result<SyntaxTree> SyntaxTree::reparse(std::string source, const TextEdit& edit, const Context& context) const {
  const std::string& old = state_->source;
  if (edit.begin > edit.old_end || edit.begin > edit.new_end || edit.old_end > old.size() || edit.new_end > source.size() ||
      old.size() - edit.old_end != source.size() - edit.new_end)
    return Error{ErrorKind::usage, "the edit does not lead from the old text to the new one", ""};
  return run(state_->language, std::move(source), this, &edit, context);
}

Result<SyntaxTree> SyntaxTree::run(Language language, std::string source, const SyntaxTree* old, const TextEdit* edit,
                                   const Context& context) {
  if (source.size() > limits::kIndexFileBytes)
    return Error{ErrorKind::limit, fmt::format("a text of {} bytes is not parsed; the limit is {}", source.size(), limits::kIndexFileBytes), ""};
  Owned<TSParser> parser(ts_parser_new());
  if (!ts_parser_set_language(parser.get(), grammar_of(language)))
    return Error{ErrorKind::failed, fmt::format("the grammar of {} does not fit the parser library", language_info(language).name), ""};
  Owned<TSTree> old_tree;
  if (old) {
    old_tree.reset(ts_tree_copy(old->state_->tree.get()));
    const TSInputEdit e{static_cast<std::uint32_t>(edit->begin), static_cast<std::uint32_t>(edit->old_end),
                        static_cast<std::uint32_t>(edit->new_end), point_at(old->state_->source, edit->begin),
                        point_at(old->state_->source, edit->old_end), point_at(source, edit->new_end)};
    ts_tree_edit(old_tree.get(), &e);
  }
  auto state = std::make_unique<State>(State{language, std::move(source), nullptr});
  Progress progress{&context, Clock::system().now() + std::chrono::milliseconds(limits::kParseMs)};
  const TSInput input{&state->source,
                      [](void* payload, std::uint32_t at, TSPoint, std::uint32_t* size) {
                        const auto& text = *static_cast<const std::string*>(payload);
                        *size = at < text.size() ? static_cast<std::uint32_t>(text.size() - at) : 0;
                        return at < text.size() ? text.data() + at : "";
                      },
                      TSInputEncodingUTF8, nullptr};
  const TSParseOptions options{&progress,
                               [](TSParseState* s) { return should_stop(*static_cast<Progress*>(s->payload)); }};
  state->tree.reset(ts_parser_parse_with_options(parser.get(), old_tree.get(), input, options));
  if (!state->tree) {
    WRIGHT_CHECK(context.check());
    return Error{ErrorKind::limit, fmt::format("parsing took longer than {} ms", limits::kParseMs), ""};
  }
  return SyntaxTree(std::move(state));
}

SyntaxNode SyntaxTree::root() const { return SyntaxNode::Access::wrap(ts_tree_root_node(state_->tree.get()), &state_->source); }
const std::string& SyntaxTree::source() const { return state_->source; }
Language SyntaxTree::language() const { return state_->language; }

SyntaxNode SyntaxTree::node_at(std::size_t begin, std::size_t end, bool named) const {
  const TSNode top = ts_tree_root_node(state_->tree.get());
  const auto b = static_cast<std::uint32_t>(std::min(begin, state_->source.size()));
  const auto e = static_cast<std::uint32_t>(std::min(end, state_->source.size()));
  const TSNode found = named ? ts_node_named_descendant_for_byte_range(top, b, e) : ts_node_descendant_for_byte_range(top, b, e);
  return SyntaxNode::Access::wrap(found, &state_->source);
}

std::string_view SyntaxNode::kind() const { return null() ? std::string_view() : ts_node_type(Access::ts(*this)); }
bool SyntaxNode::named() const { return !null() && ts_node_is_named(Access::ts(*this)); }
bool SyntaxNode::is_error() const { return !null() && ts_node_is_error(Access::ts(*this)); }
bool SyntaxNode::is_missing() const { return !null() && ts_node_is_missing(Access::ts(*this)); }
bool SyntaxNode::has_error() const { return !null() && ts_node_has_error(Access::ts(*this)); }
bool SyntaxNode::is_extra() const { return !null() && ts_node_is_extra(Access::ts(*this)); }
std::size_t SyntaxNode::start() const { return null() ? 0 : ts_node_start_byte(Access::ts(*this)); }
std::size_t SyntaxNode::end() const { return null() ? 0 : ts_node_end_byte(Access::ts(*this)); }
std::size_t SyntaxNode::line() const { return null() ? 0 : ts_node_start_point(Access::ts(*this)).row; }
std::size_t SyntaxNode::column() const { return null() ? 0 : ts_node_start_point(Access::ts(*this)).column; }
std::size_t SyntaxNode::end_line() const { return null() ? 0 : ts_node_end_point(Access::ts(*this)).row; }

std::string_view SyntaxNode::text() const {
  if (null()) return {};
  const std::size_t from = std::min(start(), source_->size());
  return std::string_view(*source_).substr(from, end() - from);
}

SyntaxNode SyntaxNode::parent() const { return null() ? SyntaxNode() : Access::wrap(ts_node_parent(Access::ts(*this)), source_); }
std::size_t SyntaxNode::child_count() const { return null() ? 0 : ts_node_child_count(Access::ts(*this)); }
SyntaxNode SyntaxNode::child(std::size_t i) const {
  return null() ? SyntaxNode() : Access::wrap(ts_node_child(Access::ts(*this), static_cast<std::uint32_t>(i)), source_);
}
SyntaxNode SyntaxNode::child(std::string_view field) const {
  if (null()) return {};
  return Access::wrap(ts_node_child_by_field_name(Access::ts(*this), field.data(), static_cast<std::uint32_t>(field.size())), source_);
}
std::string_view SyntaxNode::field_of_child(std::size_t i) const {
  const char* name = null() ? nullptr : ts_node_field_name_for_child(Access::ts(*this), static_cast<std::uint32_t>(i));
  return name ? std::string_view(name) : std::string_view();
}
std::size_t SyntaxNode::named_child_count() const { return null() ? 0 : ts_node_named_child_count(Access::ts(*this)); }
SyntaxNode SyntaxNode::named_child(std::size_t i) const {
  return null() ? SyntaxNode() : Access::wrap(ts_node_named_child(Access::ts(*this), static_cast<std::uint32_t>(i)), source_);
}

std::vector<SyntaxNode> SyntaxNode::children() const {
  std::vector<SyntaxNode> out;
  if (null() || child_count() == 0) return out;
  TSTreeCursor cursor = ts_tree_cursor_new(Access::ts(*this));
  out.reserve(child_count());
  for (bool more = ts_tree_cursor_goto_first_child(&cursor); more; more = ts_tree_cursor_goto_next_sibling(&cursor))
    out.push_back(Access::wrap(ts_tree_cursor_current_node(&cursor), source_));
  ts_tree_cursor_delete(&cursor);
  return out;
}

std::vector<SyntaxNode> SyntaxNode::named_children() const {
  std::vector<SyntaxNode> out = children();
  std::erase_if(out, [](const SyntaxNode& n) { return !n.named(); });
  return out;
}

SyntaxNode SyntaxNode::next() const { return null() ? SyntaxNode() : Access::wrap(ts_node_next_sibling(Access::ts(*this)), source_); }
SyntaxNode SyntaxNode::previous() const { return null() ? SyntaxNode() : Access::wrap(ts_node_prev_sibling(Access::ts(*this)), source_); }
SyntaxNode SyntaxNode::next_named() const { return null() ? SyntaxNode() : Access::wrap(ts_node_next_named_sibling(Access::ts(*this)), source_); }
SyntaxNode SyntaxNode::previous_named() const { return null() ? SyntaxNode() : Access::wrap(ts_node_prev_named_sibling(Access::ts(*this)), source_); }

struct SyntaxQuery::State {
  Owned<TSQuery> query;
};

SyntaxQuery::SyntaxQuery(std::unique_ptr<State> state) : state_(std::move(state)) {}
SyntaxQuery::SyntaxQuery(SyntaxQuery&&) noexcept = default;
SyntaxQuery& SyntaxQuery::operator=(SyntaxQuery&&) noexcept = default;
SyntaxQuery::~SyntaxQuery() = default;

Result<SyntaxQuery> SyntaxQuery::compile(Language language, std::string_view text) {
  std::uint32_t at = 0;
  TSQueryError kind = TSQueryErrorNone;
  Owned<TSQuery> query(ts_query_new(grammar_of(language), text.data(), static_cast<std::uint32_t>(text.size()), &at, &kind));
  if (!query) {
    constexpr const char* kKinds[] = {"no", "syntax", "node kind", "field", "capture", "structure", "language"};
    return Error{ErrorKind::invalid,
                 fmt::format("query of {}: {} error at byte {}: {}", language_info(language).name, kKinds[std::min<int>(kind, 6)], at,
                             text.substr(std::min<std::size_t>(at, text.size()), 40)), ""};
  }
  for (std::uint32_t i = 0; i < ts_query_pattern_count(query.get()); ++i) {
    std::uint32_t steps = 0;
    ts_query_predicates_for_pattern(query.get(), i, &steps);
    if (steps > 0)
      return Error{ErrorKind::invalid, fmt::format("query of {}: pattern {} uses a predicate", language_info(language).name, i),
                   "write it without"};
  }
  return SyntaxQuery(std::make_unique<State>(State{std::move(query)}));
}

std::vector<QueryCapture> SyntaxQuery::captures(const SyntaxNode& root, const Context& context) const {
  std::vector<QueryCapture> out;
  if (root.null()) return out;
  Owned<TSQueryCursor> cursor(ts_query_cursor_new());
  Progress progress{&context, Clock::system().now() + std::chrono::milliseconds(limits::kParseMs)};
  const TSQueryCursorOptions options{&progress,
                                     [](TSQueryCursorState* s) { return should_stop(*static_cast<Progress*>(s->payload)); }};
  ts_query_cursor_exec_with_options(cursor.get(), state_->query.get(), SyntaxNode::Access::ts(root), &options);
  TSQueryMatch match;
  for (std::uint32_t n = 0; ts_query_cursor_next_match(cursor.get(), &match); ++n) {
    for (std::uint16_t i = 0; i < match.capture_count; ++i) {
      std::uint32_t length = 0;
      const char* name = ts_query_capture_name_for_id(state_->query.get(), match.captures[i].index, &length);
      out.push_back({{name, length}, SyntaxNode::Access::wrap(match.captures[i].node, root.source_), n, match.pattern_index});
    }
  }
  return out;
}

}  // namespace wright::tools
