//! brush-parser's tree, turned into ours.

use std::rc::Rc;

use brush_parser::ast as brush;
use brush_parser::ast::SourceLocation;

use super::shield::Shield;
use super::tokens::{NOTHING, SELECT, Side};
use super::word::{Place, Unterminated};
use super::{SyntaxError, brace, parameter, word};
use crate::ast::*;

pub(super) struct Converter {
    pub(super) first_line: u32,
    pub(super) side: Side,
    pub(super) shield: Shield,
}

type Converted<T> = Result<T, SyntaxError>;

impl Converter {
    pub(super) fn program(&self, program: brush::Program) -> Converted<Script> {
        program.complete_commands.into_iter().map(|list| self.list(list)).collect()
    }

    fn list(&self, list: brush::CompoundList) -> Converted<List> {
        list.0.into_iter().map(|item| self.item(item)).collect::<Converted<_>>().map(List)
    }

    fn item(&self, item: brush::CompoundListItem) -> Converted<Item> {
        let brush::CompoundListItem(chain, separator) = item;
        let background = matches!(separator, brush::SeparatorOperator::Async).then(|| chain.to_string());
        let mut rest = Vec::with_capacity(chain.additional.len());
        for next in chain.additional {
            rest.push(match next {
                brush::AndOr::And(pipeline) => (Joint::And, self.pipeline(pipeline)?),
                brush::AndOr::Or(pipeline) => (Joint::Or, self.pipeline(pipeline)?),
            });
        }
        Ok(Item { first: self.pipeline(chain.first)?, rest, background })
    }

    fn pipeline(&self, pipeline: brush::Pipeline) -> Converted<Pipeline> {
        let timed = pipeline.timed.map(|timed| if timed.is_posix_output() { Timed::Posix } else { Timed::Bash });
        let stages = pipeline.seq.into_iter().map(|command| self.command(command)).collect::<Converted<_>>()?;
        Ok(Pipeline { timed, negated: pipeline.bang, stages })
    }

    fn command(&self, command: brush::Command) -> Converted<Command> {
        let line = self.line(command.location().as_ref());
        let (shape, redirects) = match command {
            brush::Command::Simple(simple) => return self.simple(simple, line),
            brush::Command::Compound(compound, redirects) => (self.compound(compound)?, redirects),
            brush::Command::Function(function) => (Shape::Function(Rc::new(self.function(function)?)), None),
            brush::Command::ExtendedTest(test, redirects) => {
                (Shape::Test(Box::new(self.condition(test.expr)?)), redirects)
            }
        };
        Ok(Command { line, shape, redirects: self.redirects(redirects)? })
    }

    pub(super) fn line(&self, span: Option<&brush_parser::SourceSpan>) -> u32 {
        self.first_line + span.map_or(0, |span| span.start.line.saturating_sub(1) as u32)
    }

    fn simple(&self, simple: brush::SimpleCommand, line: u32) -> Converted<Command> {
        let mut command = Simple { assignments: Vec::new(), words: Vec::new() };
        let mut redirects = Vec::new();
        for item in simple.prefix.map(|prefix| prefix.0).unwrap_or_default() {
            match item {
                brush::CommandPrefixOrSuffixItem::IoRedirect(redirect) => redirects.push(self.redirect(redirect)?),
                brush::CommandPrefixOrSuffixItem::AssignmentWord(assignment, _) => {
                    command.assignments.push(self.assignment(assignment)?);
                }
                brush::CommandPrefixOrSuffixItem::Word(word) => self.argument(&word, &mut command.words)?,
                brush::CommandPrefixOrSuffixItem::ProcessSubstitution(kind, subshell) => {
                    command.words.push(Argument::Word(process(&kind, &subshell)));
                }
            }
        }
        if let Some(name) = simple.word_or_name {
            self.argument(&name, &mut command.words)?;
        }
        for item in simple.suffix.map(|suffix| suffix.0).unwrap_or_default() {
            match item {
                brush::CommandPrefixOrSuffixItem::IoRedirect(redirect) => redirects.push(self.redirect(redirect)?),
                brush::CommandPrefixOrSuffixItem::AssignmentWord(assignment, raw) => {
                    let plain = self.words_at(&raw, Place::Argument)?;
                    command.words.push(Argument::Assignment(Box::new(self.assignment(assignment)?), plain));
                }
                brush::CommandPrefixOrSuffixItem::Word(word) => self.argument(&word, &mut command.words)?,
                brush::CommandPrefixOrSuffixItem::ProcessSubstitution(kind, subshell) => {
                    command.words.push(Argument::Word(process(&kind, &subshell)));
                }
            }
        }
        Ok(Command { line, shape: Shape::Simple(command), redirects })
    }

