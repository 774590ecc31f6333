//! AWS Identity and Access Management (IAM API reference).

pub mod trust;

use crate::call::{Action, Api, Members, Protocol};
use crate::error::{ErrorKind, Origin};
use crate::flow::{Each, Kept};

use super::{Tag, texts_only};

/// IAM; one endpoint for each partition.
pub const IAM: Api = Api {
    origin: Origin::Service("IAM"),
    service: "iam",
    protocol: Protocol::Query { version: "2010-05-08" },
};

/// The names of a tag's members.
const TAG: [&str; 2] = ["Key", "Value"];

/// Creates a role with a trust policy. Its permissions are added by [`PutRolePolicy`] and
/// [`AttachRolePolicy`].
#[derive(Debug, Clone, Copy)]
pub struct CreateRole<'c> {
    /// Its name: 1 to 64 of `[\w+=,.@-]`.
    pub name: &'c str,
    /// The trust policy: who may assume it, in JSON.
    pub trust: &'c str,
    /// A description, up to 1,000 characters.
    pub description: Option<&'c str>,
    /// The longest session, 3,600 to 43,200 seconds.
    pub max_session_duration: Option<u32>,
    /// Tags: 50 at most.
    pub tags: &'c [Tag<'c>],
}

impl<'c> CreateRole<'c> {
    /// The role `name`, with the trust policy `trust`.
    pub const fn new(name: &'c str, trust: &'c str) -> Self {
        Self { name, trust, description: None, max_session_duration: None, tags: &[] }
    }
}

impl Action for CreateRole<'_> {
    const API: Api = IAM;
    const NAME: &'static str = "CreateRole";
    const KEPT: &'static [&'static str] = GetRole::KEPT;
    type Output<'r> = Role<'r>;

    fn members(&self, to: &mut dyn Members) {
        to.text("RoleName", self.name);
        to.text("AssumeRolePolicyDocument", self.trust);
        to.optional("Description", self.description);
        if let Some(seconds) = self.max_session_duration {
            to.number("MaxSessionDuration", seconds);
        }
        to.pairs("Tags", TAG, self.tags);
    }

    fn output(kept: Kept<'_>) -> Result<Role<'_>, ErrorKind> {
        GetRole::output(kept)
    }
}

/// A role, as GetRole and CreateRole return it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Role<'r> {
    /// Its ARN, `arn:aws:iam::ACCOUNT:...`.
    pub arn: &'r str,
    /// The trust policy in JSON, percent-encoded.
    pub trust: &'r str,
    /// Its description; empty if it has none.
    pub description: &'r str,
    /// The longest session in seconds; `None` if the service does not say.
    pub max_session_duration: Option<u32>,
    kept: Kept<'r>,
}

impl<'r> Role<'r> {
    /// The value of the tag `key`.
    pub fn tag(&self, key: &str) -> Option<&'r str> {
        self.kept.value_of(["Role.Tags.Key", "Role.Tags.Value"], key)
    }
}

/// Reads a role, with its trust policy and tags.
#[derive(Debug, Clone, Copy)]
pub struct GetRole<'c> {
    /// Its name: 1 to 64 of `[\w+=,.@-]`.
    pub name: &'c str,
}

impl Action for GetRole<'_> {
    const API: Api = IAM;
    const NAME: &'static str = "GetRole";
    const REPEATABLE: bool = true;
    const KEPT: &'static [&'static str] = &[
        "Role.Arn",
        "Role.AssumeRolePolicyDocument",
        "Role.Description",
        "Role.MaxSessionDuration",
        "Role.Tags.Key",
        "Role.Tags.Value",
    ];
    type Output<'r> = Role<'r>;

    fn members(&self, to: &mut dyn Members) {
        to.text("RoleName", self.name);
    }

    fn output(kept: Kept<'_>) -> Result<Role<'_>, ErrorKind> {
        Ok(Role {
            arn: kept.need("Role.Arn")?,
            trust: kept.get("Role.AssumeRolePolicyDocument").unwrap_or_default(),
            description: kept.get("Role.Description").unwrap_or_default(),
            max_session_duration: kept.get("Role.MaxSessionDuration").and_then(|text| text.parse().ok()),
            kept,
        })
    }
}

