;; An agent that says bytes that are not UTF-8: a trap.
(component
  (type $fields (record (field "run" string) (field "prompt" string) (field "context" string)))
  (import "task" (type $task (eq $fields)))
  (type $failure-fields (record (field "kind" string) (field "message" string)))
  (import "skep:agent/types@0.1.0" (instance $types (export "failure" (type (eq $failure-fields)))))
  (alias export $types "failure" (type $failure))
  (import "skep:agent/session@0.1.0" (instance $session
    (alias outer 1 $failure (type $outer-failure))
    (export "failure" (type $session-failure (eq $outer-failure)))
    (export "say" (func (param "text" string) (result (result (error $session-failure)))))))
  ;; Memory and allocator are a module of their own, because lowering an import needs them before the brain is there.
  (core module $memory-module
    (memory (export "memory") 2)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 0x10000))
  (core instance $memory (instantiate $memory-module))
  (core func $say (canon lower (func $session "say")
    (memory (core memory $memory "memory")) (realloc (core func $memory "cabi_realloc"))))
  (core module $module
    (import "memory" "memory" (memory 2))
    (import "session" "say" (func $say (param i32 i32 i32)))
    ;; At 16: what `run` returns, which is `ok("the host took it")`.
    (data (i32.const 16) "\00\00\00\00\00\01\00\00\10\00\00\00")
    (data (i32.const 256) "the host took it")
    (data (i32.const 1024) "\ff\fe\fd")
    (func (export "run") (param i32 i32 i32 i32 i32 i32) (result i32)
      (call $say (i32.const 1024) (i32.const 3) (i32.const 64))
      i32.const 16))
  (core instance $brain (instantiate $module
    (with "memory" (instance $memory))
    (with "session" (instance (export "say" (func $say))))))
  (func (export "run") (param "task" $task) (result (result string (error string)))
    (canon lift (core func $brain "run")
      (memory (core memory $memory "memory")) (realloc (core func $memory "cabi_realloc")))))
