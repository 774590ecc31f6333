//! A role for ECS tasks.

use rolecall_core::services::ecs::{
    Arns, Container, DeregisterTaskDefinition, DescribeTask, DescribeTaskDefinition, ListTaskDefinitions,
    ListTasks, RegisterTaskDefinition, RunTask, StopTask,
};
use rolecall_core::services::iam::trust;

use super::resource::{Outcome, TAG};
use super::role::{self, Properties};
use super::work::{Page, Work, of_tag_value, pages, tag_value};
use super::{check, properties, sealed};
use crate::fetch::texts;
use crate::{Error, Settings};

/// A role for ECS tasks; with an image, a task definition that has the role; with a place to run, a task.
///
/// The role is global, and the rest belongs to one region: after an undo in one region, tasks of another
/// have no role.
#[derive(Debug, Clone)]
pub struct EcsRole {
    name: String,
    family: String,
    image: Option<String>,
    launch: Option<Launch>,
    /// A name or an ARN.
    execution_role: Option<String>,
    properties: Properties,
}

/// Where a task runs: its cluster, and its network on Fargate.
#[derive(Debug, Clone, Default)]
pub struct Launch {
    /// The cluster's name or ARN; `default` if there is none.
    pub cluster: Option<String>,
    /// The subnets for Fargate; without any, the task runs on the cluster's own instances.
    pub subnets: Vec<String>,
    /// The security groups of the task on Fargate.
    pub security_groups: Vec<String>,
    /// Whether the task gets a public address on Fargate, to reach the internet without a NAT gateway.
    pub public_ip: bool,
}

/// The newest revision of a family.
struct Revision {
    arn: String,
    task_role: String,
    execution_role: String,
    image: String,
    network_mode: String,
}

/// Tags of the role, by which an undo finds all that earlier runs named.
const FAMILIES: &str = "rolecall:families";
const CLUSTERS: &str = "rolecall:clusters";
const EXECUTION_ROLES: &str = "rolecall:execution-roles";
/// The cluster if none is named.
const DEFAULT_CLUSTER: &str = "default";

/// The smallest task on Fargate.
const CPU: &str = "256";
const MEMORY: &str = "512";

