//! Types that are `Send` and `Sync`.

use rolecall_core::call::{Answered, AnyAction, Call, Content, Outgoing, SendRequest, Service};
use rolecall_core::credentials::{Credentials, OwnedCredentials, Secret};
use rolecall_core::error::{Error, ErrorKind, Failure};
use rolecall_core::flow::{
    Context, Endpoint, Exchange, Kept, Lease, Limits, Memory, Need, Outcome, Reply, Report, RetryPolicy,
    Slot, Stage, Step, Workspace,
};
use rolecall_core::refresh::{Refresh, Refreshing, Windows};
use rolecall_core::sigv4::{
    CertificateSigner, DeriveEach, Hasher, KeyRing, Payload, Request, Rules, Scope, Signer, SigningKey,
};
use rolecall_core::skew::{Clock, Instant, Now};
use rolecall_core::sources::cognito::{CredentialsForIdentity, Identity, SignIn};
use rolecall_core::sources::sts::{
    AssumeRole, AssumeRoleRequest, AssumeRoleWithSaml, AssumeRoleWithWebIdentity, AssumeRoot,
    GetCallerIdentity, GetFederationToken, GetSessionToken, Mfa, SessionParameters,
};
use rolecall_core::sources::{
    Chain, Container, Fixed, Held, IdentityToken, Imds, Iot, Process, RolesAnywhere, Sso, Unsigned,
};
use rolecall_core::wire::time::UnixTime;
use rolecall_core::wire::{http1, ini, json, pem, uri, x509, xml};

fn shared<T: Send + Sync>() {}

#[test]
fn public_types_are_send_and_sync() {
    shared::<(AnyAction<'_>, Answered, Content<'_>, Outgoing<'_>, Service<'_>)>();
    shared::<(Call<'_, Fixed<'_>, AnyAction<'_>>, SendRequest<'_, Held>)>();
    shared::<(Credentials<'_>, OwnedCredentials<64>, Secret<'_>)>();
    shared::<(Error, ErrorKind, Failure)>();
    shared::<(Context<'_>, Endpoint<'_>, Exchange<'_>, Kept<'_>, Lease, Limits, Memory<'_, '_>)>();
    shared::<(Need<'_>, Outcome<'_>, Reply, Report, RetryPolicy, Slot<'_>, Stage, Step<'_, Lease>)>();
    shared::<(Workspace<'_, '_>, Refresh, Refreshing<Imds<'_>>, Windows)>();
    shared::<(DeriveEach, Hasher, KeyRing<4>, Payload<'_>, Request<'_>, Rules, Scope<'_>)>();
    shared::<(Signer<'_>, SigningKey<'_>, Clock, Instant, Now)>();
    shared::<(CredentialsForIdentity<'_, SignIn<'_>>, Identity<'_, Unsigned>)>();
    shared::<(AssumeRole<'_, Imds<'_>>, AssumeRoleRequest<'_>, SessionParameters<'_>)>();
    shared::<(AssumeRoleWithSaml<'_, IdentityToken<'_>>, AssumeRoleWithWebIdentity<'_, IdentityToken<'_>>)>();
    shared::<(AssumeRoot<'_, Held>, GetCallerIdentity<'_, Held>, GetFederationToken<'_, Held>)>();
    shared::<(GetSessionToken<'_, Held>, Mfa<'_, Fixed<'_>>)>();
    shared::<(Chain<Imds<'_>, [Imds<'_>; 1]>, Container<'_>, Process<'_>, Sso<'_>, UnixTime)>();
    shared::<(CertificateSigner<'_>, Iot<'_>, RolesAnywhere<'_>)>();
    shared::<(pem::Block<'_>, pem::Reader<'_>, x509::Certificate<'_>, x509::Scheme)>();
    shared::<(http1::Headers<'_>, ini::Reader<'_>, json::Reader<'_>, uri::Uri<'_>, xml::Reader<'_>)>();
}
