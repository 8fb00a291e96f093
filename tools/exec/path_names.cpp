#include "tools/exec/path_names.h"

#include <fnmatch.h>

#include <algorithm>
#include <vector>

#include "base/utf8.h"
#include "tools/fs/workspace.h"

namespace wright::tools {

namespace {

constexpr std::string_view kControl[] = {
    // git, and what it starts
    ".git", ".gitmodules", ".gitattributes", ".gitconfig", ".husky", ".pre-commit-config.yaml", "lefthook.yml", ".lefthook.yml",
    ".lefthook",
    // continuous integration
    ".github/workflows", ".github/actions", ".gitlab-ci.yml", ".circleci", ".travis.yml", ".buildkite", ".drone.yml",
    ".woodpecker", ".woodpecker.yml", "jenkinsfile", "azure-pipelines.yml", "bitbucket-pipelines.yml", ".appveyor.yml",
    // editors
    ".vscode", ".idea", ".zed", ".fleet", ".devcontainer", ".devcontainer.json", ".exrc", ".vimrc", ".nvimrc", ".nvim.lua",
    ".dir-locals.el", ".clangd",
    // shells and programs that read the folder they stand in
    ".envrc", ".direnv", ".mise.toml", ".bashrc", ".bash_profile", ".profile", ".zshrc", ".zshenv", ".zprofile", ".npmrc",
    ".yarnrc", ".yarnrc.yml", ".pypirc", ".netrc", ".ripgreprc", ".ssh", ".gnupg",
    // agents: their settings, servers and instructions
    ".wright", ".mcp.json", ".claude", ".claude-plugin", ".codex", ".cursor", ".cursorrules", ".gemini", ".opencode",
    "opencode.json", ".continue", ".roo", ".clinerules", ".windsurfrules", ".aider.conf.yml", "agents.md",
    "agents.override.md", "claude.md", "claude.local.md", "gemini.md", ".github/copilot-instructions.md"};

constexpr const char* kSecrets[] = {".env", ".env.*", "*.env", ".envrc", ".netrc", "_netrc", ".npmrc", ".pypirc", ".pgpass", ".git-credentials",
                                    ".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".vault-token", "*.pem", "*.key", "*.p12",
                                    "*.pfx", "*.jks", "*.keystore", "*.kdbx", "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*",
                                    "credentials", "credentials.json", "credentials.toml", ".htpasswd", "*.ovpn", ".password-store",
                                    ".wright", "secrets.json", "secrets.y*ml", "secrets.toml"};
constexpr const char* kNotSecret[] = {".env.example", ".env.sample", ".env.template", ".env.dist", ".env.test.example"};

std::string folded(std::string_view component) {
  std::string out;
  for (std::size_t i = 0; i < component.size();) {
    const auto d = utf8::decode(component, i);
    const char32_t c = d.code;
    const bool invisible = (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
    if (c < 0x80) out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : static_cast<char>(c);
    else if (c == 0x17f) out += 's';     // letters that fold to ASCII on some file systems
    else if (c == 0x212a) out += 'k';
    else if (!invisible) out.append(component.substr(i, d.length));
    i += d.length;
  }
  if (const auto stream = out.find(':'); stream != out.npos) out.resize(stream);
  while (!out.empty() && (out.back() == '.' || out.back() == ' ') && out != "." && out != "..") out.pop_back();
  return out;
}

std::vector<std::string> folded_components(std::string_view path) {
  std::vector<std::string> out;
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find_first_of("/\\"), path.size());
    if (slash > 0 && path.substr(0, slash) != ".") out.push_back(folded(path.substr(0, slash)));
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return out;
}

}  // namespace

std::string clean_path(std::string_view path, std::string_view base, std::string_view home) {
  std::string full;
  if (path == "~" || path.starts_with("~/")) full = std::string(home) + std::string(path.substr(1));
  else if (path.starts_with('/')) full = path;
  else full = std::string(base) + "/" + std::string(path);
  std::vector<std::string_view> parts;
  std::string_view rest = full;
  while (!rest.empty()) {
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    const std::string_view part = rest.substr(0, slash);
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.push_back(part);
    }
    rest.remove_prefix(std::min(slash + 1, rest.size()));
  }
  std::string out;
  for (const auto part : parts) out.append("/").append(part);
  return out.empty() ? "/" : out;
}

bool path_inside(std::string_view path, std::string_view folder) {
  while (folder.size() > 1 && folder.ends_with('/')) folder.remove_suffix(1);
  return path == folder || folder == "/" || (path.starts_with(folder) && path.size() > folder.size() && path[folder.size()] == '/');
}

std::string path_below(std::string_view path, std::string_view folder) {
  while (folder.ends_with('/')) folder.remove_suffix(1);
  if (path.size() <= folder.size()) return "";
  return std::string(path.substr(folder.size() + 1));
}

std::span<const std::string_view> control_names() { return kControl; }

std::string_view control_name_in(std::string_view relative) {
  if (Workspace::in_git_folder(relative)) return ".git";
  const auto parts = folded_components(relative);
  for (const auto name : kControl) {
    const auto slash = name.find('/');
    const std::string_view first = name.substr(0, slash), second = slash == name.npos ? "" : name.substr(slash + 1);
    for (std::size_t i = 0; i < parts.size(); ++i)
      if (parts[i] == first && (second.empty() || (i + 1 < parts.size() && parts[i + 1] == second))) return name;
  }
  // NTFS short names of the dotted ones: GITMOD~1, VSCODE~1.
  for (const auto& part : parts)
    if (const auto tilde = part.find('~'); tilde != part.npos && tilde >= 2 && tilde + 1 < part.size() && part[tilde + 1] >= '1' && part[tilde + 1] <= '9')
      for (const auto name : kControl)
        if (name.starts_with('.') && name.substr(1, std::min<std::size_t>(tilde, 6)) == part.substr(0, tilde)) return name;
  return "";
}

bool test_file(std::string_view relative) {
  static constexpr std::string_view kFolders[] = {"test", "tests", "spec", "specs", "__tests__", "testing", "testdata", "fixtures", "e2e", "cypress"};
  static constexpr const char* kFiles[] = {"test_*", "*_test.*", "*.test.*", "*.spec.*", "*_spec.*", "*tests.*", "*test.java", "conftest.py", "pytest.ini",
                                           "tox.ini", "noxfile.py", "jest.config.*", "vitest.config.*", "karma.conf.*", ".mocharc*", "phpunit.xml*",
                                           "ctesttestfile.cmake", "playwright.config.*", ".rspec", ".coveragerc"};
  const auto parts = folded_components(relative);
  for (std::size_t i = 0; i + 1 < parts.size(); ++i)
    if (std::find(std::begin(kFolders), std::end(kFolders), parts[i]) != std::end(kFolders)) return true;
  return !parts.empty() && std::any_of(std::begin(kFiles), std::end(kFiles), [&](const char* p) { return ::fnmatch(p, parts.back().c_str(), 0) == 0; });
}

bool likely_secret(std::string_view path) {
  if (Workspace::in_git_folder(path)) return true;
  for (const auto& part : folded_components(path)) {
    const auto matches = [&](const char* pattern) { return ::fnmatch(pattern, part.c_str(), 0) == 0; };
    if (std::any_of(std::begin(kNotSecret), std::end(kNotSecret), matches)) continue;
    if (std::any_of(std::begin(kSecrets), std::end(kSecrets), matches)) return true;
  }
  return false;
}

}  // namespace wright::tools
