// Writes a safetensors file of f32 tensors, one after the other, without holding them all in memory. The file appears under
// its name when finish() succeeds. One thread.
#pragma once

#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace wright::engine {

class SafetensorsWriter {
 public:
  struct Tensor { std::string name; std::vector<std::int64_t> shape; };
  // The tensors in the order in which append() will get their values.
  static Result<SafetensorsWriter> create(const std::string& path, const std::vector<Tensor>& tensors);
  Result<void> append(std::span<const float> values);
  Result<void> finish();  // an error when values are missing

 private:
  struct Close { void operator()(std::FILE* file) const { std::fclose(file); } };
  SafetensorsWriter() = default;
  Result<void> write(const void* bytes, std::size_t n);
  std::string path_, part_;
  std::unique_ptr<std::FILE, Close> file_;
  std::uint64_t left_ = 0;  // values still to come
};

}  // namespace wright::engine
