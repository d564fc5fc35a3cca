//! Verification of the audit table: a walk along all seals, over all events.

use std::{fmt, str::FromStr};

use super::seals;
use crate::server::{
    auth::Auth,
    ground::{clock::Millis, error::Error},
    store::{Head, Seal},
};

/// Times that the end of the chain is looked at again, because the server goes on meanwhile.
const LOOKS: usize = 10;

/// A seal that somebody wrote down elsewhere: its position and its code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    pub position: i64,
    pub mac: String,
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.position, self.mac)
    }
}

impl FromStr for Anchor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once(':').and_then(|(position, mac)| {
            let position = position.parse().ok().filter(|position| *position > 0)?;
            (!mac.is_empty()).then(|| Anchor { position, mac: mac.to_owned() })
        });
        parsed.ok_or_else(|| format!("{text:?} is no seal: give one as `audit verify` prints it"))
    }
}

/// Result of a walk that found nothing wrong.
#[derive(Debug, Default)]
pub struct Verified {
    pub events: i64,
    pub seals: i64,
    /// Time of the first seal that is left, and event after which it begins.
    pub begins: Option<(Millis, i64)>,
    pub last_id: i64,
    /// Number of events from before the first seal that is left: those from before there were
    /// seals, those that are being purged, or those that somebody has added there.
    pub before: i64,
    /// Number of events that are not sealed yet.
    pub unsealed: i64,
    /// The newest seal that is complete, to be written down elsewhere.
    pub newest: Option<Anchor>,
    /// True if the seal that was written down is purged, and could not be compared.
    pub is_anchor_purged: bool,
}

/// The first thing that is wrong, for an operator.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("the row of latchkey_audit_head was removed: nothing says where the seals end")]
    HeadGone,
    #[error(
        "the row of latchkey_audit_head was changed, or signed under a secret that \
         SESSION_JWT_SECRET no longer lists"
    )]
    Head,
    #[error("seal {0} was removed: what follows event {1} cannot be verified")]
    SealGone(i64, i64),
    #[error(
        "seal {position}, of events {first} to {last}, was changed or added, or made under a \
         secret that SESSION_JWT_SECRET no longer lists"
    )]
    Seal { position: i64, first: i64, last: i64 },
    #[error(
        "seal {position} says that the head before it was not the server's own: seals may have \
         been removed before event {first}"
    )]
    Broken { position: i64, first: i64 },
    #[error("event {0} was changed")]
    Changed(i64),
    #[error("event {0} was added")]
    Added(i64),
    #[error("an event after {after} and before {before} was removed")]
    Removed { after: i64, before: i64 },
    #[error(
        "seal {0} is not the one that was written down: the database is another, or an old copy"
    )]
    Anchor(i64),
}

/// The end of what is verified so far.
#[derive(Clone)]
struct Reached {
    position: i64,
    last_id: i64,
    mac: String,
}

impl Reached {
    fn cut(head: &Head) -> Self {
        let Head { cut_position, cut_id, cut_mac, .. } = head;
        Reached { position: *cut_position, last_id: *cut_id, mac: cut_mac.clone() }
    }
}

/// Walks along all seals, while the server may be running. `anchor` is a seal that was written down
/// before.
pub async fn verify(
    auth: &Auth,
    anchor: Option<&Anchor>,
) -> Result<Result<Verified, Fault>, Error> {
    let mut walk = Walk { auth, anchor, found: Verified::default(), newest: None };
    Ok(match walk.along().await {
        Ok(()) => Ok(walk.found),
        Err(Stop::Fault(fault)) => Err(fault),
        Err(Stop::Error(error)) => return Err(error),
    })
}

/// Reason to stop the walk.
enum Stop {
    Fault(Fault),
    Error(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Stop::Error(error)
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Stop::Fault(fault)
    }
}

struct Walk<'a> {
    auth: &'a Auth,
    anchor: Option<&'a Anchor>,
    found: Verified,
    /// The newest seal, where it begins: it may have grown since it was verified.
    newest: Option<(Reached, Seal)>,
}

