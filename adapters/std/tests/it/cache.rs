//! Credentials shared through files: which entries are accepted, rejected, and never returned.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::common::{World, folder};
use rolecall::{
    CredentialCache, Credentials, Entry, Environment, FileCache, Provider, Role, Saml, Secret, Settings,
    Trace, UnixTime, WebIdentity,
};

/// A provider with a cache, and the warnings of the cache.
fn provider(world: &World, folder: &Path) -> (Provider, Arc<Mutex<Vec<String>>>) {
    let warnings = Arc::new(Mutex::new(Vec::new()));
    let heard = warnings.clone();
    let provider = world.builder(&[]).cache(FileCache::new(folder)).trace(move |trace| {
        if let Trace::Cache { problem } = trace {
            heard.lock().unwrap().push(problem.to_owned());
        }
    });
    (provider.build(), warnings)
}

fn key_of(provider: &Provider) -> String {
    provider.credentials().expect("credentials").access_key_id().to_owned()
}

/// The only credentials file in the folder.
fn file(folder: &Path) -> PathBuf {
    let entries = fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("one").path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

#[test]
fn the_second_process_uses_the_cache() {
    let (world, folder) = (World::new(), folder("second"));
    let (first, warnings) = provider(&world, &folder);
    assert_eq!(key_of(&first), "ASIA1");
    let (second, _) = provider(&world, &folder);
    let credentials = second.credentials().unwrap();
    assert_eq!(credentials.access_key_id(), "ASIA1");
    assert_eq!(credentials.expose_secret_access_key(), "secret");
    assert_eq!(credentials.expose_session_token(), Some("token"));
    assert_eq!(credentials.expiration(), Some(UnixTime::from_secs(crate::common::START + 3_600)));
    assert_eq!(world.fetches(), 1);
    assert_eq!(*warnings.lock().unwrap(), [""; 0]);

    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&file(&folder)), 0o600);
    let names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "more than the file and its lock: {names:?}");
}

#[test]
fn a_missing_folder_is_created_for_its_user_only() {
    let (world, folder) = (World::new(), folder("made").join("a/b"));
    let (provider, warnings) = provider(&world, &folder);
    assert_eq!(key_of(&provider), "ASIA1");
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(*warnings.lock().unwrap(), [""; 0]);
}

#[test]
fn cached_credentials_due_for_a_refresh_are_not_used() {
    let (world, folder) = (World::new(), folder("due"));
    assert_eq!(key_of(&provider(&world, &folder).0), "ASIA1");
    world.pass(44 * 60);
    assert_eq!(key_of(&provider(&world, &folder).0), "ASIA1");
    // From here on a provider that holds them would refresh them.
    world.pass(2 * 60);
    assert_eq!(key_of(&provider(&world, &folder).0), "ASIA2");
    assert_eq!(key_of(&provider(&world, &folder).0), "ASIA2");
    assert_eq!(world.fetches(), 2);
}

#[test]
fn a_failed_source_leaves_unexpired_credentials_in_use_and_no_expired_ones() {
    let (world, folder) = (World::new(), folder("fails"));
    assert_eq!(key_of(&provider(&world, &folder).0), "ASIA1");
    world.answer_with(500);
    world.pass(50 * 60);
    assert_eq!(key_of(&provider(&world, &folder).0), "ASIA1");
    world.pass(10 * 60);
    assert!(provider(&world, &folder).0.credentials().is_err(), "expired credentials are used");
}

#[test]
fn rejected_credentials_are_not_taken_from_the_cache_again() {
    let (world, folder) = (World::new(), folder("refused"));
    let (provider, _) = provider(&world, &folder);
    assert_eq!(key_of(&provider), "ASIA1");
    provider.invalidate("ASIA1");
    assert_eq!(key_of(&provider), "ASIA2");
    assert_eq!(world.fetches(), 2);
}

