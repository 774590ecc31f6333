//! A raw HTTP client that gives tests control over each byte, and signing with `aws-sigv4`.

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation,
    SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use rolecall_simulator::{Config, Simulator, User};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, SystemTime};

pub const REGION: &str = "eu-central-1";

#[derive(Clone)]
pub struct Request {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn new(method: &str, target: &str) -> Self {
        Self { method: method.into(), target: target.into(), headers: Vec::new(), body: Vec::new() }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub fn body(mut self, body: &[u8]) -> Self {
        self.body = body.into();
        self
    }

    /// The value of a header, for modification.
    pub fn value(&mut self, name: &str) -> &mut String {
        let mut headers = self.headers.iter_mut();
        let found = headers.find(|(n, _)| n.eq_ignore_ascii_case(name));
        &mut found.expect("the header").1
    }

    /// Sends the request on a new connection. A host header is added if missing.
    pub fn send(&self, url: &str) -> Reply {
        let mut stream = connect(url);
        self.write(&mut stream, url);
        Reply::read(&mut BufReader::new(stream), &self.method)
    }

    pub fn write(&self, stream: &mut TcpStream, url: &str) {
        let mut message = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        let sends = |name: &str| self.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
        if !sends("host") {
            message += &format!("Host: {}\r\n", host(url));
        }
        for (name, value) in &self.headers {
            message += &format!("{name}: {value}\r\n");
        }
        if !self.body.is_empty() || self.method == "PUT" || self.method == "POST" {
            message += &format!("Content-Length: {}\r\n", self.body.len());
        }
        message += "\r\n";
        let message = [message.as_bytes(), &self.body].concat();
        stream.write_all(&message).expect("sending");
    }
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Reply {
    pub fn read(stream: &mut BufReader<TcpStream>, method: &str) -> Self {
        let mut lines = stream.by_ref().lines().map(|line| line.expect("a line"));
        let status = lines.next().expect("a status line");
        let status = status.split(' ').nth(1).and_then(|code| code.parse().ok());
        let headers: Vec<(String, String)> = lines
            .take_while(|line| !line.is_empty())
            .filter_map(|line| {
                let (name, value) = line.split_once(": ")?;
                Some((name.to_ascii_lowercase(), value.to_owned()))
            })
            .collect();
        let mut reply = Self { status: status.expect("a status"), headers, body: String::new() };
        if reply.status != 204 {
            let length: u64 = reply.header("content-length").parse().expect("a length");
            if method != "HEAD" {
                let mut body = stream.take(length);
                body.read_to_string(&mut reply.body).expect("a body");
                assert_eq!(body.limit(), 0, "the body is shorter than announced");
            }
        }
        reply
    }

    pub fn header(&self, name: &str) -> &str {
        let header = self.headers.iter().find(|(n, _)| n == name);
        header.map_or("", |(_, value)| value)
    }

    /// The text of the first XML element of this name.
    pub fn xml(&self, name: &str) -> &str {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let text = self.body.split_once(&open).map(|(_, rest)| rest);
        let text = text.and_then(|rest| rest.split_once(&close));
        text.map_or("", |(text, _)| text)
    }

    pub fn json(&self, name: &str) -> String {
        let document: serde_json::Value = serde_json::from_str(&self.body).expect("JSON");
        document[name].as_str().unwrap_or_default().to_owned()
    }

    /// Status and error code; the code is `OK` if the body has none.
    pub fn verdict(&self) -> (u16, &str) {
        let code = self.xml("Code");
        (self.status, if code.is_empty() { "OK" } else { code })
    }
}

pub fn connect(url: &str) -> TcpStream {
    let stream = TcpStream::connect(host(url)).expect("connecting");
    let limit = Some(Duration::from_secs(10));
    stream.set_read_timeout(limit).expect("a time limit");
    stream
}

pub fn host(url: &str) -> &str {
    let rest = url.strip_prefix("http://").expect("http");
    rest.split('/').next().expect("a host")
}

pub fn start(config: Config) -> Simulator {
    Simulator::start(config).expect("the simulator starts")
}

#[derive(Clone)]
pub struct Keys {
    pub id: String,
    pub secret: String,
    pub token: Option<String>,
}

impl Keys {
    pub fn of(user: &User) -> Self {
        Self { id: user.access_key_id.clone(), secret: user.secret_access_key.clone(), token: None }
    }

