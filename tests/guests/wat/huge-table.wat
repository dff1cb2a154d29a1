;; An agent whose table has ten million elements from the start: no instance of it fits into the limit of table elements.
(component
  (type $fields (record (field "run" string) (field "prompt" string) (field "context" string)))
  (import "task" (type $task (eq $fields)))
  (core module $module
    (memory (export "memory") 2)
    (table 10000000 funcref)
    ;; The task goes to the second page and is never looked at.
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 0x10000)
    ;; At 16: what `run` returns, which is `ok("the table is there")`.
    (data (i32.const 16) "\00\00\00\00\00\01\00\00\12\00\00\00")
    (data (i32.const 256) "the table is there")
    (func (export "run") (param i32 i32 i32 i32 i32 i32) (result i32) i32.const 16))
  (core instance $brain (instantiate $module))
  (func (export "run") (param "task" $task) (result (result string (error string)))
    (canon lift (core func $brain "run")
      (memory (core memory $brain "memory")) (realloc (core func $brain "cabi_realloc")))))
