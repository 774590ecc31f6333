//! What STS says about an identity reaches the terminal as printable ASCII, in the line where it belongs.

use e2e::command::{Run, rolecall};
use e2e::peer::{Act, Peer};

/// Texts that would change what a terminal shows: line ends, controls of C0 and C1, changes of direction, characters
/// without a width.
const HOSTILE: [&str; 12] = [
    "&#10;account: 999999999999",
    "&#13;account: 999999999999",
    "\t",
    "\u{7f}",
    "\u{85}",
    "\u{9b}31mred\u{9d}0;title\u{9c}",
    "\u{200b}\u{200f}",
    "\u{2028}\u{2029}",
    "\u{202e}",
    "\u{2066}\u{2069}",
    "\u{feff}",
    "\u{e0041}\u{e9}",
];

fn ask(command: &[&str], account: &str, arn: &str, user_id: &str) -> Run {
    let body = format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
         <Arn>{arn}</Arn><UserId>{user_id}</UserId><Account>{account}</Account></GetCallerIdentityResult>\
         </GetCallerIdentityResponse>"
    );
    let peer = Peer::start(move |_| Act::ok(body.clone()));
    let environment = [
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_ENDPOINT_URL_STS", peer.url()),
    ];
    rolecall(command, environment)
}

#[track_caller]
fn printable(text: &str) {
    let printable = |byte: u8| byte == b'\n' || byte == b' ' || byte.is_ascii_graphic();
    assert!(text.bytes().all(printable), "{text:?}");
}

#[test]
fn an_identity_is_printable_and_keeps_its_lines() {
    const ARN: &str = "arn:aws:iam::123456789012:user/a";
    let plain = ask(&["explain"], "123456789012", ARN, "AIDAX").ok().lines().count();
    for text in HOSTILE {
        for (arn, user_id) in [
            (format!("{ARN}{text}"), "AIDAX".to_owned()),
            (format!("{text}{ARN}"), "AIDAX".to_owned()),
            (ARN.to_owned(), format!("AIDAX{text}")),
        ] {
            let run = ask(&["whoami"], "123456789012", &arn, &user_id);
            printable(run.ok());
            let lines: Vec<&str> = run.stdout.lines().collect();
            assert_eq!(lines.len(), 3, "{run:#?}");
            assert_eq!(lines[0], "account: 123456789012", "{run:#?}");
            assert!(lines[1].starts_with("arn: ") && lines[1].contains(ARN), "{run:#?}");
            assert!(lines[2].starts_with("user id: AIDAX"), "{run:#?}");

            let run = ask(&["explain"], "123456789012", &arn, &user_id);
            printable(run.ok());
            assert_eq!(run.stdout.lines().count(), plain, "{run:#?}");
            let found = run.stdout.lines().filter(|line| line.contains("caller identity"));
            assert!(found.clone().all(|line| line.ends_with("in account 123456789012")), "{run:#?}");
            assert_eq!(found.count(), 1, "{run:#?}");

            let run = ask(&["explain", "--json"], "123456789012", &arn, &user_id);
            printable(run.ok());
            assert_eq!(run.stdout.lines().count(), 1, "{run:#?}");
        }
    }
}

#[test]
fn an_account_is_twelve_digits() {
    const ARN: &str = "arn:aws:iam::123456789012:user/a";
    for account in [
        "",
        "1",
        "12345678901",
        "1234567890123",
        "12345678901a",
        "-12345678901",
        "123456 89012",
        "123456789012&#10;",
        "\u{ff11}\u{ff12}\u{ff13}\u{ff14}",
        "\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}",
    ] {
        let run = ask(&["whoami"], account, ARN, "AIDAX");
        let error = run.failed();
        assert!(
            error.contains("GetCallerIdentity: the reply") && error.contains("Account"),
            "{account:?}: {error}"
        );
        assert!(account.is_empty() || error.contains("twelve digits"), "{account:?}: {error}");
        printable(&run.stderr);
        let run = ask(&["explain"], account, ARN, "AIDAX");
        assert_eq!(run.code, Some(1), "{account:?}: {run:#?}");
        printable(&run.stdout);
        assert!(run.stdout.lines().any(|line| line.starts_with("refused       caller identity")), "{run:#?}");
    }
    ask(&["whoami"], "000000000000", ARN, "AIDAX").ok();
}
