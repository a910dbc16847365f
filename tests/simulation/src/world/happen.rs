//! The plan's happenings, done.

use simphone::{
    Aps, Expiration, Happening as Phone, Notification, Path, Payload, Priority, Process, PushType,
};
use truebadge_engine::Cause;
use truebadge_protocol::messages::Event;

use super::{Step, World, person};
use crate::{
    plan::{Happening, Net},
    violation::{Property, Violation},
};

impl World {
    pub(super) fn happen(&mut self, what: Happening) -> Step {
        self.note(format_args!("— {what}"));
        match what {
            Happening::Arrive {
                account,
                conversation,
                items,
                mention,
                alert,
            } => self.arrive(account.into(), conversation, items, mention, alert),
            Happening::ReadElsewhere {
                account,
                conversation,
                left,
            } => self.read_elsewhere(account.into(), conversation, left),
            Happening::ReadItemElsewhere(account, conversation) => {
                self.read_item_elsewhere(account.into(), conversation)
            }
            Happening::MarkElsewhere(account, conversation, marked) => self.report(
                account.into(),
                vec![Event::MarkedUnread {
                    conversation: person::name(conversation),
                    marked,
                }],
            ),
            Happening::LevelElsewhere(account, conversation, level) => self.report(
                account.into(),
                vec![Event::Level {
                    conversation: person::name(conversation),
                    level: person::level(level),
                }],
            ),
            Happening::RemoveElsewhere(account, conversation) => self.report(
                account.into(),
                vec![Event::Removed {
                    conversation: person::name(conversation),
                }],
            ),
            Happening::ReadHere {
                account,
                conversation,
                left,
            } => self.read_here(account.into(), conversation, left),
            Happening::ReadItemHere(account, conversation) => {
                self.read_item_here(account.into(), conversation)
            }
            Happening::MarkHere(account, conversation, marked) => {
                let id = person::name(conversation);
                self.act(account.into(), |engine, account| {
                    engine.mark_unread(account, &id, marked)
                })
            }
            Happening::LevelHere(account, conversation, level) => {
                let id = person::name(conversation);
                self.act(account.into(), |engine, account| {
                    engine.set_level(account, &id, person::level(level))
                })
            }
            Happening::ReadAllHere(account) => self.act(account.into(), |engine, account| {
                engine.mark_all_read(account)
            }),
            Happening::Participate(account, counts) => self
                .act(account.into(), |engine, account| {
                    engine.set_participation(account, counts)
                }),
            Happening::Policy(policy) => self.choose_policy(policy),
            Happening::SignOut(account) => self.sign_out_now_or_soon(account.into()),
            Happening::SignIn(account) if self.in_foreground() => self.sign_in(account.into()),
            Happening::SignIn(_) => Ok(()),
            Happening::Repair => self.repair(),
            _ => self.happen_around(what),
        }
    }

    /// What happens to the phone and to the world around it.
    fn happen_around(&mut self, what: Happening) -> Step {
        match what {
            Happening::Open => self.phone_has(Phone::Open),
            Happening::Home => self.phone_has(Phone::Home),
            Happening::ForceQuit => self.phone_has(Phone::ForceQuit),
            Happening::Restart => self.phone_has(Phone::Restart),
            Happening::Unlock => self.phone_has(Phone::Unlock),
            Happening::LowPower(on) => self.phone_has(Phone::LowPower(on)),
            Happening::BackgroundRefresh(on) => self.phone_has(Phone::BackgroundRefresh(on)),
            Happening::Badges(on) => self.phone_has(Phone::BadgesAllowed(on)),
            Happening::Alerts(on) => self.phone_has(Phone::AlertsAllowed(on)),
            Happening::Network(net) => self.phone_has(Phone::Network(match net {
                Net::None => Path::None,
                Net::All => Path::Wifi,
                Net::NoPushes => Path::NoApns,
                Net::NoHttps => Path::NoHttps,
            })),
            Happening::MemoryShort => self.phone_has(Phone::MemoryPressure),
            Happening::WallClock(hours) => {
                let jump = i64::from(hours) * 3_600_000;
                self.phone_has(Phone::WallClock(jump))
            }
            Happening::NewToken => self.phone_has(Phone::TokenChange),
            _ => self.happen_badly(what),
        }
    }