impl EcsRole {
    /// The role of that name: 1 to 64 of `[\w+=,.@-]`. The family of its task definitions has the same name.
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            family: name.clone(),
            name,
            image: None,
            launch: None,
            execution_role: None,
            properties: Properties::default(),
        }
    }

    /// Sets another name for the family: 1 to 255 letters, digits, hyphens and underscores.
    pub fn family(mut self, family: impl Into<String>) -> Self {
        self.family = family.into();
        self
    }

    /// Registers a task definition with a container of this image.
    pub fn image(mut self, image: impl Into<String>) -> Self {
        self.image = Some(image.into());
        self
    }

    /// Sets the role with which ECS starts tasks, which may pull private images and write logs: the name of one that
    /// is created with the rights for both, or the ARN of one that exists.
    pub fn execution_role(mut self, role: impl Into<String>) -> Self {
        self.execution_role = Some(role.into());
        self
    }

    /// Runs a task of the definition.
    pub fn run(mut self, launch: Launch) -> Self {
        self.launch = Some(launch);
        self
    }

    /// The name of the execution role, if it is one that is created.
    fn own_execution_role(&self) -> Option<&str> {
        self.execution_role.as_deref().filter(|role| !role.starts_with("arn:"))
    }

    /// Creates the execution role, or changes the one that was found.
    fn ensure_execution_role(
        &self,
        work: &mut Work<'_>,
        name: &str,
        found: Option<role::Existing>,
        trust: &str,
    ) -> Result<String, Error> {
        role::remember(work, &self.name, EXECUTION_ROLES, &tag_value(name))?;
        let partition = role::partition(work).name;
        let policy = format!("arn:{partition}:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy");
        let properties = Properties { arns: vec![policy], ..Properties::default() };
        role::ensure(work, name, found, trust, &properties)
    }

    /// The newest revision of the family, which has to have the tag of this recipe.
    fn newest(&self, work: &Work<'_>) -> Result<Option<Revision>, Error> {
        let found = work.find(&DescribeTaskDefinition { name: &self.family }, |it| {
            // No task can be run of another.
            (it.status == "ACTIVE").then(|| {
                let revision = Revision {
                    arn: it.arn.to_owned(),
                    task_role: it.task_role_arn.to_owned(),
                    execution_role: it.execution_role_arn.to_owned(),
                    image: it.image.to_owned(),
                    network_mode: it.network_mode.to_owned(),
                };
                (revision, it.tag(TAG).map(str::to_owned))
            })
        })?;
        match found.flatten() {
            Some((_, tag)) if !work.owns(tag.as_deref()) => {
                Err(work.foreign("task definition", &self.family))
            }
            found => Ok(found.map(|(revision, _)| revision)),
        }
    }

    /// Registers a revision with the roles and the image if the newest has not, and returns its ARN.
    fn register(
        &self,
        work: &mut Work<'_>,
        newest: Option<Revision>,
        role_arn: &str,
        execution_role_arn: Option<&str>,
        image: &str,
    ) -> Result<String, Error> {
        let fargate = self.launch.as_ref().is_some_and(|launch| !launch.subnets.is_empty());
        let fits = |found: &Revision| {
            let roles =
                found.task_role == role_arn && found.execution_role == execution_role_arn.unwrap_or_default();
            roles && found.image == image && (!fargate || found.network_mode == "awsvpc")
        };
        if let Some(found) = newest.filter(fits) {
            work.note("task definition", &found.arn, Outcome::Found);
            return Ok(found.arn);
        }
        role::remember(work, &self.name, FAMILIES, &self.family)?;
        let container =
            Container { name: &self.family, image, memory: (!fargate).then_some(128), command: &[] };
        let register = RegisterTaskDefinition {
            family: &self.family,
            task_role_arn: role_arn,
            execution_role_arn,
            network_mode: fargate.then_some("awsvpc"),
            compatibilities: if fargate { &["FARGATE"] } else { &[] },
            cpu: fargate.then_some(CPU),
            memory: fargate.then_some(MEMORY),
            containers: &[container],
            tags: &[work.tag()],
        };
        let arn = work.make(&register, self.family.clone(), |it| it.arn.to_owned())?;
        work.made("task definition", &arn, &arn);
        Ok(arn)
    }

    /// Runs a task if none runs.
    fn run_task(
        &self,
        work: &mut Work<'_>,
        definition: &str,
        role_arn: &str,
        launch: &Launch,
    ) -> Result<(), Error> {
        let cluster = launch.cluster.as_deref().unwrap_or(DEFAULT_CLUSTER);
        let tasks = self.tasks(work, &self.family, cluster)?;
        for (task, of) in &tasks {
            work.note(if of == definition { "task" } else { "earlier task" }, task, Outcome::Found);
        }
        if tasks.iter().any(|(_, of)| of == definition) {
            return Ok(());
        }
        role::remember(work, &self.name, CLUSTERS, cluster)?;
        let host = work.provider().host();
        // The same for each attempt of this run, and another for another run.
        let token: String = (0..4).map(|_| format!("{:08x}", host.entropy())).collect();
        let (subnets, groups) = (texts(&launch.subnets), texts(&launch.security_groups));
        let run = RunTask {
            cluster: launch.cluster.as_deref(),
            task_definition: definition,
            task_role_arn: Some(role_arn),
            launch_type: (!subnets.is_empty()).then_some("FARGATE"),
            subnets: &subnets,
            security_groups: &groups,
            assign_public_ip: launch.public_ip,
            tags: &[work.tag()],
            client_token: &token,
        };
        let started =
            work.make(&run, Ok("...".to_owned()), |started| match (started.task_arn, started.failure) {
                (Some(arn), _) => Ok(arn.to_owned()),
                (None, reason) => Err(reason.unwrap_or("the service does not say why").to_owned()),
            })?;
        match started {
            Ok(arn) => {
                work.made("task", &arn, &arn);
                Ok(())
            }
            Err(reason) => Err(Error::Configuration(format!("ECS RunTask: no task was started: {reason}"))),
        }
    }

    /// The running tasks with the tag of this recipe, each with its revision.
    fn tasks(&self, work: &Work<'_>, family: &str, cluster: &str) -> Result<Vec<(String, String)>, Error> {
        let cluster = Some(cluster);
        let tasks = pages(&mut |next| {
            let list = ListTasks { cluster, family, next };
            // A cluster that does not exist has no tasks.
            Ok(work.find(&list, owned)?.unwrap_or_default())
        })?;
        let mut own = Vec::new();
        for task in tasks {
            let describe = DescribeTask { cluster, task: &task };
            let (tag, definition, runs) = work.read(&describe, |task| {
                let runs = !matches!(task.status, "STOPPED" | "DEPROVISIONING");
                (task.tag(TAG).map(str::to_owned), task.definition.to_owned(), runs)
            })?;
            if runs && work.owns(tag.as_deref()) {
                own.push((task, definition));
            }
        }
        Ok(own)
    }

    /// Stops the tasks of a family in every cluster that a run named.
    fn stop(&self, work: &mut Work<'_>, family: &str, clusters: &[String]) -> Result<(), Error> {
        for cluster in clusters {
            for (task, _) in self.tasks(work, family, cluster)? {
                work.remove(&StopTask { cluster: Some(cluster), task: &task })?;
                work.note("task", &task, Outcome::Removed);
            }
        }
        Ok(())
    }

    /// Deregisters the revisions of a family.
    fn deregister(&self, work: &mut Work<'_>, family: &str) -> Result<(), Error> {
        let revisions =
            pages(&mut |next| work.read(&ListTaskDefinitions { family_prefix: family, next }, owned))?;
        for name in revisions.iter().filter(|arn| is_of_family(arn, family)) {
            let describe = DescribeTaskDefinition { name };
            let tag = work.find(&describe, |it| it.tag(TAG).map(str::to_owned))?.flatten();
            if work.owns(tag.as_deref()) {
                work.remove(&DeregisterTaskDefinition { name })?;
                work.note("task definition", name, Outcome::Removed);
            } else {
                work.note("task definition", name, Outcome::Kept);
            }
        }
        Ok(())
    }
}

