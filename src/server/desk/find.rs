//! Finding a person: by address or the beginning of one, by domain, by id, or by the id of a
//! request.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use unicode_normalization::UnicodeNormalization;

use super::{operator::Operator, timeline::Line};
use crate::server::{
    auth::Auth,
    config::desk::Role,
    ground::{clock::Millis, error::Error},
    mail::masking,
    store::{AuditRow, FOUND_ON_A_PAGE, User},
    values::{
        address::{Address, masked},
        event::Event,
    },
};

/// Purpose under which addresses are sealed for URLs, where no whole one may stand: URLs end up in
/// logs and histories.
const KEY: &str = "desk person";
/// Beginning of a sealed address. No user id of ours has a dot.
const SEALED: &str = "a.";
/// Most characters of a question.
const LONGEST: usize = 300;

/// A person that was found, masked until they are opened.
#[derive(Debug)]
pub struct Found {
    /// Name in the URL of the person's page; `None` if the address is kept no more.
    pub key: Option<String>,
    pub masked: String,
    pub user_id: Option<String>,
    /// Time at which the user was created; `None` for an address that is no user's of ours.
    pub since: Option<Millis>,
    pub is_banned: bool,
}

/// A page of what was found.
#[derive(Debug, Default)]
pub struct Page {
    pub people: Vec<Found>,
    /// Name of the next page.
    pub next: Option<String>,
    /// Events of the request, if it was the id of one.
    pub events: Vec<Line>,
    /// False where the beginning of an address finds nobody, because the users are the team's own.
    pub finds_beginnings: bool,
}

/// Seals an address for a URL.
pub fn key_of(auth: &Auth, address: &Address) -> Result<String, Error> {
    sealed(auth, address.as_str())
}

fn sealed(auth: &Auth, text: &str) -> Result<String, Error> {
    let sealed = auth.keys.seal(&auth.random, KEY, text.as_bytes())?;
    Ok(format!("{SEALED}{}", URL_SAFE_NO_PAD.encode(sealed)))
}

/// Returns the text that [`sealed`] has sealed; `None` of anything else.
pub(super) fn opened(auth: &Auth, key: &str) -> Option<String> {
    let sealed = URL_SAFE_NO_PAD.decode(key.strip_prefix(SEALED)?).ok()?;
    String::from_utf8(auth.keys.open(KEY, &sealed)?).ok()
}

/// Returns the address behind the name in a URL: a sealed address, or a user id.
pub async fn address_of(auth: &Auth, key: &str) -> Result<Address, Error> {
    if let Some(address) = opened(auth, key) {
        return Ok(Address::stored(address));
    }
    auth.store.address_of_user(key).await?.ok_or(Error::NotFound)
}

async fn of_id(auth: &Auth, id: &str) -> Result<Option<User>, Error> {
    match auth.team_users {
        None => auth.store.user_by_id(id).await,
        Some(_) => Ok(None),
    }
}

/// Finds whom an operator looks for. `after` names a page that follows another.
pub async fn find(
    auth: &Auth,
    operator: &Operator,
    question: &str,
    after: Option<&str>,
) -> Result<Page, Error> {
    operator.may(auth, Role::Look).await?;
    let question: String = question.trim().chars().take(LONGEST).collect();
    let finds_beginnings = auth.team_users.is_none();
    if question.is_empty() {
        return Ok(Page { finds_beginnings, ..Page::default() });
    }
    let after = match after {
        // One that was made up, or of another secret, is the first page.
        Some(after) => opened(auth, after),
        None => None,
    };
    let mut page = match question.strip_prefix('@') {
        Some(domain) => by_domain(auth, domain, after.as_deref()).await?,
        None => {
            let whole = Address::parse(&question).ok();
            let text = whole.as_ref().map_or(question.as_str(), Address::as_str);
            by_beginning(auth, text, after.as_deref()).await?
        }
    };
    page.finds_beginnings = finds_beginnings;
    if after.is_some() {
        return Ok(page);
    }
    if let Ok(address) = Address::parse(&question) {
        // A user of ours is the first that was found by this beginning.
        let is_there = finds_beginnings && auth.store.user_by_address(&address).await?.is_some();
        if !is_there {
            page.people.insert(0, of_address(auth, &address).await?);
        }
    } else if !question.contains('@') {
        add_by_id(auth, &question, &mut page).await?;
    }
    Ok(page)
}

