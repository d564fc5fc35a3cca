//! Seals over events: a digest of their columns, and a code that only this server can make.

use sha2::{Digest, Sha256};

use crate::server::{
    ground::{
        clock::{HOUR, Millis},
        error::Error,
        keys::{Keys, Purpose, hex},
    },
    store::{AuditRow, Head, Seal},
};

/// The form of the digests that are made now. A version that adds a column to the table adds a
/// form: what an older version sealed is verified without the column.
const FORM: i64 = 1;
/// Events after which a seal no longer grows.
const FULL: i64 = 1_000;

/// Hexadecimal digits of an event's mark: enough to say which of a seal's events it is that does
/// not fit the digest.
const MARK: usize = 4;

/// A digest over events in the order of their ids, and a mark for each.
#[derive(Clone, Debug, Default)]
pub struct Sum {
    pub digest: String,
    pub marks: String,
}

impl Sum {
    /// Adds an event. A column is its name and its text, each after its length, so that no two rows
    /// have the same encoding; one without a value is left out.
    pub fn add(&mut self, row: &AuditRow) {
        let mut hash = Sha256::new();
        hash.update(&self.digest);
        let number = |number: i64| Some(number.to_string());
        let text = |text: &str| Some(text.to_owned());
        for (name, value) in [
            ("id", number(row.id)),
            ("at", number(row.at)),
            ("event", text(&row.event)),
            ("reason", text(&row.reason)),
            ("request_id", text(&row.request_id)),
            ("subject", text(&row.subject)),
            ("address", text(&row.address)),
            ("user_id", row.user_id.clone()),
            ("user_agent", text(&row.user_agent)),
            ("ip_prefix", text(&row.ip_prefix)),
            ("list", text(&row.list)),
            ("app_id", row.app_id.clone()),
            ("operator", row.operator.clone()),
            ("note", text(&row.note)),
            ("took", row.took.and_then(number)),
            ("opens", row.opens.and_then(number)),
        ] {
            let Some(value) = value else { continue };
            for part in [name, &value] {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part);
            }
        }
        self.digest = hex(&hash.finalize());
        self.marks.push_str(&self.digest[..MARK]);
    }
}

/// Returns the text that the code of a seal is made over. Digests and codes hold no space.
fn text_of(seal: &Seal, previous: &str) -> String {
    let Seal { position, form, after_id, last_id, events, begun_at, .. } = seal;
    let Seal { until_at, is_broken, digest, marks, .. } = seal;
    format!(
        "seal {position} {form} {after_id} {last_id} {events} {begun_at} {until_at} {is_broken} \
         {digest} {marks} {previous}"
    )
}

/// Returns the text that the signature of a head is made over.
fn text_of_head(head: &Head) -> String {
    let Head { position, last_id, mac, cut_position, cut_id, cut_mac, .. } = head;
    format!("head {position} {last_id} {mac} {cut_position} {cut_id} {cut_mac}")
}

/// Returns a seal over no events yet, the next after the head.
pub fn begun(head: &Head, now: Millis) -> Seal {
    Seal {
        position: head.position + 1,
        form: FORM,
        after_id: head.last_id,
        last_id: head.last_id,
        events: 0,
        begun_at: now,
        until_at: Millis::MIN,
        is_broken: 0,
        digest: String::new(),
        marks: String::new(),
        mac: String::new(),
    }
}

/// True if further events may be added to the newest seal: the chain has one for each hour with
/// events, or for a thousand events, rather than one for every two seconds.
pub fn may_grow(seal: &Seal, now: Millis) -> bool {
    seal.form == FORM
        && seal.events < FULL
        && seal.begun_at.div_euclid(HOUR) == now.div_euclid(HOUR)
}

/// Returns a seal with further events, up to `last_id`. `previous` is the code of the seal before.
pub fn over(
    keys: &Keys,
    base: Seal,
    previous: &str,
    rows: &[AuditRow],
    last_id: i64,
) -> Result<Seal, Error> {
    let latest = rows.iter().map(|row| row.at).max().unwrap_or(base.until_at);
    let mut sum = Sum { digest: base.digest, marks: base.marks };
    rows.iter().for_each(|row| sum.add(row));
    let Sum { digest, marks } = sum;
    let mut seal = Seal {
        last_id,
        events: base.events + rows.len() as i64,
        until_at: base.until_at.max(latest),
        digest,
        marks,
        ..base
    };
    seal.mac = keys.sign(Purpose::AuditSeal, &text_of(&seal, previous))?;
    Ok(seal)
}

/// True if this server made a seal, after the one with the code `previous`.
pub fn is_right(keys: &Keys, seal: &Seal, previous: &str) -> bool {
    keys.verify(Purpose::AuditSeal, &text_of(seal, previous), &seal.mac)
}

/// Returns the head with its signature.
pub fn signed(keys: &Keys, head: Head) -> Result<Head, Error> {
    let signature = keys.sign(Purpose::AuditSeal, &text_of_head(&head))?;
    Ok(Head { signature, ..head })
}

/// True if this server wrote a head, or the migration did.
pub fn is_ours(keys: &Keys, head: &Head) -> bool {
    let is_new = head.position == 0 && head.cut_position == 0 && head.signature.is_empty();
    is_new || keys.verify(Purpose::AuditSeal, &text_of_head(head), &head.signature)
}
