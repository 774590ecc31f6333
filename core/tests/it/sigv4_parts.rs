//! The capacity of a request for header lines and parameters.

use rolecall_core::credentials::Credentials;
use rolecall_core::sigv4::chunked::Chunks;
use rolecall_core::sigv4::{Payload, Request, Rules, SignError, Signer, SigningKey, sha256_hex};
use rolecall_core::wire::Put;
use rolecall_core::wire::time::UnixTime;

#[test]
fn a_request_holds_as_many_headers_as_its_capacity() {
    let mut request: Request<'_, 2> = Request::with_room("GET", "/", Payload::Unsigned).unwrap();
    assert_eq!(request.header("host", b"example.com"), Ok(()));
    // Headers that are never signed need no capacity.
    assert_eq!(request.header("user-agent", b"test"), Ok(()));
    assert_eq!(request.header("accept", b"*/*"), Ok(()));
    assert_eq!(request.header("range", b"bytes=0-1"), Err(SignError::TooManyHeaders));

    let names: Vec<String> = (0..33).map(|number| format!("x-{number}")).collect();
    let mut request = Request::new("GET", "/", Payload::Unsigned).unwrap();
    for name in &names[..32] {
        assert_eq!(request.header(name, b"1"), Ok(()));
    }
    assert_eq!(request.header(&names[32], b"1"), Err(SignError::TooManyHeaders));
}

/// Collects what is written.
#[derive(Default)]
struct Text(Vec<u8>);

