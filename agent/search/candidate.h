// A candidate patch: edits of byte ranges of one file, so that comments and layout stay. Values, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace wright::agent::search {

struct Edit {
  std::size_t begin = 0, end = 0;  // bytes of the original
  std::string text;
};

// How easily a patch of this kind passes tests without being right; higher ones rank last among those that pass.
enum class Risk : std::uint8_t { plain, guard, deletion };

// What the model says of a change, in nats: of the tokens that go, of those that come, and what becomes of those that follow.
struct Reading {
  double removed = 0, added = 0, rest = 0;
  int n_removed = 0, n_added = 0;
};

struct Candidate {
  int file = 0;               // index of the source
  int region = 0;             // index of the region in it
  std::vector<Edit> edits;    // sorted, disjoint
  std::string_view op;        // name of the operator ("compare swap")
  double prior = 0;           // log of how often fixes are of this kind
  double suspicion = 1;       // of the region, (0, 1]
  Risk risk = Risk::plain;
  int line = 0;               // 1-based, first changed
  Reading model;              // zeros when not read
  bool checked = false;       // it parses
  double score = 0;           // what candidates are ordered by
  std::uint64_t key = 0;      // equal for texts that differ in blanks alone
};

std::string apply_edits(std::string_view source, const std::vector<Edit>& edits);
// Sorted and joined; empty when two of them overlap.
std::vector<Edit> merge_edits(const std::vector<Edit>& a, const std::vector<Edit>& b);
// Hash of a text without blanks inside its lines (but in strings) and without empty lines; indentation counts.
std::uint64_t text_key(std::string_view text);
int line_of(std::string_view text, std::size_t offset);  // 1-based
// The lines of the original that the edits touch, as half-open byte range of whole lines.
struct Lines { std::size_t begin, end; };
Lines touched_lines(std::string_view source, const std::vector<Edit>& edits);
// "- old\n+ new", blank-trimmed lines; for progress.
std::string describe_change(std::string_view source, const std::vector<Edit>& edits);
// "max -> min": the changed words alone.
std::string short_change(std::string_view source, const std::vector<Edit>& edits);

}  // namespace wright::agent::search
