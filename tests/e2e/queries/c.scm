; What firn code query must match as tree-sitter's own cursor does: a pattern a line.
(goto_statement (statement_identifier) @label) @goto
(function_definition declarator: (function_declarator declarator: (identifier) @name)) @f
(if_statement condition: (_) @c alternative: (else_clause) @e)
(if_statement !alternative) @noelse
(call_expression function: (identifier) @f arguments: (argument_list . (_) @first))
(call_expression arguments: (argument_list (_) @last .))
(parameter_list (parameter_declaration) @a . (parameter_declaration) @b)
(argument_list (string_literal)* @s)
((comment)+ @doc . (function_definition) @fn)
(struct_specifier name: (type_identifier) @n body: (field_declaration_list (field_declaration)+ @fields))
[ (for_statement) (while_statement) (do_statement) ] @loop
(binary_expression left: (_) @l operator: ["&&" "||"] @op right: (_) @r)
((identifier) @null (#eq? @null "NULL"))
((call_expression function: (identifier) @f) (#match? @f "^k.?alloc$"))
((identifier) @x (#any-of? @x "foo" "ret" "err"))
(ERROR) @error
(MISSING) @missing
(ERROR (identifier) @inerr)
(translation_unit (declaration)? @d (function_definition) @f2)
(_ (return_statement) @r) @parent
(compound_statement . (declaration) @firstdecl)
(assignment_expression left: (identifier) @l right: (identifier) @r (#eq? @l @r))
(switch_statement body: (compound_statement (case_statement value: (_) @v)*))
(initializer_list (_)? @i1 . (initializer_pair value: (_) @v))
((comment) @c . (_)? @next)
(preproc_ifdef name: (identifier) @g (preproc_def)* @defs)
(field_declaration declarator: [(field_identifier) @n (pointer_declarator (field_identifier) @p) (array_declarator (_) @arr)])
(case_statement . "case" @kw (_) @val . ":" @colon)
(argument_list "(" . ")") @empty
(conditional_expression (_) @a "?" (_) @b)
(return_statement (expression) @e)
(call_expression arguments: (argument_list (expression/identifier) @a))
(expression/call_expression) @c
(type_specifier) @t
(statement) @s
(initializer_pair designator: (_) @d value: (_) @v)
(initializer_pair designator: (_)* @d)
(compound_statement (statement) @last .)
