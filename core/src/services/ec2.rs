//! Amazon EC2: instance profiles of instances (Amazon EC2 API reference).

use crate::call::{Action, Api, Members, Protocol};
use crate::error::{ErrorKind, Origin};
use crate::flow::{Each, Kept};

use super::texts_only;

/// Amazon EC2; one endpoint for each region.
pub const EC2: Api =
    Api { origin: Origin::Service("EC2"), service: "ec2", protocol: Protocol::Ec2 { version: "2016-11-15" } };

/// The association of an instance with an instance profile.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Association<'r> {
    /// Its id, `iip-assoc-...`.
    pub id: &'r str,
    /// The instance, `i-...`.
    pub instance_id: &'r str,
    /// The ARN of the instance profile.
    pub profile_arn: &'r str,
    /// `associating`, `associated`, `disassociating` or `disassociated`.
    pub state: &'r str,
}

/// Associates an instance profile with an instance that has none.
#[derive(Debug, Clone, Copy)]
pub struct AssociateIamInstanceProfile<'c> {
    /// The instance, `i-...`.
    pub instance_id: &'c str,
    /// The instance profile's name.
    pub profile: &'c str,
}

impl Action for AssociateIamInstanceProfile<'_> {
    const API: Api = EC2;
    const NAME: &'static str = "AssociateIamInstanceProfile";
    const KEPT: &'static [&'static str] = CHANGED;
    type Output<'r> = Association<'r>;

    fn members(&self, to: &mut dyn Members) {
        to.text("InstanceId", self.instance_id);
        to.structure("IamInstanceProfile", &mut |to| to.text("Name", self.profile));
    }

    fn output(kept: Kept<'_>) -> Result<Association<'_>, ErrorKind> {
        changed(kept)
    }
}

/// Replaces the instance profile of an instance.
#[derive(Debug, Clone, Copy)]
pub struct ReplaceIamInstanceProfileAssociation<'c> {
    /// The association, `iip-assoc-...`.
    pub association_id: &'c str,
    /// The new instance profile's name.
    pub profile: &'c str,
}

impl Action for ReplaceIamInstanceProfileAssociation<'_> {
    const API: Api = EC2;
    const NAME: &'static str = "ReplaceIamInstanceProfileAssociation";
    const KEPT: &'static [&'static str] = CHANGED;
    type Output<'r> = Association<'r>;

    fn members(&self, to: &mut dyn Members) {
        to.text("AssociationId", self.association_id);
        to.structure("IamInstanceProfile", &mut |to| to.text("Name", self.profile));
    }

    fn output(kept: Kept<'_>) -> Result<Association<'_>, ErrorKind> {
        changed(kept)
    }
}

/// Lists associations, including those that ended a short time ago.
#[derive(Debug, Clone, Copy)]
pub struct DescribeIamInstanceProfileAssociations<'c> {
    /// The instance, `i-...`; without it all, a hundred at a time.
    pub instance_id: Option<&'c str>,
    /// The token of the page, from the page before; `None` for the first.
    pub next: Option<&'c str>,
}

/// A page of associations.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Associations<'r> {
    /// The associations on it.
    pub each: Each<'r, Association<'r>>,
    /// The token of the next page; `None` if this is the last.
    pub next: Option<&'r str>,
}

impl Action for DescribeIamInstanceProfileAssociations<'_> {
    const API: Api = EC2;
    const NAME: &'static str = "DescribeIamInstanceProfileAssociations";
    const REPEATABLE: bool = true;
    const KEPT: &'static [&'static str] = &[
        "iamInstanceProfileAssociationSet.associationId",
        "iamInstanceProfileAssociationSet.instanceId",
        "iamInstanceProfileAssociationSet.iamInstanceProfile.arn",
        "iamInstanceProfileAssociationSet.state",
        "nextToken",
    ];
    type Output<'r> = Associations<'r>;

    fn members(&self, to: &mut dyn Members) {
        if let Some(instance) = self.instance_id {
            to.structures("Filter", 1, &mut |_, to| {
                to.text("Name", "instance-id");
                to.texts("Value", &[instance]);
            });
        }
        to.number("MaxResults", 100);
        to.optional("NextToken", self.next);
    }

    fn output(kept: Kept<'_>) -> Result<Associations<'_>, ErrorKind> {
        let each = kept.each(|item| association(item, Self::KEPT).ok());
        Ok(Associations { each, next: kept.get("nextToken").filter(|next| !next.is_empty()) })
    }
}

texts_only! {
    /// Ends an association.
    #[derive(Debug)]
    DisassociateIamInstanceProfile of EC2 repeatable = true {
        /// The association, `iip-assoc-...`.
        association_id: "AssociationId",
    }
}

const CHANGED: &[&str] = &[
    "iamInstanceProfileAssociation.associationId",
    "iamInstanceProfileAssociation.instanceId",
    "iamInstanceProfileAssociation.iamInstanceProfile.arn",
    "iamInstanceProfileAssociation.state",
];

fn changed(kept: Kept<'_>) -> Result<Association<'_>, ErrorKind> {
    association(kept, CHANGED)
}

/// The association whose texts are at these paths.
fn association<'r>(kept: Kept<'r>, names: &'static [&'static str]) -> Result<Association<'r>, ErrorKind> {
    let text = |index: usize| kept.need(names.get(index).copied().unwrap_or_default());
    Ok(Association { id: text(0)?, instance_id: text(1)?, profile_arn: text(2)?, state: text(3)? })
}
