// Random files and edits: what make_unified_diff writes, the planner applies, byte for byte; damaged in a known way it still
// does; a failed plan changes nothing; text in any format never crashes a planner.
#include <catch2/catch.hpp>
#include <random>

#include "tests/support/temp_folder.h"
#include "tests/tools/patch/memory_reader.h"
#include "tools/patch/edit_text.h"
#include "tools/patch/endings.h"
#include "tools/patch/lines.h"
#include "tools/patch/unified_diff.h"

using namespace wright;
using namespace wright::tools::patch;
using test::Files;
using test::MemoryReader;

namespace {

// Mostly distinct lines, with endings of one or both kinds and perhaps no last newline.
std::string random_file(std::mt19937& random) {
  const auto endings = random() % 4;
  std::string out = random() % 8 == 0 ? "\xEF\xBB\xBF" : "";
  const auto lines = random() % 40;
  for (unsigned i = 0; i < lines; ++i) {
    if (random() % 6 != 0) out += std::string(random() % 4 * 2, ' ') + "word" + std::to_string(random() % 400) + " é " + std::to_string(random() % 9);
    if (i + 1 == lines && random() % 3 == 0) break;
    out += endings == 0 || (endings == 1 && random() % 3 == 0) ? "\r\n" : "\n";
  }
  return out;
}

std::string edited(std::mt19937& random, const std::string& text) {
  std::string out;
  for (const auto line : split_keep(text)) {
    const auto dice = random() % 15;
    if (dice == 0) continue;
    if (dice == 1) out += "inserted " + std::to_string(random() % 1000) + (line.ends_with("\r\n") ? "\r\n" : "\n");
    if (dice == 2) out += "changed " + std::to_string(random() % 1000) + (line.ends_with("\r\n") ? "\r\n" : line.ends_with('\n') ? "\n" : "");
    else out += line;
  }
  if (random() % 10 == 0) out += out.empty() || out.ends_with('\n') ? "appended" : "\n";
  return out;
}

Files apply(const std::string& patch, const Files& files, std::string& error) {
  MemoryReader reader(files);
  const Plan plan = make_plan(Format::unified, patch, reader);
  error = plan.failure ? plan.failure->error.text() + "\n" + plan.failure->detail : "";
  return test::apply_to_memory(files, plan.changes);
}

}  // namespace

TEST_CASE("patch properties: a diff that was made here applies here, byte for byte") {
  std::mt19937 random(3);
  for (int round = 0; round < 600; ++round) {
    Files before, after;
    std::string patch;
    for (const std::string name : {"a.txt", "dir/b c.py", "ü/\"q\".md"}) {
      std::optional<std::string> from, to;
      if (random() % 6 != 0) from = random_file(random);
      if (random() % 6 != 0) to = from ? edited(random, *from) : random_file(random);
      if (from) before[name] = *from;
      if (to) after[name] = *to;
      patch += make_unified_diff(from, to, {name});
    }
    if (patch.empty()) continue;
    INFO(patch);
    std::string error;
    const Files got = apply(patch, before, error);
    REQUIRE(error == "");
    REQUIRE(got == after);
    apply(patch, after, error);  // the second time it must not apply silently, unless it is only a deletion of nothing
    if (before != after) CHECK(error != "");
  }
}

TEST_CASE("patch properties: lines that moved, wrong counts, lost numbers") {
  std::mt19937 random(5);
  std::size_t ambiguous = 0, rounds = 0;
  for (int round = 0; round < 400; ++round) {
    const std::string from = to_lf(random_file(random)), to = edited(random, from);
    if (from == to || split_keep(from).size() < 8) continue;
    std::string patch = make_unified_diff(from, to, {"f"});
    const auto kind = round % 3;
    std::string shift;
    if (kind == 0) shift = "top 1\ntop 2\ntop 3\n";
    std::string damaged;
    for (const auto line : split_keep(patch)) {
      if (!line.starts_with("@@")) damaged += line;
      else if (kind == 0) damaged += line;
      else if (kind == 1) damaged += std::string(line.substr(0, line.find(','))) + ",7 +1,9 @@\n";
      else damaged += "@@ ... @@\n";
    }
    std::string error;
    INFO(damaged << "=====\n" << shift + from);
    const bool bom = from.starts_with("\xEF\xBB\xBF");
    if (bom) continue;
    const Files got = apply(damaged, {{"f", shift + from}}, error);
    ++rounds;
    if (!error.empty()) {  // refusing is allowed, a wrong place is not
      ++ambiguous;
      CHECK(got.at("f") == shift + from);
      continue;
    }
    REQUIRE(got.at("f") == shift + to);
  }
  CHECK(rounds > 200);
  CHECK(ambiguous * 10 < rounds);
}

TEST_CASE("patch properties: edits keep every byte that they do not name") {
  std::mt19937 random(9);
  for (int round = 0; round < 400; ++round) {
    const std::string bytes = random_file(random);
    const LfText file = to_lf_text(bytes);
    REQUIRE(from_lf_text(file, file.text) == bytes);
    const auto lines = split_keep(file.text);
    if (lines.size() < 4) continue;
    const std::size_t at = random() % (lines.size() - 1);
    std::string old_string(lines[at]);
    if (old_string.size() < 3 || file.text.find(old_string) != file.text.rfind(old_string)) continue;
    const TextEdit edit = edit_text(file.text, old_string, "fresh\n", false);
    REQUIRE(edit.outcome == TextEdit::Outcome::done);
    CHECK(edit.places.size() == 1);
    CHECK(edit.places[0].first_line == at + 1);
    const std::string after = from_lf_text(file, edit.text);
    const auto was = split_keep(bytes), is = split_keep(after);
    REQUIRE(was.size() == is.size());
    for (std::size_t i = 0; i < was.size(); ++i)
      if (i != at) CHECK(was[i] == is[i]);
  }
}

TEST_CASE("patch properties: odd text in any format is an answer, not a crash") {
  const char* texts[] = {"", "\n", "@@", "@@ -1 +1 @@", "--- a\n+++ b\n", "--- a\n+++ b\n@@", "*** Begin Patch", "*** Begin Patch\n*** End Patch", "*** Begin Patch\n*** Update File: \n@@\n+x\n*** End Patch",
                         "<<<<<<< SEARCH", "f\n<<<<<<< SEARCH\n=======\n>>>>>>> REPLACE", "diff --git ", "diff --git a b\n", "diff --git a/x b/x\nrename from x\n", "--- \"\\\n+++ \"\\\n@@ -1 +1 @@\n-a\n+b\n",
                         "+++ b/f\n@@ -1 +1 @@\n-a\n+b\n", "\\ No newline at end of file\n", "@@ -1,3 +1,3 @@\n\\ No newline\n"};
  for (const char* text : texts)
    for (const Format format : {Format::automatic, Format::v4a, Format::unified, Format::search_replace}) {
      INFO(text);
      MemoryReader reader({{"f", "a\n"}, {"x", ""}});
      const Plan plan = make_plan(format, text, reader);
      if (plan.failure) CHECK(plan.changes.empty());
      (void)named_paths(format, text);
    }
}