#[test]
fn damaged_and_readable_files_are_warned_of_and_replaced() {
    type Break = fn(&Path);
    let break_with: [(&str, Break); 7] = [
        ("malformed", |path| fs::write(path, "").unwrap()),
        ("malformed", |path| fs::write(path, "{\"Version\":1}").unwrap()),
        ("malformed", |path| {
            let whole = fs::read(path).unwrap();
            fs::write(path, &whole[..whole.len() / 2]).unwrap();
        }),
        ("malformed", |path| {
            let text = fs::read_to_string(path).unwrap();
            fs::write(path, text.replace("\"Version\":1", "\"Version\":2")).unwrap();
        }),
        ("malformed", |path| {
            let text = fs::read_to_string(path).unwrap();
            fs::write(path, text.replace("secret\"", "sec\\u0000ret\"")).unwrap();
        }),
        ("others can read", |path| {
            fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
        }),
        ("symbolic link", |path| {
            let elsewhere = path.with_extension("elsewhere");
            fs::rename(path, &elsewhere).unwrap();
            symlink(&elsewhere, path).unwrap();
        }),
    ];
    for (number, (expected, break_it)) in break_with.into_iter().enumerate() {
        let (world, folder) = (World::new(), folder(&format!("broken-{number}")));
        assert_eq!(key_of(&provider(&world, &folder).0), "ASIA1");
        break_it(&file(&folder));
        let (second, warnings) = provider(&world, &folder);
        assert_eq!(key_of(&second), "ASIA2", "{expected}");
        let warnings = warnings.lock().unwrap();
        assert!(warnings.iter().all(|warning| warning.contains(expected)), "{expected}: {warnings:?}");
        assert!(!warnings.is_empty(), "{expected}");
        // The file is valid again.
        assert_eq!(key_of(&provider(&world, &folder).0), "ASIA2", "{expected}");
    }
}

#[test]
fn a_file_of_another_user_is_rejected() {
    let (world, folder) = (World::new(), folder("owner"));
    assert_eq!(key_of(&provider(&world, &folder).0), "ASIA1");
    if std::os::unix::fs::chown(file(&folder), Some(12_345), None).is_err() {
        println!("NOTICE: skipped, changing the owner of a file needs root");
        return;
    }
    let (second, warnings) = provider(&world, &folder);
    assert_eq!(key_of(&second), "ASIA2");
    assert!(warnings.lock().unwrap()[0].contains("another user"));
}

#[test]
fn a_folder_writable_by_others_is_not_used() {
    let (world, folder) = (World::new(), folder("shared"));
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    let (provider, warnings) = provider(&world, &folder);
    assert_eq!(key_of(&provider), "ASIA1");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "a file was written there");
    assert!(warnings.lock().unwrap()[0].contains("others can write"));
}

#[test]
fn each_problem_is_reported_once() {
    let (world, folder) = (World::new(), folder("once"));
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    let (provider, warnings) = provider(&world, &folder);
    for _ in 0..3 {
        let id = key_of(&provider);
        provider.invalidate(&id);
    }
    assert_eq!(warnings.lock().unwrap().len(), 1, "{warnings:?}");
    fs::remove_dir(&folder).unwrap();
    fs::write(&folder, "").unwrap();
    key_of(&provider);
    assert_eq!(warnings.lock().unwrap().len(), 2, "{warnings:?}");
}

#[test]
fn nothing_is_removed_from_a_folder_that_others_can_write_to() {
    let folder = folder("kept");
    let cache = FileCache::new(&folder);
    let credentials = Credentials::new("ASIA1", "secret", None).unwrap();
    let credentials = credentials.with_expiration(Some(UnixTime::from_secs(crate::common::START)));
    cache.store("key", &Entry { credentials, lifetime: 3_600 }).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    for error in
        [cache.remove("key").unwrap_err(), cache.load("key").unwrap_err(), cache.lock("key").err().unwrap()]
    {
        assert!(error.to_string().contains("others can write"), "{error}");
    }
    assert!(file(&folder).exists());
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    cache.remove("key").unwrap();
    cache.remove("key").unwrap();
    assert!(cache.load("key").unwrap().is_none());
}

#[test]
fn outdated_files_of_the_cache_are_removed_and_no_others() {
    let folder = folder("sweep");
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(49 * 3600);
    let names =
        [format!("{:064x}.json", 1), format!("{:064x}.lock", 2), "notes.json".to_owned(), "a".repeat(64)];
    for name in &names {
        fs::write(folder.join(name), "").unwrap();
        fs::File::options().write(true).open(folder.join(name)).unwrap().set_modified(old).unwrap();
    }
    fs::write(folder.join(format!("{:064x}.json", 3)), "").unwrap();
    key_of(&provider(&World::new(), &folder).0);
    let exist = names.map(|name| folder.join(name).exists());
    assert_eq!(exist, [false, false, true, true]);
    assert!(folder.join(format!("{:064x}.json", 3)).exists());
}