    /// Faults.
    fn happen_badly(&mut self, what: Happening) -> Step {
        match what {
            Happening::RequestsFail(share) => self.requests_fail = share,
            Happening::KillSoon(points) => self.storage.kill_in(u32::from(points) + 1),
            Happening::StorageFails(kind) => match kind {
                0 => self.storage.busy(1),
                1 => self.storage.full(1),
                _ => self.storage.busy(4),
            },
            Happening::Damage(4) => self.diverge(),
            Happening::Damage(how) => self.damage(how),
            Happening::RelayKilled if self.backend.runs() => self.relay_restarts(),
            Happening::Backup => {
                self.backend.back_up_or_restore()?;
                self.ring();
            }
            Happening::AccountEnds(account) if !self.diverged => {
                self.backend.end(account.into())?;
            }
            Happening::RelayDown(seconds) => {
                self.relay_down_until = self.now + simphone::Millis::seconds(seconds.into());
            }
            Happening::PushesDown(seconds) => {
                self.pushes_down_until = self.now + simphone::Millis::seconds(seconds.into());
            }
            Happening::Garbage(byte) => return self.garbage(byte),
            _ => {}
        }
        Ok(())
    }

    /// Something happens to the phone.
    pub(super) fn phone_has(&mut self, what: Phone) -> Step {
        self.phone.happen(self.now, what);
        self.phone_moves()?;
        self.unpainted |= !self.phone.conditions().badges_allowed;
        self.storage.lock(!self.phone.unlocked());
        let wall = self.phone.wall(self.now).cast_signed();
        let shift = wall - self.now.unix_ms().cast_signed();
        self.clocks
            .shift
            .store(shift, std::sync::atomic::Ordering::Relaxed);
        Ok(())
    }

    /// The person taps "Repair".
    pub(super) fn repair(&mut self) -> Step {
        if !self.in_foreground() {
            return Ok(());
        }
        let repaired = self.call(Process::App, truebadge_engine::Engine::repair)?;
        if let Some(Ok(true)) = repaired {
            self.audit.forget();
        }
        self.look(false)?;
        self.refresh(Process::App, None, Cause::Foreground);
        Ok(())
    }

    /// A page of the store, or all of it, becomes what it must not be. What was in the outbox may be
    /// gone with it.
    fn damage(&mut self, how: u8) {
        // Not while a process has it open: a page that it has in memory would hide the damage.
        let open = self.processes.values().any(|running| !running.frozen);
        if open || !self.audit.move_to_file(&self.ground) {
            return;
        }
        let path = self.audit.path().to_owned();
        let Ok(mut bytes) = std::fs::read(&path) else {
            return;
        };
        // Two kinds of damage at once would hide what became of either.
        if bytes.len() < 8_192 || self.diverged {
            return;
        }
        match how {
            0 => bytes[100..4_096].fill(0xA5),
            1 => {
                let page = self.rng.usize(1..bytes.len() / 4_096);
                bytes[page * 4_096..page * 4_096 + 512].fill(0x5A);
            }
            2 => bytes.truncate(bytes.len() / 2),
            _ => bytes.fill(0),
        }
        if std::fs::write(&path, bytes).is_ok() {
            self.tally.fault("store damaged");
            self.damaged = true;
            self.backend.twice_is_fair = true;
            self.audit.forget();
            self.watch.forgive(&[]);
        }
    }

    /// The mirror differs from the relay's, as if a mistake had been made in it.
    fn diverge(&mut self) {
        let alone = !self.damaged && self.backend.over.is_empty();
        if alone && let Some(wrong) = self.audit.diverge() {
            self.tally.fault("mirror made wrong");
            (self.diverged, self.wrong) = (true, Some(wrong));
        }
    }

    /// Bytes that are no push of ours wake the app.
    fn garbage(&mut self, byte: u8) -> Step {
        let payload: Vec<u8> = match byte % 4 {
            0 => b"not JSON".to_vec(),
            1 => br#"{"aps":{"content-available":1}}"#.to_vec(),
            2 => br#"{"aps":{},"tb":{"r":"nobody","e":"e","i":1,"p":0,"v":9,"n":[9,9,9],"k":0}}"#
                .to_vec(),
            _ => vec![byte; 4_096],
        };
        if let Some(token) = self.phone.token()
            && !byte.is_multiple_of(3)
        {
            let app = self.phone.app().clone();
            let notification = Notification {
                token,
                topic: app.topic,
                environment: app.environment,
                push_type: PushType::Background,
                priority: Priority::PowerAware,
                expiration: Expiration::Policy,
                collapse_id: None,
                payload: Payload::new(
                    Aps {
                        content_available: true,
                        ..Aps::default()
                    },
                    payload,
                ),
            };
            self.phone.arrive(self.now, notification);
            return self.phone_moves();
        }
        if !self.phone.running(Process::App) {
            return Ok(());
        }
        let done = self.call(Process::App, |engine| engine.receive_push(&payload))?;
        if let Some(Ok(receipt)) = done {
            use truebadge_engine::Disposition;
            let harmless = [Disposition::Malformed, Disposition::NotForUs];
            if !harmless.contains(&receipt.disposition) {
                let what = format!("garbage was taken as {:?}", receipt.disposition);
                return Err(Violation::new(Property::S8, what));
            }
        }
        self.settle()
    }
}
