//! Two processes at the same instant: the person reads in the app between a commit of its extension and
//! the call to iOS that follows it.

use std::sync::Arc;

use simphone::Process;
use truebadge_engine::Engine;
use truebadge_protocol::AccountId;

use super::{World, storage::Act};
use crate::{executor::Owner, host::Call};

impl World {
    /// What the person may do in the app at an instant of its extension.
    pub(super) fn act_of_the_app(&mut self) -> Option<Act> {
        let extension = self.processes.contains_key(&Process::Extension);
        if !self.at_once || !extension || !self.in_foreground() || self.rng.bool() {
            return None;
        }
        let app = self.processes.get(&Process::App);
        let app = app.filter(|app| !app.frozen && !app.suspended)?;
        let account = &self.accounts[0].id;
        if !self.watch.has(account.as_str()) {
            return None;
        }
        let (engine, account) = (Arc::clone(&app.engine), account.clone());
        Some(Box::new(move || read_something(&engine, &account)))
    }

    /// The place of the first call whose number is held against the truth. Of two processes at the same
    /// instant the one that is quicker may be followed by an older number for as long as it takes to look
    /// again: the last one counts. A zero may be shown later still.
    pub(super) fn number_that_counts(&mut self, calls: &[(Owner, Call)]) -> usize {
        match self.two_at_once.take() {
            None => 0,
            Some(0) => calls.len(),
            Some(_) => {
                let sets = |(_, call): &(Owner, Call)| matches!(call, Call::SetBadge(..));
                calls.iter().rposition(sets).unwrap_or(0)
            }
        }
    }
}

/// The person reads the first conversation in which something is unread.
fn read_something(engine: &Engine, account: &AccountId) -> Option<u32> {
    let views = engine.conversations(account).ok()?;
    let mut states = views.into_iter().map(|view| view.state);
    let unread = states.find(|state| state.unread > 0)?;
    let read = engine.mark_read(account, &unread.id, unread.newest, 0);
    Some(read.ok()?.badge)
}
