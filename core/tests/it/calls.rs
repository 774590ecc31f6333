//! Calls of actions: which members of a reply are kept, what is retried, and how errors are reported.

use crate::common::{START, World, ok, reply};
use rolecall_core::call::{Action, AnyAction, Api, Call, Members, Protocol, Service};
use rolecall_core::credentials::Credentials;
use rolecall_core::error::{ErrorKind, FailureKind, Origin, Phase};
use rolecall_core::flow::Endpoint;
use rolecall_core::flow::Kept;
use rolecall_core::services::ec2::{AssociateIamInstanceProfile, DescribeIamInstanceProfileAssociations};
use rolecall_core::services::ecs::{DescribeTask, DescribeTaskDefinition, ListTaskDefinitions};
use rolecall_core::services::iam::{
    AddRoleToInstanceProfile, CreateRole, GetRole, ListAttachedRolePolicies, ListRolePolicies, trust,
};
use rolecall_core::services::user_pool::{DescribeUserPool, ListUserPools, SignUp};
use rolecall_core::sources::{Fixed, Unsigned};

fn service() -> Service<'static> {
    Service::new(Endpoint::parse("https://service.eu-west-1.amazonaws.com").unwrap(), "eu-west-1")
}

fn keys() -> Fixed<'static> {
    let keys = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None);
    Fixed::new(Some(keys.unwrap()))
}

