//! Flows, their inputs and their results.

use core::fmt::{Debug, Display};
use core::hint::black_box;

use rolecall_core::call::{Api, Operation, Protocol, Shape};
use rolecall_core::error::{Buffer, ErrorKind, Failure, FailureKind, Origin, Phase};
use rolecall_core::flow::{Answer, Context, Flow, Lease, Limits, Memory, Need, Reply, Step};
use rolecall_core::sources::sts::Parameters;
use rolecall_core::wire::Put;
use rolecall_core::{call, flow, refresh, skew, sources};

use crate::{bytes, formatted, number, signing, state, text, used};

pub(crate) fn call() {
    let Ok(endpoint) = endpoint() else { return };
    instance_metadata(endpoint);
    region_and_role(endpoint);
    container();
    calls(endpoint);
    tokens(endpoint);
    hosts(endpoint);
    cognito();
    composed(endpoint);
    slots();
    report();
}

pub(crate) fn endpoint() -> Result<flow::Endpoint<'static>, rolecall_core::wire::Error> {
    let endpoint = flow::Endpoint::parse(text())?;
    used(flow::Endpoint::scheme(&endpoint));
    used(flow::Endpoint::host(&endpoint));
    used(flow::Endpoint::port(&endpoint));
    used(flow::Endpoint::authority(&endpoint));
    used(flow::Endpoint::base_path(&endpoint));
    used(flow::Endpoint::root(&endpoint));
    used(call::Partition::of(text()));
    used(call::is_region(text()));
    let variant = call::Variant { fips: black_box(false), dual_stack: black_box(true) };
    used(call::regional_url(text(), text(), variant, black_box(&mut [0; 64])).is_ok());
    Ok(endpoint)
}

pub(crate) fn limits() -> Limits {
    black_box(Limits {
        connect_ms: number(),
        first_byte_ms: number(),
        total_ms: number(),
        body_bytes: number(),
    })
}

pub(crate) fn retry_policy() -> flow::RetryPolicy {
    used(<flow::RetryPolicy as Default>::default());
    used(flow::RetryPolicy::until_ready(number(), number()));
    let policy = flow::RetryPolicy::new(number(), number());
    black_box(flow::RetryPolicy::with_pause(policy, number()))
}

fn instance_metadata(endpoint: flow::Endpoint<'static>) {
    for source in [sources::Imds::new(endpoint), sources::Imds::disabled(endpoint)] {
        let source = sources::Imds::with_limits(source, limits());
        let mut source = sources::Imds::with_retry_policy(source, retry_policy());
        drive(
            &mut source,
            <sources::Imds as Flow>::slots,
            <sources::Imds as Flow>::poll,
            <sources::Imds as Flow>::answer,
            <sources::Imds as Flow>::restart,
        );
    }
}

fn region_and_role(endpoint: flow::Endpoint<'static>) {
    let mut region =
        sources::ImdsRegion::with_retry_policy(sources::ImdsRegion::new(endpoint), retry_policy());
    drive(
        &mut region,
        <sources::ImdsRegion as Flow>::slots,
        <sources::ImdsRegion as Flow>::poll,
        <sources::ImdsRegion as Flow>::answer,
        <sources::ImdsRegion as Flow>::restart,
    );
    used(sources::Placement::region(sources::ImdsRegion::source(&region)));
    if let Ok(mut named) = sources::Imds::with_role(sources::Imds::new(endpoint), text()) {
        run(&mut named);
    }
}

fn container() {
    use sources::Authorization;
    let authorizations = [Authorization::None, Authorization::Token(text()), Authorization::File(text())];
    for authorization in black_box(authorizations) {
        for source in [
            sources::Container::relative(text(), authorization),
            sources::Container::full(text(), authorization),
            Ok(sources::Container::absent()),
        ] {
            let Ok(source) = source else { continue };
            let source = sources::Container::with_limits(source, limits());
            let mut source = sources::Container::with_retry_policy(source, retry_policy());
            drive(
                &mut source,
                <sources::Container as Flow>::slots,
                <sources::Container as Flow>::poll,
                <sources::Container as Flow>::answer,
                <sources::Container as Flow>::restart,
            );
        }
    }
}

