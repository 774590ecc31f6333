//! The README's commands and configuration: each command of a `sh` block is run here, or named with the test that
//! runs it.

use std::path::{Path, PathBuf};

use e2e::command::{Run, rolecall, rolecall_reading};
use e2e::device::{Service, file};
use rolecall_simulator::{Config, Simulator};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// The pages whose commands are checked.
const PAGES: [&str; 8] = [
    "README.md",
    "CONTRIBUTING.md",
    "RELEASING.md",
    "core/README.md",
    "adapters/std/README.md",
    "adapters/nal/README.md",
    "adapters/cli/README.md",
    "tests/simulator/README.md",
];

/// Commands that are not run here, with the file that runs them.
const RUN_ELSEWHERE: [(&str, &str); 13] = [
    ("cargo run --release -- demo", "tests/e2e/tests/it/demo.rs"),
    (
        "cargo install --path adapters/cli --no-default-features --features tls,sso,login,srp,setup,iot,roles-anywhere,serve,sigv4a,tokens,sessions,upload,verify,profiles,generate",
        "tests/lib/static.sh",
    ),
    (
        "cargo install rolecall-cli --no-default-features --features tls,sso,login,srp,setup,iot,roles-anywhere,serve,sigv4a,tokens,sessions,upload,verify,profiles,generate",
        "tests/lib/supply.sh",
    ),
    (
        "cargo build --profile static --target x86_64-unknown-linux-musl -p rolecall-cli",
        "tests/lib/static.sh",
    ),
    ("rustup target add x86_64-unknown-linux-musl", "tests/lib/static.sh"),
    ("cargo run -p rolecall-nal --example pc_async", "adapters/nal/tests/it/examples.rs"),
    ("cargo run --example serve", "tests/lib/firmware.sh"),
    ("SIZES=write tests/run sizes", "tests/lib/firmware.sh"),
    ("sudo SIZES=write tests/run static", "tests/lib/static.sh"),
    ("tests/run", ".ci/run"),
    ("cargo publish --workspace", "tests/lib/supply.sh"),
    ("cargo test -p rolecall-core", "tests/run"),
    ("cargo install --path adapters/cli", "tests/e2e/src/command.rs"),
];

/// The blocks of a language on a page.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let text = std::fs::read_to_string(Path::new(ROOT).join(page)).expect(page);
    let fence = format!("```{language}\n");
    text.split(fence.as_str())
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap_or_default().to_owned())
        .collect()
}

/// The commands of the `sh` blocks of a page, without their comments.
fn commands(page: &str) -> Vec<String> {
    let lines: Vec<String> =
        blocks(page, "sh").iter().flat_map(|block| block.lines().map(str::to_owned)).collect();
    lines.iter().map(|line| line.split("  #").next().unwrap_or_default().trim().to_owned()).collect()
}

/// The words of a command line; single quotes group.
fn words(line: &str) -> Vec<String> {
    let parts = line.split('\'').enumerate().flat_map(|(index, part)| {
        let quoted = index % 2 == 1;
        if quoted { vec![part] } else { part.split_whitespace().collect() }
    });
    parts.map(str::to_owned).collect()
}

/// Profiles that the README's commands name, beside those of its configuration.
const MORE: &str = "\n[profile build]\nregion = eu-central-1\n[profile portal]\nsso_start_url = https://x.awsapps.com/start\n\
    sso_region = eu-west-1\nsso_account_id = 111122223333\nsso_role_name = r\n";

/// An EC2 instance with the profiles of the README's configuration, whose services are the simulator, and AWS IoT and IAM
/// Roles Anywhere those of the tests; every other host is behind a proxy that refuses connections.
struct Instance {
    simulator: Simulator,
    iot: Service,
    anywhere: Service,
    config: PathBuf,
}

impl Instance {
    fn new(name: &str) -> Self {
        let simulator = Simulator::start(Config::default()).expect("ports on loopback");
        let blocks = blocks("README.md", "ini");
        let (iot, anywhere) = (Service::start("iot", "server"), Service::start("anywhere", "server"));
        let profiles =
            blocks.concat().replace("arn:aws:iam::444455556666:role/reports", simulator.role_arn());
        let profiles = of_device(&profiles.replace("/etc/device/", ""), &iot);
        let config = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("readme-{name}.ini"));
        std::fs::write(&config, profiles + MORE).expect("a file");
        Self { simulator, iot, anywhere, config }
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let refused = "http://127.0.0.1:9";
        let mut variables: Vec<(&str, String)> = self.simulator.environment();
        variables.push(("AWS_CONFIG_FILE", self.config.to_str().expect("text").to_owned()));
        variables.push(("HTTPS_PROXY", refused.to_owned()));
        variables.push(("AWS_ENDPOINT_URL_ROLESANYWHERE", format!("https://{}", self.anywhere.authority())));
        variables.push(("AWS_CA_BUNDLE", file("root.pem")));
        variables.push(("AWS_COGNITO_PASSWORD", "not sent anywhere".to_owned()));
        let folder = e2e::command::binary().parent().expect("a folder").to_owned();
        variables.push(("PATH", format!("{}:/usr/bin:/bin", folder.display())));
        rolecall(arguments, variables)
    }
}

