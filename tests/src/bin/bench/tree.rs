//! A repository of the size of a large product, the same each time.

use std::fs;
use std::path::Path;

use anyhow::Result;

/// Files in one folder.
const FOLDER: usize = 30;
/// Lines of a file, on average; with the words below that is about 6 kB.
const LINES: u64 = 150;

const ENDINGS: [&str; 8] = ["rs", "py", "js", "go", "c", "md", "toml", "json"];
const WORDS: [&str; 16] = [
    "let", "state", "=", "journal", ".read(", "run", ",", "limit", ");", "if", "open", "{", "return", "error", "}",
    "// why",
];

/// Numbers that look random; xorshift64.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// What was made or walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Size {
    pub(crate) files: u64,
    pub(crate) bytes: u64,
}

/// Writes so many files.
pub(crate) fn grow(root: &Path, files: usize) -> Result<Size> {
    let (mut numbers, mut size) = (Numbers(0x5eed), Size::default());
    for file in 0..files {
        let folder = root.join(format!("part{}/module{}", file / FOLDER / 10, file / FOLDER));
        if file % FOLDER == 0 {
            fs::create_dir_all(&folder)?;
        }
        let ending = ENDINGS[file % ENDINGS.len()];
        let text = text(&mut numbers);
        fs::write(folder.join(format!("file{file}.{ending}")), &text)?;
        size.files += 1;
        size.bytes += text.len() as u64;
    }
    Ok(size)
}

fn text(numbers: &mut Numbers) -> String {
    let mut text = String::new();
    for _ in 0..LINES / 2 + numbers.below(LINES) {
        let marker = if numbers.below(500) == 0 { "// TODO: finish this " } else { "    " };
        text.push_str(marker);
        for _ in 0..4 + numbers.below(8) {
            text.push_str(WORDS[numbers.below(16) as usize]);
            text.push(' ');
        }
        text.push('\n');
    }
    text
}

/// Visits every file and asks for its size.
pub(crate) fn walk(folder: &Path) -> Result<Size> {
    let mut size = Size::default();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            let below = walk(&entry.path())?;
            (size.files, size.bytes) = (size.files + below.files, size.bytes + below.bytes);
        } else {
            (size.files, size.bytes) = (size.files + 1, size.bytes + metadata.len());
        }
    }
    Ok(size)
}
