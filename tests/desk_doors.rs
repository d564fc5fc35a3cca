//! Every door of the desk, tried by everybody whom it is not for: its pages, its server functions
//! and its endpoints. A new one has to be added to the table below.

use latchkey::{
    app::App as Pages,
    server::{
        config::desk::Role,
        desk::{invitations, person::Act, waitlist},
        ground::clock::MINUTE,
    },
};
use leptos::server_fn::axum::server_fn_paths;
use leptos_axum::generate_route_list;
use reqwest::Method;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use crate::support::{
    App, Browser, Port,
    desk::{apps_at_desk, operator, token, with_desk},
    relying_party::with_policy,
};

/// Names and values of a form or of JSON.
type Fields = &'static [(&'static str, &'static str)];

/// A person who is not there, or an invitation.
const NOBODY: (&str, &str) = ("key", "nobody");

/// A way to the desk.
#[derive(Debug)]
struct Door {
    /// Method and path as the server lists them.
    listed: &'static str,
    /// The lowest role that it is for.
    role: Role,
    /// True if something is changed there, for a reason, after a fresh sign-in.
    changes: bool,
    /// Path that is asked for; `{ada}` is the id of Ada, who also waits, and `eva` an invitation.
    path: &'static str,
    /// Fields of the form or of the JSON, but for the reason.
    fields: Fields,
    /// Path or fields that name something that is not there, or not this person's.
    stranger: Option<(&'static str, Fields)>,
}

/// A door for looking, at the path that it is listed by.
const fn looking(listed: &'static str, path: &'static str) -> Door {
    Door { listed, role: Role::Look, changes: false, path, fields: &[], stranger: None }
}

/// A door for an act for a person. The person is one who is not there.
const fn acting(listed: &'static str, path: &'static str, fields: Fields) -> Door {
    let strange = Some((path, fields));
    Door { role: Role::Help, changes: true, fields, stranger: strange, ..looking(listed, path) }
}

/// The same for an act that takes the highest role, on something that is not there.
const fn undoing(listed: &'static str, path: &'static str, fields: Fields) -> Door {
    Door { role: Role::Steer, ..acting(listed, path, fields) }
}

/// A door for opening somebody, with the path of nobody.
const fn opening(listed: &'static str, path: &'static str, nobody: &'static str) -> Door {
    Door { stranger: Some((nobody, &[])), ..looking(listed, path) }
}

/// A door for changing the policy.
const fn steering(listed: &'static str, path: &'static str) -> Door {
    Door { role: Role::Steer, changes: true, ..looking(listed, path) }
}

const DOORS: &[Door] = &[
    looking("GET /desk", "/desk"),
    looking("GET /desk/audit", "/desk/audit"),
    looking("GET /desk/audit.csv", "/desk/audit.csv"),
    looking("GET /desk/audit.jsonl", "/desk/audit.jsonl"),
    looking("GET /desk/invitations", "/desk/invitations"),
    opening("GET /desk/invitations", "/desk/invitations?key=eva", "/desk/invitations?key=nobody"),
    looking("GET /desk/operators", "/desk/operators"),
    looking("GET /desk/people", "/desk/people"),
    opening("GET /desk/people/{key}", "/desk/people/{ada}", "/desk/people/nobody"),
    looking("GET /desk/steer", "/desk/steer"),
    looking("GET /desk/steer/overrides.toml", "/desk/steer/overrides.toml"),
    looking("GET /desk/steer/preview", "/desk/steer/preview"),
    looking("GET /desk/steer/preview.css", "/desk/steer/preview.css"),
    looking("GET /desk/steer/preview/mail", "/desk/steer/preview/mail"),
    looking("GET /desk/waitlist", "/desk/waitlist"),
    opening("GET /desk/waitlist", "/desk/waitlist?key={ada}", "/desk/waitlist?key=nobody"),
    // No page, and to nobody but operators the difference shows.
    looking("GET /desk/*rest", "/desk/nothing"),
    looking("GET /api/desk/events", "/api/desk/events"),
    looking("GET /api/desk/events/export", "/api/desk/events/export"),
    opening(
        "GET /api/desk/invitation",
        "/api/desk/invitation?key=eva",
        "/api/desk/invitation?key=nobody",
    ),
    looking("GET /api/desk/invitations", "/api/desk/invitations"),
    looking("GET /api/desk/me", "/api/desk/me"),
    looking("GET /api/desk/numbers", "/api/desk/numbers"),
    looking("GET /api/desk/operators", "/api/desk/operators"),
    looking("GET /api/desk/people", "/api/desk/people"),
    opening("GET /api/desk/person", "/api/desk/person?key={ada}", "/api/desk/person?key=nobody"),
    looking("GET /api/desk/policy", "/api/desk/policy"),
    looking("GET /api/desk/policy/changes", "/api/desk/policy/changes"),
    opening("GET /api/desk/waiting", "/api/desk/waiting?key={ada}", "/api/desk/waiting?key=nobody"),
    looking("GET /api/desk/waitlist", "/api/desk/waitlist"),
    steering("POST /api/desk/policy", "/api/desk/policy"),
    steering("POST /actions/desk-steer", "/actions/desk-steer"),
    undoing("POST /actions/desk-take-back", "/actions/desk-take-back", &[("key", "nothing")]),
    Door { stranger: None, ..acting("POST /actions/desk-invite", "/actions/desk-invite", &[]) },
    Door {
        stranger: None,
        ..acting("POST /actions/desk-retry-mails", "/actions/desk-retry-mails", &[])
    },
    Door { stranger: None, ..acting("POST /api/desk/mails/retry", "/api/desk/mails/retry", &[]) },
    acting(
        "POST /actions/desk-invitation",
        "/actions/desk-invitation",
        &[("act", "resend"), NOBODY],
    ),
    acting(
        "POST /actions/desk-invitation",
        "/actions/desk-invitation",
        &[("act", "withdraw"), NOBODY],
    ),
    acting("POST /actions/desk-waiting", "/actions/desk-waiting", &[("act", "let-in"), NOBODY]),
    acting("POST /actions/desk-waiting", "/actions/desk-waiting", &[("act", "remove"), NOBODY]),
    Door {
        stranger: None,
        ..acting("POST /api/desk/invitations", "/api/desk/invitations", &[("email", "x@y.example")])
    },
    acting("POST /api/desk/invitation", "/api/desk/invitation", &[("act", "resend"), NOBODY]),
    acting("POST /api/desk/invitation", "/api/desk/invitation", &[("act", "withdraw"), NOBODY]),
    acting("POST /api/desk/waiting", "/api/desk/waiting", &[("act", "let-in"), NOBODY]),
    acting("POST /api/desk/waiting", "/api/desk/waiting", &[("act", "remove"), NOBODY]),
    acting("POST /actions/desk-person", "/actions/desk-person", &[("act", "send-mail"), NOBODY]),
    acting("POST /actions/desk-person", "/actions/desk-person", &[("act", "end-sessions"), NOBODY]),
    acting("POST /actions/desk-person", "/actions/desk-person", &[("act", "pause-codes"), NOBODY]),
    acting(
        "POST /actions/desk-person",
        "/actions/desk-person",
        &[("act", "lift-suppression"), NOBODY],
    ),
    acting("POST /actions/desk-person", "/actions/desk-person", &[("act", "disable"), NOBODY]),
    acting("POST /actions/desk-person", "/actions/desk-person", &[("act", "enable"), NOBODY]),
    undoing("POST /actions/desk-person", "/actions/desk-person", &[("act", "delete"), NOBODY]),
    acting("POST /api/desk/person", "/api/desk/person", &[("act", "send-mail"), NOBODY]),
    acting("POST /api/desk/person", "/api/desk/person", &[("act", "end-sessions"), NOBODY]),
    acting("POST /api/desk/person", "/api/desk/person", &[("act", "pause-codes"), NOBODY]),
    acting("POST /api/desk/person", "/api/desk/person", &[("act", "lift-suppression"), NOBODY]),
    acting("POST /api/desk/person", "/api/desk/person", &[("act", "disable"), NOBODY]),
    acting("POST /api/desk/person", "/api/desk/person", &[("act", "enable"), NOBODY]),
    undoing("POST /api/desk/person", "/api/desk/person", &[("act", "delete"), NOBODY]),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Page,
    Action,
    Endpoint,
}

impl Door {
    fn kind(&self) -> Kind {
        match self.path {
            path if path.starts_with("/api/") => Kind::Endpoint,
            path if path.starts_with("/actions/") => Kind::Action,
            _ => Kind::Page,
        }
    }

