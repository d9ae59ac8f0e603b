//! Errors as problem details.
//!
//! # Reference
//! RFC 9457 (2023), Problem Details for HTTP APIs.

use crate::error::Error;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// The body of every answer that is an error.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// What kind of problem it is, as a URN: `urn:hazecast:problem:not-found`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words.
    pub title: String,
    /// The HTTP status, again.
    pub status: u16,
    /// What is wrong here, and what to do.
    pub detail: String,
    /// Path of the request.
    pub instance: String,
    /// Seconds after which to try again.
    #[serde(skip)]
    pub retry_after_s: Option<u32>,
}

impl Problem {
    fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Error");
        Self {
            kind: format!("urn:hazecast:problem:{}", title.to_ascii_lowercase().replace(' ', "-")),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            // the router knows the path and fills it in
            instance: String::new(),
            retry_after_s: None,
        }
    }

    /// 400: the request cannot be understood.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// 404: nothing of that name is published.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// 405: the resource does not know the method.
    pub fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "This resource does not take that method; the header Allow names those it takes.",
        )
    }

    /// 503: not now.
    pub fn unavailable(detail: impl Into<String>, retry_after_s: Option<u32>) -> Self {
        Self { retry_after_s, ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail) }
    }

    /// 500: the archive cannot be read. The cause goes to standard error; the answer names no path of the server.
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        super::complain(&format!("{cause}"));
        let detail = "The archive cannot be read. The server's log names the file.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
    }

    /// Any other status that the HTTP layer itself answers.
    pub fn of_status(status: StatusCode) -> Self {
        Self::new(status, "The request was refused before it reached a resource.")
    }

    /// The answer, with the path of the request in it.
    pub fn render(mut self, instance: &str) -> Response {
        instance.clone_into(&mut self.instance);
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let again = self.retry_after_s;
        let mut response = (status, axum::Json(self)).into_response();
        if let Some(seconds) = again {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        let problem_json = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, problem_json);
        response
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match &error {
            Error::Missing { what, remedy, .. } => Self::not_found(format!("There is not {what}. {remedy}.")),
            _ => Self::internal(&error),
        }
    }
}

/// The response carries the problem itself; the router's outermost layer renders it.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
