;; A component of another world: it exports neither an agent's `run` nor a tool provider.
(component
  (core module $module (func (export "main") (result i32) i32.const 42))
  (core instance $main (instantiate $module))
  (func (export "main") (result u32) (canon lift (core func $main "main"))))
