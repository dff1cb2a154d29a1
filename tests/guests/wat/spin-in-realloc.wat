;; An agent that spins while its host asks it for room for the task: the limit of processor time holds there too.
(component
  (type $fields (record (field "run" string) (field "prompt" string) (field "context" string)))
  (import "task" (type $task (eq $fields)))
  (core module $module
    (memory (export "memory") 2)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      loop $again
        br $again
      end
      unreachable)
    ;; At 16: what `run` returns, which is `ok("there was room")`.
    (data (i32.const 16) "\00\00\00\00\00\01\00\00\0e\00\00\00")
    (data (i32.const 256) "there was room")
    (func (export "run") (param i32 i32 i32 i32 i32 i32) (result i32) i32.const 16))
  (core instance $brain (instantiate $module))
  (func (export "run") (param "task" $task) (result (result string (error string)))
    (canon lift (core func $brain "run")
      (memory (core memory $brain "memory")) (realloc (core func $brain "cabi_realloc")))))
