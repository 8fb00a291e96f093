#include "daemon/http/server.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "base/limits.h"
#include "base/log.h"
#include "daemon/http/exchange.h"
#include "daemon/http/request_head.h"

namespace wright::daemon {
namespace {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;
using Socket = asio::generic::stream_protocol::socket;
using boost::system::error_code;
constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);

// With a constructor: GCC 12 destroys a braced aggregate in a co_await expression twice (GCC bug 98056).
struct BadRequest {
  BadRequest(int code, std::string text) : status(code), message(std::move(text)) {}
  int status;
  std::string message;
};

class Server final : public HttpServer {
 public:
  Server(ServerOptions options, Handler handler) : options_(std::move(options)), handler_(std::move(handler)) {}
  ~Server() override { shut(std::chrono::seconds(5)); }

  Result<void> open();
  int port() const override { return port_; }
  void stop_listening() override;
  void stop(Duration grace) override { shut(grace); }
  std::size_t running() const override { return counts_->running.load(); }
  TimePoint last_request() const override { return TimePoint(Duration(counts_->last.load())); }

 private:
  // What handler threads touch; outlives the server when one of them does not return in time.
  struct Counts {
    std::atomic<std::size_t> running{0};
    std::atomic<Duration::rep> last{0};
    std::mutex mutex;
    std::condition_variable idle;
    void touch() { last = std::chrono::steady_clock::now().time_since_epoch().count(); }
  };
  struct Wake {  // the I/O thread sleeps on it; the executor stays valid while `alive`
    explicit Wake(asio::io_context& io) : timer(io) {}
    std::mutex mutex;  // guards alive
    bool alive = true;
    asio::steady_timer timer;
  };

  Result<void> open_unix();
  Result<void> open_tcp();
  template <class Acceptor>
  asio::awaitable<void> accept(Acceptor& acceptor, Door door);
  asio::awaitable<void> serve(Socket socket, Door door);
  asio::awaitable<std::optional<BadRequest>> read_body(Socket& socket, std::string& buffer, RequestHead& head);
  asio::awaitable<std::optional<BadRequest>> read_chunks(Socket& socket, std::string& buffer, std::string& body);
  asio::awaitable<bool> fill(Socket& socket, std::string& buffer, std::size_t need);
  asio::awaitable<bool> answer(Socket& socket, RequestHead head);
  static asio::awaitable<bool> pump(Socket& socket, Exchange& exchange, Wake& wake);
  static asio::awaitable<void> watch(Socket& socket, Exchange& exchange);
  static asio::awaitable<void> refuse(Socket& socket, const BadRequest& bad);
  void run_handler(HttpRequest request, std::shared_ptr<Exchange> exchange);
  void shut(Duration grace);

  const ServerOptions options_;
  const Handler handler_;
  const Context root_;
  const std::shared_ptr<Counts> counts_ = std::make_shared<Counts>();
  asio::io_context io_{1};
  asio::local::stream_protocol::acceptor unix_{io_};
  asio::ip::tcp::acceptor tcp_{io_};
  std::set<Socket*> sockets_;  // I/O thread
  int port_ = -1;
  std::thread thread_;
};

Result<void> Server::open_unix() {
  if (options_.unix_path.size() >= sizeof(sockaddr_un::sun_path))
    return Error{ErrorKind::io, "the socket's path is too long: " + options_.unix_path, "set XDG_RUNTIME_DIR to a shorter folder"};
  ::unlink(options_.unix_path.c_str());
  error_code error;
  unix_.open(asio::local::stream_protocol(), error);
  const mode_t before = ::umask(0177);  // the socket is 0600 from its first moment
  if (!error) unix_.bind(asio::local::stream_protocol::endpoint(options_.unix_path), error);
  ::umask(before);
  if (!error) unix_.listen(asio::socket_base::max_listen_connections, error);
  if (error) return Error{ErrorKind::io, fmt::format("cannot listen on {}: {}", options_.unix_path, error.message()), ""};
  return {};
}

Result<void> Server::open_tcp() {
  error_code error;
  const asio::ip::tcp::endpoint at(asio::ip::address_v4::loopback(), static_cast<unsigned short>(options_.port));
  tcp_.open(at.protocol(), error);
  tcp_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) tcp_.bind(at, error);
  if (!error) tcp_.listen(asio::socket_base::max_listen_connections, error);
  if (error)
    return Error{ErrorKind::io, fmt::format("cannot listen on 127.0.0.1:{}: {}", options_.port, error.message()),
                 "choose another port with --http PORT"};
  port_ = tcp_.local_endpoint().port();
  return {};
}

Result<void> Server::open() {
  if (!options_.unix_path.empty()) {
    WRIGHT_CHECK(open_unix());
    asio::co_spawn(io_, accept(unix_, Door::unix_socket), asio::detached);
  }
  if (options_.port >= 0) {
    WRIGHT_CHECK(open_tcp());
    asio::co_spawn(io_, accept(tcp_, Door::loopback), asio::detached);
  }
  counts_->touch();
  thread_ = std::thread([this] { io_.run(); });
  return {};
}

