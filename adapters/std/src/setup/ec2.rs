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
use super::role::{self, Properties};
use super::work::{Work, pages};
use super::{check, properties, sealed};
use crate::{Error, Settings};

/// A role for an EC2 instance: the role, an instance profile of the same name with the role in it, and the
/// association of the profile with the instance.
#[derive(Debug, Clone)]
pub struct Ec2Role {
    name: String,
    instance: Option<String>,
    replaces: bool,
    properties: Properties,
}

/// The association of an instance.
struct Associated {
    id: String,
    /// The ARN of its instance profile.
    profile: String,
    state: String,
}

impl Ec2Role {
    /// The role of that name: 1 to 64 of `[\w+=,.@-]`.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), instance: None, replaces: false, properties: Properties::default() }
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

    /// Reads the association that the instance has, and refuses one that is not to be replaced.
    fn replaceable(&self, work: &Work<'_>, instance_id: &str) -> Result<Option<Associated>, Error> {
        match self.association(work, instance_id)? {
            Some(found) if !self.replaces && !is_profile(&found.profile, &self.name) => {
                Err(Error::Configuration(format!(
                    "instance {instance_id} has the instance profile {}: remove that, or replace it (`--replace`)",
                    found.profile
                )))
            }
            found => Ok(found),
        }
    }

    /// Associates the profile with the instance, whose association was found, and waits until it is.
    fn associate(
        &self,
        work: &mut Work<'_>,
        instance_id: &str,
        found: Option<Associated>,
    ) -> Result<(), Error> {
        let profile = self.name.as_str();
        let id = match found {
            Some(found) if is_profile(&found.profile, profile) => {
                work.note("association", &found.id, Outcome::Found);
                found.id
            }
            Some(found) => {
                let replace = ReplaceIamInstanceProfileAssociation { association_id: &found.id, profile };
                let id = work.make(&replace, found.id.clone(), |association| association.id.to_owned())?;
                work.made("association", &id, &id);
                id
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
        let associated = |found: &Option<Associated>| {
            let is = |found: &Associated| is_profile(&found.profile, profile) && found.state == "associated";
            found.as_ref().is_some_and(is)
        };
        let found = work.wait_for(|| self.association(work, instance_id), associated)?;
        if associated(&found) {
            return Ok(());
        }
        Err(Error::Configuration(format!(
            "association {id} is not in the state `associated` after a minute; check it later"
        )))
    }

    /// The association that an instance has.
    fn association(&self, work: &Work<'_>, instance_id: &str) -> Result<Option<Associated>, Error> {
        let describe = DescribeIamInstanceProfileAssociations { instance_id: Some(instance_id), next: None };
        work.read(&describe, |mut page| {
            // An association that has ended is listed for a while.
            let lives = page.each.find(|association| !association.state.starts_with("disassociat"));
            lives.map(|it| Associated {
                id: it.id.to_owned(),
                profile: it.profile_arn.to_owned(),
                state: it.state.to_owned(),
            })
        })
    }
}

properties!(Ec2Role);

impl sealed::Recipe for Ec2Role {
    fn name(&self) -> String {
        format!("ec2-role/{}", self.name)
    }

    fn check_names(&self, _: &Settings) -> Result<(), Error> {
        check::role_name("role", &self.name)
    }

    fn check(&self) -> Result<(), Error> {
        self.instance.as_deref().map_or(Ok(()), |id| check::ec2_id("instance", "i-", id))?;
        self.properties.check()
    }

    fn apply(&self, work: &mut Work<'_>) -> Result<(), Error> {
        let name = self.name.as_str();
        let role = role::find(work, name, false)?;
        let found = work.find(&GetInstanceProfile { name }, |profile| {
            let owned = |text: Option<&str>| text.map(str::to_owned);
            (profile.arn.to_owned(), owned(profile.role()), owned(profile.tag(TAG)))
        })?;
        if matches!(&found, Some((_, _, tag)) if !work.owns(tag.as_deref())) {
            return Err(work.foreign("instance profile", name));
        }
        let association = match &self.instance {
            Some(instance) => self.replaceable(work, instance)?,
            None => None,
        };

        let mut buffer = [0; 512];
        let trust = trust::service("ec2.amazonaws.com", &mut buffer).map_err(role::too_long)?;
        role::ensure(work, name, role, trust, &self.properties)?;
        let held = match found {
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
            Some(instance) => self.associate(work, instance, association),
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