/// Runs an action against `body` and passes its output to `take`.
#[track_caller]
fn kept<A: Action, T>(action: &A, body: &str, take: impl FnOnce(A::Output<'_>) -> T) -> T {
    let mut world = World::new();
    world.on("", ok(body));
    world.run(&mut Call::new(keys(), service(), AnyAction::of(action))).unwrap();
    take(A::output(world.slots[0].kept(A::KEPT)).unwrap())
}

fn role(inner: &str) -> String {
    format!(
        "<GetRoleResponse><GetRoleResult><Role>{inner}</Role></GetRoleResult><ResponseMetadata/></GetRoleResponse>"
    )
}

#[test]
fn members_of_a_query_reply_are_parsed() {
    let body = role(
        "<Path>/</Path><Arn>arn:aws:iam::1:role/a&amp;b</Arn><Tags><member><Value>one</Value><Key>first</Key></member>\
         <member><Key>second</Key><Value>two</Value></member></Tags><AssumeRolePolicyDocument>%7B%7D</AssumeRolePolicyDocument>\
         <Description>a gateway</Description><MaxSessionDuration>7200</MaxSessionDuration>",
    );
    kept(&GetRole { name: "r" }, &body, |role| {
        assert_eq!((role.description, role.max_session_duration), ("a gateway", Some(7200)));
        assert_eq!((role.arn, role.trust), ("arn:aws:iam::1:role/a&b", "%7B%7D"));
        assert_eq!((role.tag("first"), role.tag("second")), (Some("one"), Some("two")));
        assert_eq!(role.tag("third"), None);
    });
}

#[test]
fn elements_outside_the_result_are_ignored() {
    let other = "<Arn>other</Arn>";
    let body = format!(
        "<GetRoleResponse>{other}<GetRoleResult>{other}<Policy>{other}</Policy><Role><Boundary>{other}</Boundary>\
         <Arn>right</Arn></Role></GetRoleResult><Other><Role>{other}</Role></Other></GetRoleResponse>"
    );
    kept(&GetRole { name: "r" }, &body, |role| {
        assert_eq!((role.arn, role.description, role.max_session_duration), ("right", "", None));
    });
}

#[test]
fn lists_of_strings_and_of_structures_are_parsed() {
    let names = |inner: &str| {
        format!(
            "<ListRolePoliciesResponse><ListRolePoliciesResult>{inner}<IsTruncated>false</IsTruncated></ListRolePoliciesResult></ListRolePoliciesResponse>"
        )
    };
    let list = |body: &str| {
        kept(&ListRolePolicies { role: "r" }, body, |each| each.map(str::to_owned).collect::<Vec<_>>())
    };
    assert_eq!(list(&names("<PolicyNames><member>a</member><member>b</member></PolicyNames>")), ["a", "b"]);
    assert!(list(&names("<PolicyNames/>")).is_empty());
    assert!(list(&names("<PolicyNames>\n  </PolicyNames>")).is_empty());
    let body = "<ListAttachedRolePoliciesResponse><ListAttachedRolePoliciesResult><AttachedPolicies><member><PolicyName>p</PolicyName>\
                <PolicyArn>arn-p</PolicyArn></member><member><PolicyArn>arn-q</PolicyArn></member></AttachedPolicies>\
                </ListAttachedRolePoliciesResult></ListAttachedRolePoliciesResponse>";
    let arns = kept(&ListAttachedRolePolicies { role: "r" }, body, |each| {
        each.map(str::to_owned).collect::<Vec<_>>()
    });
    assert_eq!(arns, ["arn-p", "arn-q"]);
    let body = r#"{"taskDefinitionArns":["one","t\u0077o"],"nextToken":null}"#;
    let list = ListTaskDefinitions { family_prefix: "f", next: None };
    assert_eq!(kept(&list, body, |page| page.each.map(str::to_owned).collect::<Vec<_>>()), ["one", "two"]);
}

#[test]
fn ec2_replies_have_no_wrapper() {
    let one = |id: &str, state: &str| {
        format!(
            "<associationId>{id}</associationId><instanceId>i-1</instanceId><iamInstanceProfile><arn>arn-{id}</arn>\
             <id>AIPA</id></iamInstanceProfile><state>{state}</state>"
        )
    };
    let body = format!(
        "<DescribeIamInstanceProfileAssociationsResponse><requestId>r</requestId><iamInstanceProfileAssociationSet>\
         <item>{}</item><item><instanceId>half</instanceId></item><item>{}</item></iamInstanceProfileAssociationSet>\
         </DescribeIamInstanceProfileAssociationsResponse>",
        one("a", "associated"),
        one("b", "disassociated")
    );
    let describe = DescribeIamInstanceProfileAssociations { instance_id: Some("i-1"), next: None };
    let found = kept(&describe, &body, |page| {
        page.each
            .map(|it| format!("{} {} {} {}", it.id, it.instance_id, it.profile_arn, it.state))
            .collect::<Vec<_>>()
    });
    assert_eq!(
        found,
        ["a i-1 arn-a associated", "b i-1 arn-b disassociated"],
        "an incomplete association is skipped"
    );
    let body = format!(
        "<AssociateIamInstanceProfileResponse><iamInstanceProfileAssociation>{}</iamInstanceProfileAssociation></AssociateIamInstanceProfileResponse>",
        one("c", "associating")
    );
    let associate = AssociateIamInstanceProfile { instance_id: "i-1", profile: "p" };
    kept(&associate, &body, |association| {
        assert_eq!((association.id, association.state), ("c", "associating"))
    });
}

#[test]
fn json_structures_lists_and_maps_are_parsed() {
    let body = r#"{ "tags": [ { "value": "v1", "key": "k1" }, { "key": "k2", "value": "v2" } ],
        "taskDefinition": { "containerDefinitions": [ { "image": "first", "environment": [ { "name": "image" } ] }, { "image": "second" } ],
          "taskDefinitionArn": "arn", "status": "ACTIVE", "revision": 3, "compatibilities": [ "EC2" ] } }"#;
    kept(&DescribeTaskDefinition { name: "f" }, body, |it| {
        assert_eq!((it.arn, it.status, it.image, it.task_role_arn), ("arn", "ACTIVE", "first", ""));
        assert_eq!((it.tag("k1"), it.tag("k2"), it.tag("k3")), (Some("v1"), Some("v2"), None));
    });
    let body = r#"{"UserPool":{"UserPoolTags":{"a":"1","rolecall:setup":"cognito/app"},"Id":"eu-west-1_x","MfaConfiguration":"OFF"}}"#;
    kept(&DescribeUserPool { id: "x" }, body, |pool| {
        assert_eq!((pool.id, pool.tag("rolecall:setup")), ("eu-west-1_x", Some("cognito/app")));
    });
    let body = r#"{"UserPools":[{"Id":"1","Name":"a","LambdaConfig":{}},{"Name":"b","Id":"2"},{"Id":"3"}],"NextToken":"more"}"#;
    kept(&ListUserPools::default(), body, |page| {
        assert_eq!(page.each.map(|pool| (pool.name, pool.id)).collect::<Vec<_>>(), [("a", "1"), ("b", "2")]);
        assert_eq!(page.next, Some("more"));
    });
    let body = r#"{"failures":[],"tasks":[{"lastStatus":"RUNNING","overrides":{"containerOverrides":[],"taskRoleArn":"role"},
        "tags":[{"key":"a","value":"1"},{"key":"b","value":"2"}]}]}"#;
    kept(&DescribeTask { cluster: None, task: "t" }, body, |task| {
        assert_eq!((task.status, task.task_role_arn), ("RUNNING", Some("role")));
        assert_eq!((task.tag("a"), task.tag("b")), (Some("1"), Some("2")));
    });
}

