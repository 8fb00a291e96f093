#include "agent/instructions.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/support/temp_folder.h"

namespace wright::agent {

using test::TempFolder;

TEST_CASE("instructions: home, then the root down to the folder; one file each", "[instructions]") {
  const TempFolder home({{"AGENTS.md", "home"}, {"unused", ""}});
  const TempFolder work({{"AGENTS.md", "root"}, {"CLAUDE.md", "not read"}, {"a/CLAUDE.md", "fallback"}, {"a/b/AGENTS.override.md", "override"}, {"a/b/AGENTS.md", "not read"},
                         {"a/b/c/AGENTS.md", " \n\t"}});
  std::filesystem::create_directory(work.path() + "/.git");
  const auto found = find_instructions(home.path(), work.path() + "/a/b/c");
  std::vector<std::string> texts;
  for (const auto& file : found.files) texts.push_back(file.text);
  CHECK(texts == std::vector<std::string>{"home", "root", "fallback", "override"});
  CHECK(instructions_notice(found).find("a/CLAUDE.md (8 bytes)") != std::string::npos);
  CHECK(instructions_text(found).find("override") != std::string::npos);
}

TEST_CASE("instructions: without a root only the folder itself counts", "[instructions]") {
  const TempFolder work({{"AGENTS.md", "above"}, {"a/AGENTS.md", "here"}});
  const auto found = find_instructions("", work.path() + "/a");
  REQUIRE(found.files.size() == 1);
  CHECK(found.files[0].text == "here");
  CHECK(instructions_text(find_instructions("", work.path() + "/none")).empty());
}

TEST_CASE("instructions: 32 KiB in all, cut at a character; bad UTF-8 is repaired and said", "[instructions]") {
  const TempFolder work({{"AGENTS.md", std::string(kInstructionBytes - 1, 'x')}, {"a/AGENTS.md", "\xEA\xB0\x80\xEA\xB0\x80"}, {"a/b/AGENTS.md", "never"}});
  std::filesystem::create_directory(work.path() + "/.git");
  const auto found = find_instructions("", work.path() + "/a/b");
  REQUIRE(found.files.size() == 2);
  CHECK(found.files[1].cut);
  CHECK(found.files[1].text.empty());
  const TempFolder bad({{"AGENTS.md", "a\xFFz"}, {"x", ""}});
  const auto repaired = find_instructions("", bad.path());
  CHECK(repaired.files[0].text == "a\xEF\xBF\xBDz");
  CHECK(repaired.warnings.size() == 1);
}

}  // namespace wright::agent