impl Put for Text {
    fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

/// Passes a signer to `with`.
fn with_signer<T>(with: impl FnOnce(&Signer<'_>) -> T) -> T {
    let credentials =
        Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None).unwrap();
    let time = UnixTime::from_compact(b"20150830T123600Z").unwrap();
    let key = SigningKey::derive(credentials.secret_access_key(), time, "us-east-1", "service");
    with(&Signer::new(&credentials, &key, Rules::STANDARD, time).unwrap())
}

/// The canonical request for an `Authorization` header, with lists of any length.
fn canonical(query: &str, headers: &[(String, String)]) -> String {
    let mut parameters: Vec<(&str, &str)> =
        query.split('&').filter(|one| !one.is_empty()).map(|one| one.split_once('=').unwrap()).collect();
    parameters.sort();
    let query: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut headers = headers.to_vec();
    headers.push(("host".to_owned(), "example.com".to_owned()));
    headers.push(("x-amz-date".to_owned(), "20150830T123600Z".to_owned()));
    headers.sort();
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let names: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    format!("GET\n/\n{}\n{lines}\n{}\n{empty}", query.join("&"), names.join(";"))
}

/// `count` parameters, in another order than theirs, some of them twice and some without a name.
fn query(count: usize) -> String {
    let one = |index: usize| format!("&n{}={}", (index * 7919) % 997, (index * 31) % 10);
    (0..count).map(one).collect()
}

#[test]
fn lent_tables_hold_many_headers_and_parameters() {
    for (headers, parameters) in [(0, 1), (30, 64), (33, 65), (200, 0), (255, 1_024), (255, 1_000)] {
        let query = query(parameters);
        let target = format!("/?{query}");
        let mut table = [0; 1_024];
        let lines: Vec<(String, String)> =
            (0..headers).map(|index| (format!("x-{}", (index * 7919) % 997), index.to_string())).collect();
        let mut request = Request::<256>::with_room("GET", &target, Payload::Bytes(b"")).unwrap();
        request.sort_parameters_in(&mut table).unwrap();
        request.header("host", b"example.com").unwrap();
        for (name, value) in &lines {
            request.header(name, value.as_bytes()).unwrap();
        }
        with_signer(|signer| {
            let signed = signer.sign(&request).unwrap();
            let mut text = Text::default();
            signed.put_canonical_request(&mut text).unwrap();
            assert_eq!(
                String::from_utf8(text.0).unwrap(),
                canonical(&query, &lines),
                "{headers} {parameters}"
            );
            // With as few as the stack holds, the signature is the same.
            if headers < 32 {
                let mut small = Request::new("GET", &target, Payload::Bytes(b"")).unwrap();
                small.header("host", b"example.com").unwrap();
                lines.iter().for_each(|(name, value)| small.header(name, value.as_bytes()).unwrap());
                assert_eq!(signer.sign(&small).unwrap().signature(), signed.signature());
                let of = |lifetime| signer.presign(&small, lifetime).unwrap().signature();
                assert_eq!(signer.presign(&request, 60).unwrap().signature(), of(60));
            }
        });
    }
}

#[test]
fn a_request_for_the_root_has_one_signature() {
    for rules in [Rules::STANDARD, Rules::S3, Rules::S3_SESSION] {
        for token in [None, Some("token")] {
            for payload in
                [Payload::Bytes(b""), Payload::Bytes(b"Action=GetCallerIdentity"), Payload::Unsigned]
            {
                let credentials = Credentials::new("AKIDEXAMPLE", "secret", token).unwrap();
                let time = UnixTime::from_compact(b"20150830T123600Z").unwrap();
                let key = SigningKey::derive(credentials.secret_access_key(), time, "us-east-1", "service");
                let signer = Signer::new(&credentials, &key, rules, time).unwrap();
                let mut root = Request::<3>::root("POST", payload).unwrap();
                let mut any = Request::new("POST", "/", payload).unwrap();
                let mut other = Request::new("POST", "/other", payload).unwrap();
                for (name, value) in
                    [("Host", "example.com"), ("Content-Type", "text/plain"), ("X-A", " b  c ")]
                {
                    root.header(name, value.as_bytes()).unwrap();
                    any.header(name, value.as_bytes()).unwrap();
                    other.header(name, value.as_bytes()).unwrap();
                }
                let expected = signer.sign(&any).unwrap().signature();
                assert_ne!(signer.sign(&other).unwrap().signature(), expected);
                for request in [signer.sign_root(&root), signer.sign(&root)] {
                    let signed = request.unwrap();
                    let (mut text, mut lines) = (Text::default(), Text::default());
                    signed.put_canonical_request(&mut text).unwrap();
                    signed.put_header_lines(&mut lines);
                    assert_eq!(signed.signature(), expected);
                    assert!(text.0.starts_with(b"POST\n/\n\n"));
                    assert!(lines.0.ends_with(format!("Signature={expected}\r\n").as_bytes()));
                }
                assert_eq!(signer.sign_root(&any).unwrap().signature(), expected);
            }
        }
    }
}

#[test]
fn nothing_but_the_root_is_signed_as_it() {
    // An empty query is none.
    let others =
        ["/a", "//", "/.", "/%2F", "/?a", "/?a=b", "/?&"].map(|target| (target, Some(SignError::NotRoot)));
    for (target, error) in others.into_iter().chain([("/", None), ("/?", None)]) {
        let mut request = Request::new("GET", target, Payload::Bytes(b"")).unwrap();
        request.header("host", b"example.com").unwrap();
        with_signer(|signer| assert_eq!(signer.sign_root(&request).err(), error, "{target}"));
    }
    let nowhere = Request::<1>::root("GET", Payload::Bytes(b"")).unwrap();
    with_signer(|signer| assert_eq!(signer.sign_root(&nowhere).err(), Some(SignError::MissingHost)));
    assert_eq!(
        Request::<1>::root("a b", Payload::Unsigned).map(|_| ()).err(),
        Some(SignError::InvalidMethod)
    );
}

/// All texts of up to `len` of these characters.
fn texts(characters: &str, len: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut longest = all.clone();
    for _ in 0..len {
        let longer = |text: &String| -> Vec<String> {
            characters.chars().map(|character| format!("{text}{character}")).collect()
        };
        longest = longest.iter().flat_map(longer).collect();
        all.extend(longest.iter().cloned());
    }
    all
}

/// The canonical request of one that has a line more.
fn canonical_with_line(name: &str, value: &str) -> String {
    let mut request = Request::<2>::with_room("GET", "/", Payload::Bytes(b"")).unwrap();
    request.header("host", b"example.com").unwrap();
    request.header(name, value.as_bytes()).unwrap();
    let mut text = Text::default();
    with_signer(|signer| signer.sign(&request).unwrap().put_canonical_request(&mut text).unwrap());
    String::from_utf8(text.0).unwrap()
}

#[test]
fn spaces_of_a_value_are_folded_wherever_they_are() {
    for value in texts("a \t", 6) {
        let words: Vec<&str> = value.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
        let expected = canonical("", &[("x-note".to_owned(), words.join(" "))]);
        assert_eq!(canonical_with_line("x-note", &value), expected, "{value:?}");
        // Beside so much text that many bytes are compared at once.
        let (long, text) = ("b".repeat(40), words.join(" "));
        let front = if value.starts_with(['a']) || value.is_empty() { "" } else { " " };
        let between = if text.is_empty() { front } else { &format!("{front}{text}") };
        let back = if value.ends_with([' ', '\t']) && !text.is_empty() { " " } else { "" };
        let expected = canonical("", &[("x-note".to_owned(), format!("{long}{between}{back}{long}"))]);
        assert_eq!(canonical_with_line("x-note", &format!("{long}{value}{long}")), expected, "{value:?}");
    }
}

#[test]
fn capitals_of_a_name_become_small_wherever_they_are() {
    for letters in texts("aZ-", 5) {
        for len in [0, 3, 4, 7, 8, 11, 16, 30] {
            let name = format!("y{}{letters}", "b".repeat(len));
            let expected = canonical("", &[(name.to_lowercase(), "1".to_owned())]);
            assert_eq!(canonical_with_line(&name, "1"), expected);
        }
    }
}

#[test]
fn a_signature_has_its_time_with_a_key_of_another_time_of_the_day() {
    let credentials =
        Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None).unwrap();
    let mut request = Request::<1>::with_room("GET", "/", Payload::Unsigned).unwrap();
    request.header("host", b"example.com").unwrap();
    let midnight = UnixTime::from_compact(b"20160229T000000Z").unwrap().as_secs();
    let secret = credentials.secret_access_key();
    for made in [0, 86_399] {
        let key = SigningKey::derive(secret, UnixTime::from_secs(midnight + made), "eu-west-1", "s3");
        for second in (0..86_400).step_by(617).chain([9, 59, 60, 3_599, 3_600, 35_999, 36_000, 86_399]) {
            let time = UnixTime::from_secs(midnight + second);
            let signer = Signer::new(&credentials, &key, Rules::S3, time).unwrap();
            let mut text = Text::default();
            signer.sign(&request).unwrap().put_header_lines(&mut text);
            let text = String::from_utf8(text.0).unwrap();
            assert!(text.contains(&format!("X-Amz-Date: {}\r\n", time.compact())), "{second}: {text}");
        }
    }
    let key = SigningKey::derive(secret, UnixTime::from_secs(midnight), "eu-west-1", "s3");
    for time in [midnight - 1, midnight + 86_400] {
        let signer = Signer::new(&credentials, &key, Rules::S3, UnixTime::from_secs(time));
        assert_eq!(signer.err(), Some(SignError::StaleKey));
    }
}