/// A user-defined action whose list elements contain lists themselves.
struct ListThings;

impl Action for ListThings {
    const API: Api = Api { origin: Origin::Other, service: "s", protocol: Protocol::Query { version: "1" } };
    const NAME: &'static str = "ListThings";
    const KEPT: &'static [&'static str] = &["L.Id", "L.Name"];
    type Output<'r> = Vec<(&'r str, &'r str)>;

    fn members(&self, _: &mut dyn Members) {}

    fn output(kept: Kept<'_>) -> Result<Vec<(&str, &str)>, ErrorKind> {
        Ok(kept.each(|item| Some((item.get("L.Id")?, item.get("L.Name")?))).collect())
    }
}

struct ListJson;

impl Action for ListJson {
    const API: Api = Api {
        origin: Origin::Other,
        service: "s",
        protocol: Protocol::Json { content_type: "application/x-amz-json-1.0", target: "T" },
    };
    const NAME: &'static str = "ListThings";
    const KEPT: &'static [&'static str] = ListThings::KEPT;
    type Output<'r> = Vec<(&'r str, &'r str)>;

    fn members(&self, _: &mut dyn Members) {}

    fn output(kept: Kept<'_>) -> Result<Vec<(&str, &str)>, ErrorKind> {
        ListThings::output(kept)
    }
}

#[test]
fn nested_lists_that_are_not_kept_do_not_split_an_element() {
    let body = "<ListThingsResponse><ListThingsResult><L><member><Id>1</Id><Tags><member>x</member><member>y</member></Tags>\
                <Name>a</Name></member><member><Id>2</Id><Name>b</Name></member></L></ListThingsResult></ListThingsResponse>";
    kept(&ListThings, body, |each| assert_eq!(each, [("1", "a"), ("2", "b")]));
    let body =
        r#"{"Other":[{"Id":"0"}],"L":[{"Id":"1","Tags":["x",{"Id":"y"}],"Name":"a"},{"Id":"2","Name":"b"}]}"#;
    kept(&ListJson, body, |each| assert_eq!(each, [("1", "a"), ("2", "b")]));
}

#[test]
fn malformed_and_incomplete_replies_are_errors() {
    for (body, says) in [
        (role("<Path>/</Path>"), "Role.Arn"),
        (role("<Arn></Arn>"), "Role.Arn"),
        (role("<Arn>a</Arn>").replace("GetRoleRe", "GetUserRe"), "response element"),
        (role("<Arn>a"), "malformed"),
        ("<html>".to_owned(), "response element"),
        (String::new(), "malformed"),
    ] {
        let mut world = World::new();
        world.on("", ok(body.clone()));
        let error = world
            .run(&mut Call::new(keys(), service(), AnyAction::of(&GetRole { name: "r" })))
            .expect_err(&body);
        assert!(error.to_string().contains(says), "{body}: {error}");
    }
}

#[test]
fn a_call_that_is_not_idempotent_is_retried_only_if_it_was_not_executed() {
    let once = AddRoleToInstanceProfile { profile: "p", role: "r" };
    let again = GetRole { name: "r" };
    let done = "<AddRoleToInstanceProfileResponse><AddRoleToInstanceProfileResult/></AddRoleToInstanceProfileResponse>";
    let lost = || crate::common::Act::Fail(Phase::FirstByte, FailureKind::Closed);
    let unsent = || crate::common::Act::Fail(Phase::Connect, FailureKind::Timeout);
    let throttled = || reply(400, crate::common::refusal("Throttling", "slowly"));
    let broken = || reply(500, crate::common::refusal("ServiceFailure", "sorry"));
    for (act, sent) in
        [(&lost as &dyn Fn() -> crate::common::Act, 1), (&broken, 1), (&unsent, 2), (&throttled, 2)]
    {
        let mut world = World::new();
        world.on("", act()).on("", ok(done));
        let _ = world.run(&mut Call::new(keys(), service(), AnyAction::of(&once)));
        assert_eq!(world.needs.len(), sent);
        let mut world = World::new();
        world.on("", act()).on("", ok(role("<Arn>a</Arn>")));
        world.run(&mut Call::new(keys(), service(), AnyAction::of(&again))).unwrap();
        assert_eq!(world.needs.len(), 2, "a read is retried");
    }
}

