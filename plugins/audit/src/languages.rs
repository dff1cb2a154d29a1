//! Which language a file is in, by its name.

/// What a language is for, as far as the audit cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Code,
    Markup,
    Data,
    Prose,
}

/// A language, and the names by which its files are known: an extension, or a whole name.
pub(crate) struct Language {
    pub(crate) name: &'static str,
    pub(crate) purpose: Purpose,
    extensions: &'static [&'static str],
    names: &'static [&'static str],
}

const fn language(
    name: &'static str,
    purpose: Purpose,
    extensions: &'static [&'static str],
    names: &'static [&'static str],
) -> Language {
    Language { name, purpose, extensions, names }
}

use Purpose::{Code, Data, Markup, Prose};

const LANGUAGES: &[Language] = &[
    language("Ada", Code, &["adb", "ads"], &[]),
    language("Assembly", Code, &["asm", "s"], &[]),
    language("C", Code, &["c", "h"], &[]),
    language("C#", Code, &["cs"], &[]),
    language("C++", Code, &["cc", "cpp", "cxx", "hh", "hpp", "hxx"], &[]),
    language("CMake", Code, &["cmake"], &["cmakelists.txt"]),
    language("CSS", Markup, &["css", "less", "sass", "scss"], &[]),
    language("Clojure", Code, &["clj", "cljc", "cljs"], &[]),
    language("Dart", Code, &["dart"], &[]),
    language("Dockerfile", Code, &["dockerfile"], &["containerfile", "dockerfile"]),
    language("Elixir", Code, &["ex", "exs"], &[]),
    language("Elm", Code, &["elm"], &[]),
    language("Erlang", Code, &["erl", "hrl"], &[]),
    language("F#", Code, &["fs", "fsi", "fsx"], &[]),
    language("Fortran", Code, &["f", "f90", "f95"], &[]),
    language("Go", Code, &["go"], &[]),
    language("GraphQL", Code, &["graphql"], &[]),
    language("Groovy", Code, &["gradle", "groovy"], &["jenkinsfile"]),
    language("HTML", Markup, &["htm", "html"], &[]),
    language("Haskell", Code, &["hs", "lhs"], &[]),
    language("INI", Data, &["cfg", "conf", "ini", "properties"], &[".editorconfig", ".gitconfig"]),
    language("JSON", Data, &["json", "json5", "jsonc", "ndjson"], &[]),
    language("Java", Code, &["java"], &[]),
    language("JavaScript", Code, &["cjs", "js", "jsx", "mjs"], &[]),
    language("Julia", Code, &["jl"], &[]),
    language("Kotlin", Code, &["kt", "kts"], &[]),
    language("Lua", Code, &["lua"], &[]),
    language("Makefile", Code, &["mk"], &["gnumakefile", "makefile"]),
    language("Markdown", Prose, &["markdown", "md", "mdx"], &[]),
    language("Nix", Code, &["nix"], &[]),
    language("OCaml", Code, &["ml", "mli"], &[]),
    language("Objective-C", Code, &["m", "mm"], &[]),
    language("PHP", Code, &["php"], &[]),
    language("Perl", Code, &["pl", "pm"], &[]),
    language("PowerShell", Code, &["ps1", "psm1"], &[]),
    language("Protocol Buffers", Code, &["proto"], &[]),
    language("Python", Code, &["py", "pyi"], &[]),
    language("R", Code, &["r"], &[]),
    language("Ruby", Code, &["rb"], &["gemfile", "rakefile"]),
    language("Rust", Code, &["rs"], &[]),
    language("SQL", Code, &["sql"], &[]),
    language("SVG", Markup, &["svg"], &[]),
    language("Scala", Code, &["sbt", "scala"], &[]),
    language("Shell", Code, &["bash", "fish", "sh", "zsh"], &[".bashrc", ".profile"]),
    language("Solidity", Code, &["sol"], &[]),
    language("Svelte", Code, &["svelte"], &[]),
    language("Swift", Code, &["swift"], &[]),
    language("TOML", Data, &["toml"], &["cargo.lock", "poetry.lock"]),
    language("Terraform", Code, &["hcl", "tf", "tfvars"], &[]),
    language("Text", Prose, &["adoc", "rst", "tex", "text", "txt"], &["copying", "licence", "license", "readme"]),
    language("TypeScript", Code, &["cts", "mts", "ts", "tsx"], &[]),
    language("Vue", Code, &["vue"], &[]),
    language("WIT", Code, &["wit"], &[]),
    language("WebAssembly text", Code, &["wat", "wast"], &[]),
    language("XML", Data, &["plist", "xml", "xsd", "xsl"], &[]),
    language("YAML", Data, &["yaml", "yml"], &[]),
    language("Zig", Code, &["zig"], &[]),
];

/// The language of a file, by its whole name first and then by its extension.
pub(crate) fn of(path: &str) -> Option<&'static Language> {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let by_name = LANGUAGES.iter().find(|language| language.names.contains(&name.as_str()));
    by_name.or_else(|| {
        let (stem, extension) = name.rsplit_once('.')?;
        let found = LANGUAGES.iter().find(|language| language.extensions.contains(&extension))?;
        (!stem.is_empty()).then_some(found)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(path: &str) -> Option<&'static str> {
        of(path).map(|language| language.name)
    }

    #[test]
    fn languages_are_told_by_name_and_extension() {
        assert_eq!(name("src/main.rs"), Some("Rust"));
        assert_eq!(name("a/Dockerfile"), Some("Dockerfile"));
        assert_eq!(name("CMakeLists.txt"), Some("CMake"));
        assert_eq!(name("Cargo.lock"), Some("TOML"));
        assert_eq!(name("X.PY"), Some("Python"));
        assert_eq!(name("image.png"), None);
        assert_eq!(name(".rs"), None);
    }
}