#[test]
fn every_command_of_the_pages_is_run_by_a_test() {
    let instance = Instance::new("commands");
    let mut run = 0;
    for page in PAGES {
        for line in commands(page).iter().filter(|line| !line.is_empty()) {
            let on_device = of_device(line, &instance.iot);
            let Some(arguments) = on_device.strip_prefix("rolecall ") else {
                let known = RUN_ELSEWHERE.iter().find(|(command, _)| line.starts_with(command));
                let (_, test) = known.unwrap_or_else(|| panic!("{page}: no test runs {line}"));
                assert!(Path::new(ROOT).join(test).exists(), "{test}");
                continue;
            };
            if let Some(verify) = arguments.strip_suffix(" < request.http") {
                verified(&words(verify));
                run += 1;
                continue;
            }
            let arguments = words(&arguments.replace(" ARN", &format!(" {}", instance.simulator.role_arn())));
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let result = instance.run(&arguments);
            // Hosts on the internet cannot be reached from a test; provisioning has tests of its own.
            let remote = matches!(arguments[0], "login" | "request" | "setup")
                || line.contains("--cognito-identity-pool");
            let expected = if remote { 1 } else { 0 };
            assert_eq!(result.code, Some(expected), "{line}: {result:#?}");
            run += 1;
        }
    }
    assert!(run >= 15, "{run} commands were found");
}

/// Runs `rolecall verify` for a request that the command signed.
fn verified(arguments: &[String]) {
    let keys = [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "secret")];
    let signed = rolecall(&["sign", "GET", "https://b.s3.eu-west-1.amazonaws.com/k"], keys);
    let request = format!("GET /k HTTP/1.1\n{}", signed.ok());
    let error = Path::new(env!("CARGO_TARGET_TMPDIR")).join("error.xml");
    std::fs::write(&error, "<Error><Code>SignatureDoesNotMatch</Code></Error>").expect("a file");
    let named = |word: &String| if word == "error.xml" { error.display().to_string() } else { word.clone() };
    let arguments: Vec<String> = arguments.iter().map(named).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    rolecall_reading(&arguments, keys, &request).ok();
}

/// A text of the README with the files and the endpoint of a device of the tests.
fn of_device(text: &str, iot: &Service) -> String {
    let pairs = [
        ("c2example.credentials.iot.eu-west-1.amazonaws.com", iot.authority()),
        ("AmazonRootCA1.pem", file("root.pem")),
        ("intermediates.pem", file("intermediate.pem")),
    ];
    // The one that an intermediate authority issued is for IAM Roles Anywhere.
    let (mut out, mut name) = (Vec::new(), "p256");
    for line in text.split_inclusive('\n') {
        match line.trim() {
            line if line == "[profile agent]" || line.contains("--chain") => name = "chain",
            line if line.starts_with('[') => name = "p256",
            _ => {}
        }
        out.push(
            line.replace("device.pem", &file(&format!("{name}.pem")))
                .replace("device.key", &file(&format!("{name}.key"))),
        );
    }
    pairs.iter().fold(out.concat(), |text, (name, value)| text.replace(name, value))
}

#[test]
fn the_profiles_of_a_device_lead_to_credentials() {
    let instance = Instance::new("devices");
    for profile in ["device", "agent"] {
        assert!(instance.run(&["credentials", "--profile", profile]).ok().contains("ASIA"), "{profile}");
    }
}

#[test]
fn the_configuration_of_the_readme_leads_to_the_role() {
    let instance = Instance::new("profiles");
    let run = instance.run(&["whoami", "--profile", "reports"]);
    assert!(run.ok().contains(":assumed-role/rolecall-cross-account/"), "{run:#?}");
}

#[test]
fn the_size_tables_of_the_readme_are_those_of_the_measurements() {
    let read = |path: &str| std::fs::read_to_string(Path::new(ROOT).join(path)).expect(path);
    let (readme, measured) =
        (read("README.md"), read("tests/static/SIZES.md") + &read("tests/firmware/SIZES.md"));
    let cells = |line: &str| -> Vec<String> {
        line.split('|').map(|cell| cell.trim().to_owned()).filter(|cell| !cell.is_empty()).collect()
    };
    let row = |start: &str| {
        let line = readme.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("{start}"));
        cells(line)[1..].to_vec()
    };
    // Sizes of programs are repeated as they are.
    for line in readme.lines().filter(|line| line.starts_with("| (none)") || line.starts_with("| `tls`")) {
        assert!(measured.contains(line), "{line}");
    }
    // Of the columns of the device table, (a), (b), (c) and (c) over sockets.
    for (name, target) in
        [("Cortex-M0", "thumbv6m"), ("Cortex-M4F", "thumbv7em"), ("RISC-V (imc)", "riscv32imc")]
    {
        let line = measured.lines().find(|line| line.contains(target) && line.contains("| compact |"));
        let measured = cells(line.expect(target))[2..].to_vec();
        let expected = [0, 1, 2, 4].map(|column| measured[column].clone());
        assert_eq!(row(&format!("| {name} |")), expected, "{name}");
    }
    let stack = measured.lines().find(|line| line.starts_with("| compact |")).expect("a stack");
    assert_eq!(row("| stack (Cortex-M3) |"), cells(stack)[1..].to_vec());
}

#[test]
fn the_benchmark_tables_of_the_readme_are_those_of_the_measurements() {
    let read = |path: &str| std::fs::read_to_string(Path::new(ROOT).join(path)).expect(path);
    let (readme, measured) = (read("README.md"), read("tests/benches/RESULTS.md"));
    let part = readme
        .split_once("<!-- benches: begin -->")
        .and_then(|(_, rest)| rest.split_once("<!-- benches: end -->"));
    let (tables, _) = part.expect("the tables");
    let rows: Vec<&str> = tables.lines().filter(|line| !line.is_empty()).collect();
    assert!(rows.len() >= 20, "{rows:?}");
    for row in rows {
        assert!(measured.lines().any(|line| line == row), "{row}");
    }
    assert!(Path::new(ROOT).join("tests/benches/chart.svg").exists());
}
