// What is known of models by name: whether one is too weak to drive a loop by itself, so that agent/guided does. Pure.
#pragma once

#include <span>
#include <string_view>

namespace wright::daemon {

struct ModelRow {
  std::string_view part;    // of the file's or folder's name, lower case
  bool guided;
  std::string_view doc;     // one line
};

std::span<const ModelRow> model_table();
// The first row whose `part` occurs in the name; a model that stands in no row drives the loop.
bool is_guided(std::string_view name);

}  // namespace wright::daemon
