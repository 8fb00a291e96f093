// Rows of Java, C and C++: enough for comparisons, operators, literals, off-by-one and names. Prepared, not claimed: no measured set yet.
#include "agent/search/grammar.h"

namespace wright::agent::search {

using enum Role;

namespace {

Grammar c_family(tools::Language language) {
  Grammar row{
      .language = language,
      .kinds = {{"binary_expression", binary}, {"unary_expression", minus}, {"update_expression", update}, {"call_expression", call},
                {"field_expression", attribute}, {"subscript_expression", subscript}, {"identifier", identifier}, {"field_identifier", property},
                {"number_literal", integer}, {"string_literal", string}, {"true", true_}, {"false", false_}, {"null", null},
                {"conditional_expression", ternary}, {"parenthesized_expression", parens}, {"condition_clause", condition_parens},
                {"argument_list", arguments}, {"if_statement", if_}, {"else_clause", else_}, {"while_statement", while_}, {"do_statement", while_},
                {"for_statement", for_}, {"for_range_loop", for_each}, {"return_statement", return_}, {"expression_statement", expression_statement},
                {"assignment_expression", assignment}, {"declaration", declaration}, {"init_declarator", declarator}, {"compound_statement", block},
                {"translation_unit", block}, {"function_definition", function}, {"break_statement", break_}, {"continue_statement", continue_},
                {"throw_statement", raise}, {"preproc_include", import}, {"comment", comment}, {"parameter_list", parameters},
                {"primitive_type", type}, {"type_identifier", type}, {"template_type", type}, {"switch_statement", switch_}, {"lambda_expression", lambda}},
      .and_ = "&&", .or_ = "||", .not_ = "!", .true_ = "true", .false_ = "false", .null_ = "nullptr", .equal = "==", .unequal = "!=", .end = ";",
      .indented = false,
      .object_field = "argument", .attribute_field = "field", .container_field = "argument", .index_field = "index",
      .guard = "if ({c}) {s}", .index_last = "{}.back()",
      .operator_groups = {{"<", "<=", ">", ">=", "==", "!="}, {"+", "-", "*", "/", "%"}, {"&", "|", "^"}, {"<<", ">>"}, {"&&", "||"},
                          {"=", "+=", "-=", "*=", "/=", "%="}, {"++", "--"}},
      .halves = {{"{} / 2", kNumber, kNumber, 0}, {"{} * 2", kNumber, kNumber, 0}, {"{} % 2", kNumber, kNumber, -1}},
      .siblings = {{{"min", "max"}}, {{"floor", "ceil", "round"}}, {{"push_back", "push_front"}}, {{"front", "back"}}, {{"begin", "end"}}},
  };
  return row;
}

Grammar java() {
  Grammar row = c_family(tools::Language::java);
  row.kinds = {{"binary_expression", binary}, {"unary_expression", minus}, {"update_expression", update}, {"method_invocation", call},
               {"field_access", attribute}, {"array_access", subscript}, {"identifier", identifier}, {"decimal_integer_literal", integer},
               {"decimal_floating_point_literal", real}, {"string_literal", string}, {"true", true_}, {"false", false_}, {"null_literal", null},
               {"ternary_expression", ternary}, {"parenthesized_expression", parens}, {"argument_list", arguments}, {"if_statement", if_},
               {"while_statement", while_}, {"do_statement", while_}, {"for_statement", for_}, {"enhanced_for_statement", for_each},
               {"return_statement", return_}, {"expression_statement", expression_statement}, {"assignment_expression", assignment},
               {"local_variable_declaration", declaration}, {"variable_declarator", declarator}, {"block", block}, {"program", block},
               {"constructor_body", block}, {"class_body", class_}, {"method_declaration", function}, {"constructor_declaration", function},
               {"class_declaration", class_}, {"break_statement", break_}, {"continue_statement", continue_}, {"throw_statement", raise},
               {"import_declaration", import}, {"package_declaration", import}, {"line_comment", comment}, {"block_comment", comment},
               {"formal_parameters", parameters}, {"type_identifier", type}, {"generic_type", type}, {"integral_type", type},
               {"floating_point_type", type}, {"array_type", type}, {"switch_expression", switch_}, {"lambda_expression", lambda}};
  row.null_ = "null";
  row.object_field = "object";
  row.attribute_field = "field";
  row.container_field = "array";
  row.siblings = {{{"min", "max"}}, {{"floor", "ceil", "round"}}, {{"add", "addFirst", "addLast"}}, {{"startsWith", "endsWith"}},
                  {{"indexOf", "lastIndexOf"}}, {{"toLowerCase", "toUpperCase"}}, {{"poll", "peek"}}, {{"removeFirst", "removeLast"}}};
  return row;
}

}  // namespace

const std::vector<Grammar>& prepared_grammars() {
  static const std::vector<Grammar> rows{c_family(tools::Language::c), c_family(tools::Language::cpp), java()};
  return rows;
}

}  // namespace wright::agent::search
