//! Amazon Elastic Container Service: tasks with a role (Amazon ECS API reference).

use crate::call::{Action, Api, Members, Protocol};
use crate::error::{ErrorKind, Origin};
use crate::flow::{Each, Kept};

use super::{Tag, texts_only};

/// Amazon ECS; one endpoint for each region.
pub const ECS: Api = Api {
    origin: Origin::Service("ECS"),
    service: "ecs",
    protocol: Protocol::Json {
        content_type: "application/x-amz-json-1.1",
        target: "AmazonEC2ContainerServiceV20141113",
    },
};

/// The names of a tag's members.
const TAG: [&str; 2] = ["key", "value"];

/// A container of a task.
#[derive(Debug, Clone, Copy)]
pub struct Container<'c> {
    /// Its name: 1 to 255 letters, digits, hyphens and underscores.
    pub name: &'c str,
    /// Its image, `REPOSITORY:TAG`.
    pub image: &'c str,
    /// Its memory in MiB, if the task has none.
    pub memory: Option<u32>,
    /// Its command; the image's own if empty.
    pub command: &'c [&'c str],
}

/// Registers a new revision of a task definition.
#[derive(Debug, Clone, Copy)]
pub struct RegisterTaskDefinition<'c> {
    /// The family: 1 to 255 letters, digits, hyphens and underscores.
    pub family: &'c str,
    /// The role of its tasks, an ARN.
    pub task_role_arn: &'c str,
    /// The role with which ECS starts it: pulls the image, writes logs.
    pub execution_role_arn: Option<&'c str>,
    /// `awsvpc`, `bridge`, `host` or `none`.
    pub network_mode: Option<&'c str>,
    /// `EC2`, `FARGATE`, `EXTERNAL`.
    pub compatibilities: &'c [&'c str],
    /// CPU units, such as `256`; required by Fargate.
    pub cpu: Option<&'c str>,
    /// Memory in MiB, such as `512`; required by Fargate.
    pub memory: Option<&'c str>,
    /// Its containers, all of them essential.
    pub containers: &'c [Container<'c>],
    /// Tags: 50 at most.
    pub tags: &'c [Tag<'c>],
}

impl Action for RegisterTaskDefinition<'_> {
    const API: Api = ECS;
    const NAME: &'static str = "RegisterTaskDefinition";
    const KEPT: &'static [&'static str] = DescribeTaskDefinition::KEPT;
    type Output<'r> = TaskDefinition<'r>;

    fn members(&self, to: &mut dyn Members) {
        to.text("family", self.family);
        to.text("taskRoleArn", self.task_role_arn);
        to.optional("executionRoleArn", self.execution_role_arn);
        to.optional("networkMode", self.network_mode);
        to.texts("requiresCompatibilities", self.compatibilities);
        to.optional("cpu", self.cpu);
        to.optional("memory", self.memory);
        to.structures("containerDefinitions", self.containers.len(), &mut |index, to| {
            let Some(container) = self.containers.get(index) else { return };
            to.text("name", container.name);
            to.text("image", container.image);
            to.truth("essential", true);
            if let Some(memory) = container.memory {
                to.number("memory", memory);
            }
            to.texts("command", container.command);
        });
        to.pairs("tags", TAG, self.tags);
    }

    fn output(kept: Kept<'_>) -> Result<TaskDefinition<'_>, ErrorKind> {
        DescribeTaskDefinition::output(kept)
    }
}

/// A revision of a task definition.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct TaskDefinition<'r> {
    /// Its ARN, with family and revision.
    pub arn: &'r str,
    /// The role of its tasks, an ARN.
    pub task_role_arn: &'r str,
    /// The role with which ECS starts it, an ARN; empty if it has none.
    pub execution_role_arn: &'r str,
    /// `ACTIVE`, `INACTIVE` or `DELETE_IN_PROGRESS`.
    pub status: &'r str,
    /// The image of its first container.
    pub image: &'r str,
    /// `awsvpc`, `bridge`, `host` or `none`; empty if the service chose.
    pub network_mode: &'r str,
    kept: Kept<'r>,
}

impl<'r> TaskDefinition<'r> {
    /// The value of the tag `key`.
    pub fn tag(&self, key: &str) -> Option<&'r str> {
        self.kept.value_of(["tags.key", "tags.value"], key)
    }
}

/// Reads a revision of a task definition.
#[derive(Debug, Clone, Copy)]
pub struct DescribeTaskDefinition<'c> {
    /// A family, for its latest active revision; `family:revision`, or an ARN.
    pub name: &'c str,
}

