//! Which place each name has, and which parameters turn out to be arrays.

use std::collections::HashMap;
use std::rc::Rc;

use crate::ast::{Function, Program, SPECIALS, Variable};

pub(super) struct Names {
    globals: HashMap<String, usize>,
    order: Vec<String>,
    functions: HashMap<String, usize>,
    locals: Vec<String>,
    arrays: Vec<bool>,
    current: usize,
    /// Parameters that are handed on as arguments: of function and parameter, to function and parameter.
    handed_on: Vec<((usize, usize), (usize, usize))>,
}

impl Names {
    pub(super) fn new() -> Self {
        let order: Vec<String> = SPECIALS.iter().map(|name| (*name).to_owned()).collect();
        let globals = order.iter().enumerate().map(|(at, name)| (name.clone(), at)).collect();
        Self {
            globals,
            order,
            functions: HashMap::new(),
            locals: Vec::new(),
            arrays: Vec::new(),
            current: 0,
            handed_on: Vec::new(),
        }
    }

    pub(super) fn declare_function(&mut self, name: &str) -> Result<(), String> {
        let number = self.functions.len();
        match self.functions.insert(name.to_owned(), number) {
            None => Ok(()),
            Some(_) => Err(format!("function {name} is defined twice")),
        }
    }

    pub(super) fn function(&self, name: &str) -> Option<usize> {
        self.functions.get(name).copied()
    }

    pub(super) fn begin_function(&mut self, name: &str, parameters: Vec<String>) {
        self.current = self.functions.get(name).copied().unwrap_or_default();
        self.arrays = vec![false; parameters.len()];
        self.locals = parameters;
    }

    pub(super) fn end_function(&mut self) -> Vec<bool> {
        self.locals.clear();
        std::mem::take(&mut self.arrays)
    }

    pub(super) fn variable(&mut self, name: &str) -> Variable {
        if let Some(local) = self.locals.iter().position(|local| local == name) {
            return Variable::Local(local);
        }
        if let Some(global) = self.globals.get(name) {
            return Variable::Global(*global);
        }
        self.order.push(name.to_owned());
        self.globals.insert(name.to_owned(), self.order.len() - 1);
        Variable::Global(self.order.len() - 1)
    }

    pub(super) fn array(&mut self, name: &str) -> Variable {
        let variable = self.variable(name);
        self.is_array(variable);
        variable
    }

    pub(super) fn is_array(&mut self, variable: Variable) {
        if let Variable::Local(local) = variable {
            self.arrays[local] = true;
        }
    }

    pub(super) fn hands_on(&mut self, variable: Variable, function: usize, parameter: usize) {
        if let Variable::Local(local) = variable {
            self.handed_on.push(((self.current, local), (function, parameter)));
        }
    }

    /// A parameter is an array too if it is handed on as one.
    pub(super) fn finish(self, program: &mut Program) -> Result<(), String> {
        let mut functions: Vec<(usize, Function)> = Vec::new();
        for function in std::mem::take(&mut program.functions) {
            let number = self.functions.get(&function.name).copied().unwrap_or_default();
            functions.push((number, Rc::into_inner(function).ok_or("a function is still in use")?));
        }
        functions.sort_by_key(|(number, _)| *number);
        let mut functions: Vec<Function> = functions.into_iter().map(|(_, function)| function).collect();
        let mut changed = true;
        while changed {
            changed = false;
            for ((from, local), (to, parameter)) in &self.handed_on {
                let is_array = functions.get(*to).and_then(|to| to.arrays.get(*parameter)).copied().unwrap_or(false);
                if is_array && !functions[*from].arrays[*local] {
                    functions[*from].arrays[*local] = true;
                    changed = true;
                }
            }
        }
        program.functions = functions.into_iter().map(Rc::new).collect();
        program.globals = self.order;
        Ok(())
    }
}