fn calls(endpoint: flow::Endpoint<'static>) {
    let service = call::Service::new(endpoint, text());
    let given = sources::Fixed::new(signing::credentials());
    let mut identity = call::Call::new(given, service, sources::sts::GetCallerIdentityRequest);
    let request = sources::sts::GetCallerIdentityRequest;
    used(call::Operation::content_type(&request, &mut rolecall_core::wire::Count::default()));
    let reply = Reply {
        status: number(),
        headers: black_box(1..2),
        body: black_box(2..3),
        sent: state::now(),
        received: state::now(),
    };
    used(call::Operation::read_error(&request, &reply, bytes(), &mut flow::Report::new()));
    drive(
        &mut identity,
        <call::Call<_, _> as Flow>::slots,
        <call::Call<_, _> as Flow>::poll,
        <call::Call<_, _> as Flow>::answer,
        <call::Call<_, _> as Flow>::restart,
    );

    let more = parameters();
    let mut role = sources::sts::AssumeRoleRequest::new(text(), text());
    role.duration_seconds = black_box(Some(number()));
    role.external_id = black_box(Some(text()));
    used(<sources::sts::SessionParameters as Parameters>::check(&more));
    role.more = black_box(Some(&more));
    let given = sources::Fixed::new(signing::credentials());
    run(&mut call::Call::new(given, service, role));

    let mut memory = [0; 64];
    let mut slot = flow::Slot::new(black_box(&mut memory));
    used(<sources::sts::AssumeRoleRequest as Operation>::check(&role));
    used(<sources::sts::AssumeRoleRequest as Operation>::shape(&role).action);
    used(<sources::sts::AssumeRoleRequest as Operation>::read(&role, bytes(), &mut slot));
    let identity = sources::sts::GetCallerIdentityRequest;
    used(<sources::sts::GetCallerIdentityRequest as Operation>::check(&identity));
    used(<sources::sts::GetCallerIdentityRequest as Operation>::shape(&identity).action);
    used(<sources::sts::GetCallerIdentityRequest as Operation>::read(&identity, bytes(), &mut slot));
    let own = sources::sts::AssumeRoleRequest::new(text(), text());
    run(&mut call::Call::new(sources::Fixed::new(None), service, Own(own, identity)));
}

/// All parameters of a session.
fn parameters() -> sources::sts::SessionParameters<'static> {
    let mut more = <sources::sts::SessionParameters as Default>::default();
    more.policy = black_box(Some("{}"));
    more.policy_arns = black_box(&["arn"]);
    more.tags = black_box(&[("key", "value")]);
    more.transitive_tag_keys = black_box(&["key"]);
    more.mfa_serial = black_box(Some("serial"));
    more.source_identity = black_box(Some("who"));
    more.provided_contexts = black_box(&[("provider", "assertion")]);
    more
}

