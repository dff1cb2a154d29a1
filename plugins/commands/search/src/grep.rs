//! GNU grep's command line.

mod files;
mod options;

use std::io;

use grep_matcher::{LineTerminator, Matcher};
use grep_printer::{ColorSpecs, StandardBuilder, SummaryBuilder, SummaryKind};
use grep_searcher::{BinaryDetection, Searcher, SearcherBuilder};

use crate::TROUBLE;
use crate::output::{Printer, Source, standard_output};
use crate::pattern::Pattern;
use options::{Binary, Options, Shown};

pub(crate) fn main(arguments: &[String]) -> i32 {
    let options = match options::read(arguments) {
        Ok(options) => options,
        Err(options::Stop::Said) => return 0,
        Err(options::Stop::Problem(problem)) => {
            eprintln!("grep: {problem}");
            return TROUBLE;
        }
    };
    if options.most == Some(0) {
        return 1;
    }
    match options.matching.build(&options.patterns) {
        Ok(Pattern::Automaton(matcher)) => search(&options, &matcher),
        Ok(Pattern::Backtracking(matcher)) => search(&options, &matcher),
        Err(problem) => {
            eprintln!("grep: {problem}");
            TROUBLE
        }
    }
}

/// One run over all files.
struct Run<'a, M> {
    options: &'a Options,
    matcher: &'a M,
    searcher: Searcher,
    printer: Printer,
    found: bool,
    failed: bool,
}

fn search<M: Matcher>(options: &Options, matcher: &M) -> i32 {
    let (searcher, printer) = (searcher(options), printer(options));
    let mut run = Run { options, matcher, searcher, printer, found: false, failed: false };
    for file in &options.files {
        if run.done() {
            break;
        }
        run.argument(file);
    }
    let flushed = run.printer.flush();
    run.note("write error", flushed.map(|()| false));
    match (run.found, run.failed) {
        (true, true) if options.shown == Shown::Nothing => 0,
        (_, true) => TROUBLE,
        (found, false) => i32::from(!found),
    }
}

impl<M: Matcher> Run<'_, M> {
    fn done(&self) -> bool {
        self.found && self.options.shown == Shown::Nothing
    }

    fn argument(&mut self, file: &str) {
        if file == "-" {
            let name = self.options.label.clone();
            let result = self.printer.search(&mut self.searcher, self.matcher, &Source::StandardInput(&name));
            return self.note(&name, result);
        }
        for entry in files::below(file, self.options) {
            match entry {
                Ok(path) => {
                    let result = self.printer.search(&mut self.searcher, self.matcher, &Source::File(&path));
                    self.note(&path.to_string_lossy(), result);
                }
                Err(problem) => self.complain(&problem),
            }
            if self.done() {
                break;
            }
        }
    }

    fn note(&mut self, name: &str, result: io::Result<bool>) {
        match result {
            Ok(found) => self.found |= found,
            Err(problem) => self.complain(&format!("{name}: {}", posix::reason(&problem))),
        }
    }

    fn complain(&mut self, problem: &str) {
        self.failed = true;
        if !self.options.silent {
            eprintln!("grep: {problem}");
        }
    }
}

fn searcher(options: &Options) -> Searcher {
    let binary = match options.binary {
        _ if options.null_data => BinaryDetection::none(),
        Binary::Named => BinaryDetection::convert(0),
        Binary::Text => BinaryDetection::none(),
        Binary::Skipped => BinaryDetection::quit(0),
    };
    let end = if options.null_data { LineTerminator::byte(0) } else { LineTerminator::byte(b'\n') };
    let (before, after) = if options.shown == Shown::Lines { (options.before, options.after) } else { (0, 0) };
    SearcherBuilder::new()
        .binary_detection(binary)
        .line_terminator(end)
        .invert_match(options.inverted)
        .line_number(options.line_numbers)
        .before_context(before)
        .after_context(after)
        .max_matches(options.most)
        .bom_sniffing(false)
        .build()
}

fn printer(options: &Options) -> Printer {
    let kind = match options.shown {
        Shown::Lines => return Printer::Lines(Box::new(lines(options).build(standard_output(options.colors)))),
        Shown::Count => SummaryKind::Count,
        Shown::FilesWith => SummaryKind::PathWithMatch,
        Shown::FilesWithout => SummaryKind::PathWithoutMatch,
        Shown::Nothing => SummaryKind::QuietWithMatch,
    };
    let mut summary = SummaryBuilder::new();
    summary.kind(kind).exclude_zero(false).path(options.names).color_specs(colors(options));
    if options.null_after_name {
        summary.path_terminator(Some(0));
    }
    Printer::Summary(summary.build(standard_output(options.colors)))
}

fn lines(options: &Options) -> StandardBuilder {
    let mut lines = StandardBuilder::new();
    lines.path(options.names).heading(false).only_matching(options.only_matching).byte_offset(options.byte_offsets);
    lines.color_specs(colors(options));
    let separator = options.group_separator.clone().map(String::into_bytes);
    if options.before + options.after > 0 {
        lines.separator_search(separator.clone());
    }
    lines.separator_context(separator);
    if options.null_after_name {
        lines.path_terminator(Some(0));
    }
    lines
}

fn colors(options: &Options) -> ColorSpecs {
    if options.colors { ColorSpecs::default_with_color() } else { ColorSpecs::default() }
}