#[test]
fn one_parameter_too_many_is_an_error() {
    for (room, count) in [(1, 2), (64, 65), (65, 66), (1_024, 1_025), (0, 1)] {
        let target = format!("/?{}", query(count));
        let mut table = vec![0; room];
        let mut request = Request::new("GET", &target, Payload::Unsigned).unwrap();
        assert_eq!(request.sort_parameters_in(&mut table), Err(SignError::TooManyParameters), "{room}");
    }
    for (count, fits) in [(64, true), (65, false)] {
        let target = format!("/?{}", query(count));
        let mut request = Request::new("GET", &target, Payload::Unsigned).unwrap();
        request.header("host", b"example.com").unwrap();
        with_signer(|signer| assert_eq!(signer.sign(&request).is_ok(), fits, "{count}"));
    }
}

#[test]
fn a_signed_url_is_not_signed_again_with_lent_tables_either() {
    let target = format!("/?{}&X-Amz-Signature=0", query(100));
    let mut table = [0; 101];
    let mut request = Request::new("GET", &target, Payload::Unsigned).unwrap();
    request.sort_parameters_in(&mut table).unwrap();
    request.header("host", b"example.com").unwrap();
    with_signer(|signer| {
        assert_eq!(signer.presign(&request, 60).err(), Some(SignError::AlreadySigned));
        assert!(signer.sign(&request).is_ok());
    });
}