async fn by_domain(auth: &Auth, domain: &str, after: Option<&str>) -> Result<Page, Error> {
    if auth.team_users.is_some() {
        return Ok(Page::default());
    }
    let domain = idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_lowercase());
    let last = after.map(|after| Address::stored(after.to_owned()));
    let after = last.as_ref().map(|last| (last.local_and_domain().1, last.as_str()));
    page_of(auth, auth.store.users_by_domain(&domain, after.unwrap_or(("", ""))).await?)
}

async fn by_beginning(auth: &Auth, text: &str, after: Option<&str>) -> Result<Page, Error> {
    if auth.team_users.is_some() {
        return Ok(Page::default());
    }
    // As addresses are kept, as far as the beginning of one can be spelt so.
    let beginning: String = text.nfkc().collect::<String>().to_lowercase().nfkc().collect();
    page_of(auth, auth.store.users_by_beginning(&beginning, after.unwrap_or_default()).await?)
}

fn page_of(auth: &Auth, mut users: Vec<User>) -> Result<Page, Error> {
    let has_more = users.len() > FOUND_ON_A_PAGE;
    users.truncate(FOUND_ON_A_PAGE);
    let last = users.last().filter(|_| has_more);
    let next = last.map(|last| sealed(auth, last.address.as_str())).transpose()?;
    let people = users.into_iter().map(|user| of_user(auth, user));
    Ok(Page { people: people.collect::<Result<_, Error>>()?, next, ..Page::default() })
}

fn of_user(auth: &Auth, user: User) -> Result<Found, Error> {
    Ok(Found {
        key: Some(key_of(auth, &user.address)?),
        masked: masked(user.address.as_str()),
        user_id: Some(user.id),
        since: Some(user.created_at),
        is_banned: user.is_banned,
    })
}

/// Returns what was typed as a whole address: it may be a user's of the team, or of somebody who
/// has only asked for mails.
async fn of_address(auth: &Auth, address: &Address) -> Result<Found, Error> {
    let user_id = auth.user_id_of(address).await?;
    let is_banned = auth.store.is_banned(user_id.as_deref(), address).await?;
    let masked = masked(address.as_str());
    Ok(Found { key: Some(key_of(auth, address)?), masked, user_id, since: None, is_banned })
}

/// Adds whom a user id or the id of a request leads to.
async fn add_by_id(auth: &Auth, id: &str, page: &mut Page) -> Result<(), Error> {
    if let Some(user) = of_id(auth, id).await? {
        page.people.insert(0, of_user(auth, user)?);
    } else if let Some(address) = auth.store.address_of_user(id).await? {
        page.people.insert(0, of_address(auth, &address).await?);
    }
    let events = auth.store.events_of_request(id).await?;
    let mut seen: Vec<&str> = Vec::new();
    for event in events.iter().filter(|event| !event.subject.is_empty()) {
        if seen.contains(&event.subject.as_str()) {
            continue;
        }
        seen.push(&event.subject);
        let of_one: Vec<&AuditRow> =
            events.iter().filter(|other| other.subject == event.subject).collect();
        let found = match address_of_events(auth, &of_one).await? {
            Some(address) => of_address(auth, &address).await?,
            None => Found {
                key: None,
                masked: event.address.clone(),
                user_id: event.user_id.clone(),
                since: None,
                is_banned: false,
            },
        };
        page.people.push(found);
    }
    // Nobody is opened yet: an operator's reason must not name anybody either.
    let line = |event| {
        let line = Line::of(event, &[]);
        Line { said: masking::without_any(&line.said), ..line }
    };
    page.events = events.iter().map(line).collect();
    Ok(())
}

/// Returns the address that events are of, which they themselves do not name: that of their user,
/// or of the auth request that began at their time.
async fn address_of_events(auth: &Auth, events: &[&AuditRow]) -> Result<Option<Address>, Error> {
    let is_it = |address: &Address| {
        auth.keys.subjects(address.as_str()).any(|subject| subject == events[0].subject)
    };
    if let Some(user_id) = events.iter().find_map(|event| event.user_id.as_deref())
        && let Some(address) = auth.store.address_of_user(user_id).await?.filter(is_it)
    {
        return Ok(Some(address));
    }
    for event in events.iter().filter(|event| event.event == Event::AuthRequested.name()) {
        let asked = auth.store.addresses_asked_at(event.at).await?;
        if let Some(address) = asked.into_iter().find(is_it) {
            return Ok(Some(address));
        }
    }
    Ok(None)
}
