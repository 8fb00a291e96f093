#include "agent/test_files.h"

#include <algorithm>
#include <cctype>

namespace wright::agent {
namespace {

constexpr std::string_view kFolders[] = {"test", "tests", "__tests__", "spec", "specs", "testing", ".github", ".circleci", ".gitlab"};
constexpr std::string_view kNames[] = {"conftest.py", "pytest.ini", "tox.ini", "noxfile.py", "jest.config.js", "jest.config.ts", "vitest.config.ts",
                                       "vitest.config.js", "karma.conf.js", ".mocharc.json", ".mocharc.yml", "phpunit.xml", ".gitlab-ci.yml",
                                       ".travis.yml", "azure-pipelines.yml", "jenkinsfile", "appveyor.yml", "ctesttestfile.cmake", ".coveragerc"};
// Of the name without its last extension.
constexpr std::string_view kEndings[] = {"_test", "_tests", ".test", ".spec", "_spec", "-test"};
constexpr std::string_view kWords[] = {"test", "spec", " ci", "ci ", "workflow", "pipeline", "테스트", "시험", "워크플로"};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace

bool is_test_file(std::string_view path) {
  const std::string low = lower(path);
  std::string_view rest = low;
  for (std::size_t slash; (slash = rest.find('/')) != std::string_view::npos; rest.remove_prefix(slash + 1))
    if (std::find(std::begin(kFolders), std::end(kFolders), rest.substr(0, slash)) != std::end(kFolders)) return true;
  if (std::find(std::begin(kNames), std::end(kNames), rest) != std::end(kNames)) return true;
  const std::string_view stem = rest.substr(0, rest.rfind('.'));
  if (stem.starts_with("test_") || stem == "test" || stem == "tests") return true;
  if (std::any_of(std::begin(kEndings), std::end(kEndings), [&](std::string_view e) { return stem.ends_with(e); })) return true;
  // FooTest.java, FooTests.cs: a capital T tells them from "latest.py".
  const std::string_view cased = path.substr(path.size() - rest.size()).substr(0, stem.size());
  return (cased.ends_with("Test") || cased.ends_with("Tests")) && cased.size() > 4;
}

bool mentions_tests(std::string_view prompt) {
  const std::string low = " " + lower(prompt) + " ";
  return std::any_of(std::begin(kWords), std::end(kWords), [&](std::string_view w) { return low.find(w) != std::string::npos; });
}

std::vector<std::string> named_files(const ToolCallItem& call) {
  std::vector<std::string> out;
  if (!call.arguments.is_object() || call.arguments.contains("command")) return out;
  for (const char* key : {"path", "file", "from", "to"})
    if (const auto it = call.arguments.find(key); it != call.arguments.end() && it->is_string()) out.push_back(it->get<std::string>());
  const auto patch = call.arguments.find("patch");
  if (patch == call.arguments.end() || !patch->is_string()) return out;
  const std::string text = patch->get<std::string>();
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = std::string_view(text).substr(at, end - at);
    for (const std::string_view head : {"*** Add File: ", "*** Update File: ", "*** Delete File: ", "*** Move to: ", "+++ b/", "--- a/"})
      if (line.starts_with(head)) out.emplace_back(line.substr(head.size()));
    at = end + 1;
  }
  return out;
}

}  // namespace wright::agent
