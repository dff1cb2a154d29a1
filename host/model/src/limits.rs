//! What a run or a tool call may use. Every limit is on by default.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One table for everything that is said per limit: field, what it counts, default for a run, default for a tool call.
macro_rules! limits {
    ($($(#[$doc:meta])* $field:ident $variant:ident: $unit:literal, run $run:expr, tool $tool:expr;)*) => {
        /// The limits of a run, or of one tool call.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Limits { $($(#[$doc])* pub $field: u64,)* }

        /// Which limit.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum LimitKind { $($(#[$doc])* $variant,)* }

        impl LimitKind {
            /// All of them, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The limit's key in manifests, environments and `--limit`.
            pub const fn key(self) -> &'static str {
                match self { $(Self::$variant => stringify!($field),)* }
            }

            /// What its number counts.
            pub const fn unit(self) -> &'static str {
                match self { $(Self::$variant => $unit,)* }
            }
        }

        impl Limits {
            /// The defaults of a run.
            pub const RUN: Self = Self { $($field: $run,)* };
            /// The defaults of one tool call.
            pub const TOOL: Self = Self { $($field: $tool,)* };

            /// The value of one limit.
            pub const fn get(&self, kind: LimitKind) -> u64 {
                match kind { $(LimitKind::$variant => self.$field,)* }
            }

            /// Changes one limit.
            pub const fn set(&mut self, kind: LimitKind, value: u64) {
                match kind { $(LimitKind::$variant => self.$field = value,)* }
            }
        }
    };
}

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const GIB: u64 = 1024 * MIB;

limits! {
    /// Linear memory of all the guest's memories together.
    memory_bytes MemoryBytes: "bytes", run 256 * MIB, tool 256 * MIB;
    /// Processor time.
    cpu_ms CpuMs: "ms", run 60_000, tool 30_000;
    /// Time from the first attempt's start to the end, waiting included.
    wall_ms WallMs: "ms", run 3_600_000, tool 120_000;
    /// Bytes said, reported and returned.
    output_bytes OutputBytes: "bytes", run 32 * MIB, tool 8 * MIB;
    /// Bytes of standard output and standard error kept; more is cut with a mark, and the guest goes on.
    log_bytes LogBytes: "bytes", run MIB, tool 64 * KIB;
    /// Bytes that cross between guest and host in calls, both ways.
    host_call_bytes HostCallBytes: "bytes", run 256 * MIB, tool 256 * MIB;
    /// Bytes that one single call may carry from guest to host.
    call_bytes CallBytes: "bytes", run 8 * MIB, tool 8 * MIB;
    /// Calls through the door.
    calls Calls: "calls", run 100_000, tool 100_000;
    /// Elements of all the guest's tables together.
    table_elements TableElements: "elements", run 100_000, tool 100_000;
    /// Handles (streams, pollables, descriptors) held at once. A tool's may be open files of the host, which has few.
    handles Handles: "handles", run 2_000, tool 256;
    /// Native stack that WebAssembly frames may use. Fixed by the engine; a smaller wish is not served.
    stack_bytes StackBytes: "bytes", run 512 * KIB, tool 512 * KIB;
    /// Bytes of all files of the run's workspace together, its repositories included. What the run may have counts for its
    /// tool calls too, so that a tool's own limit matters only where it is smaller.
    workspace_bytes WorkspaceBytes: "bytes", run 8 * GIB, tool 64 * GIB;
    /// Files, folders and links in the workspace, its repositories' included.
    workspace_files WorkspaceFiles: "files", run 1_000_000, tool 4_000_000;
}

impl Default for Limits {
    fn default() -> Self {
        Self::RUN
    }
}

impl Limits {
    /// The smaller of each.
    pub fn at_most(mut self, ceiling: &Self) -> Self {
        for kind in LimitKind::ALL {
            self.set(*kind, self.get(*kind).min(ceiling.get(*kind)));
        }
        self
    }

    /// The smaller of each that `ceiling` names.
    pub fn within(mut self, ceiling: &Overrides) -> Self {
        for (kind, value) in &ceiling.0 {
            self.set(*kind, self.get(*kind).min(*value));
        }
        self
    }

    /// These limits with `wishes` in place of some, each checked against what the operator allows.
    ///
    /// # Errors
    /// A wish of zero, above the maximum, or for what the engine has fixed; all that are wrong are named together.
    pub fn with(mut self, wishes: &Overrides, maxima: &Self) -> Result<Self, LimitError> {
        let mut wrong = Vec::new();
        for (kind, value) in &wishes.0 {
            let maximum = maxima.get(*kind);
            if *kind == LimitKind::StackBytes && *value != self.stack_bytes {
                wrong.push(format!("{} is fixed by the engine at {}; leave it out", kind.key(), self.stack_bytes));
            } else if *value == 0 || *value > maximum {
                wrong.push(format!("{} = {value}: must be 1 to {maximum} {}", kind.key(), kind.unit()));
            }
            self.set(*kind, *value);
        }
        if wrong.is_empty() { Ok(self) } else { Err(LimitError::OutOfRange(wrong.join("; "))) }
    }
}

