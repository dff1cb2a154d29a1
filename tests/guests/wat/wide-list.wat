;; An agent that makes four million calls at once, each with an empty name and empty arguments, out of 64 MiB of zeros: in the
;; host each would take several times its 16 bytes.
(component
  (type $fields (record (field "run" string) (field "prompt" string) (field "context" string)))
  (import "task" (type $task (eq $fields)))
  (type $failure-fields (record (field "kind" string) (field "message" string)))
  (import "skep:agent/types@0.1.0" (instance $types (export "failure" (type (eq $failure-fields)))))
  (alias export $types "failure" (type $failure))
  (import "skep:agent/tools@0.1.0" (instance $tools
    (alias outer 1 $failure (type $outer-failure))
    (export "failure" (type $tools-failure (eq $outer-failure)))
    (type $request-fields (record (field "name" string) (field "arguments" string)))
    (export "call-request" (type $request (eq $request-fields)))
    (export "call-many" (func
      (param "requests" (list $request))
      (result (list (result string (error $tools-failure))))))))
  ;; Memory and allocator are a module of their own, because lowering an import needs them before the brain is there.
  (core module $memory-module
    (memory (export "memory") 1026)
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 0x10000))
  (core instance $memory (instantiate $memory-module))
  (core func $call-many
    (canon lower (func $tools "call-many")
      (memory (core memory $memory "memory")) (realloc (core func $memory "cabi_realloc"))))
  (core module $module
    (import "memory" "memory" (memory 1026))
    (import "tools" "call-many" (func $call-many (param i32 i32 i32)))
    ;; At 16: what `run` returns, which is `ok("the host made all calls")`.
    (data (i32.const 16) "\00\00\00\00\00\01\00\00\17\00\00\00")
    (data (i32.const 256) "the host made all calls")
    (func (export "run") (param i32 i32 i32 i32 i32 i32) (result i32)
      (call $call-many (i32.const 0x10000) (i32.const 4000000) (i32.const 64))
      i32.const 16))
  (core instance $brain (instantiate $module
    (with "memory" (instance $memory))
    (with "tools" (instance (export "call-many" (func $call-many))))))
  (func (export "run") (param "task" $task) (result (result string (error string)))
    (canon lift (core func $brain "run")
      (memory (core memory $memory "memory")) (realloc (core func $memory "cabi_realloc")))))