    /// The keys in a response of AssumeRole.
    pub fn assumed(reply: &Reply) -> Self {
        assert_eq!(reply.verdict(), (200, "OK"), "{}", reply.body);
        Self {
            id: reply.xml("AccessKeyId").into(),
            secret: reply.xml("SecretAccessKey").into(),
            token: Some(reply.xml("SessionToken").into()),
        }
    }

    /// The keys of the instance, from IMDS.
    pub fn instance(simulator: &Simulator) -> Self {
        let reply = instance_document(simulator);
        Self {
            id: reply.json("AccessKeyId"),
            secret: reply.json("SecretAccessKey"),
            token: Some(reply.json("Token")),
        }
    }
}

pub fn instance_document(simulator: &Simulator) -> Reply {
    let url = simulator.imds_url();
    let token = Request::new("PUT", "/latest/api/token")
        .header("X-aws-ec2-metadata-token-ttl-seconds", "60")
        .send(&url);
    let get = |path: &str| {
        Request::new("GET", &format!("/latest/meta-data/{path}"))
            .header("X-aws-ec2-metadata-token", &token.body)
            .send(&url)
    };
    let role = get("iam/security-credentials/").body;
    get(&format!("iam/security-credentials/{role}"))
}

pub fn user(name: &str) -> User {
    User {
        arn: format!("arn:aws:iam::111122223333:user/{name}"),
        access_key_id: format!("AKIA{:0>16}", name.to_ascii_uppercase()),
        secret_access_key: format!("{name}/secret+of/forty/characters0123456789"),
    }
}

/// Signing parameters: `Signing::of(...)` is valid, and each test changes the ones it is about.
#[derive(Clone)]
pub struct Signing {
    pub keys: Keys,
    pub service: &'static str,
    pub region: &'static str,
    pub time: SystemTime,
    pub expires: Option<u64>,
    pub unsigned_payload: bool,
}

impl Signing {
    pub fn of(keys: &Keys, service: &'static str) -> Self {
        Self {
            keys: keys.clone(),
            service,
            region: REGION,
            time: SystemTime::now(),
            expires: None,
            unsigned_payload: false,
        }
    }

    pub fn presigning(keys: &Keys, service: &'static str, expires: u64) -> Self {
        Self { expires: Some(expires), unsigned_payload: service == "s3", ..Self::of(keys, service) }
    }

    pub fn sign(&self, request: Request, url: &str) -> Request {
        let mut request = request.header("host", host(url));
        let mut settings = SigningSettings::default();
        if self.service == "s3" {
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        if let Some(expires) = self.expires {
            settings.signature_location = SignatureLocation::QueryParams;
            settings.expires_in = Some(Duration::from_secs(expires));
        }
        let Keys { id, secret, token } = self.keys.clone();
        let identity = Credentials::new(id, secret, token, None, "test").into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(self.time)
            .settings(settings)
            .build()
            .expect("parameters")
            .into();
        let headers = request.headers.iter();
        let signable = SignableRequest::new(
            &request.method,
            format!("{url}{}", request.target),
            headers.map(|(name, value)| (name.as_str(), value.as_str())),
            if self.unsigned_payload {
                SignableBody::UnsignedPayload
            } else {
                SignableBody::Bytes(&request.body)
            },
        );
        let signed = sign(signable.expect("a request"), &params).expect("signing");
        let (instructions, _) = signed.into_parts();
        let (headers, query) = instructions.into_parts();
        for header in headers {
            let (name, value) = (header.name().to_owned(), header.value().to_owned());
            request.headers.push((name, value));
        }
        for (name, value) in query {
            let mark = if request.target.contains('?') { '&' } else { '?' };
            let value: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
            request.target += &format!("{mark}{name}={value}");
        }
        request
    }
}

pub fn hours(hours: i64) -> SystemTime {
    let distance = Duration::from_secs(hours.unsigned_abs() * 3600);
    if hours < 0 { SystemTime::now() - distance } else { SystemTime::now() + distance }
}

/// Replaces the last character with a different one.
pub fn spoil(text: &mut String) {
    let last = text.pop().expect("a character");
    text.push(if last == '1' { '2' } else { '1' });
}
