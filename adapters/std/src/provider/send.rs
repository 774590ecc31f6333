//! Signing, presigning and sending with a provider's credentials.

use rolecall_core::call::{Content, SendRequest};
use rolecall_core::error::{Error as SourceError, ErrorKind};
use rolecall_core::flow::{Report, Slot};
use rolecall_core::sigv4::SigningKeys;
use rolecall_core::sigv4::chunked::{ChunkKeys, ChunkLayout};
use rolecall_core::sources::Held;
use rolecall_core::wire::Ascii;

use super::Provider;
use super::chunked::Encoded;
use crate::credentials::CallerIdentity;
use crate::driver::{Driver, EXCHANGE};
use crate::host::{Buffer, Download, Streams, Upload};
use crate::request::{HEADER_ROOM, Resolved};
use crate::secret::Wiped;
use crate::sessions::{S3Session, Session};
use crate::{Error, Presigned, Reply, Request, Signed};

impl Provider {
    /// Calls STS GetCallerIdentity: the account, ARN and user id of the credentials.
    ///
    /// # Errors
    /// Those of [`Provider::credentials`], and of the call.
    pub fn caller_identity(&self) -> Result<CallerIdentity, Error> {
        self.waiting(|| self.identity_now())
    }

    fn identity_now(&self) -> Result<CallerIdentity, Error> {
        let credentials = self.credentials()?;
        let identity = self.fetcher().identity(&credentials);
        if identity.as_ref().is_err_and(Error::says_ended) {
            self.invalidate(credentials.access_key_id());
        }
        identity
    }

    /// `request` with the service and region that it will be signed for ([`Request::completed`]); the instance is asked
    /// for the region if nothing else names one.
    ///
    /// # Errors
    /// Those of [`Request::completed`].
    pub fn complete(&self, request: &Request) -> Result<Request, Error> {
        self.resolved(request)?;
        let completed = request.completed(self.settings())?;
        Ok(if self.s3_session().is_some() { completed.s3_session() } else { completed })
    }

    /// Signs `request` with the credentials, at the current time.
    ///
    /// # Errors
    /// Those of [`Provider::credentials`] and [`Request::sign`].
    pub fn sign(&self, request: &Request) -> Result<Signed, Error> {
        let request = self.resolved(request)?;
        request.sign(&self.shared.keys, &*self.credentials()?, self.time())
    }

    /// Signs `request` as [`Provider::send`] would send it, and returns path and query, too.
    #[cfg(feature = "http")]
    pub(crate) fn sign_as_sent(&self, request: &Request) -> Result<(Signed, String), Error> {
        let resolved = self.resolved(request)?;
        let target = resolved.canonical_target();
        let (credentials, time) = (self.credentials()?, self.time());
        Ok((resolved.sign_target(&self.shared.keys, &credentials, time, &target)?, target.into_owned()))
    }

    /// Presigns `request`, valid from now on for `lifetime_seconds`, 1 to 604,800. Temporary credentials end
    /// the URL when they expire, if that is sooner.
    ///
    /// # Errors
    /// Those of [`Provider::credentials`] and [`Request::presign`].
    pub fn presign(&self, request: &Request, lifetime_seconds: u32) -> Result<Presigned, Error> {
        let request = self.resolved(request)?;
        request.presign(&self.shared.keys, &*self.credentials()?, self.time(), lifetime_seconds)
    }

    /// Signs and sends `request`; a reply of any status is a reply. It makes one attempt unless
    /// [`Request::attempts`] allows more, and one more if the service says that this machine's clock is
    /// wrong.
    ///
    /// # Errors
    /// Those of [`Provider::sign`]; [`Error::Send`] if there is no reply.
    pub fn send(&self, request: &Request) -> Result<Reply, Error> {
        self.send_content(request, request.content(), Streams::default(), &self.shared.keys)
    }

    /// Sends `request` as [`Provider::send`] does, and writes the body of a reply of status 2xx to `out` as
    /// it
    /// arrives, whatever its length. The part before an error has been written by then, and a body that
    /// breaks off
    /// is not requested again. Bodies of other statuses are in the reply.
    ///
    /// # Errors
    /// As [`Provider::send`].
    pub fn send_to(&self, request: &Request, out: &mut dyn Download) -> Result<Reply, Error> {
        let streams = Streams { upload: None, download: Some(out) };
        self.send_content(request, request.content(), streams, &self.shared.keys)
    }

    /// Sends `request` as [`Provider::send_to`] does, with a body that is read while it is sent and never
    /// held
    /// whole. It has `len` bytes; `sha256` is their hash in lower-case hexadecimal, or `None` to leave them
    /// unsigned, as S3 accepts over https.
    ///
    /// ```no_run
    /// # fn put(provider: &rolecall::Provider) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut file = std::fs::File::open("11.csv")?;
    /// let request = rolecall::Request::new("PUT", "https://reports.s3.eu-west-1.amazonaws.com/11.csv")?;
    /// let len = file.metadata()?.len();
    /// provider.send_from(&request, &mut file, len, None, &mut std::io::sink())?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Provider::send`]; [`Error::Configuration`] for a hash that is not 64 hexadecimal digits.
    pub fn send_from(
        &self,
        request: &Request,
        upload: &mut dyn Upload,
        len: u64,
        sha256: Option<&str>,
        out: &mut dyn Download,
    ) -> Result<Reply, Error> {
        let invalid = || Error::invalid("SHA-256", "64 digits of lower-case hexadecimal are expected");
        let sha256 = sha256.map(|text| Ascii::hexadecimal(text).ok_or_else(invalid)).transpose()?;
        let rewinds = upload.rewinds();
        let content = Content::Streamed { len, sha256, rewinds };
        let streams = Streams { upload: Some(upload), download: Some(out) };
        self.send_content(request, content, streams, &self.shared.keys)
    }

