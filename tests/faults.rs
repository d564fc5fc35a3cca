//! The program killed, stopped and restarted, and its database, disk or mail server taken away.

use reqwest::{Method, RequestBuilder};
use std::{process::Command, time::Duration};

use latchkey::server::{config::Database, store::Store};

use crate::support::{Browser, Cluster, Mail, Manners, Program, database};

#[tokio::test]
async fn an_accepted_mail_survives_kill_9() {
    let mut program = Program::start().await;
    program.inbox.behave(Manners::RefusesForNow);
    let ada = program.browser();
    assert!(ada.ask_for_mail("ada@example.com").await.goes_to().starts_with("/login/code"));
    program.kill();
    program.inbox.behave(Manners::Takes);
    program.start_again().await;
    // If it was killed in the middle of sending, the lease of the mail has to expire first.
    let mail = program.inbox.first_to_within("ada@example.com", Duration::from_secs(120)).await;
    assert_eq!(ada.get(mail.link()).await.goes_to(), "/dashboard");
}

/// Most of the time the requests wait for one commit, each with a savepoint of its own.
#[tokio::test]
async fn a_server_killed_under_load_loses_nothing_it_has_answered() {
    let mut program = Program::start().await;
    let mut answered = 0;
    for (round, wait) in [30, 50, 80, 130, 210].into_iter().enumerate() {
        let (told, mut first) = tokio::sync::mpsc::channel(1);
        let asking: Vec<_> = (0..16)
            .map(|n| (program.browser(), format!("r{round}n{n}"), told.clone()))
            .map(|(browser, name, told)| {
                tokio::spawn(async move {
                    let mut answered = Vec::new();
                    loop {
                        let address = format!("{name}t{}@example.com", answered.len());
                        let body = serde_json::json!({ "email": address });
                        let path = "/api/auth/send-passwordless";
                        let asked = browser.request(Method::POST, path).json(&body).send().await;
                        match asked {
                            Ok(answer) if answer.status() == 200 => {
                                answered.push(address);
                                let _ = told.try_send(());
                            }
                            _ => return answered,
                        }
                    }
                })
            })
            .collect();
        drop(told);
        first.recv().await;
        tokio::time::sleep(Duration::from_millis(wait)).await;
        program.kill();
        let store = Store::open(&program.database_url, &Database::default()).await.unwrap();
        let kept = database::texts(&store, "SELECT address FROM latchkey_auth_requests").await;
        let mails = database::texts(&store, "SELECT address FROM latchkey_outbox").await;
        store.close().await;
        for asked in asking {
            for address in asked.await.unwrap() {
                assert!(kept.contains(&address) && mails.contains(&address), "{address}");
                answered += 1;
            }
        }
        program.start_again().await;
    }
    assert!(answered >= 5, "each round had one when it was killed: {answered}");
}

#[tokio::test]
async fn a_link_is_used_with_a_session_or_not_at_all_when_the_server_is_killed() {
    killed_while(|ada, mail| ada.request(Method::GET, mail.link())).await;
}

#[tokio::test]
async fn a_code_is_used_with_a_session_or_not_at_all_when_the_server_is_killed() {
    killed_while(|ada, mail| {
        ada.request(Method::POST, "/actions/verify-code").form(&[("code", mail.code())])
    })
    .await;
}

/// Kills the program at different moments after a request that would sign in.
async fn killed_while(verification: impl Fn(&Browser, &Mail) -> RequestBuilder) {
    let mut program = Program::start().await;
    for (n, wait) in [0, 1, 2, 3, 5, 8, 13].into_iter().enumerate() {
        let (ada, address) = (program.browser(), format!("ada{n}@example.com"));
        ada.ask_for_mail(&address).await;
        let mail = program.inbox.first_to(&address).await;
        let request = verification(&ada.copy(), &mail);
        let sent = tokio::spawn(async move {
            let _ = request.send().await;
        });
        tokio::time::sleep(Duration::from_millis(wait)).await;
        program.kill();
        let _ = sent.await;
        program.start_again().await;
        let store = Store::open(&program.database_url, &Database::default()).await.unwrap();
        let used = database::count(
            &store,
            "SELECT COUNT(*) FROM latchkey_auth_requests WHERE ended_by = 'signed_in'",
        )
        .await;
        assert_eq!(used, database::count(&store, "SELECT COUNT(*) FROM latchkey_sessions").await);
        let this = database::count(
            &store,
            "SELECT COUNT(*) FROM latchkey_auth_requests WHERE ended_at IS NULL",
        )
        .await;
        store.close().await;
        if this > 0 {
            assert_eq!(
                ada.get(mail.link()).await.goes_to(),
                "/dashboard",
                "an unused link still works"
            );
        }
    }
}

