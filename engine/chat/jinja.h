// Chat templates: the Jinja dialect that transformers renders them with (trim_blocks, lstrip_blocks, loop controls, tojson,
// strftime_now, raise_exception, generation blocks), in a sandbox: no attribute of the interpreter is reachable, steps,
// depth and output are limited. A template is immutable, any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/chat/jinja_value.h"

namespace wright::engine::jinja {

struct Syntax;

class Template {
 public:
  static Result<Template> parse(std::string_view source, std::string_view name);
  // `variables`: a dict. `now`: local ISO time for strftime_now ("2025-08-05T12:00:00"); empty: the clock. A template that
  // calls raise_exception, or goes wrong, gives an `invalid` error with its message.
  Result<MarkedText> render(const Value& variables, std::string_view now) const;
  const std::string& name() const { return name_; }

 private:
  std::string name_;
  std::shared_ptr<const Syntax> syntax_;
};

}  // namespace wright::engine::jinja
