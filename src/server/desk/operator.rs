//! Operators: who they are, and what each may do.

use crate::server::{
    auth::{Auth, Client, session::Session, terms::is_control},
    config::desk::Role,
    ground::{
        clock::{MINUTE, Millis},
        error::Error,
        unicode::is_blank,
        words::say,
    },
    store::AuditEvent,
    values::{
        address::Address,
        event::{Event, Reason},
    },
};

/// Longest age of a sign-in that may change anything in the desk (ASVS 5.0 7.5.1, 7.5.3): somebody
/// who finds an operator's browser open can look, and do no more.
pub const FRESH: Millis = 15 * MINUTE;
/// Most characters of an operator's reason.
pub const LONGEST_REASON: usize = 500;

/// Somebody who is at the desk.
#[derive(Clone, Debug)]
pub struct Operator {
    /// Address, or `app:` and the id of an app.
    pub name: String,
    pub role: Role,
    /// False if the sign-in is older than [`FRESH`].
    pub is_fresh: bool,
    pub client: Client,
    /// Address of a person; `None` for an app.
    pub address: Option<Address>,
}

impl Operator {
    /// Returns the operator whose session it is. To everybody else there is no desk; that a
    /// signed-in person tried is recorded.
    pub async fn of(auth: &Auth, session: &Session, client: Client) -> Result<Self, Error> {
        let address = &session.row.address;
        if !auth.policy().desk.enabled {
            return Err(Error::NotFound);
        }
        let Some(role) = role_of(auth, address).await? else {
            record_refusal(auth, None, Some(address), &client, &Error::NotFound).await;
            return Err(Error::NotFound);
        };
        let is_fresh = auth.clock.now() - session.row.created_at <= FRESH;
        let name = address.as_str().to_owned();
        Ok(Operator { name, role, is_fresh, client, address: Some(address.clone()) })
    }

    /// Returns the app that calls, in the lower of two roles: `may` is the highest that the policy
    /// allows it, `asked` the one that its token is for. Its tokens live for ten minutes, so it is
    /// as fresh as anybody who has just signed in.
    pub async fn of_app(
        auth: &Auth,
        app_id: &str,
        (may, asked): (Option<Role>, Option<Role>),
        client: Client,
    ) -> Result<Self, Error> {
        if !auth.policy().desk.enabled {
            return Err(Error::NotFound);
        }
        let name = format!("app:{app_id}");
        let client = Client { app: Some(app_id.to_owned()), ..client };
        let role = may.min(asked).unwrap_or_default();
        let operator = Operator { name, role, is_fresh: true, client, address: None };
        match (may, asked) {
            (None, _) => Err(operator.refused(auth, Error::NotFound).await),
            (_, None) => Err(operator.refused(auth, Error::Forbidden).await),
            _ => Ok(operator),
        }
    }

    /// Refuses what takes a higher role to see.
    pub async fn may(&self, auth: &Auth, role: Role) -> Result<(), Error> {
        if self.role >= role {
            return Ok(());
        }
        Err(self.refused(auth, Error::Forbidden).await)
    }

    /// Refuses what takes a higher role, or a fresher sign-in, to do.
    pub async fn may_change(&self, auth: &Auth, role: Role) -> Result<(), Error> {
        self.may(auth, role).await?;
        if self.is_fresh {
            return Ok(());
        }
        Err(self.refused(auth, Error::FreshSignInNeeded).await)
    }

    /// Counts one more mail that the operator has sent, or refuses it, as for whoever asks at the
    /// sign-in page: a session or a token in the wrong hands mails no whole address book.
    pub(super) async fn one_more_mail(&self, auth: &Auth) -> Result<(), Error> {
        // An app counts for itself: its back end is one machine for everybody who uses it.
        let ip = self.client.ip.filter(|_| self.address.is_some());
        auth.one_more_send(&Client { ip, ..self.client.clone() }).await
    }

    async fn refused(&self, auth: &Auth, error: Error) -> Error {
        let (name, address) = (self.name.clone(), self.address.as_ref());
        record_refusal(auth, Some(name), address, &self.client, &error).await;
        error
    }

    /// Creates the event of an act, to which the operator gave a reason.
    pub fn event(
        &self,
        auth: &Auth,
        event: Event,
        address: Option<&Address>,
        reason: &ActReason,
    ) -> AuditEvent {
        AuditEvent {
            operator: Some(self.name.clone()),
            note: reason.0.clone(),
            ..auth.event(event, address, &self.client).because(Reason::Operator)
        }
    }
}

/// Returns the role that an address has at the desk: the file's before a command's. A test person
/// has none: anybody who knows the code could sign in as one.
pub async fn role_of(auth: &Auth, address: &Address) -> Result<Option<Role>, Error> {
    if auth.is_test_person(address) {
        return Ok(None);
    }
    match auth.policy().desk.role_of(address) {
        Some(role) => Ok(Some(role)),
        None => Ok(auth.store.operator(address).await?.and_then(|role| Role::named(&role))),
    }
}