properties!(EcsRole);

impl sealed::Recipe for EcsRole {
    fn name(&self) -> String {
        format!("ecs-role/{}", self.name)
    }

    fn check_names(&self, _: &Settings) -> Result<(), Error> {
        check::role_name("role", &self.name)?;
        if self.family != self.name {
            check::family(&self.family)?;
        }
        if let Some(role) = &self.execution_role {
            match self.own_execution_role() {
                Some(name) => check::role_name("execution role", name)?,
                None => check::role_arn("execution role", role)?,
            }
        }
        let cluster = self.launch.as_ref().and_then(|launch| launch.cluster.as_deref());
        cluster.map_or(Ok(()), check::cluster)
    }

    fn check(&self) -> Result<(), Error> {
        if let Some(image) = &self.image {
            check::image(image)?;
            check::family(&self.family)?;
        }
        if let Some(launch) = &self.launch {
            launch.subnets.iter().try_for_each(|id| check::ec2_id("subnet", "subnet-", id))?;
            launch.security_groups.iter().try_for_each(|id| check::ec2_id("security group", "sg-", id))?;
            check::at_most(16, "subnets", &launch.subnets)?;
            check::at_most(5, "security groups", &launch.security_groups)?;
        }
        self.properties.check()
    }

    fn apply(&self, work: &mut Work<'_>) -> Result<(), Error> {
        let role = role::find(work, &self.name, false)?;
        let execution_role = match self.own_execution_role() {
            Some(name) => role::find(work, name, false)?,
            None => None,
        };
        let newest = if self.image.is_some() { self.newest(work)? } else { None };

        let mut buffer = [0; 512];
        let trust = trust::service("ecs-tasks.amazonaws.com", &mut buffer).map_err(role::too_long)?;
        let role_arn = role::ensure(work, &self.name, role, trust, &self.properties)?;
        let execution_role_arn = match self.own_execution_role() {
            Some(name) => Some(self.ensure_execution_role(work, name, execution_role, trust)?),
            None => self.execution_role.clone(),
        };
        let Some(image) = &self.image else { return Ok(()) };
        let definition = self.register(work, newest, &role_arn, execution_role_arn.as_deref(), image)?;
        match &self.launch {
            Some(launch) => self.run_task(work, &definition, &role_arn, launch),
            None => Ok(()),
        }
    }

    fn undo(&self, work: &mut Work<'_>) -> Result<(), Error> {
        let mut families = role::remembered(work, &self.name, FAMILIES)?;
        let mut clusters = role::remembered(work, &self.name, CLUSTERS)?;
        let mut execution_roles = role::remembered(work, &self.name, EXECUTION_ROLES)?;
        // A role's name need not be one of a family.
        if check::is_family(&self.family) {
            add(&mut families, &self.family);
        }
        if let Some(name) = self.own_execution_role() {
            add(&mut execution_roles, &tag_value(name));
        }
        if let Some(launch) = &self.launch {
            add(&mut clusters, launch.cluster.as_deref().unwrap_or(DEFAULT_CLUSTER));
        }
        for family in &families {
            self.stop(work, family, &clusters)?;
        }
        for family in &families {
            self.deregister(work, family)?;
        }
        for name in &execution_roles {
            role::remove(work, &of_tag_value(name))?;
        }
        role::remove(work, &self.name)
    }
}

/// Adds a word that is not in the list yet.
fn add(words: &mut Vec<String>, word: &str) {
    if !words.iter().any(|known| known == word) {
        words.push(word.to_owned());
    }
}

fn owned(page: Arns<'_>) -> Page {
    (page.each.map(str::to_owned).collect(), page.next.map(str::to_owned))
}

/// Whether `arn` is that of a revision of `family`: `.../FAMILY:REVISION`.
fn is_of_family(arn: &str, family: &str) -> bool {
    let last = arn.rsplit_once('/').map_or(arn, |(_, last)| last);
    last.rsplit_once(':').is_some_and(|(name, _)| name == family)
}
