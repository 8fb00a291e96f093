// Writes GGUF bytes field by field, right or wrong, for tests of the reader and of what reads a model.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace wright::test {

class GgufBytes {
 public:
  template <class T>
  GgufBytes& raw(T value) {
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    out_.append(bytes, sizeof(T));
    return *this;
  }
  GgufBytes& text(const std::string& s) {
    raw<std::uint64_t>(s.size());
    out_ += s;
    return *this;
  }
  GgufBytes& header(std::uint64_t tensors, std::uint64_t keys, std::uint32_t version = 3) {
    out_ += "GGUF";
    return raw(version).raw(tensors).raw(keys);
  }
  GgufBytes& key(const std::string& name, std::uint32_t value) { return text(name).raw<std::uint32_t>(4).raw(value); }
  GgufBytes& key(const std::string& name, float value) { return text(name).raw<std::uint32_t>(6).raw(value); }
  GgufBytes& key(const std::string& name, const std::string& value) { return text(name).raw<std::uint32_t>(8).text(value); }
  GgufBytes& key(const std::string& name, const std::vector<std::string>& values) {
    text(name).raw<std::uint32_t>(9).raw<std::uint32_t>(8).raw<std::uint64_t>(values.size());
    for (const auto& v : values) text(v);
    return *this;
  }
  GgufBytes& key(const std::string& name, const std::vector<std::int32_t>& values) {
    text(name).raw<std::uint32_t>(9).raw<std::uint32_t>(5).raw<std::uint64_t>(values.size());
    for (const auto v : values) raw(v);
    return *this;
  }
  // `dims` innermost first, as in the file.
  GgufBytes& tensor(const std::string& name, const std::vector<std::uint64_t>& dims, std::uint32_t type, std::uint64_t offset) {
    text(name).raw(static_cast<std::uint32_t>(dims.size()));
    for (const auto d : dims) raw(d);
    return raw(type).raw(offset);
  }
  GgufBytes& pad(std::size_t alignment = 32) {
    out_.resize((out_.size() + alignment - 1) / alignment * alignment);
    return *this;
  }
  GgufBytes& bytes(std::size_t n) {
    out_.append(n, '\0');
    return *this;
  }
  const std::string& str() const { return out_; }

 private:
  std::string out_;
};

}  // namespace wright::test
