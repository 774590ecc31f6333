//! Set-ups that somebody's hand has been in, and what hands type: odd names, policies in files, keys that
//! may do nothing.

use e2e::boto::text;
use e2e::servers::Server;
use e2e::setup::{READ_ONLY, S3, SetUp, user_pools};
use serde_json::{Value, json};

fn servers() -> impl Iterator<Item = (&'static str, Server)> {
    ["ministack", "moto"].into_iter().filter_map(|name| Some((name, Server::named(name)?)))
}

#[test]
fn what_a_hand_added_to_the_role_does_not_hold_it() {
    for (kind, server) in servers() {
        let name = "added-to";
        let up = SetUp::new(&server, &["cross-account", "--role", name, "--trust", "123456789012"]);
        up.run(&[]).ok();
        let given = json!({"RoleName": name, "PolicyName": "by-hand", "PolicyDocument": S3});
        server.boto_call("iam", "put_role_policy", given);
        let given = json!({"RoleName": name, "PolicyArn": READ_ONLY});
        server.boto_call("iam", "attach_role_policy", given);
        server.boto_call("iam", "create_instance_profile", json!({"InstanceProfileName": "by-hand"}));
        let given = json!({"InstanceProfileName": "by-hand", "RoleName": name});
        server.boto_call("iam", "add_role_to_instance_profile", given);

        // Running it again leaves that alone.
        up.run(&[]).ok();
        let role = server.read(&["role", name]);
        assert_eq!(role["attached"], json!([READ_ONLY]), "{kind}");
        assert!(role["inline"]["by-hand"].is_object(), "{kind}: {role}");

        up.run(&["--undo"]).ok();
        assert!(!server.has(&["role", name]), "{kind}");
        let profile = server.read(&["instance-profile", "by-hand"]);
        assert_eq!((&profile["exists"], &profile["roles"]), (&json!(true), &json!([])), "{kind}");
        server.boto_call("iam", "delete_instance_profile", json!({"InstanceProfileName": "by-hand"}));
    }
}

#[test]
fn what_a_hand_removed_is_made_anew_or_not_missed() {
    for (kind, server) in servers() {
        let (name, instance) = ("removed-from", server.instance());
        let up = SetUp::new(&server, &["ec2-role", "--role", name, "--instance-id", &instance]);
        let remove_role = || {
            let given = json!({"InstanceProfileName": name, "RoleName": name});
            server.boto_call("iam", "remove_role_from_instance_profile", given);
            server.boto_call("iam", "delete_role", json!({"RoleName": name}));
        };
        up.run(&[]).ok();
        remove_role();
        up.run(&[]).ok();
        assert_eq!(server.read(&["role", name])["instance_profiles"], json!([name]), "{kind}");

        let given = json!({"Filters": [{"Name": "instance-id", "Values": [instance]}]});
        let found = server.boto_call("ec2", "describe_iam_instance_profile_associations", given);
        let id = &found["IamInstanceProfileAssociations"][0]["AssociationId"];
        server.boto_call("ec2", "disassociate_iam_instance_profile", json!({"AssociationId": id}));
        up.run(&[]).ok();
        assert_eq!(server.read(&["association", &instance])["profiles"].as_array().map(Vec::len), Some(1));

        remove_role();
        up.run(&["--undo"]).ok();
        assert!(!server.has(&["role", name]) && !server.has(&["instance-profile", name]), "{kind}");
        assert_eq!(server.read(&["association", &instance]), json!({"profiles": []}), "{kind}");
    }
}

#[test]
fn a_pool_that_a_hand_removed() {
    let Some(server) = Server::named("ministack") else { return };
    let name = "half-gone";
    let up = SetUp::new(&server, &["cognito", "--name", name, "--policy", S3]);
    up.run(&[]).ok();
    let gone = text(&server.read(&["user-pool", name])["id"]);
    server.boto_call("cognito-idp", "delete_user_pool", json!({"UserPoolId": gone}));
    up.run(&[]).ok();
    let (pool, identities) = (server.read(&["user-pool", name]), server.read(&["identity-pool", name]));
    let provider = format!("cognito-idp.us-east-1.amazonaws.com/{}", text(&pool["id"]));
    let expected = json!([{"name": provider, "client_id": pool["clients"][0]["id"]}]);
    assert_eq!(identities["providers"], expected, "the identity pool knows the new one");

    server.boto_call("cognito-idp", "delete_user_pool", json!({"UserPoolId": pool["id"]}));
    up.run(&["--undo"]).ok();
    assert!(
        !server.has(&["identity-pool", name]) && !server.has(&["role", "half-gone-us-east-1-authenticated"])
    );
}

