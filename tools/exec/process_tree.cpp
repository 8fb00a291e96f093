#include "tools/exec/process_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

namespace wright::tools {

namespace {

constexpr unsigned kQueue = 4096;  // processes looked at; more are too many for any limit

struct Queue {
  pid_t pids[kQueue];
  unsigned size = 0;
  bool full = false;
};

void push(pid_t pid, void* data) {
  Queue& queue = *static_cast<Queue*>(data);
  if (queue.size == kQueue) queue.full = true;
  else queue.pids[queue.size++] = pid;
}

// "/proc/PID/task" or "/proc/PID/task/TID", without the C library's formatting.
char* append(char* at, const char* text) {
  const std::size_t n = std::strlen(text);
  std::memcpy(at, text, n + 1);
  return at + n;
}
char* append(char* at, pid_t number) {
  char digits[16];
  int n = 0;
  do digits[n++] = static_cast<char>('0' + number % 10);
  while ((number /= 10) > 0);
  while (n > 0) *at++ = digits[--n];
  *at = 0;
  return at;
}

}  // namespace

void each_child(const char* task, void (*visit)(pid_t pid, void* data), void* data) {
  char path[96], buffer[4096];
  append(append(path, task), "/children");
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  pid_t pid = 0;
  for (ssize_t n; (n = ::read(fd, buffer, sizeof buffer)) > 0;)
    for (ssize_t i = 0; i < n; ++i) {
      if (buffer[i] >= '0' && buffer[i] <= '9') pid = pid * 10 + (buffer[i] - '0');
      else if (pid > 0) visit(pid, data), pid = 0;
    }
  ::close(fd);
}

bool tree_exceeds(unsigned most) {
  static Queue queue;  // of the one shepherd
  queue.size = 0;
  queue.full = false;
  push(::getpid(), &queue);
  unsigned count = 0;
  for (unsigned i = 0; i < queue.size; ++i) {
    char folder[64], buffer[4096];
    append(append(append(folder, "/proc/"), queue.pids[i]), "/task");
    const int fd = ::open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) continue;  // gone meanwhile
    for (long n; (n = ::syscall(SYS_getdents64, fd, buffer, sizeof buffer)) > 0;)
      for (long at = 0; at < n;) {
        const auto* entry = reinterpret_cast<const dirent64*>(buffer + at);
        at += entry->d_reclen;
        if (entry->d_name[0] < '0' || entry->d_name[0] > '9') continue;
        if (i > 0) ++count;
        char task[96];
        append(append(append(task, folder), "/"), entry->d_name);
        each_child(task, push, &queue);
      }
    ::close(fd);
    if (count > most || queue.full) return true;
  }
  return false;
}

}  // namespace wright::tools
