//! Changes of the policy that the page Now offers while something is wrong. Each only fills in the
//! form of the page of the policy, where an operator looks at it, gives a reason and applies it: so
//! whatever is asked of a change there is asked of these.

use std::sync::Arc;

use super::steer::Edit;
use crate::server::{
    auth::{Auth, policy::Parts},
    config::{
        Policy, SignUp,
        overrides::{admitted, values},
        passed_over,
        sign_up::{DomainPattern, Rule},
        transports::TransportName,
    },
    values::address::Address,
};

const SIGN_UP: &str = "auth.sign_up";
const BLOCKED: &str = "sign_up.blocked_domains";
const DISPOSABLE: &str = "sign_up.disposable";
const PASSED_OVER: &str = "mail.passed_over";

/// Limits that are halved in an attack, each with the number that it does not go below: people have
/// to be able to sign in meanwhile.
const HALVED: [(&str, i64); 4] = [
    ("limits.sends_per_minute", 5),
    ("limits.verifies_per_minute", 10),
    ("limits.mails_per_hour", 3),
    ("auth.code_tries", 2),
];

/// A change that is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Preset {
    /// Edits to fill in. One with an empty value takes its override back.
    Edits(Vec<Edit>),
    /// A key whose override is to be taken back.
    TakeBack(&'static str),
}

/// The policy in force, as the changes are made from it.
#[derive(Debug)]
pub struct Presets {
    policy: Arc<Policy>,
    parts: Arc<Parts>,
    /// Values in force, and those of the file and the variables.
    now: toml::Table,
    base: toml::Table,
}

impl Presets {
    /// Returns the changes that are possible now.
    pub fn of(auth: &Auth) -> Self {
        Presets::made_from(auth.policy(), auth.parts())
    }

    fn made_from(policy: Arc<Policy>, parts: Arc<Parts>) -> Self {
        let (now, base) = (values(&policy), values(&parts.base));
        Presets { policy, parts, now, base }
    }

    /// Returns the change after which nobody new signs up, if somebody may now.
    pub fn pause_sign_up(&self) -> Option<Preset> {
        let edit = self.edit(SIGN_UP, "closed")?;
        lets_new_people_in(&self.policy).then(|| Preset::Edits(vec![edit]))
    }

    /// Returns the change after which the file lets people sign up again, if an override forbids
    /// it.
    pub fn open_sign_up(&self) -> Option<Preset> {
        let is_paused = lets_new_people_in(&self.parts.base) && !lets_new_people_in(&self.policy);
        (is_paused && self.may_change(SIGN_UP)).then_some(Preset::TakeBack(SIGN_UP))
    }

    /// Returns the change that makes an attack dear: no addresses for minutes, and half of what one
    /// client or address may do. What is that strict already stays; `None` if all is.
    pub fn attack(&self) -> Option<Preset> {
        let halved = HALVED.iter().filter_map(|(key, least)| {
            let half = |number: i64| (number / 2).max(*least);
            let (now, base) = (number(&self.now, key)?, number(&self.base, key)?);
            // Half of the file's is enough, so that to ask twice is not to ask for a quarter.
            (now > half(base)).then(|| self.edit(key, &half(now).to_string())).flatten()
        });
        let is_allowed = self.policy.sign_up.disposable == Rule::Allowed;
        let disposable = is_allowed.then(|| self.edit(DISPOSABLE, "refused")).flatten();
        some(halved.chain(disposable).collect())
    }

    /// Returns the change that ends such a time: it takes back every override of those keys that is
    /// stricter than the file.
    pub fn calm(&self) -> Option<Preset> {
        let is_lower = |key: &str| number(&self.now, key) < number(&self.base, key);
        let lower = HALVED.iter().map(|(key, _)| *key).filter(|key| is_lower(key));
        let (now, base) = (self.policy.sign_up.disposable, self.parts.base.sign_up.disposable);
        let refused = (now == Rule::Refused && base == Rule::Allowed).then_some(DISPOSABLE);
        some(lower.chain(refused).filter_map(|key| self.edit(key, "")).collect())
    }