#[test]
fn the_path_of_a_setting_is_checked_and_expanded() {
    let environment: Environment = [("HOME", "/folder")].into_iter().collect();
    let at = |path| FileCache::at("--cache", path, &environment);
    let shown = |path| format!("{:?}", at(path).unwrap());
    assert!(shown("~/c").contains("\"/folder/c\"") && shown("~").contains("\"/folder\""));
    assert!(shown("a/~/b").contains("\"a/~/b\"") && shown("/c").contains("\"/c\""));
    for path in ["", "  ", "~other/c", "~c"] {
        assert!(at(path).unwrap_err().to_string().starts_with("--cache: "), "{path}");
    }
    let none: Environment = [("HOME", "")].into_iter().collect();
    assert!(FileCache::at("ROLECALL_CACHE", "~/c", &none).is_err());
    let empty = FileCache::new("");
    assert!(empty.load("key").is_err() && empty.lock("key").is_err() && empty.remove("key").is_err());
}

#[test]
fn an_unusable_folder_only_causes_a_warning() {
    let (world, folder) = (World::new(), folder("file"));
    let path = folder.join("not-a-folder");
    fs::write(&path, "").unwrap();
    let (provider, warnings) = provider(&world, &path);
    assert_eq!(key_of(&provider), "ASIA1");
    assert!(!warnings.lock().unwrap().is_empty());
}

#[test]
fn other_settings_use_another_file_and_static_keys_use_none() {
    let (world, folder) = (World::new(), folder("keys"));
    assert_eq!(key_of(&provider(&world, &folder).0), "ASIA1");
    let cached = |settings: Settings| {
        Provider::builder(settings).host(world.clone()).cache(FileCache::new(&folder)).build()
    };
    let elsewhere = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.9")];
    assert_eq!(key_of(&cached(world.settings(&elsewhere, None).unwrap())), "ASIA2");
    let keys = [("AWS_ACCESS_KEY_ID", "AKIAKEYS"), ("AWS_SECRET_ACCESS_KEY", "their-secret")];
    assert_eq!(key_of(&cached(world.settings(&keys, None).unwrap())), "AKIAKEYS");
    for entry in fs::read_dir(&folder).unwrap() {
        let content = fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(!content.contains("their-secret"));
    }
}

#[test]
fn a_role_is_cached_by_all_parameters_of_its_session() {
    let (world, folder) = (World::new(), folder("roles"));
    let keys = [
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "AKIAKEYS"),
        ("AWS_SECRET_ACCESS_KEY", "their-secret"),
    ];
    let key_of_role = |role: Role, keys: &[(&str, &str)]| {
        let base = world.builder(keys).cache(FileCache::new(&folder)).build();
        key_of(&base.assume_role(role))
    };
    let role = || Role::new("arn:aws:iam::123456789012:role/reports", "job");
    let all = || [role(), role().tag("a", "b"), role().policy("{}"), role().external_id("x1")];
    for (number, role) in (1..).zip(all()) {
        assert_eq!(key_of_role(role, &keys), format!("ASIA{number}"));
    }
    // In the second round each session is found in the cache.
    for (number, role) in (1..).zip(all()) {
        assert_eq!(key_of_role(role, &keys), format!("ASIA{number}"));
    }
    let others = [keys[0], ("AWS_ACCESS_KEY_ID", "AKIAOTHER"), keys[2]];
    assert_eq!(key_of_role(role(), &others), "ASIA5", "a session of other keys is reused");
    assert_eq!(world.fetches(), 5);
}

#[test]
fn a_lock_is_waited_for() {
    let cache = FileCache::new(folder("lock"));
    let held = cache.lock("key").unwrap();
    let waiting = std::thread::spawn({
        let cache = cache.clone();
        move || cache.lock("key").map(|_| std::time::Instant::now()).unwrap()
    });
    let other = cache.lock("another key");
    assert!(other.is_ok(), "keys share a lock");
    std::thread::sleep(std::time::Duration::from_millis(60));
    let dropped = std::time::Instant::now();
    drop(held);
    assert!(waiting.join().unwrap() >= dropped);
}

