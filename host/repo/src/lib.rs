//! Brings repositories into a run's workspace.
