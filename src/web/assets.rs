//! Files that pages need, inside the binary and named by their digest: no other host is ever asked (checklist 12).

use std::borrow::Cow;

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "templates/assets/"]
struct Files;

/// A file as it is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// Its bytes.
    pub bytes: Cow<'static, [u8]>,
    /// Its media type.
    pub mime: &'static str,
    /// Its entity tag, with quotes. The digest is in the path, so it may be kept for ever (`immutable`).
    pub etag: String,
}

/// The path of a file: `/assets/<digest>/countersign.css`. A name that is not embedded gives a path that is not found.
#[must_use]
pub fn url(name: &str) -> String {
    let digest = Files::get(name).map_or_else(|| "none".to_owned(), |file| short(&file));
    format!("/assets/{digest}/{name}")
}

/// The file at a path such as `/assets/<digest>/countersign.css`; `None` if name or digest is another.
#[must_use]
pub fn get(path: &str) -> Option<Asset> {
    let rest = path.trim_start_matches('/');
    let rest = rest.strip_prefix("assets/").unwrap_or(rest);
    let (digest, name) = rest.split_once('/')?;
    let file = Files::get(name)?;
    if short(&file) != digest {
        return None;
    }
    Some(Asset { mime: mime(name), etag: format!("\"{digest}\""), bytes: file.data })
}

/// The first sixteen digits: enough that no two versions share a path.
fn short(file: &rust_embed::EmbeddedFile) -> String {
    use std::fmt::Write as _;
    file.metadata.sha256_hash().iter().take(8).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn mime(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

/// `GET /assets/{digest}/{name}`: for ever, since the digest is in the address.
pub(super) async fn serve(Path(path): Path<String>) -> Response {
    let Some(asset) = get(&path) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, asset.mime.to_owned()),
        (header::ETAG, asset.etag),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable".to_owned()),
    ];
    (headers, asset.bytes.into_owned()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_under_its_own_digest_only() {
        let path = url("countersign.css");
        let asset = get(&path).expect("the style sheet");
        assert_eq!(asset.mime, "text/css; charset=utf-8");
        assert!(!asset.bytes.is_empty());
        assert_eq!(get("/assets/0000000000000000/countersign.css"), None);
        assert_eq!(get(&path.replace("countersign.css", "../countersign.css")), None);
        assert_eq!(get("/assets"), None);
    }
}
