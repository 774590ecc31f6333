//! Shared configuration files: parsing, merging, location, and how a profile resolves to credentials.

use std::collections::BTreeMap;

use conformance::{json, say, vectors};
use rolecall::profiles::{Base, Location, Plan, Platform, Profiles, Section};
use rolecall::{Environment, Error};
use rolecall_core::wire::{self, Kind};
use serde_json::{Value, json as value};

fn parsed(input: &Value) -> Result<Profiles, wire::Error> {
    let mut profiles = Profiles::default();
    let file = |name: &str| input[name].as_str().unwrap_or_default().as_bytes();
    profiles.add_config(file("configFile"))?;
    profiles.add_credentials(file("credentialsFile"))?;
    Ok(profiles)
}

/// Sections in the format of the vectors.
fn shown<'a>(names: impl Iterator<Item = &'a str>, section: impl Fn(&str) -> Option<&'a Section>) -> Value {
    let properties = |section: &Section| -> BTreeMap<String, String> {
        section.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    };
    let sections: BTreeMap<&str, _> =
        names.map(|name| (name, section(name).map(properties).expect("the section"))).collect();
    value!(sections)
}

/// The error kind for an error message of the vectors.
fn kind(message: &str) -> Kind {
    match message {
        "Profile definition must end with ']'" => Kind::UnclosedSection,
        "Expected a profile definition" => Kind::MissingSection,
        "Property did not have a name" | "Sub-property did not have a name" => Kind::MissingName,
        "Expected an '=' sign defining a property" | "Expected an '=' sign defining a sub-property" => {
            Kind::MissingEquals
        }
        "Expected a property definition" | "Expected a property definition, found continuation" => {
            Kind::MissingProperty
        }
        other => panic!("an unknown error: {other}"),
    }
}

#[test]
fn profiles_are_parsed_and_merged() {
    let Some(folder) = vectors("profiles") else { return };
    let document = json(&folder.join("profile-parser-tests.json"));
    let cases = document["tests"].as_array().expect("tests");
    for case in cases {
        let (name, output) = (case["name"].as_str().expect("a name"), &case["output"]);
        match (parsed(&case["input"]), output["errorContaining"].as_str()) {
            (Err(error), Some(message)) => assert_eq!(error.kind, kind(message), "{name}"),
            (Ok(found), None) => {
                let wanted = &output["config"];
                let profiles = shown(found.names(), |name| found.profile(name));
                assert_eq!(profiles, wanted["profiles"], "{name}");
                if let Some(sessions) = wanted.get("sso_sessions") {
                    let found = shown(found.sso_session_names(), |name| found.sso_session(name));
                    assert_eq!(&found, sessions, "{name}");
                }
            }
            (found, wanted) => panic!("{name}: {found:?}, but {wanted:?}"),
        }
    }
    assert_eq!(cases.len(), 65, "number of cases");
    say(&format!("profiles: {} of {} published parser cases", cases.len(), cases.len()));
}

#[test]
fn profiles_are_located() {
    let Some(folder) = vectors("profiles") else { return };
    let document = json(&folder.join("file-location-tests.json"));
    let cases = document["tests"].as_array().expect("tests");
    for case in cases {
        let name = case["name"].as_str().expect("a name");
        let variables = case["environment"].as_object().expect("variables").iter();
        let environment: Environment =
            variables.map(|(name, value)| (name.clone(), value.as_str().expect("text"))).collect();
        let platform = if case["platform"] == "windows" { Platform::Windows } else { Platform::Unix };
        let location = Location::find(&environment, platform);
        assert_eq!(location.config.as_deref(), case["configLocation"].as_str(), "{name}");
        assert_eq!(location.credentials.as_deref(), case["credentialsLocation"].as_str(), "{name}");
    }
    assert_eq!(cases.len(), 9, "number of cases");
    say(&format!("profiles: {} of {} published locations", cases.len(), cases.len()));
}

/// Formats sections as a config file.
fn config(input: &Value) -> Profiles {
    let mut file = String::new();
    for (kind, sections) in [("profile", &input["profiles"]), ("sso-session", &input["sso_sessions"])] {
        for (name, properties) in sections.as_object().into_iter().flatten() {
            file.push_str(&format!("[{kind} {name}]\n"));
            for (property, value) in properties.as_object().expect("properties") {
                file.push_str(&format!("{property} = {}\n", value.as_str().expect("text")));
            }
        }
    }
    let mut profiles = Profiles::default();
    profiles.add_config(file.as_bytes()).expect("a config file");
    profiles
}