/// Replaces the description and the longest session of a role. A longest session that is left out becomes an hour.
#[derive(Debug, Clone, Copy)]
pub struct UpdateRole<'c> {
    /// The role's name: 1 to 64 of `[\w+=,.@-]`.
    pub role: &'c str,
    /// The description, up to 1,000 characters.
    pub description: Option<&'c str>,
    /// The longest session, 3,600 to 43,200 seconds.
    pub max_session_duration: Option<u32>,
}

impl Action for UpdateRole<'_> {
    const API: Api = IAM;
    const NAME: &'static str = "UpdateRole";
    const REPEATABLE: bool = true;
    type Output<'r> = ();

    fn members(&self, to: &mut dyn Members) {
        to.text("RoleName", self.role);
        to.optional("Description", self.description);
        if let Some(seconds) = self.max_session_duration {
            to.number("MaxSessionDuration", seconds);
        }
    }

    fn output(_: Kept<'_>) -> Result<(), ErrorKind> {
        Ok(())
    }
}

/// Adds tags to a role, or replaces the values of those it has.
#[derive(Debug, Clone, Copy)]
pub struct TagRole<'c> {
    /// The role's name: 1 to 64 of `[\w+=,.@-]`.
    pub role: &'c str,
    /// Tags: 50 at most.
    pub tags: &'c [Tag<'c>],
}

impl Action for TagRole<'_> {
    const API: Api = IAM;
    const NAME: &'static str = "TagRole";
    const REPEATABLE: bool = true;
    type Output<'r> = ();

    fn members(&self, to: &mut dyn Members) {
        to.text("RoleName", self.role);
        to.pairs("Tags", TAG, self.tags);
    }

    fn output(_: Kept<'_>) -> Result<(), ErrorKind> {
        Ok(())
    }
}

/// Lists the names of a role's inline policies: the first hundred.
#[derive(Debug, Clone, Copy)]
pub struct ListRolePolicies<'c> {
    /// The role's name: 1 to 64 of `[\w+=,.@-]`.
    pub role: &'c str,
}

impl Action for ListRolePolicies<'_> {
    const API: Api = IAM;
    const NAME: &'static str = "ListRolePolicies";
    const REPEATABLE: bool = true;
    const KEPT: &'static [&'static str] = &["PolicyNames.*"];
    type Output<'r> = Each<'r, &'r str>;

    fn members(&self, to: &mut dyn Members) {
        to.text("RoleName", self.role);
    }

    fn output(kept: Kept<'_>) -> Result<Each<'_, &str>, ErrorKind> {
        Ok(kept.each(|item| item.get("PolicyNames.*")))
    }
}

/// Lists the ARNs of the managed policies attached to a role: the first hundred.
#[derive(Debug, Clone, Copy)]
pub struct ListAttachedRolePolicies<'c> {
    /// The role's name: 1 to 64 of `[\w+=,.@-]`.
    pub role: &'c str,
}

impl Action for ListAttachedRolePolicies<'_> {
    const API: Api = IAM;
    const NAME: &'static str = "ListAttachedRolePolicies";
    const REPEATABLE: bool = true;
    const KEPT: &'static [&'static str] = &["AttachedPolicies.PolicyArn"];
    type Output<'r> = Each<'r, &'r str>;

    fn members(&self, to: &mut dyn Members) {
        to.text("RoleName", self.role);
    }

    fn output(kept: Kept<'_>) -> Result<Each<'_, &str>, ErrorKind> {
        Ok(kept.each(|item| item.get("AttachedPolicies.PolicyArn")))
    }
}

/// Lists the names of the instance profiles with a role: the first hundred.
#[derive(Debug, Clone, Copy)]
pub struct ListInstanceProfilesForRole<'c> {
    /// The role's name: 1 to 64 of `[\w+=,.@-]`.
    pub role: &'c str,
}

impl Action for ListInstanceProfilesForRole<'_> {
    const API: Api = IAM;
    const NAME: &'static str = "ListInstanceProfilesForRole";
    const REPEATABLE: bool = true;
    const KEPT: &'static [&'static str] = &["InstanceProfiles.InstanceProfileName"];
    type Output<'r> = Each<'r, &'r str>;

    fn members(&self, to: &mut dyn Members) {
        to.text("RoleName", self.role);
    }

    fn output(kept: Kept<'_>) -> Result<Each<'_, &str>, ErrorKind> {
        Ok(kept.each(|item| item.get("InstanceProfiles.InstanceProfileName")))
    }
}

