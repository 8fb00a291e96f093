// Permission rules in the syntax that users of Claude Code know: `Tool` or `Tool(spec)`. Bash: exact, `prefix:*` at a word
// boundary, `*` anywhere. Read and Edit: gitignore patterns, anchored by `//` (the file system), `~/` (home), `/` (the
// workspace) or nothing (the current folder). WebFetch(domain:x), mcp__server, mcp__server__tool. Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

#include "agent/approval.h"

namespace wright::agent {

// "Bash" for run_command, "Read" for what reads files, "Edit" for what changes them, "WebFetch"; else the name itself.
std::string rule_family(std::string_view tool);
// Whether the rule's tool covers `tool` (its pattern aside): same family, same name, or the server of an mcp tool.
bool rule_covers(const Rule& rule, std::string_view tool);
// A Bash pattern against one simple command.
bool command_matches(std::string_view pattern, std::string_view command);
// A gitignore pattern against an absolute path; it matches what lies below a matched folder too.
bool path_matches(const PolicyContext& context, std::string_view pattern, std::string_view path);
// "domain:example.org" against the host of a URL, exact or a subdomain by "*.example.org".
bool domain_matches(std::string_view pattern, std::string_view url);
// "Bash(git diff:*)", as the rule was written.
std::string rule_text(const Rule& rule);

}  // namespace wright::agent
