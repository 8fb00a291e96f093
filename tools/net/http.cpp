#include "tools/net/http.h"

#include <fmt/format.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/url.hpp>
#include <memory>
#include <optional>

namespace wright::tools {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using Tcp = beast::tcp_stream;
using Tls = beast::ssl_stream<beast::tcp_stream>;

struct Target {
  std::string host, port, path;
  bool tls = false;
};

Result<Target> target_of(const std::string& url) {
  const auto parsed = boost::urls::parse_uri(url);
  const Error bad{ErrorKind::usage, fmt::format("'{}' is not an http or https URL", url), "write it as http://host:port/path"};
  if (!parsed || (parsed->scheme() != "http" && parsed->scheme() != "https") || parsed->host().empty()) return bad;
  Target out;
  out.tls = parsed->scheme() == "https";
  out.host = parsed->host_address();
  out.port = parsed->has_port() && !parsed->port().empty() ? std::string(parsed->port()) : out.tls ? "443" : "80";
  out.path = std::string(parsed->encoded_target());
  if (out.path.empty() || out.path[0] != '/') out.path.insert(0, "/");
  return out;
}

// One connection: asynchronous steps, each run to its end on this thread, so that time limits and cancellation work.
class Connection {
 public:
  Connection(const Context& context, const HttpRequest& request, Target target)
      : context_(context), request_(request), target_(std::move(target)), tls_context_(asio::ssl::context::tls_client) {}

  Result<void> run(const std::function<bool(const HttpHead&)>& on_head, const std::function<bool(std::string_view)>& on_body) {
    WRIGHT_CHECK(context_.check());
    if (target_.tls) {
      error_code ec;
      tls_context_.set_default_verify_paths(ec);
      tls_context_.set_verify_mode(asio::ssl::verify_peer);
      tls_.emplace(io_, tls_context_);
      tls_->set_verify_callback(asio::ssl::host_name_verification(target_.host));
      SSL_set_tlsext_host_name(tls_->native_handle(), target_.host.c_str());
    } else {
      tcp_.emplace(io_);
    }
    const auto hook = context_.on_cancel([this] { asio::post(io_, [this] { lowest().cancel(); }); });
    WRIGHT_CHECK(connect());
    return target_.tls ? exchange(*tls_, on_head, on_body) : exchange(*tcp_, on_head, on_body);
  }

 private:
  Tcp& lowest() { return tls_ ? beast::get_lowest_layer(*tls_) : *tcp_; }

  // Starts one operation (which ends by storing its result) and runs it to the end, within `limit` and the deadline.
  template <class Start>
  error_code step(Duration limit, Start start) {
    error_code result = asio::error::operation_aborted;
    lowest().expires_after(std::min(limit, std::max<Duration>(context_.remaining(), std::chrono::milliseconds(1))));
    start([&](error_code ec, auto&&...) { result = ec; });
    io_.restart();
    // A cancel may come while nothing is pending on the socket, so look at it between events as well.
    while (io_.run_one_for(std::chrono::milliseconds(50)) || !io_.stopped())
      if (context_.cancelled()) lowest().cancel();
    return result;
  }

  Error failure(std::string_view what, const error_code& ec) const {
    if (context_.cancelled()) return {ErrorKind::cancelled, "cancelled", ""};
    const std::string where = fmt::format("{}://{}:{}", target_.tls ? "https" : "http", target_.host, target_.port);
    if (context_.expired() || ec == beast::error::timeout)
      return {ErrorKind::timeout, fmt::format("{}: {}: no answer in time", where, what), ""};
    const bool wire = ec.category() == http::make_error_code(http::error::end_of_stream).category() && ec != http::error::end_of_stream &&
                      ec != http::error::partial_message;
    return {wire ? ErrorKind::invalid : ErrorKind::io, fmt::format("{}: {}: {}", where, what, ec.message()), ""};
  }

  Result<void> connect() {
    asio::ip::tcp::resolver resolver(io_);
    asio::ip::tcp::resolver::results_type addresses;
    const auto until = std::min(request_.connect_timeout, context_.remaining());
    error_code ec = asio::error::timed_out;
    resolver.async_resolve(target_.host, target_.port, [&](error_code e, auto found) {
      ec = e;
      addresses = std::move(found);
    });
    const auto begin = std::chrono::steady_clock::now();
    io_.restart();
    while (io_.run_one_for(std::chrono::milliseconds(50)) || !io_.stopped())
      if (context_.cancelled() || std::chrono::steady_clock::now() - begin > until) resolver.cancel();
    if (ec) return failure("resolving the name", ec);
    ec = step(request_.connect_timeout, [&](auto done) { lowest().async_connect(addresses, std::move(done)); });
    if (ec) return failure("connecting", ec);
    lowest().socket().set_option(asio::ip::tcp::no_delay(true), ec);
    if (!tls_) return {};
    ec = step(request_.connect_timeout, [&](auto done) { tls_->async_handshake(asio::ssl::stream_base::client, std::move(done)); });
    if (ec) return failure("TLS handshake", ec);
    return {};
  }

