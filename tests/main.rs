//! Stories over HTTP: each file is a theme, and each test is named as the rule it proves.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a story that cannot continue should stop

mod support;

mod accounts;
mod api;
mod app_faults;
mod asking;
mod audit;
mod basic_plan;
mod bearers;
mod brand;
mod codes;
mod commands;
mod configuration;
mod databases;
mod disclosure;
mod docs;
mod errors;
mod faults;
mod floors;
mod forms;
mod forward_auth;
mod guard;
mod integrations;
mod limits;
mod links;
mod logouts;
mod mail;
mod mail_security;
mod mail_server;
mod matching;
mod not_you;
mod oidc;
mod operations;
mod operator;
mod outbox;
mod pages;
mod passwords;
mod plans;
mod policy;
mod poolers;
mod reload;
mod secrecy;
mod service_tokens;
mod sessions;
mod sign_in;
mod spellings;
mod tables;
mod team_users;
mod tokens;
mod trust;
mod users;
mod wire;
mod words;
