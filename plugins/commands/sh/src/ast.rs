//! What a script means: brush-parser's syntax tree with every word taken apart, once. It is small, shared by reference
//! counts, and travels to subshells as postcard (brush-parser's own tree cannot: it leaves out fields when written).

use std::rc::Rc;

use serde::{Deserialize, Serialize};

/// A script: its complete commands, which are what one error can end.
pub(crate) type Script = Vec<List>;

/// Commands one after another.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct List(pub(crate) Vec<Item>);

/// One `a && b || c`, followed by `;` or `&`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Item {
    pub(crate) first: Pipeline,
    pub(crate) rest: Vec<(Joint, Pipeline)>,
    /// The text of a job, when this runs in the background.
    pub(crate) background: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Joint {
    And,
    Or,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Timed {
    Bash,
    Posix,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Pipeline {
    pub(crate) timed: Option<Timed>,
    pub(crate) negated: bool,
    pub(crate) stages: Vec<Command>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Command {
    pub(crate) line: u32,
    pub(crate) shape: Shape,
    pub(crate) redirects: Vec<Redirect>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Shape {
    Simple(Simple),
    Arithmetic(Word),
    ArithmeticFor(Box<ArithmeticFor>),
    Group(List),
    Subshell(List),
    For(Box<For>),
    Select(Box<For>),
    Case(Box<Case>),
    If(Vec<(Option<List>, List)>),
    While(Box<While>),
    Function(Rc<Function>),
    Test(Box<Condition>),
    Coprocess(Option<String>, Box<Command>),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Simple {
    pub(crate) assignments: Vec<Assignment>,
    pub(crate) words: Vec<Argument>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Argument {
    Word(Word),
    /// Looks like an assignment, and is one if the command is a declaration.
    Assignment(Box<Assignment>, Vec<Word>),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Assignment {
    pub(crate) name: String,
    pub(crate) index: Option<Subscript>,
    pub(crate) append: bool,
    pub(crate) value: Assigned,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Assigned {
    Scalar(Word),
    Array(Vec<(Option<Subscript>, Word)>),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ArithmeticFor {
    pub(crate) start: Word,
    pub(crate) condition: Word,
    pub(crate) step: Word,
    pub(crate) body: List,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct For {
    pub(crate) name: String,
    /// None: the positional parameters.
    pub(crate) words: Option<Vec<Word>>,
    pub(crate) body: List,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Case {
    pub(crate) subject: Word,
    pub(crate) arms: Vec<Arm>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Arm {
    pub(crate) patterns: Vec<Word>,
    pub(crate) body: Option<List>,
    pub(crate) after: AfterArm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum AfterArm {
    Leave,
    FallThrough,
    TestNext,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct While {
    pub(crate) until: bool,
    pub(crate) condition: List,
    pub(crate) body: List,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) body: Command,
    /// As `declare -f` shows it.
    pub(crate) text: String,
    /// The file that it was read from.
    pub(crate) source: String,
}

/// What stands between `[[` and `]]`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Condition {
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
    Unary(String, Word),
    Binary(String, Word, Word),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Redirect {
    pub(crate) descriptor: Descriptor,
    pub(crate) target: Target,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Descriptor {
    Number(u32),
    /// `{name}>file`: a free number, whose value the variable gets.
    Variable(String),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Target {
    Read(Word),
    Write(Word),
    Clobber(Word),
    Append(Word),
    ReadWrite(Word),
    /// `<&word`, `>&word`.
    Duplicate(Word, Direction),
    /// `&>word`, and whether it appends.
    Both(Word, bool),
    Here(Word),
    HereString(Word),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Direction {
    Input,
    Output,
}

/// A word, taken apart.
pub(crate) type Word = Vec<Piece>;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Piece {
    /// Outside of quotes and as written.
    Text(String),
    /// Quoted by `'…'`, `\` or `$'…'`.
    Quoted(String),
    /// `"…"`.
    Double(Word),
    /// `~`, `~name`; without the tilde.
    Tilde(String),
    Parameter(Box<Parameter>),
    /// `$(…)`, backquotes; the text between.
    Command(Rc<str>),
    /// `$((…))`.
    Arithmetic(Word),
    /// `<(…)`, `>(…)`.
    Process(Direction, Rc<str>),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) subscript: Option<Subscript>,
    /// `${!name…}`.
    pub(crate) indirect: bool,
    pub(crate) operation: Operation,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Subscript {
    /// `[@]`
    Each,
    /// `[*]`
    Joined,
    /// An expression of an indexed array or a key of an associative one: the text, and the same taken apart.
    Of(String, Word),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Operation {
    Value,
    Length,
    /// `-`, `=`, `?`, `+`; with a colon the empty string counts as unset.
    Test {
        kind: char,
        colon: bool,
        word: Word,
    },
    Prefix {
        longest: bool,
        pattern: Word,
    },
    Suffix {
        longest: bool,
        pattern: Word,
    },
    Replace {
        anchor: Anchor,
        pattern: Word,
        replacement: Word,
    },
    Case {
        change: char,
        all: bool,
        pattern: Word,
    },
    Substring {
        offset: Word,
        length: Option<Word>,
    },
    Transform(char),
    /// `${!name[@]}`, `${!name[*]}`.
    Keys,
    /// `${!prefix@}`, `${!prefix*}`; true for the latter.
    Names(bool),
    /// Not understood: the text of the whole.
    Bad(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Anchor {
    First,
    All,
    Start,
    End,
}
