//! The environments that are part of the program, so that a newcomer has some.

use std::path::Path;

use anyhow::Result;
use skep_config::Environment;

const SHIPPED: &[(&str, &str)] = &[
    ("javascript", include_str!("../../../environments/javascript/environment.toml")),
    ("minimal", include_str!("../../../environments/minimal/environment.toml")),
    ("python", include_str!("../../../environments/python/environment.toml")),
    ("repo", include_str!("../../../environments/repo/environment.toml")),
    ("repo-readonly", include_str!("../../../environments/repo-readonly/environment.toml")),
];

/// The shipped environments.
pub(crate) fn environments() -> Result<Vec<Environment>> {
    let read = |(name, text): &(&str, &str)| {
        Environment::parse(&Path::new("environments").join(name).join("environment.toml"), text)
    };
    SHIPPED.iter().map(|shipped| Ok(read(shipped)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_environment_of_the_repository_is_shipped_under_its_own_name() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../environments");
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let mut there: Vec<_> = entries
            .filter(|path| path.is_dir())
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        there.sort();
        let shipped: Vec<_> = environments().unwrap().into_iter().map(|environment| environment.name).collect();
        assert_eq!(shipped, there);
    }
}