    fn method(&self) -> Method {
        self.listed.split(' ').next().unwrap().parse().unwrap()
    }

    /// True if it leads nowhere, even for operators.
    fn is_nowhere(&self) -> bool {
        self.listed.contains("*rest")
    }
}

/// Somebody who tries doors, with a session and a token of an app, or without.
struct Visitor {
    browser: Browser,
    bearer: Option<String>,
    /// Id of Ada, if the visitor knows it.
    ada: String,
}

impl Visitor {
    /// A person, who shows the session's token to endpoints.
    fn person(browser: Browser) -> Self {
        Visitor { bearer: browser.cookie("session"), browser, ada: String::from("ada") }
    }

    /// An app, which has no business at pages.
    fn app(app: &App, token: String) -> Self {
        Visitor { browser: app.browser(), bearer: Some(token), ada: String::from("ada") }
    }

    /// Somebody who shows nothing but cookies, if there are any.
    fn without_a_token(browser: Browser) -> Self {
        Visitor { browser, bearer: None, ada: String::from("ada") }
    }

    fn knowing(self, ada: &str) -> Self {
        Visitor { ada: ada.to_owned(), ..self }
    }

    /// Tries a door, and returns the status and the code of the answer.
    async fn tries(&self, door: &Door) -> (u16, String) {
        self.knocks(door, (door.path, door.fields), &[]).await
    }

