//! A source defined outside the core crate with its public interface: the role alias of the AWS IoT
//! credentials provider.

use rolecall_core::call::read_json_error;
use rolecall_core::error::{ErrorKind, Origin};
use rolecall_core::flow::{Ask, Endpoint, Next, Outcome, Source, Stage, Trouble, Workspace};
use rolecall_core::sources::Document;
use rolecall_core::wire::json::{Reader, Token};

/// Credentials of the role behind an alias. The certificate of the thing authenticates the connection.
pub(crate) struct RoleAlias<'c> {
    pub(crate) endpoint: Endpoint<'c>,
    pub(crate) alias: &'c str,
    pub(crate) thing: &'c str,
}

impl<'c> Source<'c> for RoleAlias<'c> {
    fn origin(&self) -> Origin {
        Origin::Custom("iot role alias")
    }

    fn stage(&self, _: u8) -> &'static Stage {
        const { &Stage::service("credentials") }
    }

    fn ask(&mut self, _: u8, work: &mut Workspace<'_, '_>) -> Result<Ask<'c>, ErrorKind> {
        let path = ["/role-aliases/", self.alias, "/credentials"];
        work.get(self.endpoint, &path, &[("x-amzn-iot-thingname", self.thing.as_bytes())])
    }

    fn take(&mut self, _: u8, work: &mut Workspace<'_, '_>, outcome: Outcome<'_>) -> Result<Next, Trouble> {
        let reply = outcome.reply()?;
        let Workspace { exchange, slots, report, .. } = work;
        let body = reply.reply.body(exchange);
        reply.expect(200).inspect_err(|_| {
            // The message is optional; the status is reported without it.
            let _ = read_json_error(body, "", report);
        })?;
        let Some(credentials) = member(body, "credentials") else {
            return Err(ErrorKind::Missing("credentials").into());
        };
        let slot = slots.first_mut().ok_or(ErrorKind::Misuse)?;
        Document::Metadata.read(credentials, slot, report)?;
        Ok(Next::Done)
    }
}

/// The member `name`, itself an object, of the outermost object.
fn member<'x>(document: &'x [u8], name: &str) -> Option<&'x [u8]> {
    let mut reader = Reader::new(document);
    while let Some(token) = reader.next_token().ok()? {
        if reader.depth() == 1 && matches!(token, Token::Key(key) if key.is(name)) {
            let start = reader.offset();
            reader.skip_value().ok()?;
            return document.get(start..reader.offset());
        }
    }
    None
}
