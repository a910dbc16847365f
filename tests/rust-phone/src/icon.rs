//! The number on the app's icon, where an iPhone has its home screen.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use truebadge_engine::{AppBadge, Reply};

use crate::{
    centre::Centre,
    console::Console,
    event::{Event, Painter},
};

/// The icon. Set by the core or painted by iOS; prints each change.
pub struct Icon {
    console: Arc<Console>,
    centre: Arc<Centre>,
    shown: Mutex<Option<u32>>,
}

impl Icon {
    /// An icon whose number is not known yet: nothing reads a badge back.
    pub fn new(console: Arc<Console>, centre: Arc<Centre>) -> Self {
        Self {
            console,
            centre,
            shown: Mutex::new(None),
        }
    }

    /// iOS sets the number that a push carries, without running our code.
    pub fn paint(&self, badge: u32) {
        self.show(badge, Painter::Ios);
    }

    fn show(&self, badge: u32, by: Painter) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let was = shown.replace(badge);
        if was != Some(badge) {
            self.console.emit(&Event::Badge { badge, by, was });
        }
        drop(shown);
        if badge == 0 {
            self.centre.clear();
        }
    }
}

impl AppBadge for Icon {
    fn set_badge(&self, badge: u32, reply: Reply<()>) {
        self.show(badge, Painter::Core);
        reply.succeed(());
    }
}

impl fmt::Debug for Icon {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Icon")
    }
}
