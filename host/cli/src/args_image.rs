//! The command line of `skep image`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use skep_image::Reference;

use crate::help;

/// `skep image`.
#[derive(Debug, Subcommand)]
pub(crate) enum ImageCommand {
    /// Check a folder with image.toml and keep it here
    #[command(after_help = help::IMAGE_BUILD)]
    Build {
        /// The folder
        folder: PathBuf,
        /// What to call it here [default: NAME:VERSION of its image.toml]
        #[arg(long, value_name = "REF")]
        tag: Option<Reference>,
    },
    /// Send an image to a registry
    #[command(after_help = help::IMAGE_PUSH)]
    Push {
        /// Where to: HOST/NAME:TAG
        reference: Reference,
        /// Build this folder first; without it, REFERENCE is one that is here
        folder: Option<PathBuf>,
        #[command(flatten)]
        way: Way,
    },
    /// Get an image from a registry
    #[command(after_help = help::IMAGE_PULL)]
    Pull {
        /// Where from: HOST/NAME:TAG or HOST/NAME@sha256:DIGEST
        reference: Reference,
        #[command(flatten)]
        way: Way,
    },
    /// List what is here
    List,
    /// Show what an image holds
    #[command(after_help = help::IMAGE_INSPECT)]
    Inspect {
        /// A reference that is here, or a folder with image.toml
        image: String,
    },
    /// Read every component and check it
    #[command(after_help = help::IMAGE_VERIFY)]
    Verify {
        /// A reference that is here, or a folder with image.toml
        #[arg(required_unless_present = "all")]
        image: Option<String>,
        /// All images that are here
        #[arg(long, conflicts_with = "image")]
        all: bool,
    },
}

/// How registries are spoken to.
#[derive(Debug, Args)]
pub(crate) struct Way {
    /// Speak to registries of other machines without TLS
    #[arg(long)]
    pub(crate) insecure: bool,
}
