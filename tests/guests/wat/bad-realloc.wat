;; An agent that gives its host an address behind the end of its memory to put the task at: a trap.
(component
  (type $fields (record (field "run" string) (field "prompt" string) (field "context" string)))
  (import "task" (type $task (eq $fields)))
  (core module $module
    (memory (export "memory") 2)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 0xfffffff0)
    ;; At 16: what `run` returns, which is `ok("there was room")`.
    (data (i32.const 16) "\00\00\00\00\00\01\00\00\0e\00\00\00")
    (data (i32.const 256) "there was room")
    (func (export "run") (param i32 i32 i32 i32 i32 i32) (result i32) i32.const 16))
  (core instance $brain (instantiate $module))
  (func (export "run") (param "task" $task) (result (result string (error string)))
    (canon lift (core func $brain "run")
      (memory (core memory $brain "memory")) (realloc (core func $brain "cabi_realloc")))))
