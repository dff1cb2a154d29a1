//! A program, its names already places.

use std::rc::Rc;

use regex::Regex;

#[derive(Debug, Default)]
pub(crate) struct Program {
    pub(crate) begin: Vec<Rc<Statement>>,
    pub(crate) end: Vec<Rc<Statement>>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) functions: Vec<Rc<Function>>,
    /// The names of the globals; those that are special come first, as `Special` numbers them.
    pub(crate) globals: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) pattern: Pattern,
    /// None: the record is printed.
    pub(crate) action: Option<Rc<Statement>>,
}

#[derive(Debug)]
pub(crate) enum Pattern {
    Always,
    When(Rc<Expr>),
    /// From a record to another.
    Range(Rc<Expr>, Rc<Expr>),
}

#[derive(Debug, Default)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// Which of its parameters are arrays.
    pub(crate) arrays: Vec<bool>,
    pub(crate) body: Statement,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variable {
    Global(usize),
    Local(usize),
}

/// The places of the variables that awk itself reads and sets.
pub(crate) const SPECIALS: &[&str] = &[
    "NR",
    "NF",
    "FNR",
    "FS",
    "OFS",
    "ORS",
    "RS",
    "FILENAME",
    "SUBSEP",
    "RSTART",
    "RLENGTH",
    "CONVFMT",
    "OFMT",
    "ENVIRON",
    "ARGC",
    "ARGV",
    "PROCINFO",
    "IGNORECASE",
];

#[derive(Debug, Clone, Copy)]
#[repr(usize)]
pub(crate) enum Special {
    Nr,
    Nf,
    Fnr,
    Fs,
    Ofs,
    Ors,
    Rs,
    Filename,
    Subsep,
    Rstart,
    Rlength,
    Convfmt,
    Ofmt,
    Environ,
    Argc,
    Argv,
    Procinfo,
    Ignorecase,
}

#[derive(Debug, Default)]
pub(crate) enum Statement {
    #[default]
    Nothing,
    Block(Vec<Statement>),
    Expr(Expr),
    Print {
        values: Vec<Expr>,
        to: Option<Redirect>,
    },
    Printf {
        values: Vec<Expr>,
        to: Option<Redirect>,
    },
    If(Expr, Box<Statement>, Box<Statement>),
    While(Expr, Box<Statement>),
    DoWhile(Box<Statement>, Expr),
    For {
        first: Box<Statement>,
        condition: Option<Expr>,
        step: Box<Statement>,
        body: Box<Statement>,
    },
    ForIn(Variable, Variable, Box<Statement>),
    Switch(Expr, Vec<(Option<Expr>, Vec<Statement>)>),
    Delete(Variable, Vec<Expr>),
    Break,
    Continue,
    Next,
    NextFile,
    Exit(Option<Expr>),
    Return(Option<Expr>),
}

#[derive(Debug)]
pub(crate) struct Redirect {
    pub(crate) kind: RedirectKind,
    pub(crate) target: Expr,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RedirectKind {
    Truncate,
    Append,
    Pipe,
}

#[derive(Debug, Clone)]
pub(crate) enum Expr {
    Number(f64),
    Text(Rc<str>),
    Regex(Rc<Regex>),
    Variable(Variable),
    Field(Box<Expr>),
    Element(Variable, Vec<Expr>),
    Assign(Box<Expr>, Box<Expr>),
    /// `+=` and its kin.
    Update(Arithmetic, Box<Expr>, Box<Expr>),
    /// The step, and whether the value is that before it.
    Step(f64, bool, Box<Expr>),
    Conditional(Box<Expr>, Box<Expr>, Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    In(Vec<Expr>, Variable),
    Match(Box<Expr>, Box<Expr>),
    Compare(Comparison, Box<Expr>, Box<Expr>),
    Arithmetic(Arithmetic, Box<Expr>, Box<Expr>),
    Concatenate(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Negative(Box<Expr>),
    Positive(Box<Expr>),
    /// `(a, b)`: arguments of print, or an index before `in`.
    List(Vec<Expr>),
    Call(usize, Vec<Expr>),
    Builtin(Builtin, Vec<Expr>),
    Getline(Source, Option<Box<Expr>>),
}

#[derive(Debug, Clone)]
pub(crate) enum Source {
    Main,
    File(Box<Expr>),
    Command(Box<Expr>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Less,
    LessOrEqual,
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
}

macro_rules! builtins {
    ($($variant:ident $name:literal),* $(,)?) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Builtin { $($variant),* }

        impl Builtin {
            pub(crate) fn named(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

builtins! {
    Length "length", Substr "substr", Index "index", Split "split", Sub "sub", Gsub "gsub", Gensub "gensub", Match "match",
    Sprintf "sprintf", Sin "sin", Cos "cos", Atan2 "atan2", Exp "exp", Log "log", Sqrt "sqrt", Int "int", Rand "rand",
    Srand "srand", Tolower "tolower", Toupper "toupper", System "system", Close "close", Fflush "fflush",
    Systime "systime", Strftime "strftime", Mktime "mktime", And "and", Or "or", Xor "xor", Lshift "lshift",
    Rshift "rshift", Compl "compl", Strtonum "strtonum", Asort "asort", Asorti "asorti", Patsplit "patsplit", Typeof "typeof",
}
