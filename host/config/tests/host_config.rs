//! Behaviours of `skep.toml`, and of reading files at all.

use std::path::{Path, PathBuf};

use skep_config::{ConfigError, HostConfig, RUN_MAXIMA, TOOL_MAXIMA};
use skep_model::{LimitKind, Limits};

fn parse(text: &str) -> Result<HostConfig, ConfigError> {
    HostConfig::parse(Path::new("/data/skep.toml"), text)
}

#[test]
fn an_empty_file_is_the_default() {
    let config = parse("").unwrap();
    assert_eq!(config, HostConfig::default());
    assert_eq!((config.maxima, config.tool_maxima), (RUN_MAXIMA, TOOL_MAXIMA));
    assert_eq!((config.retention.keep_days, config.retention.keep_last), (None, None));
    assert!(!config.repos.allow_private);
}

#[test]
fn the_defaults_of_limits_are_within_the_maxima() {
    for kind in LimitKind::ALL {
        assert!(Limits::RUN.get(*kind) <= RUN_MAXIMA.get(*kind), "{}", kind.key());
        assert!(Limits::TOOL.get(*kind) <= TOOL_MAXIMA.get(*kind), "{}", kind.key());
    }
}

#[test]
fn every_key_of_the_example_in_the_documentation_is_valid() {
    let source = skep_config::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/host.rs")).unwrap();
    let lines = source.lines().skip_while(|line| *line != "//! ```toml").skip(1).take_while(|line| *line != "//! ```");
    let example: Vec<_> = lines.map(|line| line.trim_start_matches("//!").trim_start()).collect();
    let config = parse(&example.join("\n")).unwrap();
    assert_eq!(config.plugins, [PathBuf::from("/data/plugins")]);
    assert_eq!((config.maxima.wall_ms, config.tool_maxima.memory_bytes), (86_400_000, 1 << 30));
    assert_eq!((config.retention.keep_days, config.retention.keep_last), (Some(90), Some(1000)));
    assert_eq!((config.concurrency, config.queue), (64, 100_000));
    assert_eq!((config.repos, config.disk), (HostConfig::default().repos, HostConfig::default().disk));
}

#[test]
fn all_problems_are_reported_together_with_their_lines() {
    let text = "concurency = 8\nqueue = 0\nplugins = ['']\n[repos]\nallow_private = 'yes'\nmax_wall = '5 days'\n[retention]\nkeep_days = 0\n";
    assert_eq!(
        parse(text).unwrap_err().to_string(),
        "/data/skep.toml:1: unknown key `concurency`; did you mean `concurrency`?\n\
         /data/skep.toml:2: `queue`: must be 1 to 10000000\n\
         /data/skep.toml:3: `plugins[0]`: names no folder\n\
         /data/skep.toml:5: `repos.allow_private`: must be true or false, and is of type string\n\
         /data/skep.toml:6: `repos.max_wall`: \"5 days\" is no time: write a number of milliseconds, or \"500ms\", \"30s\", \"5min\", \"1h\"\n\
         /data/skep.toml:8: `retention.keep_days`: must be 1 to 36500"
    );
}

#[test]
fn files_that_can_not_be_read_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("skep.toml");
    assert!(matches!(skep_config::read(&file), Err(ConfigError::Missing { .. })));
    std::fs::write(&file, [0xff, 0xfe]).unwrap();
    assert!(matches!(skep_config::read(&file), Err(ConfigError::Unreadable { .. })));
    std::fs::write(&file, vec![b'#'; 1024 * 1024 + 1]).unwrap();
    assert!(matches!(skep_config::read(&file), Err(ConfigError::TooLarge { .. })));
    assert!(matches!(skep_config::read(folder.path()), Err(ConfigError::Unreadable { .. })));
}
