// Result<T>: a value or an Error that a user or a model can act on. The one error channel across folders; exceptions
// stay inside a translation unit. Value types, any thread.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace wright {

// What kind of failure; the command line maps it to an exit code (see exit_code()).
enum class ErrorKind {
  usage,      // bad arguments or bad input format
  not_found,  // a named thing does not exist
  invalid,    // foreign bytes are malformed
  io,         // the operating system said no
  conflict,   // the thing changed meanwhile, or a choice is ambiguous
  refused,    // policy said no
  limit,      // a limit of base/limits.h was reached
  timeout,    // the deadline passed
  cancelled,  // the user or a parent cancelled
  model,      // a provider or the engine failed
  failed,     // the task was not achieved
};

struct Error {
  ErrorKind kind = ErrorKind::failed;
  std::string message;  // what and where, one line, no final stop
  std::string next;     // what to do next, may be empty

  // "message; next"
  std::string text() const { return next.empty() ? message : message + "; " + next; }
};

// The contract's exit codes: 1 not achieved, 2 usage, 3 refused, 4 model failed, 130 interrupted.
inline int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::usage:
    case ErrorKind::invalid:
    case ErrorKind::not_found: return 2;
    case ErrorKind::refused: return 3;
    case ErrorKind::model: return 4;
    case ErrorKind::cancelled: return 130;
    default: return 1;
  }
}

template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit by design
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const Error& error() const { return std::get<1>(state_); }
  Error& error() { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit by design
  bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  const Error& error() const { return *error_; }
  Error& error() { return *error_; }

 private:
  std::optional<Error> error_;
};

}  // namespace wright

// WRIGHT_TRY(auto x, f()): x = *f(), or return f()'s error from the enclosing function.
#define WRIGHT_CONCAT_(a, b) a##b
#define WRIGHT_CONCAT(a, b) WRIGHT_CONCAT_(a, b)
#define WRIGHT_TRY(decl, ...) WRIGHT_TRY_(WRIGHT_CONCAT(wright_try_, __COUNTER__), decl, __VA_ARGS__)
#define WRIGHT_TRY_(tmp, decl, ...)   \
  auto tmp = (__VA_ARGS__);           \
  if (!tmp.ok()) return tmp.error();  \
  decl = std::move(tmp).value()
// WRIGHT_CHECK(f()): return f()'s error from the enclosing function if it failed.
#define WRIGHT_CHECK(...)                                         \
  do {                                                            \
    if (auto wright_r = (__VA_ARGS__); !wright_r.ok()) return wright_r.error(); \
  } while (0)
