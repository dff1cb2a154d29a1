//! Which file a module's name means, and what kind of module it is: Node's rules, without the conditions of `exports`.

use std::path::{Component, Path, PathBuf};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// With `import` and `export`.
    Module,
    /// With `require` and `module.exports`.
    Script,
    Json,
}

/// What may be left out of a file's name.
const ENDINGS: [&str; 5] = ["", ".js", ".json", ".mjs", ".cjs"];

/// The path from `/`, without `.` and `..`.
pub(crate) fn absolute(path: &str) -> String {
    let here = std::env::current_dir().unwrap_or_else(|_| "/".into());
    normal(&here.join(path)).to_string_lossy().into_owned()
}

fn normal(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut whole, part| {
        match part {
            Component::ParentDir => drop(whole.pop()),
            Component::CurDir => {}
            _ => whole.push(part),
        }
        whole
    })
}

/// The file that `name` means to a module of `folder`.
pub(crate) fn file(folder: &str, name: &str) -> Option<String> {
    let found = if name.starts_with("file://") {
        exact(Path::new(name.trim_start_matches("file://")))
    } else if name.starts_with('/') || name == "." || name == ".." || name.starts_with("./") || name.starts_with("../")
    {
        exact(&normal(&Path::new(folder).join(name)))
    } else {
        Path::new(folder).ancestors().find_map(|folder| exact(&folder.join("node_modules").join(name)))
    };
    found.map(|path| path.to_string_lossy().into_owned())
}

fn exact(path: &Path) -> Option<PathBuf> {
    with_ending(path).or_else(|| {
        let main = package_value(path, "main").unwrap_or_else(|| "index".into());
        let main = normal(&path.join(main));
        with_ending(&main).or_else(|| with_ending(&main.join("index"))).or_else(|| with_ending(&path.join("index")))
    })
}

fn with_ending(path: &Path) -> Option<PathBuf> {
    let name = path.as_os_str().to_str()?;
    ENDINGS.iter().map(|ending| PathBuf::from(format!("{name}{ending}"))).find(|path| path.is_file())
}

/// What kind of module the file is. One whose name and package do not say it is what it looks like.
pub(crate) fn kind(path: &str, source: &str) -> Kind {
    match Path::new(path).extension().and_then(|ending| ending.to_str()) {
        Some("mjs") => Kind::Module,
        Some("cjs") => Kind::Script,
        Some("json") => Kind::Json,
        _ => match package_kind(path) {
            Some(kind) => kind,
            None if looks_like_a_module(source) => Kind::Module,
            None => Kind::Script,
        },
    }
}

/// What the nearest package.json says.
fn package_kind(path: &str) -> Option<Kind> {
    let folder = Path::new(path).ancestors().skip(1).find(|folder| folder.join("package.json").is_file())?;
    match package_value(folder, "type")?.as_str() {
        "module" => Some(Kind::Module),
        "commonjs" => Some(Kind::Script),
        _ => None,
    }
}

/// A line that begins with `import` or `export` as a statement does.
pub(crate) fn looks_like_a_module(source: &str) -> bool {
    let begins = |line: &str, word: &str| {
        line.strip_prefix(word).is_some_and(|rest| rest.starts_with([' ', '{', '*', '"', '\'']))
    };
    source.lines().any(|line| begins(line, "import") || begins(line, "export"))
}

/// A text of a package.json, by the name of its key. The few keys that are asked for are never nested.
fn package_value(folder: &Path, key: &str) -> Option<String> {
    let text = std::fs::read_to_string(folder.join("package.json")).ok()?;
    let after = text.split_once(&format!("\"{key}\""))?.1;
    let value = after.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    Some(value.split_once('"')?.0.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        folder
    }

    #[test]
    fn a_name_is_a_file_with_or_without_its_ending_a_folder_or_a_package() {
        let folder = folder(&[
            ("a.js", ""),
            ("lib/index.js", ""),
            ("data.json", "{}"),
            ("node_modules/one/package.json", r#"{"name": "one", "main": "./dist/start"}"#),
            ("node_modules/one/dist/start.js", ""),
        ]);
        let root = folder.path().to_str().unwrap();
        let lib = format!("{root}/lib");
        for (from, name, file_name) in [
            (root, "./a", "a.js"),
            (lib.as_str(), "../a.js", "a.js"),
            (root, "./lib", "lib/index.js"),
            (root, "./data", "data.json"),
            (lib.as_str(), "one", "node_modules/one/dist/start.js"),
        ] {
            assert_eq!(file(from, name), Some(format!("{root}/{file_name}")), "{name}");
        }
        assert_eq!(file(root, "a"), None);
        assert_eq!(file(root, "./b"), None);
    }

    #[test]
    fn the_kind_is_said_by_the_name_the_package_or_the_text() {
        let folder = folder(&[("package.json", r#"{ "type" : "module" }"#), ("x.js", "")]);
        let inside = folder.path().join("x.js");
        assert_eq!(kind(inside.to_str().unwrap(), ""), Kind::Module);
        assert_eq!(kind("/nowhere/x.js", "import fs from 'fs'"), Kind::Module);
        assert_eq!(kind("/nowhere/x.js", "const x = 1\nexport {x}"), Kind::Module);
        assert_eq!(kind("/nowhere/x.js", "import('x'); exported = 1"), Kind::Script);
        assert_eq!(kind("/nowhere/x.mjs", ""), Kind::Module);
        assert_eq!(kind("/nowhere/x.cjs", "import x from 'x'"), Kind::Script);
    }
}
