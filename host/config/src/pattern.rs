//! Which tools an environment grants.

use std::fmt;

use crate::name::{name, tool as tool_name};

/// `files.read`, or `files.*` for all tools of one plugin.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ToolPattern {
    plugin: String,
    tool: Option<String>,
}

impl ToolPattern {
    /// Whether the tool of this plugin is meant.
    pub fn matches(&self, plugin: &str, tool: &str) -> bool {
        self.plugin == plugin && self.tool.as_deref().is_none_or(|meant| meant == tool)
    }

    /// The plugin that it is about.
    pub fn plugin(&self) -> &str {
        &self.plugin
    }

    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let rule =
            || format!("{text:?} is no tool: write \"<plugin>.<tool>\", or \"<plugin>.*\" for all of one plugin");
        let (plugin, tool) = text.split_once('.').ok_or_else(rule)?;
        let plugin = name(plugin).map_err(|_| rule())?;
        if tool == "*" {
            return Ok(Self { plugin, tool: None });
        }
        Ok(Self { plugin, tool: Some(tool_name(tool).map_err(|_| rule())?) })
    }
}

impl fmt::Display for ToolPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.plugin, self.tool.as_deref().unwrap_or("*"))
    }
}
