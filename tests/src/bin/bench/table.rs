//! The table that is printed.

use std::fmt;

use anyhow::Result;
use serde::{Deserialize, Serialize};

/// One line of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) figure: Amount,
    pub(crate) against: Option<Against>,
    pub(crate) target: Option<Target>,
}

/// What the figure is held against, and their ratio.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Against {
    pub(crate) what: String,
    pub(crate) amount: Amount,
    pub(crate) ratio: f64,
}

/// A number and what it counts.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Amount {
    pub(crate) value: f64,
    pub(crate) unit: Unit,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unit {
    Micros,
    Millis,
    PerSecond,
    KibiBytes,
    MebiBytes,
}

/// What is to be reached.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Target {
    RatioAtMost(f64),
    RatioAtLeast(f64),
    AtMost(f64),
    AtLeast(f64),
}

impl Unit {
    pub(crate) const fn of(self, value: f64) -> Amount {
        Amount { value, unit: self }
    }
}

impl Row {
    /// A figure by itself.
    pub(crate) fn new(what: impl Into<String>, figure: Amount) -> Self {
        Self { what: what.into(), figure, against: None, target: None }
    }

    /// Held against something in the same unit.
    pub(crate) fn against(mut self, what: impl Into<String>, value: f64, ratio: f64) -> Self {
        self.against = Some(Against { what: what.into(), amount: self.figure.unit.of(value), ratio });
        self
    }

    pub(crate) const fn target(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }

    fn reached(&self) -> Option<bool> {
        let ratio = self.against.as_ref().map(|against| against.ratio);
        Some(match self.target? {
            Target::RatioAtMost(most) => ratio? <= most,
            Target::RatioAtLeast(least) => ratio? >= least,
            Target::AtMost(most) => self.figure.value <= most,
            Target::AtLeast(least) => self.figure.value >= least,
        })
    }

    fn cells(&self) -> [String; 6] {
        let against = self.against.as_ref();
        let target = self.target.map(|target| match target {
            Target::RatioAtMost(most) => format!("≤ {} x", (most * 100.0).round() / 100.0),
            Target::RatioAtLeast(least) => format!("≥ {least} x"),
            Target::AtMost(most) => format!("≤ {}", self.figure.unit.of(most)),
            Target::AtLeast(least) => format!("≥ {}", self.figure.unit.of(least)),
        });
        [
            self.what.clone(),
            self.figure.to_string(),
            against.map(|against| format!("{} ({})", against.amount, against.what)).unwrap_or_default(),
            against.map(|against| format!("{:.2} x", against.ratio)).unwrap_or_default(),
            target.unwrap_or_default(),
            self.reached().map(|reached| if reached { "yes" } else { "NO" }).unwrap_or_default().to_owned(),
        ]
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            Unit::Micros => "µs",
            Unit::Millis => "ms",
            Unit::PerSecond => "/s",
            Unit::KibiBytes => "KiB",
            Unit::MebiBytes => "MiB",
        };
        match self.value {
            value if value >= 100.0 => write!(f, "{} {unit}", grouped(value)),
            value => write!(f, "{value:.1} {unit}"),
        }
    }
}

/// 1234567 as "1,234,567".
fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let comma = |(place, digit): (usize, char)| {
        let ends_group = place > 0 && (digits.len() - place).is_multiple_of(3);
        ends_group.then_some(',').into_iter().chain([digit])
    };
    digits.chars().enumerate().flat_map(comma).collect()
}

const HEAD: [&str; 6] = ["what", "figure", "floor or against", "ratio", "target", "reached"];

pub(crate) fn print(rows: &[Row]) -> Result<()> {
    let lines: Vec<_> = std::iter::once(HEAD.map(str::to_owned)).chain(rows.iter().map(Row::cells)).collect();
    let widths = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 6] = std::array::from_fn(widths);
    for (number, line) in lines.iter().enumerate() {
        let padded = line.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        println!("| {} |", padded.collect::<Vec<_>>().join(" | "));
        if number == 0 {
            println!("|{}|", widths.map(|width| "-".repeat(width + 2)).join("|"));
        }
    }
    Ok(())
}

pub(crate) fn print_json(rows: &[Row]) -> Result<()> {
    let mut all = serde_json::to_value(rows)?;
    for (row, json) in rows.iter().zip(all.as_array_mut().into_iter().flatten()) {
        json["reached"] = row.reached().into();
    }
    println!("{all:#}");
    Ok(())
}
