#include <catch2/catch.hpp>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/limits.h"
#include "daemon/api/doors.h"
#include "daemon/api/live_jobs.h"
#include "daemon/api/routes.h"
#include "daemon/api/services.h"
#include "daemon/http/server.h"
#include "daemon/http/unix_client.h"
#include "tests/support/temp_folder.h"

using namespace wright;
using namespace wright::daemon;

namespace {

// A connection to a loopback port that sends bytes as they are.
class Raw {
 public:
  explicit Raw(int port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0);
  }
  ~Raw() { ::close(fd_); }
  void send(std::string_view bytes) { REQUIRE(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size())); }
  std::string read_all() {
    std::string out;
    char bytes[4096];
    for (ssize_t n; (n = ::recv(fd_, bytes, sizeof bytes, 0)) > 0;) out.append(bytes, static_cast<std::size_t>(n));
    return out;
  }
  std::string read_until(std::string_view mark) {
    std::string out;
    char byte;
    while (out.find(mark) == std::string::npos && ::recv(fd_, &byte, 1, 0) == 1) out += byte;
    return out;
  }

 private:
  const int fd_;
};

int status_of(const std::string& reply) { return reply.size() > 12 ? std::atoi(reply.c_str() + 9) : 0; }

// The daemon's routes on a loopback port and a unix socket, with a token.
struct Served {
  test::TempFolder folder;
  Services services{Folders{folder.path() + "/c", folder.path() + "/s", folder.path() + "/k", folder.path() + "/r"}};
  LiveJobs jobs;
  Doors doors;
  DaemonState state{services, jobs, doors, {-1, "secret-secret-secret-secret-secret"}, "build", std::chrono::steady_clock::now(), {}, {}, {}, [](bool) {}};
  std::unique_ptr<HttpServer> server;
  Served() {
    auto started = HttpServer::start({folder.path() + "/sock", 0}, [this](const HttpRequest& q, Responder& r) { dispatch(state, q, r); });
    REQUIRE(started.ok());
    server = std::move(*started);
    state.access.port = server->port();
  }
  std::string fill(std::string text) const {
    const auto put = [&text](const std::string& from, const std::string& to) {
      for (std::size_t at; (at = text.find(from)) != std::string::npos;) text.replace(at, from.size(), to);
    };
    put("{PORT}", std::to_string(server->port()));
    put("{TOKEN}", state.access.token);
    return text;
  }
  std::string ask(const std::string& raw) const {
    Raw client(server->port());
    client.send(fill(raw));
    return client.read_all();
  }
};

struct Case {
  const char* name;
  std::string raw;
  int status;
};
const std::string kGood = "Host: 127.0.0.1:{PORT}\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n";

}  // namespace

