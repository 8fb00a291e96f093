#include "tests/support/fake_backend.h"

#include "base/hash.h"
#include "engine/backends/asked.h"

namespace wright::test {

using engine::PageId;
using engine::StateSlot;
using engine::TokenId;

std::vector<float> FakeBackend::logits(std::span<const TokenId> history, const FakeOptions& options) {
  if (options.order > 0 && history.size() > static_cast<std::size_t>(options.order))
    history = history.last(static_cast<std::size_t>(options.order));
  std::uint64_t z = hash64({reinterpret_cast<const char*>(history.data()), history.size_bytes()}, 77);
  std::vector<float> out(static_cast<std::size_t>(options.n_vocab));
  for (float& x : out) {
    z = z * 6364136223846793005ull + 1442695040888963407ull;
    x = static_cast<float>(z >> 40) / static_cast<float>(1 << 24) * 8.0f - 4.0f;
  }
  out[256] = -3.9f;  // the end comes seldom
  return out;
}

void FakeBackend::fault(const std::string& what) {
  if (faults++ == 0) first_fault = what;
}

std::vector<TokenId> FakeBackend::cached(const engine::PassSequence& sequence, int past) {
  std::vector<TokenId> out;
  for (int i = 0; i < past; ++i) {
    const auto page = static_cast<std::size_t>(i) / 64;
    const auto it = page < sequence.pages.size() ? pages_.find(sequence.pages[page]) : pages_.end();
    if (it == pages_.end()) {
      fault("a page is missing or was freed");
      return out;
    }
    out.push_back(it->second.tokens[static_cast<std::size_t>(i) % 64]);
    if (out.back() < 0) fault("a position was never written");
  }
  return out;
}

void FakeBackend::run_sequence(const engine::PassSequence& sequence, std::span<const TokenId> tokens,
                               std::vector<std::vector<TokenId>>& histories) {
  const std::vector<TokenId> prefix = cached(sequence, sequence.past);
  const bool tree = !sequence.parents.empty();
  if (tree && sequence.parents.size() != tokens.size()) fault("a tree has not one parent a row");
  if (tree && options_.recurrent) fault("tree rows with recurrent layers");
  std::vector<TokenId>* state = nullptr;
  if (options_.recurrent) {
    const auto it = states_.find(sequence.state);
    if (it == states_.end()) return fault("no recurrent state");
    state = &it->second;
    if (*state != prefix) fault("the state has run through other tokens than the pages hold");
  }
  std::vector<std::vector<TokenId>> own;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    std::vector<TokenId> history = prefix;
    if (tree && sequence.parents[i] >= static_cast<int>(i)) fault("a parent stands behind its child");
    if (tree && sequence.parents[i] >= 0) history = own[static_cast<std::size_t>(sequence.parents[i])];
    if (!tree && i > 0) history = own.back();
    history.push_back(tokens[i]);
    if (!tree) {
      const auto at = static_cast<std::size_t>(sequence.past) + i;
      const auto it = at / 64 < sequence.pages.size() ? pages_.find(sequence.pages[at / 64]) : pages_.end();
      if (it == pages_.end()) return fault("no page for a new row");
      it->second.tokens[at % 64] = tokens[i];
    }
    if (state) state->push_back(tokens[i]);
    own.push_back(history);
  }
  for (auto& h : own) histories.push_back(std::move(h));
}