#[test]
fn every_character_that_a_name_may_have() {
    for (_, server) in servers() {
        let (name, instance) = ("edge+a=b,c.d@e-f_g", server.instance());
        let things: [&[&str]; 2] = [&["role", name], &["instance-profile", name]];
        let up = SetUp::new(&server, &["ec2-role", "--role", name, "--instance-id", &instance]);
        up.up(&things);
        let tags = json!({"rolecall:setup": format!("ec2-role/{name}")});
        assert_eq!(server.read(things[0])["tags"], tags);
        let profiles = server.read(&["association", &instance])["profiles"].clone();
        assert!(profiles[0].as_str().is_some_and(|arn| arn.ends_with(&format!("/{name}"))), "{profiles}");
        up.down(&things);
    }
}

#[test]
fn a_policy_in_a_file_and_several_managed_ones() {
    let file = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("policy.json");
    let spaced = S3.replace(',', ",\n  ");
    std::fs::write(&file, format!("\n{spaced}\n")).expect("a file");
    let path = file.to_str().expect("a path");
    let with_sign = format!("@{path}");
    let second = "arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess";
    for (_, server) in servers() {
        for policy in [path, &with_sign] {
            let name = "by-file";
            let journey = ["cross-account", "--role", name, "--trust", "123456789012"];
            let given = [&journey[..], &["--policy", policy]].concat();
            let given = [&given[..], &["--policy-arn", READ_ONLY, "--policy-arn", second]].concat();
            let up = SetUp::new(&server, &given);
            up.run(&[]).ok();
            let role = server.read(&["role", name]);
            let expected: Value = serde_json::from_str(S3).expect("JSON");
            assert_eq!(
                (&role["inline"]["rolecall"], &role["attached"]),
                (&expected, &json!([READ_ONLY, second]))
            );
            // A changed policy takes the place of the one before.
            let narrow = S3.replace("s3:*", "s3:GetObject");
            SetUp::new(&server, &[&journey[..], &["--policy", &narrow]].concat()).run(&[]).ok();
            let inline = server.read(&["role", name])["inline"].clone();
            assert_eq!(inline["rolecall"]["Statement"][0]["Action"], "s3:GetObject", "{inline}");
            assert_eq!(inline.as_object().map(serde_json::Map::len), Some(1), "{inline}");
            up.run(&["--undo"]).ok();
            assert!(!server.has(&["role", name]));
        }
    }
}

#[test]
fn whoever_may_not_is_told_so() {
    for (kind, server) in servers() {
        server.boto_call("iam", "create_user", json!({"UserName": "visitor"}));
        let key =
            server.boto_call("iam", "create_access_key", json!({"UserName": "visitor"}))["AccessKey"].clone();
        let (id, secret) = (text(&key["AccessKeyId"]), text(&key["SecretAccessKey"]));
        let with = |journey: &[&str], secret: &str| {
            let up = SetUp::new(&server, journey);
            let up = up.variable("AWS_ACCESS_KEY_ID", &id).variable("AWS_SECRET_ACCESS_KEY", secret);
            up.run(&[])
        };
        let wrong: String = secret.chars().rev().collect();
        for journey in [&["ec2-role", "--role", "visited"][..], &["cognito", "--name", "visited"]] {
            let run = with(journey, &secret);
            let error = run.broke_off();
            assert!(error.contains("AccessDenied"), "{kind}: {error}");
            assert!(error.contains("give it the permission"), "{kind}: {error}");
            let run = with(journey, &wrong);
            let error = run.broke_off();
            assert!(error.contains("Signature"), "{kind}: {error}");
            assert!(!run.stderr.contains(&wrong) && !run.stderr.contains(&secret), "{kind}: {run:#?}");
        }
        assert!(!server.has(&["role", "visited"]) && user_pools(&server, "visited").is_empty());
    }
}
