// The Python row.
#include "agent/search/grammar.h"

namespace wright::agent::search {

using enum Role;

const Grammar& python_grammar() {
  static const Grammar row{
      .language = tools::Language::python,
      .kinds = {{"binary_operator", binary}, {"boolean_operator", boolean}, {"comparison_operator", comparison}, {"not_operator", negation},
                {"unary_operator", minus}, {"call", call}, {"attribute", attribute}, {"subscript", subscript}, {"slice", slice},
                {"identifier", identifier}, {"integer", integer}, {"float", real}, {"string", string}, {"true", true_}, {"false", false_},
                {"none", null}, {"list", list}, {"tuple", tuple}, {"set", list}, {"dictionary", dictionary}, {"pair", pair},
                {"conditional_expression", ternary}, {"parenthesized_expression", parens}, {"lambda", lambda},
                {"list_comprehension", comprehension}, {"generator_expression", comprehension}, {"set_comprehension", comprehension},
                {"dictionary_comprehension", comprehension}, {"for_in_clause", comprehension_for}, {"if_clause", comprehension_if},
                {"keyword_argument", keyword_argument}, {"argument_list", arguments}, {"list_splat", spread}, {"dictionary_splat", spread},
                {"if_statement", if_}, {"elif_clause", else_if}, {"else_clause", else_}, {"while_statement", while_}, {"for_statement", for_each},
                {"return_statement", return_}, {"expression_statement", expression_statement}, {"assignment", assignment},
                {"augmented_assignment", augmented}, {"block", block}, {"module", block}, {"function_definition", function},
                {"class_definition", class_}, {"break_statement", break_}, {"continue_statement", continue_}, {"raise_statement", raise},
                {"assert_statement", assert_}, {"pass_statement", pass}, {"import_statement", import}, {"import_from_statement", import},
                {"future_import_statement", import}, {"comment", comment}, {"type", type}, {"parameters", parameters},
                {"lambda_parameters", parameters}, {"try_statement", try_}, {"with_statement", with}, {"pattern_list", targets},
                {"tuple_pattern", targets}, {"list_pattern", targets}, {"expression_list", tuple}, {"decorator", type}},
      .and_ = "and", .or_ = "or", .not_ = "not ", .true_ = "True", .false_ = "False", .null_ = "None", .equal = "==", .unequal = "!=", .end = "",
      .indented = true,
      .object_field = "object", .attribute_field = "attribute", .container_field = "value", .index_field = "subscript",
      .guard = "if {c}: {s}", .index_last = "{}[-1]", .is_null = "{} is None", .is_not_null = "{} is not None",
      .operator_groups = {{"<", "<=", ">", ">=", "==", "!="}, {"in", "not in"}, {"is", "is not"}, {"+", "-", "*", "/", "//", "%", "**"},
                          {"&", "|", "^"}, {"<<", ">>"}, {"and", "or"},
                          {"+=", "-=", "*=", "/=", "//=", "%=", "**="}, {"&=", "|=", "^="}},
      .wraps = {{"len({})", kIterable, kNumber, 0}, {"abs({})", kNumber, kNumber, 0}, {"sorted({})", kIterable, kList, 0},
                {"set({})", kIterable, kSet, -1}, {"list({})", kIterable | kObject, kList, -1}, {"tuple({})", kIterable | kObject, kTuple, -1},
                {"sum({})", kList | kTuple | kSet | kMap | kObject, kNumber, -1}, {"max({})", kIterable, kAnyType, -1}, {"min({})", kIterable, kAnyType, -1},
                {"int({})", kNumber | kString | kBool, kNumber, 0}, {"str({})", kAnyType & ~kString, kString, 0}, {"float({})", kNumber | kString, kNumber, -1},
                {"round({})", kNumber, kNumber, -1}, {"bool({})", kAnyType & ~kBool, kBool, -1}, {"reversed({})", kSequence, kObject, -1},
                {"any({})", kList | kTuple | kSet, kBool, -1}, {"all({})", kList | kTuple | kSet, kBool, -1}, {"max({}, 0)", kNumber, kNumber, -1},
                {"max({}, 1)", kNumber, kNumber, -1}, {"min({}, 0)", kNumber, kNumber, -2}, {"enumerate({})", kIterable, kObject, -2},
                {"[{}]", kAnyType & ~kFunction, kList, -1}, {"sorted({}, reverse=True)", kIterable, kList, -2}, {"sorted({}, key=len)", kIterable, kList, -2}},
      .methods = {{"{}.lower()", kString, kString, 0}, {"{}.upper()", kString, kString, 0}, {"{}.swapcase()", kString, kString, -1},
                  {"{}.strip()", kString, kString, 0}, {"{}.split()", kString, kList, 0}, {"{}.items()", kMap, kObject, 0},
                  {"{}.keys()", kMap, kObject, 0}, {"{}.values()", kMap, kObject, 0}, {"{}.copy()", kList | kMap | kSet, kAnyType, 0},
                  {"{}.title()", kString, kString, -2}, {"{}.capitalize()", kString, kString, -2}},
      .slices = {{"{}[1:]", kSequence, kSequence, 0}, {"{}[:-1]", kSequence, kSequence, 0}, {"{}[::-1]", kSequence, kSequence, 0},
                 {"{}[:]", kSequence, kSequence, 0}, {"{}[0]", kIterable, kAnyType, 0}, {"{}[-1]", kSequence, kAnyType, 0}, {"{}[1]", kSequence, kAnyType, -1},
                 {"{}[2:]", kSequence, kSequence, -2}},
      .halves = {{"{} / 2", kNumber, kNumber, 0}, {"{} // 2", kNumber, kNumber, 0}, {"{} * 2", kNumber, kNumber, 0}, {"{} % 2", kNumber, kNumber, -1},
                 {"{} ** 2", kNumber, kNumber, 0}, {"{} ** 3", kNumber, kNumber, -1}, {"{} % 10", kNumber, kNumber, -1}, {"{} // 10", kNumber, kNumber, -1},
                 {"{} * 10", kNumber, kNumber, -1}},
      .siblings = {{{"min", "max", "sum", "len"}}, {{"any", "all"}}, {{"sorted", "reversed", "list", "set"}}, {{"int", "float", "round", "str", "abs"}},
                   {{"floor", "ceil", "trunc"}}, {{"append", "extend", "appendleft", "add", "insert"}}, {{"pop", "popleft"}}, {{"lower", "upper", "swapcase", "title", "capitalize"}},
                   {{"startswith", "endswith"}}, {{"strip", "lstrip", "rstrip"}}, {{"find", "rfind", "index", "count"}}, {{"keys", "values", "items"}},
                   {{"isupper", "islower", "isalpha", "isdigit", "isalnum", "isspace"}}, {{"add", "discard", "remove", "update"}}, {{"union", "intersection", "difference"}},
                   {{"heappush", "heappop", "heappushpop", "heapreplace"}}, {{"list", "tuple", "set", "sorted"}}, {{"split", "rsplit", "splitlines"}}, {{"sin", "cos", "tan"}},
                   {{"zip", "zip_longest"}}, {{"ord", "chr"}}, {{"bin", "hex", "oct", "str"}}, {{"get", "setdefault", "pop"}}},
      .keywords = {{"sorted", "reverse=True"}, {"sort", "reverse=True"}, {"sorted", "key=len"}, {"sort", "key=len"}, {"sorted", "key=abs"}, {"max", "key=len"},
                   {"min", "key=len"}, {"max", "default=0"}, {"min", "default=0"}, {"sorted", "key=str"}, {"print", "end=''"}, {"max", "key=abs"}},
      .types = {{"len", kNumber}, {"sum", kNumber}, {"abs", kNumber}, {"int", kNumber}, {"float", kNumber}, {"round", kNumber}, {"ord", kNumber}, {"pow", kNumber},
                {"str", kString}, {"chr", kString}, {"bin", kString}, {"hex", kString}, {"repr", kString}, {"sorted", kList}, {"list", kList}, {"set", kSet}, {"dict", kMap},
                {"tuple", kTuple}, {"range", kObject | kList}, {"zip", kObject}, {"enumerate", kObject}, {"map", kObject}, {"filter", kObject}, {"any", kBool}, {"all", kBool},
                {"isinstance", kBool}, {"bool", kBool}, {"input", kString}, {".split", kList}, {".join", kString}, {".lower", kString}, {".upper", kString},
                {".strip", kString}, {".replace", kString}, {".format", kString}, {".index", kNumber}, {".count", kNumber}, {".find", kNumber}, {".startswith", kBool},
                {".endswith", kBool}, {".isdigit", kBool}, {".isalpha", kBool}, {".isupper", kBool}, {".islower", kBool}, {".keys", kObject}, {".items", kObject},
                {".values", kObject}, {".floor", kNumber}, {".ceil", kNumber}, {".sqrt", kNumber}},
      .inserted = {"{} += 1", "{} -= 1", "{}.sort()", "{}.reverse()", "{}.pop()", "{}.clear()", "{} = {}[::-1]", "{} = []", "{} = 0", "{} = sorted({})"},
  };
  return row;
}

}  // namespace wright::agent::search
