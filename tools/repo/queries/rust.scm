(struct_item name: (type_identifier) @name) @def.struct
(enum_item name: (type_identifier) @name) @def.enum
(enum_variant name: (identifier) @name) @def.enumerator
(union_item name: (type_identifier) @name) @def.struct
(type_item name: (type_identifier) @name) @def.type
(trait_item name: (type_identifier) @name) @def.interface
(impl_item type: (type_identifier) @name) @def.implementation
(impl_item type: (generic_type type: (type_identifier) @name)) @def.implementation
(mod_item name: (identifier) @name) @def.module
(macro_definition name: (identifier) @name) @def.macro
(function_item name: (identifier) @name) @def.function
(function_signature_item name: (identifier) @name) @def.declaration
(const_item name: (identifier) @name) @def.constant
(static_item name: (identifier) @name) @def.constant
(field_declaration name: (field_identifier) @name) @def.field

(call_expression function: (identifier) @name) @ref.call
(call_expression function: (field_expression field: (field_identifier) @name)) @ref.call
(call_expression function: (scoped_identifier name: (identifier) @name)) @ref.call
(call_expression function: (generic_function function: (identifier) @name)) @ref.call
(macro_invocation macro: (identifier) @name) @ref.call
(impl_item trait: (type_identifier) @name) @ref.type
(struct_expression name: (type_identifier) @name) @ref.type
(type_identifier) @name @ref.type