impl Action for DescribeTaskDefinition<'_> {
    const API: Api = ECS;
    const NAME: &'static str = "DescribeTaskDefinition";
    const REPEATABLE: bool = true;
    const KEPT: &'static [&'static str] = &[
        "taskDefinition.taskDefinitionArn",
        "taskDefinition.taskRoleArn",
        "taskDefinition.executionRoleArn",
        "taskDefinition.status",
        "taskDefinition.containerDefinitions.image",
        "taskDefinition.networkMode",
        "tags.key",
        "tags.value",
    ];
    type Output<'r> = TaskDefinition<'r>;

    fn members(&self, to: &mut dyn Members) {
        to.text("taskDefinition", self.name);
        to.texts("include", &["TAGS"]);
    }

    fn output(kept: Kept<'_>) -> Result<TaskDefinition<'_>, ErrorKind> {
        Ok(TaskDefinition {
            arn: kept.need("taskDefinition.taskDefinitionArn")?,
            task_role_arn: kept.get("taskDefinition.taskRoleArn").unwrap_or_default(),
            execution_role_arn: kept.get("taskDefinition.executionRoleArn").unwrap_or_default(),
            status: kept.get("taskDefinition.status").unwrap_or_default(),
            image: kept.get("taskDefinition.containerDefinitions.image").unwrap_or_default(),
            network_mode: kept.get("taskDefinition.networkMode").unwrap_or_default(),
            kept,
        })
    }
}

/// A page of a list of ARNs.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Arns<'r> {
    /// The ARNs on it.
    pub each: Each<'r, &'r str>,
    /// The token of the next page; `None` if this is the last.
    pub next: Option<&'r str>,
}

/// Lists the ARNs of the active revisions of a family, a hundred at a time.
#[derive(Debug, Clone, Copy)]
pub struct ListTaskDefinitions<'c> {
    /// The family's name, or its prefix.
    pub family_prefix: &'c str,
    /// The token of the page, from the page before; `None` for the first.
    pub next: Option<&'c str>,
}

impl Action for ListTaskDefinitions<'_> {
    const API: Api = ECS;
    const NAME: &'static str = "ListTaskDefinitions";
    const REPEATABLE: bool = true;
    const KEPT: &'static [&'static str] = &["taskDefinitionArns.*", "nextToken"];
    type Output<'r> = Arns<'r>;

    fn members(&self, to: &mut dyn Members) {
        to.text("familyPrefix", self.family_prefix);
        to.text("status", "ACTIVE");
        to.optional("nextToken", self.next);
    }

    fn output(kept: Kept<'_>) -> Result<Arns<'_>, ErrorKind> {
        Ok(Arns { each: kept.each(|item| item.get("taskDefinitionArns.*")), next: kept.get("nextToken") })
    }
}

/// Starts one task. Made idempotent by its token.
#[derive(Debug, Clone, Copy)]
pub struct RunTask<'c> {
    /// The cluster's name or ARN; `default` if there is none.
    pub cluster: Option<&'c str>,
    /// A family, `family:revision`, or an ARN.
    pub task_definition: &'c str,
    /// A role in place of the definition's, an ARN.
    pub task_role_arn: Option<&'c str>,
    /// `EC2`, `FARGATE` or `EXTERNAL`.
    pub launch_type: Option<&'c str>,
    /// The subnets of a task with the network mode `awsvpc`.
    pub subnets: &'c [&'c str],
    /// Its security groups there.
    pub security_groups: &'c [&'c str],
    /// Whether it gets a public address there, to reach the internet without a NAT gateway.
    pub assign_public_ip: bool,
    /// Tags: 50 at most.
    pub tags: &'c [Tag<'c>],
    /// A token of up to 64 characters: a request with the same token does not start another task.
    pub client_token: &'c str,
}

impl Action for RunTask<'_> {
    const API: Api = ECS;
    const NAME: &'static str = "RunTask";
    // Made idempotent by its token.
    const REPEATABLE: bool = true;
    const KEPT: &'static [&'static str] = &["tasks.taskArn", "failures.reason"];
    type Output<'r> = Started<'r>;

    fn members(&self, to: &mut dyn Members) {
        to.optional("cluster", self.cluster);
        to.text("taskDefinition", self.task_definition);
        to.optional("launchType", self.launch_type);
        if let Some(role) = self.task_role_arn {
            to.structure("overrides", &mut |to| to.text("taskRoleArn", role));
        }
        if !self.subnets.is_empty() {
            to.structure("networkConfiguration", &mut |to| {
                to.structure("awsvpcConfiguration", &mut |to| {
                    to.texts("subnets", self.subnets);
                    to.texts("securityGroups", self.security_groups);
                    if self.assign_public_ip {
                        to.text("assignPublicIp", "ENABLED");
                    }
                });
            });
        }
        to.pairs("tags", TAG, self.tags);
        to.text("clientToken", self.client_token);
    }

    fn output(kept: Kept<'_>) -> Result<Started<'_>, ErrorKind> {
        Ok(Started { task_arn: kept.get("tasks.taskArn"), failure: kept.get("failures.reason") })
    }
}

