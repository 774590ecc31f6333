//! A role for an EC2 instance.

use rolecall_core::services::ec2::{
    AssociateIamInstanceProfile, Association, DescribeIamInstanceProfileAssociations,
    DisassociateIamInstanceProfile, ReplaceIamInstanceProfileAssociation,
};
use rolecall_core::services::iam::{
    AddRoleToInstanceProfile, CreateInstanceProfile, DeleteInstanceProfile, GetInstanceProfile,
    RemoveRoleFromInstanceProfile, trust,
};

use super::resource::{Outcome, TAG};
use super::role::{self, Policies};
use super::work::{Work, pages};
use super::{policies, sealed};
use crate::Error;

/// A role for an EC2 instance: the role, an instance profile of the same name with the role in it, and the
/// association of the profile with the instance.
#[derive(Debug, Clone)]
pub struct Ec2Role {
    name: String,
    instance: Option<String>,
    replaces: bool,
    policies: Policies,
}

impl Ec2Role {
    /// The role of that name: 1 to 64 of `[\w+=,.@-]`.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), instance: None, replaces: false, policies: Policies::default() }
    }

    /// The instance to associate, `i-...`. Undoing ends the associations of every instance.
    pub fn instance(mut self, id: impl Into<String>) -> Self {
        self.instance = Some(id.into());
        self
    }

    /// Replaces another instance profile, if the instance has one.
    pub fn replacing(mut self, replaces: bool) -> Self {
        self.replaces = replaces;
        self
    }

    /// Associates the profile with the instance, and waits until it is.
    fn associate(&self, work: &mut Work<'_>, instance_id: &str) -> Result<(), Error> {
        let profile = self.name.as_str();
        let id = match self.association(work, instance_id)? {
            Some((id, arn, _)) if is_profile(&arn, profile) => {
                work.note("association", &id, Outcome::Found);
                id
            }
            Some((association_id, _, _)) if self.replaces => {
                let replace =
                    ReplaceIamInstanceProfileAssociation { association_id: &association_id, profile };
                let id =
                    work.make(&replace, association_id.clone(), |association| association.id.to_owned())?;
                work.made("association", &id, &id);
                id
            }
            Some((_, arn, _)) => {
                return Err(Error::Configuration(format!(
                    "instance {instance_id} has the instance profile {arn}: remove that, or replace it \
                     (`--replace`)"
                )));
            }
            None => {
                let associate = AssociateIamInstanceProfile { instance_id, profile };
                let planned = "iip-assoc-...".to_owned();
                let id = work.make(&associate, planned, |association| association.id.to_owned())?;
                work.made("association", &id, &id);
                id
            }
        };
        if work.is_dry_run() {
            return Ok(());
        }
        let associated = |found: &Option<(String, String, String)>| {
            found.as_ref().is_some_and(|(_, arn, state)| is_profile(arn, profile) && state == "associated")
        };
        let found = work.wait_for(|| self.association(work, instance_id), associated)?;
        if associated(&found) {
            return Ok(());
        }
        Err(Error::Configuration(format!(
            "association {id} is not in the state `associated` after a minute; check it later"
        )))
    }

    /// Id, profile and state of the association that an instance has.
    fn association(
        &self,
        work: &Work<'_>,
        instance_id: &str,
    ) -> Result<Option<(String, String, String)>, Error> {
        let describe = DescribeIamInstanceProfileAssociations { instance_id: Some(instance_id), next: None };
        work.read(&describe, |mut page| {
            // An association that has ended is listed for a while.
            let lives = page.each.find(|association| !association.state.starts_with("disassociat"));
            lives.map(|it| (it.id.to_owned(), it.profile_arn.to_owned(), it.state.to_owned()))
        })
    }
}

policies!(Ec2Role);

impl sealed::Recipe for Ec2Role {
    fn name(&self) -> String {
        format!("ec2-role/{}", self.name)
    }

    fn apply(&self, work: &mut Work<'_>) -> Result<(), Error> {
        let name = self.name.as_str();
        let mut buffer = [0; 512];
        let trust = trust::service("ec2.amazonaws.com", &mut buffer).map_err(role::too_long)?;
        role::ensure(work, name, trust, &self.policies)?;
        let found = work.find(&GetInstanceProfile { name }, |profile| {
            let owned = |text: Option<&str>| text.map(str::to_owned);
            (profile.arn.to_owned(), owned(profile.role()), owned(profile.tag(TAG)))
        })?;
        let held = match found {
            Some((_, _, tag)) if !work.owns(tag.as_deref()) => {
                return Err(work.foreign("instance profile", name));
            }
            Some((arn, held, _)) => {
                work.note("instance profile", &arn, Outcome::Found);
                held
            }
            None => {
                let create = CreateInstanceProfile { name, tags: &[work.tag()] };
                let planned =
                    format!("arn:{}:iam::ACCOUNT:instance-profile/{name}", role::partition(work).name);
                let arn = work.make(&create, planned, |profile| profile.arn.to_owned())?;
                work.made("instance profile", name, &arn);
                None
            }
        };
        if held.as_deref() != Some(name) {
            if let Some(role) = &held {
                work.remove(&RemoveRoleFromInstanceProfile { profile: name, role })?;
            }
            work.make(&AddRoleToInstanceProfile { profile: name, role: name }, (), |()| ())?;
        }
        match &self.instance {
            Some(instance) => self.associate(work, instance),
            None => Ok(()),
        }
    }

    fn undo(&self, work: &mut Work<'_>) -> Result<(), Error> {
        let name = self.name.as_str();
        let found = work.find(&GetInstanceProfile { name }, |profile| {
            (profile.arn.to_owned(), profile.role().map(str::to_owned), profile.tag(TAG).map(str::to_owned))
        })?;
        match found {
            Some((arn, held, tag)) if work.owns(tag.as_deref()) => {
                let associations = pages(&mut |next| {
                    let describe = DescribeIamInstanceProfileAssociations { instance_id: None, next };
                    work.read(&describe, |page| {
                        let lives = |it: &Association<'_>| !it.state.starts_with("disassociat");
                        let own = page.each.filter(|it| it.profile_arn == arn && lives(it));
                        (own.map(|it| it.id.to_owned()).collect(), page.next.map(str::to_owned))
                    })
                })?;
                for association_id in &associations {
                    work.remove(&DisassociateIamInstanceProfile { association_id })?;
                    work.note("association", association_id, Outcome::Removed);
                }
                if let Some(role) = &held {
                    work.remove(&RemoveRoleFromInstanceProfile { profile: name, role })?;
                }
                work.remove(&DeleteInstanceProfile { name })?;
                work.note("instance profile", name, Outcome::Removed);
            }
            Some(_) => work.note("instance profile", name, Outcome::Kept),
            None => {}
        }
        role::remove(work, name)
    }
}

/// Whether an ARN is that of the instance profile `name`.
fn is_profile(arn: &str, name: &str) -> bool {
    arn.rsplit_once('/').is_some_and(|(_, last)| last == name)
}
