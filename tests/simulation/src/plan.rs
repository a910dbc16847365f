//! What happens in a run: to the account, to the person, to the phone, to the network. The happening
//! at each place is drawn from the seed and the place alone, so that leaving one out leaves the others
//! as they are: that is how a failing run is made short.

use std::fmt;

use fastrand::Rng;

/// One thing that happens, some time after the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// Milliseconds after the one before.
    pub after: u64,
    /// What.
    pub what: Happening,
}

/// What can happen. Small numbers choose among the accounts, and among the conversations of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    /// Items arrive in a conversation.
    Arrive {
        /// Of which account.
        account: u8,
        /// Where.
        conversation: u8,
        /// How many.
        items: u8,
        /// They mention the person.
        mention: bool,
        /// The relay is to alert.
        alert: bool,
    },
    /// The person reads on another device, all but the newest `left` items.
    ReadElsewhere {
        /// Of which account.
        account: u8,
        /// Where.
        conversation: u8,
        /// Items left unread.
        left: u8,
    },
    /// The person reads one item on another device.
    ReadItemElsewhere(u8, u8),
    /// The person marks unread on another device, or takes it back.
    MarkElsewhere(u8, u8, bool),
    /// The person mutes on another device, or unmutes.
    LevelElsewhere(u8, u8, u8),
    /// A conversation is removed.
    RemoveElsewhere(u8, u8),
    /// The person opens the app.
    Open,
    /// The person leaves the app.
    Home,
    /// The person ends the app in the app switcher.
    ForceQuit,
    /// The phone is switched off and on.
    Restart,
    /// The person unlocks the phone.
    Unlock,
    /// The person reads on this phone, all but the newest `left` items.
    ReadHere {
        /// Of which account.
        account: u8,
        /// Where.
        conversation: u8,
        /// Items left unread.
        left: u8,
    },
    /// The person reads one item on this phone.
    ReadItemHere(u8, u8),
    /// The person marks unread on this phone, or takes it back.
    MarkHere(u8, u8, bool),
    /// The person mutes on this phone, or unmutes.
    LevelHere(u8, u8, u8),
    /// The person reads all of an account on this phone.
    ReadAllHere(u8),
    /// The person chooses what the badge counts.
    Policy(u8),
    /// The person chooses whether an account counts.
    Participate(u8, bool),
    /// The person signs an account out on this phone.
    SignOut(u8),
    /// The person signs it in again.
    SignIn(u8),
    /// The person taps "Repair".
    Repair,
    /// Low Power Mode.
    LowPower(bool),
    /// Background App Refresh.
    BackgroundRefresh(bool),
    /// Badges in the app's settings.
    Badges(bool),
    /// Notifications in the app's settings.
    Alerts(bool),
    /// The network.
    Network(Net),
    /// The phone's memory is short.
    MemoryShort,
    /// The phone's wall clock jumps by so many hours.
    WallClock(i32),
    /// iOS gives a new push token.
    NewToken,
    /// So many of a hundred requests fail from here on.
    RequestsFail(u8),
    /// The process that runs is killed at one of its next steps.
    KillSoon(u8),
    /// The storage is full, or busy, for its next writes.
    StorageFails(u8),
    /// A page of the store is damaged.
    Damage(u8),
    /// The relay's process is killed and starts again.
    RelayKilled,
    /// The relay's database is backed up, or goes back to the backup.
    Backup,
    /// The account ends at the relay.
    AccountEnds(u8),
    /// The relay answers 503 for so many seconds.
    RelayDown(u8),
    /// APNs answers with errors for so many seconds.
    PushesDown(u8),
    /// Bytes that are no push of ours arrive.
    Garbage(u8),
    /// Nothing, for so many minutes.
    Wait(u16),
}

/// What the phone can reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Net {
    /// Nothing.
    None,
    /// Everything.
    All,
    /// HTTPS, no pushes.
    NoPushes,
    /// Pushes, no HTTPS.
    NoHttps,
}

