// What a test run printed: how many tests passed and failed, which ones, and where. Understands unittest, pytest, node --test, Jest,
// Mocha, plain tracebacks and file:line; anything else gives the exit status alone. Pure functions, any thread.
#pragma once

#include <string>
#include <vector>

#include "tools/exec/sandbox.h"

namespace wright::agent::search {

struct Place {
  std::string file;      // relative to the workspace
  int line = 0;
  std::string function;  // "" when not printed
};

struct Outcome {
  bool ok = false;                   // exit status 0
  int passed = -1, failed = -1;      // -1: not printed
  std::string line;                  // "12 passed", "2 of 14 failed", "exit 1"
  std::vector<std::string> failing;  // names as printed
  std::vector<Place> stack;          // of the first failure, outermost first
  std::vector<Place> places;         // every place printed
};

// `root`: what the workspace's path was in the run.
Outcome read_outcome(const tools::CommandResult& result, const std::string& root);

}  // namespace wright::agent::search