/// Returns the operators that the user with this address is. A table of the team's own may give one
/// user several addresses, and what is done at one of them is done to the user.
pub async fn of_user(auth: &Auth, address: &Address) -> Result<Vec<(Address, Role)>, Error> {
    let own = role_of(auth, address).await?.map(|role| (address.clone(), role));
    let mut found: Vec<(Address, Role)> = own.into_iter().collect();
    if auth.team_users.is_none() {
        return Ok(found);
    }
    let Some(user_id) = auth.user_id_of(address).await? else { return Ok(found) };
    for Known { address: other, role, .. } in all(auth).await? {
        let other = other.filter(|other| other != address);
        if let Some(other) = other
            && auth.user_id_of(&other).await?.as_ref() == Some(&user_id)
        {
            found.push((other, role));
        }
    }
    Ok(found)
}

/// An operator, as the policy file or a command named them.
#[derive(Debug)]
pub struct Known {
    /// Address, or `app:` and the id of an app.
    pub name: String,
    /// Address of a person; `None` for an app.
    pub address: Option<Address>,
    pub role: Role,
    pub named_by: NamedBy,
}

impl Known {
    fn person(address: Address, role: Role, named_by: NamedBy) -> Self {
        Known { name: address.as_str().to_owned(), address: Some(address), role, named_by }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedBy {
    File,
    /// `latchkey desk invite`.
    Command,
    /// `desk` of an entry of `[[apps]]`.
    App,
}

/// Returns all operators, people before apps. Of an address that both name, the file's role counts.
pub async fn all(auth: &Auth) -> Result<Vec<Known>, Error> {
    let policy = auth.policy();
    let desk = &policy.desk;
    let by_file = desk.operators.iter().map(|entry| {
        let address = Address::stored(entry.address.as_str().to_owned());
        Known::person(address, entry.role, NamedBy::File)
    });
    let added = auth.store.operators().await?;
    let by_command = added.into_iter().filter_map(|row| {
        if auth.is_test_person(&row.address) {
            return None;
        }
        let role = Role::named(&row.role).filter(|_| desk.role_of(&row.address).is_none())?;
        Some(Known::person(row.address, role, NamedBy::Command))
    });
    let apps = policy.apps.iter().filter_map(|app| {
        let name = format!("app:{}", app.id.as_str());
        Some(Known { name, address: None, role: app.desk?, named_by: NamedBy::App })
    });
    Ok(by_file.chain(by_command).chain(apps).collect())
}

/// Makes somebody an operator, or gives one another role, for a command.
pub async fn add(auth: &Auth, address: &Address, role: Role) -> Result<(), Error> {
    if auth.is_test_person(address) {
        let why = "Test people cannot be operators: whoever knows their code signs in as them.";
        return Err(Error::invalid(why));
    }
    if let Some(role) = auth.policy().desk.role_of(address) {
        return Err(Error::invalid(format!(
            "The policy file gives this operator the role {}: change it there, under [desk].",
            role.name()
        )));
    }
    let event = auth.event(Event::OperatorAdded, Some(address), &Client::default());
    let event = AuditEvent { note: role.name().to_owned(), ..event.because(Reason::Operator) };
    auth.store.add_operator(address, role.name(), auth.clock.now(), &event).await?;
    event.emit();
    Ok(())
}

/// Ends the rights of an operator whom a command added. Returns false if there is none. What the
/// file gives is taken there; rights by a command beside it end all the same, or they would be in
/// force again once the file has none.
pub async fn remove(auth: &Auth, address: &Address) -> Result<bool, Error> {
    let event = auth.event(Event::OperatorRemoved, Some(address), &Client::default());
    let event = event.because(Reason::Operator);
    let was_one = auth.store.remove_operator(address, &event).await?;
    if was_one {
        event.emit();
    }
    if auth.policy().desk.role_of(address).is_some() {
        let why = "The policy file names this operator: take the entry out there, under [desk].";
        return Err(Error::invalid(why));
    }
    Ok(was_one)
}

/// Records that somebody who is signed in was refused, as often as a client may try a code: more
/// would fill the table. If it cannot be recorded, the refusal stands.
async fn record_refusal(
    auth: &Auth,
    operator: Option<String>,
    address: Option<&Address>,
    client: &Client,
    error: &Error,
) {
    if auth.one_more_verify(client).await.is_err() {
        return;
    }
    let event = auth.event(Event::OperatorRefused, address, client);
    let event = AuditEvent { operator, ..event.because(Reason::Refused(error.kind())) };
    let _ = auth.store.note(&event).await;
    event.emit();
}

/// Parses the name of one of several acts.
pub fn act_named<A: Copy>(
    acts: &[A],
    name_of: impl Fn(A) -> &'static str,
    name: &str,
) -> Result<A, Error> {
    if name.is_empty() {
        return Err(Error::missing("act"));
    }
    acts.iter().copied().find(|act| name_of(*act) == name).ok_or_else(|| {
        let names = acts.iter().map(|act| name_of(*act)).collect::<Vec<_>>().join(", ");
        Error::invalid(format!("There is no act of this name. There are {names}."))
    })
}

/// Words of an operator on why they act, which stay in the audit table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActReason(String);

impl ActReason {
    /// Parses what was typed. It may not be empty, nor look so: an act without a reason explains
    /// nothing to who reads of it later. Nor may it turn around the text that it stands in.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text: String = text.chars().filter(|c| !is_control(*c) || *c == '\n').collect();
        let text = text.trim_matches(is_blank);
        if text.is_empty() {
            return Err(Error::missing("reason"));
        }
        if text.chars().count() > LONGEST_REASON {
            return Err(Error::invalid(say!("detail-reason-too-long", n = LONGEST_REASON)));
        }
        Ok(ActReason(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}
