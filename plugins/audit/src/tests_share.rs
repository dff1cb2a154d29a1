//! How much of the code is tests, by where it lies and what it is called.

/// Where a Rust source begins its own tests.
pub(crate) const RUST_PATTERN: &str = r"^\s*(?:pub(?:\([a-z]+\))? )?mod tests? \{";

const FOLDERS: [&str; 8] = ["__tests__", "e2e", "integration-tests", "spec", "specs", "test", "testing", "tests"];

/// Whether a whole file is tests.
pub(crate) fn is_test(path: &str) -> bool {
    let mut parts = path.rsplit('/');
    let name = parts.next().unwrap_or(path);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let lower = stem.to_ascii_lowercase();
    let by_name = lower.starts_with("test_")
        || ["_test", "_tests", ".test", ".spec", "_spec"].iter().any(|end| lower.ends_with(end))
        || ["Test", "Tests", "IT"].iter().any(|end| stem.len() > end.len() && stem.ends_with(end));
    by_name || parts.any(|folder| FOLDERS.contains(&folder.to_ascii_lowercase().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_told_by_name_and_place() {
        for path in ["tests/a.rs", "src/__tests__/x.js", "a_test.go", "x.spec.ts", "test_x.py", "java/FooTest.java"] {
            assert!(is_test(path), "{path}");
        }
        for path in ["src/main.rs", "src/contest.py", "latest.js", "Test.java", "testimony/a.rs"] {
            assert!(!is_test(path), "{path}");
        }
    }
}
