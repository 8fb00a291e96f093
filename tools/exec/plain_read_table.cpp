// The table of plain reads. A row is added after reading the program's manual: an option stands here only if it can neither
// write, nor start a program, nor take a list of names from a file, nor follow links out of the workspace.
#include "tools/exec/plain_read.h"

namespace wright::tools {

namespace {

constexpr ReadProgram kPrograms[] = {
    {"cat", "AbeEnstTuv", "", "show-all number number-nonblank show-ends show-tabs show-nonprinting squeeze-blank", 'p', -1},
    {"ls", "aAlhrtRSdF1BcfgGikmnNopqQsuvxXCU", "IttTw#T#", "all almost-all human-readable reverse recursive size directory classify? inode full-time "
     "group-directories-first no-group color?t sort=t time=t format=t time-style=t ignore=t hide=t si numeric-uid-gid", 'p', -1},
    {"head", "qvz", "n#c#", "lines=# bytes=# quiet silent verbose zero-terminated", 'p', -1, true},
    {"tail", "qvz", "n#c#", "lines=# bytes=# quiet silent verbose zero-terminated", 'p', -1, true},
    {"wc", "clmwL", "", "bytes chars lines words max-line-length", 'p', -1},
    {"nl", "p", "btntstw#i#v#", "body-numbering=t number-format=t number-separator=t number-width=#", 'p', -1},
    {"tac", "b", "st", "separator=t before", 'p', -1},
    {"rev", "", "", "", 'p', -1},
    {"fold", "bs", "w#", "bytes spaces width=#", 'p', -1},
    {"expand", "i", "t#", "initial tabs=#", 'p', -1},
    {"paste", "sz", "dt", "serial delimiters=t", 'p', -1},
    {"comm", "123z", "", "check-order nocheck-order total output-delimiter=t", 'p', 2},
    {"join", "i", "at1#2#jtottt", "ignore-case header", 'p', 2},
    {"grep", "EFGPivwxclLnHhoqsrabIUTZ", "etfpm#A#B#C#",
     "extended-regexp fixed-strings basic-regexp perl-regexp ignore-case no-ignore-case invert-match word-regexp line-regexp count color?t colour?t "
     "files-with-matches files-without-match max-count=# only-matching quiet silent no-messages byte-offset with-filename no-filename label=t "
     "line-number initial-tab null after-context=# before-context=# context=# text binary-files=t exclude=t exclude-dir=t include=t recursive "
     "regexp=t file=p line-buffered", 'g', -1, true, "r"},
    {"egrep", "ivwxclLnHhoqsraI", "etm#A#B#C#", "ignore-case invert-match count recursive line-number include=t exclude=t exclude-dir=t color?t", 'g', -1, true, "r"},
    {"fgrep", "ivwxclLnHhoqsraI", "etm#A#B#C#", "ignore-case invert-match count recursive line-number include=t exclude=t exclude-dir=t color?t", 'g', -1, true, "r"},
    {"rg", "isSwxclnNHIovFUPpaq0", "etgtttTtA#B#C#m#fpd#rtEtM#",
     "ignore-case case-sensitive smart-case word-regexp line-regexp count count-matches files-with-matches files-without-match line-number "
     "no-line-number with-filename no-filename only-matching invert-match fixed-strings multiline multiline-dotall pcre2 pretty text quiet null "
     "files hidden no-ignore no-ignore-vcs regexp=t glob=t iglob=t type=t type-not=t type-list after-context=# before-context=# context=# "
     "max-count=# max-depth=# max-columns=# max-filesize=# replace=t encoding=t heading no-heading color=t colors=t column no-messages sort=t "
     "sortr=t stats json trim vimgrep no-config passthru no-require-git glob-case-insensitive threads=# file=p", 'g', -1, false, "*"},
    {"find", "", "", "", 'f', -1},
    {"sort", "bdfgiMhnRrVcCmsuz", "ktt", "ignore-leading-blanks dictionary-order ignore-case general-numeric-sort ignore-nonprinting month-sort "
     "human-numeric-sort numeric-sort random-sort reverse version-sort check?t merge stable unique zero-terminated key=t field-separator=t", 'p', -1},
    {"uniq", "cdDuiz", "f#s#w#", "count repeated unique ignore-case zero-terminated skip-fields=# skip-chars=# check-chars=#", 'p', 1},
    {"cut", "snz", "btctdtft", "bytes=t characters=t delimiter=t fields=t complement only-delimited output-delimiter=t", 'p', -1},
    {"tr", "cCdst", "", "complement delete squeeze-repeats truncate-set1", 't', 2},
    {"diff", "qsceunyabBwiEZNtTdpr", "U#C#W#Itxtt", "brief report-identical-files unified?# context?# side-by-side recursive new-file ignore-case "
     "ignore-space-change ignore-all-space ignore-blank-lines ignore-trailing-space ignore-tab-expansion text minimal color?t label=t "
     "exclude=t width=# show-c-function suppress-common-lines strip-trailing-cr expand-tabs ignore-matching-lines=t", 'p', 2, false, "r"},
    {"cmp", "lsb", "n#i#", "verbose silent quiet print-bytes bytes=# ignore-initial=#", 'p', 2},
    {"stat", "ft", "ct", "file-system terse format=t printf=t", 'p', -1},
    {"file", "bikhrN0", "Ft", "brief mime mime-type mime-encoding no-dereference separator=t no-pad keep-going raw", 'p', -1},
    {"du", "abchkmsSx0", "d#Bt", "all apparent-size bytes total human-readable summarize max-depth=# exclude=t one-file-system si time?t block-size=t",
     'p', -1},
    {"df", "ahiklmPT", "", "all human-readable inodes print-type total", 'p', -1},
    {"tree", "adfispughDFQNJCnA", "L#ItPt", "noreport dirsfirst gitignore du prune filelimit=# charset=t", 'p', -1},
    {"pwd", "LP", "", "logical physical", 't', 0},
    {"echo", "neE", "", "", 't', -1},
    {"printf", "", "", "", 'o', -1},
    {"which", "a", "", "", 't', -1},
    {"type", "", "", "", 't', -1},
    {"command", "vV", "", "", 'o', 1},
    {"true", "", "", "", 't', 0},
    {"false", "", "", "", 't', 0},
    {"test", "", "", "", 'o', -1},
    {"[", "", "", "", 'o', -1},
    {"cd", "", "", "", 'o', 1},
    {"basename", "az", "st", "multiple suffix=t zero", 't', -1},
    {"dirname", "z", "", "zero", 't', -1},
    {"realpath", "emszLP", "", "canonicalize-existing canonicalize-missing no-symlinks relative-to=p relative-base=p", 'p', -1},
    {"readlink", "femnsvz", "", "canonicalize canonicalize-existing canonicalize-missing no-newline", 'p', -1},
    {"seq", "w", "stft", "equal-width separator=t format=t", 't', 3, true},
    {"date", "uI", "dt", "utc universal iso-8601?t rfc-3339=t date=t", 'o', 1},
    {"uname", "asnrvmpio", "", "all kernel-name nodename kernel-release kernel-version machine operating-system", 't', 0},
    {"whoami", "", "", "", 't', 0},
    {"id", "ugGnr", "", "user group groups name", 't', 0},
    {"nproc", "", "", "all", 't', 0},
    {"arch", "", "", "", 't', 0},
    {"hexdump", "CbcdovX", "n#s#", "canonical", 'p', -1},
    {"od", "abcdfiloxv", "AtttN#j#w#", "address-radix=t format=t read-bytes=# skip-bytes=# width=#", 'p', -1},
    {"xxd", "abeipu", "", "", 'p', 1},  // its own parser knows no clusters: an option with a value could turn a file into the output
    {"md5sum", "bt", "", "binary text tag", 'p', -1},
    {"sha1sum", "bt", "", "binary text tag", 'p', -1},
    {"sha256sum", "bt", "", "binary text tag", 'p', -1},
    {"sha512sum", "bt", "", "binary text tag", 'p', -1},
    {"b2sum", "bt", "", "binary text tag", 'p', -1},
    {"cksum", "", "", "", 'p', -1},
    {"jq", "rcesnSMCaj", "", "raw-output compact-output exit-status slurp null-input sort-keys monochrome-output color-output tab", 'x', -1},
    {"sed", "nEr", "", "quiet silent regexp-extended", 's', -1},
};

// Through the shell these run with what runs programs switched off (see git_form in plain_read.cpp), and where nothing can be
// written: a clean filter can be switched off by no option.
constexpr std::string_view kDiffLongs =
    "stat?t numstat shortstat name-only name-status cached staged color?t no-color word-diff?t check patch no-patch summary diff-filter=t minimal "
    "patience histogram ignore-space-at-eol ignore-all-space ignore-space-change ignore-blank-lines unified=# abbrev?# find-renames?t raw "
    "no-renames merge-base exit-code quiet compact-summary dirstat?t function-context text full-index";
constexpr std::string_view kLogLongs =
    "oneline graph all stat?t patch no-patch decorate?t no-decorate since=t until=t after=t before=t author=t committer=t grep=t format=t pretty?t "
    "abbrev-commit date=t name-only name-status no-merges merges reverse follow first-parent shortstat numstat max-count=# skip=# color?t no-color "
    "branches tags remotes topo-order date-order simplify-by-decoration diff-filter=t summary relative-date abbrev?# unified=# word-diff?t "
    "all-match invert-grep regexp-ignore-case left-right cherry-pick no-renames find-renames?t";
constexpr ReadProgram kGit[] = {
    {"status", "sbz", "", "short branch porcelain?t long untracked-files?t ignored?t show-stash no-renames ahead-behind", 'p', -1},
    {"diff", "wbpuszaMCR", "U#", kDiffLongs, 'r', -1},
    {"log", "pzwbiEFsum", "n#StGtLtU#", kLogLongs, 'r', -1, true},
    {"show", "pzwbsu", "n#U#", kLogLongs, 'r', -1, true},
    {"blame", "wslefnpMCc", "Lt", "porcelain line-porcelain date=t show-name show-number show-email root", 'r', -1},
    {"shortlog", "sne", "", "summary numbered email all since=t until=t no-merges", 'r', -1},
    {"ls-files", "cdmostuzkv", "xt", "cached deleted modified others stage unmerged exclude-standard full-name error-unmatch eol exclude=t", 'p', -1},
    {"ls-tree", "rtdlz", "", "name-only name-status long full-name full-tree", 'r', -1},
    {"rev-parse", "q", "", "short?# abbrev-ref?t show-toplevel git-dir is-inside-work-tree is-bare-repository show-prefix verify quiet symbolic-full-name all", 'r', -1},
    {"rev-list", "n#", "", "count all max-count=# since=t until=t no-merges first-parent reverse", 'r', -1, true},
    {"branch", "arv", "", "list all remotes verbose show-current sort=t color?t no-color format=t", 'l', -1},
    {"tag", "ln#", "", "list sort=t format=t", 'l', -1},
    {"remote", "v", "", "verbose", 't', 0},
    {"describe", "", "", "tags always long abbrev=# all", 'r', -1},
    {"grep", "nilcwEFGPvhHLIqo", "etA#B#C#", "line-number ignore-case files-with-matches files-without-match count word-regexp extended-regexp fixed-strings "
     "perl-regexp cached untracked heading break show-function and or not color?t no-color max-depth=#", 'g', -1, true, "*"},
    {"cat-file", "tspe", "", "", 'r', 1},
    {"merge-base", "a", "", "all is-ancestor fork-point", 'r', -1},
    {"reflog", "", "n#", "", 't', 0, true},
    {"version", "", "", "", 't', 0},
};

constexpr FindTest kFind[] = {
    {"-name", 1, false}, {"-iname", 1, false}, {"-path", 1, false}, {"-ipath", 1, false}, {"-wholename", 1, false}, {"-regex", 1, false},
    {"-iregex", 1, false}, {"-regextype", 1, false}, {"-type", 1, false}, {"-xtype", 1, false}, {"-size", 1, false}, {"-mtime", 1, false},
    {"-mmin", 1, false}, {"-atime", 1, false}, {"-amin", 1, false}, {"-ctime", 1, false}, {"-cmin", 1, false}, {"-newer", 1, true},
    {"-anewer", 1, true}, {"-cnewer", 1, true}, {"-samefile", 1, true}, {"-maxdepth", 1, false}, {"-mindepth", 1, false}, {"-perm", 1, false},
    {"-user", 1, false}, {"-group", 1, false}, {"-links", 1, false}, {"-inum", 1, false}, {"-lname", 1, false}, {"-ilname", 1, false},
    {"-printf", 1, false}, {"-empty", 0, false}, {"-print", 0, false}, {"-print0", 0, false}, {"-ls", 0, false}, {"-prune", 0, false},
    {"-quit", 0, false}, {"-not", 0, false}, {"!", 0, false}, {"-a", 0, false}, {"-and", 0, false}, {"-o", 0, false}, {"-or", 0, false},
    {"(", 0, false}, {")", 0, false}, {",", 0, false}, {"-true", 0, false}, {"-false", 0, false}, {"-depth", 0, false}, {"-mount", 0, false},
    {"-xdev", 0, false}, {"-readable", 0, false}, {"-writable", 0, false}, {"-executable", 0, false}, {"-daystart", 0, false},
    {"-nouser", 0, false}, {"-nogroup", 0, false}, {"-noleaf", 0, false},
};

}  // namespace

std::span<const ReadProgram> read_programs() { return kPrograms; }
std::span<const ReadProgram> read_git_commands() { return kGit; }
std::span<const FindTest> find_tests() { return kFind; }

}  // namespace wright::tools