/// Creates an empty instance profile.
#[derive(Debug, Clone, Copy)]
pub struct CreateInstanceProfile<'c> {
    /// Its name: 1 to 128 of `[\w+=,.@-]`.
    pub name: &'c str,
    /// Tags: 50 at most.
    pub tags: &'c [Tag<'c>],
}

impl Action for CreateInstanceProfile<'_> {
    const API: Api = IAM;
    const NAME: &'static str = "CreateInstanceProfile";
    const KEPT: &'static [&'static str] = GetInstanceProfile::KEPT;
    type Output<'r> = InstanceProfile<'r>;

    fn members(&self, to: &mut dyn Members) {
        to.text("InstanceProfileName", self.name);
        to.pairs("Tags", TAG, self.tags);
    }

    fn output(kept: Kept<'_>) -> Result<InstanceProfile<'_>, ErrorKind> {
        GetInstanceProfile::output(kept)
    }
}

/// An instance profile, as GetInstanceProfile and CreateInstanceProfile return it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct InstanceProfile<'r> {
    /// Its ARN, `arn:aws:iam::ACCOUNT:...`.
    pub arn: &'r str,
    kept: Kept<'r>,
}

impl<'r> InstanceProfile<'r> {
    /// The name of its role; `None` if it is empty.
    pub fn role(&self) -> Option<&'r str> {
        self.kept.get("InstanceProfile.Roles.RoleName")
    }

    /// The value of the tag `key`.
    pub fn tag(&self, key: &str) -> Option<&'r str> {
        self.kept.value_of(["InstanceProfile.Tags.Key", "InstanceProfile.Tags.Value"], key)
    }
}

/// Reads an instance profile.
#[derive(Debug, Clone, Copy)]
pub struct GetInstanceProfile<'c> {
    /// Its name: 1 to 128 of `[\w+=,.@-]`.
    pub name: &'c str,
}

impl Action for GetInstanceProfile<'_> {
    const API: Api = IAM;
    const NAME: &'static str = "GetInstanceProfile";
    const REPEATABLE: bool = true;
    const KEPT: &'static [&'static str] = &[
        "InstanceProfile.Arn",
        "InstanceProfile.Roles.RoleName",
        "InstanceProfile.Tags.Key",
        "InstanceProfile.Tags.Value",
    ];
    type Output<'r> = InstanceProfile<'r>;

    fn members(&self, to: &mut dyn Members) {
        to.text("InstanceProfileName", self.name);
    }

    fn output(kept: Kept<'_>) -> Result<InstanceProfile<'_>, ErrorKind> {
        Ok(InstanceProfile { arn: kept.need("InstanceProfile.Arn")?, kept })
    }
}

/// Creates an OpenID Connect provider, whose tokens roles may trust.
#[derive(Debug, Clone, Copy)]
pub struct CreateOpenIDConnectProvider<'c> {
    /// Its URL, `https://accounts.example.com`.
    pub url: &'c str,
    /// The audiences of its tokens.
    pub client_ids: &'c [&'c str],
    /// SHA-1 fingerprints of its certificate authority: 40 hexadecimal digits each, five at most.
    pub thumbprints: &'c [&'c str],
    /// Tags: 50 at most.
    pub tags: &'c [Tag<'c>],
}

impl Action for CreateOpenIDConnectProvider<'_> {
    const API: Api = IAM;
    const NAME: &'static str = "CreateOpenIDConnectProvider";
    const KEPT: &'static [&'static str] = &["OpenIDConnectProviderArn"];
    type Output<'r> = &'r str;

    fn members(&self, to: &mut dyn Members) {
        to.text("Url", self.url);
        to.texts("ClientIDList", self.client_ids);
        to.texts("ThumbprintList", self.thumbprints);
        to.pairs("Tags", TAG, self.tags);
    }

    fn output(kept: Kept<'_>) -> Result<&str, ErrorKind> {
        kept.need("OpenIDConnectProviderArn")
    }
}