#[tokio::test]
async fn sqlite_checkpoints_its_log_before_anybody_has_to_wait_for_it() {
    let program = Program::start().await;
    let Some(path) = program.database_url.strip_prefix("sqlite://") else { return };
    program.browser().ask_for_mail("ada@example.com").await;
    for _ in 0..100 {
        let file = std::fs::read(path).unwrap();
        if file.windows(15).any(|text| text == b"ada@example.com") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the row is still only in the write-ahead log");
}

#[tokio::test]
async fn sigterm_under_load_finishes_the_answers_and_exits() {
    let mut program = Program::start().await;
    let asking: Vec<_> = (0..30)
        .map(|n| (program.browser(), format!("ada{n}@example.com")))
        .map(|(browser, address)| {
            tokio::spawn(async move {
                let request =
                    browser.request(Method::POST, "/actions/sign-in").form(&[("email", address)]);
                request
                    .header("accept", "text/html")
                    .send()
                    .await
                    .map(|answer| answer.status().as_u16())
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(20)).await;
    program.signal("-TERM");
    for answer in asking {
        // Answered in full, or not accepted at all if it came after the signal.
        assert!(answer.await.unwrap().map_or(true, |status| status == 303 || status == 429));
    }
    let mut child = program.child.take().unwrap();
    let exited = tokio::task::spawn_blocking(move || child.wait().unwrap());
    let status = tokio::time::timeout(Duration::from_secs(10), exited)
        .await
        .expect("an exit within ten seconds")
        .unwrap();
    assert!(status.success());
}

#[tokio::test]
async fn a_mail_comes_at_most_twice_after_a_kill_and_with_one_message_id() {
    let mut program = Program::start().await;
    program.inbox.behave(Manners::TakesAndFallsSilent);
    let ada = program.browser();
    ada.ask_for_mail("ada@example.com").await;
    let first = program.inbox.first_to("ada@example.com").await;
    program.kill();
    program.inbox.behave(Manners::Takes);
    program.start_again().await;
    let second = program.inbox.nth_to_within("ada@example.com", 2, Duration::from_secs(120)).await;
    assert_eq!(first.header("Message-ID"), second.header("Message-ID"));
    assert_eq!((first.link(), first.code()), (second.link(), second.code()));
    assert_eq!(ada.get(first.link()).await.goes_to(), "/dashboard");
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(program.inbox.count_to("ada@example.com"), 2);
}

#[tokio::test]
async fn two_instances_act_as_one_server() {
    if database::postgres().is_none() {
        return; // SQLite serves only one instance
    }
    let cluster_url = database::fresh(std::path::Path::new("")).await;
    let mut first = Program::on(tempfile::tempdir().unwrap(), cluster_url).await;
    let second = first.beside();
    second.until_ready().await;

    // A sign-in begun on one instance is finished on the other.
    let (here, there) = (first.browser(), |browser: &Browser| browser.at(&second.url()));
    here.ask_for_mail("ada@example.com").await;
    let mail = first.inbox.first_to("ada@example.com").await;
    let ada = there(&here);
    assert_eq!(ada.get(&second.here(mail.link())).await.goes_to(), "/dashboard");
    assert!(ada.at(&first.url()).signed_in_as().await.is_some(), "the session is valid on both");

    // Limits count across both instances.
    there(&first.browser()).ask_for_mail("bea@example.com").await;
    first.browser().ask_for_mail("bea@example.com").await;
    let third = there(&first.browser());
    let refused = third.ask_by_api("bea@example.com").await;
    assert_eq!(refused.error(429), "rate_limited");

    // Each mail is sent by one instance. Mails in progress on a killed instance are sent by the
    // other.
    for n in 0..12 {
        let at = if n % 2 == 0 { first.browser() } else { there(&first.browser()) };
        at.ask_for_mail(&format!("many{n}@example.com")).await;
        if n == 9 {
            first.kill();
            first.port = second.port;
        }
    }
    for n in 0..12 {
        first
            .inbox
            .nth_to_within(&format!("many{n}@example.com"), 1, Duration::from_secs(120))
            .await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let twice: Vec<String> = (0..20)
        .map(|n| format!("many{n}@example.com"))
        .filter(|address| first.inbox.count_to(address) > 1)
        .collect();
    assert!(twice.len() <= 8, "only mails in progress at the kill may come twice: {twice:?}");
}

#[tokio::test]
async fn instances_that_start_together_migrate_once() {
    if database::postgres().is_none() {
        return;
    }
    let url = database::fresh(std::path::Path::new("")).await;
    let first = Program::unready(tempfile::tempdir().unwrap(), url).await;
    let others = [first.beside(), first.beside(), first.beside()];
    for program in others.iter().chain([&first]) {
        program.until_ready().await;
    }
}

#[tokio::test]
async fn the_server_stays_alive_without_postgresql_reports_it_and_recovers() {
    if database::postgres().is_none() {
        return;
    }
    let cluster = Cluster::start();
    let program = Program::on(tempfile::tempdir().unwrap(), cluster.url()).await;
    let ada = program.browser();
    ada.ask_for_mail("ada@example.com").await;
    let mail = program.inbox.first_to("ada@example.com").await;
    for (take_away, give_back) in [("stop", "start"), ("-STOP", "-CONT")] {
        if take_away == "stop" {
            cluster.stop()
        } else {
            cluster.signal(take_away)
        }
        let asking = serde_json::json!({ "email": "bea@example.com" });
        let answer = ada.post_json("/api/auth/send-passwordless", asking.clone()).await;
        assert_eq!(answer.error(503), "unavailable", "{take_away}");
        assert!(answer.headers.contains_key("retry-after"));
        assert_eq!(ada.get("/login").await.status, 200, "pages without a database are served");
        assert_eq!(ada.get("/healthz").await.status, 200);
        assert_eq!(ada.get("/readyz").await.status, 503);
        if give_back == "start" {
            cluster.start_again()
        } else {
            cluster.signal(give_back)
        }
        program.until_ready().await;
        assert_eq!(
            ada.post_json("/api/auth/send-passwordless", asking).await.status,
            200,
            "{give_back}"
        );
    }
    assert_eq!(ada.get(mail.link()).await.goes_to(), "/dashboard", "nothing was lost");
}

#[tokio::test]
async fn a_full_disk_is_reported_and_the_server_recovers() {
    let disk = tempfile::tempdir().unwrap();
    let mount = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"])
        .arg(disk.path())
        .status();
    if database::postgres().is_some() || !mount.is_ok_and(|status| status.success()) {
        eprintln!("not tried: a small disk cannot be mounted here");
        return;
    }
    let url = format!("sqlite://{}", disk.path().join("latchkey.db").display());
    let program = Program::on(tempfile::tempdir().unwrap(), url).await;
    let ada = program.browser();
    ada.ask_for_mail("ada@example.com").await;
    let mail = program.inbox.first_to("ada@example.com").await;
    let ballast = disk.path().join("ballast");
    let _ = std::fs::write(&ballast, vec![0; 4 << 20]);
    let mut refused = 0;
    for n in 0..40 {
        let asking = serde_json::json!({ "email": format!("many{n}@example.com") });
        let answer = program.browser().post_json("/api/auth/send-passwordless", asking).await;
        if answer.status == 503 {
            assert_eq!(answer.error(503), "unavailable");
            refused += 1;
        }
        if answer.status == 429 {
            break; // a client may ask for twenty mails a minute
        }
    }
    assert!(refused > 0, "the disk was full");
    program.until_status("/readyz", 503).await;
    assert_eq!(ada.get("/healthz").await.status, 200);
    std::fs::remove_file(&ballast).unwrap();
    program.until_ready().await;
    assert_eq!(ada.get(mail.link()).await.goes_to(), "/dashboard", "nothing was lost");
    drop(program);
    let _ = Command::new("umount").arg(disk.path()).status();
}
