//! Operations of services, and their serializers and parsers.

use core::hint::black_box;

use rolecall_core::call::{Action, Api, Members, Operation, Protocol};
use rolecall_core::error::Origin;
use rolecall_core::flow::Slot;
use rolecall_core::sources::Fixed;
use rolecall_core::wire::Cursor;
use rolecall_core::{call, flow, services};

use crate::sources::{endpoint, run};
use crate::{bytes, number, signing, text, used};

/// Calls every function of an action.
macro_rules! action {
    ($action:expr) => {
        act(&$action)
    };
}

const CONTAINERS: &[services::ecs::Container<'static>] =
    &[services::ecs::Container { name: "name", image: "image", memory: Some(128), command: &["run"] }];
const LOGINS: services::identity_pool::Logins<'static> = services::identity_pool::Logins {
    unauthenticated: true,
    classic: true,
    user_pools: &[services::identity_pool::UserPoolLogin { provider: "provider", client: "client" }],
    providers: &[("provider", "application")],
    open_id: &["arn"],
};

fn texts() -> &'static [&'static str] {
    black_box(&["one", "two"])
}

fn pairs() -> &'static [(&'static str, &'static str)] {
    black_box(&[("key", "value")])
}

fn act<A: Action + 'static>(action: &A) {
    used(call::Action::check(action).is_ok());
    call::Action::secrets(action, &mut |secret| used(secret));
    let any = call::AnyAction::of(action);
    let mut memory = [0; 64];
    call::AnyAction::members(&any, &mut Line(Cursor::new(black_box(&mut memory))));
    used(<call::AnyAction as Operation>::shape(&any).action);
    used(<call::AnyAction as Operation>::check(&any).is_ok());
    <call::AnyAction as Operation>::secrets(&any, &mut |secret| used(secret));
    let mut memory = [0; 64];
    let mut slot = Slot::new(black_box(&mut memory));
    let mut body = [0; 64];
    <call::AnyAction as Operation>::body(&any, &mut Cursor::new(black_box(&mut body)), &slot);
    used(<call::AnyAction as Operation>::read(&any, bytes(), &mut slot).is_ok());
    let kept = Slot::kept(&slot, A::KEPT);
    used(A::output(kept).is_ok());
}

/// Writes members of any kind.
struct Line<'b>(Cursor<'b>);

impl Members for Line<'_> {
    fn text(&mut self, name: &str, value: &str) {
        self.each(name, value);
    }

    fn number(&mut self, name: &str, _: u32) {
        self.each(name, "");
    }

    fn truth(&mut self, name: &str, _: bool) {
        self.each(name, "");
    }

    fn texts(&mut self, name: &str, values: &[&str]) {
        values.iter().for_each(|value| self.each(name, value));
    }

    fn structure(&mut self, _: &str, members: &mut dyn FnMut(&mut dyn Members)) {
        members(self);
    }

    fn structures(&mut self, _: &str, count: usize, members: &mut dyn FnMut(usize, &mut dyn Members)) {
        for index in 0..count {
            members(index, self);
        }
    }
}

impl Line<'_> {
    fn each(&mut self, name: &str, value: &str) {
        rolecall_core::wire::Put::put(&mut self.0, name.as_bytes());
        rolecall_core::wire::Put::put(&mut self.0, value.as_bytes());
    }
}

