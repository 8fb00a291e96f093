// CLI11's own check for positive numbers prints 300 digits of the largest double; this one says what is wanted.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <string>

namespace wright::cli {

inline CLI::Validator positive() {
  return CLI::Validator(
      [](std::string& text) {
        char* end = nullptr;
        const double value = std::strtod(text.c_str(), &end);
        return !text.empty() && *end == '\0' && value > 0 ? std::string() : "must be a positive number, not '" + text + "'";
      },
      "");
}

}  // namespace wright::cli
