//! A role for ECS tasks.

use rolecall_core::services::ecs::{
    Arns, Container, DeregisterTaskDefinition, DescribeTask, DescribeTaskDefinition, ListTaskDefinitions,
    ListTasks, RegisterTaskDefinition, RunTask, StopTask,
};
use rolecall_core::services::iam::trust;

use super::resource::{Outcome, TAG};
use super::role::{self, Policies};
use super::work::{Page, Work, pages};
use super::{policies, sealed};
use crate::Error;
use crate::fetch::texts;

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
    policies: Policies,
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
}

/// Tags of the role, by which an undo finds all families and clusters that earlier runs named.
const FAMILIES: &str = "rolecall:families";
const CLUSTERS: &str = "rolecall:clusters";
/// The cluster if none is named.
const DEFAULT_CLUSTER: &str = "default";

/// The smallest task on Fargate.
const CPU: &str = "256";
const MEMORY: &str = "512";

impl EcsRole {
    /// The role of that name: 1 to 64 of `[\w+=,.@-]`. The family of its task definitions has the same name.
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        Self { family: name.clone(), name, image: None, launch: None, policies: Policies::default() }
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

    /// Runs a task of the definition.
    pub fn run(mut self, launch: Launch) -> Self {
        self.launch = Some(launch);
        self
    }

    /// Registers a revision with the role and the image if the newest has not, and returns its ARN.
    fn register(&self, work: &mut Work<'_>, role_arn: &str, image: &str) -> Result<String, Error> {
        let fargate = self.launch.as_ref().is_some_and(|launch| !launch.subnets.is_empty());
        let found = work.find(&DescribeTaskDefinition { name: &self.family }, |it| {
            let tag = it.tag(TAG).map(str::to_owned);
            let places = !fargate || it.network_mode == "awsvpc";
            (it.arn.to_owned(), it.task_role_arn == role_arn && it.image == image && places, tag)
        })?;
        match found {
            Some((_, _, tag)) if !work.owns(tag.as_deref()) => {
                return Err(work.foreign("task definition", &self.family));
            }
            Some((arn, true, _)) => {
                work.note("task definition", &arn, Outcome::Found);
                return Ok(arn);
            }
            _ => {}
        }
        role::remember(work, &self.name, FAMILIES, &self.family)?;
        let container =
            Container { name: &self.family, image, memory: (!fargate).then_some(128), command: &[] };
        let register = RegisterTaskDefinition {
            family: &self.family,
            task_role_arn: role_arn,
            execution_role_arn: None,
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
            assign_public_ip: false,
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

policies!(EcsRole);

impl sealed::Recipe for EcsRole {
    fn name(&self) -> String {
        format!("ecs-role/{}", self.name)
    }

    fn apply(&self, work: &mut Work<'_>) -> Result<(), Error> {
        let mut buffer = [0; 512];
        let trust = trust::service("ecs-tasks.amazonaws.com", &mut buffer).map_err(role::too_long)?;
        let role_arn = role::ensure(work, &self.name, trust, &self.policies)?;
        let Some(image) = &self.image else { return Ok(()) };
        let definition = self.register(work, &role_arn, image)?;
        match &self.launch {
            Some(launch) => self.run_task(work, &definition, &role_arn, launch),
            None => Ok(()),
        }
    }

    fn undo(&self, work: &mut Work<'_>) -> Result<(), Error> {
        let mut families = role::remembered(work, &self.name, FAMILIES)?;
        let mut clusters = role::remembered(work, &self.name, CLUSTERS)?;
        add(&mut families, &self.family);
        if let Some(launch) = &self.launch {
            add(&mut clusters, launch.cluster.as_deref().unwrap_or(DEFAULT_CLUSTER));
        }
        for family in &families {
            self.stop(work, family, &clusters)?;
        }
        for family in &families {
            self.deregister(work, family)?;
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