Result<void> FakeBackend::run(const Context& context, const engine::Pass& pass) {
  ++passes;
  rows += static_cast<int>(pass.tokens.size());
  most_rows = std::max(most_rows, static_cast<int>(pass.tokens.size()));
  if (static_cast<int>(pass.tokens.size()) > options_.max_rows) fault("more rows than max_rows");
  std::vector<std::vector<TokenId>> histories;
  std::size_t row = 0;
  std::set<PageId> written;
  for (const auto& sequence : pass.sequences) {
    if (sequence.parents.empty())
      for (auto page = static_cast<std::size_t>(sequence.past) / 64; page * 64 < static_cast<std::size_t>(sequence.past + sequence.n_new); ++page)
        if (page < sequence.pages.size() && !written.insert(sequence.pages[page]).second) fault("two sequences write one page");
    run_sequence(sequence, pass.tokens.subspan(row, static_cast<std::size_t>(sequence.n_new)), histories);
    row += static_cast<std::size_t>(sequence.n_new);
  }
  if (row != pass.tokens.size()) fault("rows do not add up");
  // Half-way: states have moved, logits are not there yet.
  if (before_run) WRIGHT_CHECK(before_run(context, pass));
  WRIGHT_CHECK(context.check());
  for (std::size_t i = 1; i < pass.outputs.size(); ++i)
    if (pass.outputs[i] <= pass.outputs[i - 1]) fault("outputs do not ascend");
  if (const auto asked = check_asked(pass, options_.n_vocab, options_.max_rows); !asked.ok()) fault(asked.error().text());
  const auto wanted = wanted_rows(pass);
  std::vector<float> all;
  for (const std::int32_t r : wanted) {
    const auto x = logits(histories[static_cast<std::size_t>(r)], options_);
    all.insert(all.end(), x.begin(), x.end());
  }
  answer_from_logits(pass, wanted, all);
  return {};
}

Result<PageId> FakeBackend::alloc_page() {
  if (pages_.size() >= options_.page_capacity) return Error{ErrorKind::limit, "no page left", ""};
  pages_[next_] = {};
  return next_++;
}
void FakeBackend::free_page(PageId page) {
  if (pages_.erase(page) == 0) fault("a page was freed twice");
}
void FakeBackend::copy_page(PageId from, PageId to) { pages_.at(to) = pages_.at(from); }
Result<StateSlot> FakeBackend::alloc_state() {
  states_[next_] = {};
  return next_++;
}
void FakeBackend::free_state(StateSlot slot) {
  if (states_.erase(slot) == 0) fault("a state was freed twice");
}
void FakeBackend::copy_state(StateSlot from, StateSlot to) { states_.at(to) = states_.at(from); }

namespace {

class FakeTokenizer final : public engine::Tokenizer {
 public:
  FakeTokenizer() {
    for (int i = 0; i < 256; ++i) pieces_.emplace_back(1, static_cast<char>(i));
    for (const char* extra : {"<end>", "<think>", "</think>", "the ", "\n\n"}) pieces_.emplace_back(extra);
  }
  std::vector<TokenId> encode(std::string_view text, engine::EncodeOptions options) const override {
    std::vector<TokenId> out;
    while (!text.empty()) {
      std::size_t best = static_cast<unsigned char>(text[0]);
      for (std::size_t id = options.parse_special ? 256 : 259; id < pieces_.size(); ++id)
        if (text.starts_with(pieces_[id])) best = id;
      out.push_back(static_cast<TokenId>(best));
      text.remove_prefix(pieces_[best].size());
    }
    return out;
  }
  std::vector<TokenId> encode_spans(std::span<const engine::TextSpan> spans) const override {
    std::vector<TokenId> out;
    for (const auto& span : spans)
      for (const TokenId id : encode(span.text, {span.trusted})) out.push_back(id);
    return out;
  }
  std::string_view bytes(TokenId id) const override {
    return id >= 0 && static_cast<std::size_t>(id) < pieces_.size() ? std::string_view(pieces_[static_cast<std::size_t>(id)]) : "";
  }
  std::string decode(std::span<const TokenId> ids) const override {
    std::string out;
    for (const TokenId id : ids) out += bytes(id);
    return out;
  }
  int size() const override { return static_cast<int>(pieces_.size()); }
  bool is_special(TokenId id) const override { return id >= 256 && id <= 258; }
  std::optional<TokenId> find(std::string_view token) const override {
    for (TokenId id = 256; id < 259; ++id)
      if (bytes(id) == token) return id;
    return std::nullopt;
  }
  TokenId bos() const override { return -1; }
  TokenId eos() const override { return 256; }
  std::vector<TokenId> end_tokens() const override { return {256}; }

 private:
  std::vector<std::string> pieces_;
};

}  // namespace

std::shared_ptr<const engine::Tokenizer> fake_tokenizer() {
  static const auto tokenizer = std::make_shared<const FakeTokenizer>();
  return tokenizer;
}

}  // namespace wright::test
