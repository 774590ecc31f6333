//! The provisioning operations: their requests are those that botocore's serializer makes of the same
//! arguments, and the members that are kept of their responses are those of the service models
//! (`tests/cases/operations.py`).

use std::collections::BTreeMap;

use conformance::{json, own, say};
use rolecall_core::call::{Action, AnyAction, Operation, Protocol};
use rolecall_core::flow::Slot;
use rolecall_core::services::ec2::*;
use rolecall_core::services::ecs::*;
use rolecall_core::services::iam::*;
use rolecall_core::services::identity_pool::*;
use rolecall_core::services::user_pool::*;
use serde_json::Value;

const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[]}"#;
const TAGS: &[(&str, &str)] = &[("rolecall:setup", "ec2-role/gateway & Straße")];
const TASK: &[(&str, &str)] = &[("rolecall:setup", "ecs-role/task")];
const APP: &[(&str, &str)] = &[("rolecall:setup", "cognito/app")];
const ROLE: &str = "arn:aws:iam::123456789012:role/gateway";
const MANAGED: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";
const PROVIDER: &str = "arn:aws:iam::123456789012:oidc-provider/issuer.example.com";
const USERS: &str = "eu-west-1_aBcDeFgHi";
const IDENTITIES: &str = "eu-west-1:5b22ff62-98c3-4b4b-9a4b-2b8b8c2f7f0d";
const EMAIL: &[(&str, &str)] = &[("email", "ada@example.com")];
const PASSWORD: &str = "pass\"word";

/// A serialized request, and the members that are missing in its response.
struct Made {
    target: Option<String>,
    body: String,
    missing: Vec<&'static str>,
}

struct Checked<'a> {
    cases: BTreeMap<String, &'a Value>,
    made: BTreeMap<String, Made>,
}

impl Checked<'_> {
    fn add<A: Action>(&mut self, action: &A) {
        let name = format!("{} {}", A::API.service, A::NAME);
        let case = self.cases.get(&name).unwrap_or_else(|| panic!("no case for {name}"));
        let any = AnyAction::of(action);
        let mut body = Body(Vec::new());
        any.body(&mut body, &Slot::new(&mut []));
        let target = match A::API.protocol {
            Protocol::Json { target, .. } => Some(format!("{target}.{}", A::NAME)),
            _ => None,
        };
        let mut memory = vec![0; 16 * 1024];
        let mut slot = Slot::new(&mut memory);
        let reply = case["reply"].as_str().expect("a reply");
        any.read(reply.as_bytes(), &mut slot).unwrap_or_else(|error| panic!("{name}: {error}"));
        let kept = slot.kept(A::KEPT);
        let missing = A::KEPT.iter().copied().filter(|name| kept.get(name).is_none()).collect();
        let body = String::from_utf8(body.0).expect("text");
        assert!(self.made.insert(name, Made { target, body, missing }).is_none());
    }
}

struct Body(Vec<u8>);

impl rolecall_core::wire::Put for Body {
    fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
}

fn iam(checked: &mut Checked<'_>) {
    let (name, role, profile) = ("gateway", "gateway", "gateway");
    let (description, max_session_duration) = (Some("a gateway"), Some(7200));
    checked.add(&CreateRole {
        description,
        max_session_duration,
        tags: TAGS,
        ..CreateRole::new(name, POLICY)
    });
    checked.add(&GetRole { name });
    checked.add(&UpdateRole { role, description, max_session_duration });
    checked.add(&UpdateAssumeRolePolicy { role, trust: POLICY });
    checked.add(&PutRolePolicy { role, name: "own", policy: POLICY });
    checked.add(&AttachRolePolicy { role, policy_arn: MANAGED });
    checked.add(&ListRolePolicies { role });
    checked.add(&ListAttachedRolePolicies { role });
    checked.add(&ListInstanceProfilesForRole { role });
    checked.add(&DeleteRolePolicy { role, name: "own" });
    checked.add(&DetachRolePolicy { role, policy_arn: MANAGED });
    checked.add(&DeleteRole { name });
    checked.add(&TagRole { role, tags: TAGS });
    checked.add(&CreateInstanceProfile { name, tags: TAGS });
    checked.add(&GetInstanceProfile { name });
    checked.add(&AddRoleToInstanceProfile { profile, role });
    checked.add(&RemoveRoleFromInstanceProfile { profile, role });
    checked.add(&DeleteInstanceProfile { name });
    checked.add(&CreateOpenIDConnectProvider {
        url: "https://issuer.example.com",
        client_ids: &["one", "two"],
        thumbprints: &["0000000000000000000000000000000000000000"],
        tags: TAGS,
    });
    checked.add(&GetOpenIDConnectProvider { arn: PROVIDER });
    checked.add(&DeleteOpenIDConnectProvider { arn: PROVIDER });
}

