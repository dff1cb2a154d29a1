//! Secrets that were probably committed by mistake. What is found is shown by its place and its kind, never by its value.

use regex_lite::{Captures, Regex};
use serde::Serialize;

/// A kind of secret whose form is publicly known. `shown` is how many of its first characters are the form's and not the
/// secret's.
struct Form {
    kind: &'static str,
    pattern: &'static str,
    shown: usize,
}

const FORMS: &[Form] = &[
    Form { kind: "private key", pattern: r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----", shown: 10 },
    Form { kind: "AWS access key id", pattern: r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b", shown: 4 },
    Form { kind: "GitHub token", pattern: r"\bgh[pousr]_[A-Za-z0-9]{36,}\b", shown: 4 },
    Form { kind: "GitHub fine-grained token", pattern: r"\bgithub_pat_[A-Za-z0-9_]{60,}\b", shown: 11 },
    Form { kind: "GitLab token", pattern: r"\bglpat-[A-Za-z0-9_-]{20,}", shown: 6 },
    Form { kind: "Slack token", pattern: r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}", shown: 5 },
    Form {
        kind: "Slack webhook",
        pattern: r"hooks\.slack\.com/services/T[A-Za-z0-9_]+/B[A-Za-z0-9_]+/[A-Za-z0-9_]+",
        shown: 15,
    },
    Form { kind: "Google API key", pattern: r"\bAIza[A-Za-z0-9_-]{35}", shown: 4 },
    Form { kind: "Stripe live key", pattern: r"\b[rs]k_live_[A-Za-z0-9]{16,}", shown: 8 },
    Form { kind: "npm token", pattern: r"\bnpm_[A-Za-z0-9]{36}\b", shown: 4 },
    Form { kind: "PyPI token", pattern: r"\bpypi-AgEI[A-Za-z0-9_-]{50,}", shown: 9 },
    Form { kind: "model provider key", pattern: r"\bsk-(?:ant-|proj-)[A-Za-z0-9_-]{32,}", shown: 7 },
    Form {
        kind: "JSON Web Token",
        pattern: r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
        shown: 3,
    },
];

/// An assignment of a long literal to something that is named like a secret.
pub(crate) const ASSIGNED_PATTERN: &str = r#"(?i)(?:secret|token|passwd|password|passphrase|api_?key|access_?key|private_?key|auth_?key|credentials?)[a-z0-9_]*["']?\s*(?::|=|:=|=>)\s*["'][^"'\s]{16,}["']"#;

/// Lock files are full of digests that look the same.
pub(crate) const ASSIGNED_GLOBS: &[&str] =
    &["!*.lock", "!package-lock.json", "!pnpm-lock.yaml", "!go.sum", "!*.min.js", "!*.svg"];

/// The name and the literal of what [`ASSIGNED_PATTERN`] finds.
const ASSIGNED_PARTS: &str = r#"(?i)([a-z0-9_.-]*(?:secret|token|passwd|password|passphrase|api_?key|access_?key|private_?key|auth_?key|credentials?)[a-z0-9_]*)["']?\s*(?::=|=>|:|=)\s*["']([^"'\s]{16,})["']"#;

/// Words whose presence says that a value is no secret.
const PLACEHOLDERS: &[&str] = &[
    "example",
    "placeholder",
    "changeme",
    "change_me",
    "change-me",
    "your",
    "dummy",
    "xxxx",
    "....",
    "redacted",
    "notasecret",
    "${",
    "{{",
    "<",
    "%s",
];

/// Bits per character above which a literal looks random. Words in any language stay below, and so do hexadecimal digits of
/// under about 20 characters.
const RANDOM_BITS: f64 = 3.5;

/// All known forms as one pattern for the host's search.
pub(crate) fn known_pattern() -> String {
    FORMS.iter().map(|form| format!("(?:{})", form.pattern)).collect::<Vec<_>>().join("|")
}

/// A likely secret.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    pub(crate) path: String,
    pub(crate) line: u64,
    pub(crate) kind: String,
    /// The public part of its form and its length.
    pub(crate) masked: String,
}

/// What a line is about.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Secret {
        kind: String,
        masked: String,
    },
    Placeholder,
    /// The line was cut before what matched.
    Unclear,
}

/// Forms as compiled patterns; compiling takes longer than searching a line.
pub(crate) struct Detector {
    forms: Vec<(Regex, &'static Form)>,
    assigned: Regex,
}

impl Detector {
    pub(crate) fn new() -> Result<Self, regex_lite::Error> {
        let compile = |form: &'static Form| Ok((Regex::new(form.pattern)?, form));
        let forms = FORMS.iter().map(compile).collect::<Result<_, regex_lite::Error>>()?;
        Ok(Self { forms, assigned: Regex::new(ASSIGNED_PARTS)? })
    }

    /// A line that [`known_pattern`] found.
    pub(crate) fn known(&self, line: &str) -> Verdict {
        let mut found =
            self.forms.iter().filter_map(|(pattern, form)| Some((pattern.find(line)?.as_str(), form))).peekable();
        if found.peek().is_none() {
            return Verdict::Unclear;
        }
        match found.find(|(value, _)| !is_placeholder(value)) {
            Some((value, form)) => Verdict::Secret { kind: form.kind.to_owned(), masked: mask(value, form.shown) },
            None => Verdict::Placeholder,
        }
    }

