//! Answers with a strong entity tag.
//!
//! # Reference
//! RFC 9110 (2022), 8.8.3 and 13.1.2.

use super::problem::Problem;
use crate::archive::durable::sha256;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// A document as JSON.
pub(super) fn json<T: Serialize>(request: &HeaderMap, run: &str, document: &T) -> Result<Response, Problem> {
    let body = serde_json::to_vec(document).map_err(|e| Problem::internal(&e))?;
    Ok(bytes(request, run, "application/json", body))
}

/// Bytes of a media type, tagged with the run and the hash of the bytes; 304 where the client has them.
pub(super) fn bytes(request: &HeaderMap, run: &str, media_type: &'static str, body: Vec<u8>) -> Response {
    let tag = format!("\"{run}-{}\"", &sha256(&body)[..16]);
    let mut response = if client_has(request, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = body.into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        response
    };
    let headers = response.headers_mut();
    // ask again each time: a night can be published again, and its tag then changes at once
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

fn client_has(request: &HeaderMap, tag: &str) -> bool {
    request
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','))
        .map(str::trim)
        .any(|t| t == "*" || t.strip_prefix("W/").unwrap_or(t) == tag)
}
