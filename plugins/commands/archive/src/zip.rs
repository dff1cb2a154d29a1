//! `zip` and `unzip`.

mod format;
mod pack;
mod unpack;

pub(crate) use pack::main as zip;
pub(crate) use unpack::main as unzip;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    fn run(command: fn(&[String]) -> i32, words: &[&str]) -> i32 {
        command(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    fn text(path: &Path) -> &str {
        path.to_str().unwrap()
    }

    #[test]
    fn what_is_packed_is_unpacked_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to, archive) = (folder.path().join("from"), folder.path().join("to"), folder.path().join("x.zip"));
        fs::create_dir_all(from.join("a")).unwrap();
        fs::write(from.join("a/file"), "text".repeat(1000)).unwrap();
        fs::write(from.join("a/empty"), "").unwrap();
        assert_eq!(run(super::zip, &["zip", "-qrj", text(&archive), text(&from)]), 0);
        assert!(fs::metadata(&archive).unwrap().len() < 1000);
        assert_eq!(run(super::unzip, &["unzip", "-q", text(&archive), "-d", text(&to)]), 0);
        assert_eq!(fs::read_to_string(to.join("file")).unwrap(), "text".repeat(1000));
        assert!(to.join("empty").exists());
    }

    #[test]
    fn an_archive_that_is_damaged_or_leads_out_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (archive, to) = (folder.path().join("x.zip"), folder.path().join("to"));
        let mut writer = super::format::Writer::default();
        writer.add("../out", b"content", 0, 0o644);
        fs::write(&archive, writer.finish()).unwrap();
        assert_eq!(run(super::unzip, &["unzip", text(&archive), "-d", text(&to)]), 2);
        assert!(!folder.path().join("out").exists());
        let mut writer = super::format::Writer::default();
        writer.add("x", b"content", 0, 0o644);
        let mut bytes = writer.finish();
        bytes[33] ^= 1;
        fs::write(&archive, bytes).unwrap();
        assert_eq!(run(super::unzip, &["unzip", "-t", text(&archive)]), 2);
        fs::write(&archive, "nothing").unwrap();
        assert_eq!(run(super::unzip, &["unzip", text(&archive)]), 2);
    }
}