    /// A line that [`ASSIGNED_PATTERN`] found.
    pub(crate) fn assigned(&self, line: &str) -> Verdict {
        let mut unclear = true;
        for captures in self.assigned.captures_iter(line) {
            let (name, value) = (&captures[1], &captures[2]);
            unclear = false;
            if !is_placeholder(value) && looks_random(value) {
                return Verdict::Secret { kind: format!("value of `{name}`"), masked: mask(value, 0) };
            }
        }
        if unclear { Verdict::Unclear } else { Verdict::Placeholder }
    }

    /// A line in which whatever looks like a secret is masked, so that a report can show it.
    pub(crate) fn redact(&self, line: &str) -> String {
        let mut line = line.to_owned();
        for (pattern, form) in &self.forms {
            line = pattern.replace_all(&line, |found: &Captures<'_>| mask(&found[0], form.shown)).into_owned();
        }
        let mask_value = |found: &Captures<'_>| found[0].replace(&found[2], &mask(&found[2], 0));
        self.assigned.replace_all(&line, mask_value).into_owned()
    }
}

fn mask(value: &str, shown: usize) -> String {
    let start: String = value.chars().take(shown).collect();
    format!("{start}… ({} characters)", value.chars().count())
}

fn is_placeholder(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    PLACEHOLDERS.iter().any(|word| value.contains(word))
}

/// Random literals mix kinds of characters and repeat few; paths, words and identifiers don't.
fn looks_random(value: &str) -> bool {
    let has_digit = value.bytes().any(|byte| byte.is_ascii_digit());
    let is_place = value.contains("://") || value.matches('/').count() > 2;
    has_digit && !is_place && entropy(value) >= RANDOM_BITS
}

/// Shannon's entropy in bits per byte.
fn entropy(value: &str) -> f64 {
    let mut counts = [0_u32; 256];
    value.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
    let share = |&count: &u32| f64::from(count) / value.len() as f64;
    counts.iter().filter(|&&count| count > 0).map(share).map(|share| -share * share.log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detector() -> Detector {
        Detector::new().expect("the patterns compile")
    }

    fn kind(line: &str) -> Option<String> {
        match detector().known(line) {
            Verdict::Secret { kind, .. } => Some(kind),
            Verdict::Placeholder | Verdict::Unclear => None,
        }
    }

    // Tokens are put together here, so that the source holds nothing that looks like one.
    fn token(start: &str, length: usize) -> String {
        format!("{start}{}", "a1B2c3D4e5F6".repeat(10).chars().take(length).collect::<String>())
    }

    #[test]
    fn known_forms_are_named() {
        let aws = format!("AK{}", "IA7QHWN2DKR4FYPLSZ");
        let forms = [
            (aws, "AWS access key id"),
            (token("ghp_", 36), "GitHub token"),
            (token("github_pat_", 82), "GitHub fine-grained token"),
            (token("glpat-", 20), "GitLab token"),
            (token("xoxb-", 24), "Slack token"),
            (token("AIza", 35), "Google API key"),
            (token("sk_live_", 24), "Stripe live key"),
            (token("npm_", 36), "npm token"),
            (token("sk-ant-", 40), "model provider key"),
            (format!("{}.{}.{}", token("eyJ", 20), token("eyJ", 20), token("", 20)), "JSON Web Token"),
            (format!("-----BEGIN {} KEY-----", "RSA PRIVATE"), "private key"),
        ];
        for (value, name) in forms {
            assert_eq!(kind(&format!("key = {value};")).as_deref(), Some(name), "{value}");
        }
    }

    #[test]
    fn the_value_is_never_shown() {
        let value = token("ghp_", 36);
        let Verdict::Secret { masked, .. } = detector().known(&value) else { panic!("it is a token") };
        assert_eq!(masked, "ghp_… (40 characters)");
        let line = format!("# TODO rotate {value}, password = \"{}\"", token("", 24));
        assert_eq!(detector().redact(&line), "# TODO rotate ghp_… (40 characters), password = \"… (24 characters)\"");
    }

    #[test]
    fn placeholders_are_no_secrets() {
        assert_eq!(detector().known(&format!("AK{}", "IAIOSFODNN7EXAMPLE")), Verdict::Placeholder);
        assert_eq!(detector().assigned("api_key = \"your-api-key-goes-here-1\""), Verdict::Placeholder);
        assert_eq!(
            detector().assigned("password: \"correct horse\" token: 'aaaaaaaaaaaaaaaaaaa1'"),
            Verdict::Placeholder
        );
    }

    #[test]
    fn a_random_literal_assigned_to_a_secrets_name_is_found() {
        let value = token("", 32);
        let Verdict::Secret { kind, masked } = detector().assigned(&format!("  \"aws_secret_key\": \"{value}\","))
        else {
            panic!("it is a secret");
        };
        assert_eq!((kind.as_str(), masked.as_str()), ("value of `aws_secret_key`", "… (32 characters)"));
    }

    #[test]
    fn words_and_places_are_not_random() {
        assert!(!looks_random("application/json/with/2/parts"));
        assert!(!looks_random("a-long-identifier-of-words"));
        assert!(looks_random("9f8a7c6e5d4b3a2f1e0d9c8b7a6f5e4d"));
    }

    #[test]
    fn a_line_that_was_cut_before_its_match_is_unclear() {
        assert_eq!(detector().known("… (line cut)"), Verdict::Unclear);
    }
}
