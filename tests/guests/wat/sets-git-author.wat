;; A command that doesn't ask whether it may: it sets user.name in the first repository, and ends with 0 if that was done.
(component
  (import "skep:command/process@0.1.0" (instance $process
    (type $failure (record (field "kind" string) (field "message" string)))
    (export "failure" (type (eq $failure)))))
  (alias export $process "failure" (type $failure))
  (import "skep:command/git@0.1.0" (instance $git
    (alias outer 1 $failure (type $of_process))
    (export "failure" (type $failure (eq $of_process)))
    (export "set-setting" (func
      (param "repository" u32) (param "key" string) (param "value" (option string))
      (result (result (error $failure)))))))
  (core module $memory
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096)))
  (core instance $memory (instantiate $memory))
  (alias export $git "set-setting" (func $set))
  (core func $set (canon lower (func $set) (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core module $main
    (import "memory" "memory" (memory 1))
    (import "git" "set" (func $set (param i32 i32 i32 i32 i32 i32 i32)))
    (data (i32.const 16) "user.name")
    (func (export "run") (result i32)
      (call $set (i32.const 0) (i32.const 16) (i32.const 9) (i32.const 1) (i32.const 16) (i32.const 4) (i32.const 64))
      (i32.load8_u (i32.const 64))))
  (core instance $main (instantiate $main
    (with "memory" (instance $memory))
    (with "git" (instance (export "set" (func $set))))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $cli (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $cli)))
