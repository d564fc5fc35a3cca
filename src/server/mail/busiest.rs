//! The recipient domains with the most mails, as far as a small table can know them.
//!
//! Exact counts of all domains would need memory for each one that somebody makes up. Here a domain
//! that is shown keeps its place until another has clearly more mails, so that a flood of names that
//! come once each displaces none. Those that may come to be shown are counted by Space-Saving
//! (Metwally, Agrawal, El Abbadi, 2005): a new name takes the place of the lightest and inherits its
//! weight as a possible error, so that whoever has more than one in [`CANDIDATES`] of all mails is
//! found, and only what is certainly its own counts. Weights halve with time: a flood of mails to a
//! few domains, which does displace others, is forgotten.

use std::time::Duration;

/// Most domains that are shown.
pub const SHOWN: usize = 20;
/// Most domains that may come to be shown.
const CANDIDATES: usize = 200;
/// Time after which a mail counts half.
const HALF_LIFE: Duration = Duration::from_secs(6 * 60 * 60);
/// Factor by which a candidate has to outweigh the lightest that is shown, and by one mail more:
/// two domains that are nearly equal would change places all the time, and lose their counts.
const CLEARLY: f64 = 1.25;

/// The busiest domains, with what is kept of each.
#[derive(Debug)]
pub struct Busiest<T> {
    shown: Vec<Shown<T>>,
    candidates: Vec<Candidate>,
    /// Monotonic time of the last halving.
    halved_at: Duration,
}

#[derive(Debug)]
struct Shown<T> {
    domain: String,
    weight: f64,
    kept: T,
}

#[derive(Debug)]
struct Candidate {
    domain: String,
    weight: f64,
    /// Part of the weight that may be of the domains whose place this one took.
    error: f64,
}

impl Candidate {
    fn certain(&self) -> f64 {
        self.weight - self.error
    }
}

impl<T> Default for Busiest<T> {
    fn default() -> Self {
        Busiest { shown: Vec::new(), candidates: Vec::new(), halved_at: Duration::ZERO }
    }
}

impl<T: Default> Busiest<T> {
    /// Returns what is kept of a domain, if it is shown.
    pub fn of(&mut self, domain: &str) -> Option<&mut T> {
        let shown = self.shown.iter_mut().find(|shown| shown.domain == domain)?;
        Some(&mut shown.kept)
    }

    /// Weighs a mail to a domain at the monotonic time `now`. The domain may be shown from now on,
    /// in place of another, of which nothing is kept any more.
    pub fn weigh(&mut self, domain: &str, now: Duration) {
        self.halve(now);
        if let Some(shown) = self.shown.iter_mut().find(|shown| shown.domain == domain) {
            shown.weight += 1.0;
        } else if self.shown.len() < SHOWN {
            self.shown.push(Shown { domain: domain.to_owned(), weight: 1.0, kept: T::default() });
        } else {
            self.weigh_candidate(domain);
        }
    }

