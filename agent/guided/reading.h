// What a request says, before anyone guesses what it wants: its words, quoted texts, numbers, colours, and the files and symbols of
// the repository that it names. English and Korean. Pure functions over a snapshot of the repository; any thread, never fail.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tools/repo/index.h"

namespace wright::agent::guided {

struct Word {
  std::string text, low;     // as written; ASCII letters lowered
  std::size_t begin = 0, end = 0;
  bool hangul = false;
};

struct SaidColour {
  std::string css;           // "blue", "#ff0000"
  std::size_t at = 0;        // where in the request
};

struct Reading {
  std::string text;
  bool korean = false;                   // holds Hangul: answers come in Korean
  std::vector<Word> words;               // outside quotes
  std::vector<std::string> quoted;       // in order
  std::vector<std::string> paths;        // files of the workspace that are named
  std::vector<std::string> symbols;      // defined names; those that look like code first
  std::vector<std::string> identifiers;  // words and quoted texts that could be names in code, in order
  std::vector<std::string> numbers;      // "5", "1.5", "-2"
  std::vector<SaidColour> colours;
};

Reading read_request(std::string_view text, const tools::RepoSnapshot& snapshot, const std::vector<std::string>& files);

// Whether the request holds a cue: words apart by blanks, alternatives by '/', a final '*' for any ending, "…" for up to eight words
// in between. Small words (a, the, my …) may stand between any two. Hangul matches inside a word, for its particles and endings.
bool says(const Reading& reading, std::string_view cue);
// The index of the word at which the cue ends; npos when it does not occur.
std::size_t said_at(const Reading& reading, std::string_view cue);

// A CSS colour for an English or Korean word or "#rrggbb"; empty when it is none.
std::string colour_of(std::string_view word, bool hangul);
bool is_identifier(std::string_view text);
std::string lower(std::string_view text);
// "max_retries", "MAX-RETRIES" and "maxRetries" are one name: "maxretries".
std::string plain_name(std::string_view text);

}  // namespace wright::agent::guided
