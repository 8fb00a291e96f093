#include "agent/dispatch.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <thread>

#include "agent/gate.h"
#include "agent/prompts.h"
#include "base/json.h"
#include "base/trace.h"
#include "base/utf8.h"
#include "tools/tool.h"

namespace wright::agent {
namespace {

constexpr std::size_t kParallelCalls = 8, kSummaryBytes = 120;

struct Prepared {
  const ToolCallItem* call = nullptr;
  const tools::Tool* tool = nullptr;
  std::optional<tools::ToolResult> result;  // already, when it may not run
  std::optional<Item> item;                 // of the result, once it was announced
  bool wrote = false, unanswered = false, refused = false;
};

const tools::Tool* find(std::span<const tools::Tool> tools, std::string_view name) {
  for (const tools::Tool& tool : tools)
    if (tool.info.name == name) return &tool;
  return nullptr;
}

tools::ToolResult unknown_tool(std::span<const tools::Tool> tools, const std::string& name) {
  std::string names;
  for (const tools::Tool& tool : tools) names += (names.empty() ? "" : ", ") + std::string(tool.info.name);
  return tools::tool_error(fmt::format("There is no tool '{}'. The tools are: {}.", name, names));
}

// Arguments that came as text because they are no JSON object.
tools::ToolResult no_object(const ToolCallItem& call) {
  std::string why = "they are " + std::string(call.arguments.type_name());
  if (call.arguments.is_string()) {
    const auto parsed = parse_json(call.arguments.get_ref<const std::string&>(), "arguments");
    why = parsed.ok() ? "they are " + std::string(parsed->type_name()) : parsed.error().message;
  }
  return tools::tool_error(fmt::format("{}: the arguments are no JSON object: {}. Nothing was done; send the call again with one complete JSON object.", call.name, why));
}

// The middle of a text over the limit is left out.
std::string bounded(std::string text) {
  if (text.size() <= limits::kToolOutputBytes) return text;
  const std::size_t half = limits::kToolOutputBytes / 2;
  const std::string head = text.substr(0, utf8::complete_prefix(std::string_view(text).substr(0, half)));
  std::size_t from = text.size() - half;
  while (from < text.size() && (static_cast<unsigned char>(text[from]) & 0xC0) == 0x80) ++from;
  return fmt::format("{}\n[{} bytes left out]\n{}", head, from - head.size(), text.substr(from));
}

std::string short_summary(const ToolCallItem& call) {
  const std::string whole = call_summary(call);
  return whole.substr(0, utf8::complete_prefix(std::string_view(whole).substr(0, kSummaryBytes)));
}

class Dispatcher {
 public:
  Dispatcher(const Context& context, const LoopRequest& request, ChangeRecorder& recorder)
      : context_(context), request_(request), recorder_(recorder), tools_(request.tools.empty() ? tools::builtin_tools() : request.tools) {}

  bool only_reads(const Prepared& p) const {
    const tools::Tool* tool = find(tools_, p.call->name);
    return !tool || tool->info.effect == tools::Effect::read;
  }

  Result<void> prepare(Prepared& p) {
    p.tool = find(tools_, p.call->name);
    if (!p.tool) {
      p.result = unknown_tool(tools_, p.call->name);
      return {};
    }
    if (!p.call->arguments.is_object()) {
      p.result = no_object(*p.call);
      return {};
    }
    if (const auto valid = tools::validate_arguments(p.tool->info, p.call->arguments); !valid.ok()) {
      p.result = tools::tool_error(fmt::format("{}: {}", p.call->name, valid.error().text()));
      return {};
    }
    WRIGHT_TRY(Passage passage, pass_gate(context_, request_, *p.call));
    if (passage.open) return {};
    if (out.denied++ == 0) out.denied_for = passage.flag;
    p.unanswered = passage.unanswered;
    p.refused = true;
    p.result = tools::tool_error(std::move(passage.told));
    return {};
  }

  void run(Prepared& p) const {
    if (p.result) return;
    const trace::Span span("tool");
    tools::ToolCall call{context_.child(), request_.workspace, p.call->arguments, {}};
    if (p.item) call.on_progress = [this, &p](std::string_view text) { request_.session.delta(*p.item, utf8::repair(text)); };
    p.result = p.tool->run(call);
  }

  Result<void> run_alone(Prepared& p) {
    if (p.result) return {};
    recorder_.begin(short_summary(*p.call));
    p.item = request_.session.begin(ToolResultItem{p.call->call_id, "", false, {}});
    run(p);
    WRIGHT_TRY(std::vector<std::string> changed, recorder_.end());
    std::vector<std::string>& files = p.result->changed_files;
    files.insert(files.end(), changed.begin(), changed.end());
    std::sort(files.begin(), files.end());
    files.erase(std::unique(files.begin(), files.end()), files.end());
    p.wrote = !files.empty();
    return {};
  }

  // A run of reads: each on its own thread, as many as may.
  void run_together(std::span<Prepared> group) const {
    for (std::size_t at = 0; at < group.size(); at += kParallelCalls) {
      const std::span<Prepared> part = group.subspan(at, std::min(kParallelCalls, group.size() - at));
      std::vector<std::thread> threads;
      for (std::size_t i = 1; i < part.size(); ++i) threads.emplace_back([this, &p = part[i]] { run(p); });
      run(part[0]);
      for (std::thread& thread : threads) thread.join();
    }
  }

  Result<void> store(Prepared& p) {
    if (!p.result) p.result = tools::tool_error(std::string(prompt_text("interrupted")));
    const bool acts = p.tool && p.tool->info.effect != tools::Effect::read;
    out.done.push_back({p.call->name + dump_json(p.call->arguments), p.result->is_error, p.wrote, p.unanswered, acts && !p.refused && !p.result->is_error});
    ToolResultItem body{p.call->call_id, bounded(utf8::repair(p.result->text)), p.result->is_error, p.result->changed_files};
    if (!p.item) p.item = request_.session.begin(body);
    p.item->body = std::move(body);
    return request_.session.finish(*p.item);
  }

  CallsOutcome out;

 private:
  const Context& context_;
  const LoopRequest& request_;
  ChangeRecorder& recorder_;
  const std::span<const tools::Tool> tools_;
};

}  // namespace

Result<CallsOutcome> run_calls(const Context& context, const LoopRequest& request, ChangeRecorder& recorder,
                               const std::vector<ToolCallItem>& calls) {
  Dispatcher dispatcher(context, request, recorder);
  std::vector<Prepared> all(calls.size());
  for (std::size_t i = 0; i < calls.size(); ++i) all[i].call = &calls[i];
  Result<void> fault;
  for (std::size_t at = 0; at < all.size();) {
    std::size_t end = at + 1;
    const bool together = dispatcher.only_reads(all[at]);
    while (together && end < all.size() && dispatcher.only_reads(all[end])) ++end;
    const std::span<Prepared> group = std::span(all).subspan(at, end - at);
    for (Prepared& p : group) {
      if (fault.ok()) fault = context.check();
      if (fault.ok()) fault = dispatcher.prepare(p);
    }
    if (fault.ok() && together) dispatcher.run_together(group);
    else if (fault.ok()) fault = dispatcher.run_alone(group[0]);
    for (Prepared& p : group) {
      const Result<void> stored = dispatcher.store(p);
      if (fault.ok()) fault = stored;
    }
    at = end;
  }
  WRIGHT_CHECK(fault);
  WRIGHT_CHECK(context.check());
  return std::move(dispatcher.out);
}

}  // namespace wright::agent
