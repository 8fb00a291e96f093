// The shell reader, plain reads and decide(): no crash, and what is called plain obeys its own rules.
#include <nlohmann/json.hpp>
#include <string>

#include "agent/approval.h"
#include "tools/exec/plain_read.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace wright;
  if (size > 32768) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const tools::ReadScope scope{"/ws", "/ws", "/home/u", true};
  const auto plain = tools::plain_read(text, scope);
  agent::PolicyContext context;
  context.workspace = context.cwd = "/ws";
  context.home = "/home/u";
  const agent::Verdict verdict = agent::decide(context, "run_command", {{"command", text}});
  if (plain.why.empty() != (verdict.decision == agent::Decision::allow)) __builtin_trap();
  const auto read = tools::read_shell(text);
  if (plain.why.empty()) {
    if (plain.command.empty() || read.oddities) __builtin_trap();
    if (text.find_first_of("`$") != std::string::npos && text.find('\'') == std::string::npos && text.find('\\') == std::string::npos) __builtin_trap();
    // The rebuilt text is read back as the same commands.
    const auto again = tools::read_shell(plain.command);
    if (again.oddities || again.commands.size() != read.commands.size()) __builtin_trap();
    for (std::size_t i = 0; i < read.commands.size() && !plain.git; ++i) {
      if (again.commands[i].words.size() != read.commands[i].words.size()) __builtin_trap();
      for (std::size_t k = 0; k < read.commands[i].words.size(); ++k)
        if (again.commands[i].words[k].text != read.commands[i].words[k].text) __builtin_trap();
    }
  }
  // A deny rule holds in every mode for each program that the text names as a command, whatever an allow rule says.
  context.mode = agent::Mode::automatic;
  for (const auto& command : read.commands) {
    if (command.words.empty() || command.words[0].text.empty() || command.words[0].text.find_first_of("*():\n \t") != std::string::npos) continue;
    context.rules = {{agent::Decision::allow, "Bash", "", "fuzz", false}, {agent::Decision::deny, "Bash", command.words[0].text + ":*", "fuzz", false}};
    if (agent::decide(context, "run_command", {{"command", text}}).decision != agent::Decision::deny) __builtin_trap();
    break;
  }
  (void)agent::rule_for_always(context, "run_command", {{"command", text}});
  (void)agent::decide(context, "apply_patch", {{"patch", text}});
  (void)agent::decide(context, "write_file", {{"path", text}});
  (void)agent::parse_rule(agent::Decision::allow, text, "fuzz");
  return 0;
}
