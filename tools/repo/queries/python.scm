; A name bound at module level, a class, a function; what is called counts as a reference.
(class_definition name: (identifier) @name) @def.class
(function_definition name: (identifier) @name) @def.function
(module (expression_statement (assignment left: (identifier) @name)) @def.constant)
(class_definition body: (block (expression_statement (assignment left: (identifier) @name)) @def.field))

(call function: (identifier) @name) @ref.call
(call function: (attribute attribute: (identifier) @name)) @ref.call
