#include "agent/policy_rules.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/json.h"
#include "tools/exec/path_names.h"

namespace wright::agent {

namespace {

struct Family { std::string_view tool, family; };
constexpr Family kFamilies[] = {
    {"run_command", "Bash"}, {"Bash", "Bash"}, {"read_file", "Read"}, {"list_dir", "Read"}, {"glob", "Read"}, {"grep", "Read"},
    {"git_blame", "Read"}, {"git_diff", "Read"}, {"symbols", "Read"}, {"definition", "Read"}, {"references", "Read"},
    {"Read", "Read"}, {"Grep", "Read"}, {"Glob", "Read"}, {"LS", "Read"}, {"NotebookRead", "Read"},
    {"write_file", "Edit"}, {"edit_file", "Edit"}, {"apply_patch", "Edit"}, {"Edit", "Edit"}, {"Write", "Edit"},
    {"MultiEdit", "Edit"}, {"NotebookEdit", "Edit"}, {"web_fetch", "WebFetch"}, {"WebFetch", "WebFetch"}};

constexpr std::size_t kPatternBytes = 4096;

// One component or a whole Bash pattern: '*' any run, '?' one byte (paths only), [..] (paths only). Linear with one backtrack.
bool wild(std::string_view p, std::string_view s, bool path) {
  std::size_t i = 0, j = 0, star = std::string_view::npos, mark = 0;
  const auto one = [&](std::size_t& k) {  // whether p[k…] matches s[j]; moves k
    if (path && p[k] == '?') return ++k, true;
    if (path && p[k] == '[') {
      std::size_t e = k + 1;
      const bool negated = e < p.size() && (p[e] == '!' || p[e] == '^');
      if (negated) ++e;
      bool hit = false;
      for (bool first = true; e < p.size() && (first || p[e] != ']'); first = false, ++e) {
        char low = p[e], high = low;
        if (e + 2 < p.size() && p[e + 1] == '-' && p[e + 2] != ']') high = p[e + 2], e += 2;
        hit = hit || (s[j] >= low && s[j] <= high);
      }
      if (e < p.size()) return k = e + 1, hit != negated;
    }
    if (path && p[k] == '\\' && k + 1 < p.size()) {
      const bool hit = p[k + 1] == s[j];
      return k += 2, hit;
    }
    const bool hit = p[k] == s[j];
    return ++k, hit;
  };
  while (j < s.size()) {
    if (i < p.size() && p[i] == '*') {
      star = ++i;
      mark = j;
      continue;
    }
    std::size_t next = i;
    if (i < p.size() && one(next)) {
      i = next;
      ++j;
    } else if (star != std::string_view::npos) {
      i = star;
      j = ++mark;
    } else {
      return false;
    }
  }
  while (i < p.size() && p[i] == '*') ++i;
  return i == p.size();
}

std::vector<std::string_view> components(std::string_view path) {
  std::vector<std::string_view> out;
  while (!path.empty()) {
    const auto slash = std::min(path.find('/'), path.size());
    if (slash) out.push_back(path.substr(0, slash));
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return out;
}

// A pattern that ends early has matched a folder above the path.
bool walk(const std::vector<std::string_view>& p, const std::vector<std::string_view>& s) {
  std::vector<char> at(s.size() + 1, 0), next;  // the places in s that the pattern so far can reach
  at[0] = 1;
  for (std::size_t i = 0; i < p.size(); ++i) {
    next.assign(s.size() + 1, 0);
    for (std::size_t j = 0; j <= s.size(); ++j) {
      if (!at[j]) continue;
      if (p[i] == "**") {  // at the end it asks for something below
        for (std::size_t k = j + (i + 1 == p.size() ? 1 : 0); k <= s.size(); ++k) next[k] = 1;
      } else if (j < s.size() && wild(p[i], s[j], true)) {
        next[j + 1] = 1;
      }
    }
    at.swap(next);
  }
  return std::find(at.begin() + (p.empty() ? 0 : 1), at.end(), 1) != at.end() || (p.empty() && s.empty());
}

}  // namespace

std::string rule_family(std::string_view tool) {
  for (const auto& row : kFamilies)
    if (row.tool == tool) return std::string(row.family);
  return std::string(tool);
}

bool rule_covers(const Rule& rule, std::string_view tool) {
  if (rule.tool.empty() || rule.tool == "*" || rule.tool == tool) return true;
  if (rule.tool.starts_with("mcp__")) {
    std::string_view name = rule.tool;
    if (name.ends_with("__*")) name.remove_suffix(3);
    return tool == name || (tool.starts_with(name) && tool.substr(name.size()).starts_with("__") && name.substr(5).find("__") == name.npos);
  }
  // A narrower name (Write, grep) covers its own family only as far as Claude's do: Edit covers every editor, Read every reader.
  const std::string family = rule_family(tool);
  return rule.tool == family || rule_family(rule.tool) == family;
}

bool command_matches(std::string_view pattern, std::string_view command) {
  if (pattern.empty() || pattern == "*") return true;
  if (pattern.ends_with(":*")) {
    const std::string_view prefix = pattern.substr(0, pattern.size() - 2);
    if (prefix.find('*') == prefix.npos)
      return command == prefix || (command.starts_with(prefix) && (prefix.ends_with(' ') || command[prefix.size()] == ' '));
    return wild(prefix, command, false) || wild(std::string(prefix) + " *", command, false);
  }
  if (pattern.ends_with(" *") && wild(pattern.substr(0, pattern.size() - 2), command, false)) return true;
  return wild(pattern, command, false);
}

bool path_matches(const PolicyContext& context, std::string_view pattern, std::string_view path) {
  if (pattern.empty()) return true;
  if (pattern.size() > kPatternBytes) return false;
  std::string base = context.cwd;
  if (pattern.starts_with("//")) base = "/", pattern.remove_prefix(2);
  else if (pattern.starts_with("~/")) base = context.home, pattern.remove_prefix(2);
  else if (pattern.starts_with("/")) base = context.workspace, pattern.remove_prefix(1);
  else if (pattern.starts_with("./")) pattern.remove_prefix(2);
  else if (pattern.substr(0, pattern.size() - 1).find('/') == pattern.npos) {  // a name alone: at any depth of the workspace
    base = tools::path_inside(context.cwd, context.workspace) ? context.workspace : context.cwd;
    if (!tools::path_inside(path, base)) return false;
    auto parts = components(pattern);
    parts.insert(parts.begin(), "**");
    const std::string below = tools::path_below(path, base);
    return walk(parts, components(below));
  }
  if (!tools::path_inside(path, base)) return false;
  const std::string below = tools::path_below(path, base);
  return walk(components(pattern), components(below));
}

bool domain_matches(std::string_view pattern, std::string_view url) {
  if (pattern.empty()) return true;
  if (!pattern.starts_with("domain:")) return false;
  pattern.remove_prefix(7);
  const auto scheme = url.find("://");
  if (scheme == url.npos) return false;
  std::string_view host = url.substr(scheme + 3);
  host = host.substr(0, std::min(host.find_first_of("/?#\\"), host.size()));
  if (const auto user = host.rfind('@'); user != host.npos) host.remove_prefix(user + 1);
  if (const auto port = host.rfind(':'); port != host.npos && host.find(']') == host.npos) host = host.substr(0, port);
  while (host.ends_with('.')) host.remove_suffix(1);
  const auto same = [](std::string_view a, std::string_view b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
      const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
      return lower(x) == lower(y);
    });
  };
  if (std::any_of(host.begin(), host.end(), [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; })) return false;
  if (pattern.starts_with("*.")) {
    pattern.remove_prefix(1);  // ".example.org"
    return host.size() > pattern.size() && same(host.substr(host.size() - pattern.size()), pattern);
  }
  return !host.empty() && same(host, pattern);
}

