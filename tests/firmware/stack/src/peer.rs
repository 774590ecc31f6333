//! Metadata service and STS with constant responses.

use rolecall_core::flow::Exchange;
use rolecall_core::skew::{Instant, Now};
use sizes::Link;

/// 2030-01-01T00:00:00Z
pub(crate) const TIME: u64 = 1_893_456_000;
pub(crate) const ROLE_ARN: &str = "arn:aws:iam::123456789012:role/device";
pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
pub(crate) const TOKEN: &str = "IQoJb3JpZ2luX2VjEXAMPLETOKEN/+0123456789abcdefghijklmnopqrstuvwxyz=";

const METADATA_TOKEN: &[u8] = b"HTTP/1.1 200 OK\r\nDate: Tue, 01 Jan 2030 00:00:00 GMT\r\n\
    x-aws-ec2-metadata-token-ttl-seconds: 21600\r\nContent-Length: 12\r\nConnection: close\r\n\r\nMETADATA+/==";
const ROLES: &[u8] = b"HTTP/1.1 200 OK\r\nDate: Tue, 01 Jan 2030 00:00:00 GMT\r\n\
    Content-Length: 6\r\nConnection: close\r\n\r\ndevice";
const DOCUMENT: &[u8] = b"HTTP/1.1 200 OK\r\nDate: Tue, 01 Jan 2030 00:00:00 GMT\r\n\
    Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n\
    f1\r\n{\"Code\":\"Success\",\"Type\":\"AWS-HMAC\",\"AccessKeyId\":\"ASIAEXAMPLE\",\
    \"SecretAccessKey\":\"wJalrXUtnFEMI\\/K7MDENG+bPxRfiCYEXAMPLEKEY\",\
    \"Token\":\"IQoJb3JpZ2luX2VjEXAMPLETOKEN\\/+0123456789abcdefghijklmnopqrstuvwxyz=\",\
    \"Expiration\":\"2030-01-01T06:00:00Z\"}\r\n0\r\n\r\n";
const ASSUMED: &[u8] = b"HTTP/1.1 200 OK\r\nDate: Tue, 01 Jan 2030 00:00:00 GMT\r\nConnection: close\r\n\r\n\
    <AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>\
    <AssumedRoleUser><AssumedRoleId>AROAEXAMPLE:device</AssumedRoleId>\
    <Arn>arn:aws:sts::123456789012:assumed-role/device/device</Arn></AssumedRoleUser>\
    <Credentials><AccessKeyId>ASIAEXAMPLE2</AccessKeyId>\
    <SecretAccessKey>wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY</SecretAccessKey>\
    <SessionToken>IQoJb3JpZ2luX2VjEXAMPLETOKEN/+0123456789abcdefghijklmnopqrstuvwxyz=</SessionToken>\
    <Expiration>2030-01-01T01:00:00Z</Expiration></Credentials></AssumeRoleResult>\
    <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></AssumeRoleResponse>";

/// Selects the response by the first bytes of the request.
#[derive(Default)]
pub(crate) struct Peer {
    left: &'static [u8],
}

impl Link for Peer {
    fn open(&mut self, _: &Exchange<'_>) {}

    fn send(&mut self, bytes: &[u8]) {
        self.left = match bytes {
            [b'P', b'U', ..] => METADATA_TOKEN,
            [b'P', b'O', ..] => ASSUMED,
            _ if bytes.windows(9).any(|part| part == b"/device H") => DOCUMENT,
            _ => ROLES,
        };
    }

    fn receive(&mut self, buffer: &mut [u8]) -> usize {
        let (now, later) = self.left.split_at(self.left.len().min(buffer.len()).min(100));
        buffer.iter_mut().zip(now).for_each(|(to, from)| *to = *from);
        self.left = later;
        now.len()
    }

    fn now(&mut self) -> Now {
        Now { monotonic: Instant::from_millis(1000), wall: None }
    }

    fn entropy(&mut self) -> u32 {
        4
    }
}