/// A task that was started, or the reason why not.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Started<'r> {
    /// Its ARN, `arn:aws:ecs:REGION:ACCOUNT:task/CLUSTER/ID`; `None` if no task was started.
    pub task_arn: Option<&'r str>,
    /// The reason, such as `RESOURCE:MEMORY`.
    pub failure: Option<&'r str>,
}

/// Lists the ARNs of the running tasks of a family, a hundred at a time.
#[derive(Debug, Clone, Copy)]
pub struct ListTasks<'c> {
    /// The cluster's name or ARN; `default` if there is none.
    pub cluster: Option<&'c str>,
    /// The family: 1 to 255 letters, digits, hyphens and underscores.
    pub family: &'c str,
    /// The token of the page, from the page before; `None` for the first.
    pub next: Option<&'c str>,
}

impl Action for ListTasks<'_> {
    const API: Api = ECS;
    const NAME: &'static str = "ListTasks";
    const REPEATABLE: bool = true;
    const KEPT: &'static [&'static str] = &["taskArns.*", "nextToken"];
    type Output<'r> = Arns<'r>;

    fn members(&self, to: &mut dyn Members) {
        to.optional("cluster", self.cluster);
        to.text("family", self.family);
        to.optional("nextToken", self.next);
    }

    fn output(kept: Kept<'_>) -> Result<Arns<'_>, ErrorKind> {
        Ok(Arns { each: kept.each(|item| item.get("taskArns.*")), next: kept.get("nextToken") })
    }
}

/// Reads one task: its state, task definition and tags.
#[derive(Debug, Clone, Copy)]
pub struct DescribeTask<'c> {
    /// The cluster's name or ARN; `default` if there is none.
    pub cluster: Option<&'c str>,
    /// The task's ARN, or its id.
    pub task: &'c str,
}

impl Action for DescribeTask<'_> {
    const API: Api = ECS;
    const NAME: &'static str = "DescribeTasks";
    const REPEATABLE: bool = true;
    const KEPT: &'static [&'static str] = &[
        "tasks.lastStatus",
        "tasks.taskDefinitionArn",
        "tasks.overrides.taskRoleArn",
        "tasks.tags.key",
        "tasks.tags.value",
    ];
    type Output<'r> = Task<'r>;

    fn members(&self, to: &mut dyn Members) {
        to.optional("cluster", self.cluster);
        to.texts("tasks", &[self.task]);
        to.texts("include", &["TAGS"]);
    }

    fn output(kept: Kept<'_>) -> Result<Task<'_>, ErrorKind> {
        let status = kept.get("tasks.lastStatus").unwrap_or_default();
        let definition = kept.get("tasks.taskDefinitionArn").unwrap_or_default();
        Ok(Task { status, definition, task_role_arn: kept.get("tasks.overrides.taskRoleArn"), kept })
    }
}

/// A task, as DescribeTasks returns it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Task<'r> {
    /// `PROVISIONING`, `PENDING`, `RUNNING`, `STOPPED` and others between.
    pub status: &'r str,
    /// The revision of its task definition, an ARN.
    pub definition: &'r str,
    /// The role in place of its definition's, an ARN.
    pub task_role_arn: Option<&'r str>,
    kept: Kept<'r>,
}

impl<'r> Task<'r> {
    /// The value of the tag `key`.
    pub fn tag(&self, key: &str) -> Option<&'r str> {
        self.kept.value_of(["tasks.tags.key", "tasks.tags.value"], key)
    }
}

/// Stops a task: it gets SIGTERM, and SIGKILL 30 seconds later.
#[derive(Debug, Clone, Copy)]
pub struct StopTask<'c> {
    /// The cluster's name or ARN; `default` if there is none.
    pub cluster: Option<&'c str>,
    /// The task's ARN, or its id.
    pub task: &'c str,
}

impl Action for StopTask<'_> {
    const API: Api = ECS;
    const NAME: &'static str = "StopTask";
    const REPEATABLE: bool = true;
    type Output<'r> = ();

    fn members(&self, to: &mut dyn Members) {
        to.optional("cluster", self.cluster);
        to.text("task", self.task);
    }

    fn output(_: Kept<'_>) -> Result<(), ErrorKind> {
        Ok(())
    }
}

texts_only! {
    /// Deregisters a revision of a task definition: no new task can use it.
    #[derive(Debug)]
    DeregisterTaskDefinition of ECS repeatable = true {
        /// `family:revision`, or an ARN.
        name: "taskDefinition",
    }
}
