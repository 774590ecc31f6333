//! The requests that are signed, and how `rolecall-core` signs them.

use rolecall_core::credentials::Credentials;
use rolecall_core::sigv4::{Payload, Request, Rules, Signer, SigningKey};
use rolecall_core::wire::{Ascii, Cursor, time::UnixTime};

/// 2026-03-01T12:00:00Z.
pub const TIME: u64 = 1_772_366_400;
/// The access key id that signs.
pub const KEY_ID: &str = "ASIAROLECALLEXAMPLE0";
/// Its secret: 40 characters, like every AWS secret.
pub const SECRET: &str = "rolecall+benches/measure=what+it/costs==";

/// A request to sign, and its signing parameters.
#[derive(Debug, Clone, Default)]
pub struct Operation {
    /// A short description.
    pub name: &'static str,
    /// The service in the credential scope; the region is `eu-west-1`.
    pub service: &'static str,
    /// The host, which is also the first header line.
    pub host: &'static str,
    /// The method.
    pub method: &'static str,
    /// Path and query.
    pub target: &'static str,
    /// Header lines, `host` among them.
    pub headers: Vec<(&'static str, &'static str)>,
    /// The body.
    pub body: &'static str,
    /// The session token.
    pub token: Option<String>,
    /// The lifetime of a presigned URL in seconds; its payload is not signed.
    pub lifetime: Option<u32>,
}

impl Operation {
    /// The four operations to measure.
    pub fn all() -> [Self; 4] {
        let bucket = "rolecall.s3.eu-west-1.amazonaws.com";
        let presigned = Self {
            name: "presigned S3 GET",
            service: "s3",
            host: bucket,
            method: "GET",
            target: "/releases/firmware-1.4.2.bin",
            headers: vec![("host", bucket)],
            lifetime: Some(900),
            ..Self::default()
        };
        [
            Self {
                name: "STS POST, token",
                service: "sts",
                host: "sts.eu-west-1.amazonaws.com",
                method: "POST",
                target: "/",
                headers: vec![
                    ("host", "sts.eu-west-1.amazonaws.com"),
                    ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
                ],
                body: "Action=AssumeRole&Version=2011-06-15\
                    &RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fdevice\
                    &RoleSessionName=rolecall&DurationSeconds=900",
                token: Some(token()),
                ..Self::default()
            },
            Self {
                name: "S3 GET, 6 headers, 8 parameters",
                service: "s3",
                host: bucket,
                method: "GET",
                target: "/releases/firmware-1.4.2.bin\
                    ?versionId=3HL4kqtJlcpXroDTDmJ.rmSpXd3dIbrH\
                    &response-content-type=application%2Foctet-stream\
                    &response-content-disposition=attachment%3B%20filename%3D%22fw.bin%22\
                    &response-content-encoding=identity\
                    &response-content-language=en\
                    &response-cache-control=no-store\
                    &response-expires=Thu%2C%2001%20Jan%202026%2000%3A00%3A00%20GMT\
                    &partNumber=2",
                headers: vec![
                    ("Host", bucket),
                    ("Accept", "*/*"),
                    ("Range", "bytes=1048576-2097151"),
                    ("If-Match", "\"9b2cf535f27731c974343645a3985328\""),
                    ("x-amz-request-payer", "requester"),
                    ("x-amz-expected-bucket-owner", "123456789012"),
                ],
                ..Self::default()
            },
            presigned.clone(),
            Self { name: "presigned S3 GET, token", token: Some(token()), ..presigned },
        ]
    }

    /// The credentials to sign with.
    pub fn credentials(&self) -> Credentials<'_> {
        Credentials::new(KEY_ID, SECRET, self.token.as_deref()).expect("credentials are text")
    }

    /// The signing key.
    pub fn key(&self) -> SigningKey<'static> {
        let secret = rolecall_core::credentials::Secret::new(SECRET);
        SigningKey::derive(&secret, UnixTime::from_secs(TIME), "eu-west-1", self.service)
    }

    /// Derives the signing key and computes the signature.
    pub fn sign_cold(&self, credentials: &Credentials<'_>) -> Ascii<64> {
        let time = UnixTime::from_secs(TIME);
        let key = SigningKey::derive(credentials.secret_access_key(), time, "eu-west-1", self.service);
        self.sign(credentials, &key)
    }

    /// Computes the signature with a cached signing key.
    pub fn sign(&self, credentials: &Credentials<'_>, key: &SigningKey<'_>) -> Ascii<64> {
        self.with_signer(credentials, key, |signer, request| match self.lifetime {
            None => signer.sign(request).expect("a signature").signature(),
            Some(lifetime) => signer.presign(request, lifetime).expect("a presigned URL").signature(),
        })
    }

    /// Signs with a cached key and writes the result for the request: the header lines to add, or the
    /// signed target.
    pub fn sign_and_write<'o>(
        &self,
        credentials: &Credentials<'_>,
        key: &SigningKey<'_>,
        out: &'o mut [u8],
    ) -> &'o [u8] {
        let mut out = Cursor::new(out);
        self.with_signer(credentials, key, |signer, request| match self.lifetime {
            None => signer.sign(request).expect("a signature").put_header_lines(&mut out),
            Some(lifetime) => {
                signer.presign(request, lifetime).expect("a presigned URL").put_target(&mut out);
            }
        });
        out.finish().expect("the buffer is large enough")
    }

    /// The canonical request and the string to sign.
    pub fn texts(&self) -> (String, String) {
        let (credentials, key) = (self.credentials(), self.key());
        let (mut canonical, mut to_sign) = ([0; 8192], [0; 512]);
        self.with_signer(&credentials, &key, |signer, request| {
            let (mut first, mut second) = (Cursor::new(&mut canonical), Cursor::new(&mut to_sign));
            match self.lifetime {
                None => {
                    let signed = signer.sign(request).expect("a signature");
                    signed.put_canonical_request(&mut first).expect("a canonical request");
                    signed.put_string_to_sign(&mut second).expect("a string to sign");
                }
                Some(lifetime) => {
                    let presigned = signer.presign(request, lifetime).expect("a presigned URL");
                    presigned.put_canonical_request(&mut first).expect("a canonical request");
                    presigned.put_string_to_sign(&mut second).expect("a string to sign");
                }
            }
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
            (text(first.finish().expect("it fits")), text(second.finish().expect("it fits")))
        })
    }

    fn with_signer<R>(
        &self,
        credentials: &Credentials<'_>,
        key: &SigningKey<'_>,
        use_it: impl FnOnce(&Signer<'_>, &Request<'_>) -> R,
    ) -> R {
        let payload =
            if self.lifetime.is_some() { Payload::Unsigned } else { Payload::Bytes(self.body.as_bytes()) };
        let mut request = Request::new(self.method, self.target, payload).expect("a request");
        for (name, value) in &self.headers {
            request.header(name, value.as_bytes()).expect("a header line");
        }
        let rules = Rules::of(self.service);
        let signer = Signer::new(credentials, key, rules, UnixTime::from_secs(TIME)).expect("a signer");
        use_it(&signer, &request)
    }
}

/// A session token of 800 bytes in the Base64 alphabet, a few of which need escaping.
fn token() -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut word = 1u32;
    let mut token: String = (0..798)
        .map(|_| {
            word = word.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from(ALPHABET[(word >> 26) as usize])
        })
        .collect();
    token.push_str("==");
    token
}