    /// Returns the change after which nobody signs up with an address of this domain; `None` for
    /// one that is blocked, or that is no domain.
    pub fn block(&self, domain: &str) -> Option<Preset> {
        let pattern = DomainPattern::try_from(domain.to_owned()).ok()?;
        if self.blocks(domain) {
            return None;
        }
        let blocked = self.policy.sign_up.blocked_domains.iter().chain([&pattern]);
        let edit = self.edit(BLOCKED, &typed(blocked.map(DomainPattern::as_str)))?;
        Some(Preset::Edits(vec![edit]))
    }

    /// True if nobody may sign up with an address of this domain.
    pub fn blocks(&self, domain: &str) -> bool {
        let patterns = &self.policy.sign_up.blocked_domains;
        Address::parse(&format!("a@{domain}"))
            .is_ok_and(|address| patterns.iter().any(|pattern| pattern.includes(&address)))
    }

    /// Returns the change after which a transport gets no new mails; `None` for one that gets none
    /// now, or that no other can stand in for.
    pub fn pass_over(&self, name: &TransportName) -> Option<Preset> {
        let mail = &self.policy.mail;
        if self.passes_over(name) {
            return None;
        }
        let names: Vec<_> = mail.passed_over.iter().chain([name]).cloned().collect();
        let is_fine = passed_over::fault(&mail.transports, &names).is_none();
        let edit = self.edit(PASSED_OVER, &typed(names.iter().map(TransportName::as_str)));
        edit.filter(|_| is_fine).map(|edit| Preset::Edits(vec![edit]))
    }

    /// Returns the change after which a transport that is passed over gets mails again.
    pub fn use_again(&self, name: &TransportName) -> Option<Preset> {
        let (now, base) = (&self.policy.mail.passed_over, &self.parts.base.mail.passed_over);
        if !self.passes_over(name) {
            return None;
        }
        let rest: Vec<_> = now.iter().filter(|other| *other != name).collect();
        let edit = self.edit(PASSED_OVER, &typed(rest.iter().map(|name| name.as_str())))?;
        // A list that is as in the file needs no override.
        match rest.into_iter().eq(base) {
            true => Some(Preset::TakeBack(PASSED_OVER)),
            false => Some(Preset::Edits(vec![edit])),
        }
    }

    /// True if a transport gets no new mails.
    pub fn passes_over(&self, name: &TransportName) -> bool {
        self.policy.mail.passed_over.contains(name)
    }

    fn may_change(&self, key: &str) -> bool {
        admitted(&self.parts.base, key).is_ok()
    }

    /// Returns the edit of a key, unless it is locked. It knows the override that is there now: one
    /// that another operator sets meanwhile is not written over.
    fn edit(&self, key: &str, value: &str) -> Option<Edit> {
        let there = self.parts.overrides.iter().find(|one| one.key == key);
        self.may_change(key).then(|| Edit {
            key: key.to_owned(),
            value: Some(value.to_owned()),
            seen: Some(there.map_or(0, |one| one.version)),
        })
    }
}

fn some(edits: Vec<Edit>) -> Option<Preset> {
    (!edits.is_empty()).then_some(Preset::Edits(edits))
}

fn lets_new_people_in(policy: &Policy) -> bool {
    matches!(policy.auth.sign_up, SignUp::Open | SignUp::Waitlist)
}

fn number(values: &toml::Table, key: &str) -> Option<i64> {
    values.get(key)?.as_integer()
}

