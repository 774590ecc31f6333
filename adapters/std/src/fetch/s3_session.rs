//! Sessions at directory buckets of S3 Express One Zone.

use rolecall_core::sources::{CreateSession, CreateSessionRequest, Fixed};

use super::{Fetched, Fetcher};
use crate::sessions::S3Session;
use crate::{Error, Request};

impl Fetcher<'_> {
    pub(super) fn s3_session(&self, session: &S3Session, keys: Fixed<'_>) -> Result<Fetched, Error> {
        let request = Request::new("GET", &session.url)?.service("s3express");
        if !request.names_region() {
            self.find_region();
        }
        let resolved = request.resolved(Some(self.settings))?;
        let origin = resolved.origin();
        let service = self.service("s3express", &origin, resolved.region())?;
        let mut parameters = CreateSessionRequest::default();
        parameters.read_only = session.read_only;
        self.credentials(&mut CreateSession::new(keys, service, parameters))
    }
}