#[test]
fn entries_with_special_characters_are_loaded_as_stored() {
    let cache = FileCache::new(folder("entry"));
    let token = "t\"\\/+=~".repeat(600);
    let credentials = Credentials::new("ASIA\"\\KEY", "s\\ecret\"", Some(&token)).unwrap();
    let end = UnixTime::from_secs(crate::common::START);
    let credentials = credentials.with_account_id(Some("123456789012".to_owned())).with_expiration(Some(end));
    cache.store("key", &Entry { credentials, lifetime: 21_600 }).unwrap();
    let entry = cache.load("key").unwrap().expect("an entry");
    assert_eq!(entry.credentials.access_key_id(), "ASIA\"\\KEY");
    assert_eq!(entry.credentials.expose_secret_access_key(), "s\\ecret\"");
    assert_eq!(entry.credentials.expose_session_token(), Some(token.as_str()));
    assert_eq!(entry.credentials.account_id(), Some("123456789012"));
    assert_eq!((entry.credentials.expiration(), entry.lifetime), (Some(end), 21_600));
    assert!(cache.load("other").unwrap().is_none());
}

/// A provider with these settings and the cache.
fn cached(world: &World, folder: &Path, variables: &[(&str, &str)], profile: Option<&str>) -> Provider {
    let settings = world.settings(variables, profile).expect("settings");
    Provider::builder(settings).host(world.clone()).cache(FileCache::new(folder)).build()
}

