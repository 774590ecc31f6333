//! All connections, each at a place of its own.

use std::time::Instant;

use super::connection::Connection;

/// Connections by place. A place that is free is used again.
#[derive(Default)]
pub(super) struct Connections {
    places: Vec<Option<Connection>>,
    free: Vec<usize>,
    most: usize,
}

impl Connections {
    /// Sets how many there may be.
    pub(super) fn limit(&mut self, most: usize) {
        self.most = most;
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// Whether there can be no other.
    pub(super) fn is_full(&self) -> bool {
        self.len() >= self.most
    }

    /// Adds one, and returns its place.
    pub(super) fn add(&mut self, connection: Connection) -> usize {
        let place = self.free.pop().unwrap_or(self.places.len());
        match self.places.get_mut(place) {
            Some(free) => *free = Some(connection),
            None => self.places.push(Some(connection)),
        }
        place
    }

    pub(super) fn get(&mut self, place: usize) -> Option<&mut Connection> {
        self.places.get_mut(place)?.as_mut()
    }

    /// Closes one.
    pub(super) fn remove(&mut self, place: usize) {
        if self.places.get_mut(place).and_then(Option::take).is_some() {
            self.free.push(place);
        }
    }

    /// Every one, with its place.
    pub(super) fn iter(&mut self) -> impl Iterator<Item = (usize, &mut Connection)> {
        let places = self.places.iter_mut().enumerate();
        places.filter_map(|(place, connection)| Some((place, connection.as_mut()?)))
    }

    /// The places of those for which `which` holds.
    pub(super) fn places(&mut self, which: impl Fn(&Connection) -> bool) -> Vec<usize> {
        self.iter().filter(|(_, connection)| which(connection)).map(|(place, _)| place).collect()
    }

    /// Closes the one that may be closed and has the least time left, and returns whether there was one.
    pub(super) fn close_spare(&mut self, now: Instant) -> bool {
        let spare = self.iter().filter(|(_, connection)| connection.is_spare(now));
        let found = spare.min_by_key(|(_, connection)| connection.deadline()).map(|(place, _)| place);
        found.inspect(|place| self.remove(*place)).is_some()
    }

    /// Closes those whose time is over.
    pub(super) fn close_late(&mut self, now: Instant) {
        let late = self.places(|connection| connection.deadline().is_some_and(|deadline| deadline <= now));
        late.into_iter().for_each(|place| self.remove(place));
    }
}
