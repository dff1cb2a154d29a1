//! Functions: defining and calling.

use std::rc::Rc;

use crate::ast::Function;
use crate::options::Opt;
use crate::state::{Call, Shell};
use crate::stop::{Run, Stop};

impl Shell {
    pub(super) fn define(&mut self, function: &Rc<Function>) -> Run {
        let mut function = Function::clone(function);
        function.source = if self.state.source.is_empty() { "environment".into() } else { self.state.source.clone() };
        self.state.functions.insert(function.name.clone(), Rc::new(function));
        Ok(0)
    }

    pub(crate) fn call(&mut self, function: &Rc<Function>, arguments: Vec<String>) -> Run {
        self.deeper(&function.name, |shell| shell.call_within(function, arguments))
    }

    fn call_within(&mut self, function: &Rc<Function>, arguments: Vec<String>) -> Run {
        let line = self.state.line;
        self.state.calls.push(Call { function: function.name.clone(), source: function.source.clone(), line });
        self.state.vars.open_frame();
        let positional = std::mem::replace(&mut self.state.positional, arguments);
        let loops = std::mem::take(&mut self.state.loops);
        let result = self.run_command(&function.body);
        let result = match result {
            Err(Stop::Return(status)) => Ok(status),
            // `break` does not reach out of a function.
            Err(Stop::Break(_) | Stop::Continue(_)) => Ok(0),
            other => other,
        };
        if let Ok(status) = result
            && self.state.traps.contains_key("RETURN")
            && self.on(Opt::Functrace)
        {
            self.run_trap("RETURN")?;
            self.state.status = status;
        }
        self.state.loops = loops;
        self.state.positional = positional;
        self.state.vars.close_frame();
        self.state.calls.pop();
        self.state.line = line;
        result
    }
}