#[test]
fn pods_that_share_a_folder_have_separate_entries() {
    let (world, folder) = (World::new(), folder("pods"));
    let uri = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials");
    for pod in ["PODA", "PODB", "PODA"] {
        world.file("/var/run/token", pod);
        let file = [uri, ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/var/run/token")];
        assert_eq!(key_of(&cached(&world, &folder, &file, None)), format!("ASIA{pod}"));
        let given = [uri, ("AWS_CONTAINER_AUTHORIZATION_TOKEN", pod)];
        assert_eq!(key_of(&cached(&world, &folder, &given, None)), format!("ASIA{pod}"));
    }
    assert_eq!(world.fetches(), 4, "not one fetch per token file and per token value");
}

#[test]
fn each_token_has_its_own_entry() {
    let (world, folder) = (World::new(), folder("tokens"));
    let region = [("AWS_REGION", "eu-west-1")];
    let role = "arn:aws:iam::123456789012:role/reports";
    let saml = |assertion: &str| {
        let provider = "arn:aws:iam::123456789012:saml-provider/corp";
        let saml = Saml::new(role, provider, Secret::new(assertion.to_owned()));
        key_of(&cached(&world, &folder, &region, None).session(saml))
    };
    assert_eq!((saml("YWxpY2U=").as_str(), saml("Ym9iYm9i").as_str()), ("ASIA1", "ASIA2"));
    assert_eq!(saml("YWxpY2U="), "ASIA1");
    let web = |token: &str| {
        let web = WebIdentity::token(role, "job", Secret::new(token.to_owned()));
        key_of(&cached(&world, &folder, &region, None).session(web))
    };
    assert_eq!((web("alice.token").as_str(), web("bobby.token").as_str()), ("ASIA3", "ASIA4"));
}

#[test]
fn sessions_with_different_names_have_separate_entries() {
    let (world, folder) = (World::new(), folder("names"));
    let config =
        "[default]\nrole_arn = arn:aws:iam::123456789012:role/a\ncredential_source = Ec2InstanceMetadata\n";
    world.file("/home/.aws/config", config);
    let named = |name| {
        let variables = [("HOME", "/home"), ("AWS_REGION", "eu-west-1"), ("AWS_ROLE_SESSION_NAME", name)];
        key_of(&cached(&world, &folder, &variables, None))
    };
    let alice = named("alice");
    assert_ne!(named("bobby"), alice);
    assert_eq!(named("alice"), alice);
}

#[test]
fn a_role_without_a_session_name_is_found_a_second_later() {
    let (world, folder) = (World::new(), folder("unnamed"));
    let keys =
        [("AWS_REGION", "eu-west-1"), ("AWS_ACCESS_KEY_ID", "AKIAKEYS"), ("AWS_SECRET_ACCESS_KEY", "s")];
    for _ in 0..3 {
        let role = Role::unnamed("arn:aws:iam::123456789012:role/reports");
        assert_eq!(key_of(&cached(&world, &folder, &keys, None).assume_role(role)), "ASIA1");
        world.pass(1);
    }
}

#[test]
fn environment_keys_have_separate_entries() {
    let (world, folder) = (World::new(), folder("environment"));
    world.file(
        "/home/.aws/config",
        "[profile role]\nregion = eu-west-1\nrole_arn = arn:aws:iam::123456789012:role/a\ncredential_source = Environment\n",
    );
    let with = |id: &str, profile| {
        let variables = [
            ("HOME", "/home"),
            ("AWS_ACCESS_KEY_ID", id),
            ("AWS_SECRET_ACCESS_KEY", "their-secret"),
            ("AWS_SESSION_TOKEN", "token"),
            ("AWS_CREDENTIAL_EXPIRATION", "2026-01-02T04:04:05Z"),
        ];
        key_of(&cached(&world, &folder, &variables, profile))
    };
    assert_eq!(
        (with("ASIAALICE", None).as_str(), with("ASIABOBBY", None).as_str()),
        ("ASIAALICE", "ASIABOBBY")
    );
    assert_ne!(with("ASIAALICE", Some("role")), with("ASIABOBBY", Some("role")));
    for entry in fs::read_dir(&folder).unwrap() {
        assert!(!fs::read_to_string(entry.unwrap().path()).unwrap().contains("their-secret"));
    }
}

#[test]
fn a_slow_clock_does_not_extend_the_lifetime_of_an_entry() {
    let (world, folder) = (World::new(), folder("behind"));
    let (first, _) = provider(&world, &folder);
    assert_eq!(key_of(&first), "ASIA1");
    // On a host whose clock is three hours slow, one-hour credentials seem to last four hours.
    let text = fs::read_to_string(file(&folder)).unwrap();
    let end = |hours: u64| UnixTime::from_secs(crate::common::START + hours * 3_600).rfc3339().to_string();
    assert!(text.contains(&end(1)));
    fs::write(file(&folder), text.replace(&end(1), &end(4))).unwrap();
    assert_eq!(key_of(&provider(&world, &folder).0), "ASIA2");
}

#[test]
fn expiring_keys_without_a_token_are_cached() {
    let (world, folder) = (World::new(), folder("no-token"));
    world.file("/home/.aws/config", "[default]\ncredential_process = get\n");
    let end = UnixTime::from_secs(crate::common::START + 3_600).rfc3339();
    let document =
        format!(r#"{{"Version":1,"AccessKeyId":"AKIAPROC","SecretAccessKey":"s","Expiration":"{end}"}}"#);
    world.output("get", Ok(&document));
    for _ in 0..2 {
        assert_eq!(key_of(&cached(&world, &folder, &[("HOME", "/home")], None)), "AKIAPROC");
    }
    assert_eq!(world.commands().len(), 1);
}

#[test]
fn a_folder_writable_by_others_is_not_read() {
    let (world, folder) = (World::new(), folder("read"));
    assert_eq!(key_of(&provider(&world, &folder).0), "ASIA1");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o770)).unwrap();
    assert_eq!(key_of(&provider(&world, &folder).0), "ASIA2");
}

#[test]
fn a_pipe_in_place_of_the_file_does_not_block() {
    let (world, folder) = (World::new(), folder("pipe"));
    assert_eq!(key_of(&provider(&world, &folder).0), "ASIA1");
    let path = file(&folder);
    fs::remove_file(&path).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    assert_eq!(key_of(&provider(&world, &folder).0), "ASIA2");
}

#[test]
fn rejected_credentials_are_removed_for_other_processes() {
    let (world, folder) = (World::new(), folder("gone"));
    let (first, _) = provider(&world, &folder);
    assert_eq!(key_of(&first), "ASIA1");
    first.invalidate("ASIA0");
    assert_eq!(key_of(&provider(&world, &folder).0), "ASIA1");
    first.invalidate("ASIA1");
    assert_eq!(key_of(&provider(&world, &folder).0), "ASIA2");
}