/// Returns a list as it is typed into a field.
fn typed<'a>(items: impl Iterator<Item = &'a str>) -> String {
    items.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::config::{
        changes,
        desk::DeskPolicy,
        overrides::{Override, lay, with_all},
        steerable,
    };

    fn over(key: &str, value: &str) -> Override {
        let value = steerable::named(key).unwrap().kind.parse(value).unwrap().to_string();
        let (set_by, reason) = (String::new(), String::new());
        Override { key: key.to_owned(), value, set_by, reason, at: 0, version: 1 }
    }

    /// The changes from a file with nothing in it, and these overrides.
    fn with(overrides: &[Override]) -> Presets {
        locked(overrides, &[])
    }

    fn locked(overrides: &[Override], locks: &[&str]) -> Presets {
        let locked = locks.iter().map(|key| (*key).to_owned()).collect();
        let desk = DeskPolicy { locked, ..DeskPolicy::default() };
        let mut base = Policy::default();
        base.desk = desk;
        let base = Arc::new(base);
        let laid = lay(&base, overrides);
        assert!(laid.left_out.is_empty());
        let parts = Parts { base, version: 1, overrides: overrides.to_vec(), left_out: Vec::new() };
        Presets::made_from(Arc::new(laid.policy), Arc::new(parts))
    }

    fn edits(preset: Option<Preset>) -> Vec<(String, String)> {
        let Some(Preset::Edits(edits)) = preset else { return Vec::new() };
        edits.into_iter().map(|edit| (edit.key, edit.value.unwrap())).collect()
    }

    /// Lays the edits over the overrides that were there, as the page of the policy does.
    fn applied(before: &[Override], edits: &[(String, String)]) -> Vec<Override> {
        let is_edited = |one: &&Override| edits.iter().any(|(key, _)| *key == one.key);
        let kept = before.iter().filter(|one| !is_edited(one)).cloned();
        kept.chain(edits.iter().map(|(key, value)| over(key, value))).collect()
    }

    #[test]
    fn an_attack_loosens_nothing_and_is_admissible_whatever_the_policy_is() {
        let numbers: [[u32; 10]; 4] = [
            [1, 2, 4, 5, 6, 10, 11, 20, 999_999, 1_000_000],
            [1, 2, 9, 10, 11, 20, 21, 60, 999_999, 1_000_000],
            [1, 2, 3, 4, 5, 6, 7, 10, 999, 1_000],
            [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        ];
        for n in 0..10 {
            for disposable in ["allowed", "refused"] {
                let limits = HALVED.iter().zip(numbers);
                let limits = limits.map(|((key, _), numbers)| over(key, &numbers[n].to_string()));
                let before: Vec<_> = limits.chain([over(DISPOSABLE, disposable)]).collect();
                let presets = with(&before);
                let edits = edits(presets.attack());
                let after = with_all(&presets.parts.base, &applied(&before, &edits)).unwrap();
                let changed = changes(&presets.policy, &after);
                assert_eq!(changed.len(), edits.len(), "each does something: {edits:?}");
                assert!(changed.iter().all(|change| !change.loosens), "{changed:?}");
            }
        }
    }

    #[test]
    fn an_attack_halves_what_is_in_force_once_and_its_end_takes_all_of_that_back() {
        let presets = with(&[]);
        let attack = edits(presets.attack());
        let told: Vec<_> = attack.iter().map(|(key, value)| format!("{key} {value}")).collect();
        assert_eq!(
            told,
            [
                "limits.sends_per_minute 10",
                "limits.verifies_per_minute 30",
                "limits.mails_per_hour 5",
                "auth.code_tries 2",
                "sign_up.disposable refused",
            ]
        );
        assert_eq!(presets.calm(), None);
        let during = with(&applied(&[], &attack));
        assert_eq!(during.attack(), None, "twice is as good as once");
        let end = edits(during.calm());
        let keys = |edits: &[(String, String)]| edits.iter().map(|(key, _)| key.clone()).collect();
        let (begun, ended): (Vec<String>, Vec<String>) = (keys(&attack), keys(&end));
        assert_eq!(begun, ended);
        assert!(end.iter().all(|(_, value)| value.is_empty()));
    }

    #[test]
    fn what_the_file_locks_is_offered_to_nobody() {
        let presets = locked(&[], &["auth", "sign_up.blocked_domains", "limits.mails_per_hour"]);
        assert_eq!(presets.pause_sign_up(), None);
        assert_eq!(presets.block("example.org"), None);
        let attack = edits(presets.attack());
        let keys: Vec<_> = attack.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["limits.sends_per_minute", "limits.verifies_per_minute", DISPOSABLE]);
    }

    #[test]
    fn a_domain_is_blocked_beside_those_that_are() {
        let presets = with(&[over(BLOCKED, ".example.net, example.com")]);
        let edits = edits(presets.block("example.org"));
        let value = ".example.net, example.com, example.org".to_owned();
        assert_eq!(edits, [(BLOCKED.to_owned(), value)]);
        for domain in ["example.com", "a.example.net", "localhost", "[127.0.0.1]", "exa mple"] {
            assert_eq!(presets.block(domain), None, "{domain}");
        }
    }
}