    async fn knocks(
        &self,
        door: &Door,
        (path, fields): (&str, &[(&str, &str)]),
        headers: &[(&str, &str)],
    ) -> (u16, String) {
        let path = &path.replace("{ada}", &self.ada);
        let mut request = match (door.kind(), &self.bearer) {
            // A program without cookies.
            (Kind::Endpoint, Some(token)) => {
                self.browser.without_cookies().request(door.method(), path).bearer_auth(token)
            }
            _ => self.browser.request(door.method(), path),
        };
        request = match door.kind() {
            Kind::Page => request.header("accept", "application/json"),
            Kind::Action => request.form(fields),
            Kind::Endpoint if door.method() == Method::GET => request,
            Kind::Endpoint => request.json(&fields.iter().copied().collect::<BTreeMap<_, _>>()),
        };
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = self.browser.send(request).await;
        let json: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        let code = json["error"]["code"].as_str().or(json["code"].as_str());
        (answer.status.as_u16(), code.unwrap_or_default().to_owned())
    }
}

/// Signs Ada in, puts her on the waitlist and invites Eva, and returns the id of Ada.
async fn id_of_ada(app: &App) -> String {
    app.signed_in("ada@example.com").await;
    app.run_sql("INSERT INTO latchkey_waitlist VALUES ('ada@example.com', 'en', 1, 1, 1)").await;
    app.run_sql(
        "INSERT INTO latchkey_invitations (id, address, invited_by, note, language, expires_in, \
         code_salt, code_hash, code_tries, mails, last_mail_at, created_at, expires_at) \
         VALUES ('eva', 'eva@example.com', 'command', '', 'en', 1, '', '', 0, 1, 1, 1, 1)",
    )
    .await;
    let ada = "SELECT id FROM latchkey_users WHERE address = 'ada@example.com'";
    app.texts(ada).await.remove(0)
}

/// Refusals that are in the audit table.
async fn refusals(app: &App) -> i64 {
    app.count("SELECT COUNT(*) FROM latchkey_audit_events WHERE event = 'operator.refused'").await
}

/// Asserts that a door is shut to a visitor with a status and a code, and whether that is recorded.
async fn is_shut(app: &App, visitor: &Visitor, door: &Door, says: (u16, &str), recorded: bool) {
    let before = refusals(app).await;
    let (status, code) = visitor.tries(door).await;
    assert_eq!((status, code.as_str()), says, "{door:?}");
    assert_eq!(refusals(app).await - before, i64::from(recorded), "{door:?}");
}

/// Doors that operators go through.
fn doors() -> impl Iterator<Item = &'static Door> {
    DOORS.iter().filter(|door| !door.is_nowhere())
}

