;; A tool that describes four million tools without names, out of 96 MiB of zeros: in the host each would take several times
;; its 24 bytes. Called, it does nothing.
(component
  (core module $module
    (memory (export "memory") 1538)
    ;; At 16: the list that `describe` returns. At 32: what `call` returns, which is `ok("")`.
    (data (i32.const 16) "\00\00\01\00\00\09\3d\00")
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) i32.const 0x6010000)
    (func (export "describe") (result i32) i32.const 16)
    (func (export "call") (param i32 i32 i32 i32) (result i32) i32.const 32))
  (core instance $tool (instantiate $module))
  (type $fields (record (field "name" string) (field "description" string) (field "parameters" string)))
  (func $describe (result (list $fields))
    (canon lift (core func $tool "describe") (memory (core memory $tool "memory"))))
  (func $call (param "name" string) (param "arguments" string) (result (result string (error string)))
    (canon lift (core func $tool "call")
      (memory (core memory $tool "memory")) (realloc (core func $tool "cabi_realloc"))))
  ;; The record needs a name beside the functions that use it, so a component around them exports all three.
  (component $provider
    (type $fields (record (field "name" string) (field "description" string) (field "parameters" string)))
    (import "given-description" (type $given (eq $fields)))
    (import "given-describe" (func $describe (result (list $given))))
    (import "given-call" (func $call
      (param "name" string) (param "arguments" string) (result (result string (error string)))))
    (export $description "description" (type $fields))
    (export "describe" (func $describe) (func (result (list $description))))
    (export "call" (func $call)))
  (instance $exported (instantiate $provider
    (with "given-description" (type $fields))
    (with "given-describe" (func $describe))
    (with "given-call" (func $call))))
  (export "skep:plugin/tool-provider@0.1.0" (instance $exported)))
