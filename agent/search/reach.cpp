#include "agent/search/reach.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <string_view>

#include "agent/search/locate.h"
#include "base/file.h"
#include "base/limits.h"

namespace wright::agent::search {

namespace {

using Words = std::set<std::string, std::less<>>;

Words words_of(std::string_view text) {
  Words out;
  const auto word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-'; };
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && word(text[end])) ++end;
    if (end > at) out.emplace(text.substr(at, end - at));
    at = std::max(end, at + 1);
  }
  return out;
}

std::string folder_of(const std::string& name) { return name.rfind('/') == std::string::npos ? "" : name.substr(0, name.rfind('/')); }

std::string stem_of(const std::string& name) {
  const std::string leaf = name.substr(name.rfind('/') + 1);
  return leaf.substr(0, leaf.find('.'));
}

// Of files of one stem, those that a text means: named with their folder, else beside it, else all.
std::vector<std::string> meant(const std::vector<std::string>& files, const Words& words, const std::string& folder) {
  const auto only = [&](const auto& test) {
    std::vector<std::string> out;
    std::copy_if(files.begin(), files.end(), std::back_inserter(out), test);
    return out;
  };
  if (files.size() < 2) return files;
  const auto named = only([&](const std::string& f) { return !folder_of(f).empty() && words.count(folder_of(f).substr(folder_of(f).rfind('/') + 1)); });
  if (!named.empty()) return named;
  const auto beside = only([&](const std::string& f) { return folder_of(f) == folder; });
  return beside.empty() ? files : beside;
}

}  // namespace

std::vector<std::string> reached(const FixRequest& request, const Outcome& before, const std::vector<std::string>& names) {
  std::map<std::string, std::vector<std::string>, std::less<>> by_stem;
  for (const std::string& name : names) by_stem[stem_of(name)].push_back(name);
  std::vector<std::string> out;
  std::set<std::string> seen;
  const auto add = [&](const std::string& name) {
    if (seen.insert(name).second) out.push_back(name);
  };
  const auto follow = [&](const Words& words, const std::string& folder) {
    for (const std::string& word : words)
      if (const auto files = by_stem.find(word); files != by_stem.end())
        for (const std::string& file : meant(files->second, words, folder)) add(file);
  };
  follow(words_of(request.test), request.cwd.size() > request.workspace.size() ? request.cwd.substr(request.workspace.size() + 1) : "");
  for (const Place& place : before.places)
    if (std::find(names.begin(), names.end(), place.file) != names.end()) add(place.file);
  if (out.empty())
    for (const std::string& name : names)
      if (is_protected(name, request.test)) add(name);
  for (std::size_t i = 0; i < out.size(); ++i)
    if (const auto text = read_file(request.workspace + "/" + out[i], limits::kIndexFileBytes); text.ok()) follow(words_of(*text), folder_of(out[i]));
  const bool any = std::any_of(out.begin(), out.end(), [&](const std::string& name) { return !is_protected(name, request.test); });
  return any ? out : names;
}

}  // namespace wright::agent::search
