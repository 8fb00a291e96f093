// The JavaScript row.
#include "agent/search/grammar.h"

namespace wright::agent::search {

using enum Role;

const Grammar& javascript_grammar() {
  static const Grammar row{
      .language = tools::Language::javascript,
      .kinds = {{"binary_expression", binary}, {"unary_expression", minus}, {"update_expression", update}, {"call_expression", call}, {"new_expression", new_},
                {"member_expression", attribute}, {"subscript_expression", subscript}, {"identifier", identifier}, {"property_identifier", property},
                {"number", integer}, {"string", string}, {"template_string", string}, {"regex", regex}, {"true", true_}, {"false", false_}, {"null", null},
                {"undefined", null}, {"this", null}, {"array", list}, {"object", dictionary}, {"pair", pair}, {"ternary_expression", ternary},
                {"parenthesized_expression", parens}, {"arrow_function", function}, {"function_expression", function}, {"arguments", arguments},
                {"spread_element", spread}, {"if_statement", if_}, {"else_clause", else_}, {"while_statement", while_}, {"do_statement", while_},
                {"for_statement", for_}, {"for_in_statement", for_each}, {"return_statement", return_}, {"expression_statement", expression_statement},
                {"assignment_expression", assignment}, {"augmented_assignment_expression", augmented}, {"lexical_declaration", declaration},
                {"variable_declaration", declaration}, {"variable_declarator", declarator}, {"statement_block", block}, {"program", block},
                {"function_declaration", function}, {"generator_function_declaration", function}, {"method_definition", function},
                {"class_declaration", class_}, {"class", class_}, {"class_body", class_}, {"break_statement", break_}, {"continue_statement", continue_},
                {"throw_statement", raise}, {"empty_statement", pass}, {"import_statement", import}, {"export_statement", other}, {"comment", comment},
                {"formal_parameters", parameters}, {"try_statement", try_}, {"switch_statement", switch_}, {"array_pattern", targets},
                {"object_pattern", targets}, {"sequence_expression", tuple}},
      .and_ = "&&", .or_ = "||", .not_ = "!", .true_ = "true", .false_ = "false", .null_ = "null", .equal = "===", .unequal = "!==", .end = ";",
      .indented = false,
      .object_field = "object", .attribute_field = "property", .container_field = "object", .index_field = "index",
      .guard = "if ({c}) {s}", .index_last = "{}[{}.length - 1]", .concat = ".concat(",
      .operator_groups = {{"<", "<=", ">", ">=", "==", "!="}, {"<", "<=", ">", ">=", "===", "!=="}, {"==", "==="}, {"!=", "!=="},
                          {"+", "-", "*", "/", "%", "**"}, {"&", "|", "^"}, {"<<", ">>", ">>>"}, {"&&", "||"}, {"&&", "||", "??"},
                          {"+=", "-=", "*=", "/=", "%=", "**="}, {"&=", "|=", "^="}, {"++", "--"}},
      .wraps = {{"{}.length", kSequence, kNumber, 0}, {"Math.abs({})", kNumber, kNumber, 0}, {"Math.floor({})", kNumber, kNumber, 0},
                {"Math.ceil({})", kNumber, kNumber, 0}, {"Math.round({})", kNumber, kNumber, -1}, {"Number({})", kString | kBool, kNumber, -1},
                {"String({})", kAnyType & ~kString, kString, -1}, {"parseInt({})", kString, kNumber, -1}, {"Math.max({}, 0)", kNumber, kNumber, -1},
                {"Math.max({}, 1)", kNumber, kNumber, -2}, {"Math.max(...{})", kList, kNumber, -2}, {"Math.min(...{})", kList, kNumber, -2},
                {"new Set({})", kList | kString, kSet, -2}, {"[...{}]", kIterable | kObject, kList, -1}, {"[{}]", kAnyType & ~kFunction, kList, -2},
                {"Object.keys({})", kMap | kObject, kList, -1}, {"Object.values({})", kMap | kObject, kList, -1}, {"Math.sqrt({})", kNumber, kNumber, -2}},
      .methods = {{"{}.toLowerCase()", kString, kString, 0}, {"{}.toUpperCase()", kString, kString, 0}, {"{}.trim()", kString, kString, 0},
                  {"{}.sort()", kList, kList, -1}, {"{}.sort((a, b) => a - b)", kList, kList, 0}, {"{}.sort((a, b) => b - a)", kList, kList, -1},
                  {"{}.reverse()", kList, kList, 0}, {"{}.split('')", kString, kList, -1}, {"{}.join('')", kList, kString, -1},
                  {"{}.toString()", kNumber | kBool, kString, -1}, {"{}.filter(Boolean)", kList, kList, -2}, {"{}.slice()", kList, kList, -1},
                  {"{}.flat()", kList, kList, -2}},
      .slices = {{"{}.slice(1)", kString | kList, kString | kList, 0}, {"{}.slice(0, -1)", kString | kList, kString | kList, 0},
                 {"{}[0]", kSequence, kAnyType, 0}, {"{}[{}.length - 1]", kSequence, kAnyType, -1}, {"{}[1]", kSequence, kAnyType, -1}},
      .halves = {{"{} / 2", kNumber, kNumber, 0}, {"Math.floor({} / 2)", kNumber, kNumber, -1}, {"{} * 2", kNumber, kNumber, 0}, {"{} % 2", kNumber, kNumber, -1},
                 {"{} ** 2", kNumber, kNumber, -1}, {"{} / 10", kNumber, kNumber, -1}, {"{} % 10", kNumber, kNumber, -1}, {"{} * 10", kNumber, kNumber, -1},
                 {"Math.pow({}, 2)", kNumber, kNumber, -1}, {"Math.pow({}, 3)", kNumber, kNumber, -2}},
      .siblings = {{{"min", "max"}}, {{"some", "every"}}, {{"floor", "ceil", "round", "trunc"}}, {{"push", "unshift"}}, {{"pop", "shift"}},
                   {{"toLowerCase", "toUpperCase"}}, {{"startsWith", "endsWith", "includes"}}, {{"indexOf", "lastIndexOf"}}, {{"slice", "splice", "substring"}},
                   {{"map", "filter", "forEach"}}, {{"find", "filter", "findIndex"}}, {{"keys", "values", "entries"}}, {{"trim", "trimStart", "trimEnd"}},
                   {{"reduce", "reduceRight"}}, {{"add", "delete", "has"}}, {{"get", "has"}}, {{"parseInt", "parseFloat", "Number"}}, {{"padStart", "padEnd"}},
                   {{"abs", "sqrt", "floor"}}, {{"replace", "replaceAll"}}, {{"length", "size"}}, {{"shift", "pop"}}, {{"sin", "cos", "tan"}}},
      .keywords = {{"sort", "(a, b) => a - b"}, {"sort", "(a, b) => b - a"}, {"parseInt", "10"}, {"toString", "2"}, {"reduce", "0"}, {"fill", "0"}},
      .types = {{"Number", kNumber}, {"parseInt", kNumber}, {"parseFloat", kNumber}, {"String", kString}, {"Boolean", kBool}, {".length", kNumber}, {".indexOf", kNumber},
                {".lastIndexOf", kNumber}, {".charCodeAt", kNumber}, {".floor", kNumber}, {".ceil", kNumber}, {".round", kNumber}, {".abs", kNumber}, {".pow", kNumber},
                {".sqrt", kNumber}, {".max", kNumber}, {".min", kNumber}, {".trunc", kNumber}, {".toLowerCase", kString}, {".toUpperCase", kString}, {".join", kString},
                {".trim", kString}, {".charAt", kString}, {".toString", kString}, {".substring", kString}, {".replace", kString}, {".split", kList}, {".map", kList},
                {".filter", kList}, {".concat", kString | kList}, {".keys", kObject | kList}, {".values", kObject | kList}, {".includes", kBool}, {".startsWith", kBool},
                {".endsWith", kBool}, {".some", kBool}, {".every", kBool}, {".has", kBool}, {".isArray", kBool}, {".from", kList}, {".reverse", kList}, {".sort", kList},
                {".fromCharCode", kString}, {".repeat", kString}, {".padStart", kString}, {".size", kNumber}, {".toFixed", kString}, {".push", kNumber}},
      .inserted = {"{} += 1", "{} -= 1", "{}.sort((a, b) => a - b)", "{}.sort()", "{}.reverse()", "{}.pop()", "{}.shift()", "{} = []", "{} = 0"},
  };
  return row;
}

}  // namespace wright::agent::search