    /// Returns each domain that is shown, and what is kept of it.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.shown.iter().map(|shown| (shown.domain.as_str(), &shown.kept))
    }

    fn weigh_candidate(&mut self, domain: &str) {
        let known = self.candidates.iter().position(|candidate| candidate.domain == domain);
        let place = match known {
            Some(place) => {
                self.candidates[place].weight += 1.0;
                place
            }
            None => self.admit(domain),
        };
        let candidate = &mut self.candidates[place];
        let least = self.shown.iter_mut().min_by(|a, b| a.weight.total_cmp(&b.weight));
        if let Some(least) = least
            && candidate.certain() > least.weight * CLEARLY + 1.0
        {
            let weight = std::mem::replace(&mut least.weight, candidate.certain());
            std::mem::swap(&mut least.domain, &mut candidate.domain);
            least.kept = T::default();
            (candidate.weight, candidate.error) = (weight, 0.0);
        }
    }

    /// Makes a domain a candidate, in place of the lightest if there are enough. Returns its place.
    fn admit(&mut self, domain: &str) -> usize {
        let domain = domain.to_owned();
        let weights = self.candidates.iter().map(|candidate| candidate.weight).enumerate();
        match weights.min_by(|(_, a), (_, b)| a.total_cmp(b)) {
            Some((place, error)) if self.candidates.len() >= CANDIDATES => {
                self.candidates[place] = Candidate { domain, weight: error + 1.0, error };
                place
            }
            _ => {
                self.candidates.push(Candidate { domain, weight: 1.0, error: 0.0 });
                self.candidates.len() - 1
            }
        }
    }

    fn halve(&mut self, now: Duration) {
        let since = now.saturating_sub(self.halved_at).as_secs();
        let times = since / HALF_LIFE.as_secs();
        if times == 0 {
            return;
        }
        self.halved_at = now.saturating_sub(Duration::from_secs(since % HALF_LIFE.as_secs()));
        let factor = 0.5_f64.powf(times as f64);
        self.shown.iter_mut().for_each(|shown| shown.weight *= factor);
        for candidate in &mut self.candidates {
            candidate.weight *= factor;
            candidate.error *= factor;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(60 * 60);

    fn real() -> Vec<String> {
        (0..SHOWN).map(|n| format!("real{n:02}.example")).collect()
    }

    fn shown(busiest: &Busiest<u64>) -> Vec<String> {
        let mut shown: Vec<String> = busiest.iter().map(|(domain, _)| domain.to_owned()).collect();
        shown.sort();
        shown
    }

    /// Twenty domains with ten mails each, of which all are counted.
    fn usual() -> Busiest<u64> {
        let mut busiest = Busiest::default();
        for _ in 0..10 {
            for domain in real() {
                busiest.weigh(&domain, Duration::ZERO);
                *busiest.of(&domain).unwrap() += 1;
            }
        }
        busiest
    }

    #[test]
    fn a_flood_of_names_that_come_once_or_twice_displaces_none_and_takes_no_memory() {
        let mut busiest = usual();
        for n in 0..20_000 {
            let made_up = format!("made-up{n}.example");
            busiest.weigh(&made_up, Duration::ZERO);
            busiest.weigh(&made_up, Duration::ZERO);
            assert!(busiest.of(&made_up).is_none());
        }
        assert_eq!(shown(&busiest), real());
        assert!(busiest.iter().all(|(_, count)| *count == 10));
        assert_eq!(busiest.candidates.len(), CANDIDATES);
    }

    #[test]
    fn a_domain_that_becomes_busy_is_found_in_the_middle_of_a_flood() {
        let mut busiest = usual();
        for n in 0..20_000 {
            busiest.weigh(&format!("made-up{n}.example"), Duration::ZERO);
            if n % 50 == 0 {
                busiest.weigh("new.example", Duration::ZERO);
            }
        }
        assert_eq!(busiest.of("new.example"), Some(&mut 0));
        assert_eq!(shown(&busiest).iter().filter(|domain| domain.starts_with("real")).count(), 19);
    }

    #[test]
    fn a_flood_of_mails_to_a_few_made_up_domains_is_forgotten_within_days() {
        let mut busiest = usual();
        for n in 0..100_000 {
            busiest.weigh(&format!("made-up{}.example", n % SHOWN), Duration::ZERO);
        }
        assert!(shown(&busiest).iter().all(|domain| domain.starts_with("made-up")));
        for hour in 1..=96 {
            for domain in real() {
                busiest.weigh(&domain, hour * HOUR);
            }
        }
        assert_eq!(shown(&busiest), real());
    }

    #[test]
    fn domains_that_are_nearly_equal_do_not_change_places() {
        let mut busiest = usual();
        for _ in 0..13 {
            busiest.weigh("other.example", Duration::ZERO);
            assert!(busiest.of("other.example").is_none());
        }
        busiest.weigh("other.example", Duration::ZERO);
        assert!(busiest.of("other.example").is_some(), "more by a quarter and one mail");
    }

    #[test]
    fn a_pause_of_years_is_no_trouble() {
        let mut busiest = usual();
        for domain in ["a.example", "a.example", "a.example"] {
            busiest.weigh(domain, 100_000 * HOUR);
        }
        assert!(busiest.of("a.example").is_some());
    }
}
