//! The role of a recipe.

use rolecall_core::call::Partition;
use rolecall_core::services::iam::{
    AttachRolePolicy, CreateRole, DeleteRole, DeleteRolePolicy, DetachRolePolicy, GetRole,
    ListAttachedRolePolicies, ListInstanceProfilesForRole, ListRolePolicies, PutRolePolicy,
    RemoveRoleFromInstanceProfile, TagRole, UpdateAssumeRolePolicy,
};
use rolecall_core::wire::percent;

use super::resource::{Outcome, TAG};
use super::work::Work;
use crate::Error;

/// The policies of a role.
#[derive(Debug, Clone, Default)]
pub(super) struct Policies {
    /// In JSON.
    pub(super) inline: Option<String>,
    /// Managed ones.
    pub(super) arns: Vec<String>,
}

impl Policies {
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

/// Creates the role if it does not exist, and returns its ARN.
pub(super) fn ensure(
    work: &mut Work<'_>,
    name: &str,
    trust: &str,
    policies: &Policies,
) -> Result<String, Error> {
    let found = work.find(&GetRole { name }, |role| {
        (role.arn.to_owned(), decoded(role.trust), role.tag(TAG).map(str::to_owned))
    })?;
    let arn = match found {
        Some((_, _, tag)) if !work.owns(tag.as_deref()) => return Err(work.foreign("role", name)),
        Some((arn, trusted, _)) => {
            if without_white_space(&trusted) == without_white_space(trust) {
                work.note("role", &arn, Outcome::Found);
                return policies.give(work, name).map(|()| arn);
            }
            // Without it, the trusted principal could be tricked into assuming the role for a third party
            // (the confused deputy problem).
            if trusted.contains("sts:ExternalId") && !trust.contains("sts:ExternalId") {
                return Err(Error::Configuration(format!(
                    "role {name} requires an external id, and none was given: give the same, or undo first; left \
                     unchanged"
                )));
            }
            work.make(&UpdateAssumeRolePolicy { role: name, trust }, (), |()| ())?;
            work.note("role", &arn, Outcome::Changed);
            arn
        }
        None => {
            let role = CreateRole { tags: &[work.tag()], ..CreateRole::new(name, trust) };
            let arn = work.make(&role, planned_arn(work, name), |role| role.arn.to_owned())?;
            work.made("role", name, &arn);
            arn
        }
    };
    policies.give(work, name).map(|()| arn)
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
    Partition::of(work.provider().settings().region.as_deref().unwrap_or_default())
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