TEST_CASE("http: who may call, and what is malformed") {
  const Served served;
  const Case cases[] = {
      {"open route", "GET /health HTTP/1.1\r\nHost: localhost:{PORT}\r\nConnection: close\r\n\r\n", 200},
      {"token", "GET /v1/models HTTP/1.1\r\n" + kGood + "\r\n", 200},
      {"no token", "GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1:{PORT}\r\nConnection: close\r\n\r\n", 401},
      {"wrong token", "GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1:{PORT}\r\nAuthorization: Bearer secret\r\nConnection: close\r\n\r\n", 401},
      {"unknown path without a token tells nothing", "GET /nothing HTTP/1.1\r\nHost: 127.0.0.1:{PORT}\r\nConnection: close\r\n\r\n", 401},
      {"rebound host", "GET /health HTTP/1.1\r\nHost: evil.example:{PORT}\r\nConnection: close\r\n\r\n", 421},
      {"host without the port", "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", 421},
      {"two hosts", "GET /health HTTP/1.1\r\nHost: 127.0.0.1:{PORT}\r\nHost: evil\r\n\r\n", 400},
      {"no host", "GET /health HTTP/1.1\r\n\r\n", 400},
      {"foreign origin", "GET /v1/models HTTP/1.1\r\n" + kGood + "Origin: https://evil.example\r\n\r\n", 403},
      {"own origin", "GET /v1/models HTTP/1.1\r\n" + kGood + "Origin: http://127.0.0.1:{PORT}\r\n\r\n", 200},
      {"null origin", "GET /v1/models HTTP/1.1\r\n" + kGood + "Origin: null\r\n\r\n", 403},
      {"form content type", "POST /v1/completions HTTP/1.1\r\n" + kGood + "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}", 415},
      {"control routes are not here", "POST /api/stop HTTP/1.1\r\n" + kGood + "\r\n", 404},
      {"method", "POST /v1/models HTTP/1.1\r\n" + kGood + "\r\n", 405},
      {"absolute target", "GET http://127.0.0.1@evil/ HTTP/1.1\r\n" + kGood + "\r\n", 400},
      {"dot dot", "GET /v1/%2e%2e/etc HTTP/1.1\r\n" + kGood + "\r\n", 400},
      {"twice encoded", "GET /v1/%252e%252e HTTP/1.1\r\n" + kGood + "\r\n", 404},
      {"NUL in the path", "GET /v1/%00 HTTP/1.1\r\n" + kGood + "\r\n", 400},
      {"folded header", "GET /health HTTP/1.1\r\n" + kGood + "X: a\r\n b\r\n\r\n", 400},
      {"space before the colon", "GET /health HTTP/1.1\r\n" + kGood + "X : a\r\n\r\n", 400},
      {"bare LF", "GET /health HTTP/1.1\r\n" + kGood + "X: a\nY: b\r\n\r\n", 400},
      {"two encodings", "POST /v1/completions HTTP/1.1\r\n" + kGood + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", 400},
      {"length and encoding", "POST /v1/completions HTTP/1.1\r\n" + kGood + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"two lengths", "POST /v1/completions HTTP/1.1\r\n" + kGood + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400},
      {"negative length", "POST /v1/completions HTTP/1.1\r\n" + kGood + "Content-Length: -2\r\n\r\n{}", 400},
      {"100 GiB", "POST /v1/completions HTTP/1.1\r\n" + kGood + "Content-Length: 107374182400\r\n\r\n", 413},
      {"long head", "GET /health HTTP/1.1\r\n" + kGood + "X: " + std::string(limits::kRequestHeadBytes, 'a') + "\r\n\r\n", 431},
      {"bad UTF-8 in JSON", "POST /v1/completions HTTP/1.1\r\n" + kGood + "Content-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"prompt\":\"\xff\xfe\"}", 400},
      {"chunked body", "POST /v1/completions HTTP/1.1\r\n" + kGood + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n", 400},
      {"bad chunk", "POST /v1/completions HTTP/1.1\r\n" + kGood + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
      {"not HTTP", "hello\r\n\r\n", 400},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    const std::string reply = served.ask(c.raw);
    CHECK(status_of(reply) == c.status);
    CHECK(reply.find("frame-ancestors 'none'") != std::string::npos);
  }
}

TEST_CASE("http: a connection is kept, requests on it are answered in order") {
  const Served served;
  Raw client(served.server->port());
  const std::string one = served.fill("GET /health HTTP/1.1\r\nHost: localhost:{PORT}\r\n\r\n");
  client.send(one + one);
  for (int i = 0; i < 2; ++i) CHECK(client.read_until("{\"status\":\"ok\"}").find("200 OK") != std::string::npos);
}

TEST_CASE("http: the unix socket is private and needs no token") {
  const Served served;
  const std::string socket = served.folder.path() + "/sock";
  struct stat status{};
  REQUIRE(::stat(socket.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  const auto reply = unix_fetch(Context(), {socket, "GET", "/api/hello", ""});
  REQUIRE(reply.ok());
  CHECK(reply->status == 200);
  CHECK(reply->body.find("build") != std::string::npos);
}

TEST_CASE("http: a client that leaves cancels its request; stopping ends every request") {
  test::TempFolder folder;
  std::mutex mutex;
  std::condition_variable changed;
  int begun = 0, cancelled = 0;
  auto server = HttpServer::start({"", 0}, [&](const HttpRequest&, Responder& responder) {
    {
      std::lock_guard lock(mutex);
      ++begun;
      changed.notify_all();
    }
    while (!responder.context().done()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::lock_guard lock(mutex);
    ++cancelled;
    changed.notify_all();
  });
  REQUIRE(server.ok());
  const std::string request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  std::unique_lock lock(mutex);
  const auto wait = [&](const int& n, int target) { return changed.wait_for(lock, std::chrono::seconds(10), [&] { return n == target; }); };
  {
    Raw client((*server)->port());
    client.send(request);
    REQUIRE(wait(begun, 1));
  }
  CHECK(wait(cancelled, 1));
  Raw client((*server)->port());
  client.send(request);
  REQUIRE(wait(begun, 2));
  lock.unlock();
  (*server)->stop(std::chrono::seconds(10));
  lock.lock();
  CHECK(cancelled == 2);
}

TEST_CASE("http: a client that reads slowly gets every byte and never holds more than the buffer") {
  std::atomic<bool> all{false};
  constexpr std::size_t kPieces = 300, kPiece = 64 * 1024;
  auto server = HttpServer::start({"", 0}, [&](const HttpRequest&, Responder& responder) {
    responder.begin(200, "text/plain");
    bool ok = true;
    for (std::size_t i = 0; i < kPieces; ++i) ok = ok && responder.write(std::string(kPiece, 'x'));
    all = ok;
    responder.end();
  });
  REQUIRE(server.ok());
  Raw client((*server)->port());
  client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string reply = client.read_all();
  CHECK(all);
  CHECK(static_cast<std::size_t>(std::count(reply.begin(), reply.end(), 'x')) >= kPieces * kPiece);
}

TEST_CASE("jobs: a question waits for its answer, and ends with its job") {
  LiveJobs jobs;
  const Context context;
  const std::string id = jobs.add("run", "/", context);
  std::int64_t number = 0;
  const auto answer = jobs.ask(id, context, {{"text", "ok?"}}, [&](const Json& question) {
    number = question.at("question");
    CHECK(jobs.list()[0].questions.size() == 1);
    CHECK(jobs.answer(id, number, "yes").ok());
  });
  REQUIRE(answer.ok());
  CHECK(*answer == "yes");
  CHECK(jobs.answer(id, number, "again").error().kind == ErrorKind::not_found);
  const auto cancelled = jobs.ask(id, context, Json::object(), [&](const Json&) { CHECK(jobs.cancel(id)); });
  CHECK(cancelled.error().kind == ErrorKind::cancelled);
  jobs.remove(id);
  CHECK(jobs.size() == 0);
}