/// A wish that can't be granted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// Zero, or more than the operator's maximum.
    #[error("limit out of range: {0}")]
    OutOfRange(String),
    /// No such limit.
    #[error("unknown limit {key:?}; the limits are {}", LimitKind::ALL.iter().map(|k| k.key()).collect::<Vec<_>>().join(", "))]
    Unknown {
        /// What was asked for.
        key: String,
    },
    /// Not `key=value` with a whole number, optionally with a unit.
    #[error("{text:?} is no limit: write {example}")]
    Malformed {
        /// What was written.
        text: String,
        /// What would do.
        example: &'static str,
    },
}

/// Limits that somebody wants other than the defaults.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Overrides(pub Vec<(LimitKind, u64)>);

impl Overrides {
    /// Each as `key=value`, in the unit of its key.
    pub fn pairs(&self) -> Vec<String> {
        self.0.iter().map(|(kind, value)| format!("{}={value}", kind.key())).collect()
    }

    /// Adds one written as `key=value`; values may carry `k`, `m`, `g` (1024-based, for bytes) or `ms`, `s`, `min`, `h`.
    ///
    /// # Errors
    /// An unknown key or a value that is no number of that kind.
    pub fn add(&mut self, text: &str) -> Result<(), LimitError> {
        let malformed = || LimitError::Malformed {
            text: text.to_owned(),
            example: "cpu_ms=2000, wall_ms=5min or memory_bytes=64m",
        };
        let (key, value) = text.split_once('=').ok_or_else(malformed)?;
        let kind = Self::kind(key.trim())?;
        self.0.push((kind, parse_amount(value.trim(), kind).ok_or_else(malformed)?));
        Ok(())
    }

    /// The limit with this key.
    ///
    /// # Errors
    /// There is none.
    pub fn kind(key: &str) -> Result<LimitKind, LimitError> {
        let known = LimitKind::ALL.iter().find(|kind| kind.key() == key);
        known.copied().ok_or_else(|| LimitError::Unknown { key: key.to_owned() })
    }
}

fn parse_amount(text: &str, kind: LimitKind) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, suffix) = text.split_at(digits);
    let factor = match (kind.unit(), suffix.trim().to_ascii_lowercase().as_str()) {
        (_, "") | ("ms", "ms") => 1,
        ("ms", "s") => 1_000,
        ("ms", "min") => 60_000,
        ("ms", "h") => 3_600_000,
        ("bytes", "k" | "kib") => KIB,
        ("bytes", "m" | "mib") => MIB,
        ("bytes", "g" | "gib") => GIB,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// A limit that ended something: which, its value, and what was reached or asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitHit {
    /// Which limit.
    pub limit: LimitKind,
    /// What it was set to.
    pub value: u64,
    /// What was reached or asked for, in the same unit.
    pub reached: u64,
}

impl fmt::Display for LimitHit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { limit, value, reached } = self;
        write!(f, "limit {} = {value} {} exceeded: {reached} reached", limit.key(), limit.unit())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_are_read_with_units_and_checked_against_the_maxima() {
        let mut wishes = Overrides::default();
        wishes.add("memory_bytes=64m").unwrap();
        wishes.add("wall_ms=5min").unwrap();
        let limits = Limits::RUN.with(&wishes, &Limits::RUN).unwrap();
        assert_eq!((limits.memory_bytes, limits.wall_ms), (64 * MIB, 300_000));

        let mut absurd = Overrides::default();
        absurd.add("calls=0").unwrap();
        absurd.add("cpu_ms=99999999999").unwrap();
        let error = Limits::RUN.with(&absurd, &Limits::RUN).unwrap_err().to_string();
        assert!(error.contains("calls = 0") && error.contains("cpu_ms = 99999999999"), "{error}");
    }

    #[test]
    fn limits_that_an_older_journal_does_not_have_are_the_defaults() {
        let mut older = serde_json::to_value(Limits { calls: 7, ..Limits::RUN }).unwrap();
        older.as_object_mut().unwrap().retain(|key, _| !key.starts_with("workspace_"));
        assert_eq!(serde_json::from_value::<Limits>(older).unwrap(), Limits { calls: 7, ..Limits::RUN });
    }

    #[test]
    fn the_stack_that_the_engine_fixed_is_not_promised_otherwise() {
        let mut wishes = Overrides::default();
        wishes.add("stack_bytes=1k").unwrap();
        let error = Limits::RUN.with(&wishes, &Limits::RUN).unwrap_err();
        assert_eq!(error.to_string(), "limit out of range: stack_bytes is fixed by the engine at 524288; leave it out");
    }

    #[test]
    fn a_ceiling_lowers_what_it_names_and_leaves_the_rest() {
        let ceiling = Overrides(vec![(LimitKind::Calls, 7), (LimitKind::CpuMs, u64::MAX)]);
        assert_eq!(Limits::RUN.within(&ceiling), Limits { calls: 7, ..Limits::RUN });
    }

    #[test]
    fn a_wish_that_can_not_be_read_says_what_would_do() {
        let mut wishes = Overrides::default();
        for text in ["calls", "calls=", "calls=-1", "calls=1m", "memory_bytes=99999999999g"] {
            assert!(matches!(wishes.add(text), Err(LimitError::Malformed { .. })), "{text}");
        }
        assert!(matches!(wishes.add("cals=1"), Err(LimitError::Unknown { .. })));
    }
}
