//! Defaults of the policy, which Leptos.toml states, too: a test compares them.

use super::{
    mail_words::MailWords,
    policy::{
        Audit, AuthPolicy, Brand, Database, Headless, Limits, MailPolicy, Passwords, Resend,
        SameBrowser, ServerPolicy, SessionPolicy, SignUp,
    },
};
use crate::server::ground::mode::Mode;

impl Default for ServerPolicy {
    fn default() -> Self {
        ServerPolicy {
            public_url: None,
            tls_certificate: None,
            tls_key: None,
            redirect_listen: None,
            connections: 4_096,
            keep_alive: 75,
            trusted_proxies: Vec::new(),
            drain_delay: 0,
            headless: Headless::default(),
        }
    }
}

impl Default for Database {
    fn default() -> Self {
        Database {
            connections: 16,
            statement_timeout: 5,
            lock_timeout: 2,
            idle_in_transaction_timeout: 10,
            vanished_client_timeout: 60,
            migrate_url: None,
        }
    }
}

impl Default for AuthPolicy {
    fn default() -> Self {
        AuthPolicy {
            mode: Mode::default(),
            expires_in: 600,
            same_browser: SameBrowser::default(),
            resend: Resend::default(),
            resend_cooldown: 30,
            code_tries: 5,
            sign_up: SignUp::default(),
            passwords: Passwords::default(),
            magiclink_origins: Vec::new(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            mails_per_minute: 2,
            mails_per_hour: 10,
            sends_per_minute: 20,
            verifies_per_minute: 60,
            code_failures_per_hour: 10,
            code_failures_per_day: 30,
            total_mails_per_minute: 10_000,
            total_code_failures_per_minute: 1_000,
        }
    }
}

impl Default for SessionPolicy {
    fn default() -> Self {
        SessionPolicy { token_ttl: 1_800, max_age: 604_800, audiences: Vec::new() }
    }
}

impl Default for MailPolicy {
    fn default() -> Self {
        MailPolicy {
            from: None,
            templates: None,
            new_device_notice: true,
            words: MailWords::default(),
            at_once: 8,
            timeout: 20,
            ehlo_name: None,
            lmtp_listen: None,
            transports: Vec::new(),
            passed_over: Vec::new(),
            dkim: Vec::new(),
        }
    }
}

impl Default for Audit {
    fn default() -> Self {
        Audit { keep_days: 90 }
    }
}

impl Default for Brand {
    fn default() -> Self {
        Brand {
            name: "Latchkey".to_owned(),
            logo: None,
            logo_has_name: true,
            accent: None,
            support: None,
            terms: None,
            privacy: None,
        }
    }
}
