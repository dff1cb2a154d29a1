//! From the patterns of a command line to something that matches.

use grep_regex::{RegexMatcher, RegexMatcherBuilder};

use crate::backtracking::Backtracking;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Syntax {
    Fixed,
    Basic,
    Extended,
    /// What Rust's engine understands, and with `looks_around` what a backtracking one does.
    Modern {
        looks_around: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Case {
    #[default]
    Sensitive,
    Insensitive,
    /// Sensitive if the pattern holds a capital.
    Smart,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Extent {
    #[default]
    Anywhere,
    Word,
    Line,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Matching {
    pub(crate) syntax: Syntax,
    pub(crate) case: Case,
    pub(crate) extent: Extent,
    /// What ends a line; none if a match may reach over several.
    pub(crate) line_end: Option<u8>,
    pub(crate) dot_matches_line_end: bool,
}

pub(crate) enum Pattern {
    Automaton(RegexMatcher),
    Backtracking(Backtracking),
}

impl Matching {
    /// Matches where any of the patterns does.
    pub(crate) fn build(&self, patterns: &[String]) -> Result<Pattern, String> {
        let (patterns, refers_back) = self.translated(patterns);
        if refers_back {
            return self.backtracking(&patterns).map(Pattern::Backtracking);
        }
        match self.automaton(&patterns) {
            Ok(matcher) => Ok(Pattern::Automaton(matcher)),
            Err(_) if self.syntax == (Syntax::Modern { looks_around: true }) => {
                self.backtracking(&patterns).map(Pattern::Backtracking)
            }
            Err(problem) => Err(problem),
        }
    }

    fn translated(&self, patterns: &[String]) -> (Vec<String>, bool) {
        let extended = match self.syntax {
            Syntax::Basic => false,
            Syntax::Extended => true,
            Syntax::Fixed | Syntax::Modern { .. } => return (patterns.to_vec(), false),
        };
        let all: Vec<_> = patterns.iter().map(|pattern| posix::regex::translate(pattern, extended)).collect();
        let refers_back = all.iter().any(|one| one.refers_back);
        (all.into_iter().map(|one| one.pattern).collect(), refers_back)
    }

    fn automaton(&self, patterns: &[String]) -> Result<RegexMatcher, String> {
        let mut builder = RegexMatcherBuilder::new();
        builder.multi_line(true).unicode(true).fixed_strings(self.syntax == Syntax::Fixed);
        builder.case_insensitive(self.case == Case::Insensitive).case_smart(self.case == Case::Smart);
        builder.word(self.extent == Extent::Word).whole_line(self.extent == Extent::Line);
        builder.line_terminator(self.line_end).dot_matches_new_line(self.dot_matches_line_end);
        builder.build_many(patterns).map_err(|problem| problem.to_string())
    }

    fn backtracking(&self, patterns: &[String]) -> Result<Backtracking, String> {
        let alternatives: Vec<String> = patterns.iter().map(|pattern| format!("(?:{pattern})")).collect();
        let any = match alternatives.as_slice() {
            // Alone, so that its groups keep their numbers.
            [_] => patterns[0].clone(),
            several => several.join("|"),
        };
        let whole = match self.extent {
            Extent::Anywhere => any,
            Extent::Word => format!(r"(?<!\w)(?:{any})(?!\w)"),
            Extent::Line => format!("^(?:{any})$"),
        };
        let capital = patterns.iter().any(|pattern| pattern.chars().any(char::is_uppercase));
        let folds = self.case == Case::Insensitive || (self.case == Case::Smart && !capital);
        Backtracking::new(&format!("{}{whole}", if folds { "(?mi)" } else { "(?m)" }))
    }
}
