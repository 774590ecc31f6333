//! HTTP clients for the SDK, `object_store` and `reqsign`, without TLS.

use async_trait::async_trait;
use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::http::{SharedHttpClient, SharedHttpConnector, http_client_fn};
use http_body_util::BodyExt;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};

/// The SDK's own client.
pub fn sdk() -> SharedHttpClient {
    let connector = SharedHttpConnector::new(Connector::builder().build_http());
    http_client_fn(move |_, _| connector.clone())
}

/// Sends a request, and returns the reply of any status; blocks.
///
/// # Errors
/// If there is none.
pub fn send(request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, ureq::Error> {
    let agent =
        ureq::Agent::new_with_config(ureq::config::Config::builder().http_status_as_error(false).build());
    let reply = if request.body().is_empty() { agent.run(request.map(drop)) } else { agent.run(request) }?;
    let (head, mut body) = reply.into_parts();
    Ok(http::Response::from_parts(head, body.read_to_vec()?))
}

/// `ureq`, which rolecall brings, as a client for `object_store`.
#[derive(Debug, Clone, Copy)]
pub struct Ureq;

impl HttpConnector for Ureq {
    fn connect(&self, _: &object_store::ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(*self))
    }
}

#[async_trait]
impl HttpService for Ureq {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (head, body) = request.into_parts();
        let request = http::Request::from_parts(head, body.collect().await?.to_bytes().to_vec());
        let sent = tokio::task::spawn_blocking(|| send(request)).await;
        let sent = sent.unwrap_or_else(|error| Err(ureq::Error::Io(error.into())));
        Ok(sent.map_err(|error| HttpError::new(HttpErrorKind::Request, error))?.map(Into::into))
    }
}
