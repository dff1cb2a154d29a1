//! A program.

use std::rc::Rc;

#[derive(Debug, Clone)]
pub(crate) enum Statement {
    /// Printed, unless it is an assignment.
    Expr(Expr),
    Text(String),
    Print(Vec<Statement>),
    If(Expr, Box<Statement>, Option<Box<Statement>>),
    While(Expr, Box<Statement>),
    For(Box<[Option<Expr>; 3]>, Box<Statement>),
    Block(Vec<Statement>),
    Break,
    Continue,
    Return(Option<Expr>),
    Define(String, Rc<Function>),
    Halt,
    Nothing,
}

#[derive(Debug)]
pub(crate) struct Function {
    /// What it gives is nothing to print.
    pub(crate) is_void: bool,
    pub(crate) parameters: Vec<Name>,
    pub(crate) locals: Vec<Name>,
    pub(crate) body: Statement,
}

/// A variable's name; arrays have names of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Name {
    Simple(String),
    Array(String),
}

#[derive(Debug, Clone)]
pub(crate) enum Place {
    Variable(String),
    Element(String, Box<Expr>),
    Scale,
    InputBase,
    OutputBase,
    /// `.` and `last`: what was printed last.
    Last,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
}

#[derive(Debug, Clone)]
pub(crate) enum Expr {
    /// As it is written, since the base may change before it is used.
    Number(String),
    Place(Place),
    Assign(Place, Box<Expr>),
    Update(Operation, Place, Box<Expr>),
    /// By 1 or -1, and whether the value is that before it.
    Step(i64, bool, Place),
    Binary(Operation, Box<Expr>, Box<Expr>),
    Negative(Box<Expr>),
    Not(Box<Expr>),
    /// In parentheses, where an assignment is printed too.
    Group(Box<Expr>),
    Call(String, Vec<Argument>),
}

#[derive(Debug, Clone)]
pub(crate) enum Argument {
    Value(Expr),
    Array(String),
}
