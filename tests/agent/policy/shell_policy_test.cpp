#include <catch2/catch.hpp>

#include "agent/approval.h"
#include "agent/shell_policy.h"

using wright::agent::why_not_plain_read;

TEST_CASE("shell policy: plain reads pass, everything else asks") {
  for (const char* good : {"ls -la", "cat 'file with spaces.txt' | wc -l", "uniq in.txt", "diff a.txt b.txt", "true && pwd", "cat ./a"})
    CHECK(why_not_plain_read(good) == "");
  for (const char* bad : {"uniq in.txt out.txt", "ls\ntouch H", "ls $(touch H)", "cat /etc/passwd", "cat ../x", "cat .env", "ls > x", "touch H",
                          "X=1 ls", "ls & touch H", "cat ~/.ssh/id", "cat a/.git/config", "ls `x`", "", "ls |& tee x", "cat --x", "ls *"})
    CHECK(why_not_plain_read(bad) != "");
}

TEST_CASE("modes have names") {
  CHECK(*wright::agent::mode_from_string("auto-edit") == wright::agent::Mode::auto_edit);
  CHECK_FALSE(wright::agent::mode_from_string("x").ok());
}