/// A plan in the format of the vectors; absent members are omitted.
fn steps(plan: &Plan) -> Value {
    let object = |members: &[(&str, Option<&str>)]| {
        let there = members.iter().filter_map(|(name, value)| Some(((*name).to_owned(), value!((*value)?))));
        Value::Object(there.collect())
    };
    let base = match &plan.base {
        Base::Keys(keys) => value!({"AccessKey": object(&[
            ("access_key_id", Some(keys.access_key_id())),
            ("secret_access_key", Some(keys.expose_secret_access_key())),
            ("session_token", keys.expose_session_token()),
            ("account_id", keys.account_id()),
        ])}),
        Base::Named(named) => value!({"NamedSource": named.as_str()}),
        Base::WebIdentity(step) => value!({"WebIdentityToken": object(&[
            ("role_arn", Some(&step.role_arn)),
            ("web_identity_token_file", Some(&step.token_file)),
            ("role_session_name", step.session_name.as_deref()),
        ])}),
        Base::Sso(session) => value!({"Sso": object(&[
            ("sso_session", session.session.as_deref()),
            ("sso_region", Some(&session.region)),
            ("sso_start_url", Some(&session.start_url)),
            ("sso_account_id", session.account_id.as_deref()),
            ("sso_role_name", session.role_name.as_deref()),
        ])}),
        Base::Process { command, .. } => value!({"CredentialProcess": command}),
        other => panic!("a base that is not in the vectors: {other:?}"),
    };
    let roles = plan.roles.iter().map(|role| {
        value!({"AssumeRole": object(&[
            ("role_arn", Some(&role.role_arn)),
            ("external_id", role.external_id.as_deref()),
            ("role_session_name", role.session_name.as_deref()),
        ])})
    });
    Value::Array([base].into_iter().chain(roles).collect())
}

/// The part of our error message that corresponds to a message of the vectors.
fn expected_message(message: &str) -> &'static str {
    match message {
        "profile must contain `source_profile`" => "neither source_profile nor credential_source",
        "profile contained both source_profile and credential_source" => {
            "both source_profile and credential_source"
        }
        "profile missing aws_secret_access_key" => "no aws_secret_access_key",
        "profile missing aws_access_key_id" => "no aws_access_key_id",
        "profile `B` did not contain credential information" => {
            "profile B: it is a source_profile, but has no"
        }
        "could not find source profile B referenced from A" => "profile A: its source_profile B is not there",
        "No profiles were defined" => "it is in neither",
        "profile formed an infinite loop" => "leads back",
        "`role_arn` was missing" => "no role_arn",
        "if `sso_role_name` is set, then `sso_account_id` must also be set" => "no sso_account_id",
        "if `sso_account_id` is set, then `sso_role_name` must also be set" => "no sso_role_name",
        "`sso_region` can only be specified in the [sso-session] config when a session name is given" => {
            "sso_region belongs in its section"
        }
        "sso-session named `oops` (referenced by profile `A`) was not found" => {
            "profile A: its sso_session oops is not in"
        }
        other => panic!("an unknown error: {other}"),
    }
}

#[test]
fn profiles_resolve_to_a_chain_of_roles() {
    let Some(folder) = vectors("profiles") else { return };
    let document = json(&folder.join("assume-role-tests.json"));
    let cases = document.as_array().expect("tests");
    for case in cases {
        let (name, output) = (case["docs"].as_str().expect("a name"), &case["output"]);
        let selected = case["input"]["selected_profile"].as_str().expect("a profile");
        let plan = Plan::of(&config(&case["input"]), selected);
        match (plan, output["Error"].as_str()) {
            (Ok(Some(plan)), None) => assert_eq!(steps(&plan), output["ProfileChain"], "{name}"),
            (Ok(None), Some(message)) => {
                assert_eq!(message, "profile `A` did not contain credential information", "{name}");
            }
            (Err(Error::Configuration(error)), Some(message)) => {
                assert!(error.contains(expected_message(message)), "{name}: {error} / {message}");
            }
            (plan, message) => panic!("{name}: {plan:?}, but {message:?}"),
        }
    }
    assert_eq!(cases.len(), 28, "number of cases");
    say(&format!("profiles: {} of {} published role chains", cases.len(), cases.len()));
}

#[test]
fn profiles_of_fuzzers_are_parsed_or_rejected() {
    let Some(folder) = vectors("profiles") else { return };
    let mut files = 0;
    for kind in ["parse_config_profile", "parse_credentials_profile"] {
        for entry in std::fs::read_dir(folder.join("fuzz-seeds").join(kind)).expect("seeds") {
            let file = std::fs::read(entry.expect("one").path()).expect("a file");
            let mut profiles = Profiles::default();
            let _ = if kind == "parse_config_profile" {
                profiles.add_config(&file)
            } else {
                profiles.add_credentials(&file)
            };
            for name in profiles.names() {
                assert!(!name.is_empty() && name.is_ascii(), "{name:?}");
                let _ = Plan::of(&profiles, name);
            }
            files += 1;
        }
    }
    assert!(files > 60, "{files} files");
}
