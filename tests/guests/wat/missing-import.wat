;; An agent that imports an interface which the contract doesn't have.
(component
  (type $fields (record (field "run" string) (field "prompt" string) (field "context" string)))
  (import "task" (type $task (eq $fields)))
  (import "skep:agent/nonsense@0.1.0" (instance (export "do-something" (func (param "text" string)))))
  (core module $module
    (memory (export "memory") 2)
    ;; The task goes to the second page and is never looked at.
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 0x10000)
    ;; At 16: what `run` returns, which is `ok("it ran")`.
    (data (i32.const 16) "\00\00\00\00\00\01\00\00\06\00\00\00")
    (data (i32.const 256) "it ran")
    (func (export "run") (param i32 i32 i32 i32 i32 i32) (result i32) i32.const 16))
  (core instance $brain (instantiate $module))
  (func (export "run") (param "task" $task) (result (result string (error string)))
    (canon lift (core func $brain "run")
      (memory (core memory $brain "memory")) (realloc (core func $brain "cabi_realloc")))))