#[test]
fn header_names_of_any_length_fit_a_presigned_url() {
    let name = format!("x-{}!", "a".repeat(20_000));
    let mut request = Request::new("GET", "/", Payload::Unsigned).unwrap();
    request.header("host", b"example.com").unwrap();
    request.header(&name, b"1").unwrap();
    with_signer(|signer| {
        let signed = signer.presign(&request, 60).unwrap();
        let mut target = Text::default();
        signed.put_target(&mut target);
        let names = format!("&X-Amz-SignedHeaders=host%3B{}&", name.replace('!', "%21"));
        assert!(String::from_utf8(target.0).unwrap().contains(&names));
    });
}

/// S3 has no way to learn the hash of a body that a URL covers: it would refuse each request with it.
#[test]
fn a_url_for_s3_covers_no_body() {
    let credentials =
        Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None).unwrap();
    let time = UnixTime::from_compact(b"20150830T123600Z").unwrap();
    let key = SigningKey::derive(credentials.secret_access_key(), time, "us-east-1", "s3");
    for (rules, payload, accepted) in [
        (Rules::S3, Payload::Unsigned, true),
        (Rules::S3, Payload::Bytes(b""), false),
        (Rules::S3, Payload::Hash(&sha256_hex(b"body")), false),
        (Rules::S3, Payload::Chunks(Chunks::SIGNED), false),
        (Rules::STANDARD, Payload::Bytes(b""), true),
        (Rules::STANDARD, Payload::Chunks(Chunks::SIGNED), false),
    ] {
        let signer = Signer::new(&credentials, &key, rules, time).unwrap();
        let mut request = Request::new("GET", "/key", payload).unwrap();
        request.header("host", b"example.com").unwrap();
        let refused = signer.presign(&request, 60).err();
        assert_eq!(refused, (!accepted).then_some(SignError::PresignedPayload), "{payload:?}");
    }
}

#[test]
fn a_scope_has_its_parts_with_every_feature() {
    // The scope of a set of regions has no region; any other has all its parts, empty ones too.
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", None).unwrap();
    let time = UnixTime::from_compact(b"20150830T123600Z").unwrap();
    for (region, service) in [("", "service"), ("us-east-1", ""), ("", "")] {
        let key = SigningKey::derive(credentials.secret_access_key(), time, region, service);
        let signer = Signer::new(&credentials, &key, Rules::STANDARD, time).unwrap();
        let mut request = Request::new("GET", "/", Payload::Bytes(b"")).unwrap();
        request.header("host", b"example.amazonaws.com").unwrap();
        let mut lines = Text::default();
        signer.sign(&request).unwrap().put_header_lines(&mut lines);
        let lines = String::from_utf8(lines.0).unwrap();
        let scope = format!("Credential=AKIDEXAMPLE/20150830/{region}/{service}/aws4_request, ");
        assert!(lines.contains(&scope), "{lines}");
    }
}
