#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"
#include "tools/patch/endings.h"
#include "tools/patch/lines.h"
#include "tools/patch/search_replace.h"
#include "tools/patch/seek.h"

namespace wright::tools::patch {

namespace {

class Planner {
 public:
  Planner(Overlay& tree, const Options& options) : tree_(tree), options_(options) {}

  Outcome run(std::string_view reply) {
    const auto chat = chat_files();
    if (!chat.ok()) return out_.failure = Failure{"refused", chat.error(), "", ""}, std::move(out_);
    chat_ = *chat;
    fence_ = options_.chat_files.empty() ? fence_of_reply(reply) : choose_fence(chat_texts());
    Reply parsed = parse_reply(reply, fence_, chat_);
    out_.shell_commands = std::move(parsed.shell_commands);
    out_.failure = std::move(parsed.failure);
    if (out_.failure) return std::move(out_);
    blocks_ = parsed.blocks.size();
    find_targets(parsed.blocks);
    for (std::size_t i = 0; i < parsed.blocks.size() && (!out_.failure || !refused_); ++i) apply(parsed.blocks[i], i + 1);
    return std::move(out_);
  }

 private:
  Result<std::vector<std::string>> chat_files() {
    if (options_.chat_files.empty()) return tree_.reader().list();
    std::vector<std::string> out;
    for (const auto& file : options_.chat_files) {
      WRIGHT_TRY(std::string name, tree_.reader().resolve(file));
      out.push_back(std::move(name));
    }
    return out;
  }

  std::vector<std::string> chat_texts() {
    std::vector<std::string> out;
    for (const auto& file : chat_)
      if (const auto text = tree_.read(file); text.ok()) out.push_back(to_lf(*text));
    return out;
  }

  // The file's new bytes with the block applied; nothing when it does not match.
  std::optional<std::string> replaced(const std::string& file, const Block& block) {
    const auto bytes = tree_.read(file);
    if (!bytes.ok()) return std::nullopt;
    const LfText text = to_lf_text(*bytes);
    const auto after = replace_block(text.text, file, to_lf(block.search), to_lf(block.replace), fence_);
    if (!after || after->empty()) return std::nullopt;  // an edit that leaves nothing counts as a failed match
    return from_lf_text(text, *after);
  }

  // The other files of the chat in which the block matches.
  std::vector<std::string> elsewhere(const Block& block, const std::string& named) {
    std::vector<std::string> out;
    if (options_.chat_files.empty() || blank(block.search)) return out;
    for (const auto& file : chat_)
      if (file != named && tree_.kind(file) == NodeKind::file && replaced(file, block)) out.push_back(file);
    return out;
  }

  // Names as given -> names in the tree; a block that only matches another file of the chat, as the files are now, goes there.
  void find_targets(std::vector<Block>& blocks) {
    for (auto& block : blocks) {
      const auto name = tree_.reader().resolve(block.file);
      if (!name.ok()) {
        refused_ = true;
        out_.failure = Failure{"refused", name.error(), "", block.file};
        return;
      }
      block.file = *name;
      if (tree_.kind(block.file) == NodeKind::file && replaced(block.file, block)) continue;
      if (const auto other = elsewhere(block, block.file); !other.empty()) block.file = other[0];
    }
    for (const auto& block : blocks)  // an edited file belongs to the chat from here on
      if (std::find(chat_.begin(), chat_.end(), block.file) == chat_.end()) chat_.push_back(block.file);
  }

  void apply(const Block& block, std::size_t number) {
    if (refused_) return;
    std::string target = block.file;
    std::optional<std::string> text;
    if (tree_.kind(target) == NodeKind::none && blank(block.search)) {
      std::string fresh = replace_block("", target, "", to_lf(block.replace), fence_).value_or("");
      if (!fresh.empty()) text = std::move(fresh);
    } else {
      text = replaced(target, block);
    }
    if (!text) {
      const auto other = elsewhere(block, target);
      if (other.size() == 1 || (!other.empty() && options_.compat)) target = other[0], text = replaced(target, block);
    }
    if (text) {
      note_others(target, block);
      if (const auto written = tree_.write(target, std::move(*text)); written.ok()) return void(++out_.hunks);
      else return no_match(block, number, written.error().text());
    }
    no_match(block, number, "");
  }

  void note_others(const std::string& target, const Block& block) {
    const auto bytes = tree_.read(target);
    if (!bytes.ok() || blank(block.search)) return;
    const std::string text = to_lf(*bytes), search = to_lf(block.search);
    if (auto note = elsewhere_note(target, split_bare(text), split_bare(search), 0); !note.empty()) out_.notes.push_back(std::move(note));
  }

  void no_match(const Block& block, std::size_t number, const std::string& why) {
    const auto bytes = tree_.read(block.file);
    std::string detail;
    if (bytes.ok()) {
      const std::string text = to_lf(*bytes);
      const Lines lines = split_bare(text), wanted = split_bare(block.search);
      detail = did_you_mean(block.file, lines, wanted);
      if (!block.replace.empty() && text.find(to_lf(block.replace)) != text.npos)
        detail += fmt::format("The REPLACE lines are already in {}; is this block needed?\n", block.file);
    }
    if (out_.failure) {
      out_.failure->detail += fmt::format("Block {} ({}) does not match either.\n", number, block.file) + detail;
      return;
    }
    const std::string reason = !why.empty() ? why : bytes.ok() ? "the SEARCH lines are not there" : "the file does not exist";
    out_.failure = failure("no-match", ErrorKind::conflict, fmt::format("block {} of {}, {}: {}", number, blocks_, block.file, reason),
                           "copy the SEARCH lines from the file as it stands", block.file);
    out_.failure->detail = std::move(detail);
  }

  Overlay& tree_;
  const Options& options_;
  std::vector<std::string> chat_;
  Fence fence_{};
  std::size_t blocks_ = 0;
  bool refused_ = false;
  Outcome out_;
};

}  // namespace

Outcome plan_search_replace(std::string_view text, Overlay& tree, const Options& options) {
  return Planner(tree, options).run(text);
}

}  // namespace wright::tools::patch