/// Kinds of trouble, of which each run has some: a run with all of them at once would rarely come far
/// enough for any to matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    Kills,
    Storage,
    Damage,
    Restarts,
    ForceQuits,
    Network,
    Requests,
    RelayKills,
    Histories,
    Outages,
    Settings,
    SignOuts,
    Ends,
    Clock,
}

/// What half of the happenings of a run have to do with: some mistakes show only where a few kinds of
/// things happen again and again (swarm testing: Groce and others, ISSTA 2012).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Theme {
    /// Nothing in particular.
    None,
    /// What the person does to conversations that are gone.
    Refusals,
    /// The same is changed here and elsewhere, and answers are lost.
    Contests,
    /// The person signs out and in.
    SignOuts,
    /// The relay goes back to its backup again and again, and the person signs out and in.
    Histories,
    /// The person reads on while answers of several pages are under way, and some are lost.
    Haste,
}

/// How a run is: drawn from its seed before everything else.
#[expect(clippy::struct_excessive_bools, reason = "each is drawn by itself")]
#[derive(Debug, Clone, Copy)]
pub struct Character {
    troubles: u16,
    theme: Theme,
    /// How far apart happenings are.
    pace: u8,
    /// The person has the second account on this phone too.
    pub both_accounts: bool,
    /// Pushes come often, and mostly arrive.
    pub kind: u8,
    /// Conversations of each account.
    conversations: u8,
    /// Of a hundred pushes so many leave their rows out, as when they do not fit.
    pub bare: u8,
    /// Rows on a page of the relay.
    pub page: u32,
    /// Which lanes the relay may choose.
    pub lanes: u8,
    /// Answers take seconds.
    pub slow: bool,
    /// The app lets iOS drop its notifications at zero.
    pub clears_at_zero: bool,
    /// The person reads in the app at the instants at which its extension commits something.
    pub at_once: bool,
    /// The first sync is over before anything else happens.
    pub settled: bool,
}

impl Character {
    /// Of a seed.
    pub fn of(seed: u64) -> Self {
        let mut rng = Rng::with_seed(mix(seed, 1 << 41));
        // One in three of the troubles; in one run of eight none.
        let troubles = if rng.u8(..8) == 0 {
            0
        } else {
            (0..16).fold(0, |all, one| all | u16::from(rng.u8(..3) == 0) << one)
        };
        Self {
            troubles,
            theme: match rng.u8(..8) {
                0 => Theme::Refusals,
                1 => Theme::Contests,
                2 => Theme::SignOuts,
                3 => Theme::Histories,
                4 => Theme::Haste,
                _ => Theme::None,
            },
            pace: rng.u8(..3),
            both_accounts: rng.u8(..3) == 0,
            kind: rng.u8(..3),
            conversations: rng.u8(1..=CONVERSATIONS),
            bare: [0, 30, 100][rng.usize(..3)],
            page: [1, 2, 500][rng.usize(..3)],
            lanes: rng.u8(..5),
            slow: rng.u8(..6) == 0,
            clears_at_zero: rng.u8(..3) == 0,
            settled: rng.u8(..4) > 0,
            at_once: rng.u8(..4) == 0,
        }
    }

    /// An account, and one of its conversations.
    fn place(self, rng: &mut Rng) -> (u8, u8) {
        let account = u8::from(self.both_accounts && rng.u8(..3) == 0);
        (account, rng.u8(..self.conversations))
    }

    fn has(self, trouble: Trouble) -> bool {
        self.troubles >> (trouble as u16) & 1 == 1
    }
}

/// Accounts and conversations that a plan chooses from.
pub const ACCOUNTS: u8 = 2;
/// Conversations of each account.
pub const CONVERSATIONS: u8 = 4;