template <class Acceptor>
asio::awaitable<void> Server::accept(Acceptor& acceptor, Door door) {
  while (acceptor.is_open()) {
    auto [error, socket] = co_await acceptor.async_accept(kTuple);
    if (error == asio::error::operation_aborted || !acceptor.is_open()) co_return;
    if (error) {  // out of descriptors: wait, others will close
      asio::steady_timer timer(io_, std::chrono::milliseconds(100));
      co_await timer.async_wait(kTuple);
      continue;
    }
    if (door == Door::unix_socket) {
      ucred peer{};
      socklen_t size = sizeof peer;
      if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.uid != ::getuid()) continue;
    }
    if (sockets_.size() >= limits::kConnections) continue;
    asio::co_spawn(io_, serve(Socket(std::move(socket)), door), asio::detached);
  }
}

// Reads until `buffer` holds `need` bytes; false when the client left or was too slow.
asio::awaitable<bool> Server::fill(Socket& socket, std::string& buffer, std::size_t need) {
  asio::steady_timer timer(io_, std::chrono::milliseconds(limits::kRequestReadMs));
  while (buffer.size() < need) {
    auto done = co_await (asio::async_read(socket, asio::dynamic_buffer(buffer), asio::transfer_at_least(1), kTuple) || timer.async_wait(kTuple));
    if (done.index() == 1 || std::get<0>(std::get<0>(done))) co_return false;
  }
  co_return true;
}

asio::awaitable<std::optional<BadRequest>> Server::read_chunks(Socket& socket, std::string& buffer, std::string& body) {
  for (;;) {
    std::size_t end;
    while ((end = buffer.find("\r\n")) == std::string::npos) {
      if (buffer.size() > 64) co_return BadRequest(400, "a chunk's size line is too long");
      if (!co_await fill(socket, buffer, buffer.size() + 1)) co_return BadRequest(408, "the body did not arrive in time");
    }
    std::size_t size = 0, digits = 0;
    for (; digits < end && digits < 8 && std::isxdigit(static_cast<unsigned char>(buffer[digits])); ++digits)
      size = size * 16 + static_cast<std::size_t>(std::stoi(std::string(1, buffer[digits]), nullptr, 16));
    if (digits == 0 || (digits < end && buffer[digits] != ';')) co_return BadRequest(400, "a malformed chunk");
    if (body.size() + size > limits::kRequestBodyBytes) co_return BadRequest(413, "the body is too large");
    buffer.erase(0, end + 2);
    if (!co_await fill(socket, buffer, size + 2)) co_return BadRequest(408, "the body did not arrive in time");
    if (buffer.compare(size, 2, "\r\n") != 0) co_return BadRequest(400, size == 0 ? "trailers are not taken" : "a malformed chunk");
    body.append(buffer, 0, size);
    buffer.erase(0, size + 2);
    if (size == 0) co_return std::nullopt;
  }
}

asio::awaitable<std::optional<BadRequest>> Server::read_body(Socket& socket, std::string& buffer, RequestHead& head) {
  if (head.content_length.value_or(0) > limits::kRequestBodyBytes)
    co_return BadRequest(413, fmt::format("the body is larger than {} bytes", limits::kRequestBodyBytes));
  if (head.expect_continue && (head.chunked || head.content_length.value_or(0) > 0)) {
    static const std::string kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    co_await asio::async_write(socket, asio::buffer(kContinue), kTuple);
  }
  if (head.chunked) co_return co_await read_chunks(socket, buffer, head.request.body);
  const std::size_t length = head.content_length.value_or(0);
  if (!co_await fill(socket, buffer, length)) co_return BadRequest(408, "the body did not arrive in time");
  head.request.body = buffer.substr(0, length);
  buffer.erase(0, length);
  co_return std::nullopt;
}

asio::awaitable<void> Server::refuse(Socket& socket, const BadRequest& bad) {
  const std::string body = fmt::format(R"({{"error":{{"message":"{}","type":"invalid_request_error","code":null,"param":null}}}})", bad.message);
  const std::string bytes =
      response_head(bad.status, "application/json", {}, false, fmt::format("Content-Length: {}\r\n", body.size())) + body;
  co_await asio::async_write(socket, asio::buffer(bytes), kTuple);
  // Take a little of what still arrives, so that the client reads the answer instead of a reset.
  error_code ignored;
  socket.shutdown(Socket::shutdown_send, ignored);
  std::string rest;
  asio::steady_timer timer(socket.get_executor(), std::chrono::seconds(1));
  co_await (asio::async_read(socket, asio::dynamic_buffer(rest, 64 * 1024), kTuple) || timer.async_wait(kTuple));
}

