// Values as bytes: little-endian fixed-size numbers, counts of 32 bits before strings and lists. WireReader checks every count
// against what is left, so that foreign bytes cannot make it allocate more than they are long. Single-threaded values.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace wright::engine {

static_assert(std::endian::native == std::endian::little);

template <class T>
concept WireNumber = std::is_arithmetic_v<T> || std::is_enum_v<T>;

class WireWriter {
 public:
  static constexpr bool reading = false;
  template <WireNumber T>
  void operator()(const T& value) { bytes_.append(reinterpret_cast<const char*>(&value), sizeof value); }
  void operator()(const std::string& value) {
    (*this)(static_cast<std::uint32_t>(value.size()));
    bytes_ += value;
  }
  template <class A, class B>
  void operator()(const std::pair<A, B>& value) {
    (*this)(value.first);
    (*this)(value.second);
  }
  template <class T>
  void operator()(const std::vector<T>& list) {
    (*this)(static_cast<std::uint32_t>(list.size()));
    if constexpr (WireNumber<T>) bytes_.append(reinterpret_cast<const char*>(list.data()), list.size() * sizeof(T));
    else
      for (const T& value : list) (*this)(value);
  }
  template <class T>
  void operator()(const std::optional<T>& value) {
    (*this)(static_cast<std::uint8_t>(value.has_value()));
    if (value) (*this)(*value);
  }
  template <class T>
    requires requires(WireWriter& w, T& t) { fields(w, t); }
  void operator()(const T& value) { fields(*this, const_cast<T&>(value)); }  // a writer only looks
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class WireReader {
 public:
  static constexpr bool reading = true;
  explicit WireReader(std::string_view bytes) : left_(bytes) {}
  bool ok() const { return ok_; }
  bool at_end() const { return ok_ && left_.empty(); }
  void fail() {
    ok_ = false;
    left_ = {};
  }

  template <WireNumber T>
  void operator()(T& value) {
    if (left_.size() < sizeof value) return fail();
    if constexpr (std::is_same_v<T, bool>) {
      if (static_cast<unsigned char>(left_[0]) > 1) return fail();
      value = left_[0] != 0;
    } else {
      std::memcpy(&value, left_.data(), sizeof value);
    }
    left_.remove_prefix(sizeof value);
  }
  void operator()(std::string& value) {
    const std::size_t n = count(1);
    value.assign(left_.substr(0, n));
    left_.remove_prefix(n);
  }
  template <class A, class B>
  void operator()(std::pair<A, B>& value) {
    (*this)(value.first);
    (*this)(value.second);
  }
  template <class T>
  void operator()(std::vector<T>& list) {
    list.clear();
    if constexpr (WireNumber<T>) {
      const std::size_t n = count(sizeof(T));
      list.resize(n);
      if (n > 0) std::memcpy(list.data(), left_.data(), n * sizeof(T));
      left_.remove_prefix(n * sizeof(T));
    } else {
      // An element takes at least one byte; the list grows as its elements are really there.
      const std::size_t n = count(1);
      for (std::size_t i = 0; i < n && ok_; ++i) (*this)(list.emplace_back());
    }
  }
  template <class T>
  void operator()(std::optional<T>& value) {
    bool there = false;
    (*this)(there);
    value.reset();
    if (there && ok_) (*this)(value.emplace());
  }
  template <class T>
    requires requires(WireReader& r, T& t) { fields(r, t); }
  void operator()(T& value) { fields(*this, value); }

 private:
  std::size_t count(std::size_t least_bytes) {
    std::uint32_t n = 0;
    (*this)(n);
    if (!ok_ || n > left_.size() / least_bytes) return fail(), 0;
    return n;
  }
  std::string_view left_;
  bool ok_ = true;
};

}  // namespace wright::engine
