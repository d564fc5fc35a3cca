//! The log of an app: the auth requests that it began, and whether they led anywhere.

use super::Auth;
use crate::server::{
    ground::{clock::Millis, error::Error},
    store::{AuthRequest, Ended, OwnRequests},
    values::address::Address,
};

/// State of an auth request, in the words of the vendor's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The mail was asked for, and nothing was tried.
    Initiated,
    /// A wrong code was tried, and the right one may come.
    Pending,
    Success,
    /// It can no longer sign anybody in.
    Failed,
}

impl State {
    pub const ALL: [State; 4] = [State::Initiated, State::Pending, State::Success, State::Failed];

    pub fn name(self) -> &'static str {
        match self {
            State::Initiated => "INITIATED",
            State::Pending => "PENDING",
            State::Success => "SUCCESS",
            State::Failed => "FAILED",
        }
    }

    fn of(request: &AuthRequest, now: Millis) -> Self {
        match request.ended() {
            Some(Ended::SignedIn) => State::Success,
            Some(Ended::Superseded | Ended::Cancelled | Ended::Refused) => State::Failed,
            None if now >= request.expires_at => State::Failed,
            None if request.code_tries > 0 => State::Pending,
            None => State::Initiated,
        }
    }
}

/// Requests that are wanted: all, or those of one address, of some states, of a time.
#[derive(Debug, Default)]
pub struct Wanted {
    pub address: Option<Address>,
    /// Any of these; all if it is empty.
    pub states: Vec<State>,
    pub since: Millis,
    /// Time before which they began, and the last id that was read: where the next page starts.
    pub before: Option<(Millis, String)>,
    pub most: usize,
}

/// Part of an app's log, the latest request first.
#[derive(Debug)]
pub struct Page {
    pub requests: Vec<(AuthRequest, State)>,
    /// Where the next page starts, if this is not the last.
    pub next: Option<(Millis, String)>,
}

/// Returns a page of the requests that an app began. It may hold fewer than wanted although more
/// follow: rows are read by their time, as many at once as an index finds quickly, and those of
/// other states are left out.
pub async fn page(auth: &Auth, app: &str, wanted: &Wanted) -> Result<Page, Error> {
    let now = auth.clock.now();
    let before = wanted.before.as_ref();
    let rows = auth
        .store
        .requests_of_app(&OwnRequests {
            app_id: app,
            address: wanted.address.as_ref(),
            since: wanted.since,
            before: before.map_or(Millis::MAX, |(at, _)| *at),
            before_id: before.map_or("", |(_, id)| id),
        })
        .await?;
    let is_full = rows.len() >= OwnRequests::AT_ONCE;
    let mut page = Page { requests: Vec::new(), next: None };
    let mut read = 0;
    for request in &rows {
        if page.requests.len() == wanted.most {
            break;
        }
        read += 1;
        let state = State::of(request, now);
        if wanted.states.is_empty() || wanted.states.contains(&state) {
            page.requests.push((request.clone(), state));
        }
    }
    if is_full || read < rows.len() {
        let last = read.checked_sub(1).and_then(|last| rows.get(last));
        page.next = last.map(|request| (request.created_at, request.id.clone()));
    }
    Ok(page)
}