  template <class Stream>
  Result<void> exchange(Stream& stream, const std::function<bool(const HttpHead&)>& on_head,
                        const std::function<bool(std::string_view)>& on_body) {
    http::request<http::string_body> out;
    out.version(11);
    out.method_string(request_.method);
    out.target(target_.path);
    const bool plain_port = target_.port == (target_.tls ? "443" : "80");
    out.set(http::field::host, plain_port ? target_.host : target_.host + ":" + target_.port);
    out.set(http::field::user_agent, "wright");
    out.set(http::field::accept_encoding, "identity");
    out.set(http::field::connection, "close");
    for (const auto& [name, value] : request_.headers) {
      if (name.find_first_of("\r\n:") != std::string::npos || value.find_first_of("\r\n") != std::string::npos)
        return Error{ErrorKind::usage, fmt::format("header '{}' holds a line break", name.substr(0, 40)), ""};
      out.set(name, value);
    }
    out.body() = request_.body;
    out.prepare_payload();
    error_code ec = step(request_.idle_timeout, [&](auto done) { http::async_write(stream, out, std::move(done)); });
    if (ec) return failure("sending", ec);

    beast::flat_buffer buffer;
    http::response_parser<http::buffer_body> parser;
    parser.body_limit(boost::none);
    parser.header_limit(256 * 1024);
    if (request_.method == "HEAD") parser.skip(true);
    ec = step(request_.idle_timeout, [&](auto done) { http::async_read_header(stream, buffer, parser, std::move(done)); });
    if (ec) return failure("waiting for the reply", ec);
    HttpHead head;
    head.status = static_cast<int>(parser.get().result_int());
    for (const auto& field : parser.get()) head.headers.emplace_back(field.name_string(), field.value());
    if (!on_head(head)) return {};
    std::vector<char> piece(16 * 1024);
    while (!parser.is_done()) {
      parser.get().body().data = piece.data();
      parser.get().body().size = piece.size();
      ec = step(request_.idle_timeout, [&](auto done) { http::async_read_some(stream, buffer, parser, std::move(done)); });
      if (ec == http::error::need_buffer) ec = {};
      const std::size_t got = piece.size() - parser.get().body().size;
      if (got > 0 && !on_body({piece.data(), got})) return {};
      if (ec == http::error::end_of_stream && parser.is_done()) break;
      if (ec) return failure("reading the reply", ec);
      WRIGHT_CHECK(context_.check());
    }
    return {};
  }

  const Context& context_;
  const HttpRequest& request_;
  const Target target_;
  asio::io_context io_;
  asio::ssl::context tls_context_;
  std::optional<Tcp> tcp_;
  std::optional<Tls> tls_;
};

}  // namespace

std::string HttpHead::header(std::string_view name) const {
  for (const auto& [n, value] : headers)
    if (beast::iequals(n, name)) return value;
  return "";
}

Result<void> http_stream(const Context& context, const HttpRequest& request, const std::function<bool(const HttpHead&)>& on_head,
                         const std::function<bool(std::string_view)>& on_body) {
  WRIGHT_TRY(auto target, target_of(request.url));
  try {
    return Connection(context, request, std::move(target)).run(on_head, on_body);
  } catch (const std::exception& e) {
    return Error{ErrorKind::io, fmt::format("{}: {}", request.url, e.what()), ""};
  }
}

Result<HttpReply> http_fetch(const Context& context, const HttpRequest& request, std::size_t limit_bytes) {
  HttpReply out;
  bool too_large = false;
  WRIGHT_CHECK(http_stream(
      context, request,
      [&](const HttpHead& head) {
        out.head = head;
        return true;
      },
      [&](std::string_view piece) {
        too_large = out.body.size() + piece.size() > limit_bytes;
        if (!too_large) out.body += piece;
        return !too_large;
      }));
  if (too_large) return Error{ErrorKind::limit, fmt::format("{}: the reply is larger than {} bytes", request.url, limit_bytes), ""};
  return out;
}

}  // namespace wright::tools
