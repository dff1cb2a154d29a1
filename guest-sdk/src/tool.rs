//! From the exported `describe` and `call` to the author's tools and back.

use std::fmt::Display;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::wit::tool::exports::skep::plugin::tool_provider::Description;

/// The arguments of a tool that takes none: an empty JSON object.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoArguments {}

/// A tool's entry in the provider's list. The function is there for its types only.
#[doc(hidden)]
pub fn describe_tool<A: JsonSchema, R, E>(
    name: &str,
    description: &str,
    _: impl FnOnce(A) -> Result<R, E>,
) -> Description {
    Description {
        name: name.to_owned(),
        description: description.to_owned(),
        parameters: schema_of::<A>().to_value().to_string(),
    }
}

/// Reads the arguments, calls the tool and writes its answer.
#[doc(hidden)]
pub fn call_tool<A, R, E>(name: &str, arguments: &str, tool: impl FnOnce(A) -> Result<R, E>) -> Result<String, String>
where
    A: DeserializeOwned + JsonSchema,
    R: Serialize,
    E: Display,
{
    let arguments = read_arguments(name, arguments)?;
    let answer = tool(arguments).map_err(|error| format!("{error:#}"))?;
    serde_json::to_string(&answer).map_err(|error| format!("the answer of {name} is no JSON: {error}"))
}

/// Arguments of the author's type, or a text that names the wrong field and the schema, so that a model can mend its call.
fn read_arguments<A: DeserializeOwned + JsonSchema>(name: &str, arguments: &str) -> Result<A, String> {
    let deserializer = &mut serde_json::Deserializer::from_str(arguments);
    serde_path_to_error::deserialize(deserializer).map_err(|error| {
        let place = Some(error.path().to_string()).filter(|path| path != ".");
        let place = place.map_or_else(String::new, |path| format!("`{path}`: "));
        format!("invalid arguments for {name}: {place}{}; expected {}", error.inner(), schema_of::<A>().to_value())
    })
}

/// The schema in one piece, without references and without the words that are of no use to a caller.
fn schema_of<A: JsonSchema>() -> Schema {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<A>();
    schema.remove("title");
    schema
}

/// The error for a name that the provider doesn't have.
#[doc(hidden)]
pub fn unknown_tool(name: &str, known: &[&str]) -> String {
    format!("no tool named `{name}`; this plugin has {}", known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize, JsonSchema)]
    struct Arguments {
        /// Where to look.
        path: String,
        #[serde(default)]
        lines: Vec<u32>,
    }

    fn describe(arguments: Arguments) -> Result<String, String> {
        if arguments.lines.is_empty() { Err("no lines".into()) } else { Ok(arguments.path) }
    }

    #[test]
    fn a_wrong_field_is_named_with_the_schema() {
        let error = call_tool("show", r#"{"path": "a", "lines": [1, "two"]}"#, describe).unwrap_err();
        assert!(
            error.starts_with("invalid arguments for show: `lines[1]`: invalid type: string \"two\", expected u32"),
            "{error}"
        );
        assert!(error.contains(r#""path":{"description":"Where to look.","type":"string"}"#), "{error}");
    }

    #[test]
    fn a_missing_field_is_named() {
        let error = call_tool("show", "{}", describe).unwrap_err();
        assert!(error.starts_with("invalid arguments for show: missing field `path`"), "{error}");
    }

    #[test]
    fn a_tools_answer_is_json_and_its_error_is_text() {
        assert_eq!(call_tool("show", r#"{"path": "a\"b", "lines": [1]}"#, describe), Ok(r#""a\"b""#.into()));
        assert_eq!(call_tool("show", r#"{"path": "a"}"#, describe), Err("no lines".into()));
    }

    #[test]
    fn no_arguments_means_an_empty_object() {
        let tool = |_: NoArguments| Ok::<_, String>(1);
        assert_eq!(call_tool("one", "{}", tool), Ok("1".into()));
        assert!(call_tool("one", r#"{"more": 1}"#, tool).is_err_and(|error| error.contains("unknown field `more`")));
    }
}
