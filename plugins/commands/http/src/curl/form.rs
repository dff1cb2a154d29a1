//! `-F`: forms with files, as multipart/form-data of RFC 7578.

use super::{Stop, data};

/// One field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    name: String,
    file_name: Option<String>,
    media_type: Option<String>,
    content: Vec<u8>,
}

fn name_of(value: &str) -> Result<(&str, &str), Stop> {
    value.split_once('=').ok_or_else(|| Stop::usage("Illegally formatted input field!"))
}

impl Part {
    /// `name=text`, whatever is in it.
    pub(crate) fn text(value: &str) -> Result<Self, Stop> {
        let (name, content) = name_of(value)?;
        Ok(Self { name: name.into(), file_name: None, media_type: None, content: content.into() })
    }

    /// `name=text`, `name=@file` to send a file, `name=<file` to send what is in one; then `;type=` and `;filename=`.
    pub(crate) fn read(value: &str) -> Result<Self, Stop> {
        let (name, rest) = name_of(value)?;
        let mut settings = rest.split(';');
        let first = settings.next().unwrap_or_default();
        let (mut content, mut file_name, mut media_type) = (first.to_owned(), None, None);
        for setting in settings {
            match setting.trim().split_once('=') {
                Some(("type", kind)) => media_type = Some(kind.to_owned()),
                Some(("filename", name)) => file_name = Some(name.trim_matches('"').to_owned()),
                _ => content = format!("{content};{setting}"),
            }
        }
        let (content, from_file) = match content.as_bytes().first() {
            Some(b'@') => (whole(&content[1..])?, Some(content[1..].to_owned())),
            Some(b'<') => (whole(&content[1..])?, None),
            _ => (content.into_bytes(), None),
        };
        if let Some(path) = from_file {
            file_name.get_or_insert_with(|| path.rsplit('/').next().unwrap_or(&path).to_owned());
            media_type.get_or_insert_with(|| kind_of(&path).to_owned());
        }
        Ok(Self { name: name.into(), file_name, media_type, content })
    }

    fn write(&self, body: &mut Vec<u8>) {
        let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "%22").replace('\n', "%0A");
        let mut head = format!("Content-Disposition: form-data; name=\"{}\"", quoted(&self.name));
        if let Some(name) = &self.file_name {
            head.push_str(&format!("; filename=\"{}\"", quoted(name)));
        }
        if let Some(kind) = &self.media_type {
            head.push_str(&format!("\r\nContent-Type: {kind}"));
        }
        body.extend(format!("{head}\r\n\r\n").bytes());
        body.extend(&self.content);
        body.extend(b"\r\n");
    }
}

fn whole(path: &str) -> Result<Vec<u8>, Stop> {
    if path != "-" && std::fs::metadata(path).is_err() {
        return Err(Stop::new(26, "Failed to open/read local data from file/application"));
    }
    data::content(path)
}

/// As curl knows them by their endings.
fn kind_of(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, ending)| ending).to_lowercase().as_str() {
        "gif" => "image/gif",
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "txt" => "text/plain",
        "htm" | "html" => "text/html",
        "pdf" => "application/pdf",
        "xml" => "application/xml",
        _ => "application/octet-stream",
    }
}

/// The body, and its media type.
pub(crate) fn body(parts: &[Part], boundary: &str) -> (Vec<u8>, String) {
    let mut body = Vec::new();
    for part in parts {
        body.extend(format!("--{boundary}\r\n").bytes());
        part.write(&mut body);
    }
    body.extend(format!("--{boundary}--\r\n").bytes());
    (body, format!("multipart/form-data; boundary={boundary}"))
}

/// Different each time, so that it is in no part.
pub(crate) fn boundary() -> String {
    use std::hash::{BuildHasher, RandomState};
    // Keys of hash maps are random.
    format!("------------------------{:016x}", RandomState::new().hash_one(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_files_are_parts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        std::fs::write(&path, "content").unwrap();
        let path = path.to_string_lossy();
        let parts = [
            Part::read("a=b;c").unwrap(),
            Part::read(&format!("f=@{path};type=x/y")).unwrap(),
            Part::text("t=@x").unwrap(),
        ];
        let (body, kind) = body(&parts, "B");
        assert_eq!(kind, "multipart/form-data; boundary=B");
        let expected = "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb;c\r\n\
            --B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\nContent-Type: x/y\r\n\r\ncontent\r\n\
            --B\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\n@x\r\n--B--\r\n";
        assert_eq!(String::from_utf8(body).unwrap(), expected);
        assert!(Part::read("f=@/no/such").is_err_and(|stop| stop.code == 26));
    }
}