    /// Sends `request` to S3 as [`Provider::send_from`] does, with a body that is signed in chunks while it is read: its
    /// hash need not be known before, and a change on the way is refused.
    ///
    /// ```no_run
    /// use rolecall::core::sigv4::chunked::{ChunkLayout, Chunks};
    /// # fn put(provider: &rolecall::Provider) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut file = std::fs::File::open("11.csv")?;
    /// let request = rolecall::Request::new("PUT", "https://reports.s3.eu-west-1.amazonaws.com/11.csv")?;
    /// let layout = ChunkLayout::new(Chunks::SIGNED, file.metadata()?.len())?.with_chunk(65_536)?;
    /// provider.send_chunked(&request, &mut file, layout, &mut std::io::sink())?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Provider::send`]; for a request of another service than S3, too, and for a body that is longer or
    /// shorter than `layout` says.
    pub fn send_chunked(
        &self,
        request: &Request,
        upload: &mut dyn Upload,
        layout: ChunkLayout,
        out: &mut dyn Download,
    ) -> Result<Reply, Error> {
        if request.leaves_payload_unsigned() {
            let problem = "the body is signed in chunks; leave out UNSIGNED-PAYLOAD, or send it by send_from";
            return Err(Error::invalid("x-amz-content-sha256", problem));
        }
        let announcement = layout.announcement();
        let content = Content::Chunked { announcement: &announcement, rewinds: upload.rewinds() };
        let keys = ChunkKeys::new(&self.shared.keys);
        let mut encoded = Encoded::new(upload, layout, &keys);
        let streams = Streams { upload: Some(&mut encoded), download: Some(out) };
        self.send_content(request, content, streams, &keys)
    }

    fn send_content(
        &self,
        request: &Request,
        content: Content<'_>,
        mut streams: Streams<'_>,
        keys: &dyn SigningKeys,
    ) -> Result<Reply, Error> {
        request.check_sendable()?;
        let resolved = self.resolved(request)?;
        let (target, headers) = (resolved.canonical_target(), request.headers());
        let mut outgoing = resolved.outgoing(&target, &headers, content);
        outgoing.streams_reply = streams.download.is_some();
        let credentials = self.credentials()?;

        let borrowed = credentials.borrow();
        let texts = [
            Some(borrowed.access_key_id()),
            Some(borrowed.secret_access_key().expose()),
            borrowed.session_token().map(|token| token.expose()),
            borrowed.account_id(),
        ];
        let mut memory = Wiped::new(vec![0; texts.iter().flatten().map(|text| text.len()).sum()]);
        let mut slots = [Slot::new(&mut memory)];
        // The slot is as large as needed.
        let _ = slots[0].store(&borrowed);
        let token_len = borrowed.session_token().map_or(0, |token| token.expose().len());
        // Each name is in the list of signed headers, too.
        let lines: usize = headers.iter().map(|(name, value)| 2 * name.len() + value.len() + 5).sum();
        let room = EXCHANGE.max(HEAD + target.len() + lines + token_len);
        let driver = self.fetcher().driver(room);
        let (mut buffer, mut report) = (Buffer::new(), Report::new());
        let mut table = request.table();
        let mut flow = SendRequest::<_, _, HEADER_ROOM>::with_room(Held, outgoing, keys, &mut table);
        let answered = driver
            .drive_in(&mut buffer, &mut streams, &mut flow, &mut slots, &mut report)
            .map_err(|error| self.unsent(error, report, &driver))?;
        if answered.credentials_ended {
            self.invalidate(credentials.access_key_id());
        }
        let reply = &answered.reply;
        let headers = reply.headers(buffer.bytes());
        let text = |(name, value): (&str, &[u8])| {
            Some((name.to_ascii_lowercase(), std::str::from_utf8(value).ok()?.to_owned()))
        };
        Ok(Reply {
            status: reply.status,
            headers: headers.iter().filter_map(text).collect(),
            body: reply.body(buffer.bytes()).to_vec(),
        })
    }

    /// The request with service and region; the instance is asked for the region if nothing else names it.
    fn resolved<'r>(&'r self, request: &'r Request) -> Result<Resolved<'r>, Error> {
        self.find_region_of(request);
        let resolved = request.resolved(Some(self.settings()))?;
        match self.s3_session() {
            Some(session) => resolved.in_s3_session(&session.url),
            None => Ok(resolved),
        }
    }

    /// The session of S3 Express One Zone, if the credentials are those of one.
    fn s3_session(&self) -> Option<&S3Session> {
        match self.on_top() {
            Some((_, Session::S3(session))) => Some(session),
            _ => None,
        }
    }

    fn find_region_of(&self, request: &Request) {
        if !request.names_region() {
            self.fetcher().find_region();
        }
    }

    /// The error of a request without a reply: that of a setting, if a setting caused it.
    fn unsent(&self, error: SourceError, report: Report, driver: &Driver<'_>) -> Error {
        match (error.kind, self.fetcher().failed(driver, error, report)) {
            (ErrorKind::Sign(error), _) => Error::Sign(error),
            (ErrorKind::Transport(failure), Error::Source { detail, .. }) => Error::Send { failure, detail },
            (_, error) => error,
        }
    }
}

/// Room for the lines of a head that are not the caller's: `Host`, the scope, the signature.
const HEAD: usize = 4 * 1024;