pub(crate) fn call() {
    writers();
    kept();
    trusts();
    composed();
    action!(services::iam::CreateRole {
        name: text(),
        trust: text(),
        description: black_box(Some(text())),
        max_session_duration: black_box(Some(number())),
        tags: pairs()
    });
    action!(services::iam::UpdateRole {
        role: text(),
        description: black_box(Some(text())),
        max_session_duration: black_box(Some(number()))
    });
    action!(services::iam::TagRole { role: text(), tags: pairs() });
    action!(services::iam::GetRole { name: text() });
    action!(services::sts::GetWebIdentityToken {
        duration_seconds: Some(number()),
        tags: pairs(),
        ..services::sts::GetWebIdentityToken::new(texts())
    });
    action!(services::iam::ListRolePolicies { role: text() });
    action!(services::iam::ListAttachedRolePolicies { role: text() });
    action!(services::iam::ListInstanceProfilesForRole { role: text() });
    action!(services::iam::CreateInstanceProfile { name: text(), tags: pairs() });
    action!(services::iam::GetInstanceProfile { name: text() });
    action!(services::iam::CreateOpenIDConnectProvider {
        url: text(),
        client_ids: texts(),
        thumbprints: texts(),
        tags: pairs()
    });
    action!(services::iam::GetOpenIDConnectProvider { arn: text() });
    action!(services::iam::UpdateAssumeRolePolicy { role: text(), trust: text() });
    action!(services::iam::PutRolePolicy { role: text(), name: text(), policy: text() });
    action!(services::iam::AttachRolePolicy { role: text(), policy_arn: text() });
    action!(services::iam::DeleteRolePolicy { role: text(), name: text() });
    action!(services::iam::DetachRolePolicy { role: text(), policy_arn: text() });
    action!(services::iam::DeleteRole { name: text() });
    action!(services::iam::AddRoleToInstanceProfile { profile: text(), role: text() });
    action!(services::iam::RemoveRoleFromInstanceProfile { profile: text(), role: text() });
    action!(services::iam::DeleteInstanceProfile { name: text() });
    action!(services::iam::DeleteOpenIDConnectProvider { arn: text() });
    action!(services::ec2::AssociateIamInstanceProfile { instance_id: text(), profile: text() });
    action!(services::ec2::ReplaceIamInstanceProfileAssociation { association_id: text(), profile: text() });
    action!(services::ec2::DescribeIamInstanceProfileAssociations {
        instance_id: black_box(Some(text())),
        next: black_box(Some(text()))
    });
    action!(services::ec2::DisassociateIamInstanceProfile { association_id: text() });
    action!(services::ecs::RegisterTaskDefinition {
        family: text(),
        task_role_arn: text(),
        execution_role_arn: black_box(Some(text())),
        network_mode: black_box(Some(text())),
        compatibilities: texts(),
        cpu: black_box(Some(text())),
        memory: black_box(Some(text())),
        containers: black_box(CONTAINERS),
        tags: pairs()
    });
    action!(services::ecs::DescribeTaskDefinition { name: text() });
    action!(services::ecs::ListTaskDefinitions { family_prefix: text(), next: black_box(Some(text())) });
    action!(services::ecs::RunTask {
        cluster: black_box(Some(text())),
        task_definition: text(),
        task_role_arn: black_box(Some(text())),
        launch_type: black_box(Some(text())),
        subnets: texts(),
        security_groups: texts(),
        assign_public_ip: black_box(true),
        tags: pairs(),
        client_token: text()
    });
    action!(services::ecs::ListTasks {
        cluster: black_box(Some(text())),
        family: text(),
        next: black_box(Some(text()))
    });
    action!(services::ecs::DescribeTask { cluster: black_box(Some(text())), task: text() });
    action!(services::ecs::StopTask { cluster: black_box(Some(text())), task: text() });
    action!(services::ecs::DeregisterTaskDefinition { name: text() });
    action!(services::user_pool::CreateUserPool { name: text(), verified: texts(), tags: pairs() });
    action!(services::user_pool::DescribeUserPool { id: text() });
    action!(services::user_pool::ListUserPools { next: black_box(Some(text())) });
    action!(services::user_pool::CreateUserPoolClient {
        pool: text(),
        name: text(),
        with_secret: black_box(true),
        flows: texts()
    });
    action!(services::user_pool::DescribeUserPoolClient { pool: text(), client: text() });
    action!(services::user_pool::ListUserPoolClients { pool: text(), next: black_box(Some(text())) });
    action!(services::user_pool::AdminCreateUser { pool: text(), username: text(), attributes: pairs() });
    action!(services::user_pool::AdminSetUserPassword {
        pool: text(),
        username: text(),
        password: text(),
        permanent: black_box(true)
    });
    action!(services::user_pool::SignUp {
        client: text(),
        secret_hash: black_box(Some(text())),
        username: text(),
        password: text(),
        attributes: pairs()
    });
    action!(services::user_pool::ConfirmSignUp {
        client: text(),
        secret_hash: black_box(Some(text())),
        username: text(),
        code: text()
    });
    action!(services::user_pool::DeleteUserPool { id: text() });
    action!(services::identity_pool::CreateIdentityPool { name: text(), logins: LOGINS, tags: pairs() });
    action!(services::identity_pool::DescribeIdentityPool { id: text() });
    action!(services::identity_pool::UpdateIdentityPool {
        id: text(),
        name: text(),
        logins: LOGINS,
        tags: pairs()
    });
    action!(services::identity_pool::ListIdentityPools { next: black_box(Some(text())) });
    action!(services::identity_pool::SetIdentityPoolRoles {
        pool: text(),
        authenticated: text(),
        unauthenticated: black_box(Some(text()))
    });
    action!(services::identity_pool::DeleteIdentityPool { id: text() });
}

