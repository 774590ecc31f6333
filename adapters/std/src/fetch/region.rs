//! The region of the instance, where no setting names one.

use super::Fetcher;
use crate::lock;

impl Fetcher<'_> {
    /// Asks instance metadata for the region, once, unless a setting names one.
    pub(crate) fn find_region(&self) {
        let settings = self.settings;
        if settings.known_region().is_some() || lock(&settings.missing_region).is_some() {
            return;
        }
        // The lock is not held meanwhile: two threads may ask, and get the same.
        match self.region_of_instance() {
            Ok(region) => {
                let _ = settings.instance_region.set(region);
            }
            Err(reason) => *lock(&settings.missing_region) = Some(reason),
        }
    }

    fn region_of_instance(&self) -> Result<String, String> {
        let mut flow = self.settings.imds_region().map_err(|error| error.to_string())?;
        self.run(&mut flow, |_, _| Some(())).map_err(|error| error.reason())?;
        flow.source().region().map(str::to_owned).ok_or_else(|| "an empty reply".to_owned())
    }
}
