//! What runs on the server only. No secret and no rule lives outside this module.

pub mod api;
pub mod auth;
pub mod commands;
pub mod config;
pub mod ground;
pub mod http;
pub mod mail;
pub mod store;
pub mod values;
pub mod web;
pub mod workers;