/// Reads an OpenID Connect provider.
#[derive(Debug, Clone, Copy)]
pub struct GetOpenIDConnectProvider<'c> {
    /// Its ARN, `arn:aws:iam::ACCOUNT:...`.
    pub arn: &'c str,
}

/// An OpenID Connect provider.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct OpenIdConnectProvider<'r> {
    kept: Kept<'r>,
}

impl<'r> OpenIdConnectProvider<'r> {
    /// The value of the tag `key`.
    pub fn tag(&self, key: &str) -> Option<&'r str> {
        self.kept.value_of(["Tags.Key", "Tags.Value"], key)
    }
}

impl Action for GetOpenIDConnectProvider<'_> {
    const API: Api = IAM;
    const NAME: &'static str = "GetOpenIDConnectProvider";
    const REPEATABLE: bool = true;
    const KEPT: &'static [&'static str] = &["Tags.Key", "Tags.Value"];
    type Output<'r> = OpenIdConnectProvider<'r>;

    fn members(&self, to: &mut dyn Members) {
        to.text("OpenIDConnectProviderArn", self.arn);
    }

    fn output(kept: Kept<'_>) -> Result<OpenIdConnectProvider<'_>, ErrorKind> {
        Ok(OpenIdConnectProvider { kept })
    }
}

texts_only! {
    /// Replaces the trust policy of a role.
    #[derive(Debug)]
    UpdateAssumeRolePolicy of IAM repeatable = true {
        /// The role's name: 1 to 64 of `[\w+=,.@-]`.
        role: "RoleName",
        /// The new trust policy, in JSON.
        trust: "PolicyDocument",
    }

    /// Adds an inline policy to a role, or replaces the one of that name.
    #[derive(Debug)]
    PutRolePolicy of IAM repeatable = true {
        /// The role's name: 1 to 64 of `[\w+=,.@-]`.
        role: "RoleName",
        /// The policy's name.
        name: "PolicyName",
        /// The policy, in JSON.
        policy: "PolicyDocument",
    }

    /// Attaches a managed policy to a role.
    #[derive(Debug)]
    AttachRolePolicy of IAM repeatable = true {
        /// The role's name: 1 to 64 of `[\w+=,.@-]`.
        role: "RoleName",
        /// The policy's ARN.
        policy_arn: "PolicyArn",
    }

    /// Deletes an inline policy of a role.
    #[derive(Debug)]
    DeleteRolePolicy of IAM repeatable = true {
        /// The role's name: 1 to 64 of `[\w+=,.@-]`.
        role: "RoleName",
        /// The policy's name.
        name: "PolicyName",
    }

    /// Detaches a managed policy from a role.
    #[derive(Debug)]
    DetachRolePolicy of IAM repeatable = true {
        /// The role's name: 1 to 64 of `[\w+=,.@-]`.
        role: "RoleName",
        /// The policy's ARN.
        policy_arn: "PolicyArn",
    }

    /// Deletes a role that has neither policies nor instance profiles.
    #[derive(Debug)]
    DeleteRole of IAM repeatable = true {
        /// Its name: 1 to 64 of `[\w+=,.@-]`.
        name: "RoleName",
    }

    /// Adds a role to an instance profile, which holds one.
    #[derive(Debug)]
    AddRoleToInstanceProfile of IAM {
        /// The profile's name.
        profile: "InstanceProfileName",
        /// The role's name: 1 to 64 of `[\w+=,.@-]`.
        role: "RoleName",
    }

    /// Removes a role from an instance profile.
    #[derive(Debug)]
    RemoveRoleFromInstanceProfile of IAM repeatable = true {
        /// The profile's name.
        profile: "InstanceProfileName",
        /// The role's name: 1 to 64 of `[\w+=,.@-]`.
        role: "RoleName",
    }

    /// Deletes an empty instance profile.
    #[derive(Debug)]
    DeleteInstanceProfile of IAM repeatable = true {
        /// Its name: 1 to 128 of `[\w+=,.@-]`.
        name: "InstanceProfileName",
    }

    /// Deletes an OpenID Connect provider.
    #[derive(Debug)]
    DeleteOpenIDConnectProvider of IAM repeatable = true {
        /// Its ARN, `arn:aws:iam::ACCOUNT:oidc-provider/HOST`.
        arn: "OpenIDConnectProviderArn",
    }
}