    fn argument(&self, word: &brush::Word, onto: &mut Vec<Argument>) -> Converted<()> {
        onto.extend(self.words(word)?.into_iter().map(Argument::Word));
        Ok(())
    }

    /// The words that one word with braces stands for.
    pub(super) fn words(&self, raw: &brush::Word) -> Converted<Vec<Word>> {
        self.words_at(raw, Place::Word)
    }

    fn words_at(&self, raw: &brush::Word, place: Place) -> Converted<Vec<Word>> {
        let text = self.shield.restored(&raw.value);
        brace::expand(&text).iter().map(|text| self.parsed(text, place, raw)).collect()
    }

    pub(super) fn word(&self, raw: &brush::Word) -> Converted<Word> {
        self.parsed(&raw.value, Place::Word, raw)
    }

    pub(super) fn parsed(&self, text: &str, place: Place, raw: &brush::Word) -> Converted<Word> {
        let text = self.shield.restored(text);
        word::parse(&text, place).map_err(|Unterminated| self.unterminated(raw))
    }

    fn unterminated(&self, raw: &brush::Word) -> SyntaxError {
        SyntaxError {
            message: format!("unexpected EOF while reading `{}'", raw.value),
            line: self.line(raw.loc.as_ref()),
            incomplete: true,
        }
    }

    fn text(&self, expression: &brush::UnexpandedArithmeticExpr) -> Converted<Word> {
        self.parsed(&expression.value, Place::Here, &brush::Word::new(&expression.value))
    }

    fn optional_text(&self, expression: Option<&brush::UnexpandedArithmeticExpr>) -> Converted<Word> {
        expression.map_or(Ok(Word::new()), |expression| self.text(expression))
    }

    fn assignment(&self, assignment: brush::Assignment) -> Converted<Assignment> {
        let (name, index) = match assignment.name {
            brush::AssignmentName::VariableName(name) => (name, None),
            brush::AssignmentName::ArrayElementName(name, index) => (name, Some(self.subscript(&index)?)),
        };
        let value = match assignment.value {
            brush::AssignmentValue::Scalar(word) => {
                Assigned::Scalar(self.parsed(&word.value, Place::Assignment, &word)?)
            }
            brush::AssignmentValue::Array(elements) => Assigned::Array(self.elements(elements)?),
        };
        Ok(Assignment { name, index, append: assignment.append, value })
    }

    fn elements(&self, elements: Vec<(Option<brush::Word>, brush::Word)>) -> Converted<Vec<(Option<Subscript>, Word)>> {
        let mut converted = Vec::with_capacity(elements.len());
        for (key, value) in elements {
            match key {
                Some(key) => {
                    let value = self.parsed(&value.value, Place::Assignment, &value)?;
                    converted.push((Some(self.subscript(&key.value)?), value));
                }
                None => match self.nested_key(&value)? {
                    Some(element) => converted.push(element),
                    None => converted.extend(self.words(&value)?.into_iter().map(|word| (None, word))),
                },
            }
        }
        Ok(converted)
    }

    /// `[a[0]]=value`, whose key brush-parser does not see.
    fn nested_key(&self, word: &brush::Word) -> Converted<Option<(Option<Subscript>, Word)>> {
        let text = self.shield.restored(&word.value);
        let Some(end) = text.strip_prefix('[').and_then(|_| super::scan::bracket(&text, 1)) else { return Ok(None) };
        let Some(value) = text[end..].strip_prefix('=') else { return Ok(None) };
        let value = self.parsed(value, Place::Assignment, word)?;
        Ok(Some((Some(self.subscript(&text[1..end - 1])?), value)))
    }

    fn subscript(&self, text: &str) -> Converted<Subscript> {
        parameter::subscript(text).map_err(|Unterminated| self.unterminated(&brush::Word::new(text)))
    }

    fn function(&self, function: brush::FunctionDefinition) -> Converted<Function> {
        let text = function.to_string();
        let line = self.line(function.location().as_ref());
        let brush::FunctionBody(body, redirects) = function.body;
        let body = Command { line, shape: self.compound(body)?, redirects: self.redirects(redirects)? };
        Ok(Function { name: function.fname.value, body, text, source: String::new() })
    }