/// The other calls of STS.
fn tokens(endpoint: flow::Endpoint<'static>) {
    use call::Call;
    let service = call::Service::new(endpoint, text());
    let more = parameters();
    let mut web = sources::sts::AssumeRoleWithWebIdentityRequest::new(text(), text());
    (web.policy, web.policy_arns, web.provider_id) = (more.policy, more.policy_arns, more.policy);
    let mut saml = sources::sts::AssumeRoleWithSamlRequest::new(text(), text());
    (saml.policy, saml.policy_arns) = (more.policy, more.policy_arns);
    let mut session = <sources::sts::GetSessionTokenRequest as Default>::default();
    session.mfa_serial = more.mfa_serial;
    let mut federation = sources::sts::GetFederationTokenRequest::new(text());
    (federation.policy, federation.policy_arns, federation.tags) = (more.policy, more.policy_arns, more.tags);
    let root = sources::sts::AssumeRootRequest::new(text(), text());
    let given = || sources::Fixed::new(signing::credentials());

    let mut token = sources::IdentityToken::given(text());
    drive(
        &mut token,
        <sources::IdentityToken as Flow>::slots,
        <sources::IdentityToken as Flow>::poll,
        <sources::IdentityToken as Flow>::answer,
        <sources::IdentityToken as Flow>::restart,
    );
    run(&mut Call::new(token, service, web));
    run(&mut Call::new(sources::IdentityToken::file(text()), service, saml));
    let mut mfa = sources::sts::Mfa::new(given(), text());
    drive(
        &mut mfa,
        <sources::sts::Mfa<_> as Flow>::slots,
        <sources::sts::Mfa<_> as Flow>::poll,
        <sources::sts::Mfa<_> as Flow>::answer,
        <sources::sts::Mfa<_> as Flow>::restart,
    );
    run(&mut Call::new(mfa, service, session));
    run(&mut Call::new(given(), service, federation));
    run(&mut Call::new(given(), service, root));
    let mut bucket = <sources::CreateSessionRequest as Default>::default();
    bucket.read_only = true;
    run(&mut Call::new(given(), service, bucket));

    let mut memory = [0; 64];
    let mut slot = flow::Slot::new(black_box(&mut memory));
    used(<sources::sts::AssumeRoleWithWebIdentityRequest as Operation>::check(&web));
    used(<sources::sts::AssumeRoleWithWebIdentityRequest as Operation>::shape(&web).action);
    used(<sources::sts::AssumeRoleWithWebIdentityRequest as Operation>::read(&web, bytes(), &mut slot));
    used(<sources::sts::AssumeRoleWithSamlRequest as Operation>::check(&saml));
    used(<sources::sts::AssumeRoleWithSamlRequest as Operation>::shape(&saml).action);
    used(<sources::sts::AssumeRoleWithSamlRequest as Operation>::read(&saml, bytes(), &mut slot));
    used(<sources::sts::GetSessionTokenRequest as Operation>::check(&session));
    used(<sources::sts::GetSessionTokenRequest as Operation>::shape(&session).action);
    used(<sources::sts::GetSessionTokenRequest as Operation>::read(&session, bytes(), &mut slot));
    used(<sources::sts::GetFederationTokenRequest as Operation>::check(&federation));
    used(<sources::sts::GetFederationTokenRequest as Operation>::shape(&federation).action);
    used(<sources::sts::GetFederationTokenRequest as Operation>::read(&federation, bytes(), &mut slot));
    used(<sources::CreateSessionRequest as Operation>::check(&bucket));
    used(<sources::CreateSessionRequest as Operation>::shape(&bucket).action);
    used(<sources::CreateSessionRequest as Operation>::read(&bucket, bytes(), &mut slot));
    used(<sources::sts::AssumeRootRequest as Operation>::check(&root));
    used(<sources::sts::AssumeRootRequest as Operation>::shape(&root).action);
    used(<sources::sts::AssumeRootRequest as Operation>::read(&root, bytes(), &mut slot));
}

/// Sources that only hosts with an operating system have.
fn hosts(endpoint: flow::Endpoint<'static>) {
    let mut process = sources::Process::new(text());
    drive(
        &mut process,
        <sources::Process as Flow>::slots,
        <sources::Process as Flow>::poll,
        <sources::Process as Flow>::answer,
        <sources::Process as Flow>::restart,
    );
    let client = sources::OidcClient { id: text(), secret: text() };
    let requests = [
        sources::OidcRequest::Register { name: text(), scopes: black_box(&["a"]) },
        sources::OidcRequest::Authorize { client, start_url: text() },
        sources::OidcRequest::Token { client, grant: sources::OidcGrant::Refresh(text()) },
        sources::OidcRequest::Token { client, grant: sources::OidcGrant::Device(text()) },
    ];
    let Some(request) = requests.get(number::<u8>() as usize) else { return };
    let mut renewal = sources::SsoOidc::new(endpoint, *request);
    drive(
        &mut renewal,
        <sources::SsoOidc as Flow>::slots,
        <sources::SsoOidc as Flow>::poll,
        <sources::SsoOidc as Flow>::answer,
        <sources::SsoOidc as Flow>::restart,
    );
    used(sources::OidcCall::reply(sources::SsoOidc::source(&renewal)));
    let mut sso = sources::Sso::with_limits(sources::Sso::new(endpoint, text(), text(), text()), limits());
    drive(
        &mut sso,
        <sources::Sso as Flow>::slots,
        <sources::Sso as Flow>::poll,
        <sources::Sso as Flow>::answer,
        <sources::Sso as Flow>::restart,
    );
    login(endpoint);
}

fn login(endpoint: flow::Endpoint<'static>) {
    let session = sources::LoginToken { client_id: text(), refresh_token: text(), account_id: text() };
    let (public_key, random) = (black_box([[0; 32]; 2]), black_box([0; 16]));
    let mut renewal = sources::LoginRefresh::new(endpoint, session, public_key, random);
    drive(
        &mut renewal,
        <sources::LoginRefresh as Flow>::slots,
        <sources::LoginRefresh as Flow>::poll,
        <sources::LoginRefresh as Flow>::answer,
        <sources::LoginRefresh as Flow>::restart,
    );
    let mut memory = [0; 64];
    used(sources::LoginRefresh::refresh_token(&flow::Slot::new(black_box(&mut memory))));
}

