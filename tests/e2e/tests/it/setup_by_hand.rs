//! Provisioning after manual changes, and unusual input: special characters in names, policies in files, keys
//! without permissions.

use e2e::boto::text;
use e2e::servers::Server;
use e2e::setup::{Provisioning, READ_ONLY, S3, user_pools};
use serde_json::{Value, json};

fn servers() -> impl Iterator<Item = (&'static str, Server)> {
    ["ministack", "moto"].into_iter().filter_map(|name| Some((name, Server::named(name)?)))
}

#[test]
fn manual_additions_to_a_role_do_not_prevent_undoing() {
    for (kind, server) in servers() {
        let name = "added-to";
        let up = Provisioning::new(&server, &["cross-account", "--role", name, "--trust", "123456789012"]);
        up.run(&[]).ok();
        let given = json!({"RoleName": name, "PolicyName": "by-hand", "PolicyDocument": S3});
        server.boto_call("iam", "put_role_policy", given);
        let given = json!({"RoleName": name, "PolicyArn": READ_ONLY});
        server.boto_call("iam", "attach_role_policy", given);
        server.boto_call("iam", "create_instance_profile", json!({"InstanceProfileName": "by-hand"}));
        let given = json!({"InstanceProfileName": "by-hand", "RoleName": name});
        server.boto_call("iam", "add_role_to_instance_profile", given);

        // Running it again leaves the additions alone.
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
fn manually_removed_resources_are_created_again_or_ignored() {
    for (kind, server) in servers() {
        let (name, instance) = ("removed-from", server.instance());
        let up = Provisioning::new(&server, &["ec2-role", "--role", name, "--instance-id", &instance]);
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
fn a_manually_removed_pool_is_replaced() {
    let Some(server) = Server::named("ministack") else { return };
    let name = "half-gone";
    let up = Provisioning::new(&server, &["cognito", "--name", name, "--policy", S3]);
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
fn every_allowed_character_in_a_name_is_accepted() {
    for (_, server) in servers() {
        let (name, instance) = ("edge+a=b,c.d@e-f_g", server.instance());
        let resources: [&[&str]; 2] = [&["role", name], &["instance-profile", name]];
        let up = Provisioning::new(&server, &["ec2-role", "--role", name, "--instance-id", &instance]);
        up.apply(&resources);
        // The value of a tag must not have a comma.
        let tags = json!({"rolecall:setup": "ec2-role/edge+a=b:c.d@e-f_g"});
        assert_eq!(server.read(resources[0])["tags"], tags);
        let profiles = server.read(&["association", &instance])["profiles"].clone();
        assert!(profiles[0].as_str().is_some_and(|arn| arn.ends_with(&format!("/{name}"))), "{profiles}");
        up.undo(&resources);
    }
}

#[test]
fn a_policy_is_read_from_a_file_and_several_are_attached() {
    let file = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("policy.json");
    let spaced = S3.replace(',', ",\n  ");
    std::fs::write(&file, format!("\n{spaced}\n")).expect("a file");
    let path = file.to_str().expect("a path");
    let with_sign = format!("@{path}");
    let second = "arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess";
    for (_, server) in servers() {
        for policy in [path, &with_sign] {
            let name = "by-file";
            let subcommand = ["cross-account", "--role", name, "--trust", "123456789012"];
            let given = [&subcommand[..], &["--policy", policy]].concat();
            let given = [&given[..], &["--policy-arn", READ_ONLY, "--policy-arn", second]].concat();
            let up = Provisioning::new(&server, &given);
            up.run(&[]).ok();
            let role = server.read(&["role", name]);
            let expected: Value = serde_json::from_str(S3).expect("JSON");
            assert_eq!(
                (&role["inline"]["rolecall"], &role["attached"]),
                (&expected, &json!([READ_ONLY, second]))
            );
            // A changed policy replaces the previous one.
            let narrow = S3.replace("s3:*", "s3:GetObject");
            Provisioning::new(&server, &[&subcommand[..], &["--policy", &narrow]].concat()).run(&[]).ok();
            let inline = server.read(&["role", name])["inline"].clone();
            assert_eq!(inline["rolecall"]["Statement"][0]["Action"], "s3:GetObject", "{inline}");
            assert_eq!(inline.as_object().map(serde_json::Map::len), Some(1), "{inline}");
            up.run(&["--undo"]).ok();
            assert!(!server.has(&["role", name]));
        }
    }
}

#[test]
fn missing_permissions_are_reported() {
    for (kind, server) in servers() {
        server.boto_call("iam", "create_user", json!({"UserName": "visitor"}));
        let key =
            server.boto_call("iam", "create_access_key", json!({"UserName": "visitor"}))["AccessKey"].clone();
        let (id, secret) = (text(&key["AccessKeyId"]), text(&key["SecretAccessKey"]));
        let with = |subcommand: &[&str], secret: &str| {
            let up = Provisioning::new(&server, subcommand);
            let up = up.variable("AWS_ACCESS_KEY_ID", &id).variable("AWS_SECRET_ACCESS_KEY", secret);
            up.run(&[])
        };
        let wrong: String = secret.chars().rev().collect();
        for subcommand in [&["ec2-role", "--role", "visited"][..], &["cognito", "--name", "visited"]] {
            let run = with(subcommand, &secret);
            let error = run.failed_midway();
            assert!(error.contains("AccessDenied"), "{kind}: {error}");
            assert!(error.contains("give it the permission"), "{kind}: {error}");
            let run = with(subcommand, &wrong);
            let error = run.failed_midway();
            assert!(error.contains("Signature"), "{kind}: {error}");
            assert!(!run.stderr.contains(&wrong) && !run.stderr.contains(&secret), "{kind}: {run:#?}");
        }
        assert!(!server.has(&["role", "visited"]) && user_pools(&server, "visited").is_empty());
    }
}