asio::awaitable<void> Server::serve(Socket socket, Door door) {
  sockets_.insert(&socket);
  std::string buffer;
  for (bool more = true; more && !root_.cancelled();) {
    asio::steady_timer timer(io_, std::chrono::milliseconds(buffer.empty() ? limits::kKeepAliveMs : limits::kRequestReadMs));
    auto head_read = co_await (asio::async_read_until(socket, asio::dynamic_buffer(buffer, limits::kRequestHeadBytes), "\r\n\r\n", kTuple) ||
                               timer.async_wait(kTuple));
    if (head_read.index() == 1) break;
    const auto [error, length] = std::get<0>(head_read);
    if (error == asio::error::not_found) {
      const BadRequest bad(431, "the request's head is too long");
      co_await refuse(socket, bad);
      break;
    }
    if (error) break;
    auto head = parse_request_head(std::string_view(buffer).substr(0, length));
    if (!head.ok()) {
      const BadRequest bad(400, head.error().message);
      co_await refuse(socket, bad);
      break;
    }
    buffer.erase(0, length);
    head->request.door = door;
    if (const auto bad = co_await read_body(socket, buffer, *head)) {
      co_await refuse(socket, *bad);
      break;
    }
    more = co_await answer(socket, std::move(*head));
  }
  sockets_.erase(&socket);
}

asio::awaitable<bool> Server::answer(Socket& socket, RequestHead head) {
  if (counts_->running >= limits::kHandlerThreads) {
    const BadRequest bad(503, "too many requests at once");
    co_await refuse(socket, bad);
    co_return false;
  }
  const auto wake = std::make_shared<Wake>(io_);
  const auto exchange = std::make_shared<Exchange>(root_.child(), head.keep_alive, head.request.method == "HEAD", [wake, this] {
    std::lock_guard lock(wake->mutex);
    if (wake->alive) asio::post(io_, [wake] { wake->timer.cancel(); });
  });
  run_handler(std::move(head.request), exchange);
  const auto done = co_await (pump(socket, *exchange, *wake) || watch(socket, *exchange));
  {
    std::lock_guard lock(wake->mutex);
    wake->alive = false;
  }
  co_return done.index() == 0 && std::get<0>(done) && exchange->keep_alive();
}

asio::awaitable<bool> Server::pump(Socket& socket, Exchange& exchange, Wake& wake) {
  for (;;) {
    bool ended = false;
    const std::string bytes = exchange.take(ended);
    if (!bytes.empty()) {
      const auto [error, n] = co_await asio::async_write(socket, asio::buffer(bytes), kTuple);
      (void)n;
      if (error) {
        exchange.client_left();
        co_return false;
      }
      continue;
    }
    if (ended) co_return true;
    wake.timer.expires_at(asio::steady_timer::time_point::max());  // a push posts cancel() only after this wait began
    co_await wake.timer.async_wait(kTuple);
  }
}

asio::awaitable<void> Server::watch(Socket& socket, Exchange& exchange) {
  const auto [error] = co_await socket.async_wait(Socket::wait_read, kTuple);
  if (error == asio::error::operation_aborted && socket.is_open()) co_return;
  char byte;
  if (error || ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0) {
    exchange.client_left();
    co_return;
  }
  asio::steady_timer forever(socket.get_executor(), asio::steady_timer::time_point::max());  // the next request waits its turn
  co_await forever.async_wait(kTuple);
}

void Server::run_handler(HttpRequest request, std::shared_ptr<Exchange> exchange) {
  counts_->running++;
  counts_->touch();
  std::thread([counts = counts_, handler = handler_, request = std::move(request), exchange = std::move(exchange)] {
    try {
      handler(request, *exchange);
    } catch (const std::exception& e) {
      log::error("{} {}: {}", request.method, request.path, e.what());
    }
    exchange->finish_handler();
    counts->touch();
    std::lock_guard lock(counts->mutex);
    counts->running--;
    counts->idle.notify_all();
  }).detach();
}

void Server::stop_listening() {
  asio::post(io_, [this] {
    error_code ignored;
    unix_.close(ignored);
    tcp_.close(ignored);
  });
}

void Server::shut(Duration grace) {
  if (!thread_.joinable()) return;
  stop_listening();
  root_.cancel();
  {
    std::unique_lock lock(counts_->mutex);
    counts_->idle.wait_for(lock, grace, [&] { return counts_->running == 0; });
  }
  // A moment for the last bytes to leave, then every coroutine ends by its socket's error.
  const auto timer = std::make_shared<asio::steady_timer>(io_);
  asio::post(io_, [this, timer] {
    timer->expires_after(std::chrono::milliseconds(20));
    timer->async_wait([this, timer](error_code) {
      error_code ignored;
      for (Socket* socket : sockets_) {
        socket->shutdown(Socket::shutdown_both, ignored);
        socket->cancel(ignored);
      }
    });
  });
  thread_.join();
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::start(const ServerOptions& options, Handler handler) {
  auto server = std::make_unique<Server>(options, std::move(handler));
  WRIGHT_CHECK(server->open());
  return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace wright::daemon
