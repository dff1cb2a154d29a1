;; An agent that grows a table for as long as it may, then succeeds: meets the limit of table elements.
(component
  (type $fields (record (field "run" string) (field "prompt" string) (field "context" string)))
  (import "task" (type $task (eq $fields)))
  (core module $module
    (memory (export "memory") 2)
    (table $table 1 funcref)
    ;; The task goes to the second page and is never looked at.
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 0x10000)
    ;; At 16: what `run` returns, which is `ok("the table grows no more")`.
    (data (i32.const 16) "\00\00\00\00\00\01\00\00\17\00\00\00")
    (data (i32.const 256) "the table grows no more")
    (func (export "run") (param i32 i32 i32 i32 i32 i32) (result i32)
      loop $more
        (table.grow $table (ref.null func) (i32.const 1000))
        i32.const -1
        i32.ne
        br_if $more
      end
      i32.const 16))
  (core instance $brain (instantiate $module))
  (func (export "run") (param "task" $task) (result (result string (error string)))
    (canon lift (core func $brain "run")
      (memory (core memory $brain "memory")) (realloc (core func $brain "cabi_realloc")))))
