//! Errors about URLs in settings.

use rolecall_core::wire::Error;

/// What is wrong with a URL that may hold a password, which is not shown.
pub(crate) const WITH_USER: &str = "a URL with a user or a password, which is sent nowhere: leave them out";

/// What is wrong with the URL of an endpoint. A value that may hold a password is left out.
pub(crate) fn url_problem(url: &str, error: Error) -> String {
    if url.contains('@') {
        return WITH_USER.to_owned();
    }
    if url.contains(['?', '#']) {
        return "a URL with a query or a fragment, which no endpoint has: leave it out".to_owned();
    }
    match url.split_once("://") {
        None => format!("{url:?} has no http:// or https:// in front"),
        Some((scheme, _)) if !["http", "https"].iter().any(|known| known.eq_ignore_ascii_case(scheme)) => {
            format!("{url:?} is of another scheme than http:// and https://")
        }
        Some(_) => {
            format!("{url:?} is not the URL of an endpoint, such as https://host:8443/path: {error}")
        }
    }
}