fn ec2(checked: &mut Checked<'_>) {
    let (instance_id, association_id, profile) = ("i-1", "iip-assoc-1", "gateway");
    checked.add(&AssociateIamInstanceProfile { instance_id, profile });
    checked.add(&ReplaceIamInstanceProfileAssociation { association_id, profile });
    checked
        .add(&DescribeIamInstanceProfileAssociations { instance_id: Some(instance_id), next: Some("more") });
    checked.add(&DisassociateIamInstanceProfile { association_id });
}

fn ecs(checked: &mut Checked<'_>) {
    let (cluster, task) = (Some("cluster"), "task-arn");
    checked.add(&RegisterTaskDefinition {
        family: "task",
        task_role_arn: ROLE,
        execution_role_arn: Some(ROLE),
        network_mode: Some("awsvpc"),
        compatibilities: &["FARGATE"],
        cpu: Some("256"),
        memory: Some("512"),
        containers: &[Container {
            name: "task",
            image: "busybox",
            memory: Some(128),
            command: &["sleep", "\"1\""],
        }],
        tags: TASK,
    });
    checked.add(&DescribeTaskDefinition { name: "task" });
    checked.add(&ListTaskDefinitions { family_prefix: "task", next: Some("more") });
    checked.add(&DeregisterTaskDefinition { name: "task:1" });
    checked.add(&RunTask {
        cluster,
        task_definition: "task",
        task_role_arn: Some(ROLE),
        launch_type: Some("FARGATE"),
        subnets: &["subnet-1"],
        security_groups: &["sg-1"],
        assign_public_ip: true,
        tags: TASK,
        client_token: "once",
    });
    checked.add(&ListTasks { cluster, family: "task", next: Some("more") });
    checked.add(&DescribeTask { cluster, task });
    checked.add(&StopTask { cluster, task });
}

fn user_pools(checked: &mut Checked<'_>) {
    let (pool, client, username, secret_hash) = (USERS, "client", "ada", Some("hash"));
    checked.add(&CreateUserPool { name: "app", verified: &["email"], tags: APP });
    checked.add(&DescribeUserPool { id: pool });
    checked.add(&ListUserPools { next: Some("more") });
    checked.add(&CreateUserPoolClient {
        pool,
        name: "app",
        with_secret: true,
        flows: &["ALLOW_USER_SRP_AUTH"],
    });
    checked.add(&DescribeUserPoolClient { pool, client });
    checked.add(&ListUserPoolClients { pool, next: None });
    checked.add(&AdminCreateUser { pool, username, attributes: EMAIL });
    checked.add(&AdminSetUserPassword { pool, username, password: PASSWORD, permanent: true });
    checked.add(&SignUp { client, secret_hash, username, password: PASSWORD, attributes: EMAIL });
    checked.add(&ConfirmSignUp { client, secret_hash, username, code: "123456" });
    checked.add(&DeleteUserPool { id: pool });
}

fn identity_pools(checked: &mut Checked<'_>) {
    let (name, id) = ("app", IDENTITIES);
    let logins = Logins {
        unauthenticated: true,
        classic: false,
        user_pools: &[UserPoolLogin {
            provider: "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_aBcDeFgHi",
            client: "client",
        }],
        providers: &[("graph.facebook.com", "7346241598935552")],
        open_id: &[PROVIDER],
    };
    checked.add(&CreateIdentityPool { name, logins, tags: APP });
    checked.add(&DescribeIdentityPool { id });
    checked.add(&UpdateIdentityPool { id, name, logins, tags: APP });
    checked.add(&ListIdentityPools { next: None });
    checked.add(&SetIdentityPoolRoles { pool: id, authenticated: ROLE, unauthenticated: Some(ROLE) });
    checked.add(&DeleteIdentityPool { id });
}

#[test]
fn requests_and_responses_match_the_service_models() {
    let document = json(&own("operations.json"));
    let text = |case: &Value, name: &str| case[name].as_str().map(str::to_owned);
    let name = |case: &Value| {
        format!("{} {}", text(case, "service").expect("a service"), text(case, "operation").expect("a name"))
    };
    let cases: BTreeMap<String, &Value> =
        document.as_array().expect("a list").iter().map(|case| (name(case), case)).collect();
    let mut checked = Checked { cases, made: BTreeMap::new() };
    for of_service in [iam, ec2, ecs, user_pools, identity_pools] {
        of_service(&mut checked);
    }
    for (name, case) in &checked.cases {
        let made = checked.made.get(name).unwrap_or_else(|| panic!("{name} has no operation in this test"));
        let body = text(case, "body").expect("a body");
        if let Some(target) = text(case, "target") {
            assert_eq!(made.target.as_ref(), Some(&target), "{name}");
            let parsed = |body: &str| serde_json::from_str::<Value>(body).expect("JSON");
            assert_eq!(parsed(&made.body), parsed(&body), "{name}");
        } else {
            assert_eq!(made.body, body, "{name}");
        }
        assert!(made.missing.is_empty(), "{name}: the response has no {:?}", made.missing);
    }
    assert!(checked.cases.len() >= 49, "number of cases");
    say(&format!("{} operations match the service models", checked.cases.len()));
}
