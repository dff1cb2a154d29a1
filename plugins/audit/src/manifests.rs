//! Which files declare dependencies, by their name.

const NAMES: &[(&str, &str)] = &[
    ("build.gradle", "Gradle"),
    ("build.gradle.kts", "Gradle"),
    ("build.sbt", "sbt"),
    ("cargo.toml", "Cargo"),
    ("composer.json", "Composer"),
    ("conanfile.txt", "Conan"),
    ("deno.json", "Deno"),
    ("environment.yml", "conda"),
    ("flake.nix", "Nix"),
    ("gemfile", "Bundler"),
    ("go.mod", "Go modules"),
    ("mix.exs", "Mix"),
    ("package.json", "npm"),
    ("package.swift", "Swift packages"),
    ("pipfile", "Pipenv"),
    ("pom.xml", "Maven"),
    ("project.clj", "Leiningen"),
    ("pubspec.yaml", "pub"),
    ("pyproject.toml", "Python"),
    ("setup.py", "Python"),
    ("stack.yaml", "Stack"),
    ("vcpkg.json", "vcpkg"),
];

const ENDS: &[(&str, &str)] =
    &[(".cabal", "Cabal"), (".csproj", "NuGet"), (".fsproj", "NuGet"), (".gemspec", "Bundler")];

/// The package manager that reads this file.
pub(crate) fn ecosystem(path: &str) -> Option<&'static str> {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    if name.starts_with("requirements") && name.ends_with(".txt") {
        return Some("pip");
    }
    let by_name = NAMES.iter().find(|(known, _)| *known == name);
    by_name.or_else(|| ENDS.iter().find(|(end, _)| name.ends_with(end))).map(|(_, ecosystem)| *ecosystem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_are_told_by_their_name() {
        assert_eq!(ecosystem("host/cli/Cargo.toml"), Some("Cargo"));
        assert_eq!(ecosystem("requirements-dev.txt"), Some("pip"));
        assert_eq!(ecosystem("App.csproj"), Some("NuGet"));
        assert_eq!(ecosystem("package-lock.json"), None);
    }
}
