//! The role of a recipe.

use rolecall_core::call::Partition;
use rolecall_core::services::iam::{
    AttachRolePolicy, CreateRole, DeleteRole, DeleteRolePolicy, DetachRolePolicy, GetRole,
    ListAttachedRolePolicies, ListInstanceProfilesForRole, ListRolePolicies, PutRolePolicy,
    RemoveRoleFromInstanceProfile, TagRole, UpdateAssumeRolePolicy, UpdateRole,
};
use rolecall_core::wire::percent;

use super::check;
use super::resource::{Outcome, TAG};
use super::work::Work;
use crate::Error;

/// What a role has beside its trust policy.
#[derive(Debug, Clone, Default)]
pub(super) struct Properties {
    /// A policy in JSON.
    pub(super) inline: Option<String>,
    /// Managed policies.
    pub(super) arns: Vec<String>,
    pub(super) description: Option<String>,
    /// In seconds.
    pub(super) max_session_duration: Option<u32>,
}

impl Properties {
    /// Checks all of them.
    pub(super) fn check(&self) -> Result<(), Error> {
        self.inline.as_deref().map_or(Ok(()), check::policy)?;
        self.arns.iter().try_for_each(|arn| check::policy_arn(arn))?;
        self.description.as_deref().map_or(Ok(()), check::description)?;
        self.max_session_duration.map_or(Ok(()), check::max_session_duration)
    }

    /// Updates the description and the longest session of a role if they differ, and returns whether they did.
    fn describe(&self, work: &Work<'_>, name: &str, role: &Existing) -> Result<bool, Error> {
        let known = Some(role.description.as_str()).filter(|text| !text.is_empty());
        let description = self.description.as_deref().or(known);
        let max_session_duration = self.max_session_duration.or(role.max_session_duration);
        if description.unwrap_or_default() == role.description
            && max_session_duration == role.max_session_duration
        {
            return Ok(false);
        }
        // Both, because what is left out is reset.
        work.make(&UpdateRole { role: name, description, max_session_duration }, true, |()| true)
    }

    fn give(&self, work: &Work<'_>, role: &str) -> Result<(), Error> {
        if let Some(policy) = &self.inline {
            work.make(&PutRolePolicy { role, name: POLICY, policy }, (), |()| ())?;
        }
        for policy_arn in &self.arns {
            work.make(&AttachRolePolicy { role, policy_arn }, (), |()| ())?;
        }
        Ok(())
    }
}

/// The name of the role's inline policy.
const POLICY: &str = "rolecall";

/// A role that exists, with the tag of this recipe.
pub(super) struct Existing {
    arn: String,
    trust: String,
    description: String,
    max_session_duration: Option<u32>,
}

/// Reads the role, and refuses one that this recipe must not change; `None` if there is none.
pub(super) fn find(work: &Work<'_>, name: &str, external_id: bool) -> Result<Option<Existing>, Error> {
    let found = work.find(&GetRole { name }, |role| {
        let existing = Existing {
            arn: role.arn.to_owned(),
            trust: decoded(role.trust),
            description: role.description.to_owned(),
            max_session_duration: role.max_session_duration,
        };
        (existing, role.tag(TAG).map(str::to_owned))
    })?;
    match found {
        Some((_, tag)) if !work.owns(tag.as_deref()) => Err(work.foreign("role", name)),
        // Without it, the trusted principal could be tricked into assuming the role for a third party
        // (the confused deputy problem).
        Some((role, _)) if role.trust.contains("sts:ExternalId") && !external_id => {
            Err(Error::Configuration(format!(
                "role {name} requires an external id, and none was given: give the same, or undo first; left \
                 unchanged"
            )))
        }
        found => Ok(found.map(|(role, _)| role)),
    }
}

