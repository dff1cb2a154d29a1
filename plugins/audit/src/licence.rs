//! Which licence a text is, by its title or by sentences that only it has.

/// What a licence's first words contain. Only the beginning counts, because licences name each other further down.
const TITLES: &[(&str, &[&str])] = &[
    ("AGPL-3.0", &["gnu affero general public license", "version 3"]),
    ("LGPL-3.0", &["gnu lesser general public license", "version 3"]),
    ("LGPL-2.1", &["gnu lesser general public license", "version 2.1"]),
    ("GPL-3.0", &["gnu general public license", "version 3"]),
    ("GPL-2.0", &["gnu general public license", "version 2"]),
    ("Apache-2.0", &["apache license", "version 2.0"]),
    ("MPL-2.0", &["mozilla public license", "2.0"]),
    ("EPL-2.0", &["eclipse public license", "2.0"]),
    ("BUSL-1.1", &["business source license 1.1"]),
    ("CC0-1.0", &["cc0 1.0 universal"]),
    ("BSL-1.0", &["boost software license", "version 1.0"]),
];

/// How much of a text its title is in, in characters.
const TITLE: usize = 300;

/// What the whole text contains, for licences whose texts begin with a copyright line; the more specific ones come first.
const SENTENCES: &[(&str, &[&str])] = &[
    ("Unlicense", &["this is free and unencumbered software released into the public domain"]),
    ("BSD-3-Clause", &["redistribution and use in source and binary forms", "endorse or promote products"]),
    ("BSD-2-Clause", &["redistribution and use in source and binary forms"]),
    ("Zlib", &["altered source versions must be plainly marked"]),
    ("ISC", &["permission to use, copy, modify, and/or distribute this software"]),
    ("MIT", &["permission is hereby granted, free of charge", "the software is provided \"as is\""]),
];

/// Whether a file is there to hold a licence.
pub(crate) fn is_licence_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let starts = ["license", "licence", "copying", "unlicense"].iter().any(|start| name.starts_with(start));
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    starts && !["rs", "py", "js", "ts", "go", "java", "c", "h", "json", "toml"].contains(&extension)
}

/// The licence's SPDX name.
pub(crate) fn recognise(text: &str) -> Option<&'static str> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase().replace(['“', '”'], "\"");
    let title: String = text.chars().take(TITLE).collect();
    first_that_fits(TITLES, &title).or_else(|| first_that_fits(SENTENCES, &text))
}

fn first_that_fits(licences: &[(&'static str, &[&str])], text: &str) -> Option<&'static str> {
    let fits = |sentences: &[&str]| sentences.iter().all(|sentence| text.contains(sentence));
    licences.iter().find(|(_, sentences)| fits(sentences)).map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_are_told_by_their_text_whatever_its_lines() {
        let mit = "Permission is hereby granted,\n  free of charge, to … THE SOFTWARE IS\nPROVIDED \"AS IS\", WITHOUT";
        assert_eq!(recognise(mit), Some("MIT"));
        assert_eq!(recognise("                Apache License\n     Version 2.0, January 2004"), Some("Apache-2.0"));
        assert_eq!(recognise("GNU GENERAL PUBLIC LICENSE\nVersion 2, June 1991"), Some("GPL-2.0"));
        let mpl = format!(
            "Mozilla Public License Version 2.0 {} GNU Affero General Public License, Version 3",
            "…".repeat(300)
        );
        assert_eq!(recognise(&mpl), Some("MPL-2.0"));
        assert_eq!(recognise("All rights reserved."), None);
    }

    #[test]
    fn licence_files_are_told_by_their_name() {
        for path in ["LICENSE", "licence.md", "a/LICENSE-MIT", "COPYING.LESSER"] {
            assert!(is_licence_file(path), "{path}");
        }
        for path in ["src/license.rs", "relicense.md", "LICENSES/x.txt"] {
            assert!(!is_licence_file(path), "{path}");
        }
    }
}
