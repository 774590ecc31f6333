//! `rolecall profiles`: every kind, without a secret and without a request.

use e2e::command::rolecall;

const CONFIG: &str = "[default]
region = eu-west-1
[profile reports]
role_arn = arn:aws:iam::444455556666:role/team/reports
source_profile = keys
[profile portal]
sso_start_url = https://example.awsapps.com/start
sso_region = eu-west-1
sso_account_id = 111122223333
sso_role_name = ReadOnly
region = us-east-1
[profile instance]
role_arn = arn:aws:iam::444455556666:role/gateway
credential_source = Ec2InstanceMetadata
[profile helper]
credential_process = /bin/helper --secret a-secret-argument
[profile console]
login_session = arn:aws:sts::111122223333:assumed-role/Admin/me
[profile broken]
role_arn = arn:aws:iam::444455556666:role/x
source_profile = missing
";
const CREDENTIALS: &str = "[keys]
aws_access_key_id = AKIDEXAMPLE
aws_secret_access_key = a-secret-key
aws_account_id = 777788889999
";

#[test]
fn every_profile_is_listed_with_what_the_files_say() {
    let folder = std::env::temp_dir().join(format!("rolecall-profiles-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let (config, credentials) = (folder.join("config"), folder.join("credentials"));
    std::fs::write(&config, CONFIG).expect("a file");
    std::fs::write(&credentials, CREDENTIALS).expect("a file");
    // The file of the start URL.
    let cache = folder.join(".aws/sso/cache");
    std::fs::create_dir_all(&cache).expect("a folder");
    let token = r#"{"accessToken":"a-secret-token","expiresAt":"2099-01-02T03:04:05Z"}"#;
    std::fs::write(cache.join("e8be5486177c5b5392bd9aa76563515b29358e6e.json"), token).expect("a file");
    let environment = [
        ("HOME", folder.display().to_string()),
        ("AWS_CONFIG_FILE", config.display().to_string()),
        ("AWS_SHARED_CREDENTIALS_FILE", credentials.display().to_string()),
    ];
    let run = rolecall(&["profiles"], environment.clone());
    let lines: Vec<Vec<&str>> = run
        .ok()
        .lines()
        .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect())
        .collect();
    for wanted in [
        &["profile", "kind", "account", "role", "region", "signed in until"][..],
        &["broken", "cannot be used", "-", "-", "-", "-"],
        &["console", "aws login", "111122223333", "Admin", "-", "signed out"],
        &["default", "no credentials", "-", "-", "eu-west-1", "-"],
        &["helper", "command", "-", "-", "-", "-"],
        &["instance", "role, from Ec2InstanceMetadata", "444455556666", "gateway", "-", "-"],
        &["keys", "keys", "777788889999", "-", "-", "-"],
        &["portal", "IAM Identity Center", "111122223333", "ReadOnly", "us-east-1", "2099-01-02T03:04:05Z"],
        &["reports", "role, from keys", "444455556666", "reports", "-", "-"],
    ] {
        assert!(lines.iter().any(|line| line == wanted), "{wanted:?}: {}", run.stdout);
    }
    assert!(!run.stdout.contains("secret"), "{}", run.stdout);
    let json = rolecall(&["profiles", "--json"], environment.clone());
    let document: serde_json::Value = serde_json::from_str(json.ok()).expect("JSON");
    assert_eq!(document.as_array().map(Vec::len), Some(8));
    assert_eq!(document[7]["role"], "reports");
    assert_eq!(document[0].get("account"), None);
    assert_eq!(document[6]["signedInUntil"], "2099-01-02T03:04:05Z");
    std::fs::write(&config, "[profile").expect("a file");
    let broken = rolecall(&["profiles"], environment);
    assert!(broken.failed().contains("config"), "{broken:#?}");
    std::fs::remove_dir_all(&folder).expect("it exists");
}