/// Creates the role, or changes the one that was found, and returns its ARN.
pub(super) fn ensure(
    work: &mut Work<'_>,
    name: &str,
    found: Option<Existing>,
    trust: &str,
    properties: &Properties,
) -> Result<String, Error> {
    let arn = match found {
        Some(role) => {
            let trusts = without_white_space(&role.trust) == without_white_space(trust);
            if !trusts {
                work.make(&UpdateAssumeRolePolicy { role: name, trust }, (), |()| ())?;
            }
            let changed = properties.describe(work, name, &role)? || !trusts;
            work.note("role", &role.arn, if changed { Outcome::Changed } else { Outcome::Found });
            role.arn
        }
        None => {
            let create = CreateRole {
                description: properties.description.as_deref(),
                max_session_duration: properties.max_session_duration,
                tags: &[work.tag()],
                ..CreateRole::new(name, trust)
            };
            let arn = work.make(&create, planned_arn(work, name), |role| role.arn.to_owned())?;
            work.made("role", name, &arn);
            arn
        }
    };
    properties.give(work, name).map(|()| arn)
}

/// The words in the role's tag `key`, which a later undo may need.
pub(super) fn remembered(work: &Work<'_>, name: &str, key: &str) -> Result<Vec<String>, Error> {
    let words = work.find(&GetRole { name }, |role| {
        // A role without the tag of this recipe is not read.
        let tag = role.tag(key).filter(|_| work.owns(role.tag(TAG)));
        tag.unwrap_or_default().split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
    })?;
    Ok(words.unwrap_or_default())
}

/// Adds `word` to the role's tag `key`.
pub(super) fn remember(work: &Work<'_>, name: &str, key: &str, word: &str) -> Result<(), Error> {
    let mut words = remembered(work, name, key)?;
    if words.iter().any(|known| known == word) {
        return Ok(());
    }
    words.push(word.to_owned());
    work.make(&TagRole { role: name, tags: &[(key, &words.join(" "))] }, (), |()| ())
}

/// Removes the role with its policies and instance profiles, unless it lacks the tag of this recipe.
pub(super) fn remove(work: &mut Work<'_>, name: &str) -> Result<(), Error> {
    let Some(tag) = work.find(&GetRole { name }, |role| role.tag(TAG).map(str::to_owned))? else {
        return Ok(());
    };
    if !work.owns(tag.as_deref()) {
        work.note("role", name, Outcome::Kept);
        return Ok(());
    }
    let role = name;
    let owned = |each: &mut dyn Iterator<Item = &str>| each.map(str::to_owned).collect::<Vec<_>>();
    for profile in work.read(&ListInstanceProfilesForRole { role }, |mut each| owned(&mut each))? {
        work.remove(&RemoveRoleFromInstanceProfile { profile: &profile, role })?;
    }
    for name in work.read(&ListRolePolicies { role }, |mut each| owned(&mut each))? {
        work.remove(&DeleteRolePolicy { role, name: &name })?;
    }
    for policy_arn in work.read(&ListAttachedRolePolicies { role }, |mut each| owned(&mut each))? {
        work.remove(&DetachRolePolicy { role, policy_arn: &policy_arn })?;
    }
    work.remove(&DeleteRole { name })?;
    work.note("role", name, Outcome::Removed);
    Ok(())
}

/// The future ARN of a role, except for the account.
fn planned_arn(work: &Work<'_>, name: &str) -> String {
    format!("arn:{}:iam::ACCOUNT:role/{name}", partition(work).name)
}

pub(super) fn partition(work: &Work<'_>) -> &'static Partition {
    Partition::of(work.provider().region().unwrap_or_default())
}

/// The error of a policy that does not fit its buffer.
pub(super) fn too_long(error: rolecall_core::wire::BufferTooSmall) -> Error {
    Error::Configuration(format!("trust policy: {} characters, more than IAM takes", error.needed))
}

/// Percent-decodes `text`.
fn decoded(text: &str) -> String {
    String::from_utf8_lossy(&percent::decode(text.as_bytes()).collect::<Vec<u8>>()).into_owned()
}

fn without_white_space(text: &str) -> String {
    text.split_whitespace().collect()
}
