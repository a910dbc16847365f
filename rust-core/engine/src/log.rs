//! Where traces go: to Apple's unified log on Apple systems, to standard error elsewhere.
//!
//! `tracing-oslog` logs everything as public, so nothing may be traced that is not safe to log:
//! see [`crate::redact`]. Spans carry no ids, because it keeps every span's label for ever.

use std::env;

use tracing::Level;
use tracing_subscriber::{filter::Targets, layer::SubscriberExt, util::SubscriberInitExt};

/// Apple's unified log shows traces under this subsystem.
pub const SUBSYSTEM: &str = "dev.truebadge.core";

/// Installs the process's subscriber. Does nothing when the host has installed one.
///
/// `TRUEBADGE_LOG` chooses what is logged: a level, or `target=level` for some, with commas between them;
/// `info` without it.
pub fn install() {
    // One filter for all layers: a filter on the oslog layer alone panics beside another layer.
    let filter = env::var("TRUEBADGE_LOG")
        .ok()
        .and_then(|wanted| wanted.parse().ok())
        .unwrap_or_else(|| Targets::new().with_default(Level::INFO));
    let registry = tracing_subscriber::registry().with(filter);
    #[cfg(target_vendor = "apple")]
    let installed = registry
        .with(tracing_oslog::OsLogger::new(SUBSYSTEM, "engine"))
        .try_init();
    #[cfg(not(target_vendor = "apple"))]
    let installed = registry
        .with(
            tracing_subscriber::fmt::layer()
                .with_writer(std::io::stderr)
                .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
                .with_target(false),
        )
        .try_init();
    // An error means that the host's own subscriber is there; it gets our traces.
    drop(installed);
}