std::string rule_text(const Rule& rule) {
  return std::string(to_string(rule.decision)) + " " + (rule.tool.empty() ? "*" : rule.tool) + (rule.pattern.empty() ? "" : "(" + rule.pattern + ")");
}

Result<Rule> parse_rule(Decision decision, std::string_view text, std::string source) {
  const auto bad = [&](const char* what) {
    return Error{ErrorKind::invalid, "rule '" + std::string(text.substr(0, 200)) + "' in " + source + ": " + what,
                 "write Tool or Tool(pattern), for example Bash(git diff:*) or Read(~/.ssh/**)"};
  };
  Rule rule{decision, "", "", source, false};
  const auto open = text.find('(');
  rule.tool = text.substr(0, open);
  if (text.size() > kPatternBytes) return bad("it is too long");
  if (rule.tool.empty()) return bad("it names no tool");
  for (const char c : rule.tool)
    if (!((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_' || c == '-' || c == '*' || c == '.'))
      return bad("the tool's name holds a character that no tool has");
  if (rule.tool.find('*') != std::string::npos && rule.tool != "*" && !(rule.tool.starts_with("mcp__") && rule.tool.ends_with("__*")))
    return bad("'*' stands alone or ends mcp__server__*");
  if (open == text.npos) return rule;
  if (!text.ends_with(')') || text.size() < open + 2) return bad("the closing parenthesis is missing");
  rule.pattern = text.substr(open + 1, text.size() - open - 2);
  if (rule.pattern == "*" || rule.pattern == "**" ) rule.pattern.clear();
  return rule;
}

Result<std::vector<Rule>> parse_rules(const nlohmann::json& settings, std::string source) {
  std::vector<Rule> out;
  const JsonView view(settings);
  if (!settings.is_object()) return Error{ErrorKind::invalid, source + ": expected an object", "see the contract: {\"permissions\":{\"deny\":[…]}}"};
  if (!view.has("permissions") && !view.has("allow") && !view.has("ask") && !view.has("deny")) return out;
  WRIGHT_TRY(const JsonView lists, view.has("permissions") ? view.at("permissions") : Result<JsonView>(view));
  for (const Decision decision : {Decision::deny, Decision::ask, Decision::allow}) {
    if (!lists.has(to_string(decision))) continue;
    WRIGHT_TRY(const JsonView list, lists.at(to_string(decision)));
    if (!list.raw().is_array()) return list.error("expected a list of rules");
    for (std::size_t i = 0; i < list.size(); ++i) {
      WRIGHT_TRY(const JsonView entry, list.at(i));
      WRIGHT_TRY(const std::string text, entry.string());
      WRIGHT_TRY(Rule rule, parse_rule(decision, text, source));
      out.push_back(std::move(rule));
    }
  }
  return out;
}

}  // namespace wright::agent
