//! The words of a command line, handed over one by one.

use lexopt::{Arg, Parser, ValueExt};

/// What the words are gathered in.
pub(crate) trait Reading {
    type Stop: From<lexopt::Error>;

    fn operand(&mut self, word: String);

    /// An option, whose value is asked of the parser.
    fn short(&mut self, letter: char, parser: &mut Parser) -> Result<(), Self::Stop>;
    fn long(&mut self, name: &str, parser: &mut Parser) -> Result<(), Self::Stop>;
}

pub(crate) fn read<R: Reading>(reading: &mut R, arguments: &[String]) -> Result<(), R::Stop> {
    let mut parser = Parser::from_iter(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Value(value) => reading.operand(value.string()?),
            Arg::Short(letter) => reading.short(letter, &mut parser)?,
            Arg::Long(name) => {
                let name = name.to_owned();
                reading.long(&name, &mut parser)?;
            }
        }
    }
    Ok(())
}
