//! What the product promises, with real processes on loopback, for both phones.
//!
//! The Rust phone always; the Swift phone where `TRUEBADGE_SWIFT_PHONE` names it (and
//! `TRUEBADGE_IN_TOOLCHAIN` what runs it). Without it those tests say that they were skipped;
//! with `TRUEBADGE_REQUIRE_SWIFT=1` they fail. `scripts/test end-to-end` sets all of them.

mod away;
mod badge;
mod faults;
mod notifications;
mod phone_reads;
mod restarts;

use std::{env, io::Write as _, sync::Once};

use end_to_end::Kind;

/// One test per scenario and phone: `scenario::rust_phone`, `scenario::swift_phone`.
macro_rules! for_both_phones {
    ($($scenario:ident),+ $(,)?) => {$(
        mod $scenario {
            #[tokio::test]
            async fn rust_phone() -> anyhow::Result<()> {
                super::$scenario(end_to_end::Kind::Rust).await
            }

            #[tokio::test]
            async fn swift_phone() -> anyhow::Result<()> {
                match crate::swift() {
                    Some(kind) => super::$scenario(kind).await,
                    None => Ok(()),
                }
            }
        }
    )+};
}
pub(crate) use for_both_phones;

/// The Swift phone, or a message that it is not tested.
fn swift() -> Option<Kind> {
    static SAID: Once = Once::new();
    let kind = Kind::swift();
    if kind.is_none() {
        let required = env::var_os("TRUEBADGE_REQUIRE_SWIFT").is_some_and(|value| value == "1");
        assert!(
            !required,
            "the Swift phone must be tested, but TRUEBADGE_SWIFT_PHONE does not name it: run \
             `scripts/test end-to-end`"
        );
        SAID.call_once(|| {
            let message =
                "\nskipped: the Swift phone's tests; `scripts/test end-to-end` runs them\n";
            // Not by `eprintln!`, which a passing test keeps to itself.
            let _ = std::io::stderr().write_all(message.as_bytes());
        });
    }
    kind
}
