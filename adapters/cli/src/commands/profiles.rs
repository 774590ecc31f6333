//! `rolecall profiles`: what the shared files have.

use std::process::ExitCode;

use rolecall::profiles::{Base, Plan};
use rolecall::{Environment, Profiles};

use crate::failure::Failure;
use crate::json::list;
use crate::output::print;

/// A profile, as far as the files say.
struct Row {
    name: String,
    kind: String,
    account: String,
    role: String,
    region: String,
    /// When the sign-in ends.
    end: String,
}

pub(super) fn run(json: bool) -> Result<ExitCode, Failure> {
    let environment = Environment::process();
    let profiles = Profiles::load(&environment)?;
    environment.check()?;
    let rows: Vec<Row> = profiles.names().map(|name| row(&profiles, name, &environment)).collect();
    if json { print(&*list(rows.iter().map(members)).0) } else { print(table(&rows)) }
}

fn row(profiles: &Profiles, name: &str, environment: &Environment) -> Row {
    let get = |key: &str| {
        profiles.profile(name).and_then(|section| section.get(key)).unwrap_or_default().to_owned()
    };
    let (kind, account, role) = match Plan::of(profiles, name) {
        // Its own words are those of `explain --profile`.
        Err(_) => ("cannot be used".to_owned(), String::new(), String::new()),
        Ok(None) => ("no credentials".to_owned(), String::new(), String::new()),
        Ok(Some(plan)) => {
            let (kind, account, role) = base(&plan.base);
            match plan.roles.last() {
                Some(step) => {
                    (format!("role, from {kind}"), account_in(&step.role_arn), name_in(&step.role_arn))
                }
                None => (kind, account, role),
            }
        }
    };
    let account = if account.is_empty() { get("aws_account_id") } else { account };
    Row { name: name.to_owned(), kind, account, role, region: get("region"), end: end(name, environment) }
}

/// When the sign-in of a profile ends, if it has one.
#[cfg(any(feature = "sso", feature = "login"))]
fn end(name: &str, environment: &Environment) -> String {
    let settings = rolecall::Settings::load(environment, Some(name));
    match settings.map(|settings| rolecall::Provider::new(settings).sign_in_state()) {
        Ok(rolecall::SignInState::Until(end)) => end.rfc3339().as_str().to_owned(),
        Ok(rolecall::SignInState::SignedOut) => "signed out".to_owned(),
        _ => String::new(),
    }
}

#[cfg(not(any(feature = "sso", feature = "login")))]
fn end(_: &str, _: &Environment) -> String {
    String::new()
}

/// Kind, account and role of the first credentials.
fn base(base: &Base) -> (String, String, String) {
    let (kind, account, role) = match base {
        Base::Keys(credentials) => {
            ("keys", credentials.account_id().unwrap_or_default().to_owned(), String::new())
        }
        Base::Named(named) => (named.as_str(), String::new(), String::new()),
        Base::WebIdentity(step) => ("web identity", account_in(&step.role_arn), name_in(&step.role_arn)),
        Base::Sso(session) => (
            "IAM Identity Center",
            session.account_id.clone().unwrap_or_default(),
            session.role_name.clone().unwrap_or_default(),
        ),
        Base::Process { .. } => ("command", String::new(), String::new()),
        #[cfg(feature = "login")]
        Base::Login(login) => ("aws login", account_in(&login.session), name_in(&login.session)),
        #[cfg(feature = "iot")]
        Base::Iot(_) => ("AWS IoT", String::new(), String::new()),
        #[cfg(feature = "roles-anywhere")]
        Base::RolesAnywhere(_) => ("IAM Roles Anywhere", String::new(), String::new()),
        _ => ("other", String::new(), String::new()),
    };
    (kind.to_owned(), account, role)
}

/// The account in an ARN: `arn:aws:iam::ACCOUNT:role/NAME`.
fn account_in(arn: &str) -> String {
    arn.split(':').nth(4).unwrap_or_default().to_owned()
}

/// The name in an ARN, without its path.
fn name_in(arn: &str) -> String {
    let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
    let mut parts = resource.split('/');
    match (parts.next(), resource.starts_with("assumed-role/")) {
        // The name of the session follows it.
        (_, true) => parts.next().unwrap_or_default().to_owned(),
        _ => resource.rsplit('/').next().unwrap_or_default().to_owned(),
    }
}

/// The rows in columns, whatever is in them as printable text.
fn table(rows: &[Row]) -> String {
    let shown = |text: &str| if text.is_empty() { "-".to_owned() } else { text.escape_debug().to_string() };
    let mut lines =
        vec![["profile", "kind", "account", "role", "region", "signed in until"].map(str::to_owned)];
    lines.extend(rows.iter().map(|row| {
        [&row.name, &row.kind, &row.account, &row.role, &row.region, &row.end].map(|text| shown(text))
    }));
    let mut widths = [0; 6];
    for line in &lines {
        for (width, text) in widths.iter_mut().zip(line) {
            *width = text.chars().count().max(*width);
        }
    }
    let put = |line: &[String; 6]| {
        let cells: Vec<String> =
            line.iter().zip(widths).map(|(text, width)| format!("{text:width$}")).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    lines.iter().map(put).collect()
}

/// The same, by name.
fn members(row: &Row) -> [(&'static str, &str); 6] {
    [
        ("profile", &row.name),
        ("kind", &row.kind),
        ("account", &row.account),
        ("role", &row.role),
        ("region", &row.region),
        ("signedInUntil", &row.end),
    ]
}
