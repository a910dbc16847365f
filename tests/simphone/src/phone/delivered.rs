//! Notification Centre.

use crate::push::Notification;
use crate::time::Time;

/// A notification that iOS shows, by number. A push with the collapse id of one that is shown takes
/// its place and its number, as iOS' identifiers do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NotificationId(pub u64);

/// A notification that iOS shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// Its number (`UNNotificationRequest.identifier`).
    pub id: NotificationId,
    /// The push that brought it.
    pub notification: Notification,
    /// Since when.
    pub since: Time,
}