impl Planned {
    /// The happening at a place of a seed's plan.
    pub fn at(seed: u64, place: u32) -> Self {
        let character = Character::of(seed);
        let mut rng = Rng::with_seed(mix(seed, u64::from(place)));
        let after = gap(&mut rng, character.pace);
        let of_the_theme = character.theme.draw(&mut rng, character);
        let what = of_the_theme.unwrap_or_else(|| Happening::any(&mut rng, character));
        Self { after, what }
    }
}

/// A seed of its own for each use of a seed.
pub fn mix(seed: u64, use_of: u64) -> u64 {
    // SplitMix64's finaliser: neighbouring uses must not look alike.
    let mut z = seed.wrapping_add(use_of.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Mostly close together, so that things overlap; at times minutes or hours.
fn gap(rng: &mut Rng, pace: u8) -> u64 {
    match rng.u8(..20) {
        _ if pace == 0 => rng.u64(..3_000),
        0..13 if pace == 1 => rng.u64(..120_000),
        0..8 => rng.u64(..20),
        8..13 => rng.u64(..2_000),
        13..17 => rng.u64(..60_000),
        17..19 => rng.u64(..1_800_000),
        _ => rng.u64(..30_000_000),
    }
}

impl Theme {
    /// One of its happenings; nothing when it is the turn of another.
    fn draw(self, rng: &mut Rng, character: Character) -> Option<Happening> {
        if self == Self::None || rng.bool() {
            return None;
        }
        let (account, conversation) = character.place(rng);
        let arrives = |alert| Happening::Arrive {
            account,
            conversation,
            items: 1,
            mention: false,
            alert,
        };
        let fails = |rng: &mut Rng| Happening::RequestsFail([0, 30, 60][rng.usize(..3)]);
        Some(match (self, rng.u8(..10)) {
            (_, 0) => Happening::Open,
            (Self::Refusals, 1..3) => Happening::RemoveElsewhere(account, conversation),
            (Self::Refusals, 3..6) => Happening::MarkHere(account, conversation, rng.bool()),
            (Self::Refusals, 6) => Happening::LevelHere(account, conversation, rng.u8(..3)),
            (Self::Contests, 1..3) => Happening::MarkHere(account, 0, rng.bool()),
            (Self::Contests, 3) => Happening::LevelHere(account, 0, rng.u8(..3)),
            (Self::Contests, 4..6) => Happening::MarkElsewhere(account, 0, rng.bool()),
            (Self::Contests, 6) => Happening::LevelElsewhere(account, 0, rng.u8(..3)),
            (Self::Refusals | Self::Contests | Self::Haste, 7) => fails(rng),
            (Self::Haste, 1..5) => Happening::ReadHere {
                account,
                conversation,
                left: 0,
            },
            (Self::Haste, 5) => Happening::MarkElsewhere(account, conversation, true),
            (Self::SignOuts, 1..5) | (Self::Histories, 6) => Happening::SignOut(account),
            (Self::SignOuts, 5..8) | (Self::Histories, 7..9) => Happening::SignIn(account),
            (Self::Histories, 1..6) => Happening::Backup,
            _ => arrives(rng.u8(..3) == 0),
        })
    }
}

impl Happening {
    fn trouble(self) -> Option<Trouble> {
        Some(match self {
            Self::KillSoon(_) | Self::MemoryShort => Trouble::Kills,
            Self::StorageFails(_) => Trouble::Storage,
            Self::Damage(_) => Trouble::Damage,
            Self::Restart => Trouble::Restarts,
            Self::ForceQuit => Trouble::ForceQuits,
            Self::Network(_) => Trouble::Network,
            Self::RequestsFail(_) => Trouble::Requests,
            Self::RelayKilled => Trouble::RelayKills,
            Self::Backup => Trouble::Histories,
            Self::RelayDown(_) | Self::PushesDown(_) => Trouble::Outages,
            Self::LowPower(_)
            | Self::BackgroundRefresh(_)
            | Self::Badges(_)
            | Self::Alerts(_)
            | Self::Policy(_)
            | Self::Participate(..)
            | Self::NewToken => Trouble::Settings,
            Self::SignOut(_) | Self::SignIn(_) => Trouble::SignOuts,
            Self::AccountEnds(_) => Trouble::Ends,
            Self::WallClock(_) => Trouble::Clock,
            _ => return None,
        })
    }

    /// One of those that the run may have.
    fn any(rng: &mut Rng, character: Character) -> Self {
        loop {
            let drawn = Self::draw(rng, character);
            if drawn.trouble().is_none_or(|trouble| character.has(trouble)) {
                return drawn;
            }
        }
    }

    fn draw(rng: &mut Rng, character: Character) -> Self {
        let (account, conversation) = character.place(rng);
        match rng.u8(..120) {
            0..18 => Self::Arrive {
                account,
                conversation,
                items: rng.u8(1..4),
                mention: rng.u8(..4) == 0,
                alert: rng.u8(..3) == 0,
            },
            18..26 => Self::ReadElsewhere {
                account,
                conversation,
                left: if rng.bool() { 0 } else { rng.u8(..3) },
            },
            26 => Self::ReadItemElsewhere(account, conversation),
            27..31 => Self::MarkElsewhere(account, conversation, rng.u8(..3) > 0),
            31 => Self::LevelElsewhere(account, conversation, rng.u8(..3)),
            32..34 => Self::RemoveElsewhere(account, conversation),
            34..43 => Self::Open,
            43..49 => Self::Home,
            49..51 => Self::ForceQuit,
            51..53 => Self::Restart,
            53..56 => Self::Unlock,
            56..64 => Self::ReadHere {
                account,
                conversation,
                left: if rng.u8(..3) > 0 { 0 } else { rng.u8(1..3) },
            },
            64 => Self::ReadItemHere(account, conversation),
            65..68 => Self::MarkHere(account, conversation, rng.u8(..3) > 0),
            68..70 => Self::LevelHere(account, conversation, rng.u8(..3)),
            70 => Self::ReadAllHere(account),
            71 => Self::Policy(rng.u8(..4)),
            72 => Self::Participate(account, rng.bool()),
            73..76 => Self::SignOut(account),
            76..80 => Self::SignIn(account),
            80 => Self::Repair,
            81 => Self::LowPower(rng.bool()),
            82 => Self::BackgroundRefresh(rng.bool()),
            83 => Self::Badges(rng.u8(..4) > 0),
            84 => Self::Alerts(rng.bool()),
            85..91 => Self::Network(Self::net(rng)),
            91 => Self::MemoryShort,
            92 | 93 => Self::WallClock(Self::jump(rng)),
            94 => Self::NewToken,
            95..98 => Self::RequestsFail([0, 10, 30, 60, 100][rng.usize(..5)]),
            98..104 => Self::KillSoon(rng.u8(..12)),
            104..106 => Self::StorageFails(rng.u8(..3)),
            106 | 107 => Self::Damage(rng.u8(..5)),
            108..110 => Self::RelayKilled,
            110..112 => Self::Backup,
            112 => Self::RelayDown(rng.u8(..120)),
            113 => Self::PushesDown(rng.u8(..120)),
            114 | 115 => Self::Garbage(rng.u8(..)),
            116 => Self::AccountEnds(account),
            _ => Self::Wait(rng.u16(..240)),
        }
    }

    fn net(rng: &mut Rng) -> Net {
        match rng.u8(..6) {
            0 => Net::None,
            1 => Net::NoPushes,
            2 => Net::NoHttps,
            _ => Net::All,
        }
    }

    fn jump(rng: &mut Rng) -> i32 {
        match rng.u8(..4) {
            0 => -24 * 365 * 5,
            1 => 24 * 365 * 5,
            2 => -2,
            _ => 2,
        }
    }
}

impl fmt::Display for Happening {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, formatter)
    }
}
