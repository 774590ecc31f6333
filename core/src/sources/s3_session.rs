//! CreateSession: the credentials of a session at a directory bucket of S3 Express One Zone.

use crate::call::{Api, Call, Operation, Protocol, Shape};
use crate::error::{ErrorKind, Origin};
use crate::flow::Slot;
use crate::wire::Put;
use crate::wire::xml::{Event, Reader};

use super::document::{Member, seal_with_end};

/// The source: credentials of `B`, and with them CreateSession. The service's endpoint is the bucket's
/// (`https://BUCKET--ZONE--x-s3.s3express-ZONE.REGION.amazonaws.com`).
///
/// The session lives for five minutes. Requests to that bucket, and to no other, are signed with its credentials for the
/// service `s3express` and [`Rules::S3_SESSION`](crate::sigv4::Rules::S3_SESSION).
///
/// ```
/// use rolecall_core::call::Service;
/// use rolecall_core::credentials::Credentials;
/// use rolecall_core::flow::Endpoint;
/// use rolecall_core::sources::{CreateSession, CreateSessionRequest, Fixed};
///
/// let base = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None)?;
/// let bucket = "https://logs--usw2-az1--x-s3.s3express-usw2-az1.us-west-2.amazonaws.com";
/// let service = Service::new(Endpoint::parse(bucket)?, "us-west-2");
/// let flow = CreateSession::new(Fixed::new(Some(base)), service, CreateSessionRequest::default());
/// # let _ = flow;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type CreateSession<'c, B> = Call<'c, B, CreateSessionRequest>;

/// The parameters of CreateSession (Amazon S3 API reference).
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct CreateSessionRequest {
    /// Whether the session may read alone. Without this it may write, too, and a caller who has permission to read alone is
    /// refused.
    pub read_only: bool,
}

const fn shape(headers: &'static [(&'static str, &'static [u8])]) -> Shape {
    let protocol = Protocol::RestXml { target: "/?session", headers };
    let api = Api { origin: Origin::S3Session, service: "s3express", protocol };
    Shape { repeatable: true, step: "", ..Shape::new(api, "CreateSession") }
}

impl Operation for CreateSessionRequest {
    fn shape(&self) -> &Shape {
        const WRITING: Shape = shape(&[]);
        const READING: Shape = shape(&[("x-amz-create-session-mode", b"ReadOnly")]);
        if self.read_only { &READING } else { &WRITING }
    }

    fn check(&self) -> Result<(), ErrorKind> {
        Ok(())
    }

    fn body(&self, _: &mut dyn Put, _: &Slot<'_>) {}

    fn read(&self, body: &[u8], slot: &mut Slot<'_>) -> Result<(), ErrorKind> {
        let mut reader = Reader::new(body);
        let mut in_credentials = false;
        while let Some(event) = reader.next_event().map_err(ErrorKind::Malformed)? {
            let Event::Start(name) = event else { continue };
            match reader.depth() {
                1 if name != "CreateSessionResult" => return Err(ErrorKind::Missing("CreateSessionResult")),
                2 => in_credentials = name == "Credentials",
                3 if in_credentials => {
                    if let Some((name, member)) = Member::of_sts(name) {
                        member.store_element(name, slot, &mut reader)?;
                    }
                }
                _ => {}
            }
        }
        seal_with_end(slot)
    }
}