impl Walk<'_> {
    async fn head(&self) -> Result<Head, Stop> {
        let head = self.auth.store.ledger_head().await?.ok_or(Fault::HeadGone)?;
        if !seals::is_ours(&self.auth.keys, &head) {
            return Err(Fault::Head.into());
        }
        Ok(head)
    }

    async fn along(&mut self) -> Result<(), Stop> {
        let mut reached = Reached::cut(&self.head().await?);
        for _ in 0..LOOKS {
            reached = self.walk_on(reached).await?;
            let head = self.head().await?;
            if head.position == reached.position && head.mac == reached.mac {
                return self.at_the_end(&head).await;
            }
            if head.position < reached.position {
                break;
            }
            if head.cut_position > reached.position {
                // The next seal was purged meanwhile.
                reached = Reached::cut(&head);
                continue;
            }
            if head.position > reached.position {
                let more = self.auth.store.seals_after(reached.position).await?;
                if more.is_empty() {
                    return Err(Fault::SealGone(reached.position + 1, reached.last_id).into());
                }
                continue;
            }
            // The newest has grown since it was verified.
            let Some((before, seal)) = self.newest.take() else { break };
            self.found.events -= seal.events;
            self.found.seals -= 1;
            reached = before;
        }
        Err(Fault::Head.into())
    }

    async fn at_the_end(&mut self, head: &Head) -> Result<(), Stop> {
        if let Some(position) = self.anchor.map(|anchor| anchor.position) {
            if position > head.position {
                return Err(Fault::Anchor(position).into());
            }
            self.found.is_anchor_purged = position <= head.cut_position;
        }
        let (before, first) = self.auth.store.events_until(head.cut_id).await?;
        // No database hands out such an id.
        if let Some(added) = first.filter(|id| *id < 1) {
            return Err(Fault::Added(added).into());
        }
        self.found.before = before;
        self.found.last_id = head.last_id;
        self.found.unsealed = self.auth.store.unsealed_events(head.last_id).await?;
        Ok(())
    }

    /// Verifies seal after seal until there is none.
    async fn walk_on(&mut self, mut reached: Reached) -> Result<Reached, Stop> {
        loop {
            let seals = self.auth.store.seals_after(reached.position).await?;
            if seals.is_empty() {
                return Ok(reached);
            }
            for seal in seals {
                match self.judge(&reached, &seal).await? {
                    None => reached = self.pass(reached, seal),
                    Some(fault) => {
                        // Purged meanwhile, or grown: not a fault.
                        let head = self.head().await?;
                        let now = self.auth.store.seals_after(seal.position - 1).await?;
                        if head.cut_position > reached.position {
                            reached = Reached::cut(&head);
                        } else if now.first() == Some(&seal) {
                            return Err(fault.into());
                        }
                        break;
                    }
                }
            }
        }
    }

    fn pass(&mut self, before: Reached, seal: Seal) -> Reached {
        self.found.begins.get_or_insert((seal.begun_at, seal.after_id));
        self.found.events += seal.events;
        self.found.seals += 1;
        // The one before is complete.
        if self.found.seals > 1 {
            self.found.newest = Some(Anchor { position: before.position, mac: before.mac.clone() });
        }
        let reached =
            Reached { position: seal.position, last_id: seal.last_id, mac: seal.mac.clone() };
        self.newest = Some((before, seal));
        reached
    }

    /// Returns what is wrong with the seal that follows, or with its events.
    async fn judge(&self, before: &Reached, seal: &Seal) -> Result<Option<Fault>, Stop> {
        if seal.position != before.position + 1 {
            return Ok(Some(Fault::SealGone(before.position + 1, before.last_id)));
        }
        let follows = seal.after_id == before.last_id;
        if !follows || !seals::is_right(&self.auth.keys, seal, &before.mac) {
            return Ok(Some(fault_of(seal, before)));
        }
        if seal.is_broken != 0 {
            return Ok(Some(Fault::Broken { position: seal.position, first: seal.after_id + 1 }));
        }
        let noted = self.anchor.filter(|anchor| anchor.position == seal.position);
        if noted.is_some_and(|anchor| anchor.mac != seal.mac) {
            return Ok(Some(Fault::Anchor(seal.position)));
        }
        self.judge_events(seal).await
    }

    async fn judge_events(&self, seal: &Seal) -> Result<Option<Fault>, Stop> {
        let mut sum = seals::Sum::default();
        let (mut after, mut count) = (seal.after_id, 0);
        // The last event before the first that differs, and that one.
        let (mut alike, mut differs) = (seal.after_id, None);
        loop {
            let rows = self.auth.store.events_by_id(after, seal.last_id).await?;
            let Some(last) = rows.last() else { break };
            after = last.id;
            count += rows.len() as i64;
            for row in &rows {
                sum.add(row);
                if differs.is_none() && !seal.marks.starts_with(&sum.marks) {
                    differs = Some(row.id);
                } else if differs.is_none() {
                    alike = row.id;
                }
            }
        }
        if sum.digest == seal.digest {
            return Ok(None);
        }
        let end = seal.last_id + 1;
        let before = differs.unwrap_or(end);
        Ok(Some(if count < seal.events {
            Fault::Removed { after: alike, before }
        } else if count > seal.events {
            Fault::Added(before)
        } else {
            Fault::Changed(before)
        }))
    }
}

fn fault_of(seal: &Seal, before: &Reached) -> Fault {
    Fault::Seal { position: seal.position, first: before.last_id + 1, last: seal.last_id }
}
