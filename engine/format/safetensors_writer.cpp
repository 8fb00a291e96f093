#include "engine/format/safetensors_writer.h"

#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/json.h"

namespace wright::engine {

Result<SafetensorsWriter> SafetensorsWriter::create(const std::string& path, const std::vector<Tensor>& tensors) {
  SafetensorsWriter writer;
  Json header = Json::object();
  std::uint64_t at = 0;
  for (const Tensor& t : tensors) {
    std::uint64_t elements = 1;
    for (const auto n : t.shape) elements *= static_cast<std::uint64_t>(n);
    header[t.name] = {{"dtype", "F32"}, {"shape", t.shape}, {"data_offsets", {at, at + elements * 4}}};
    at += elements * 4;
  }
  writer.left_ = at / 4;
  std::string text = dump_json(header);
  text.resize((text.size() + 7) / 8 * 8, ' ');  // so that the values are aligned
  writer.path_ = path;
  writer.part_ = path + ".part";
  writer.file_.reset(std::fopen(writer.part_.c_str(), "wbe"));
  if (!writer.file_) return errno_error("cannot write", writer.part_, errno);
  const std::uint64_t length = text.size();
  WRIGHT_CHECK(writer.write(&length, sizeof length));
  WRIGHT_CHECK(writer.write(text.data(), text.size()));
  return writer;
}

Result<void> SafetensorsWriter::write(const void* bytes, std::size_t n) {
  if (std::fwrite(bytes, 1, n, file_.get()) == n) return {};
  const int number = errno;
  ::unlink(part_.c_str());
  return errno_error("cannot write", part_, number);
}

Result<void> SafetensorsWriter::append(std::span<const float> values) {
  if (values.size() > left_) return Error{ErrorKind::failed, path_ + ": more values than its header declares", ""};
  left_ -= values.size();
  return write(values.data(), values.size() * sizeof(float));
}

Result<void> SafetensorsWriter::finish() {
  if (left_ != 0) return Error{ErrorKind::failed, path_ + ": " + std::to_string(left_) + " values are missing", ""};
  if (std::fflush(file_.get()) != 0) return errno_error("cannot write", part_, errno);
  file_.reset();
  if (std::rename(part_.c_str(), path_.c_str()) != 0) return errno_error("cannot rename to", path_, errno);
  return {};
}

}  // namespace wright::engine
