//! The requests that are signed, and how `rolecall-core` signs them.

use rolecall_core::credentials::Credentials;
use rolecall_core::sigv4::{Payload, Request, Rules, Signature, Signer, SigningKey};
use rolecall_core::wire::{Cursor, time::UnixTime};

/// 2026-03-01T12:00:00Z.
const TIME: u64 = 1_772_366_400;
/// The region in the credential scope.
pub const REGION: &str = "eu-west-1";
/// The access key id that signs.
pub const KEY_ID: &str = "ASIAROLECALLEXAMPLE0";
/// Its secret: 40 characters, like every AWS secret.
pub const SECRET: &str = "rolecall+benches/measure=what+it/costs==";

/// A request to sign, and its signing parameters.
#[derive(Debug, Clone, Default)]
pub struct Operation {
    /// A short description.
    pub name: &'static str,
    /// The time of the signature, in seconds since 1970.
    pub time: u64,
    /// The service in the credential scope.
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
    /// Whether the header `x-amz-content-sha256` is signed for a service that does not ask for it.
    pub sha256_header: bool,
}

impl Operation {
    /// The four operations to measure.
    pub fn all() -> [Self; 4] {
        let bucket = "rolecall.s3.eu-west-1.amazonaws.com";
        let presigned = Self {
            name: "presigned S3 GET",
            time: TIME,
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
                name: "STS POST, 800-byte token",
                time: TIME,
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
                time: TIME,
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
            Self { name: "presigned S3 GET, 800-byte token", token: Some(token()), ..presigned },
        ]
    }

    /// The credentials to sign with.
    pub fn credentials(&self) -> Credentials<'_> {
        Credentials::new(KEY_ID, SECRET, self.token.as_deref()).expect("credentials are text")
    }

    /// The signing key.
    pub fn key(&self) -> SigningKey<'static> {
        let secret = rolecall_core::credentials::Secret::new(SECRET);
        SigningKey::derive(&secret, self.time(), REGION, self.service)
    }

    /// Derives the signing key and computes the signature.
    pub fn sign_cold(&self, credentials: &Credentials<'_>) -> Signature {
        let key = SigningKey::derive(credentials.secret_access_key(), self.time(), REGION, self.service);
        self.sign(credentials, &key)
    }

    /// Computes the signature with a cached signing key.
    pub fn sign(&self, credentials: &Credentials<'_>, key: &SigningKey<'_>) -> Signature {
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

    /// The address.
    pub fn url(&self) -> String {
        format!("https://{}{}", self.host, self.target)
    }

    fn time(&self) -> UnixTime {
        UnixTime::from_secs(self.time)
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
        let mut rules = Rules::of(self.service);
        rules.content_sha256 |= self.sha256_header;
        let signer = Signer::new(credentials, key, rules, self.time()).expect("a signer");
        use_it(&signer, &request)
    }
}

/// A session token of 800 bytes, one in ten of which needs escaping in a query, as in real ones.
fn token() -> String {
    const PLAIN: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut word = 1u32;
    let mut random = |below: u32| {
        word = word.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((u64::from(word) * u64::from(below)) >> 32) as usize
    };
    let mut token: Vec<u8> = (0..798).map(|_| PLAIN[random(62)]).collect();
    // The two that end it are two of the eighty; each ten bytes have one of the others, somewhere.
    for start in (0..780).step_by(10) {
        token[start + random(10)] = b"/+"[random(2)];
    }
    token.extend(b"==");
    String::from_utf8(token).expect("ASCII")
}