/// An operation defined by the caller; only operations can create a form.
struct Own(sources::sts::AssumeRoleRequest<'static>, sources::sts::GetCallerIdentityRequest);

impl Operation for Own {
    fn shape(&self) -> &Shape {
        const SHAPE: Shape = Shape::new(
            Api {
                origin: Origin::Other,
                service: "own",
                protocol: Protocol::Query { version: "2000-01-01" },
            },
            "Own",
        );
        &SHAPE
    }

    fn check(&self) -> Result<(), ErrorKind> {
        Err(ErrorKind::BufferTooSmall { buffer: black_box(Buffer::Slot), needed: number::<u8>().into() })
    }

    fn body(&self, out: &mut dyn Put, held: &flow::Slot<'_>) {
        <sources::sts::GetSessionTokenRequest as Operation>::body(&<_>::default(), out, held);
        <sources::CreateSessionRequest as Operation>::body(&<_>::default(), out, held);
        <sources::sts::GetFederationTokenRequest as Operation>::body(
            &sources::sts::GetFederationTokenRequest::new(text()),
            out,
            held,
        );
        <sources::sts::AssumeRootRequest as Operation>::body(
            &sources::sts::AssumeRootRequest::new(text(), text()),
            out,
            held,
        );
        <sources::sts::AssumeRoleWithWebIdentityRequest as Operation>::body(
            &sources::sts::AssumeRoleWithWebIdentityRequest::new(text(), text()),
            out,
            held,
        );
        <sources::sts::AssumeRoleWithSamlRequest as Operation>::body(
            &sources::sts::AssumeRoleWithSamlRequest::new(text(), text()),
            out,
            held,
        );
        <sources::sts::AssumeRoleRequest as Operation>::body(&self.0, out, held);
        <sources::sts::GetCallerIdentityRequest as Operation>::body(&self.1, out, held);
        let form = &mut call::Form::new(self.shape(), out);
        <sources::sts::SessionParameters as Parameters>::put(&parameters(), form, held);
        call::Form::text(form, text(), text());
        call::Form::number(form, text(), number());
        call::Form::optional(form, text(), black_box(Some(text())));
        call::Form::optional_number(form, text(), black_box(Some(number())));
        call::Form::member(form, text(), number(), text(), text());
        call::Form::token(form, text(), held);
        formatted(|f| <call::Form as Debug>::fmt(form, f));
    }

    fn read(&self, body: &[u8], _: &mut flow::Slot<'_>) -> Result<(), ErrorKind> {
        used(body);
        black_box(Ok(()))
    }
}

fn composed(endpoint: flow::Endpoint<'static>) {
    let mut given = sources::Fixed::new(signing::credentials());
    drive(
        &mut given,
        <sources::Fixed as Flow>::slots,
        <sources::Fixed as Flow>::poll,
        <sources::Fixed as Flow>::answer,
        <sources::Fixed as Flow>::restart,
    );

    let mut instance = sources::Imds::new(endpoint);
    let mut list: [&mut dyn Flow<'static, Output = Lease>; 2] = [&mut given, &mut instance];
    let mut chain = sources::Chain::new(&mut list[..]);
    drive(
        &mut chain,
        <sources::Chain<_, _> as Flow>::slots,
        <sources::Chain<_, _> as Flow>::poll,
        <sources::Chain<_, _> as Flow>::answer,
        <sources::Chain<_, _> as Flow>::restart,
    );
    sources::Chain::tried(&chain).iter().for_each(used);

    let instance = sources::Imds::new(endpoint);
    let windows = refresh::Windows { advisory_seconds: black_box(Some(number())), spread: black_box(false) };
    let mut refreshing = refresh::Refreshing::new(instance, windows);
    drive(
        &mut refreshing,
        <refresh::Refreshing<_> as Flow>::slots,
        <refresh::Refreshing<_> as Flow>::poll,
        <refresh::Refreshing<_> as Flow>::answer,
        <refresh::Refreshing<_> as Flow>::restart,
    );
    let mut lent = &mut refreshing;
    drive(
        &mut lent,
        <&mut _ as Flow>::slots,
        <&mut _ as Flow>::poll,
        <&mut _ as Flow>::answer,
        <&mut _ as Flow>::restart,
    );
    let memory = Memory { exchange: black_box(&mut []), slots: black_box(&mut []) };
    refresh::Refreshing::invalidate(&mut refreshing, text(), &memory);
    used(refresh::Refreshing::policy(&refreshing));
}

/// Calls [`drive`] for a flow whose functions are called by name elsewhere.
pub(crate) fn run<'c, F: Flow<'c>>(flow: &mut F) {
    drive(flow, F::slots, F::poll, F::answer, F::restart);
}

/// Calls the four functions of a flow in a loop, with any answer.
pub(crate) fn drive<'c, F: Flow<'c>>(
    flow: &mut F,
    slots: fn(&F) -> usize,
    poll: fn(&mut F, &mut Context<'_>, &mut Memory<'_, '_>) -> Step<'c, F::Output>,
    answer: fn(&mut F, &mut Context<'_>, &mut Memory<'_, '_>, Answer<'_>),
    restart: fn(&mut F),
) {
    let (mut clock, mut report) = (skew::Clock::new(), flow::Report::new());
    let mut cx = Context { now: state::now(), entropy: number(), clock: &mut clock, report: &mut report };
    let (mut first, mut second, mut exchange) = ([0; 64], [0; 64], [0; 256]);
    let mut slot = [flow::Slot::new(black_box(&mut first)), flow::Slot::new(black_box(&mut second))];
    let mut memory = Memory { exchange: black_box(&mut exchange), slots: black_box(&mut slot) };
    for _ in 0..number::<u8>() {
        cx.now = state::now();
        used(slots(flow));
        let step = poll(flow, &mut cx, &mut memory);
        match step {
            Step::Need(need) => {
                let given = respond(&need, memory.exchange);
                answer(flow, &mut cx, &mut memory, given);
            }
            Step::Done(Ok(result)) => used(result),
            Step::Done(Err(error)) => state::inspect(&error),
        }
        restart(flow);
        used(flow::Memory::without_first_slot(&mut memory));
    }
}

fn respond(need: &Need<'_>, exchange: &[u8]) -> Answer<'static> {
    let reply = Reply {
        status: number(),
        headers: black_box(1..2),
        body: black_box(2..3),
        sent: state::now(),
        received: state::now(),
    };
    used(flow::Reply::headers(&reply, exchange));
    used(flow::Reply::body(&reply, exchange));
    if let Need::Http(exchanged) = need {
        used(flow::Span::bytes(&exchanged.request, exchange));
        used(flow::Span::body(&exchanged.request, exchange));
        used(flow::Span::head(&exchanged.request, exchange));
        return Answer::Reply(reply);
    }
    const ADDRESSES: &[core::net::IpAddr] = &[core::net::IpAddr::V4(core::net::Ipv4Addr::LOCALHOST)];
    match number() {
        0u8 => Answer::Content(black_box(1..2)),
        1 => Answer::Addresses(black_box(ADDRESSES)),
        _ => Answer::Failed(black_box(Failure { phase: Phase::Send, kind: FailureKind::Timeout })),
    }
}

fn slots() {
    let mut memory = [0; 64];
    let mut slot = flow::Slot::new(black_box(&mut memory));
    if let Some(credentials) = signing::credentials() {
        used(flow::Slot::store(&mut slot, &credentials));
    }
    formatted(|f| <flow::Slot as Debug>::fmt(&slot, f));
    used(flow::Slot::credentials(&slot));
    used(flow::Slot::identity(&slot));
    flow::Slot::clear(&mut slot);
}

fn report() {
    let mut report = flow::Report::new();
    used(call::read_error(bytes(), &mut report));
    used(flow::Report::code(&report));
    used(flow::Report::message(&report));
    used(flow::Report::request_id(&report));
    used(flow::Report::is_empty(&report));
    formatted(|f| <flow::Report as Display>::fmt(&report, f));
    flow::Report::redact(&mut report, text());
    flow::Report::clear(&mut report);
    let error = rolecall_core::error::Error::new(Origin::Chain, text(), ErrorKind::Unusable(text()));
    state::inspect(&error);
}

/// Amazon Cognito: signing in, identities, and their credentials.
pub(crate) fn cognito() {
    use sources::cognito::{Identity, Password, SignIn};
    let Ok(endpoint) = endpoint() else { return };
    let service = call::Service::new(endpoint, text());
    let mut unsigned = sources::Unsigned;
    drive(
        &mut unsigned,
        <sources::Unsigned as Flow>::slots,
        <sources::Unsigned as Flow>::poll,
        <sources::Unsigned as Flow>::answer,
        <sources::Unsigned as Flow>::restart,
    );

    let client = sources::cognito::Client::new(text(), text());
    let client = sources::cognito::Client::with_secret(client, black_box(Some(text())));
    for password in black_box([Password::Given("password"), Password::Asked("password?")]) {
        let sign_in = sources::cognito::SignIn::sending(service, client, password);
        let sign_in = sources::cognito::SignIn::of_pool(sign_in, text());
        let mut sign_in = sources::cognito::SignIn::keeping(sign_in, black_box(&mut []));
        sources::cognito::SignIn::keep(&mut sign_in, text(), black_box(Some(text())));
        used(sources::cognito::SignIn::user_id(&sign_in));
        used(sources::cognito::SignIn::refresh_token(&sign_in));
        drive(
            &mut sign_in,
            <sources::cognito::SignIn as Flow>::slots,
            <sources::cognito::SignIn as Flow>::poll,
            <sources::cognito::SignIn as Flow>::answer,
            <sources::cognito::SignIn as Flow>::restart,
        );
    }

    let logins = sources::cognito::Logins::of(text());
    let logins = sources::cognito::Logins::and(logins, black_box(&[("provider", "token")]));
    let pool = sources::cognito::Identity::in_pool(sources::Unsigned, service, text(), logins);
    let known = sources::cognito::Identity::known(sources::Unsigned, service, text(), logins);
    for mut identity in [Ok(pool), known].into_iter().flatten() {
        used(sources::cognito::Identity::id(&identity));
        sources::cognito::Identity::forget(&mut identity);
        drive(
            &mut identity,
            <sources::cognito::Identity<_> as Flow>::slots,
            <sources::cognito::Identity<_> as Flow>::poll,
            <sources::cognito::Identity<_> as Flow>::answer,
            <sources::cognito::Identity<_> as Flow>::restart,
        );
    }

    let sign_in = || SignIn::sending(service, client, Password::Given("password"));
    let who = Identity::in_pool(sign_in(), service, text(), logins);
    let mut request = sources::cognito::Logins::credentials(logins);
    request.custom_role_arn = black_box(Some(text()));
    run(&mut call::Call::new(who, service, request));
    let who = Identity::in_pool(sign_in(), service, text(), logins);
    let token = call::Call::new(who, service, sources::cognito::Logins::open_id_token(logins));
    let assumed = sources::sts::AssumeRoleWithWebIdentityRequest::new(text(), text());
    run(&mut call::Call::new(token, service, assumed));

    let mut memory = [0; 64];
    let mut slot = flow::Slot::new(black_box(&mut memory));
    let mut out = [0; 64];
    let out = &mut rolecall_core::wire::Cursor::new(black_box(&mut out));
    let id = sources::cognito::GetIdRequest::new(text(), logins);
    used(<sources::cognito::GetIdRequest as Operation>::shape(&id).action);
    used(<sources::cognito::GetIdRequest as Operation>::check(&id));
    <sources::cognito::GetIdRequest as Operation>::secrets(&id, &mut |secret| used(secret));
    <sources::cognito::GetIdRequest as Operation>::body(&id, out, &slot);
    used(<sources::cognito::GetIdRequest as Operation>::read(&id, bytes(), &mut slot));
    used(<sources::cognito::GetCredentialsForIdentityRequest as Operation>::shape(&request).action);
    used(<sources::cognito::GetCredentialsForIdentityRequest as Operation>::check(&request));
    <sources::cognito::GetCredentialsForIdentityRequest as Operation>::secrets(&request, &mut |secret| {
        used(secret)
    });
    <sources::cognito::GetCredentialsForIdentityRequest as Operation>::body(&request, out, &slot);
    used(<sources::cognito::GetCredentialsForIdentityRequest as Operation>::read(
        &request,
        bytes(),
        &mut slot,
    ));
    let token = sources::cognito::Logins::open_id_token(logins);
    used(<sources::cognito::GetOpenIdTokenRequest as Operation>::shape(&token).action);
    used(<sources::cognito::GetOpenIdTokenRequest as Operation>::check(&token));
    <sources::cognito::GetOpenIdTokenRequest as Operation>::secrets(&token, &mut |secret| used(secret));
    <sources::cognito::GetOpenIdTokenRequest as Operation>::body(&token, out, &slot);
    used(<sources::cognito::GetOpenIdTokenRequest as Operation>::read(&token, bytes(), &mut slot));
    used(sources::cognito::secret_hash(text(), text(), text()));
    call::Operation::secrets(&token, &mut |secret| used(secret));
}
