//! ripgrep's command line, as far as agents use it: recursive, mindful of ignore files, one thread, files in the order of
//! their names.

mod files;
mod options;

use std::io::{self, Write};
use std::path::Path;

use grep_matcher::{LineTerminator, Matcher};
use grep_printer::{ColorSpecs, JSONBuilder, StandardBuilder, SummaryBuilder};
use grep_searcher::{BinaryDetection, Searcher, SearcherBuilder};

use crate::TROUBLE;
use crate::output::{Printer, Source, standard_output};
use crate::pattern::Pattern;
use options::{Options, Shown, Stop, Task};

pub(crate) fn main(arguments: &[String]) -> i32 {
    let result = options::read(arguments).and_then(|options| match options.task {
        Task::Search => search_all(&options),
        Task::ListFiles => list_files(&options),
        Task::ListTypes => list_types(&options),
    });
    match result {
        Ok(found) => i32::from(!found),
        Err(Stop::Said) => 0,
        Err(Stop::Problem(problem)) => {
            eprintln!("rg: {problem}");
            TROUBLE
        }
        Err(Stop::Failed { found: true, quiet: true }) => 0,
        Err(Stop::Failed { .. }) => TROUBLE,
    }
}

fn search_all(options: &Options) -> Result<bool, Stop> {
    match options.matching.build(&options.patterns).map_err(Stop::Problem)? {
        Pattern::Automaton(matcher) => search(options, &matcher),
        Pattern::Backtracking(matcher) => search(options, &matcher),
    }
}

fn search<M: Matcher>(options: &Options, matcher: &M) -> Result<bool, Stop> {
    let (mut printer, mut found, mut failed) = (printer(options), false, false);
    // Each has a buffer, which all files share.
    let (mut of_named, mut of_found) = (searcher(options, true), searcher(options, false));
    if options.reads_input() {
        found = printer.search(&mut of_named, matcher, &Source::StandardInput("<stdin>"))?;
    } else {
        for entry in files::walk(options)? {
            let result = match &entry {
                Ok(file) => {
                    let searcher = if file.named { &mut of_named } else { &mut of_found };
                    let result = printer.search(searcher, matcher, &Source::File(&file.path));
                    result.map_err(|problem| format!("{}: {problem}", file.path.display()))
                }
                Err(problem) => Err(problem.clone()),
            };
            match result {
                Ok(matched) => found |= matched,
                Err(problem) => {
                    failed = true;
                    complain(options, &problem);
                }
            }
            if found && options.quiet {
                break;
            }
        }
    }
    printer.flush()?;
    if failed { Err(Stop::Failed { found, quiet: options.quiet }) } else { Ok(found) }
}

fn complain(options: &Options, problem: &str) {
    if !options.silent {
        eprintln!("rg: {problem}");
    }
}

/// A file that was named is searched to its end even if it is binary; others are given up at the first zero byte.
fn searcher(options: &Options, named: bool) -> Searcher {
    let binary = match (options.binary_as_text || options.null_data, named || options.searches_binary) {
        (true, _) => BinaryDetection::none(),
        (false, true) => BinaryDetection::convert(0),
        (false, false) => BinaryDetection::quit(0),
    };
    let end = match (options.null_data, options.crlf) {
        (true, _) => LineTerminator::byte(0),
        (false, true) => LineTerminator::crlf(),
        (false, false) => LineTerminator::byte(b'\n'),
    };
    SearcherBuilder::new()
        .binary_detection(binary)
        .line_terminator(end)
        .invert_match(options.inverted)
        .line_number(options.line_numbers)
        .multi_line(options.multi_line)
        .before_context(options.before)
        .after_context(options.after)
        .passthru(options.passes_through)
        .max_matches(options.most)
        .stop_on_nonmatch(options.stops_on_nonmatch)
        .build()
}

fn printer(options: &Options) -> Printer {
    let out = standard_output(options.colors);
    let kind = match options.shown {
        _ if options.quiet => grep_printer::SummaryKind::QuietWithMatch,
        Shown::Lines => return Printer::Lines(Box::new(lines(options).build(out))),
        Shown::Json => return Printer::Json(JSONBuilder::new().build(out)),
        Shown::Summary(kind) => kind,
    };
    let mut summary = SummaryBuilder::new();
    summary.kind(kind).path(options.names).exclude_zero(!options.includes_zero).color_specs(colors(options));
    summary.path_terminator(options.null_after_name.then_some(0));
    Printer::Summary(summary.build(out))
}

fn lines(options: &Options) -> StandardBuilder {
    let mut lines = StandardBuilder::new();
    lines
        .path(options.names)
        .heading(options.heading)
        .only_matching(options.only_matching)
        .per_match(options.vimgrep)
        .per_match_one_line(true)
        .column(options.columns)
        .byte_offset(options.byte_offsets)
        .trim_ascii(options.trims)
        .max_columns(options.most_columns)
        .max_columns_preview(options.previews_long_lines)
        .replacement(options.replacement.clone().map(String::into_bytes))
        .path_terminator(options.null_after_name.then_some(0))
        .color_specs(colors(options));
    let separator = options.context_separator.clone().map(String::into_bytes);
    match (options.heading, options.before + options.after > 0) {
        (true, _) => lines.separator_search(Some(Vec::new())),
        (false, true) => lines.separator_search(separator.clone()),
        (false, false) => lines.separator_search(None),
    };
    lines.separator_context(separator);
    lines
}

fn colors(options: &Options) -> ColorSpecs {
    if options.colors { ColorSpecs::default_with_color() } else { ColorSpecs::default() }
}

fn list_files(options: &Options) -> Result<bool, Stop> {
    let mut out = standard_output(false);
    let mut any = false;
    for entry in files::walk(options)? {
        match entry {
            Ok(file) => {
                any = true;
                write_path(&mut out, &file.path, options.null_after_name)?;
            }
            Err(problem) => complain(options, &problem),
        }
        if any && options.quiet {
            return Ok(true);
        }
    }
    out.flush()?;
    Ok(any)
}

fn write_path(out: &mut impl Write, path: &Path, null: bool) -> io::Result<()> {
    write!(out, "{}{}", path.display(), if null { '\0' } else { '\n' })
}

fn list_types(options: &Options) -> Result<bool, Stop> {
    for definition in options.types.definitions() {
        println!("{}: {}", definition.name(), definition.globs().join(", "));
    }
    Ok(true)
}