#[test]
fn an_error_reply_reports_code_request_id_and_message() {
    let mut world = World::new();
    world.on(
        "",
        reply(409, crate::common::refusal("EntityAlreadyExists", "Role with name r already exists.")),
    );
    let create = CreateRole::new("r", "{}");
    let error = world.run(&mut Call::new(keys(), service(), AnyAction::of(&create))).unwrap_err();
    assert_eq!((error.origin, error.step), (Origin::Service("IAM"), "CreateRole"));
    assert_eq!(error.kind, ErrorKind::Refused { status: 409, recoverable: false });
    assert_eq!(error.to_string(), "IAM: CreateRole: refused (HTTP status 409)");
    assert_eq!(world.report.code(), "EntityAlreadyExists");
    assert_eq!(world.report.message(), "Role with name r already exists.");
    assert_eq!(world.report.request_id(), "f93e25a7-0000-11e0-8154-cbc7ccf896c7");

    for (body, header, code) in [
        (r#"{"__type":"ClusterNotFoundException","message":"none"}"#, "", "ClusterNotFoundException"),
        (r#"{"__type":"com.amazon#ClientException","Message":"none"}"#, "", "ClientException"),
        (r#"{"message":"none"}"#, "ClientException:http://internal.amazon.com/", "ClientException"),
    ] {
        let mut world = World::new();
        let header = format!("X-Amzn-ErrorType: {header}");
        world.on("", reply(400, body).with(&header).with("x-amzn-RequestId: 12-34"));
        let list = ListTaskDefinitions { family_prefix: "f", next: None };
        world.run(&mut Call::new(keys(), service(), AnyAction::of(&list))).unwrap_err();
        assert_eq!((world.report.code(), world.report.message()), (code, "none"));
        assert_eq!(world.report.request_id(), "12-34");
    }
}

#[test]
fn json_calls_sign_the_target_header_and_unsigned_calls_have_no_signature() {
    let mut world = World::new();
    world.on("", ok("{}"));
    let list = ListTaskDefinitions { family_prefix: "f", next: None };
    world.run(&mut Call::new(keys(), service(), AnyAction::of(&list))).unwrap();
    let recorded = &world.needs[0];
    assert_eq!(
        recorded.header("x-amz-target"),
        Some("AmazonEC2ContainerServiceV20141113.ListTaskDefinitions")
    );
    let signed = recorded.header("authorization").unwrap();
    assert!(signed.contains("/eu-west-1/ecs/aws4_request") && signed.contains("x-amz-target"), "{signed}");

    let up = SignUp { client: "c", secret_hash: None, username: "ada", password: "p", attributes: &[] };
    let mut world = World::new();
    world.on("", ok(r#"{"UserConfirmed":false,"UserSub":"x"}"#));
    world.run(&mut Call::new(Unsigned, service(), AnyAction::of(&up))).unwrap();
    assert_eq!(world.needs[0].header("authorization"), None);
    assert_eq!(SignUp::output(world.slots[0].kept(SignUp::KEPT)), Ok(false));
}

#[test]
fn a_wrong_clock_is_corrected_for_any_service() {
    let mut world = World::new();
    world.wall = Some(START - 86_400);
    let late = r#"{"__type":"InvalidSignatureException","message":"Signature expired"}"#;
    world.on("", reply(400, late).at(START)).on("", ok("{}").at(START));
    let list = ListTaskDefinitions { family_prefix: "f", next: None };
    world.run(&mut Call::new(keys(), service(), AnyAction::of(&list))).unwrap();
    assert!(world.needs[1].header("x-amz-date").unwrap().starts_with("20260102T"));
}

#[test]
fn trust_policies_are_written() {
    let mut buffer = [0; 512];
    assert_eq!(
        trust::account("arn:aws:iam::123456789012:root", Some("a\"b"), &mut buffer).unwrap(),
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"a\"b"}}}]}"#
    );
    let small = trust::service("ec2.amazonaws.com", &mut [0; 16]).unwrap_err().needed;
    let mut exact = vec![0; small];
    assert_eq!(trust::service("ec2.amazonaws.com", &mut exact).unwrap().len(), small);
}