    fn compound(&self, compound: brush::CompoundCommand) -> Converted<Shape> {
        Ok(match compound {
            brush::CompoundCommand::Arithmetic(command) => Shape::Arithmetic(self.text(&command.expr)?),
            brush::CompoundCommand::ArithmeticForClause(clause) => Shape::ArithmeticFor(Box::new(ArithmeticFor {
                start: self.optional_text(clause.initializer.as_ref())?,
                condition: self.optional_text(clause.condition.as_ref())?,
                step: self.optional_text(clause.updater.as_ref())?,
                body: self.list(clause.body.list)?,
            })),
            brush::CompoundCommand::BraceGroup(group) => Shape::Group(self.list(group.list)?),
            brush::CompoundCommand::Subshell(subshell) => Shape::Subshell(self.list(subshell.list)?),
            brush::CompoundCommand::ForClause(clause) => self.for_clause(clause)?,
            brush::CompoundCommand::CaseClause(clause) => Shape::Case(Box::new(self.case(clause)?)),
            brush::CompoundCommand::IfClause(clause) => Shape::If(self.if_clause(clause)?),
            brush::CompoundCommand::WhileClause(clause) => self.while_clause(clause, false)?,
            brush::CompoundCommand::UntilClause(clause) => self.while_clause(clause, true)?,
            brush::CompoundCommand::Coprocess(clause) => {
                Shape::Coprocess(clause.name.map(|name| name.value), Box::new(self.command(*clause.body)?))
            }
        })
    }

    fn for_clause(&self, clause: brush::ForClauseCommand) -> Converted<Shape> {
        let mut words = None;
        if let Some(values) = &clause.values {
            let expanded: Vec<Vec<Word>> = values.iter().map(|value| self.words(value)).collect::<Converted<_>>()?;
            words = Some(
                expanded.into_iter().flatten().filter(|word| *word != vec![Piece::Text(NOTHING.into())]).collect(),
            );
        }
        let body = self.list(clause.body.list)?;
        Ok(match clause.variable_name.strip_prefix(SELECT) {
            Some(name) => Shape::Select(Box::new(For { name: name.into(), words, body })),
            None => Shape::For(Box::new(For { name: clause.variable_name, words, body })),
        })
    }

    fn case(&self, clause: brush::CaseClauseCommand) -> Converted<Case> {
        let arms = clause.cases.into_iter().map(|item| self.arm(item)).collect::<Converted<_>>()?;
        Ok(Case { subject: self.word(&clause.value)?, arms })
    }

    fn arm(&self, item: brush::CaseItem) -> Converted<Arm> {
        Ok(Arm {
            patterns: item.patterns.iter().map(|pattern| self.word(pattern)).collect::<Converted<_>>()?,
            body: item.cmd.map(|list| self.list(list)).transpose()?,
            after: match item.post_action {
                brush::CaseItemPostAction::ExitCase => AfterArm::Leave,
                brush::CaseItemPostAction::UnconditionallyExecuteNextCaseItem => AfterArm::FallThrough,
                brush::CaseItemPostAction::ContinueEvaluatingCases => AfterArm::TestNext,
            },
        })
    }

    fn if_clause(&self, clause: brush::IfClauseCommand) -> Converted<Vec<(Option<List>, List)>> {
        let mut arms = vec![(Some(self.list(clause.condition)?), self.list(clause.then)?)];
        for arm in clause.elses.unwrap_or_default() {
            arms.push((arm.condition.map(|list| self.list(list)).transpose()?, self.list(arm.body)?));
        }
        Ok(arms)
    }

    fn while_clause(&self, clause: brush::WhileOrUntilClauseCommand, until: bool) -> Converted<Shape> {
        let brush::WhileOrUntilClauseCommand(condition, body, _) = clause;
        Ok(Shape::While(Box::new(While { until, condition: self.list(condition)?, body: self.list(body.list)? })))
    }
}

pub(super) fn process(kind: &brush::ProcessSubstitutionKind, subshell: &brush::SubshellCommand) -> Word {
    let direction = match kind {
        brush::ProcessSubstitutionKind::Read => Direction::Input,
        brush::ProcessSubstitutionKind::Write => Direction::Output,
    };
    vec![Piece::Process(direction, subshell.list.to_string().into())]
}