/// Paths of the desk that are no pages: the router cannot be asked for them, so they are looked for
/// where routes are made.
fn files() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/server/web");
    let sources = fs::read_dir(folder).unwrap().flatten().map(|file| file.path());
    let sources =
        sources.filter(|path| path.is_file()).map(|path| fs::read_to_string(path).unwrap());
    let text = sources.collect::<String>();
    let routes = text.split(".route(\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    let literal = routes.filter(|path| path.starts_with("/desk/"));
    // Those that are named there are routes as well; one that is a page is listed twice.
    let names = include_str!("../src/server/http/desk_door.rs").split('"');
    let named = names.filter(|name| name.starts_with("/desk/"));
    literal.chain(named).map(str::to_owned).collect()
}

#[tokio::test]
async fn every_page_function_and_endpoint_of_the_desk_is_in_the_table() {
    let app = with_desk("").await;
    let pages = generate_route_list(Pages).into_iter().map(|page| page.path().to_owned());
    let pages = pages.map(|path| path.replace("{*rest}", "*rest"));
    let pages = pages.filter(|path| path == "/desk" || path.starts_with("/desk/"));
    let actions = server_fn_paths().filter(|(path, _)| path.starts_with("/actions/desk"));
    let description = app.browser().get("/api/openapi.json").await.json();
    let paths = description["paths"].as_object().unwrap().iter();
    let endpoints =
        paths.filter(|(path, _)| path.starts_with("/api/desk")).flat_map(|(path, at)| {
            let methods = at.as_object().unwrap().keys();
            methods.map(move |method| format!("{} {path}", method.to_uppercase()))
        });
    let there: BTreeSet<String> = pages
        .chain(files())
        .map(|path| format!("GET {path}"))
        .chain(actions.map(|(path, method)| format!("{method} {path}")))
        .chain(endpoints)
        .collect();
    let listed: BTreeSet<String> = DOORS.iter().map(|door| door.listed.to_owned()).collect();
    assert_eq!(there, listed);
}

#[test]
fn every_act_that_is_named_is_in_the_table_with_its_role() {
    let acts = Act::ALL.into_iter().map(|act| (act.name(), act.role()));
    let on_invitations = invitations::Act::ALL.map(|act| (act.name(), Role::Help));
    let for_waiting = waitlist::Act::ALL.map(|act| (act.name(), Role::Help));
    for (act, role) in acts.chain(on_invitations).chain(for_waiting) {
        let has_it = |door: &&Door| door.fields.contains(&("act", act));
        let roles: Vec<Role> = DOORS.iter().filter(has_it).map(|door| door.role).collect();
        assert_eq!(roles, [role; 2], "{act}: a function and an endpoint");
    }
}

/// The names of its functions are what the table is compared with.
#[test]
fn every_function_of_the_desk_has_a_name_that_says_so() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/actions/desk");
    for file in fs::read_dir(folder).unwrap().flatten() {
        let source = fs::read_to_string(file.path()).unwrap();
        for name in source.split("endpoint = \"").skip(1) {
            assert!(name.starts_with("desk-"), "{:?}: {}", file.path(), &name[..20]);
        }
    }
}

#[tokio::test]
async fn nobody_gets_in() {
    let app = with_desk("").await;
    let nobody = Visitor::without_a_token(app.browser());
    for door in DOORS {
        let says = if door.kind() == Kind::Endpoint { "app_needed" } else { "unauthenticated" };
        is_shut(&app, &nobody, door, (401, says), false).await;
    }
    for door in DOORS.iter().filter(|door| door.kind() == Kind::Page) {
        let answer = nobody.browser.get(door.path).await;
        assert!(answer.goes_to().starts_with("/login?next=%2Fdesk"), "{door:?}");
    }
}

#[tokio::test]
async fn a_cookie_opens_no_endpoint() {
    let app = with_desk("").await;
    let steer = Visitor::without_a_token(operator(&app, "steer").await);
    for door in DOORS.iter().filter(|door| door.kind() == Kind::Endpoint) {
        is_shut(&app, &steer, door, (401, "app_needed"), false).await;
    }
}