fn writers() {
    let mut memory = [0; 64];
    let mut out = Cursor::new(black_box(&mut memory));
    call::put_json(&mut out, &mut |to| more(to));
    let api = Api { origin: Origin::Service("own"), service: "own", protocol: OWN };
    used(call::Shape::new(api, text()).action);
    act(&Own);
}

const OWN: Protocol = Protocol::Ec2 { version: "1" };

/// An action with members of every kind.
struct Own;

impl Action for Own {
    const API: Api = Api { origin: Origin::Other, service: "own", protocol: OWN };
    const NAME: &'static str = "Own";
    type Output<'r> = ();

    fn members(&self, to: &mut dyn Members) {
        more(to);
    }

    fn output(_: flow::Kept<'_>) -> Result<(), rolecall_core::error::ErrorKind> {
        Ok(())
    }
}

fn more(to: &mut dyn Members) {
    to.optional(text(), black_box(Some(text())));
    to.pairs(text(), ["Key", "Value"], pairs());
    to.map(text(), pairs());
    to.structure(text(), &mut |to| to.number(text(), number()));
    to.structures(text(), number(), &mut |_, to| to.truth(text(), black_box(false)));
    to.texts(text(), texts());
}

fn kept() {
    let mut memory = [0; 64];
    let slot = Slot::new(black_box(&mut memory));
    let kept = flow::Slot::kept(&slot, black_box(&["Name"]));
    used(flow::Kept::get(&kept, text()));
    used(flow::Kept::need(&kept, text()).is_ok());
    used(flow::Kept::value_of(&kept, ["Key", "Value"], text()));
    let mut items = flow::Kept::items(&kept);
    used(<flow::Items as Iterator>::next(&mut items).is_some());
    used(flow::Kept::each(&kept, |item| item.get(text())).count());
    let mut report = flow::Report::new();
    used(call::read_json_error(bytes(), text(), &mut report).is_ok());

    use services::iam::{GetInstanceProfile, GetOpenIDConnectProvider, GetRole};
    if let Ok(role) = GetRole::output(kept) {
        used(services::iam::Role::tag(&role, text()));
    }
    if let Ok(profile) = GetInstanceProfile::output(kept) {
        used(services::iam::InstanceProfile::role(&profile));
        used(services::iam::InstanceProfile::tag(&profile, text()));
    }
    if let Ok(provider) = GetOpenIDConnectProvider::output(kept) {
        used(services::iam::OpenIdConnectProvider::tag(&provider, text()));
    }
    if let Ok(definition) = services::ecs::DescribeTaskDefinition::output(kept) {
        used(services::ecs::TaskDefinition::tag(&definition, text()));
    }
    if let Ok(task) = services::ecs::DescribeTask::output(kept) {
        used(services::ecs::Task::tag(&task, text()));
    }
    if let Ok(pool) = services::user_pool::DescribeUserPool::output(kept) {
        used(services::user_pool::UserPool::tag(&pool, text()));
    }
    if let Ok(pool) = services::identity_pool::DescribeIdentityPool::output(kept) {
        used(services::identity_pool::IdentityPool::tag(&pool, text()));
        used(services::identity_pool::IdentityPool::open_id(&pool).count());
    }
}

fn trusts() {
    let mut memory = [0; 64];
    used(services::iam::trust::service(text(), black_box(&mut memory)).is_ok());
    used(services::iam::trust::account(text(), black_box(Some(text())), black_box(&mut memory)).is_ok());
    used(services::iam::trust::identity_pool(text(), text(), text(), black_box(&mut memory)).is_ok());
    used(services::user_pool::secret_hash(text(), text(), text()));
}

/// A call of an action, and the constructor of an IAM action.
fn composed() {
    let Ok(endpoint) = endpoint() else { return };
    let service = call::Service::new(endpoint, text());
    let role = services::iam::CreateRole::new("name", "{}");
    let base = Fixed::new(signing::credentials());
    let action = call::AnyAction::of(black_box(&role));
    let mut call = call::Call::new(base, service, action);
    run(&mut call);
}
