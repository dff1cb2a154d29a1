fn main() { let _ = rquickjs::Runtime::new(); }