#[tokio::test]
async fn to_whoever_is_no_operator_there_is_no_door() {
    let app = with_desk(&apps_at_desk()).await;
    let ada = Visitor::person(app.signed_in("ada@example.com").await);
    for door in DOORS {
        is_shut(&app, &ada, door, (404, "not_found"), true).await;
    }
    let program = Visitor::app(&app, token(&app, "none", "").await);
    for door in DOORS.iter().filter(|door| door.kind() == Kind::Endpoint) {
        is_shut(&app, &program, door, (404, "not_found"), true).await;
    }
}

#[tokio::test]
async fn a_role_opens_its_own_doors_and_those_of_lower_roles_alone() {
    let app = with_desk(&apps_at_desk()).await;
    let ada = id_of_ada(&app).await;
    for role in Role::ALL {
        let name = role.name();
        let person = Visitor::person(operator(&app, name).await).knowing(&ada);
        let program = token(&app, "steer", role.scope()).await;
        let program = Visitor::app(&app, program).knowing(&ada);
        for door in doors() {
            let apps = (door.kind() == Kind::Endpoint).then_some(&program);
            for visitor in [&person].into_iter().chain(apps) {
                if role < door.role {
                    is_shut(&app, visitor, door, (403, "forbidden"), true).await;
                } else if door.changes {
                    is_shut(&app, visitor, door, (400, "missing_field"), false).await;
                } else {
                    assert_eq!(visitor.tries(door).await.0, 200, "{door:?} {name}");
                }
            }
        }
    }
}

#[tokio::test]
async fn an_app_whose_token_has_no_scope_finds_every_door_shut() {
    let app = with_desk(&apps_at_desk()).await;
    let program = Visitor::app(&app, token(&app, "steer", "").await);
    for door in DOORS.iter().filter(|door| door.kind() == Kind::Endpoint) {
        is_shut(&app, &program, door, (403, "forbidden"), true).await;
    }
}

#[tokio::test]
async fn an_old_sign_in_opens_no_door_that_changes_anything() {
    let app = with_desk("").await;
    let ada = id_of_ada(&app).await;
    let steer = Visitor::person(operator(&app, "steer").await).knowing(&ada);
    app.clock.advance(15 * MINUTE + 1);
    for door in doors() {
        if door.changes {
            is_shut(&app, &steer, door, (403, "fresh_sign_in_needed"), true).await;
        } else {
            assert_eq!(steer.tries(door).await.0, 200, "{door:?}");
        }
    }
}

#[tokio::test]
async fn another_site_opens_no_door_that_changes_anything() {
    let app = with_desk("").await;
    let steer = Visitor::person(operator(&app, "steer").await);
    for door in doors().filter(|door| door.changes) {
        for header in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "https://evil.example"),
        ] {
            let asked = (door.path, door.fields);
            let (status, code) = steer.knocks(door, asked, &[header]).await;
            assert_eq!((status, code.as_str()), (403, "forbidden_origin"), "{door:?}");
        }
        assert_eq!(door.method(), Method::POST, "{door:?}: a GET may come from anywhere");
    }
}

#[tokio::test]
async fn what_is_not_there_is_found_through_no_door() {
    let app = with_desk("").await;
    let steer = Visitor::person(operator(&app, "steer").await);
    for door in doors() {
        let Some((path, fields)) = door.stranger else { continue };
        let fields = [fields, &[("reason", "to see whether it is there")]].concat();
        let (status, code) = steer.knocks(door, (path, &fields), &[]).await;
        let is_told = matches!((status, code.as_str()), (404, _) | (400, "invalid_request"));
        assert!(is_told, "{door:?} {status} {code}");
    }
    let nowhere = DOORS.iter().filter(|door| door.is_nowhere());
    for door in nowhere {
        assert_eq!(steer.tries(door).await.0, 404, "{door:?}");
    }
}

#[tokio::test]
async fn there_is_no_door_of_a_desk_that_is_off_or_elsewhere() {
    let port = Port::held();
    let elsewhere = with_desk(&format!("listen = \"127.0.0.1:{}\"", port.number)).await;
    for app in [with_policy("[desk]").await, elsewhere] {
        let steer = Visitor::person(operator(&app, "steer").await);
        let nobody = Visitor::without_a_token(app.browser());
        for door in DOORS {
            for visitor in [&steer, &nobody] {
                let before = refusals(&app).await;
                assert_eq!(visitor.tries(door).await.0, 404, "{door:?}");
                assert_eq!(refusals(&app).await, before, "{door:?}");
            }
        }
    }
}
